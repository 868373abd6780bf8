"""How a check can end. Plain Python: the student's kit uses it without the libraries that records need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check or a task ended (see docs/architecture.md, Words)."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"


EARNS = frozenset({Outcome.PASSED})
"""Outcomes with which a check earns its points. One that could not be decided earns none by itself: a right answer is undecided less
than once in a million times, and noise can be made for it. It waits for a person."""


class FailureKind(StrEnum):
    """Why a check failed: always something of the student's."""

    MISSING = "missing"
    IMPORT = "import"
    SIGNATURE = "signature"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    CONTRACT = "contract"
    VALUE = "value"
    POLICY = "policy"


@dataclass(frozen=True)
class Evidence:
    """The smallest failing input of a check, in words. Shown to students only where the check is revealed.

    Attributes:
        called: The call, `scaled_sum(x=tensor(...), weights=...)`, shortened.
        got: What came back.
        expected: What should have come back.
        difference: How far off, in the policy's terms.
        reproduce: A snippet that shows the same failure when pasted into Python beside the submission.
    """

    called: str = ""
    got: str = ""
    expected: str = ""
    difference: str = ""
    reproduce: str = ""


@dataclass(frozen=True)
class Judged:
    """What a kind of work that asks no function (answers, documents) says of one check.

    Attributes:
        name: Second half of the check's id.
        title: The line that the student reads.
        kind: Set when `outcome` is `failed`.
        message: One or two sentences that are safe for students: what is right is not said.
        help: What to look at.
        evidence: What was handed in; nothing in it is secret.
    """

    name: str
    title: str
    outcome: Outcome
    kind: FailureKind | None = None
    message: str = ""
    help: str = ""
    evidence: Evidence | None = None
