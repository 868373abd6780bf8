"""Groups of a class, over records: what they share, in which order, by which ids."""

from __future__ import annotations

import random
from typing import Any

import factories
from classes import FAILED, HALF, SIGN, by_name, graded, task
from hypothesis import given
from hypothesis import strategies as st

from autograder.behaviour import Behaviour, ProbeAnswer
from autograder.class_records import Group
from autograder.cohort.decisions import groups_in
from autograder.outcomes import FailureKind, Outcome
from autograder.records import GradeRecord, ManualPoints, MistakeRecord, TaskRecord


def check(name: str = "value", outcome: Outcome = FAILED, **more: Any) -> Any:
    """A check of the task `one`."""
    kind = {"kind": FailureKind.VALUE} if outcome is FAILED else {}
    return factories.check("one", name, f"{name} is right", outcome, **(kind | more))


def one(*checks: Any, **more: Any) -> TaskRecord:
    """The task `one`, failed."""
    return task("one", "0.00", checks=checks or (check(),), **more)


def values(*numbers: float, relation: str = "other") -> Behaviour:
    """A behaviour on one probe."""
    return Behaviour(probes="p", answers=(ProbeAnswer(sizes={"B": 2}, relation=relation, digest=numbers),))


def factor(number: float) -> Behaviour:
    """A constant times what is expected."""
    return Behaviour(probes="p", relation="factor", number=number, answers=values().answers)


def grouped(*tasks: TaskRecord) -> tuple[Group, ...]:
    """The groups of a class in which everybody has one of these tasks."""
    return by_name(*(graded(f"S{number:02}", own) for number, own in enumerate(tasks))).groups


def said(*tasks: TaskRecord) -> list[tuple[int, str, str]]:
    """How many are in each group, what they share, and of which kind that is."""
    return [(len(group.students), group.kind, group.what) for group in grouped(*tasks)]


def test_who_is_right_is_in_no_group() -> None:
    """Nothing is to be decided for them."""
    assert grouped(task("one", "2.00")) == ()


def test_the_outcome_then_the_name_then_the_behaviour() -> None:
    """A written name is enough; where none explains it, answers count; where nobody asked, checks do."""
    scaled = MistakeRecord(name="scaled", text="Times a number.", severity="slip", credit="0.6")
    found = said(
        one(mistakes=(HALF,)),
        one(mistakes=(HALF,)),
        one(mistakes=(HALF, SIGN)),
        one(mistakes=(scaled,), behaviour=factor(2.0)),
        one(mistakes=(scaled,), behaviour=factor(3.0)),
        one(behaviour=factor(2.0)),
        one(),
        one(check(outcome=Outcome.INCONCLUSIVE), outcome=Outcome.INCONCLUSIVE),
        one(check(carried_from="two"), outcome=FAILED),
        one(check(kind=FailureKind.MISSING)),
        one(check(kind=FailureKind.IMPORT)),
        one(check("value", Outcome.ERROR), outcome=Outcome.ERROR),
    )

    assert found[0] == (2, "mistake", HALF.text.rstrip("."))
    assert sorted(found[1:]) == sorted(
        [
            (1, "mistake", f"{HALF.text} {SIGN.text}".rstrip(".")),
            (1, "behaviour", "2 × what is expected, everywhere"),
            (1, "behaviour", "3 × what is expected, everywhere"),
            (1, "behaviour", "2 × what is expected, everywhere"),
            (1, "checks", "fails `value` (value)"),
            (1, "undecided", "could not be decided: `value`"),
            (1, "carried", "fails only because of `two`"),
            (1, "missing", "not handed in, or an empty stub"),
            (1, "missing", "cannot be imported"),
            (1, "undecided", "a fault of the grader: `value`"),
        ]
    )


def test_a_name_that_explains_one_check_of_two_is_none() -> None:
    """Only what explains all that failed is shared."""
    named = check("value", options=((HALF,),))

    assert {kind for _, kind, _ in said(one(named))} == {"mistake"}
    assert {kind for _, kind, _ in said(one(named, check("gradient")))} == {"checks"}


def test_right_on_the_probes_checks_tell_apart() -> None:
    """Faults of gradients, or in float32, change no answer to a probe."""
    right = values(relation="equal")
    found = said(
        one(check("gradient"), behaviour=right),
        one(check("gradient"), behaviour=right),
        one(check("extreme"), behaviour=right),
    )

    assert [count for count, _, _ in found] == [2, 1]
    assert found[0][2] == "right on all 1 probes of the class; fails `gradient` (value)"


def test_where_nobody_asked_the_line_counts() -> None:
    """As far as it says what is done, not what variables are called."""

    def raising(line: str) -> TaskRecord:
        trace = ('File "a.py", line 3, in one', f"    {line}")
        return one(check(kind=FailureKind.EXCEPTION, traceback=trace))

    found = said(raising("return x[k]"), raising("return y[n]"), raising("return x['`']"))
    assert [count for count, _, _ in found] == [2, 1]
    assert found[0][2] == "fails `value` (exception) in the line `return x[k]`"
    assert "`return x[''']`" in found[1][2]


def test_the_largest_first_and_the_first_of_the_class_stands_for_all() -> None:
    """By task, in the order of the assignment."""
    record = by_name(
        graded("Zoe", task("one", "0.00"), task("two", "0.00", mistakes=(HALF,))),
        graded("Amy", task("one", "0.00"), task("two", "0.00")),
        graded("Bob", task("one", "2.00"), task("two", "0.00")),
    )

    assert [(group.task, group.students) for group in record.groups] == [
        ("one", ("amy", "zoe")),
        ("two", ("amy", "bob")),
        ("two", ("zoe",)),
    ]


def test_decisions_by_hand_are_counted() -> None:
    """Of this task alone."""
    decided = ManualPoints(task="one", points="0.50", reason="r", author="a")
    other = decided.model_copy(update={"task": "two"})
    record = by_name(graded("A", one(), manual=(decided,)), graded("B", one(), manual=(other,)))

    assert [(len(group.students), group.decided) for group in record.groups] == [(2, 1)]


@given(st.lists(st.floats(0.5, 2.0), min_size=1, max_size=30), st.randoms())
def test_groups_do_not_depend_on_the_order(numbers: list[float], shuffled: random.Random) -> None:
    """Also not their ids; no two have one id; everybody is in one."""
    records = [(f"k{n:02}", graded(f"S{n:02}", one(behaviour=factor(number)))) for n, number in enumerate(numbers)]
    mixed = list(records)
    shuffled.shuffle(mixed)
    groups = groups_in(records)

    assert groups == groups_in(mixed)
    assert len({group.id for group in groups}) == len(groups)
    assert sorted(key for group in groups for key in group.students) == [key for key, _ in records]


def test_who_joins_changes_no_id() -> None:
    """As long as the same is shared."""
    few, more = (grouped(*(one(behaviour=factor(2.0)) for _ in range(n))) for n in (2, 5))

    assert few[0].id == more[0].id
    assert few[0].id.startswith("one-")


def test_a_record_from_before_has_no_behaviour() -> None:
    """It loads, and is grouped by its checks."""
    old = graded("A", one()).model_dump(mode="json")
    del old["tasks"][0]["behaviour"]

    assert by_name(GradeRecord.model_validate(old)).groups[0].kind == "checks"


def test_hostile_words_make_groups_as_others_do() -> None:
    """Surrogates, markup and long texts."""
    line = "x" * 5000 + "\udc80<b>`"
    trace = ('File "a.py", line 3, in one', f"    {line}")

    assert len(grouped(one(check(kind=FailureKind.EXCEPTION, traceback=trace)))) == 1
