"""Python text: decoding it as Python does, and parsing it without running it."""

from __future__ import annotations

import ast
import codecs
import re
import warnings
from dataclasses import dataclass
from typing import NamedTuple

from autograder.intake.limits import IntakeLimits
from autograder.intake.magics import (
    MAGIC_LINE_LENGTH,
    MAGICS_PER_CELL,
    TransformFailed,
    count_magics,
    neutralise,
    transform,
)
from autograder.intake.text import printable, size, without_surrogates
from autograder.records import Cell, DataFile, Note

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# Text encodings only: `rot13` is not one, and decoding `punycode` takes quadratic time.
_TEXT_CODECS = re.compile(r"utf[-_]?(8|7|16|32)|ascii|iso|cp\d|koi8|mac|gb|big5|euc|shift|johab|hz$|ptcp|tis|kz|latin")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Parsed(NamedTuple):
    """What became of one Python file or notebook.

    Attributes:
        unreadable: Why nothing of it can be used, if so; also among the notes.
        shown: Pictures among the outputs of a notebook.
    """

    cells: tuple[Cell, ...] = ()
    notes: tuple[Note, ...] = ()
    unreadable: str | None = None
    shown: tuple[DataFile, ...] = ()


@dataclass
class Effort:
    """What may still be spent on one submission: bytes to parse, and work on magics."""

    parse: int
    magic: int

    @classmethod
    def of(cls, limits: IntakeLimits) -> Effort:
        """The whole effort that the limits allow."""
        return cls(limits.parsed_bytes, limits.magic_work)

    def may_parse(self, count: int) -> bool:
        """Takes `count` bytes from what may be parsed; whether they were there."""
        self.parse -= count
        return self.parse >= 0

    def may_transform(self, text: str) -> bool:
        """Takes what IPython needs for `text` from the work on magics; whether it was there."""
        count = count_magics(text)
        if count > MAGICS_PER_CELL or max(map(len, text.split("\n"))) > MAGIC_LINE_LENGTH:
            return False
        self.magic -= (1 + count) * len(text)
        return self.magic >= 0


class SyntaxProblem(NamedTuple):
    """Where Python stopped reading, and its words."""

    line: int
    message: str


def unreadable(path: str, code: str, message: str) -> Parsed:
    """A file of which nothing can be used, and the note that says why."""
    return Parsed(notes=(Note(code=code, message=message, path=path),), unreadable=f"{printable(path)}: {message}")


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of a Python file with `\\n` line ends, and a remark if it is not what Python itself would read."""
    text, remark = _decode(data)
    return without_surrogates(text).replace("\r\n", "\n").replace("\r", "\n"), remark


def _decode(data: bytes) -> tuple[str, str | None]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            remark = None if encoding == "utf-8" else f"It is saved as {encoding.upper()}; Python needs UTF-8."
            body = data if encoding != "utf-8" else data[len(mark) :]
            return body.decode(encoding, "replace"), remark
    cookie = _cookie(data)
    if cookie is not None:
        try:
            if _TEXT_CODECS.match(codecs.lookup(cookie).name):
                return data.decode(cookie), None
        except (LookupError, ValueError, RecursionError):
            pass  # Python refuses such a file; what follows is the better guess
        return _utf8_or_latin1(
            data, f"Its coding line says `{printable(cookie, 40)}`, which does not fit its content; "
        )
    return _utf8_or_latin1(data, "")


def _utf8_or_latin1(data: bytes, remark: str) -> tuple[str, str | None]:
    try:
        return data.decode("utf-8"), f"{remark}it was read as UTF-8." if remark else None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        remark = remark or f"It is not saved as UTF-8 (line {line}), as Python needs it; "
        return data.decode("latin-1"), f"{remark}it was read as Latin-1. Save it as UTF-8."


def _cookie(data: bytes) -> str | None:
    """The encoding declared in one of the first two lines (PEP 263)."""
    for line in re.split(rb"\r\n|\r|\n", data[:2000], maxsplit=2)[:2]:
        match = _COOKIE.match(line)
        if match:
            return match.group(1).decode("ascii", "replace")
        if line.strip() and not line.lstrip().startswith(b"#"):
            return None
    return None


def parse(text: str) -> ast.Module | SyntaxProblem:
    """The syntax tree of `text`, or why there is none. Never raises, whatever the text is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `"\d"` in a student's string is no concern of ours
            return ast.parse(text)
    except SyntaxError as error:
        return SyntaxProblem(error.lineno or 1, printable(error.msg or "invalid syntax", 200))
    except (RecursionError, MemoryError):
        return SyntaxProblem(1, "the code is nested too deeply")
    except ValueError as error:
        return SyntaxProblem(1, printable(str(error), 200))


def read_python(path: str, data: bytes, limits: IntakeLimits, effort: Effort) -> Parsed:
    """One `.py` file as one cell. A syntax error leaves it as it is: the sandbox reports it to every task."""
    if len(data) > limits.text_bytes:
        message = (
            f"It has {size(len(data))}; the limit for a Python file is {size(limits.text_bytes)}. It was not read."
        )
        return unreadable(path, "source-too-large", message)
    text, remark = decode(data)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        message = (
            f"It holds NUL bytes (line {line}), so it is not Python text and was not read. Save it again as UTF-8."
        )
        return unreadable(path, "nul-bytes", message)
    notes = [Note(code="encoding", message=remark, path=path)] if remark else []
    if effort.may_parse(len(text)):
        text, more = plain_python(text, "", path, effort)
        if isinstance(more, SyntaxProblem):
            message = f"{printable(path)}, line {more.line}: {more.message}"
            more = [Note(code="syntax-error", message=message, path=path)]
        notes += shortened(more, path, limits)
    return Parsed((Cell(label="", source=text),), tuple(notes))


def plain_python(text: str, label: str, path: str, effort: Effort) -> tuple[str, list[Note] | SyntaxProblem]:
    """`text` without magics, on the same lines, and what was removed; or the text as it was and its syntax error."""
    original = text
    tree = parse(text)
    if isinstance(tree, SyntaxProblem):
        first = tree
        if not effort.may_transform(text):
            return original, first
        try:
            text = transform(text)
        except TransformFailed:
            return original, first
        tree = parse(text)
        if isinstance(tree, SyntaxProblem):
            return original, tree if text != original else first
    if "get_ipython" not in text:
        return text, []
    text, removed = neutralise(text, tree)
    lines = original.split("\n")
    notes = []
    for line, kept in removed:
        shown = printable(lines[min(line, len(lines)) - 1].strip(), 80)
        place = label or f"line {line}"
        message = f"{place}: `{shown}` was {'run without the magic' if kept else 'not run'}"
        notes.append(Note(code="magic-removed", message=message, path=path))
    return text, notes


def shortened(notes: list[Note], path: str, limits: IntakeLimits) -> list[Note]:
    """At most `notes_per_file` notes, the last of which says how many more there were."""
    if len(notes) <= limits.notes_per_file:
        return notes
    kept = notes[: limits.notes_per_file - 1]
    message = f"{len(notes) - len(kept):,} more remarks about this file are left out."
    return [*kept, Note(code="notes-shortened", message=message, path=path)]
