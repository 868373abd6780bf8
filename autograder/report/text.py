"""Pure functions that turn strings and numbers of a record into text a person can read. They know nothing of HTML."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from itertools import islice
from typing import Literal

# Zero-width (non-)joiners shape ordinary words in Persian and Indic scripts; all else that is invisible is shown.
_JOINERS = frozenset("\u200c\u200d")
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_STACKED_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3})"
                            r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")  # fmt: skip
_LARGEST_PLAIN = 1e9
_NAMED = {0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL"}


class _Placeholders(dict[int, str]):
    """The table of `str.translate`, filled on demand: what is invisible becomes a placeholder, the rest stays."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = character
        if code in _NAMED:
            shown = f"\u27e8{_NAMED[code]}\u27e9"
        elif character not in _JOINERS and character not in "\n\t" and _is_invisible(code, character):
            shown = f"\u27e8U+{code:04X}\u27e9"
        self[code] = shown
        return shown


def _is_invisible(code: int, character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or code & 0xFFFE == 0xFFFE


_PLACEHOLDERS = _Placeholders()


def visible(text: str) -> str:
    """`text` with control, escape, direction and other invisible characters as visible placeholders.

    A colour code reads `⟨ESC⟩[31m`, a right-to-left override `⟨U+202E⟩`; the placeholders are plain text, because few
    fonts have control pictures. Line ends become `\\n`, tabs stay, piles of combining marks are cut down to three.
    """
    lines = text.replace("\r\n", "\n")
    return _STACKED_MARKS.sub(r"\1", lines.translate(_PLACEHOLDERS))


def cut(text: str, limit: int = 4000) -> str:
    """`text`, or its first `limit` characters and how many more there were."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def cut_lines(lines: Sequence[str], limit: int = 40, width: int = 400) -> str:
    """`lines` as one text: at most `limit` of them, each cut to `width` characters."""
    shown = [cut(line, width) for line in lines[:limit]]
    if len(lines) > limit:
        shown.append(f"… ({len(lines) - limit:,} more lines)")
    return textwrap.dedent("\n".join(shown))


Setting = Literal["", "code", "sup", "sub", "em"]
_FORMULA = re.compile(
    r"\^\{(?P<sup>[^{}\n]{1,80})\}|_\{(?P<sub>[^{}\n]{1,80})\}|(?<![\w*])\*(?P<em>[^*\s](?:[^*\n]{0,200}[^*\s])?)\*(?![\w*])"
)


def prose(text: str) -> list[tuple[Setting, str]]:
    """Split `text` into (how it is set, piece), so that a template can set it.

    Between backticks is code; elsewhere `e^{x}` is an exponent, `x_{i}` an index, and `*word*` is stressed.
    """
    pieces = re.split(r"`([^`\n]+)`", text)
    found: list[tuple[Setting, str]] = []
    for index, piece in enumerate(pieces):
        found += [("code", piece)] if index % 2 == 1 else _formulas(piece)
    return [(setting, piece) for setting, piece in found if piece]


def _formulas(text: str) -> Iterator[tuple[Setting, str]]:
    end = 0
    for match in _FORMULA.finditer(text):
        yield "", text[end : match.start()]
        for setting in _SETTINGS:
            if match[setting] is not None:
                yield setting, match[setting]
        end = match.end()
    yield "", text[end:]


_SETTINGS: tuple[Setting, ...] = ("sup", "sub", "em")


_ARGUMENT = re.compile(r"\b(\w{1,60})=(?:tensor|array)(?: of shape (\([\d, ]{0,60}\))|\()")


def shapes(called: str) -> str:
    """The shapes of the tensors in a written call, `x (3, 2), scale ()`; "" without any, or where one is not there in full."""
    found = []
    called = called[:_LONGEST_LIST]
    for match in islice(_ARGUMENT.finditer(called), _MOST_ARGUMENTS):
        shape = match[2] or _shape(called, match.end())
        if shape is None:
            return ""
        found.append(f"{match[1]} {shape}")
    return ", ".join(found)


def _shape(text: str, start: int) -> str | None:
    """The shape of the nested list that begins at `start`; None where it does not end, or rows differ in length."""
    lengths: dict[int, set[int]] = {}
    counts: list[int] = []
    for position in range(start, len(text)):
        character = text[position]
        if character == "[":
            counts.append(0 if text[position + 1 : position + 2] == "]" else 1)
        elif character == "," and counts:
            counts[-1] += 1
        elif character == "]" and counts:
            lengths.setdefault(len(counts), set()).add(counts.pop())
        if not counts:
            break
    else:
        return None
    if any(len(found) > 1 for found in lengths.values()):
        return None
    axes = [str(length) for _, (length,) in sorted((depth, tuple(found)) for depth, found in lengths.items())]
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


_LONGEST_LIST, _MOST_ARGUMENTS = 20_000, 12


def number(value: float) -> str:
    """`value` with four significant figures: `−93.72`, `0.08120`; whole numbers in full: `60,000`."""
    if isinstance(value, int):
        text = f"{value:,}"
    elif math.isnan(value):
        return "not a number"
    elif math.isinf(value):
        text = "∞" if value > 0 else "-∞"
    elif 1e4 <= abs(value) < _LARGEST_PLAIN:
        text = f"{value:,.0f}"
    else:
        text = f"{value:#.4g}".removesuffix(".")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def percent(fraction: float) -> str:
    """`fraction` as `98.12 %`, rounded down, so that 0.96996 does not read as if it had reached 97.00 %."""
    if not math.isfinite(fraction) or abs(fraction) > 1e6:
        return number(fraction)
    floored = (Decimal(repr(float(fraction))) * 100).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)
    return f"{floored} %".replace("-", "−", 1)


def is_fraction(name: str) -> bool:
    """Whether a figure called `name` is read as a percentage."""
    return "accuracy" in name.lower()


def is_count(name: str) -> bool:
    """Whether a figure called `name` counts something."""
    return name.lower().endswith("_count")


def figure(name: str, value: float) -> str:
    """A measured figure as text, according to its name."""
    if is_count(name) and float(value).is_integer():
        return number(int(value))
    return percent(value) if is_fraction(name) else number(float(value))


def less_is_better(name: str) -> bool:
    """Whether a figure called `name` must stay under its threshold; the record does not say."""
    return any(word in name.lower() for word in ("loss", "error", "nll", "mse", "bits", "seconds"))


def words(name: str) -> str:
    """An identifier in words: `test_accuracy` is `test accuracy`."""
    return " ".join(part for part in re.split(r"[_\s]+", name) if part) or name


def sentence(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def count(amount: int, singular: str, plural: str | None = None) -> str:
    """`1 check`, `3 checks`."""
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def signature(text: str, width: int = 76) -> str:
    """A signature with one argument per line, where it would not fit in `width` characters."""
    start = text.find("(")
    if len(text) <= width or start < 0 or "\n" in text:
        return text
    arguments, rest = _split_arguments(text[start + 1 :])
    if rest is None:
        return text
    return f"{text[: start + 1]}\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){rest}"


def _split_arguments(text: str) -> tuple[list[str], str | None]:
    """The arguments up to the bracket that closes the list, and what follows it (`None`: it is never closed)."""
    arguments: list[str] = []
    depth = begin = 0
    for position, character in enumerate(text):
        if character == ")" and depth == 0:
            last = text[begin:position].strip()
            return arguments + ([last] if last else []), text[position + 1 :]
        if character == "," and depth == 0:
            arguments.append(text[begin:position].strip())
            begin = position + 1
        depth += (character in "([{") - (character in ")]}")
    return arguments, None
