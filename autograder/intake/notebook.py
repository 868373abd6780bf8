"""Notebooks of any format version into cells of plain Python. Of their outputs pictures are kept, as bytes that nobody has looked into."""

from __future__ import annotations

import json
import logging
import warnings
from typing import Any

from autograder.intake.limits import IntakeLimits
from autograder.intake.magics import cell_magic
from autograder.intake.outputs import pictures_of
from autograder.intake.source import Effort, Parsed, SyntaxProblem, plain_python, shortened, unreadable
from autograder.intake.text import printable, size, without_surrogates
from autograder.records import Cell, Note

_VERSIONS = (1, 2, 3, 4)


class _Unusable(Exception):
    """Nothing of the notebook can be used; the message says why."""


def read_notebook(path: str, data: bytes, limits: IntakeLimits, effort: Effort) -> Parsed:
    """The code cells of a notebook. What cannot be read becomes a note; the cells around it survive."""
    try:
        raw = _load(data, limits)
        every = _cells(raw, _version(raw))
        sources = _code(raw, every, limits)
    except _Unusable as error:
        return unreadable(path, "notebook-unreadable", str(error))
    cells: list[Cell] = []
    notes: list[Note] = []
    for number, source in enumerate(sources, start=1):
        cell, more = _cell(source, f"cell {number}", path, effort)
        cells += [cell] if cell else []
        notes += more
    found = (*_language_notes(raw, path), *shortened(notes, path, limits))
    return Parsed(tuple(cells), found, shown=pictures_of(every, path))


def _load(data: bytes, limits: IntakeLimits) -> dict[str, Any]:
    """The JSON object of a notebook, if its size and its number of values are sensible."""
    if len(data) > limits.notebook_bytes:
        raise _Unusable(
            f"It has {size(len(data))}; the limit for a notebook is {size(limits.notebook_bytes)}. "
            "Clear its outputs (Kernel > Restart and clear output) and save it."
        )
    items = data.count(b"[") + data.count(b"{")
    if items > limits.json_items or data.count(b",") > limits.json_commas:
        raise _Unusable(f"It holds more than {limits.json_items:,} values. Clear its outputs and save it.")
    try:
        text = data.decode(json.detect_encoding(data))
        raw = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise _Unusable(f"It is not a notebook: line {error.lineno} is not JSON ({printable(error.msg)}).") from None
    except (ValueError, RecursionError, MemoryError):
        raise _Unusable("It is not a notebook: its content is not JSON text, or nested too deeply.") from None
    if not isinstance(raw, dict):
        raise _Unusable("It is not a notebook: its JSON is not an object.")
    return raw


def _version(raw: dict[str, Any]) -> int:
    """The version of a notebook's format."""
    version = raw.get("nbformat")
    if type(version) is not int or version not in _VERSIONS:
        found = "has no format version" if version is None else f"has format version {printable(repr(version), 40)}"
        raise _Unusable(
            f"The notebook {found}; versions {_VERSIONS[0]} to {_VERSIONS[-1]} are known. "
            "Open it in Jupyter and save it again."
        )
    return version


def _code(raw: dict[str, Any], cells: list[Any], limits: IntakeLimits) -> list[str]:
    """The source of every code cell, read by `nbformat` in whatever version the notebook has."""
    version = _version(raw)
    code = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    if len(code) > limits.cells:
        raise _Unusable(f"It has {len(code):,} code cells; the limit is {limits.cells:,}.")
    key = {1: "code", 2: "input", 3: "input", 4: "source"}[version]
    sources = [_joined(cell.get(key, "")) for cell in code]
    length = sum(map(len, sources))
    if length > limits.text_bytes:
        raise _Unusable(f"Its code has {size(length)}; the limit is {size(limits.text_bytes)}. Load data from files.")
    return _upgraded(sources, version)


def _cells(raw: dict[str, Any], version: int) -> list[Any]:
    """All cells, from worksheets too."""
    if version in (2, 3):
        sheets = raw.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        found = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        if found and all(isinstance(cells, list) for cells in found):
            return [cell for cells in found for cell in cells or []]
    elif isinstance(cells := raw.get("cells"), list):
        return cells
    raise _Unusable("The notebook has no list of cells. Open it in Jupyter and save it again.")


def _joined(source: Any) -> str:
    """The text of a cell: a string, or a list of lines."""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise _Unusable("A code cell holds something that is not text. Open it in Jupyter and save it again.")
    return without_surrogates(source).replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _upgraded(sources: list[str], version: int) -> list[str]:
    """`sources` after `nbformat` has read them in their own version and upgraded them to version 4.

    It is given the code alone: outputs would be parsed, checked and copied for nothing.
    """
    import nbformat  # a fifth of a second that submissions without notebooks need not wait for

    logging.getLogger("traitlets").addHandler(logging.NullHandler())
    skeleton = json.dumps(_skeleton(sources, version))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(skeleton, as_version=4)  # type: ignore[no-untyped-call]
        return [str(cell.source) for cell in notebook.cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, nbformat.ValidationError) as error:
        raise _Unusable(f"The notebook cannot be read ({printable(str(error), 80)}).") from None


def _skeleton(sources: list[str], version: int) -> dict[str, Any]:
    """A valid notebook of `version` with these code cells and nothing else."""
    if version == 4:
        cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [{**cell, "source": source} for source in sources]
        return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    cell = {"cell_type": "code", "language": "python", "outputs": [], "collapsed": False}
    if version == 1:
        return {"nbformat": 1, "cells": [{"cell_type": "code", "code": source} for source in sources]}
    cells = [{**cell, "metadata": {}, "input": source} for source in sources]
    sheets = [{"cells": cells, "metadata": {}}]
    return {"nbformat": version, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}


def _language_notes(raw: dict[str, Any], path: str) -> tuple[Note, ...]:
    """A note if the notebook says that it is not written in Python."""
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        value = metadata.get(section)
        language = value.get(key) if isinstance(value, dict) else None
        if isinstance(language, str) and language.lower().lstrip("i") not in ("python", "python3", ""):
            message = f"The notebook says that it is written in {printable(language, 40)}; it was read as Python."
            return (Note(code="not-python", message=message, path=path),)
    return ()


def _cell(source: str, label: str, path: str, effort: Effort) -> tuple[Cell | None, list[Note]]:
    """One code cell as plain Python, or `None` and the reason."""
    notes: list[Note] = []
    while (magic := cell_magic(source)) is not None:
        line, kept, body = magic
        what = "was left out, the code below it was kept" if kept else "was not run, with the whole cell"
        notes.append(Note(code="magic-removed", message=f"{label}: `{printable(line, 80)}` {what}", path=path))
        if not kept:
            return None, notes
        source = body
    if not source.strip():
        return None, notes
    if not effort.may_parse(len(source)):
        message = f"{label} was not read: there is too much code before it."
        return None, [*notes, Note(code="cell-not-read", message=message, path=path)]
    text, more = plain_python(source, label, path, effort)
    if isinstance(more, SyntaxProblem):
        message = f"{label}, line {more.line}: {more.message}. The cell was left out."
        return None, [*notes, Note(code="cell-syntax-error", message=message, path=path)]
    return Cell(label=label, source=text), notes + more
