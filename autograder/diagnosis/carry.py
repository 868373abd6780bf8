"""A bug is paid once: failures that come from another function of the submission, which has been charged already.

When all checks have run, every failed check of a task that may use other tasks is asked again, in a fresh worker, with those
replaced that have been charged for a failure of their own (`standins`). If it then passes, the failure is *carried* from
them: the rubric's `carry` says what it costs. A check that waits for a carried one is asked in the same way.

Nothing can be gained by breaking a function on purpose: a function is stood in for only where it has cost points, only in
tasks that come after it and may use it (`collaborators_of`), and what stands in is worth no more than a right one is. And a
function that is wrong somewhere explains nothing where it is right: where a check passes with right values, it is asked once more
with the function's own values in their place (`ownvalues`), on the very arguments with which it is called there. A check
that passes again, or gets further than it did by itself, did not fail because of that function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.assignment.kinds import KINDS
from autograder.assignment.rubric import TaskRule
from autograder.authoring.marks import VECTORISED
from autograder.checking.results import CheckResult
from autograder.outcomes import EARNS, FailureKind, Outcome

_TOO_MUCH = frozenset({FailureKind.TIMEOUT, FailureKind.MEMORY})
"""What a function costs cannot be handed on with its value."""

SEPARATOR = " and "
"""Between the names in `carried_from`, where only several functions together explain a failure."""


def collaborators_of(tasks: Sequence[TaskRule], graph: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return, for each task, the tasks whose functions may be stood in for when its checks are asked again.

    They are those that the rubric names under `uses`, or else those that the reference itself uses (`graph`), and in turn
    those that these may use. Only functions that come earlier in the rubric count: what a task is built from.
    """
    found: dict[str, tuple[str, ...]] = {}
    for task in tasks:
        if not KINDS[task.kind].stands_in:
            continue
        direct = graph.get(task.id, ()) if task.uses is None else task.uses
        names = {name for name in direct if name in found}
        names |= {further for name in names for further in found[name]}
        found[task.id] = tuple(name for name in found if name in names)
    return found


@dataclass(frozen=True)
class Trial:
    """How a check ended when it was asked with stand-ins.

    Attributes:
        called: The functions whose stand-ins were called.
        message, kind: What it says when it failed, and how it failed.
        forms: The faults of form, where it failed for nothing else.
        error: Our own fault, when the outcome is `error`.
        inputs: On how many inputs it was asked, the one included on which it failed.
    """

    outcome: Outcome
    called: tuple[str, ...] = ()
    message: str = ""
    error: str = ""
    flags: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    kind: FailureKind | None = None
    inputs: int = 1

    @property
    def passes(self) -> bool:
        """Whether the check earns its points in this trial."""
        return self.outcome in EARNS


Ask = Callable[[CheckResult, tuple[str, ...]], Trial]
"""Asks a check again with stand-ins for some functions."""

Name = Callable[[str, Mapping[str, CheckResult], tuple[str, ...]], None]
"""Looks for names of what failed in a task, with stand-ins for some functions."""


def settle(
    results: Mapping[str, CheckResult],
    collaborators: Mapping[str, Sequence[str]],
    ask: Ask,
    name: Name = lambda task, results, names: None,
    own: Ask = lambda result, names: Trial(Outcome.FAILED, names),
) -> None:
    """Find out which failures are carried, and write it into the results.

    Args:
        results: Every check by id, in the order in which they were run.
        collaborators: As `collaborators_of` returns them: tasks in the rubric's order.
        ask: Asks a check again with right values for some functions.
        own: Asks it in the same way with their own values: passes where they are not why it failed.
        name: Looks for names of what is a task's own fault and has none, given that others are right.
    """
    blame = _Blame(results, own)
    for task, names in collaborators.items():
        charged = tuple(name for name in names if _charged(results, name))
        if not charged:
            continue
        others: dict[str, tuple[str, ...]] = {}
        for result in results.values():
            if result.id.partition(".")[0] != task or result.again is None:
                continue
            if result.outcome is Outcome.FAILED and result.kind is not FailureKind.POLICY:
                _settle_failed(result, charged, ask, blame, others)
            elif result.outcome is Outcome.SKIPPED:
                _settle_skipped(result, charged, ask, blame, others)
        name(task, results, charged)


def _charged(results: Mapping[str, CheckResult], task: str) -> bool:
    """Whether a task pays for a failure of its own."""
    own = [result for result in results.values() if result.id.partition(".")[0] == task]
    return any(result.outcome is Outcome.FAILED and result.carried_from is None for result in own)


