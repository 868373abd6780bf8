"""Forbidden imports."""

from __future__ import annotations

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
    ],
)
def test_forbidden_imports_are_noted(source: str) -> None:
    """Every way of writing the import out is found, with its place."""
    (message,) = notes(source, "sklearn")
    line = source.count("\n") + 1

    assert message.startswith(f"a.ipynb, cell 2, line {line}: `")
    assert message.endswith("uses sklearn, which this assignment does not allow.")


@pytest.mark.parametrize(
    "source", ["import sklearns", "from .sklearn import x", "sklearn = 1", "import torch", "def f(:"]
)
def test_other_code_is_not_noted(source: str) -> None:
    """Names that only look alike are allowed, and text that does not parse is not judged."""
    assert notes(source, "sklearn", "torch.distributions") == []


@pytest.mark.parametrize(
    "source", ["t.distributions.Normal(0, 1)", "from torch import distributions", "import torch.distributions"]
)
def test_forbidden_submodules_are_found_by_attribute(source: str) -> None:
    """`torch.distributions` can be forbidden while torch is allowed."""
    assert len(notes(source, "torch.distributions")) == 1
