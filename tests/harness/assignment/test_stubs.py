"""Stubs of functions and classes: signatures and docstrings as the reference has them, nothing of the answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.assignment.contract import Contract, load_contract, parse_classes
from autograder.assignment.loading import Assignment
from autograder.assignment.stubs import Source, needs
from autograder.assignment.template import build_template
from autograder.errors import UsageError
from autograder.sandbox.cells import plain_python

FITS = '''"""Fitting."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from reference.parts import Base, Step
from torch import Tensor

SECRET = 41


@register
@dataclass(frozen=True)
class KalmanModel(Base):
    """A fitted model."""

    A: Float[Tensor, "D D"]
    scale: float = 1.0  # of the noise
    secret = SECRET

    def __post_init__(self) -> None:
        print(SECRET)

    def predict(
        self,
        x: Float[Tensor, "D"],
    ) -> Step:
        """The next step.

        Returns:
            It.
        """
        return Step(x * SECRET)

    @staticmethod
    def at(x: float) -> float: return SECRET

    @property
    def size(self) -> int:
        """How large."""
        return SECRET

    def _hidden(self) -> int:
        return SECRET


class Plain:
    """Without methods of the contract that have a docstring."""

    rows: int
    kept: int = 3

    def __init__(self, rows: int):
        self.rows = SECRET

    def run(self) -> "Plain":
        return self


def fit(y: Float[Tensor, "T D"]) -> KalmanModel:
    """Fit it."""
    return KalmanModel(y)
'''
PARTS = '''"""Parts."""

from dataclasses import dataclass
from torch import Tensor, nn


@dataclass
class Step:
    """One step."""

    x: Tensor


class Base(nn.Module):
    """What is common."""

    def size_of(self, step: Step) -> int:
        """How large it is."""
        return 3
'''
KALMAN_STUB = '''@dataclass(frozen=True)
class KalmanModel(Base):
    """A fitted model."""

    A: Float[Tensor, "D D"]
    scale: float = 1.0  # of the noise

    def predict(
        self,
        x: Float[Tensor, "D"],
    ) -> Step:
        """The next step.

        Returns:
            It.
        """
        raise NotImplementedError

    @staticmethod
    def at(x: float) -> float:
        raise NotImplementedError

    @property
    def size(self) -> int:
        """How large."""
        raise NotImplementedError
'''


RUBRIC = """\
title: T
points: 2
budgets: {call_seconds: 1, load_seconds: 5}
training_budgets: {}
tasks:
  - {id: fit, title: Fit, kind: fitted, points: 1, checks: {value: 1}}
  - {id: plain, name: Plain, title: Plain, kind: class, points: 1, checks: {value: 1}}
tracks:
  full: {title: All}
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The template of an assignment with a function that returns a fitted object, and with a class as a task."""
    (tmp_path / "reference").mkdir()
    for name, text in {"fits": FITS, "parts": PARTS}.items():
        (tmp_path / "reference" / f"{name}.py").write_text(text)
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    return build_template(Assignment(tmp_path), [])


def test_stub_of_a_class() -> None:
    """A class keeps docstring, bases, fields and public methods; private ones, constants and decorators go."""
    assert Source("fits", FITS).stub("KalmanModel") == KALMAN_STUB


def test_stub_of_a_plain_class() -> None:
    """A method without a docstring has a stub all the same, and so has a constructor without annotated result."""
    assert Source("fits", FITS).short_stub("Plain").splitlines()[2:] == [
        "",
        "    rows: int",
        "",
        "    def __init__(self, rows: int):",
        "        raise NotImplementedError",
        "",
        '    def run(self) -> "Plain":',
        "        raise NotImplementedError",
    ]


def test_the_class_of_a_fitted_object_is_in_the_template(files: dict[str, str]) -> None:
    """Classes stand before the functions, in the file of the reference, and are imported where they are not defined."""
    always = {"assignment.ipynb", "contract.json", "README.md", "Makefile", "autograder_student.py"}
    assert set(files) == {"fits.py", "parts.py", *always}
    assert KALMAN_STUB in files["fits.py"]
    assert "from parts import Base, Step\n" in files["fits.py"]
    assert files["fits.py"].index("class KalmanModel") < files["fits.py"].index("def fit(")
    assert "x: Tensor\n" in files["parts.py"]
    assert not any("SECRET" in text or "41" in text for name, text in files.items() if name.endswith(".py"))
    assert [c.name for c in parse_classes(files["parts.py"], "parts")] == ["Step", "Base"]


def test_the_template_runs(files: dict[str, str], tmp_path: Path) -> None:
    """Every stub file and the notebook find their names; a class of fields can be used at once."""
    cells = nbformat.reads(files["assignment.ipynb"], 4).cells
    code = {cell.id: plain_python(cell.source) for cell in cells if cell.cell_type == "code"}
    assert list(code) == [
        "imports",
        "checks",
        "class-Step",
        "class-Base",
        "class-KalmanModel",
        "code-fit",
        "code-plain",
    ]
    (tmp_path / "out").mkdir()
    for name in ("fits.py", "parts.py", "autograder_student.py"):
        (tmp_path / "out" / name).write_text(files[name])
    (tmp_path / "out" / "cells.py").write_text("\n\n".join(code.values()))
    script = "import cells, fits; from parts import Step; print(Step(3).x, fits.KalmanModel.__mro__[1].__module__)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "out", capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3 parts\n", "")


def test_contract_of_classes_reaches_the_kit(files: dict[str, str], tmp_path: Path) -> None:
    """`contract.json` holds functions and classes; the README has a row for a class."""
    contract = Contract.from_json(json.dumps(json.loads(files["contract.json"])["functions"]))
    assert contract == load_contract(tmp_path / "reference", ["fit", "Plain"])
    assert "| `plain` | `fits.py` |" in files["README.md"]


def test_a_class_without_docstring_is_refused() -> None:
    """What has no docstring has no text to be a task with."""
    source = Source("m", "class A:\n    def f(self) -> int:\n        return 1\n")
    with pytest.raises(UsageError, match=r"reference/m.py: A has no docstring, and it is the text of the task"):
        source.stub("A")


def test_a_class_that_is_not_given_is_refused() -> None:
    """A signature that names a class of which students get no stub is told to the author."""
    source = Source("m", "class A:\n    pass\n\ndef f(x: A) -> int:\n    'Doc.'\n")
    with pytest.raises(UsageError, match="'A' in a signature is neither imported nor defined"):
        needs(source.signature_nodes("f"), source, {"m": source})
