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


EARNS = frozenset({Outcome.PASSED, Outcome.INCONCLUSIVE})
"""Outcomes with which a check earns its points."""


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
        called: The call, `kl_standard_normal(mean=tensor(...), log_var=...)`, shortened.
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
