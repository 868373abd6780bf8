"""Naming mistakes: a failed check is asked again about every named wrong answer to the same function.

A name is given only if the check sees the same from the wrong answer as from the submission, on every input of its survey, and
if the wrong answer passes what the submission passes. Where several are left, all are named; where none is, nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.loading import Assignment
from autograder.assignment.prices import Mistake
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.checking.compare import find_pattern, relation
from autograder.checking.student import Student
from autograder.diagnosis.combined import Suspect, derived, pairs, suspects_of
from autograder.diagnosis.effort import Counted, Effort, Spent
from autograder.diagnosis.slips import slips_of
from autograder.diagnosis.survey import Again, Survey, could_be
from autograder.diagnosis.surveyor import Surveyor
from autograder.errors import UsageError
from autograder.sandbox.inprocess import OneFunction

MOST_NAMES = 3
FEW_CALLS = 4_000
"""Calls that looking for mistakes which nobody wrote down, and for two at once, may take of the effort for one task."""


OF_NUMBERS: Mapping[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake("scaled", "Every value is the right one times the same number: a factor is missing or one too many."),
        Mistake("shifted", "Every value is off by the same constant: a term is missing or one too many."),
    )
}
"""What is read off the numbers alone."""


@dataclass(frozen=True)
class Diagnosis:
    """What was recognised in a failed check.

    Attributes:
        options: What it can be, each the mistakes that together explain the failure; more than one where the check cannot tell.
        text: The sentences, with the evidence.
    """

    options: tuple[tuple[Mistake, ...], ...]
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all mistakes, each once."""
        return tuple(dict.fromkeys(mistake.name for option in self.options for mistake in option))


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


@dataclass(frozen=True)
class _Case:
    """One task of one submission, to be explained: see `Diagnostician.name`."""

    task: str
    failed: Sequence[Asked]
    passed: Sequence[Asked]
    waiting: Sequence[Callable[[], Asked | None]]
    seed: int
    effort: Effort
    surveyed: list[Asked | None] = field(default_factory=list)

    def skipped(self) -> Iterator[Asked]:
        """Yield the skipped checks with their surveys, which are made when they are first needed."""
        for place, survey in enumerate(self.waiting):
            if place == len(self.surveyed):
                self.surveyed.append(survey())
            if (asked := self.surveyed[place]) is not None:
                yield asked


