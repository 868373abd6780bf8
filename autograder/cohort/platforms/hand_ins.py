"""What every platform's module makes of a download: who handed in what, before anything is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.cohort.platforms.download import Item
from autograder.intake import printable
from autograder.intake.text import without_surrogates
from autograder.records import About

_LONGEST = 200
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Characters that turn the direction of all text after them. Marks of one word, which names do hold, are left alone."""
_NAMED = 5


@dataclass(frozen=True)
class HandIn:
    """One submission of a class.

    Attributes:
        called: What its key is made of, beside `about.platform_id`.
        about: Who handed it in and when.
        files: Relative path -> file, to be put into one folder.
        place: Where it lies already; then there are no `files`.
        problem: Why there is nothing to grade.
        student: Who handed it in, where that is known: what has the same here are attempts of one student; "" for whoever is alone.
    """

    called: str
    about: About
    files: tuple[tuple[str, Item], ...] = ()
    place: Path | None = None
    problem: str = ""
    student: str = ""


Read = tuple[list[HandIn], list[str]]
"""What a platform's module makes of a download: submissions, and remarks in sentences."""


def told(text: str) -> str:
    """What a platform says of a person, as it says it, but for characters that no record or page can hold; at most 200 of them."""
    safe = (
        "\N{REPLACEMENT CHARACTER}" if char in _TURNING or unicodedata.category(char) == "Cc" else char
        for char in without_surrogates(text[:_LONGEST])
    )
    return "".join(safe).strip()


def mostly(part: int, whole: int) -> bool:
    """Whether `part` is most of `whole`, and not nothing."""
    return 2 * part > whole


def left_out(names: Iterable[str], why: str) -> str:
    """The remark about what does not count; "" where there is none of it."""
    every = list(names)
    return f"Left out, {why}: {listed(every)}." if every else ""


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: all of them, or five and how many more there are."""
    every = [printable(name, 80) for name in names]
    more = len(every) - _NAMED
    return ", ".join(every[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
