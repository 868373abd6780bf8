"""Text that is safe to print: names and messages that hold something a student wrote."""

from __future__ import annotations

import re
import unicodedata

_SPACES = {"Zs": " "}  # no-break and wide spaces
_SEPARATORS = re.compile(r'[/\\:*?"<>|]')


def replace_unprintable(text: str, replacement: str) -> str:
    """`text` with every control, bidi or other invisible character replaced, and odd spaces as plain ones."""
    return "".join(
        char if char.isprintable() else _SPACES.get(unicodedata.category(char), replacement) for char in text
    )


def printable(text: str, limit: int = 120) -> str:
    """`text` on one line, without control and bidi characters, at most `limit` characters long."""
    clean = replace_unprintable(text[: limit + 1], "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def without_surrogates(text: str) -> str:
    """`text` with lone surrogates, which no file and no record can hold, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def submission_name(file_name: str) -> str:
    """A name for folders and reports: printable, no separators, 1 to 80 characters, no `.` or `-` in front."""
    stem = re.sub(r"(?i)(\.tar\.gz|\.tgz|\.tar|\.zip|\.py|\.ipynb)$", "", file_name)
    name = re.sub(r"\s+", " ", _SEPARATORS.sub("_", replace_unprintable(stem, "_"))).strip().lstrip(".- ")[:80]
    while len(name.encode()) > 200:  # a folder's name is limited in bytes, not in characters
        name = name[:-1]
    return name.rstrip(". ") or "submission"


def size(count: int) -> str:
    """A number of bytes in words: `"12 bytes"`, `"3.4 MB"`, `"10 GB"`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count // factor:,} {unit}"
    return f"{count:,} bytes"
