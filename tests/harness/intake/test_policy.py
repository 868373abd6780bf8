"""Forbidden imports."""

from __future__ import annotations

import time

import pytest

from autograder.intake import static_notes
from autograder.records import Cell, SourceFile


def notes(source: str, *forbidden: str) -> list[str]:
    """The messages about a notebook cell with this source."""
    cells = (Cell(label="cell 1", source="import torch as t"), Cell(label="cell 2", source=source))
    return [note.message for note in static_notes([SourceFile(path="a.ipynb", module="a", cells=cells)], forbidden)]


@pytest.mark.parametrize(
    "source",
    [
        "import sklearn",
        "import numpy, sklearn.decomposition as d",
        "from sklearn.decomposition import PCA",
        "def f():\n    import sklearn",
        "__import__('sklearn')",
        "import importlib\nimportlib.import_module('sklearn.svm')",
        "import importlib as i\ni.import_module(name='sklearn')",
        "from importlib import import_module\nimport_module('sklearn')",
        "from importlib import import_module as f\n\nf('sklearn')",
        "import importlib\nload = importlib.import_module\nload('sklearn')",
        "import importlib\ngetattr(importlib, 'import_module')('sklearn')",
        "import builtins\nbuiltins.__import__('sklearn')",
        "import builtins as b\ngetattr(b, '__import__')('sklearn')",
        "from builtins import __import__ as f\nf('sklearn')",
        "__builtins__.__import__('sklearn')",
        "f = __import__\nf('sklearn')",
        "fetch = getattr\nimport importlib\nfetch(importlib, 'import_module')('sklearn')",
    ],
)
def test_forbidden_imports_are_noted(source: str) -> None:
    """Every way of writing the import out is found, with its place."""
    (message,) = notes(source, "sklearn")
    line = source.count("\n") + 1

    assert message.startswith(f"a.ipynb, cell 2, line {line}: `")
    assert message.endswith("uses sklearn, which this assignment does not allow.")


@pytest.mark.parametrize(
    "source",
    [
        "import sklearns",
        "from .sklearn import x",
        "sklearn = 1",
        "import torch",
        "def f(:",
        "getattr(t, name)",
        "getattr(t, 'nn')",
        "getattr(model, 'distributions')",
        "__import__(name)",
        "__import__('torch')",
        "import_module()",
        "d = t.nn\nd.distributions",
    ],
)
def test_other_code_is_not_noted(source: str) -> None:
    """Names that only look alike are allowed, and text that does not parse is not judged."""
    assert notes(source, "sklearn", "torch.distributions") == []


@pytest.mark.parametrize(
    "source",
    [
        "t.distributions.Normal(0, 1)",
        "from torch import distributions",
        "import torch.distributions",
        "getattr(t, 'distributions')",
        "getattr(t, 'distributions').Normal(0, 1)",
        "getattr(getattr(t, 'distributions'), name)",
        "__import__('torch').distributions",
        "import builtins\nbuiltins.getattr(t, 'distributions', None)",
        "u = t\nu.distributions",
    ],
)
def test_forbidden_submodules_are_found_by_attribute(source: str) -> None:
    """`torch.distributions` can be forbidden while torch is allowed."""
    assert len(notes(source, "torch.distributions")) == 1


def test_findings_carry_file_and_line() -> None:
    """A reader finds the place; a file is named in the note, too."""
    cells = (Cell(label="", source="import torch as t\n\nx = getattr(\n    t, 'distributions'\n)\n"),)
    (note,) = static_notes([SourceFile(path="src/a.py", module="a", cells=cells)], ["torch.distributions"])

    assert (note.code, note.path, note.audience) == ("forbidden-import", "src/a.py", "student")
    assert (
        note.message
        == "src/a.py, line 3: `x = getattr(` uses torch.distributions, which this assignment does not allow."
    )


def test_many_findings_are_shortened() -> None:
    """A file that uses something everywhere gets twenty places and a count."""
    messages = notes("\n".join(f"import sklearn.a{index}" for index in range(50)), "sklearn")

    assert len(messages) == 21
    assert messages[-1] == "a.ipynb: 30 more lines use what this assignment does not allow."
    assert notes("import sklearn") == []


@pytest.mark.parametrize(
    "source",
    [
        "x" + ".a" * 900,
        "t" + ".a" * 900,
        "t" + ".a(1)" * 400,
        "getattr(" * 80 + "t" + ", 'a')" * 80,
        "f" + "(1)" * 80,
        "x = t\n" * 20_000,
        "t.nn.a\n" * 20_000,
    ],
)
def test_odd_sources_cost_little(source: str) -> None:
    """Endless chains and nested calls are read in a moment and are nobody's fault."""
    started = time.process_time()

    assert notes(source, "torch.distributions") == []
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("source", "line", "library"),
    [
        ("import pandas as pd", 1, "pandas"),
        ("import math\nfrom sklearn.decomposition import PCA", 2, "sklearn.decomposition"),
        ("import importlib\nimportlib.import_module('pandas')", 2, "pandas"),
    ],
)
def test_a_library_that_is_not_listed_is_told(source: str, line: int, library: str) -> None:
    """With a list of libraries, everything else is a finding, with file and line."""
    (message,) = allowed(source)

    assert message.startswith(f"work.py, line {line}: ")
    assert f"uses {library}, which" in message


def test_listed_libraries_python_and_own_modules_are_allowed() -> None:
    """What is listed, Python's own library, and modules of the submission itself are no findings."""
    source = (
        "import math, os.path\nimport torch.nn as nn\nfrom numpy.linalg import inv\nimport helper\nnn.functional.relu\n"
    )

    assert allowed(source) == []


def allowed(source: str) -> list[str]:
    """The messages about a file beside a module of its own, where torch and numpy are listed."""
    files = [("work.py", "work", source), ("helper.py", "helper", "x = 1\n")]
    sources = [SourceFile(path=p, module=m, cells=(Cell(label="", source=text),)) for p, m, text in files]
    return [note.message for note in static_notes(sources, (), ("torch", "numpy"))]
