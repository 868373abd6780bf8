"""From outcomes to points: a named mistake has a price, what has no name earns by its checks, and form alone earns nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_assignment import make_assignment

from autograder.assignment.loading import Assignment
from autograder.assignment.prices import FORMS, Mistake
from autograder.assignment.rubric import Rubric
from autograder.assignment.rubric_file import parse_rubric
from autograder.checking.results import CheckResult
from autograder.grading.scoring import Earned, credit_text, earned, score_task
from autograder.outcomes import FailureKind, Outcome
from autograder.records import TaskRecord
from autograder.sandbox.questions import LoadReport

TEXT = """
title: One
points: 1
budgets: {}
training_budgets: {}
tasks:
  - {id: total, title: Total, points: 1, checks: {contract: 1, vectorised: 1, value: 4, extreme: 2}}
tracks: {full: {title: All}}
"""
RUBRIC = parse_rubric(TEXT, Path("rubric.yaml"))
GIVEN = ("contract", "vectorised")
SLIP, GAP = Mistake("half", "The half is missing.", "slip"), Mistake("summed", "It is summed.", "gap")
OWN, EMPTY = Mistake("own", "Its own.", "slip", Decimal("0.7")), Mistake("zero", "It is zero.", "empty")
THIRD = Mistake("third", "A third.", "slip", Decimal("0.333"))


@dataclass(frozen=True)
class Said:
    """What a diagnosis says."""

    options: tuple[tuple[Mistake, ...], ...]
    text: str


def named(*options: tuple[Mistake, ...] | Mistake, evidence: str = "") -> dict[str, Any]:
    """A failure that is one of these: a mistake, or several at once."""
    several = tuple((option,) if isinstance(option, Mistake) else option for option in options)
    text = " Or: ".join(" And: ".join(mistake.text for mistake in option) for option in several)
    return failed(diagnosis=Said(several, f"{text} {evidence}".strip()))


def failed(**more: Any) -> dict[str, Any]:
    """A failure, without a name unless it is given one."""
    return {"outcome": Outcome.FAILED, "kind": FailureKind.VALUE, **more}


def form(*names: str, **more: Any) -> dict[str, Any]:
    """A failure of form alone."""
    return {**failed(**more), "kind": FailureKind.CONTRACT, "forms": names}


SKIPPED = {"outcome": Outcome.SKIPPED}
UNDECIDED = {"outcome": Outcome.INCONCLUSIVE}
ERROR = {"outcome": Outcome.ERROR}


def results_of(**ended: dict[str, Any]) -> dict[str, CheckResult]:
    """How the checks of the task ended; those that are not said passed."""
    found = {}
    for name in ("contract", "vectorised", "value", "extreme"):
        said: dict[str, Any] = {"outcome": Outcome.PASSED, "given": name in GIVEN} | ended.get(name, {})
        found[f"total.{name}"] = CheckResult(f"total.{name}", "", "hidden", **said)
    return found


def won(rubric: Rubric = RUBRIC, **ended: dict[str, Any]) -> Earned:
    """What the task earned."""
    found = earned(rubric.tasks[0], results_of(**ended), rubric)
    assert sum(found.by_check.values(), Fraction(0)) == found.share
    return found


def names_of(found: Earned) -> list[str]:
    """The names of the mistakes that explain everything."""
    return [mistake.name for mistake, _, _ in found.mistakes]


# -------------------------------------------------------------------------------------------------------------- prices

PRICES: dict[str, tuple[dict[str, dict[str, Any]], str, list[str]]] = {
    "nothing": ({}, "1", []),
    "a slip": ({"value": named(SLIP)}, "0.6", ["half"]),
    "a gap": ({"value": named(GAP)}, "0.4", ["summed"]),
    "no idea": ({"value": named(EMPTY)}, "0.1", ["zero"]),
    "its own credit": ({"value": named(OWN)}, "0.7", ["own"]),
    "the same in two checks": ({"value": named(SLIP), "extreme": named(SLIP)}, "0.6", ["half"]),
    "in all checks": (
        {"contract": named(SLIP), "vectorised": SKIPPED, "value": SKIPPED, "extreme": SKIPPED},
        "0.6",
        ["half"],
    ),
    "with checks that wait": ({"value": named(SLIP), "extreme": SKIPPED}, "0.6", ["half"]),
    "with an undecided one": ({"value": named(SLIP), "extreme": UNDECIDED}, "0.45", ["half"]),
    "two in two checks": ({"value": named(SLIP), "extreme": named(GAP)}, "0.24", ["half", "summed"]),
    "two at once": ({"value": named((SLIP, GAP))}, "0.24", ["half", "summed"]),
    "two at once, and one of them again": (
        {"value": named((SLIP, GAP)), "extreme": named(GAP)},
        "0.24",
        ["half", "summed"],
    ),
    "one of several": ({"value": named(GAP, OWN, SLIP)}, "0.7", ["own"]),
    "one, or two at once": ({"value": named(GAP, (OWN, SLIP))}, "0.42", ["own", "half"]),
    "one of several, and another check knows": (
        {"value": named(GAP, SLIP), "extreme": named(GAP)},
        "0.24",
        ["half", "summed"],
    ),
    "form": ({"contract": form("numpy_array")}, "0.85", ["numpy_array"]),
    "a loop": ({"vectorised": form("loop_over_examples")}, "0.95", ["loop_over_examples"]),
    "two faults of form": (
        {"contract": form("other_dtype", "size_one_axis")},
        "0.8075",
        ["other_dtype", "size_one_axis"],
    ),
    "form twice": ({"contract": form("other_dtype"), "extreme": form("other_dtype")}, "0.95", ["other_dtype"]),
    "an array, and no gradient": (
        {"contract": form("numpy_array"), "extreme": form("result_without_gradient")},
        "0.75",
        ["result_without_gradient"],
    ),
    "form and a slip": ({"contract": form("python_list"), "value": named(SLIP)}, "0.51", ["python_list", "half"]),
}


@pytest.mark.parametrize(("ended", "share", "names"), PRICES.values(), ids=PRICES)
def test_what_is_explained_has_a_price(ended: dict[str, dict[str, Any]], share: str, names: list[str]) -> None:
    """Exactly the product of the credits, whichever checks failed and however they are weighed; the mildest where in doubt."""
    found = won(**ended)
    assert found.share == Fraction(share)
    assert names_of(found) == names


def test_every_form_has_a_price() -> None:
    """Each alone costs what it says, and none a quarter of the task or more than that."""
    for fault in FORMS.values():
        share = won(contract=form(fault.name)).share
        assert share == Fraction(fault.credit if fault.credit is not None else Decimal("0.85"))
        assert Fraction("0.75") <= share < 1


def test_a_rubric_has_the_last_word() -> None:
    """On what a severity keeps, and on single mistakes: by task and name, or by name in all tasks."""
    text = (
        TEXT
        + "credits: {slip: 0.5, form: 0.8}\nmistakes: {total.own: gap, zero: 0.3, numpy_array: 1, total.half: 0.55, half: 0}\n"
    )
    rubric = parse_rubric(text, Path("rubric.yaml"))
    shares = {
        mistake.name: won(rubric, value=named(mistake)).share
        for mistake in (SLIP, GAP, OWN, EMPTY, Mistake("x", "X.", "slip"))
    }
    assert shares == {
        "half": Fraction("0.55"),
        "summed": Fraction("0.4"),
        "own": Fraction("0.4"),
        "zero": Fraction("0.3"),
        "x": Fraction("0.5"),
    }
    assert won(rubric, contract=form("numpy_array")).share == 1
    assert won(rubric, contract=form("python_list")).share == Fraction("0.8")
    assert [severity for _, severity, _ in won(rubric, value=named(OWN)).mistakes] == ["gap"]


# -------------------------------------------------------------------------------------------- what has no name: by checks

UNNAMED: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "the value": ({"value": failed()}, "0.3333"),  # 2/8 of its own, and 2/8 of form in the share 2/6
    "the extremes": ({"extreme": failed()}, "0.6667"),
    "beside a name": ({"value": named(SLIP), "extreme": failed()}, "0"),
    "beside form": ({"contract": form("other_dtype"), "extreme": failed()}, "0.5833"),
    "a check of form": ({"contract": failed()}, "0.875"),
    "all substance": ({"value": failed(), "extreme": failed()}, "0"),
    "everything": ({"contract": failed(), "vectorised": SKIPPED, "value": SKIPPED, "extreme": SKIPPED}, "0"),
    "an undecided check": ({"value": failed(), "extreme": UNDECIDED}, "0"),
    "our own fault": ({"value": ERROR}, "0.3333"),
    "our own fault beside a name": ({"extreme": ERROR, "value": named(SLIP)}, "0"),
    "a name that is empty": ({"value": failed(diagnosis=Said((), ""))}, "0.3333"),
}


@pytest.mark.parametrize(("ended", "share"), UNNAMED.values(), ids=UNNAMED)
def test_what_is_not_explained_earns_by_its_checks(ended: dict[str, dict[str, Any]], share: str) -> None:
    """By weight; what checks of form are worth is earned in the share that the substance has earned."""
    found = won(**ended)
    assert f"{float(found.share):.4f}" == f"{float(share):.4f}"
    assert found.mistakes == ()


def test_form_alone_earns_nothing_and_substance_alone_all_of_its_own() -> None:
    """Passed checks of form are worth what the others say, to the last fraction."""
    found = won(extreme=failed())
    assert found.by_check == {
        "contract": Fraction(1, 8) * Fraction(2, 3),
        "vectorised": Fraction(1, 8) * Fraction(2, 3),
        "value": Fraction(1, 2),
        "extreme": 0,
    }


def test_a_task_with_checks_of_form_alone_earns_them() -> None:
    """Nothing is there in proportion to which they could be earned."""
    text = TEXT.replace(", value: 4, extreme: 2", "")
    assert won(parse_rubric(text, Path("rubric.yaml")), contract=failed()).share == Fraction(1, 2)


# ------------------------------------------------------------------------------------------------------------- carried

CARRY = {carry: parse_rubric(f"{TEXT}carry: {carry}\n", Path("rubric.yaml")) for carry in ("never", "half", "always")}
FROM = failed(carried_from="other")
CARRIED: dict[str, tuple[dict[str, dict[str, Any]], dict[str, str]]] = {
    "alone": ({"value": FROM}, {"never": "1", "half": "0.6667", "always": "0.3333"}),
    "with what waits for it": (
        {"value": FROM, "extreme": {**SKIPPED, "carried_from": "other"}},
        {"never": "1", "half": "0.5", "always": "0"},
    ),
    "all of it": (
        {
            "contract": FROM,
            **{name: {**SKIPPED, "carried_from": "other"} for name in ("vectorised", "value", "extreme")},
        },
        {"never": "1", "half": "0.5", "always": "0"},
    ),
    # 1/8 + 1/8 + 2/8 of the task are explained, 4/8 are carried: each at 0.6
    "beside a named mistake": (
        {"value": FROM, "extreme": named(SLIP)},
        {"never": "0.6", "half": "0.45", "always": "0.3"},
    ),
    "beside form": (
        {"contract": form("other_dtype"), "value": FROM},
        {"never": "0.95", "half": "0.7125", "always": "0.475"},
    ),
    "beside what has no name": (
        {"value": FROM, "extreme": failed()},
        {"never": "0.6667", "half": "0.3333", "always": "0"},
    ),
    "in form": (
        {"contract": form("other_dtype", carried_from="other")},
        {"never": "1", "half": "0.9375", "always": "0.875"},
    ),
}


@pytest.mark.parametrize(("ended", "shares"), CARRIED.values(), ids=CARRIED)
def test_a_carried_failure_is_no_mistake_of_its_own(ended: dict[str, dict[str, Any]], shares: dict[str, str]) -> None:
    """It costs what the rubric says, beside the price of what is wrong here."""
    for carry, share in shares.items():
        assert f"{float(won(CARRY[carry], **ended).share):.4f}" == f"{float(share):.4f}", carry


OUTCOMES = st.sampled_from([{}, failed(), FROM, SKIPPED, UNDECIDED, named(SLIP), named(GAP, OWN), form("other_dtype")])


@given(ended=st.fixed_dictionaries(dict.fromkeys(("contract", "vectorised", "value", "extreme"), OUTCOMES)))
def test_a_share_is_a_share(ended: dict[str, dict[str, Any]]) -> None:
    """From nothing to everything, whatever happened, and never more where failures are charged again."""
    never, half, always = (won(CARRY[carry], **ended).share for carry in ("never", "half", "always"))
    assert 0 <= always <= half <= never <= 1


# ---------------------------------------------------------------------------------------------------------- the record


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """An assignment whose one task is called as the rubric's here."""
    folder = make_assignment(tmp_path_factory.mktemp("scored"))
    for path in (*folder.rglob("*.py"), folder / "rubric.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace("double", "total"), encoding="utf-8")
    return Assignment(folder)


def record_of(assignment: Assignment, rubric: Rubric = RUBRIC, **ended: dict[str, Any]) -> tuple[TaskRecord, Fraction]:
    """The record of the task, and its exact points."""
    return score_task(rubric.tasks[0], results_of(**ended), assignment, LoadReport({}, {}, (), {}), rubric)


def test_points_are_rounded_once(assignment: Assignment) -> None:
    """To cents, halves up, for the task; checks show their own parts with four places."""
    record, points = record_of(assignment, value=named(THIRD))
    assert (record.points, points) == ("0.33", Fraction("0.33"))
    assert [check.points for check in record.checks] == ["0.0416", "0.0416", "0.1665", "0.0833"]
    assert record_of(assignment, contract=form("other_dtype", "size_one_axis"))[0].points == "0.81"
    assert record_of(assignment, value=named(Mistake("h", "H.", "slip", Decimal("0.125"))))[0].points == "0.13"


def test_what_is_said_once_for_a_task(assignment: Assignment) -> None:
    """The sentences of everything that explains it, each once, with the evidence that says most; no check gives a hint besides."""
    record, _ = record_of(
        assignment,
        contract=form("numpy_array", help="Look there."),
        value=named(SLIP, evidence="(on the input that was tried: twice)"),
        extreme=named(SLIP, evidence="(on all 48 inputs: twice)"),
    )
    assert record.diagnosis == (
        "The half is missing. (on all 48 inputs: twice) The result is a NumPy array; a tensor is asked for."
    )
    assert [(m.name, m.severity, m.credit) for m in record.mistakes] == [
        ("numpy_array", "form", "0.85"),
        ("half", "slip", "0.6"),
    ]
    assert [check.misconception for check in record.checks] == ["numpy_array", None, "half", "half"]
    assert [len(check.options) for check in record.checks] == [0, 0, 1, 1]
    assert {check.help for check in record.checks} == {""}


def test_what_is_said_where_a_part_has_no_name(assignment: Assignment) -> None:
    """Each check then has its own sentence, and the task none."""
    record, _ = record_of(
        assignment,
        value=named(SLIP, (GAP, OWN), evidence="(on all 48 inputs)"),
        extreme=failed(help="Look there.", brief="not finite"),
    )
    _, _, value, extreme = record.checks
    assert (record.mistakes, record.diagnosis) == ((), "")
    assert value.misconception == "half or summed and own"
    assert value.misconception_text == "The half is missing. Or: It is summed. And: Its own. (on all 48 inputs)"
    assert (extreme.help, extreme.brief) == ("Look there.", "not finite")
    assert [check.given for check in record.checks] == [True, True, False, False]


def test_what_was_undone_is_said(assignment: Assignment) -> None:
    """Once, in the words of the fault, whether it cost anything or not."""
    coerced = {"numpy_array": "part 1 of the result ..."}
    record, points = record_of(assignment, value={"coerced": coerced}, extreme={"coerced": coerced})
    assert (points, record.mistakes) == (1, ())
    assert record.coerced == ("The result is a NumPy array; a tensor is asked for.",)


CREDITS = {"1": "1", "0": "0", "0.6": "0.6", "0.8075": "0.8075", "1/3": "0.3333", "0.85": "0.85"}


@pytest.mark.parametrize(("credit", "text"), CREDITS.items())
def test_credit_as_text(credit: str, text: str) -> None:
    """As short as it can be written, with four places at most."""
    assert credit_text(Fraction(credit)) == text
