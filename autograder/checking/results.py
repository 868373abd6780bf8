"""What a session of checks is given, and what it finds: the context of a submission, and how every check ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from autograder.assignment.contract import Contract
from autograder.assignment.prices import Mistake
from autograder.checking.oracle import Oracle
from autograder.outcomes import Evidence, FailureKind, Outcome
from autograder.sandbox.questions import Asked, LoadReport

if TYPE_CHECKING:  # scipy, which the student's kit does without
    from autograder.checking.repeats import Repeats
    from autograder.checking.statistics import Verdict


class Named(Protocol):
    """What was recognised in a failure: mistakes, and a text with the evidence."""

    @property
    def options(self) -> tuple[tuple[Mistake, ...], ...]:
        """What it can be, the likeliest first: mistakes that together explain the failure."""
        ...

    @property
    def text(self) -> str:
        """What a student reads."""
        ...


class Follower(Protocol):
    """Looks closer at checks that have ended: the diagnosis, where there is one."""

    def ended(self, item: pytest.Item, result: CheckResult, context: Context) -> None:
        """A check has ended, and its fixtures are still alive."""
        ...

    def finished(self, context: Context, results: Mapping[str, CheckResult]) -> None:
        """All checks of a submission have ended."""
        ...


@dataclass
class CheckResult:
    """What one check found; the grading process adds weights and points.

    Attributes:
        error: Our own traceback, when the outcome is `error`.
        verdicts: What its statistical tests said.
        calls: How many calls of the submission's functions it made.
        after: The checks that it waits for.
        carried_from: Whose failure this one repeats: see `carry`.
        given: Whether its points are earned in proportion to what the task's other checks earn.
        brief: What is wrong in two or three words.
        forms: Names of faults of form, where it failed for nothing else.
        mistake: Name of the mistake that the check itself recognised.
        coerced: What of the form of answers was undone, message by name.
        tolerance_used: Largest share of the tolerance that an answer used.
        again, surveyed: Kept by the follower: the check, to be asked again, and everything that it saw.
    """

    id: str
    title: str
    visibility: str
    outcome: Outcome
    kind: FailureKind | None = None
    message: str = ""
    help: str = ""
    evidence: Evidence | None = None
    diagnosis: Named | None = None
    waits_for: str | None = None
    after: tuple[str, ...] = ()
    carried_from: str | None = None
    lines: tuple[str, ...] = ()
    printed: str = ""
    flags: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    verdicts: tuple[Verdict, ...] = ()
    given: bool = False
    brief: str = ""
    forms: tuple[str, ...] = ()
    mistake: str = ""
    coerced: Mapping[str, str] = field(default_factory=dict)
    tolerance_used: float = 0.0
    again: Any = field(default=None, repr=False)
    surveyed: Any = field(default=None, repr=False)

    @property
    def blocks(self) -> bool:
        """Whether checks that wait for this one are not run: a fault of form stops nothing."""
        return self.outcome not in (Outcome.PASSED, Outcome.INCONCLUSIVE) and not self.forms


@dataclass
class Context:
    """What the fixtures hand to checks.

    Attributes:
        oracle: None on a student's own machine.
        extras: The training run of every training task.
        follower: Looks closer at what failed.
        repeats: Remembers calls whose values were right, to ask some of them again.
        seeds: By task: seeds what Hypothesis draws, and shifts every random seed that a check asks with.
        seed: The same for tasks that are not in `seeds`.
    """

    asked: Asked
    report: LoadReport
    contract: Contract
    oracle: Oracle | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    follower: Follower | None = None
    repeats: Repeats | None = None
    seeds: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0

    def seed_of(self, task: str) -> int:
        """Return the seed of a task's questions."""
        return self.seeds.get(task, self.seed)
