"""A histogram of scores, measured out for an inline SVG. Pure; the template draws it in the page's own colours."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.class_records import BINS, Scores

_BIN = 20
_LEFT = 12
_TOP = 14
_HEIGHT = 120


@dataclass(frozen=True)
class Bar:
    """One bin.

    Attributes:
        x, y, width, height: In units of the picture.
        count: What is written above it, if there is anything.
        label: Which scores these are: `60–65 %`.
    """

    x: int
    y: float
    width: int
    height: float
    count: int
    label: str


@dataclass(frozen=True)
class Histogram:
    """Where everything stands.

    Attributes:
        width, height: Of the picture.
        base: Where bars stand.
        ticks: (x, words) below the axis.
        lower, median, upper: Where the quartiles are, on the axis.
    """

    width: int
    height: int
    base: int
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    lower: float
    median: float
    upper: float


def histogram(scores: Scores) -> Histogram:
    """Return the picture of a distribution; scores of more than 100 % have a bar of their own to the right, if there are any."""
    counts = [*scores.bins, *([scores.above] if scores.above else [])]
    most = max(counts)
    base = _TOP + _HEIGHT
    bars = tuple(
        Bar(
            x=_LEFT + _BIN * place + 1,
            y=base - _HEIGHT * count / most,
            width=_BIN - 2,
            height=_HEIGHT * count / most,
            count=count,
            label=f"{place * 100 // BINS}–{(place + 1) * 100 // BINS} %" if place < BINS else "more than 100 %",
        )
        for place, count in enumerate(counts)
    )
    ticks = tuple((_x(share), f"{share:.0%}".replace("%", " %")) for share in (0, 0.25, 0.5, 0.75, 1))
    return Histogram(
        width=2 * _LEFT + _BIN * len(counts) + 6,
        height=base + 38,
        base=base,
        bars=bars,
        ticks=ticks,
        lower=_x(scores.lower),
        median=_x(scores.median),
        upper=_x(scores.upper),
    )


def _x(share: float) -> float:
    """Where a share stands; more than 1 in the middle of the bar for these."""
    return round(_LEFT + (_BIN * BINS * share if share <= 1 else _BIN * BINS + _BIN / 2), 1)
