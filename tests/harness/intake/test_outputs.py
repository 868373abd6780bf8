"""Pictures among the outputs of notebooks are kept as bytes, whatever else stands there."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from autograder.intake import take_in
from autograder.intake.limits import DEFAULT
from autograder.intake.notebook import read_notebook
from autograder.intake.outputs import LARGEST, MOST_PICTURES
from autograder.intake.source import Effort

PNG = b"\x89PNG\r\n\x1a\n picture"
TEXT = base64.b64encode(PNG).decode()


def cell(*outputs: Any, kind: str = "code") -> dict[str, Any]:
    """A cell of version 4 with these outputs."""
    return {"cell_type": kind, "source": "x = 1", "metadata": {}, "outputs": list(outputs)}


def shown(**bundle: Any) -> dict[str, Any]:
    """An output with data of these kinds."""
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {f"image/{kind}": value for kind, value in bundle.items()},
    }


def pictures(notebook: Any) -> list[tuple[str, bytes]]:
    """The pictures of a notebook of version 4 with these cells, or of a whole one."""
    whole = (
        notebook
        if isinstance(notebook, dict)
        else {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": notebook}
    )
    parsed = read_notebook("lab.ipynb", json.dumps(whole).encode(), DEFAULT, Effort.of(DEFAULT))
    return [(picture.path, picture.data) for picture in parsed.shown]


def test_each_is_named_for_its_cell() -> None:
    """PNG comes before JPEG of the same output; text cells are not counted, as in all messages."""
    cells = [
        cell(kind="markdown"),
        cell(),
        cell(shown(png=TEXT, jpeg="AAAA"), shown(jpeg=TEXT)),
        cell(shown(png=[TEXT[:8], TEXT[8:]])),
    ]

    assert pictures(cells) == [("lab.ipynb [cell 2]", PNG), ("lab.ipynb [cell 2]", PNG), ("lab.ipynb [cell 3]", PNG)]


def test_older_notebooks_have_them_elsewhere() -> None:
    """Version 3 writes `png` into the output itself, and has worksheets."""
    old = {
        "cell_type": "code",
        "input": "x = 1",
        "language": "python",
        "outputs": [{"output_type": "display_data", "png": TEXT}],
    }
    whole = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [old]}]}

    assert pictures(whole) == [("lab.ipynb [cell 1]", PNG)]


ODD = {
    "no list": {**cell(), "outputs": "png"},
    "no output": cell("text", None, 7),
    "no data": cell({"output_type": "stream", "text": "x"}),
    "data is a list": cell({"data": [1]}),
    "a number": cell(shown(png=5)),
    "numbers": cell(shown(png=[1, 2])),
    "nothing": cell(shown(png="")),
    "no base64": cell(shown(png="A")),
    "too large": cell(shown(png="A" * (LARGEST + 1))),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_outputs_are_passed_over(odd: dict[str, Any]) -> None:
    """Whatever stands there, the next picture is found."""
    assert pictures([odd, cell(shown(png=TEXT))]) == [("lab.ipynb [cell 2]", PNG)]


def test_they_are_not_without_end() -> None:
    """The first ones count."""
    assert len(pictures([cell(*[shown(png=TEXT)] * 100)])) == MOST_PICTURES


def test_they_are_part_of_a_submission(tmp_path: Any) -> None:
    """Beside the code, which is the same with and without them."""
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell(shown(png=TEXT))]}))
    submission = take_in(path)

    assert [(file.path, file.data) for file in submission.shown] == [("lab.ipynb [cell 1]", PNG)]
    assert submission.sources[0].cells[0].source == "x = 1"
    assert submission.files == ()
