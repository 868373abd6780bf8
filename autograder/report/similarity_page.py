"""The pages about code that looks alike, for staff: a list of pairs, and a page with both sources of each. Pure.

Nothing on them is a verdict, and they say so. They hold no script; all that comes from submissions is text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from autograder.report import rendering
from autograder.report.text import cut
from autograder.similarity_records import GIVEN, ListedPiece, PairSources, Side, SimilarityRecord

MOST_LINES = 6_000
"""Lines of one side that are shown."""
MOST_NOT_COMPARED = 300
"""Submissions that were not compared and are named; `similarity.json` has all."""
_WIDEST = 300
_SORTS = {GIVEN: "given", 0: "own"}


@dataclass(frozen=True)
class Run:
    """Lines in a row that belong together.

    Attributes:
        sort: `"given"`, `"own"`, or `"alike"`.
        part: The number of the matching part; 0 for what is none.
        anchor: Whether this is where a link to the part leads: the first run of it on its side.
        lines: (number, text).
    """

    sort: str
    part: int
    anchor: bool
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ShownPiece:
    """A file or cell, in runs."""

    title: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class ShownSide:
    """One of both sources.

    Attributes:
        here, there: What anchors of this side begin with, and those of the other.
        parts: The parts that have a place here.
        hidden: How many lines are not shown.
    """

    side: Side
    here: str
    there: str
    pieces: tuple[ShownPiece, ...]
    parts: frozenset[int]
    hidden: int


def similarity_page(record: SimilarityRecord) -> str:
    """Return the list `index.html`, which lies beside the pages of the pairs."""
    return rendering.render_template(
        "similarity.html.j2",
        sheet="similarity.css",
        record=record,
        percent=percent,
        whose=whose,
        most_not_compared=MOST_NOT_COMPARED,
    )


def pair_page(sources: PairSources, title: str) -> str:
    """Return the page of one pair; `title` is the assignment's."""
    sides = (
        _shown(sources.pair.left, sources.left, "left", "right"),
        _shown(sources.pair.right, sources.right, "right", "left"),
    )
    return rendering.render_template(
        "similar_pair.html.j2",
        sheet="similarity.css",
        pair=sources.pair,
        title=title,
        sides=sides,
        both=sides[0].parts & sides[1].parts,
        percent=percent,
        whose=whose,
    )


def percent(share: float) -> str:
    """Return a share in whole per cent; what is neither all nor nothing does not read as if it were."""
    return f"{max(1, min(round(100 * share), 99)) if 0 < share < 1 else round(100 * share)} %"


def whose(side: Side) -> str:
    """Return where a submission comes from, in few words: the folder of its report, and the download if it is not of this class."""
    return f"{side.download}: {side.key}" if side.download else side.key


def _shown(side: Side, listing: tuple[ListedPiece, ...], here: str, there: str) -> ShownSide:
    left = MOST_LINES
    seen: set[int] = set()
    pieces = []
    for piece in listing:
        if left > 0:
            title = f"{piece.path}, {piece.label}" if piece.label else piece.path
            pieces.append(ShownPiece(title, tuple(_runs(piece, left, seen))))
        left -= len(piece.lines)
    return ShownSide(side, here, there, tuple(pieces), frozenset(seen), max(0, -left))


def _runs(piece: ListedPiece, most: int, seen: set[int]) -> Iterator[Run]:
    lines = list(zip(range(1, most + 1), piece.lines, piece.marks, strict=False))
    for mark, found in groupby(lines, key=lambda line: line[2]):
        part = max(mark, 0)
        texts = tuple((number, cut(line, _WIDEST)) for number, line, _ in found)
        yield Run(_SORTS.get(mark, "alike"), part, bool(part) and part not in seen, texts)
        seen.update({part} - {0})
