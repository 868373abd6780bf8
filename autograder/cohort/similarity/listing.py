"""Both sources of a pair with marks: which lines were not compared, which stand on one side only, and what matches what. Pure."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from autograder.cohort.similarity.prints import Alike
from autograder.cohort.similarity.remaining import Remaining
from autograder.intake import printable
from autograder.similarity_records import GIVEN, OWN, ListedPiece

_GAP = 3
"""Matching lines in a row are one part also where so many lines less one stand between them: comments, blank ones."""

_Ints = npt.NDArray[np.int64]


def listed(one: Remaining, other: Remaining, found: Alike) -> tuple[tuple[ListedPiece, ...], tuple[ListedPiece, ...]]:
    """Return both sources, with the same numbers at what matches.

    A part is a number of lines below each other in one file or cell, so that a function is a part of its own where the others stand
    elsewhere. Parts are numbered on the left; on the right, each has the number of the part with which it has most in common.
    """
    parts = [_parts(side, slices) for side, slices in zip((one, other), found.slices, strict=True)]
    lines = [_lines_at(side, found.matches[:, column]) for column, side in enumerate((one, other))]
    counts: dict[int, Counter[int]] = {}
    for left, right in zip(parts[0][lines[0]].tolist(), parts[1][lines[1]].tolist(), strict=True):
        counts.setdefault(right, Counter())[left] += 1
    numbers = {right: max(of, key=lambda left: (of[left], -left)) for right, of in counts.items()}
    right_marks = np.array([numbers.get(part, OWN) for part in parts[1].tolist()], np.int64)
    return _marked(one, parts[0]), _marked(other, right_marks)


def _begins(side: Remaining) -> _Ints:
    """Return where the lines of the text that is compared begin."""
    return np.cumsum([0, *(len(line) + 1 for line in side.text.split("\n"))])[:-1]


def _lines_at(side: Remaining, places: _Ints) -> _Ints:
    return np.searchsorted(_begins(side), places, "right") - 1


def _parts(side: Remaining, slices: list[tuple[int, int]]) -> _Ints:
    """Return for each line that is compared the number of its part, from 1; `OWN` where less than half of it matches."""
    begins = _begins(side)
    ends = np.append(begins[1:] - 1, len(side.text))
    covered = np.zeros(len(side.places), np.int64)
    for start, end in slices:
        first, last = _lines_at(side, np.array([start, max(start, end - 1)]))
        of = slice(first, last + 1)
        covered[of] += np.minimum(ends[of], end) - np.maximum(begins[of], start)
    parts = np.full(len(side.places), OWN, np.int64)
    part, before = 0, (-1, 0)
    # a passage often ends with the first letters of another line
    for line in np.flatnonzero(2 * covered >= np.maximum(ends - begins, 1)[: len(covered)]).tolist():
        piece, number = side.places[line].tolist()
        part += piece != before[0] or number - before[1] > _GAP
        before = (piece, number)
        parts[line] = part
    return parts


def _marked(side: Remaining, marks_of_lines: _Ints) -> tuple[ListedPiece, ...]:
    lines = [piece.source.split("\n") for piece in side.pieces]
    marks = [[GIVEN] * len(of) for of in lines]
    for (piece, line), mark in zip(side.places.tolist(), marks_of_lines.tolist(), strict=True):
        marks[piece][line] = mark
    return tuple(
        ListedPiece(path=printable(piece.path, 200), label=printable(piece.label), lines=tuple(of), marks=tuple(its))
        for piece, of, its in zip(side.pieces, lines, marks, strict=True)
    )
