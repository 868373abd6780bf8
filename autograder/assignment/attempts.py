"""Which of several attempts of a student counts, as `rubric.yaml` says under `attempts`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autograder.records import Record


class Attempts(Record):
    """Which attempt counts where a student has handed in more than once.

    Attributes:
        counts: The last one, or the one with the most points after what it costs to be late; of equal ones the earlier.
        at_most: Only the first so many can count; None for all.
    """

    counts: Literal["last", "best"] = "last"
    at_most: int | None = Field(default=None, ge=1)

    @property
    def needs_all(self) -> bool:
        """Whether attempts before the newest one can decide: then what was handed in before has to be known."""
        return self != Attempts()

    def may_count(self, number: int) -> bool:
        """Whether the attempt of this number, from 1, can count."""
        return self.at_most is None or number <= self.at_most
