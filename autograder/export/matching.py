"""Finding students in the file of a platform."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from autograder.errors import UsageError
from autograder.export.formats import Result
from autograder.export.results import people, whose
from autograder.records import Member


@dataclass(frozen=True)
class Level:
    """One way to find somebody.

    Attributes:
        sought: What to look for, of a result and one of its people.
        there: What each row has.
        is_a_name: Whether two students could share it.
    """

    sought: Callable[[Result, Member], Iterable[str]]
    there: Mapping[int, Iterable[str]]
    is_a_name: bool = False

    @cached_property
    def index(self) -> Mapping[str, set[int]]:
        """The rows that have a value."""
        index: dict[str, set[int]] = {}
        for row, values in self.there.items():
            for value in values:
                if plain := _plain(value):
                    index.setdefault(plain, set()).add(row)
        return index

    def rows(self, result: Result, member: Member) -> set[int]:
        """Return the rows that have what is looked for."""
        return {row for value in self.sought(result, member) for row in self.index.get(_plain(value), ())}


@dataclass(frozen=True)
class Matches:
    """Which row belongs to which result.

    Attributes:
        rows: The result of each row that was found.
        remarks: Who was not found, or by the name alone, in sentences.
    """

    rows: Mapping[int, Result]
    remarks: tuple[str, ...]


def match(results: Iterable[Result], levels: Sequence[Level], file: str) -> Matches:
    """Return which row of a platform's file belongs to whom: by the first level on which a row has what is looked for.

    Args:
        results: Everybody; each member of a group has a row of its own.
        levels: The ways to find somebody, the surest first. Where several rows have it, none is chosen.
        file: Its name for messages.

    Raises:
        UsageError: Two results belong to one row.
    """
    rows: dict[int, Result] = {}
    remarks = []
    for result in results:
        for member in people(result):
            who = f"{whose(result)}: {member.name or member.id or member.email}"
            found = ((level, level.rows(result, member)) for level in levels)
            level, there = next(((level, there) for level, there in found if there), (levels[-1], set()))
            if len(there) != 1:
                why = "several rows fit" if there else "there is no such row"
                remarks.append(f"{who} is not found in {file} ({why}): nothing is written for this person")
                continue
            (row,) = there
            if level.is_a_name and member.id:
                remarks.append(f"{who} is found in {file} by the name alone, not by {member.id}: look at row {row + 1}")
            if rows.setdefault(row, result) is not result:
                raise UsageError(
                    f"{whose(rows[row])} and {whose(result)} are both for row {row + 1} of {file}: "
                    "move the one that does not count to another folder"
                )
    return Matches(rows, tuple(remarks))


def _plain(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def name_forms(written: str) -> Iterator[str]:
    """Yield a name as it is written, and `Doe, Jane` as `Jane Doe`."""
    yield written
    last, comma, first = written.partition(",")
    if comma and "," not in first:
        yield f"{first} {last}"
