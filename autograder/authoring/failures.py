"""How a check ends when it does not pass. Only these are the student's; any other exception is ours."""

from __future__ import annotations

from autograder.outcomes import Evidence, FailureKind


class CheckFailed(Exception):
    """The student's answer is wrong. Hypothesis may look for a smaller input that fails as well.

    Attributes:
        forms: Names of faults of form (`assignment.prices.FORMS`), where nothing else is wrong.
        brief: What is wrong in two or three words, for an overview, where the kind does not say it.
        mistake: Name of the task's mistake that this is beyond doubt; "" where a name has to be looked for.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        help: str = "",
        evidence: Evidence | None = None,
        lines: tuple[str, ...] = (),
        flag: str = "",
        forms: tuple[str, ...] = (),
        brief: str = "",
        mistake: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.help = help
        self.evidence = evidence
        self.lines = lines
        self.flag = flag
        self.forms = forms
        self.brief = brief
        self.mistake = mistake


class CheckStopped(BaseException):
    """The student's code hung, crashed or ate memory: asking again for a smaller input would cost as much again.

    A `BaseException`, because Hypothesis passes those on at once.
    """

    def __init__(self, failure: CheckFailed) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Inconclusive(Exception):
    """A statistical check ran out of its budget undecided: it earns its points and is marked for staff."""
