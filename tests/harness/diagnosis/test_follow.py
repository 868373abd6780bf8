"""What the diagnosis does while checks run: names follow failures, and no fault of ours in finding one costs more than the name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny_assignment import make_assignment, write_files

from autograder.assignment.loading import Assignment
from autograder.checking.oracle import Oracle
from autograder.checking.plugin import ChecksPlugin
from autograder.checking.results import CheckResult, Context
from autograder.checking.session import run_checks
from autograder.diagnosis.follow import Following
from autograder.diagnosis.naming import Diagnostician
from autograder.outcomes import Outcome
from autograder.sandbox.inprocess import OneFunction

CANDIDATES = """
    from autograder.authoring.candidates import wrong

    @wrong("added", "Two is added, where x is to be doubled.", severity="gap")
    def added(x):
        return x + 2

    @wrong("squared", "x is squared.", severity="slip")
    def squared(x):
        return x * x
"""


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """One task with two named mistakes."""
    folder = make_assignment(tmp_path_factory.mktemp("named"))
    write_files(folder, {"reference/candidates/first/double.py": CANDIDATES})
    return Assignment(folder)


def followed(
    assignment: Assignment, function: Callable[..., Any], following: Following | None, *, finish: bool = False
) -> dict[str, CheckResult]:
    """Run the checks on a function, with somebody who looks closer."""
    one = OneFunction("double", function)
    oracle = Oracle(assignment.objects, assignment.contract)
    context = Context(one, one.report, assignment.contract, oracle, follower=following)
    plugin = ChecksPlugin(assignment.code, context, assignment.rubric.check_ids(), assignment.check_names)
    run_checks(assignment.code, plugin)
    if finish and following is not None:
        following.finish(context, plugin.results)
    return plugin.results


def diagnostician(assignment: Assignment) -> Diagnostician:
    """Return one that knows the assignment's mistakes."""
    return Diagnostician(assignment)


NAMED = {
    "a named mistake": (lambda x: 2 + x, ("added",)),
    "another one": (lambda x: x**2, ("squared",)),
    "in another form": (lambda x: (x**2).float()[:, None].numpy(), ("squared",)),
    "one of its own, done to any result": (lambda x: -2 * x, ("negated",)),
    "no name": (lambda x: x - 2, ()),
    "nothing": (lambda x: 0 * x, ()),
    "its argument": (lambda x: x.clone(), ()),
}


@pytest.mark.parametrize(("function", "names"), NAMED.values(), ids=NAMED)
def test_names_follow_failures(function: Callable[..., Any], names: tuple[str, ...], assignment: Assignment) -> None:
    """A failed check is surveyed and compared with the mistakes; where none explains it, nothing is guessed."""
    following = Following(diagnostician(assignment))
    results = followed(assignment, function, following)
    value = results["double.value"]

    assert (value.outcome, following.faults) == (Outcome.FAILED, [])
    assert (value.diagnosis.names if value.diagnosis else ()) == names
    assert value.surveyed is not None
    assert all(result.again is not None for result in results.values())


def test_what_may_come_from_another_function_is_looked_at_last(assignment: Assignment) -> None:
    """Nothing is spent on it before it is known whether it does: there `finish` finds the name."""
    for finish, names in ((False, ()), (True, ("added",))):
        following = Following(diagnostician(assignment), in_two_steps=True, built_from={"double": ("double",)})
        value = followed(assignment, lambda x: 2 + x, following, finish=finish)["double.value"]
        assert (value.surveyed is not None, value.diagnosis.names if value.diagnosis else ()) == (finish, names)


def test_what_turned_out_to_be_form_alone_is_not_looked_at(assignment: Assignment) -> None:
    """With right functions beside it nothing but form was wrong (`carry`): a survey without them would see their mistakes."""

    class Settled(Following):
        def finish(self, context: Context, results: Mapping[str, CheckResult]) -> None:
            for result in results.values():
                result.forms = ("other_dtype",) if result.outcome is Outcome.FAILED else ()
            super().finish(context, results)

    following = Settled(diagnostician(assignment), in_two_steps=True, built_from={"double": ("double",)})
    value = followed(assignment, lambda x: 2 + x, following, finish=True)["double.value"]
    assert (value.outcome, value.surveyed, value.diagnosis) == (Outcome.FAILED, None, None)


def test_candidates_are_loaded_when_the_first_check_has_failed(assignment: Assignment) -> None:
    """Right work needs none of them, and neither does work that is wrong in its form alone."""
    fresh = Assignment(assignment.folder)
    following = Following(diagnostician(fresh))
    assert {r.outcome for r in followed(fresh, lambda x: 2 * x, following).values()} == {Outcome.PASSED}
    contract = followed(fresh, lambda x: 2 * x.float(), following)["double.contract"]
    assert (contract.outcome, contract.forms, contract.surveyed) == (Outcome.FAILED, ("other_dtype",), None)
    assert "candidates" not in vars(fresh)
    followed(fresh, lambda x: 3 * x, following)
    assert "candidates" in vars(fresh)


def test_without_a_diagnostician_checks_can_be_asked_again(assignment: Assignment) -> None:
    """Carrying needs that, and no names."""
    results = followed(assignment, lambda x: 2 + x, Following())
    value = results["double.value"]

    assert (value.outcome, value.surveyed, value.diagnosis) == (Outcome.FAILED, None, None)
    assert value.again is not None


def test_what_no_input_cures_is_not_surveyed(assignment: Assignment) -> None:
    """Nothing is there to be asked again."""

    def missing(x: Any) -> Any:
        raise NotImplementedError

    contract = followed(assignment, missing, Following(diagnostician(assignment)))["double.contract"]
    assert (contract.outcome, contract.kind, contract.surveyed) == (Outcome.FAILED, "missing", None)


class Breaks:
    """A diagnostician with a fault."""

    def __init__(self, where: str) -> None:
        self._where = where

    def knows(self, task: str) -> bool:
        """Know every task, or break."""
        if self._where == "knows":
            raise ValueError("ours")
        return True

    def name(self, *arguments: Any, **options: Any) -> Any:
        """Break."""
        raise ValueError("ours")


@pytest.mark.parametrize(("where", "what"), [("knows", "double.value"), ("name", "double")])
def test_a_fault_of_ours_costs_no_more_than_the_name(where: str, what: str, assignment: Assignment) -> None:
    """The outcome stands, and the fault is remembered for staff."""
    following = Following(Breaks(where))  # type: ignore[arg-type]
    value = followed(assignment, lambda x: 2 + x, following)["double.value"]

    assert (value.outcome, value.diagnosis) == (Outcome.FAILED, None)
    assert following.faults == [f"no mistake could be looked for in {what} (ValueError: ours)"]


def test_files_that_cannot_be_imported_are_a_fault_of_ours(tmp_path: Path) -> None:
    """Candidates that break leave the grade as it is."""
    folder = make_assignment(tmp_path)
    write_files(folder, {"reference/candidates/first/double.py": "import does_not_exist\n"})
    broken = Assignment(folder)
    following = Following(diagnostician(broken))

    assert followed(broken, lambda x: 3 * x, following)["double.value"].outcome is Outcome.FAILED
    assert len(following.faults) == 1
    assert "reference/candidates/first/double.py cannot be imported" in following.faults[0]
