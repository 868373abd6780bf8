"""Pictures among the outputs of a notebook: taken out as bytes, which nothing here looks into."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from itertools import islice
from typing import Any

from autograder.records import DataFile

MOST_PICTURES = 40
LARGEST = 4_000_000
"""Bytes of base64 that are decoded at most, per picture; figures of matplotlib have 20 to 200 KB."""
_KINDS = {"image/png": "png", "image/jpeg": "jpeg"}
"""How version 4 calls them, and how versions 1 to 3 do."""


def pictures_of(cells: list[Any], path: str) -> tuple[DataFile, ...]:
    """Return the pictures that code cells show, in order, each named for its cell: `"lab.ipynb [cell 3]"`.

    Args:
        cells: The cells of a notebook of any version, as JSON has them; hostile.
        path: The notebook.
    """
    return tuple(islice(_pictures(cells, path), MOST_PICTURES))


def _pictures(cells: list[Any], path: str) -> Iterator[DataFile]:
    code = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    for number, cell in enumerate(code, start=1):
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            data = _first(output) if isinstance(output, dict) else None
            if data:
                yield DataFile(path=f"{path} [cell {number}]", data=data)


def _first(output: dict[str, Any]) -> bytes | None:
    """Return the picture of an output, which has one in several formats at most."""
    bundle = output.get("data")
    for kind, before in _KINDS.items():
        text = bundle.get(kind) if isinstance(bundle, dict) else output.get(before)
        if isinstance(text, list) and all(isinstance(line, str) for line in text):
            text = "".join(text)
        if isinstance(text, str) and 0 < len(text) <= LARGEST:
            try:
                return base64.b64decode(text, validate=False)
            except (binascii.Error, ValueError):
                continue
    return None
