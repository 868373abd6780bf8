"""From matplotlib to SVG elements that a page may hold.

matplotlib is imported by the functions that draw, because it costs half a second and most reports have no figure. Its
SVG is rewritten element by element: only known elements and attributes pass, and `style` attributes become
presentation attributes, because the page's content security policy forbids inline styles.
"""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _MUTED, GRID = "#22272b", "#5c656c", "#e3e1dc"
LINES: tuple[tuple[str, Any], ...] = (
    ("#1f5f8b", "-"),
    ("#b4571b", "--"),
    ("#3f7d4e", "-."),
    ("#7a4b93", ":"),
    ("#8a6d00", "-"),
    ("#565f66", "--"),
)
"""Colours and dashes of lines."""
_LARGEST = 1e12
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


def fresh(mpl: Any) -> Any:
    """matplotlib's defaults with our settings, whatever a user's matplotlibrc says."""
    skipped = {"backend", "backend_fallback", "interactive", "toolbar", "timezone"}
    return {key: value for key, value in mpl.rcParamsDefault.items() if key not in skipped} | _SETTINGS


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of so many inches, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="#ffffff")
    return figure, figure.subplots()


def dress(axes: Axes, x: str, y: str) -> None:
    """Names of the axes, a faint grid, no frame."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=8.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1)) if x == "epoch" else None


def is_drawable(value: float) -> bool:
    """Whether matplotlib can place a number."""
    return math.isfinite(value) and abs(value) < _LARGEST


def label_of(label: str, limit: int) -> str:
    """A student's text in one short line of characters that the font has; the caption has the text in full."""
    shown = _FOREIGN.sub("?", " ".join(label[:1000].split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def svg(figure: Figure, prefix: str, title: str) -> Markup:
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
