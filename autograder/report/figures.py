"""Curves, confusion matrices, pictures, points and contours as inline SVG, byte for byte the same for the same record: see `svg`."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from autograder.records import Contours, Curve, Grid, Scatter
from autograder.report import text
from autograder.report.svg import GRID, LINES, canvas, dress, fresh, is_drawable, label_of, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CLASS_COLOURS = [
    "#1f5f8b",
    "#b4571b",
    "#3f7d4e",
    "#7a4b93",
    "#8a6d00",
    "#565f66",
    "#c2456b",
    "#2a8f8f",
    "#7b5a3c",
    "#111111",
]
_MARKERS = "osD^vP*X<>"
_MOST_POINTS = 1000
_LEVELS = (-4.5, -2.0, -0.5)
"""Of the logarithm, below the largest value: a Gaussian has them at three, two and one standard deviations."""


def groups(curves: Sequence[Curve]) -> list[tuple[str, tuple[Curve, ...]]]:
    """Curves that share an axis, by unit; at most six to a figure."""
    by_unit: dict[tuple[str, bool], list[Curve]] = {}
    for curve in curves:
        by_unit.setdefault((curve.unit, text.is_fraction(curve.name)), []).append(curve)
    size = len(LINES)
    return [
        (unit, tuple(members[start : start + size]))
        for (unit, _), members in by_unit.items()
        for start in range(0, len(members), size)
    ]


@lru_cache(maxsize=64)  # both pages of a record show the same pictures
def curves_svg(curves: tuple[Curve, ...], unit: str, prefix: str) -> Markup | None:
    """One figure with `curves` over epochs, or `None` when no value can be drawn. `prefix` keeps its ids apart."""
    drawable = [(curve, points) for curve in curves if (points := _points(curve.values))]
    if not drawable:
        return None
    import matplotlib as mpl

    with mpl.rc_context(fresh(mpl)):
        figure, axes = canvas(width=4.7, height=3.0)
        for (curve, points), (colour, dashes) in zip(drawable, LINES, strict=False):
            epochs, values = zip(*points, strict=True)
            marker = "o" if len(points) <= 12 else None
            label = label_of(curve_title(curve), 20)
            axes.plot(epochs, values, dashes, color=colour, linewidth=1.6, marker=marker, markersize=3, label=label)
        dress(axes, "epoch", label_of(text.words(unit), 20))
        if all(text.is_fraction(curve.name) for curve, _ in drawable):
            _as_percent(axes)
        axes.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, handlelength=2.4
        )
        return svg(figure, prefix, "Training curves over epochs")


def curve_title(curve: Curve) -> str:
    """What a curve is called: as the measure says, or its name in words."""
    return curve.title or text.words(curve.name)


def curve_caption(curve: Curve) -> str:
    """A curve in words: `val loss: 0.4120 after epoch 1, 0.08120 after epoch 20`."""
    if not curve.values:
        return f"{curve_title(curve)}: no values"
    first, last = (
        text.figure(curve.name, value).replace(" %", "\u00a0%") for value in (curve.values[0], curve.values[-1])
    )
    words = f"{curve_title(curve)}: {first} after epoch 1"
    words += f", {last} after epoch {len(curve.values):,}" if len(curve.values) > 1 else ""
    odd = len(curve.values) - sum(map(is_drawable, curve.values))
    return words + (f" ({text.count(odd, 'value')} cannot be drawn)" if odd else "")


@lru_cache(maxsize=64)
def confusion_svg(confusion: tuple[tuple[int, ...], ...], prefix: str) -> Markup | None:
    """The confusion matrix, rows true and columns predicted; `None` when it is not a small square matrix."""
    size = len(confusion)
    if not 2 <= size <= 20 or any(len(row) != size for row in confusion):
        return None
    import matplotlib as mpl

    with mpl.rc_context(fresh(mpl)):
        figure, axes = canvas(width=4.7, height=4.4)
        for true, row in enumerate(confusion):
            for predicted, amount in enumerate(row):
                _cell(axes, predicted, true, amount, sum(row))
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
        axes.set_xticks(range(size))
        axes.set_yticks(range(size))
        dress(axes, "predicted", "true")
        axes.grid(visible=False)
        return svg(figure, prefix, "Confusion matrix: rows are true classes, columns predicted ones")


def confusion_caption(confusion: Sequence[Sequence[int]], classes: str = "classes") -> str:
    """The most frequent confusions in words; `classes` is what they are called."""
    wrong = [
        (amount, true, predicted)
        for true, row in enumerate(confusion)
        for predicted, amount in enumerate(row)
        if true != predicted and amount > 0
    ]
    rows = f"Rows are true {classes}, columns predicted ones."
    if not wrong:
        return f"{rows} None was confused with another."
    top = sorted(wrong, key=lambda entry: (-entry[0], entry[1:]))[:3]
    listed = ", ".join(f"{true} read as {predicted} ({amount:,})" for amount, true, predicted in top)
    return f"{rows} Most frequent confusions: {listed}."


@lru_cache(maxsize=64)
def grid_png(grid: Grid) -> Markup | None:
    """Pictures in rows as the address of a PNG inside the page, or `None` where they are not what the record says."""
    try:
        levels = base64.b64decode(grid.levels, validate=True)
    except ValueError:
        return None
    size = grid.width * grid.height
    count = len(levels) // size
    if not count or len(levels) != count * size:
        return None
    import numpy as np
    from matplotlib.image import imsave

    rows = -(-count // grid.columns)
    tiles = np.full((rows * grid.columns, grid.height + 2, grid.width + 2), 255, np.uint8)  # a white line around each
    tiles[:count, 1:-1, 1:-1] = np.frombuffer(levels, np.uint8).reshape(count, grid.height, grid.width)
    page = tiles.reshape(rows, grid.columns, grid.height + 2, grid.width + 2).swapaxes(1, 2)
    buffer = io.BytesIO()
    flat = page.reshape(rows * (grid.height + 2), -1)
    imsave(buffer, flat, cmap="gray", vmin=0, vmax=255, format="png", metadata={"Software": ""})
    address = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return Markup(address)  # noqa: S704 - our own picture, in letters that mean nothing in HTML


@lru_cache(maxsize=64)
def scatter_svg(scatter: Scatter, prefix: str) -> Markup | None:
    """Points by class, or `None` where there are none that can be drawn."""
    points = [
        p for p in zip(scatter.x, scatter.y, scatter.classes, strict=False) if is_drawable(p[0]) and is_drawable(p[1])
    ]
    if not points:
        return None
    import matplotlib as mpl

    with mpl.rc_context(fresh(mpl)):
        figure, axes = canvas(width=4.7, height=4.2)
        for number in sorted({c for _, _, c in points}):
            x, y = zip(*((a, b) for a, b, c in points if c == number), strict=True)
            colour = _CLASS_COLOURS[number % len(_CLASS_COLOURS)]
            axes.plot(
                x,
                y,
                linestyle="",
                marker=_MARKERS[number % len(_MARKERS)],
                markersize=3.5,
                color=colour,
                label=str(number),
            )
        dress(axes, "first coordinate", "second coordinate")
        axes.legend(
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=10,
            handletextpad=-0.4,
            columnspacing=0.5,
            borderaxespad=0.2,
        )
        return svg(figure, prefix, "Points in the plane, by class")


@lru_cache(maxsize=64)  # both pages of a record show the same pictures
def contours_svg(plane: Contours, prefix: str) -> Markup | None:
    """The layers on the same axes, or `None` where nothing can be drawn. `prefix` keeps its ids apart."""
    shape = (len(plane.y), len(plane.x))
    layers = [
        layer
        for layer in plane.layers
        if len(layer.values) == shape[0] and all(len(row) == shape[1] for row in layer.values)
    ][: len(LINES)]
    if min(shape) < 2 or not layers or not all(map(is_drawable, (*plane.x, *plane.y))):
        return None
    import matplotlib as mpl
    from matplotlib.lines import Line2D

    with mpl.rc_context(fresh(mpl)):
        figure, axes = canvas(width=4.7, height=4.2)
        known = []
        for layer, (colour, dashes) in zip(layers, LINES, strict=False):
            axes.contour(
                plane.x, plane.y, layer.values, levels=_LEVELS, colors=[colour], linestyles=dashes, linewidths=1.4
            )
            known.append(Line2D([], [], color=colour, linestyle=dashes, label=label_of(layer.label, 24)))
        dress(axes, label_of(plane.x_label, 12), label_of(plane.y_label, 12))
        axes.legend(handles=known, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return svg(figure, prefix, "Contours of densities")


def _as_percent(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def _cell(axes: Axes, x: int, y: int, amount: int, total: int) -> None:
    """One cell, tinted blue on the diagonal and orange off it; rare mistakes must show, hence the root."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    share = min(max(amount / total, 0.0), 1.0) if total > 0 else 0.0
    full = to_rgb("#a9c9e2" if x == y else "#e58a4e")
    depth = share if x == y else min(1.0, math.sqrt(share) * 2)
    colour = tuple(1 - depth * (1 - channel) for channel in full)
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor=GRID, linewidth=0.7))
    if amount:
        axes.text(x, y, f"{amount}", ha="center", va="center", fontsize=7.5)


def _points(values: Sequence[float]) -> list[tuple[int, float]]:
    """(epoch, value) for what can be drawn, thinned out evenly."""
    points = [(epoch, value) for epoch, value in enumerate(values, start=1) if is_drawable(value)]
    return points[:: max(1, math.ceil(len(points) / _MOST_POINTS))]
