"""Importing torchvision beside a torch of another build."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from run_in_python import lines_of

from autograder.training import torchvision_import
from autograder.training.torchvision_import import import_torchvision

ROOT = Path(__file__).resolve().parents[3]


def test_datasets_can_be_imported() -> None:
    """Here, torchvision's data sets can be imported, once and again."""
    assert import_torchvision().__name__ == "torchvision.datasets"
    assert import_torchvision() is import_torchvision()


def test_missing_operators_are_declared() -> None:
    """Where the import fails for want of its compiled operators, they are declared and it succeeds."""
    lines = lines_of(
        """
        import importlib, sys
        from autograder.training import torchvision_import as ours
        real, calls = importlib.import_module, []
        def first_fails(name, package=None):
            calls.extend([name] if name == "torchvision.datasets" else [])
            if calls == [name]:
                raise RuntimeError("operator torchvision::nms does not exist")
            return real(name, package)
        importlib.import_module = first_fails
        print(ours.import_torchvision().__name__, len(calls))
        """,
        ROOT,
    )
    assert lines == ["torchvision.datasets 2"]


def test_other_faults_are_import_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchvision that is broken in another way is an ImportError that says how."""

    def broken(name: str) -> ModuleType:
        raise RuntimeError("libcudart.so: cannot open")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ImportError, match=r"torchvision cannot be imported: libcudart.so: cannot open"):
        torchvision_import.import_torchvision()
