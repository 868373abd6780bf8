"""What remains of a submission when what its author was given is taken away: lines, each with the place where it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograder.cohort.similarity.statements import statements
from autograder.records import SourceFile

MOST_CHARACTERS = 300_000
"""As much code of one submission is compared; a year of a student's work is less."""
MOST_READ = 2_000_000
"""As much is looked at in search of that, given or not."""
LONGEST_LINE = 2_000
"""Longer lines hold data, not code."""


@dataclass(frozen=True)
class Given:
    """What students were given, as far as it can stand in what they hand in.

    Attributes:
        statements: Keys of its statements.
        lines: Its lines without indentation, for code that is no Python.
        texts: All of it, file by file or cell by cell.
    """

    statements: frozenset[bytes]
    lines: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """A file, or a cell of a notebook, as it was handed in.

    Attributes:
        path: Of the file.
        label: Of the cell; "" for a whole file.
        source: All of it.
    """

    path: str
    label: str
    source: str


@dataclass(frozen=True)
class Remaining:
    """What remains of a submission.

    Attributes:
        pieces: In the order of their paths and cells.
        text: The lines that remain, without indentation, one below the other. Nothing else is compared.
        places: For each line of `text`, (position in `pieces`, position among its lines), shape (lines, 2).
        is_cut: Whether there was more than is compared.
    """

    pieces: tuple[Piece, ...]
    text: str
    places: npt.NDArray[np.int32]
    is_cut: bool


def given_in(texts: Iterable[str]) -> Given:
    """Return what files that were given come to; a text that is no Python counts by its lines."""
    every = tuple(texts)
    keys = {one.key for text in every for one in statements(text) or () if one.key}
    lines = {line.strip() for text in every for line in text.split("\n")}
    return Given(frozenset(keys), frozenset(lines), every)


def remaining(sources: Iterable[SourceFile], given: Given) -> Remaining:
    """Return what remains of the sources of a submission.

    A line remains if a statement on it does: statements count, wherever they stand, and not how they are laid out. Of a text that is
    no Python, those lines remain that were not given as they are.
    """
    pieces: list[Piece] = []
    kept: list[str] = []
    places: list[tuple[int, int]] = []
    left, unread, is_cut = MOST_CHARACTERS, MOST_READ, False
    for source in sorted(sources, key=lambda one: one.path):
        for cell in source.cells:
            unread -= len(cell.source)
            if min(left, unread) <= 0:
                is_cut = True
                continue
            lines = tuple(cell.source.split("\n"))
            for position in _own(cell.source, lines, given):
                line = _code(lines[position])
                if len(line) > LONGEST_LINE or len(line) > left:
                    is_cut = True
                elif line:
                    left -= len(line) + 1
                    kept.append(line)
                    places.append((len(pieces), position))
            pieces.append(Piece(source.path, cell.label, cell.source))
    return Remaining(tuple(pieces), "\n".join(kept), np.array(places, np.int32).reshape(-1, 2), is_cut)


def _code(line: str) -> str:
    """Return a line as it is compared: what the lexer would take for the end of a line, or for nothing, is none of it."""
    code = " ".join(line.replace("\ufeff", "").split())
    return "" if code.startswith("#") else code


def _own(source: str, lines: tuple[str, ...], given: Given) -> Iterator[int]:
    """Yield the positions of the lines that were not given, in order."""
    found = statements(source)
    if found is None:
        yield from (position for position, line in enumerate(lines) if line.strip() not in given.lines)
        return
    written: set[int] = set()
    for one in found:
        if one.key is None or one.key not in given.statements:
            written.update(range(one.first, one.last + 1))
    yield from (number - 1 for number in sorted(written) if number <= len(lines))
