"""Training curves and confusion matrices as inline SVG, byte for byte the same for the same record.

matplotlib is imported by the functions that draw, because it costs half a second and most reports have no figure. Its
SVG is rewritten element by element: only known elements and attributes pass, and `style` attributes become
presentation attributes, because the page's content security policy forbids inline styles.
"""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from autograder.records import Curve, Grid, Scatter
from autograder.report import text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _MUTED, _GRID = "#22272b", "#5c656c", "#e3e1dc"
_LINES = (("#1f5f8b", "-"), ("#b4571b", "--"), ("#3f7d4e", "-."), ("#7a4b93", ":"), ("#8a6d00", "-"), ("#565f66", "--"))
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
_MOST_POINTS, _LARGEST = 1000, 1e12
_SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "autograder",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
    "text.usetex": False,
    "text.color": _INK,
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _INK,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "axes.unicode_minus": True,
    "path.simplify": False,
}

_ELEMENTS = frozenset({"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect"})
_ATTRIBUTES = frozenset(
    {"viewBox", "d", "x", "y", "width", "height", "transform", "clip-path", "opacity", "font-size", "font-weight"}
    | {"text-anchor", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-dashoffset"}
    | {"stroke-linecap", "stroke-linejoin", "stroke-opacity"}
)
_FOREIGN = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u024f\u0370-\u0377\u0384-\u038a\u038e-\u03a1\u03a3-\u03ff\u2212]")
_LOCAL = re.compile(r"^(?:url\()?#([\w-]+)\)?$")


def groups(curves: Sequence[Curve]) -> list[tuple[str, tuple[Curve, ...]]]:
    """Curves that share an axis, by unit; at most six to a figure."""
    by_unit: dict[tuple[str, bool], list[Curve]] = {}
    for curve in curves:
        by_unit.setdefault((curve.unit, text.is_fraction(curve.name)), []).append(curve)
    size = len(_LINES)
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

    with mpl.rc_context(_fresh(mpl)):
        figure, axes = _canvas(width=4.7, height=3.0)
        for (curve, points), (colour, dashes) in zip(drawable, _LINES, strict=False):
            epochs, values = zip(*points, strict=True)
            marker = "o" if len(points) <= 12 else None
            label = _label(curve_title(curve), 20)
            axes.plot(epochs, values, dashes, color=colour, linewidth=1.6, marker=marker, markersize=3, label=label)
        _dress(axes, "epoch", _label(text.words(unit), 20))
        if all(text.is_fraction(curve.name) for curve, _ in drawable):
            _as_percent(axes)
        axes.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, handlelength=2.4
        )
        return _svg(figure, prefix, "Training curves over epochs")


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
    odd = len(curve.values) - sum(map(_is_drawable, curve.values))
    return words + (f" ({text.count(odd, 'value')} cannot be drawn)" if odd else "")


@lru_cache(maxsize=64)
def confusion_svg(confusion: tuple[tuple[int, ...], ...], prefix: str) -> Markup | None:
    """The confusion matrix, rows true and columns predicted; `None` when it is not a small square matrix."""
    size = len(confusion)
    if not 2 <= size <= 20 or any(len(row) != size for row in confusion):
        return None
    import matplotlib as mpl

    with mpl.rc_context(_fresh(mpl)):
        figure, axes = _canvas(width=4.7, height=4.4)
        for true, row in enumerate(confusion):
            for predicted, amount in enumerate(row):
                _cell(axes, predicted, true, amount, sum(row))
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
        axes.set_xticks(range(size))
        axes.set_yticks(range(size))
        _dress(axes, "predicted", "true")
        axes.grid(visible=False)
        return _svg(figure, prefix, "Confusion matrix: rows are true classes, columns predicted ones")


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
        p for p in zip(scatter.x, scatter.y, scatter.classes, strict=False) if _is_drawable(p[0]) and _is_drawable(p[1])
    ]
    if not points:
        return None
    import matplotlib as mpl

    with mpl.rc_context(_fresh(mpl)):
        figure, axes = _canvas(width=4.7, height=4.2)
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
        _dress(axes, "first coordinate", "second coordinate")
        axes.legend(
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=10,
            handletextpad=-0.4,
            columnspacing=0.5,
            borderaxespad=0.2,
        )
        return _svg(figure, prefix, "Points in the plane, by class")


def _fresh(mpl: Any) -> Any:
    """matplotlib's defaults with our settings, whatever a user's matplotlibrc says."""
    skipped = {"backend", "backend_fallback", "interactive", "toolbar", "timezone"}
    return {key: value for key, value in mpl.rcParamsDefault.items() if key not in skipped} | _SETTINGS


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="#ffffff")
    return figure, figure.subplots()


def _dress(axes: Axes, x: str, y: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=8.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1)) if x == "epoch" else None


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
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor=_GRID, linewidth=0.7))
    if amount:
        axes.text(x, y, f"{amount}", ha="center", va="center", fontsize=7.5)


def _is_drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _LARGEST


def _points(values: Sequence[float]) -> list[tuple[int, float]]:
    """(epoch, value) for what can be drawn, thinned out evenly."""
    points = [(epoch, value) for epoch, value in enumerate(values, start=1) if _is_drawable(value)]
    return points[:: max(1, math.ceil(len(points) / _MOST_POINTS))]


def _label(label: str, limit: int) -> str:
    """A student's text in one short line of characters that the font has; the caption has the text in full."""
    shown = _FOREIGN.sub("?", " ".join(label[:1000].split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _svg(figure: Figure, prefix: str, title: str) -> Markup:
    """The figure as an SVG element made of known parts only."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    source = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 - matplotlib's own output
    wanted = {local for part in source.iter() for key, value in _attributes(part) if (local := _reference(key, value))}
    root = _rebuild(source, wanted, prefix)
    if root is None:
        raise ValueError("matplotlib wrote something that is not an SVG element")
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.attrib.update({"role": "img", "aria-label": title})
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - serialised from known parts


def _rebuild(source: ElementTree.Element, wanted: set[str], prefix: str) -> ElementTree.Element | None:
    """A copy of `source` and what is in it, without unknown elements, unknown attributes and unused ids."""
    name = source.tag.rpartition("}")[2]
    if name not in _ELEMENTS:
        return None
    copy = ElementTree.Element(name)
    copy.text = source.text if name in ("text", "tspan") else None
    for key, value in _attributes(source):
        local = _reference(key, value)
        if key == "id":
            if value in wanted:
                copy.set("id", f"{prefix}-{value}")
        elif local:
            copy.set(key, value.replace(f"#{local}", f"#{prefix}-{local}"))
        elif key in _ATTRIBUTES and "url" not in value:
            copy.set(key, " ".join(value.split()))
    copy.extend(child for part in source if (child := _rebuild(part, wanted, prefix)) is not None)
    return copy


def _reference(key: str, value: str) -> str | None:
    """The id that an attribute refers to, if it does."""
    match = _LOCAL.match(value) if key in ("href", "clip-path") else None
    return match[1] if match else None


def _attributes(source: ElementTree.Element) -> list[tuple[str, str]]:
    """Attributes with plain names, and the declarations of `style` as attributes of their own."""
    plain = [(key.rpartition("}")[2], value) for key, value in source.attrib.items() if key != "style"]
    declared = [part.partition(":") for part in source.get("style", "").split(";") if part.strip()]
    return plain + [(key.strip(), value.strip().removesuffix("px")) for key, _, value in declared]
