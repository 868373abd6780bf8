"""Notebooks of all versions, with and without magics."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import Any

import pytest

from autograder.intake.limits import DEFAULT, IntakeLimits
from autograder.intake.notebook import read_notebook
from autograder.intake.source import Effort, Parsed


def read(data: Any, limits: IntakeLimits = DEFAULT, effort: Effort | None = None) -> Parsed:
    """What becomes of a notebook with this JSON."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return read_notebook("nb.ipynb", raw, limits, effort or Effort.of(limits))


def notebook(*sources: Any, **more: Any) -> dict[str, Any]:
    """A notebook of version 4 with these code cells."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}


def one(source: Any) -> tuple[str | None, list[str]]:
    """The text of a single cell, and the messages about it."""
    result = read(notebook(source))
    return (result.cells[0].source if result.cells else None), [note.message for note in result.notes]


MAGICS = {
    "shell": ("!pip install foo\nx = 1", "pass\nx = 1\n", ["cell 1: `!pip install foo` was not run"]),
    "continued shell": ("\n!pip \\\n  foo\nx = 1", "\npass\n\nx = 1\n", ["cell 1: `!pip \\` was not run"]),
    "assignment": ("files = !ls", "files = None\n", ["cell 1: `files = !ls` was not run"]),
    "two names": ("a, b = !ls", "a, b = [None, None]\n", ["cell 1: `a, b = !ls` was not run"]),
    "help": ("print?", "pass\n", ["cell 1: `print?` was not run"]),
    "in a block": ("if x:\n    %cd a\n    y = 1", "if x:\n    pass\n    y = 1\n", ["cell 1: `%cd a` was not run"]),
    "in a string": ("x = '''\n!ls\n'''", "x = '''\n!ls\n'''", []),
    "timed statement": ("%time m = f()", "m = f()\n", ["cell 1: `%time m = f()` was run without the magic"]),
    "timed cell": ("%%time\nx = 1", "\nx = 1", ["cell 1: `%%time` was left out, the code below it was kept"]),
    "nested cell magics": ("%%time\n%%capture\n!ls", None, None),
    "bash": ("%%bash\nls", None, ["cell 1: `%%bash` was not run, with the whole cell"]),
    "writefile": ("\n%%writefile a.py\nx = 1", None, ["cell 1: `%%writefile a.py` was not run, with the whole cell"]),
    "test for Colab": (
        "if 'colab' in str(get_ipython()): x = 1",
        "if 'colab' in str(None): x = 1",
        ["cell 1: `if 'colab' in str(get_ipython()): x = 1` was not run"],
    ),
    "several lines": ("ü = 'ü'; get_ipython().f(\n1); z = 2  # c", "ü = 'ü'; (None\n); z = 2  # c", None),
    "f-string": ("assert f'ü{get_ipython()}'", "assert None", None),
    "sum": ("x += get_ipython().a", "x += get_ipython().a".replace("x += get_ipython().a", "pass"), None),
    "attribute": ("get_ipython().x = 1", "pass", None),
    "without value": ("x: int\nget_ipython()", "x: int\npass", None),
    "checks of the kit": (
        "%load_ext autograder_student\n%check f\n%load_ext other",
        "from autograder_student import check\npass\npass\n",
        ["cell 1: `%load_ext other` was not run"],
    ),
    "time of a shell line": ("%time !ls", "pass\n", ["cell 1: `%time !ls` was not run"]),
}


@pytest.mark.parametrize(("source", "text", "messages"), MAGICS.values(), ids=MAGICS)
def test_magics_are_removed_and_named(source: str, text: str | None, messages: list[str] | None) -> None:
    """Nothing of IPython runs, every line keeps its number, and the student reads what was left out."""
    found, notes = one(source)

    if messages is not None:
        assert messages == notes
        assert text == found
    elif text is not None:
        assert text == found
    if found is not None:
        assert "get_ipython" not in found
        assert source.rstrip("\n").count("\n") == found.rstrip("\n").count("\n")
        ast.parse(found)


def test_cells_with_syntax_errors_are_left_out() -> None:
    """The other cells survive, and cells keep their numbers."""
    result = read(notebook("x = 1", "y = 2\n!ls\ndef f(:", "", "z = 3"))

    assert [cell.label for cell in result.cells] == ["cell 1", "cell 4"]
    assert [(note.code, note.message) for note in result.notes] == [
        ("cell-syntax-error", "cell 2, line 3: invalid syntax. The cell was left out.")
    ]


OLD = {
    "version 4, lines": notebook(["x = 1\n", "y = 2"]),
    "version 3": {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": "x = 1\ny = 2"}, {"cell_type": "heading", "source": "a"}]}
        ],
    },
    "version 2": {"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1\r\ny = 2"}]}]},
    "version 1": {"nbformat": 1, "cells": [{"cell_type": "code", "code": "x = 1\ry = 2"}]},
    "no minor version": {k: v for k, v in notebook("x = 1\ny = 2").items() if k != "nbformat_minor"},
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(notebook("x = 1\ny = 2")).encode(),
}


@pytest.mark.parametrize("data", OLD.values(), ids=OLD)
def test_every_version_is_read(data: Any) -> None:
    """Old formats give the same cells."""
    result = read(data)

    assert [cell.source.rstrip("\n") for cell in result.cells] == ["x = 1\ny = 2"]
    assert result.notes == ()


BROKEN = {
    "empty": (b"", "It is not a notebook: line 1 is not JSON"),
    "not JSON": (b"x = 1\n", "line 1 is not JSON (Expecting value)"),
    "not an object": (b"[]", "its JSON is not an object"),
    "deep": (b"[" * 90_000, "not JSON text, or nested too deeply"),
    "not text": (b'{"a": "\xff"}', "its content is not JSON text"),
    "no version": ({"cells": []}, "The notebook has no format version; versions 1 to 4 are known."),
    "future": (notebook(nbformat=7), "has format version 7; versions 1 to 4"),
    "odd version": (notebook(nbformat=True), "has format version True"),
    "no cells": ({"nbformat": 4}, "The notebook has no list of cells. Open it in Jupyter and save it again."),
    "odd worksheets": ({"nbformat": 3, "worksheets": [1]}, "The notebook has no list of cells."),
    "odd source": (notebook({"a": 1}), "A code cell holds something that is not text."),
}


@pytest.mark.parametrize(("data", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_notebooks_are_notes(data: Any, words: str) -> None:
    """What is wrong with a notebook is said in words, and nothing is raised."""
    result = read(data)

    assert result.cells == ()
    assert result.notes[0].code == "notebook-unreadable"
    assert words in result.notes[0].message
    assert (result.unreadable or "").startswith("nb.ipynb: ")


def test_limits_of_notebooks_are_named() -> None:
    """Each limit has its own message, with limit and value."""
    data = notebook("x = 1", "y = 2")

    assert "the limit for a notebook is 10 bytes." in read(data, replace(DEFAULT, notebook_bytes=10)).notes[0].message
    assert "It holds more than 3 values." in read(data, replace(DEFAULT, json_items=3)).notes[0].message
    assert read(data, replace(DEFAULT, cells=1)).notes[0].message == "It has 2 code cells; the limit is 1."
    assert "Its code has 10 bytes; the limit is 9 bytes." in read(data, replace(DEFAULT, text_bytes=9)).notes[0].message
    assert read(data, effort=Effort(5, 0)).notes[0].message == "cell 2 was not read: there is too much code before it."


def test_ten_thousand_magics_do_not_take_for_ever() -> None:
    """IPython takes quadratic time for them; the cell is left out instead."""
    _, notes = one("!ls\n" * 10_000)

    assert notes == ["cell 1, line 1: invalid syntax. The cell was left out."]
    assert "The cell was left out" in one("!ls\n" * 700)[1][0]
    assert "The cell was left out" in one("x =" + " " * 300_000 + "!")[1][0]


def test_outputs_are_never_looked_at() -> None:
    """Broken outputs and attachments harm nobody."""
    data = notebook("x = 1")
    data["cells"][0]["outputs"] = [{"output_type": 7}]
    data["cells"] += [{"cell_type": "markdown", "attachments": 1}, 7]

    assert len(read(data).cells) == 1


def test_other_languages_are_noted() -> None:
    """A notebook for R is read as Python, and the student is told."""
    result = read(notebook("x = 1", metadata={"kernelspec": {"language": "R"}}))

    assert result.notes[0].message == "The notebook says that it is written in R; it was read as Python."
    assert read(notebook("x = 1", metadata={"language_info": {"name": "python"}, "kernelspec": 3})).notes == ()
