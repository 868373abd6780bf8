"""Asking a check again with stand-ins, in a worker that has never seen a question: what `carry.settle` decides by."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.checking.oracle import Oracle
from autograder.checking.plugin import failure_in
from autograder.checking.results import CheckResult, Context
from autograder.checking.student import Student
from autograder.diagnosis.carry import Trial
from autograder.diagnosis.follow import Following
from autograder.diagnosis.ownvalues import OwnValues
from autograder.diagnosis.requests import Replies
from autograder.diagnosis.standins import Answered, StandIns
from autograder.diagnosis.survey import Again
from autograder.outcomes import FailureKind, Outcome
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import RunScript, ScriptAnswer


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
        self._elsewhere: Sandbox | None = None
        self._calls: tuple[str, Sequence[Answered]] = ("", ())

    def __enter__(self) -> Retrial:
        """Return it itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """End the worker in which own values are asked for."""
        if self._elsewhere is not None:
            self._elsewhere.close()
            self._elsewhere = None

    def __call__(self, result: CheckResult, names: tuple[str, ...]) -> Trial:
        """Ask a check with right values for some functions: an `Ask`."""
        task = result.id.partition(".")[0]
        replies = StandIns(self._oracle, self._context.contract, f"{self._secret(task)}/{result.id}")
        trial = self._asked(result, names, replies)
        self._calls = result.id, replies.calls
        return trial

    def own(self, result: CheckResult, names: tuple[str, ...]) -> Trial:
        """Ask it with the functions' own values: an `Ask` that passes where they are not why the check failed.

        Where the functions are wrong in all calls that the check made of them, there is nothing to ask. The check is not
        blamed on them either where it gets past the input on which it fails without any stand-in. This is seen only where the
        functions are not random: of those that are, the noise is another.
        """
        contract = self._context.contract
        self._elsewhere = self._elsewhere or self._sandbox.fresh(None)
        replies = OwnValues(contract, self._elsewhere)
        asked, calls = self._calls
        known = {call.sent.contract.name for call in calls} == {contract.resolved(name) for name in names}
        if asked == result.id and known and replies.wrong_throughout(calls):
            return Trial(Outcome.FAILED, names, flags=tuple(replies.flags))
        trial = self._asked(result, names, replies)
        trial = replace(trial, flags=(*trial.flags, *replies.flags, *self._elsewhere.flags))
        if trial.passes and replies.beyond:
            return replace(trial, outcome=Outcome.FAILED, kind=FailureKind.VALUE)
        random = any(p.name == "generator" for name in names for p in contract[name].parameters)
        if trial.passes or trial.inputs == 1 or random:
            return trial
        alone = self(result, ())
        sooner = alone.outcome is Outcome.FAILED and alone.inputs < trial.inputs
        return replace(trial, outcome=Outcome.PASSED) if sooner else trial

    def _asked(self, result: CheckResult, names: tuple[str, ...], replies: Replies) -> Trial:
        context, task = self._context, result.id.partition(".")[0]
        tasks = {context.contract.resolved(name): name for name in names}  # by Python name
        with self._sandbox.fresh(replies) as sandbox:
            asked = _WithStandIns(sandbox, tuple(tasks))
            student = Student(asked, context.report, context.contract, result.id, context.seed_of(task))
            outcome, failure, error, inputs = _ending(result, student)
            called = tuple(tasks[name] for name in replies.called)
            flags = (*student.flags, *sandbox.flags)
            if failure is None:
                return Trial(outcome, called, error=error, flags=flags, inputs=inputs)
            return Trial(outcome, called, failure.message, error, flags, failure.forms, failure.kind, inputs)

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


def _ending(result: CheckResult, student: Student) -> tuple[Outcome, CheckFailed | None, str, int]:
    """Run a check; return its outcome, how it failed, our own fault, and on how many inputs it was asked."""
    assert result.again is not None
    inputs = _Inputs()
    try:
        until_it_fails(result.again, student, inputs)
    except (KeyboardInterrupt, SystemExit):
        raise
    except Inconclusive:
        return Outcome.INCONCLUSIVE, None, "", inputs.count
    except BaseException as error:
        failure = failure_in(error)
        if failure is None:
            return Outcome.ERROR, None, f"{type(error).__name__}: {error}", inputs.count
        return Outcome.FAILED, failure, "", inputs.count
    return Outcome.PASSED, None, "", inputs.count


@dataclass
class _Inputs:
    """How many inputs a check was asked on so far; one where it draws none."""

    count: int = 0


def until_it_fails(again: Again, student: Student, inputs: _Inputs) -> None:
    """Run a check on the inputs that it was run on, up to its first failure: no smaller input is looked for.

    Raises:
        CheckFailed, CheckStopped, Inconclusive: How it ended, if it did not pass.
    """
    handle: Any = getattr(again.function, "hypothesis", None)
    if handle is None:
        inputs.count = 1
        again.strictly(student)
        return
    own = handle.inner_test

    @functools.wraps(own)
    def stopping(*args: Any, **kwargs: Any) -> None:
        inputs.count += 1
        try:
            own(*args, **kwargs)
        except CheckFailed as failure:
            raise CheckStopped(failure) from None  # Hypothesis passes it on at once

    handle.inner_test = stopping
    try:
        again.strictly(student)
    finally:
        handle.inner_test = own
