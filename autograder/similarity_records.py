"""Whose code looks like whose, as frozen records: `similarity.json` is a `SimilarityRecord`. A list to look at; they decide nothing.

A *share* is how much of what remains of a submission stands in the other one as well: a float from 0 to 1.
"""

from __future__ import annotations

from typing import Literal

from autograder.handed_in import Record

GIVEN = -1
"""The mark of a line that is not compared: it was given, or says nothing."""
OWN = 0
"""The mark of a line that is compared and stands on one side only."""


class Side(Record):
    """One of the two submissions of a pair.

    Attributes:
        key: The name of its folder of reports.
        download: Where it comes from, if it is no submission of this class: the name of what `--also` named.
        name: Who handed it in.
        share: How much of it stands in the other one.
        size: How much of it is compared, in characters without names, spaces and comments.
        is_cut: Whether there was more of it than is compared.
    """

    key: str
    download: str
    name: str
    share: float
    size: int
    is_cut: bool = False


class Pair(Record):
    """Two submissions that have something in common.

    Attributes:
        page: The file with both sources, beside the list.
        alike: How much stands in both, counted on the left, in characters as in `Side.size`.
    """

    page: str
    left: Side
    right: Side
    alike: int


class NotCompared(Record):
    """A submission that stands in no pair, whatever is in it.

    Attributes:
        why: A sentence.
    """

    key: str
    download: str
    why: str


class SimilarityRecord(Record):
    """What was found in a class.

    Attributes:
        kind: Says what this is, for whoever finds the file.
        title: Of the assignment.
        compared, earlier: How many submissions of this class and of others were compared.
        of_one_owner: How many pairs were left out because the same student or group handed in both.
        given_statements: How many statements count as given.
        shared_by: Passages that stand in more than so many submissions do not count.
        passages: How many these are.
        least, most: Pairs with a smaller mean share, and those after the first so many, are not listed.
        more: How many pairs reach `least` and are not listed.
        remarks: What was left out of a download, in sentences.
        pairs: The largest mean share first.
    """

    schema_version: Literal[1] = 1
    kind: Literal["a list to look at, never a verdict"] = "a list to look at, never a verdict"
    title: str
    compared: int
    earlier: int
    of_one_owner: int
    given_statements: int
    shared_by: int
    passages: int
    least: float
    most: int
    more: int
    remarks: tuple[str, ...]
    not_compared: tuple[NotCompared, ...]
    pairs: tuple[Pair, ...]

    def to_json(self) -> str:
        """The canonical text of `similarity.json`: one line, non-ASCII kept, a final newline."""
        return self.model_dump_json() + "\n"


class ListedPiece(Record):
    """A file, or a cell of a notebook, of one side.

    Attributes:
        path, label: Of the file; of the cell, "" for a whole file.
        lines: As they were handed in.
        marks: For each line `GIVEN`, `OWN`, or the number of the matching part that it belongs to, from 1.
    """

    path: str
    label: str
    lines: tuple[str, ...]
    marks: tuple[int, ...]


class PairSources(Record):
    """Both sources of a pair, with the parts that match: a part has the same number on both sides."""

    pair: Pair
    left: tuple[ListedPiece, ...]
    right: tuple[ListedPiece, ...]
