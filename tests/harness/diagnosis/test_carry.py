"""Which failures are carried: the rule itself, with a pretended submission."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from autograder.assignment.callgraph import call_graph
from autograder.assignment.prices import Mistake
from autograder.assignment.rubric import CheckRule, TaskRule
from autograder.checking.plugin import CheckResult
from autograder.diagnosis.carry import Trial, collaborators_of, settle
from autograder.diagnosis.naming import Diagnosis
from autograder.diagnosis.survey import Again
from autograder.outcomes import FailureKind, Outcome

NAMED = Diagnosis(((Mistake("half", "The half is missing.", "slip"),),), "The half is missing.")
AGAIN = Again(lambda student: None, {})
COLLABORATORS = {"a": (), "b": (), "c": ("a", "b"), "d": ("a", "b", "c")}


def results_of(**outcomes: str) -> dict[str, CheckResult]:
    """Results by check id; `c__value="skipped after contract"` waits for `c.contract`."""
    results = {}
    for name, words in outcomes.items():
        check_id = name.replace("__", ".")
        outcome, _, after = words.partition(" after ")
        waits = tuple(f"{check_id.partition('.')[0]}.{other}" for other in after.split(",") if other)
        kind = FailureKind.VALUE if outcome == "failed" else None
        results[check_id] = CheckResult(check_id, "", "public", Outcome(outcome), kind, after=waits, again=AGAIN)
        results[check_id].message = f"waits for {waits[0]}" if waits else "wrong"
    return results


class Pretended:
    """Passes a check when it is asked with every function that it `needs`; `uses` are called."""

    def __init__(self, needs: Callable[[str, set[str]], bool], uses: str = "abc") -> None:
        self._needs = needs
        self._uses = uses
        self.asked: list[tuple[str, str]] = []

    def __call__(self, result: CheckResult, names: tuple[str, ...]) -> Trial:
        """See `carry.Ask`."""
        self.asked.append((result.id, "".join(names)))
        passes = self._needs(result.id, set(names))
        called = tuple(name for name in names if name in self._uses)
        if passes:
            return Trial(Outcome.PASSED, called)
        return Trial(Outcome.FAILED, called, "still wrong", kind=FailureKind.VALUE)


def carried(results: dict[str, CheckResult]) -> dict[str, str]:
    """What is carried, by check."""
    return {check_id: r.carried_from for check_id, r in results.items() if r.carried_from is not None}


RULES = {
    "one function is enough": (
        {"a__v": "failed", "c__v": "failed"},
        Pretended(lambda check, names: "a" in names),
        {"c.v": "a"},
    ),
    "still wrong": ({"a__v": "failed", "c__v": "failed"}, Pretended(lambda check, names: False), {}),
    "it passes without having called it": (
        {"a__v": "failed", "c__v": "failed"},
        Pretended(lambda check, names: True, uses=""),
        {},
    ),
    "nothing is charged": ({"a__v": "passed", "c__v": "failed"}, Pretended(lambda check, names: True), {}),
    "what is charged comes later": ({"a__v": "failed", "b__v": "failed"}, Pretended(lambda check, names: True), {}),
    "several, one of which is enough": (
        {"a__v": "failed", "b__v": "failed", "c__v": "failed"},
        Pretended(lambda check, names: "b" in names),
        {"c.v": "b"},
    ),
    "several, all of which are needed": (
        {"a__v": "failed", "b__v": "failed", "c__v": "failed"},
        Pretended(lambda check, names: {"a", "b"} <= names),
        {"c.v": "a and b"},
    ),
    "it makes up for the bug of another": (
        {"a__v": "failed", "b__v": "failed", "c__v": "failed"},
        Pretended(lambda check, names: names == {"b"}),
        {"c.v": "b"},
    ),
    "a task whose failures are all carried is not where others come from": (
        {"a__v": "failed", "c__v": "failed", "d__v": "failed"},
        Pretended(lambda check, names: "a" in names),
        {"c.v": "a", "d.v": "a"},
    ),
    "a task that failed by itself is": (
        {"a__v": "passed", "c__v": "failed", "d__v": "failed"},
        Pretended(lambda check, names: "c" in names),
        {"d.v": "c"},
    ),
    "those that wait for a carried one": (
        {"a__v": "failed", "c__v": "failed", "c__w": "skipped after v", "c__x": "skipped after v,w"},
        Pretended(lambda check, names: "a" in names),
        {"c.v": "a", "c.w": "a", "c.x": "a"},
    ),
    "those that wait for one that failed by itself": (
        {"a__v": "failed", "c__v": "failed", "c__w": "skipped after v"},
        Pretended(lambda check, names: check == "c.w"),
        {},
    ),
}


@pytest.mark.parametrize(("outcomes", "ask", "wanted"), RULES.values(), ids=RULES)
def test_rules(outcomes: dict[str, str], ask: Pretended, wanted: dict[str, str]) -> None:
    """What is carried, and from whom."""
    results = results_of(**outcomes)
    settle(results, COLLABORATORS, ask)

    assert carried(results) == wanted
    assert all(r.outcome is Outcome.FAILED for r in results.values() if r.id.endswith(".v") and r.id in wanted)


def test_what_is_asked() -> None:
    """All together first; one by one only where several were called; nothing for tampering."""
    ask = Pretended(lambda check, names: len(names) == 2)
    results = results_of(a__v="failed", b__v="failed", c__v="failed", c__w="failed")
    results["c.w"].kind = FailureKind.POLICY
    settle(results, COLLABORATORS, ask)

    assert ask.asked == [("c.v", "ab"), ("c.v", "a"), ("c.v", "b")]


def test_a_waiting_check_says_what_became_of_it() -> None:
    """It stays skipped where it passes; where it fails, that is a failure of the task's own, with its message."""
    results = results_of(a__v="failed", c__v="failed", c__w="skipped after v", c__x="skipped after v")
    settle(results, COLLABORATORS, Pretended(lambda check, names: check != "c.x"))

    assert results["c.w"].message == "waits for c.v; with `a` right this check passes"
    assert results["c.x"].message == "asked with `a` right, it fails: still wrong"
    assert [results[c].outcome for c in ("c.w", "c.x")] == [Outcome.SKIPPED, Outcome.FAILED]
    assert (results["c.x"].kind, results["c.x"].waits_for) == (FailureKind.VALUE, None)


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.MEMORY])
def test_a_trial_that_takes_too_much_accuses_nobody(kind: FailureKind) -> None:
    """Stand-ins take time of their own: the check goes on waiting, and is not said to fail."""

    def ask(result: CheckResult, names: tuple[str, ...]) -> Trial:
        passes = result.id != "c.w"
        return Trial(Outcome.PASSED if passes else Outcome.FAILED, ("a",), "stopped", kind=None if passes else kind)

    results = results_of(a__v="failed", c__v="failed", c__w="skipped after v")
    settle(results, COLLABORATORS, ask)
    waiting = results["c.w"]

    assert (waiting.outcome, waiting.carried_from, waiting.message) == (Outcome.SKIPPED, None, "waits for c.v")


