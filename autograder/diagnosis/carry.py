"""A bug is paid once: failures that come from another function of the submission, which has been charged already.

When all checks have run, every failed check of a task that may use other tasks is asked again, in a fresh worker, with those
replaced that have been charged for a failure of their own (`standins`). If it then passes, the failure is *carried* from
them: the rubric's `carry` says what it costs. A check that waits for a carried one is asked in the same way.

Nothing can be gained by breaking a function on purpose: a function is stood in for only where it has cost points, only in
tasks that come after it and may use it (`collaborators_of`), and what stands in is worth no more than a right one is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.assignment.kinds import KINDS
from autograder.assignment.rubric import TaskRule
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.checking.oracle import Oracle
from autograder.checking.plugin import failure_in
from autograder.checking.results import CheckResult, Context
from autograder.checking.student import Student
from autograder.diagnosis.follow import Following
from autograder.diagnosis.standins import StandIns
from autograder.diagnosis.survey import Again
from autograder.outcomes import EARNS, FailureKind, Outcome
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import RunScript, ScriptAnswer

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
    """

    outcome: Outcome
    called: tuple[str, ...] = ()
    message: str = ""
    error: str = ""
    flags: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    kind: FailureKind | None = None

    @property
    def passes(self) -> bool:
        """Whether the check earns its points in this trial."""
        return self.outcome in EARNS


Ask = Callable[[CheckResult, tuple[str, ...]], Trial]
Name = Callable[[str, Mapping[str, CheckResult], tuple[str, ...]], None]
"""Looks for names of what failed in a task, with stand-ins for some functions."""


def settle(
    results: Mapping[str, CheckResult],
    collaborators: Mapping[str, Sequence[str]],
    ask: Ask,
    name: Name = lambda task, results, names: None,
) -> None:
    """Find out which failures are carried, and write it into the results.

    Args:
        results: Every check by id, in the order in which they were run.
        collaborators: As `collaborators_of` returns them: tasks in the rubric's order.
        ask: Asks a check again with stand-ins for some functions.
        name: Looks for names of what is a task's own fault and has none, given that others are right.
    """
    for task, names in collaborators.items():
        charged = tuple(name for name in names if _charged(results, name))
        if not charged:
            continue
        others: dict[str, tuple[str, ...]] = {}
        for result in results.values():
            if result.id.partition(".")[0] != task or result.again is None:
                continue
            if result.outcome is Outcome.FAILED and result.kind is not FailureKind.POLICY:
                _settle_failed(result, charged, ask, others)
            elif result.outcome is Outcome.SKIPPED:
                _settle_skipped(result, results, charged, ask, others)
        name(task, results, charged)


def _charged(results: Mapping[str, CheckResult], task: str) -> bool:
    """Whether a task pays for a failure of its own."""
    own = [result for result in results.values() if result.id.partition(".")[0] == task]
    return any(result.outcome is Outcome.FAILED and result.carried_from is None for result in own)


def _settle_failed(result: CheckResult, charged: tuple[str, ...], ask: Ask, others: dict[str, tuple[str, ...]]) -> None:
    """Find out whether a failure is carried; `others` are the checks of the task in which other functions did harm, and which."""
    trial = _try(result, charged, ask)
    used = tuple(name for name in charged if name in trial.called)
    if trial.passes and len(used) == 1:
        result.carried_from = used[0]
    elif trial.outcome is not Outcome.ERROR and used:
        # with several, one alone may do: the first in the rubric is the deepest; and a task may make up for the bug of
        # one of them, so that it fails with all of them right
        alone = next((name for name in used if len(used) > 1 and _try(result, (name,), ask).passes), None)
        result.carried_from = alone or (SEPARATOR.join(used) if trial.passes else None)
    if result.carried_from is not None:
        result.diagnosis = None  # the mistake has its name where it was made
        others[result.id] = used
    elif trial.forms and used and not result.forms:
        _only_form(result, trial)
        others[result.id] = used


def _only_form(result: CheckResult, trial: Trial) -> None:
    """With others right, nothing but form is wrong: that is what the task pays for."""
    result.outcome, result.kind, result.diagnosis = Outcome.FAILED, FailureKind.CONTRACT, None
    result.forms, result.message, result.help, result.lines = trial.forms, trial.message, "", ()
    result.evidence, result.waits_for, result.surveyed = None, None, None


def _settle_skipped(
    result: CheckResult,
    results: Mapping[str, CheckResult],
    charged: tuple[str, ...],
    ask: Ask,
    others: dict[str, tuple[str, ...]],
) -> None:
    """Ask a check that was never asked, because one that it waits for failed through no fault of this task."""
    before = [results[other] for other in result.after if other in results]
    harmed = [others[other.id] for other in before if other.id in others]
    if not harmed or any(other.blocks and other.carried_from is None for other in before):
        return
    trial = _try(result, charged, ask)
    if trial.outcome is Outcome.ERROR:
        return
    used = tuple(name for name in charged if name in trial.called)
    right = ", ".join(f"`{name}`" for name in used) or "that"
    others[result.id] = used or harmed[0]
    if trial.passes:
        result.carried_from = used[0] if len(used) == 1 else SEPARATOR.join(harmed[0][:1] or used)
        result.message += f"; with {right} right this check passes"
    elif trial.forms:
        _only_form(result, trial)
    else:
        result.outcome, result.kind, result.waits_for = Outcome.FAILED, trial.kind, None
        result.message = f"asked with {right} right, it fails: {trial.message}"