@dataclass(frozen=True)
class _Blame:
    """Whether functions are why a check failed that passes with right ones in their place."""

    results: Mapping[str, CheckResult]
    own: Ask
    wrong_alone: set[str] = field(default_factory=set)
    """Tasks of which a check passes with right values for other functions, and fails by itself although those are right there."""

    def __call__(self, result: CheckResult, names: tuple[str, ...]) -> bool:
        """Ask the check with the functions' own values; our own fault is written into the result, and blames nobody."""
        if result.kind in _TOO_MUCH or self._counted(result, names):
            return True
        trial = _try(result, names, self.own)
        return trial.outcome is not Outcome.ERROR and not trial.passes

    def _counted(self, result: CheckResult, names: tuple[str, ...]) -> bool:
        """Whether it counts operations, and one of the functions was charged for its own: a value has no operations."""
        if result.id.partition(".")[2] != VECTORISED:
            return False
        counts = [self.results.get(f"{name}.{VECTORISED}") for name in names]
        return any(count is not None and count.outcome is Outcome.FAILED for count in counts)


def _settle_failed(
    result: CheckResult, charged: tuple[str, ...], ask: Ask, blame: _Blame, others: dict[str, tuple[str, ...]]
) -> None:
    """Find out whether a failure is carried; `others` are the checks of the task in which other functions did harm, and which."""
    trial = _try(result, charged, ask)
    used = tuple(name for name in charged if name in trial.called)
    if trial.outcome is Outcome.ERROR or not used:
        return
    # with several, one alone may do: the first in the rubric is the deepest; and a task may make up for the bug of
    # one of them, so that it fails with all of them right
    alone = [(name,) for name in used if len(used) > 1]
    enough: tuple[str, ...] | None = next(
        (names for names in alone if _try(result, names, ask).passes and blame(result, names)), None
    )
    if enough is None and trial.passes and blame(result, used):
        enough = used
    if result.outcome is Outcome.ERROR:
        return
    if enough is not None:
        result.carried_from = SEPARATOR.join(enough)
        result.diagnosis = None  # the mistake has its name where it was made
        others[result.id] = used
    elif trial.forms and not result.forms and blame(result, used):
        _only_form(result, trial)
        others[result.id] = used


def _only_form(result: CheckResult, trial: Trial) -> None:
    """With others right, nothing but form is wrong: that is what the task pays for."""
    result.outcome, result.kind, result.diagnosis = Outcome.FAILED, FailureKind.CONTRACT, None
    result.forms, result.message, result.help, result.lines = trial.forms, trial.message, "", ()
    result.evidence, result.waits_for, result.surveyed = None, None, None


def _settle_skipped(
    result: CheckResult, charged: tuple[str, ...], ask: Ask, blame: _Blame, others: dict[str, tuple[str, ...]]
) -> None:
    """Ask a check that was never asked, because one that it waits for failed through no fault of this task."""
    before = [blame.results[other] for other in result.after if other in blame.results]
    harmed = [others[other.id] for other in before if other.id in others]
    if not harmed or any(other.blocks and other.carried_from is None for other in before):
        return
    trial = _try(result, charged, ask)
    if trial.outcome is Outcome.ERROR:
        return
    used = tuple(name for name in charged if name in trial.called)
    right = ", ".join(f"`{name}`" for name in used) or "that"
    others[result.id] = used or harmed[0]
    task = result.id.partition(".")[0]
    if trial.passes and used and not blame(result, used):
        _settle_by_itself(result, used, ask)
        if result.outcome is Outcome.FAILED:
            blame.wrong_alone.add(task)
    elif trial.passes and task in blame.wrong_alone:
        return  # it stands on those functions only where they are stood in for
    if result.outcome is not Outcome.SKIPPED:
        return
    if trial.passes:
        result.carried_from = used[0] if len(used) == 1 else SEPARATOR.join(harmed[0][:1] or used)
        result.message += f"; with {right} right this check passes"
    elif trial.forms:
        _only_form(result, trial)
    elif trial.kind not in _TOO_MUCH:  # stand-ins take time of their own, so that says nothing
        result.outcome, result.kind, result.waits_for = Outcome.FAILED, trial.kind, None
        result.message = f"asked with {right} right, it fails: {trial.message}"


def _settle_by_itself(result: CheckResult, used: tuple[str, ...], ask: Ask) -> None:
    """Ask a check without stand-ins that passes with them and does not need them; it may fail all the same, for the task's own fault."""
    trial = _try(result, (), ask)
    if trial.outcome is Outcome.FAILED and result.outcome is Outcome.SKIPPED:
        names = ", ".join(f"`{name}`" for name in used)
        result.outcome, result.kind, result.waits_for = Outcome.FAILED, trial.kind, None
        result.message = f"asked with right values in place of {names} it passes, by itself it fails: {trial.message}"


def _try(result: CheckResult, names: tuple[str, ...], ask: Ask) -> Trial:
    trial = ask(result, names)
    result.flags = tuple(dict.fromkeys([*result.flags, *trial.flags]))
    if trial.outcome is Outcome.ERROR:  # our fault, so no grade is issued: a right one might have been higher
        result.outcome, result.error = Outcome.ERROR, trial.error
        result.message, result.kind, result.carried_from = "the check broke when it was asked again", None, None
    return trial


__all__ = ["Trial", "collaborators_of", "settle"]