def test_our_fault_issues_no_grade() -> None:
    """A check that breaks when it is asked again is an error: a right grade might be higher."""
    results = results_of(a__v="failed", c__v="failed")
    settle(results, COLLABORATORS, lambda result, names: Trial(Outcome.ERROR, error="KeyError: ours"))

    assert (results["c.v"].outcome, results["c.v"].error, carried(results)) == (Outcome.ERROR, "KeyError: ours", {})


def test_names_are_looked_for_given_right_collaborators() -> None:
    """Once for each task that uses something charged, when it is known what is carried in it."""
    named: list[tuple[str, tuple[str, ...], dict[str, str]]] = []
    results = results_of(a__v="failed", b__v="passed", c__v="failed", c__w="failed", d__v="failed")
    ask = Pretended(lambda check, names: check != "c.w" and "a" in names)
    settle(results, COLLABORATORS, ask, lambda task, found, names: named.append((task, names, carried(dict(found)))))

    assert named == [("c", ("a",), {"c.v": "a"}), ("d", ("a", "c"), {"c.v": "a", "d.v": "a"})]


def test_a_carried_failure_keeps_no_name_of_its_own() -> None:
    """The mistake has its name where it was made."""
    results = results_of(a__v="failed", c__v="failed", c__w="failed")
    for result in results.values():
        result.diagnosis = NAMED
    settle(results, COLLABORATORS, Pretended(lambda check, names: check == "c.v"))

    assert {check_id: result.diagnosis for check_id, result in results.items()} == {
        "a.v": NAMED,
        "c.v": None,
        "c.w": NAMED,
    }


def test_what_is_only_form_with_others_right_is_form() -> None:
    """The task pays for its own form, and what waited for the failure is asked."""

    def ask(result: CheckResult, names: tuple[str, ...]) -> Trial:
        if result.id == "c.v":
            return Trial(Outcome.FAILED, ("a",), "the result has dtype float64", forms=("other_dtype",))
        return Trial(Outcome.PASSED, ("a",))

    results = results_of(a__v="failed", c__v="failed", c__w="skipped after v")
    results["c.v"].diagnosis = NAMED
    settle(results, COLLABORATORS, ask)
    own, waiting = results["c.v"], results["c.w"]

    assert (own.outcome, own.kind, own.forms) == (Outcome.FAILED, FailureKind.CONTRACT, ("other_dtype",))
    assert (own.message, own.carried_from, own.diagnosis) == ("the result has dtype float64", None, None)
    assert not own.blocks
    assert (waiting.outcome, waiting.carried_from) == (Outcome.SKIPPED, "a")


def innocent(result: CheckResult, names: tuple[str, ...]) -> Trial:
    """See `carry.Ask`: every check passes with own values, too."""
    return Trial(Outcome.PASSED, names)