class Diagnostician:
    """Knows the named wrong answers, and remembers which checks they pass."""

    def __init__(self, assignment: Assignment) -> None:
        """Nothing of the assignment is imported before the first check has failed: most submissions need nothing of it."""
        self._assignment = assignment
        self._contract = assignment.contract
        self._passes: dict[tuple[str, Callable[..., Any], str, int], bool] = {}
        self._unwritten: dict[str, tuple[list[Suspect], list[Suspect]]] = {}

    def knows(self, task: str) -> bool:
        """Whether there are wrong answers to a task: those that were written down, or those that any function's result can have."""
        written = bool(self._assignment.candidates.mistakes(task))
        return written or self._contract.resolved(task) in self._contract.functions

    def recognised(self, task: str, name: str) -> Diagnosis:
        """Return the diagnosis of a check that knows by itself what the mistake is.

        Raises:
            UsageError: The task has no mistake of this name.
        """
        for candidate in self._assignment.candidates.mistakes(task):
            if candidate.name == name and candidate.mistake is not None:
                return Diagnosis(((candidate.mistake,),), candidate.text)
        raise UsageError(f"a check of {task} recognised {name!r}, which its candidates do not name")

    def name(
        self,
        task: str,
        failed: Sequence[Asked],
        passed: Sequence[Asked] = (),
        waiting: Sequence[Callable[[], Asked | None]] = (),
        seed: int = 0,
        effort: Effort | None = None,
        unwritten: bool = True,
    ) -> dict[str, Diagnosis]:
        """Return a diagnosis for each failed check, by check id, where one can be given.

        One wrong answer must explain all that failed, at once, pass what passed, and give what the submission gives in checks
        that were skipped. Where none does, two are looked for that share the failed checks between them, or that are made at
        once. One that explains a part of it may be there too, or may not: it is not named.

        Args:
            task: Whose checks these are.
            failed: The failed checks, with their surveys.
            passed: The passed checks, which a wrong answer must pass too.
            waiting: Surveys of checks that were skipped; made only while something explains the others.
            seed: What the submission's questions were seeded with.
            effort: What asking about wrong answers is counted against.
            unwritten: Whether mistakes are looked for that nobody wrote down, and two at once.

        Raises:
            Spent: The effort is not enough for the mistakes that were written down; nothing is known of the task then.
        """
        if not any(asked.survey is not None and asked.survey.failed for asked in failed):
            return {}  # the failure did not come again
        case = _Case(task, failed, passed, waiting, seed, effort or Effort())
        known = suspects_of(self._assignment.candidates.named(task))
        if found := self._whole(case, known):
            return found
        if not unwritten:
            return {}
        whole, few = case.effort, Effort(min(FEW_CALLS, case.effort.left))
        before = few.left
        case = replace(case, effort=few)
        try:
            if all(asked.survey is None or asked.survey.empty for asked in failed):
                return {}  # where nothing was computed, two mistakes explain everything
            return self._shared(case, known) or self._scaled(case) or self._beyond(case, known)
        except Spent:
            return {}
        finally:
            whole.left -= before - few.left

    def _beyond(self, case: _Case, known: Sequence[Suspect]) -> dict[str, Diagnosis]:
        """Look for what can be done wrong to any result, for one edit of the reference, then for two mistakes at once."""
        name = self._contract.resolved(case.task)
        if name not in self._contract.functions:
            return {}
        contract, reference = self._contract.functions[name], self._assignment.objects[name]
        if case.task not in self._unwritten:
            self._unwritten[case.task] = derived(contract, reference), slips_of(self._assignment, case.task)
        any_result, slips = self._unwritten[case.task]
        two = pairs(contract, reference, known, known)
        # what a random function computes is seen in its distribution alone, so the likelier mistakes have to come first
        order: list[Iterable[Suspect]] = [any_result, two, slips]
        if not any(parameter.name == "generator" for parameter in contract.parameters):
            order = [any_result, slips, two, pairs(contract, reference, known, slips)]
        for suspects in order:
            if found := self._whole(case, suspects, enough=1):
                return found
        return {}

    def _whole(self, case: _Case, among: Iterable[Suspect], enough: int = 1000) -> dict[str, Diagnosis]:
        """Return what one suspect explains alone."""
        # a wrong answer that is not this one is out at the first thing that differs, so failures rule out first
        checks = sorted(case.failed, key=lambda asked: asked.calls)
        shared: list[Suspect] = []
        for suspect in among:
            if (
                self._could(case, suspect)
                and all(self._explains(case, asked, suspect) for asked in checks)
                and self._passes_all(case, suspect)
                and all(self._explains(case, asked, suspect) for asked in case.skipped())
            ):
                shared.append(suspect)
                if len(shared) >= enough:
                    break
        options = tuple(dict.fromkeys(suspect.mistakes for suspect in shared))
        if not 0 < len(options) <= MOST_NAMES:
            return {}
        said = " Or: ".join(dict.fromkeys(" And: ".join(m.text for m in option) for option in options))
        return {a.check_id: Diagnosis(options, f"{said} {evidence(a.survey)}".strip()) for a in case.failed if a.survey}

    def _shared(self, case: _Case, known: Sequence[Suspect]) -> dict[str, Diagnosis]:
        """Return two mistakes that share the failed checks: each of these is explained by one of them, which passes what passed."""
        if len(case.failed) < 2:
            return {}
        explained: dict[str, list[Suspect]] = {}
        for asked in sorted(case.failed, key=lambda asked: asked.calls):
            explained[asked.check_id] = [suspect for suspect in known if self._explains(case, asked, suspect)]
            if not explained[asked.check_id]:
                return {}
        found: dict[str, Diagnosis] = {}
        for asked in case.failed:
            passing = [s for s in explained[asked.check_id] if self._passes_all(case, s)]
            options = tuple(dict.fromkeys(suspect.mistakes for suspect in passing))
            if not 0 < len(options) <= MOST_NAMES or asked.survey is None:
                return {}
            said = " Or: ".join(option[0].text for option in options)
            found[asked.check_id] = Diagnosis(options, f"{said} {evidence(asked.survey)}".strip())
        names = {diagnosis.names for diagnosis in found.values()}
        return found if len(names) == 2 else {}

    def _scaled(self, case: _Case) -> dict[str, Diagnosis]:
        """Return a constant factor or offset, where one explains every number that the failed checks saw, and nothing else failed."""
        relations = []
        for asked in case.failed:
            seen = [] if asked.survey is None else [s for s in asked.survey.seen if not s.ok]
            if not seen or any(s.got is None or s.expected is None or s.draws for s in seen):
                return {}
            if any(s.what.startswith("the gradient") for s in seen):
                return {}  # of a right value
            got, want = (
                torch.cat([_flat(part) for part in parts])
                for parts in ([s.got for s in seen], [s.expected for s in seen])
            )
            relations.append(relation(got, want) if got.shape == want.shape else None)
        first = relations[0]
        if first is None or any(r is None or r[0] != first[0] for r in relations):
            return {}
        kind, number = first
        if any(r is not None and not math.isclose(r[1], number, rel_tol=1e-3) for r in relations):
            return {}
        if kind == "factor" and (not 1e-3 < abs(number) < 1e3 or math.isclose(number, -1.0, rel_tol=1e-3)):
            return {}  # zeros are not a scaled right answer, and a reversed sign has a name of its own
        mistake = OF_NUMBERS["scaled" if kind == "factor" else "shifted"]
        text = mistake.text
        return {
            a.check_id: Diagnosis(((mistake,),), f"{text} {evidence(a.survey)}".strip())
            for a in case.failed
            if a.survey is not None
        }

    def _could(self, case: _Case, suspect: Suspect) -> bool:
        """Look quickly whether a suspect is worth a check."""
        contract = self._contract.functions.get(self._contract.resolved(case.task))
        return contract is None or all(
            asked.survey is None or could_be(asked.survey, suspect.function, contract) for asked in case.failed
        )

    def _explains(self, case: _Case, asked: Asked, suspect: Suspect) -> bool:
        survey = asked.survey
        if survey is None:
            return False
        one = OneFunction(self._contract.resolved(case.task), suspect.function)
        observer = Surveyor(
            Counted(one, case.effort), one.report, self._contract, asked.check_id, case.seed, like=survey.seen
        )
        return asked.again.explains(observer, survey)

    def _passes_all(self, case: _Case, suspect: Suspect) -> bool:
        return all(
            self.passes(case.task, suspect.function, asked, case.seed, case.effort)
            for asked in sorted(case.passed, key=lambda asked: asked.calls)
        )

    def passes(
        self, task: str, function: Callable[..., Any], asked: Asked, seed: int = 0, effort: Effort | None = None
    ) -> bool:
        """Whether a wrong answer passes a check, strictly."""
        key = (task, function, asked.check_id, seed)
        if key not in self._passes:
            one = OneFunction(self._contract.resolved(task), function)
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
    if any(not seen.ok and seen.detail for seen in survey.seen):
        return "(on average it gives what this mistake gives)"
    return f"(this mistake gives the same {where})"


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _flat(value: Tensor | None) -> Tensor:
    return torch.empty(0, dtype=torch.float64) if value is None else value.double().reshape(-1)
