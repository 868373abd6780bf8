"""Naming a misconception: a failed check is asked again about every named wrong answer to the same function.

A name is given only if the check sees the same from the wrong answer as from the submission, on every input of its survey, and
if the wrong answer passes what the submission passes. Where several are left, all are named; where none is, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from autograder.assignment.candidates import Candidate, Candidates
from autograder.assignment.contract import Contract
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.checking.compare import find_pattern
from autograder.checking.student import Student
from autograder.diagnosis.effort import Counted, Effort
from autograder.diagnosis.survey import Again, Survey, Surveyor
from autograder.sandbox.inprocess import OneFunction

MOST_NAMES = 3


@dataclass(frozen=True)
class Diagnosis:
    """What was recognised: the names, joined, and a text with the evidence."""

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Asked:
    """One check of one task, as it ended and as it can be asked again.

    Attributes:
        survey: Everything that it saw, when it failed.
        calls: How many calls it made: the cheapest checks rule out first.
    """

    check_id: str
    again: Again
    survey: Survey | None = None
    calls: int = 0


class Diagnostician:
    """Knows the named wrong answers, and remembers which checks they pass."""

    def __init__(self, candidates: Callable[[], Candidates], contract: Contract) -> None:
        """`candidates` is called when the first check has failed: most submissions need none of them."""
        self._load = candidates
        self._contract = contract
        self._passes: dict[tuple[str, Candidate, str, int], bool] = {}

    @cached_property
    def _candidates(self) -> Candidates:
        return self._load()

    def knows(self, task: str) -> bool:
        """Whether there are named wrong answers to a task."""
        return bool(self._candidates.mistakes(task))

    def name(
        self,
        task: str,
        failed: Sequence[Asked],
        passed: Sequence[Asked] = (),
        waiting: Sequence[Callable[[], Asked | None]] = (),
        seed: int = 0,
        effort: Effort | None = None,
    ) -> dict[str, Diagnosis]:
        """Return a diagnosis for each failed check, by check id, where one can be given.

        A wrong answer must explain all that failed, at once, pass what passed, and give what the submission gives in
        checks that were skipped. One that explains a part of it may be there too, or may not: it is not named.

        Args:
            task: Whose checks these are.
            failed: The failed checks, with their surveys.
            passed: The passed checks, which a wrong answer must pass too.
            waiting: Surveys of checks that were skipped; made only while something explains the others.
            seed: What the submission's questions were seeded with.
            effort: What asking about wrong answers is counted against.

        Raises:
            Spent: The effort is not enough; nothing is known of the task then.
        """
        # a loop over the batch is a matter of its own, which says nothing of what is computed
        failed = [asked for asked in failed if asked.survey is None or not asked.survey.counted] or failed
        if not any(asked.survey is not None and asked.survey.failed for asked in failed):
            return {}  # the failure did not come again
        effort = effort or Effort()
        shared = list(self._candidates.named(task))
        # a wrong answer that is not this one is out at the first thing that differs, so failures rule out first
        for asked in sorted(failed, key=lambda asked: asked.calls):
            shared = self._explaining(task, asked, shared, seed, effort)
        for asked in sorted(passed, key=lambda asked: asked.calls):
            shared = [mistake for mistake in shared if self.passes(task, mistake, asked, seed, effort)]
        for survey in waiting:
            if shared and (asked_too := survey()) is not None:
                shared = self._explaining(task, asked_too, shared, seed, effort)
        names = tuple(dict.fromkeys(mistake.name for mistake in shared))
        if not 0 < len(names) <= MOST_NAMES:
            return {}
        explanations = " Or: ".join(dict.fromkeys(mistake.text for mistake in shared))
        return {
            a.check_id: Diagnosis(names, f"{explanations} {evidence(a.survey)}".strip()) for a in failed if a.survey
        }

    def _explaining(
        self, task: str, asked: Asked, among: Sequence[Candidate], seed: int, effort: Effort
    ) -> list[Candidate]:
        survey = asked.survey
        if survey is None:
            return []
        found = []
        for mistake in among:
            one = OneFunction(self._contract.resolved(task), mistake.function)
            observer = Surveyor(
                Counted(one, effort), one.report, self._contract, asked.check_id, seed, like=survey.seen
            )
            if asked.again.explains(observer, survey):
                found.append(mistake)
        return found

    def passes(self, task: str, mistake: Candidate, asked: Asked, seed: int = 0, effort: Effort | None = None) -> bool:
        """Whether a wrong answer passes a check, strictly."""
        key = (task, mistake, asked.check_id, seed)
        if key not in self._passes:
            one = OneFunction(self._contract.resolved(task), mistake.function)
            try:
                counted = Counted(one, effort or Effort())
                asked.again.strictly(Student(counted, one.report, self._contract, asked.check_id, seed))
            except Inconclusive:
                self._passes[key] = True
            except (CheckFailed, CheckStopped, Exception):
                self._passes[key] = False
            else:
                self._passes[key] = True
        return self._passes[key]


def evidence(survey: Survey) -> str:
    """Say in what the submission agrees with a mistake: how far off it is where one number says it, what and how often else."""
    numbers = [s for s in survey.seen if s.got is not None and s.expected is not None]
    wrong = {seen.what for seen in numbers if not seen.ok}
    pairs = [(_flat(s.got), _flat(s.expected)) for s in numbers if s.what in wrong]
    count = len(survey.examples)
    where = f"on all {count} inputs" if count > 1 else "on the input that was tried"
    if pairs:
        got, want = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        lost = int((~got.isfinite()).sum())
        if lost:
            return f"({lost} of {len(got)} numbers are NaN or infinite, where this mistake makes them so)"
        if pattern := find_pattern(got, want):
            return f"({where}: {pattern})"
        verb = "is" if len(wrong) == 1 else "are"
        return f"({where} {_joined(sorted(wrong))} {verb} what this mistake gives)"
    if judged := [seen.detail for seen in survey.seen if not seen.ok and seen.detail]:
        return f"({judged[0].partition('; ')[0]}; this mistake gives the same)"
    return f"(this mistake gives the same {where})"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _flat(value: Tensor | None) -> Tensor:
    return torch.empty(0, dtype=torch.float64) if value is None else value.double().reshape(-1)
