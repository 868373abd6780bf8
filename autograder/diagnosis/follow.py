"""What the diagnosis does while checks run: it surveys those that fail, and names mistakes when all have ended."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

from autograder.authoring.marks import VECTORISED
from autograder.checking.results import CheckResult, Context
from autograder.diagnosis.effort import Counted, Effort, Spent
from autograder.diagnosis.naming import Asked, Diagnostician
from autograder.diagnosis.survey import Again
from autograder.diagnosis.surveyor import Surveyor
from autograder.outcomes import FailureKind, Outcome
from autograder.sandbox.scripts import AskedMore

_NOT_ASKED_AGAIN = frozenset(
    {FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY, FailureKind.POLICY, FailureKind.MISSING}
)
"""Failures that no input cures and that cost time: they are not surveyed."""


def _own(task: str, results: Mapping[str, CheckResult]) -> list[CheckResult]:
    """Return the results of a task that say what it computes."""
    return [result for result in results.values() if result.id.partition(".")[0] == task and not _counts(result.id)]


def _counts(check_id: str) -> bool:
    """Whether a check counts operations: it asks how a function works, which says nothing of what it computes."""
    return check_id.partition(".")[2] == VECTORISED


class Following:
    """Follows the checks of a session, see `autograder.checking.results.Follower`.

    Attributes:
        faults: What went wrong in looking for names: our fault, which costs no more than the name.
        undiagnosed: Tasks for which no name was looked for, because the effort was spent.
        seconds: What surveys and names took.
    """

    def __init__(
        self,
        diagnostician: Diagnostician | None = None,
        effort: Effort | None = None,
        *,
        in_two_steps: bool = False,
        built_from: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Without a diagnostician checks can be asked again, and no name is looked for; `effort` is for all checks together.

        With `in_two_steps` mistakes that nobody wrote down are looked for in `finish` alone: by then it is known which failures come
        from other functions, and those need no names. For the same reason a task whose functions `built_from` failed before is not
        looked at before then: what it gets wrong by itself, `name_given` tells.
        """
        self._in_two_steps = in_two_steps
        self._built_from = built_from or {}
        self._failed: set[str] = set()
        self._postponed: set[str] = set()
        self._diagnostician = diagnostician
        self._effort = effort or Effort()
        self.faults: list[str] = []
        self.undiagnosed: list[str] = []
        self.seconds = 0.0
        self._given: set[str] = set()

    def ended(self, item: pytest.Item, result: CheckResult, context: Context) -> None:
        """Remember how to ask a check again, and survey a failed one."""
        task = result.id.partition(".")[0]
        result.again = Again.of(item, context.seed_of(task))
        if self._diagnostician is None or result.outcome is not Outcome.FAILED:
            return
        self._failed.add(task)
        if result.forms or result.mistake:
            return
        if result.kind in _NOT_ASKED_AGAIN:
            return
        if not self._failed.isdisjoint(self._built_from.get(task, ())):
            self._postponed.add(result.id)
            return
        with self._name_at_most(result.id), self._within(task):
            if self._diagnostician.knows(task):
                result.surveyed = self._survey(result, context)

    def finished(self, context: Context, results: Mapping[str, CheckResult]) -> None:
        """Name mistakes, now that it is known what else of the same task failed."""
        for result in results.values():
            if self._diagnostician is not None and result.mistake:
                with self._name_at_most(result.id):
                    result.diagnosis = self._diagnostician.recognised(result.id.partition(".")[0], result.mistake)
        for task in dict.fromkeys(check_id.partition(".")[0] for check_id in results):
            self._name(task, _own(task, results), context, unwritten=not self._in_two_steps)

    def finish(self, context: Context, results: Mapping[str, CheckResult]) -> None:
        """Look for mistakes that nobody wrote down in tasks of which something failed without a name, and is not carried."""
        for task in dict.fromkeys(check_id.partition(".")[0] for check_id in results):
            own = [result for result in _own(task, results) if result.carried_from is None]
            if not any(result.diagnosis is not None for result in own) and task not in self._given:
                with self._name_at_most(task), self._within(task):
                    for result in own:
                        # what turned out to be nothing but form has no mistake to be named
                        if result.id in self._postponed and result.surveyed is None and not result.forms:
                            result.surveyed = self._survey(result, context)
                self._name(task, own, context)

    def name_given(self, task: str, results: Mapping[str, CheckResult], context: Context, asked: AskedMore) -> None:
        """Name the mistakes of a task again, of which something failed without a name, as they are given right collaborators.

        Args:
            task: Its id.
            results: How every check ended, by id; failures that are carried are known.
            context: The submission.
            asked: The submission, with other functions of it stood in for.
        """
        if self._diagnostician is None:
            return
        own = [result for result in _own(task, results) if result.carried_from is None]
        failed = [result for result in own if result.outcome is Outcome.FAILED and not result.forms]
        if not failed or any(r.diagnosis is not None or r.kind in _NOT_ASKED_AGAIN for r in failed):
            return
        with self._name_at_most(task), self._within(task):
            for result in failed:
                result.surveyed = self._survey(result, context, asked)
        self._given.add(task)
        self._name(task, own, context, asked)

    def _name(
        self,
        task: str,
        own: Sequence[CheckResult],
        context: Context,
        asked: AskedMore | None = None,
        *,
        unwritten: bool = True,
    ) -> None:
        failed = [result.surveyed for result in own if result.surveyed is not None]
        if self._diagnostician is None or not failed:
            return
        passed = [
            Asked(r.id, r.again, calls=r.calls) for r in own if r.outcome is Outcome.PASSED and r.again is not None
        ]
        waiting = [functools.partial(self._survey, r, context, asked) for r in own if r.outcome is Outcome.SKIPPED]
        by_id = {result.id: result for result in own}
        with self._name_at_most(task), self._within(task):
            named = self._diagnostician.name(
                task,
                failed,
                passed,
                waiting,
                seed=context.seed_of(task),
                effort=self._effort,
                unwritten=unwritten,
            )
            for check_id, diagnosis in named.items():
                by_id[check_id].diagnosis = diagnosis

    def _survey(self, result: CheckResult, context: Context, asked: AskedMore | None = None) -> Asked | None:
        """Ask a check again, in full."""
        if result.again is None:
            return None
        seed = context.seed_of(result.id.partition(".")[0])
        counted = Counted(asked or cast(AskedMore, context.asked), self._effort)
        surveyor = Surveyor(counted, context.report, context.contract, result.id, seed)
        with self._name_at_most(result.id):
            survey = result.again.survey(surveyor)
            result.flags = tuple(dict.fromkeys([*result.flags, *surveyor.flags]))
            return None if survey is None else Asked(result.id, result.again, survey, result.calls)
        return None

    @contextmanager
    def _within(self, task: str) -> Iterator[None]:
        """Leave a task without a name when the effort is spent."""
        started = time.monotonic()
        try:
            yield
        except Spent:
            if task not in self.undiagnosed:
                self.undiagnosed.append(task)
        finally:
            self.seconds += time.monotonic() - started

    @contextmanager
    def _name_at_most(self, what: str) -> Iterator[None]:
        """A name is a help, given after the outcome is settled: a fault of ours in finding it must cost no more than the name."""
        try:
            yield
        except Exception as error:
            self.faults.append(f"no mistake could be looked for in {what} ({type(error).__name__}: {error})")
