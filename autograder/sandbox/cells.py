"""The cells of a Python file or a notebook, read with the standard library alone: for students who check their work.

Notebooks are read as JSON. Cells that are Python are left alone. In others, lines that begin with `%` or `!`, or end
in `?`, become `pass`, but for `%load_ext autograder_student`, which imports the `check` that it stands for; `x = !command`
and `x = %magic` become `x = None`; and a cell under a `%%magic` is kept only where the magic runs it as Python. That is
less than the grader understands (a magic that goes on in the next line, or stands inside brackets): such a cell is
reported as a syntax error here.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from pathlib import Path, PurePath

from autograder.errors import UsageError
from autograder.sandbox.inside.loader import STUDENT_TOOL

_BODY_KEPT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "matplotlib"})
_ASSIGNED = re.compile(r"^(\s*[\w, ]+=)\s*[!%].*$")
_MAGIC = re.compile(r"^(\s*)(?:[!%?].*|[\w.]+\?{1,2}\s*)$")


def module_of(path: PurePath) -> str:
    """Return the name under which a file of a submission is imported; `path` is relative to the submission."""
    parts = path.with_suffix("").parts
    return ".".join(re.sub(r"\W", "_", part) if path.suffix == ".ipynb" else part for part in parts)


def cells_of(path: Path) -> list[tuple[str, str]]:
    """Return (label, source) pairs: one without a label for a Python file, `cell 1`, `cell 2`, ... for code cells.

    Raises:
        UsageError: The file is not text, or not a notebook.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return notebook_cells(text) if path.suffix == ".ipynb" else [("", text)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}") from None


def notebook_cells(text: str) -> list[tuple[str, str]]:
    """Return the code cells of a notebook in its current format."""
    cells: list[tuple[str, str]] = []
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "code":
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            cells.append((f"cell {len(cells) + 1}", plain_python(source)))
    return cells


def plain_python(source: str) -> str:
    """Return a cell without magics; every line keeps its number."""
    if _parses(source):
        return source
    lines = source.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        magic = re.match(r"%%(\w*)", lines[first])
        if magic is None or magic.group(1) not in _BODY_KEPT:
            return ""
        lines[first] = ""
        if _parses("\n".join(lines)):
            return "\n".join(lines)
    return "\n".join(_plain_line(line) for line in lines)


def _plain_line(line: str) -> str:
    if line.split() == ["%load_ext", STUDENT_TOOL]:
        return line.replace(line.strip(), f"from {STUDENT_TOOL} import check")
    return _MAGIC.sub(r"\1pass", _ASSIGNED.sub(r"\1 None", line))


def _parses(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
