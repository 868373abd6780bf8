"""Python files: encodings, syntax, magics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.intake.limits import DEFAULT
from autograder.intake.source import Effort, Parsed, SyntaxProblem, decode, parse, read_python


def read(data: bytes | str) -> Parsed:
    """What becomes of `vae.py` with this content."""
    return read_python("vae.py", data.encode() if isinstance(data, str) else data, DEFAULT, Effort.of(DEFAULT))


ENCODINGS = {
    "UTF-8": ("x = 'ü'\n".encode(), None),
    "byte order mark": (b"\xef\xbb\xbf" + "x = 'ü'\n".encode(), None),
    "CRLF": ("x = 'ü'\r\n".encode(), None),
    "CR": ("x = 'ü'\r".encode(), None),
    "Latin-1": (
        "x = 'ü'\n".encode("latin-1"),
        "not saved as UTF-8 (line 1), as Python needs it; it was read as Latin-1.",
    ),
    "UTF-16": ("x = 'ü'\n".encode("utf-16"), "It is saved as UTF-16; Python needs UTF-8."),
    "UTF-32": ("x = 'ü'\n".encode("utf-32"), "It is saved as UTF-32; Python needs UTF-8."),
}


@pytest.mark.parametrize(("data", "remark"), ENCODINGS.values(), ids=ENCODINGS)
def test_encodings_are_recognised(data: bytes, remark: str | None) -> None:
    """Text is read however it was saved, with a remark where Python itself would stumble."""
    text, found = decode(data)

    assert text == "x = 'ü'\n"
    assert (found is None) if remark is None else (remark in (found or ""))


@pytest.mark.parametrize(
    ("cookie", "remark"),
    [
        ("cp1252", None),
        ("rot13", "says `rot13`"),
        ("punycode", "says `punycode`"),
        ("nonsense", "says `nonsense`"),
        ("ascii", "says `ascii`"),
    ],
)
def test_coding_lines_are_followed(cookie: str, remark: str | None) -> None:
    """A coding line is believed if it names a text encoding that fits."""
    text, found = decode(f"#!python\n# -*- coding: {cookie} -*-\nx = 'ü'\n".encode("cp1252"))

    assert text.endswith("x = 'ü'\n")
    assert (found is None) if remark is None else (remark in (found or ""))


def test_nul_bytes_make_a_file_unreadable() -> None:
    """Python refuses NUL bytes; the note says in which line."""
    result = read(b"x = 1\n\0")

    assert result.cells == ()
    assert "It holds NUL bytes (line 2), so it is not Python text" in result.notes[0].message


def test_very_long_files_are_not_read() -> None:
    """A Python file of more than 500 kB is data."""
    result = read("x = 1\n" * 200_000)

    assert result.notes[0].message == "It has 1.2 MB; the limit for a Python file is 500 kB. It was not read."


def test_a_syntax_error_keeps_the_file() -> None:
    """The sandbox reports the import error; the note names file and line."""
    result = read("x = 1\ndef f(:\n")

    assert result.cells[0].source == "x = 1\ndef f(:\n"
    assert (result.notes[0].code, result.notes[0].message) == ("syntax-error", "vae.py, line 2: invalid syntax")


def test_files_beyond_the_effort_are_left_to_the_sandbox() -> None:
    """A file that is not checked here is handed on as it is."""
    result = read_python("a.py", b"def f(:", DEFAULT, Effort(3, 0))

    assert (result.notes, result.cells[0].source) == ((), "def f(:")
    result = read_python("a.py", b"!ls\n", DEFAULT, Effort(100, 3))
    assert result.notes[0].message == "a.py, line 1: invalid syntax"


def test_magics_in_a_file_are_removed() -> None:
    """A file exported from a notebook runs without IPython, each line where it was."""
    result = read("%matplotlib inline\nx = 1\nget_ipython().system('ls')\nif 1:\n    y = get_ipython()\n")

    assert result.cells[0].source == "pass\nx = 1\npass\nif 1:\n    y = None\n"
    assert [note.message for note in result.notes[:2]] == [
        "line 1: `%matplotlib inline` was not run",
        "line 3: `get_ipython().system('ls')` was not run",
    ]


def test_many_notes_are_shortened() -> None:
    """A report stays readable."""
    result = read_python("a.py", b"get_ipython()\n" * 9, replace(DEFAULT, notes_per_file=4), Effort.of(DEFAULT))

    assert len(result.notes) == 4
    assert result.notes[-1].message == "6 more remarks about this file are left out."


@pytest.mark.parametrize(
    "text",
    [
        "-" * 100_000 + "1",
        "a" + ".b" * 50_000,
        "(" * 50_000,
        "lambda:" * 50_000 + "1",
        "\0",
        "\ud800",
        "9" * 5000,
        "f'{",
    ],
    ids=lambda text: text[:4].encode("unicode_escape").decode(),
)
def test_hostile_text_is_only_a_syntax_problem(text: str) -> None:
    """The parser's own limits are not our failure."""
    problem = parse(text)

    assert isinstance(problem, SyntaxProblem)
    assert problem.message.isprintable()