def test_a_function_that_is_right_there_is_not_why() -> None:
    """What passes with its own values as well is the task's own failure, and what waits for it still does."""
    results = results_of(a__v="failed", c__v="failed", c__w="skipped after v")
    settle(results, COLLABORATORS, Pretended(lambda check, names: "a" in names), own=innocent)

    assert carried(results) == {}
    assert (results["c.v"].message, results["c.w"].message) == ("wrong", "waits for c.v")


def test_only_those_that_matter_are_named() -> None:
    """Of several that are enough alone, the one whose own values make the check fail."""
    results = results_of(a__v="failed", b__v="failed", c__v="failed")
    own = Pretended(lambda check, names: names == {"a"})
    settle(results, COLLABORATORS, Pretended(lambda check, names: True), own=own)

    assert carried(results) == {"c.v": "b"}


def test_a_waiting_check_may_fail_by_itself() -> None:
    """It passes with right values and with own ones, but not without stand-ins: no function is why."""

    def own(result: CheckResult, names: tuple[str, ...]) -> Trial:
        return Trial(Outcome.PASSED if result.id == "c.w" else Outcome.FAILED, names)

    results = results_of(a__v="failed", c__v="failed", c__w="skipped after v")
    settle(results, COLLABORATORS, Pretended(lambda check, names: "a" in names), own=own)

    assert carried(results) == {"c.v": "a"}
    assert (results["c.w"].outcome, results["c.w"].kind) == (Outcome.FAILED, FailureKind.VALUE)
    assert results["c.w"].message.endswith("in place of `a` it passes, by itself it fails: still wrong")


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.MEMORY])
def test_what_a_function_costs_is_not_asked_for(kind: FailureKind) -> None:
    """A value says nothing of the time that it took."""
    results = results_of(a__v="failed", c__v="failed")
    results["c.v"].kind = kind
    settle(results, COLLABORATORS, Pretended(lambda check, names: True), own=innocent)

    assert carried(results) == {"c.v": "a"}


@pytest.mark.parametrize(("loops", "wanted"), [("failed", {"c.vectorised": "a"}), ("passed", {})])
def test_loops_are_those_of_a_function_that_has_them(loops: str, wanted: dict[str, str]) -> None:
    """Operations are no part of a value: they are carried where the function was charged for its own."""
    results = results_of(a__v="failed", a__vectorised=loops, c__vectorised="failed")
    settle(results, COLLABORATORS, Pretended(lambda check, names: "a" in names), own=innocent)

    assert carried(results) == wanted


def test_our_fault_with_own_values_issues_no_grade() -> None:
    """Neither carried nor charged."""
    results = results_of(a__v="failed", c__v="failed")
    broken = Trial(Outcome.ERROR, error="KeyError: ours")
    settle(results, COLLABORATORS, Pretended(lambda check, names: True), own=lambda result, names: broken)

    assert (results["c.v"].outcome, results["c.v"].error, carried(results)) == (Outcome.ERROR, "KeyError: ours", {})


def rule(name: str, uses: tuple[str, ...] | None = None, kind: str = "function") -> TaskRule:
    """A task."""
    check = CheckRule(name="value", weight=Decimal(1))
    return TaskRule.model_validate(
        {"id": name, "title": "", "points": 1, "checks": [check], "uses": uses, "kind": kind}
    )


def test_collaborators() -> None:
    """The reference's own calls, or what the rubric says, and in turn theirs; only earlier functions."""
    tasks = [rule("a"), rule("b"), rule("c"), rule("d", ("b",)), rule("e"), rule("t", kind="training")]
    graph = {"a": ("e",), "c": ("a",), "d": ("a", "c"), "e": ("d",), "t": ("a",)}

    assert collaborators_of(tasks, graph) == {"a": (), "b": (), "c": ("a",), "d": ("b",), "e": ("b", "d")}


def test_call_graph(tmp_path: Path) -> None:
    """Read from text: names, other names for them, attributes of modules, and through helpers; never by importing."""
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / "one.py").write_text(
        "raise SystemExit\ndef f(x): return x\ndef g(x): return f(x)\ndef other(x): return x\n"
    )
    (folder / "two.py").write_text(
        "from reference import one\nfrom reference.one import g as renamed\nfrom .one import other\nimport math\n"
        "def helper(x): return renamed(x)\n"
        "def h(x): return helper(math.f(x))\n"
        "def k(x): return one.f(x) + other(x)\n"
    )
    graph = call_graph(folder, ["f", "g", "h", "k", "other", "absent"])

    assert {name: set(found) for name, found in graph.items()} == {
        "f": set(),
        "g": {"f"},
        "h": {"g", "f"},
        "k": {"f", "other"},
        "other": set(),
        "absent": set(),
    }


def test_call_graph_of_this_assignment() -> None:
    """The bound is built from densities, a sample and a divergence."""
    graph = call_graph(Path(__file__).resolve().parents[3] / "reference", ["elbo", "vae_loss", "kl_standard_normal"])

    assert graph == {
        "elbo": ("kl_standard_normal",),
        "vae_loss": ("elbo", "kl_standard_normal"),
        "kl_standard_normal": (),
    }
