"""What a diagnosis may cost: a number of calls, counted, so that neither the machine nor its load decides what gets a name."""

from __future__ import annotations

from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import AskedMore, RunScript, ScriptAnswer

MOST_CALLS = 30_000
"""Calls of functions for one submission; one with a fault in 11 of 13 tasks needs 5,200."""
_SCRIPT = 1000
"""Running a script costs as much as so many calls."""


class Spent(BaseException):
    """The effort is spent. A `BaseException`, because Hypothesis and checks pass those on at once."""


class Effort:
    """A budget of calls.

    Attributes:
        left: How many calls may still be made.
    """

    def __init__(self, calls: int = MOST_CALLS) -> None:
        self.left = calls

    def spend(self, calls: int) -> None:
        """Take calls from the budget.

        Raises:
            Spent: There are not so many left.
        """
        if calls > self.left:
            self.left = 0
            raise Spent
        self.left -= calls


class Counted:
    """Asks somebody, and counts every call."""

    def __init__(self, asked: AskedMore, effort: Effort) -> None:
        self._asked = asked
        self._effort = effort

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        self._effort.spend(max(1, question.repeat))
        return self._asked.call(question)

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        self._effort.spend(1)
        return self._asked.inspect(question)

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a file as a script."""
        self._effort.spend(_SCRIPT)
        return self._asked.run_script(question)
