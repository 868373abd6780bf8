"""Who uses whom: read from the text, through functions, classes, constants and imports of every form."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from autograder.assignment.callgraph import call_graph, reached, text_of
from autograder.errors import UsageError

FILES = {
    "a.py": """
        import math
        import torch
        from reference import b, c as see
        from reference.types import Model
        from .d import *
        import reference.sub.deep
        import reference.e as e

        LIMIT = 2 * b.BASE
        TABLE = {}
        TABLE.update(x=LIMIT)
        TABLE["y"] = LIMIT
        first, second = 1, LIMIT
        UNUSED = see.g

        def f(model: Model, x: float = LIMIT) -> float:
            return _helper(x) + e.h(x)

        def _helper(x):
            return starred(x) * TABLE["x"] + reference.sub.deep.inner(x)

        class Kept(see.Base):
            def m(self) -> float:
                return second

        def recursive(x: float) -> float:
            return recursive(x - 1)

        def again(x: float) -> float:
            from reference import again_imported
            return again_imported(x)
    """,
    "b.py": "BASE = 3\nOTHER = 4\n",
    "c.py": """
        from reference import a
        class Base: ...
        def g(x: float) -> float: return a.f(None, x)
    """,
    "d.py": "def starred(x): return x\ndef _private(x): return x\n",
    "e.py": """
        try:
            import numpy
            def h(x): return numpy.exp(x)
        except ImportError:
            h = None
    """,
    "types.py": "Model = int\n",
    "sub/__init__.py": "from .deep import inner\n",
    "sub/deep.py": "from .. import b\ndef inner(x): return b.BASE + x\n",
    "__init__.py": "from .d import starred as again_imported\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reference whose modules use each other in every way."""
    for name, text in FILES.items():
        path = tmp_path / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path / "reference"


F = ("h", "starred", "inner")
REACHED = {
    "f": [
        *[("a", "LIMIT"), ("a", "TABLE"), ("a", "_helper"), ("a", "f"), ("b", "BASE"), ("d", "starred"), ("e", "h")],
        *[("sub.deep", "inner"), ("types", "Model")],
    ],
    "Kept": [("a", "Kept"), ("a", "LIMIT"), ("a", "second"), ("b", "BASE"), ("c", "Base")],
    "recursive": [("a", "recursive")],
    "again": [("a", "again"), ("d", "starred")],
    "OTHER": [("b", "OTHER")],
}


@pytest.mark.parametrize(("name", "places"), REACHED.items(), ids=REACHED)
def test_reached(folder: Path, name: str, places: list[tuple[str, str]]) -> None:
    """An object consists of itself and everything of the folder that its text leads to, and of nothing else."""
    assert places == reached(folder, name)


def test_unknown_name(folder: Path) -> None:
    """A name that no module defines is refused."""
    with pytest.raises(UsageError, match="no module defines 'absent' at its top level"):
        reached(folder, "absent")


def test_syntax_error(folder: Path) -> None:
    """A module that is no Python is named with its line."""
    (folder / "b.py").write_text("x = (\n")
    with pytest.raises(UsageError, match=r"b\.py:1: '\(' was never closed"):
        reached(folder, "f")


def test_text(folder: Path) -> None:
    """The text of an object is free of comments, and what is done to it later belongs to it."""
    (folder / "b.py").write_text("BASE   = 3  # three\n")
    assert text_of(folder, ("b", "BASE")) == "BASE = 3"
    assert text_of(folder, ("a", "TABLE")) == "TABLE = {}\nTABLE.update(x=LIMIT)\nTABLE['y'] = LIMIT"
    assert text_of(folder, ("absent", "f")) == ""


def test_call_graph(folder: Path) -> None:
    """Among the names, a function uses those that it reaches through anything: helpers, constants, classes."""
    graph = call_graph(folder, ["f", "g", "h", "inner", "Kept", "starred", "absent"])
    assert graph == {
        "Kept": (),
        "absent": (),
        "f": ("h", "starred"),
        "g": ("f", "h", "starred"),
        "h": (),
        "starred": (),
    } | {"inner": ()}