def _try(result: CheckResult, names: tuple[str, ...], ask: Ask) -> Trial:
    trial = ask(result, names)
    result.flags = tuple(dict.fromkeys([*result.flags, *trial.flags]))
    if trial.outcome is Outcome.ERROR:  # our fault, so no grade is issued: a right one might have been higher
        result.outcome, result.error = Outcome.ERROR, trial.error
        result.message, result.kind, result.carried_from = "the check broke when it was asked again", None, None
    return trial


# ----------------------------------------------------------------------------------------------------- asking again


class _WithStandIns:
    """A sandbox whose every question is asked with the same stand-ins."""

    def __init__(self, sandbox: Sandbox, names: tuple[str, ...]) -> None:
        self._sandbox = sandbox
        self._names = names

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        return self._sandbox.call(replace(question, stand_ins=self._names))

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        return self._sandbox.inspect(question)

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a script, which nothing stands in for."""
        return self._sandbox.run_script(question)


class Retrial:
    """Asks checks of one submission again, each in a worker of its own that is thrown away afterwards: an `Ask`."""

    def __init__(
        self,
        context: Context,
        sandbox: Sandbox,
        oracle: Oracle,
        secret: Callable[[str], str],
        following: Following | None = None,
    ) -> None:
        """`sandbox` has loaded the submission; `secret(task)` decides the noise of random functions; `following` gives names."""
        self._following = following
        self._context = context
        self._sandbox = sandbox
        self._oracle = oracle
        self._secret = secret

    def __call__(self, result: CheckResult, names: tuple[str, ...]) -> Trial:
        """See `Ask`."""
        context, task = self._context, result.id.partition(".")[0]
        stand_ins = StandIns(self._oracle, context.contract, f"{self._secret(task)}/{result.id}")
        tasks = {context.contract.resolved(name): name for name in names}  # by Python name
        with self._sandbox.fresh(stand_ins) as sandbox:
            asked = _WithStandIns(sandbox, tuple(tasks))
            student = Student(asked, context.report, context.contract, result.id, context.seed_of(task))
            outcome, failure, error = _ending(result, student)
            called = tuple(tasks[name] for name in stand_ins.called)
            flags = (*student.flags, *sandbox.flags)
            if failure is None:
                return Trial(outcome, called, error=error, flags=flags)
            return Trial(outcome, called, failure.message, error, flags, failure.forms, failure.kind)

    def name(self, task: str, results: Mapping[str, CheckResult], names: tuple[str, ...]) -> None:
        """See `Name`."""
        if self._following is None:
            return
        context = self._context
        stand_ins = StandIns(self._oracle, context.contract, f"{self._secret(task)}/names")
        standing = tuple(context.contract.resolved(other) for other in names)
        with self._sandbox.fresh(stand_ins) as sandbox:
            self._following.name_given(task, results, context, _WithStandIns(sandbox, standing))
            if sandbox.flags:
                first = next(result for result in results.values() if result.id.partition(".")[0] == task)
                first.flags = tuple(dict.fromkeys([*first.flags, *sandbox.flags]))


def _ending(result: CheckResult, student: Student) -> tuple[Outcome, CheckFailed | None, str]:
    """Run a check; return its outcome, how it failed, and our own fault."""
    assert result.again is not None
    try:
        until_it_fails(result.again, student)
    except (KeyboardInterrupt, SystemExit):
        raise
    except Inconclusive:
        return Outcome.INCONCLUSIVE, None, ""
    except BaseException as error:
        failure = failure_in(error)
        if failure is None:
            return Outcome.ERROR, None, f"{type(error).__name__}: {error}"
        return Outcome.FAILED, failure, ""
    return Outcome.PASSED, None, ""


def until_it_fails(again: Again, student: Student) -> None:
    """Run a check on the inputs that it was run on, up to its first failure: no smaller input is looked for.

    Raises:
        CheckFailed, CheckStopped, Inconclusive: How it ended, if it did not pass.
    """
    handle: Any = getattr(again.function, "hypothesis", None)
    if handle is None:
        again.strictly(student)
        return
    own = handle.inner_test

    @functools.wraps(own)
    def stopping(*args: Any, **kwargs: Any) -> None:
        try:
            own(*args, **kwargs)
        except CheckFailed as failure:
            raise CheckStopped(failure) from None  # Hypothesis passes it on at once

    handle.inner_test = stopping
    try:
        again.strictly(student)
    finally:
        handle.inner_test = own


__all__ = ["Retrial", "Trial", "collaborators_of", "settle"]
