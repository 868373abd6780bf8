"""The words and symbols of the reports: every outcome, kind and status has a readable text here."""

from __future__ import annotations

from autograder.records import FailureKind, Outcome

SYMBOLS: dict[str, str] = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.SKIPPED: "–",
    Outcome.ERROR: "!",
    Outcome.INCONCLUSIVE: "?",
    "missing": "○",
    "form": "≈",
}
"""One character per look; always shown together with words."""

OUTCOMES: dict[Outcome, str] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.SKIPPED: "not run",
    Outcome.ERROR: "could not be checked",
    Outcome.INCONCLUSIVE: "waiting for a person",
}
"""What an outcome is called."""

KINDS: dict[FailureKind, str] = {
    FailureKind.MISSING: "not implemented yet",
    FailureKind.IMPORT: "its file could not be imported",
    FailureKind.SIGNATURE: "takes other arguments",
    FailureKind.EXCEPTION: "raises an error",
    FailureKind.TIMEOUT: "takes too long",
    FailureKind.MEMORY: "needs too much memory",
    FailureKind.CRASH: "makes Python crash",
    FailureKind.CONTRACT: "returns something of another type or shape",
    FailureKind.VALUE: "gives a wrong result",
    FailureKind.POLICY: "breaks a rule of the assignment",
}
"""Why a check failed, as the end of a sentence that begins with the task."""

OTHER_KINDS: dict[str, dict[FailureKind, str]] = {
    "answers": {
        FailureKind.MISSING: "not answered yet",
        FailureKind.CONTRACT: "not in the form that is asked for",
        FailureKind.VALUE: "not right",
    },
    "document": {
        FailureKind.MISSING: "not handed in",
        FailureKind.CONTRACT: "cannot be read as it is",
        FailureKind.VALUE: "not as it is asked for",
    },
}
"""The same for work that is no function, by the kind of its task."""

ERROR_CHECK = (
    "This could not be checked because of a fault of the grader. It is not your mistake, and no grade is issued until "
    "it has been checked again or a person has looked at it."
)
"""What a student reads in place of our own error message."""

INCONCLUSIVE_CHECK = (
    "Your function is random, and its results vary so much that all the draws we made do not decide whether it is right; with a right "
    "function that happens less than once in a million times. It earns nothing by itself: a person will look at it."
)
"""What an undecided statistical check means."""

ERROR_PAGE = (
    "Your submission could not be graded because of a fault of the grader. You lose nothing: no score has been issued, "
    "and the course staff will see to it that your submission is graded."
)
"""The whole message of a student page with status `error`."""

REJECTED_PAGE = "Your submission could not be read, so nothing in it has been graded."
"""What comes before the reason on a page with status `rejected`."""

REJECTED_ADVICE = (
    "Correct what the message above describes and hand in again. If you believe that your submission is in order, "
    "send this page to the course staff."
)
"""What comes after the reason."""

CARRIED: dict[str, str] = {
    "never": "Not charged again:",
    "half": "Charged by half:",
    "always": "Charged here too:",
}
"""What a failure costs that comes from another task, by the rubric's `carry`: before the sentence that says whence."""


SEVERITIES: dict[str, str] = {
    "form": "right, in another form",
    "slip": "a slip",
    "gap": "a part of the idea is missing",
    "empty": "the idea is missing",
}
"""How grave a mistake is."""

IN_PROPORTION = "What these are worth is earned in the same share as what the values are worth."
"""What is said where checks passed that form alone passes too."""


def failure(task_kind: str, kind: FailureKind | None) -> str:
    """Why a check of such a task failed."""
    if kind is None:
        return OUTCOMES[Outcome.FAILED]
    return OTHER_KINDS.get(task_kind, {}).get(kind) or KINDS[kind]


def has_code(task_kind: str) -> bool:
    """Whether a task of this kind is checked by running the submission."""
    return task_kind not in OTHER_KINDS


def verdict(task_kind: str, kind: FailureKind | None) -> str:
    """The word at a failed check: for a function that it failed, for other work in what way."""
    return OUTCOMES[Outcome.FAILED] if has_code(task_kind) else failure(task_kind, kind)


def device(name: str) -> str:
    """A device in words."""
    if name.startswith("cuda"):
        return f"graphics processor (`{name}`)"
    return "processor (CPU)" if name == "cpu" else name
