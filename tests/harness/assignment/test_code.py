"""The author's Python: two assignments side by side, each with its own `reference` and `tests`, and none in `sys.modules`."""

from __future__ import annotations

import sys
import textwrap
import traceback
from pathlib import Path

import pytest

from autograder.assignment.code import AuthorsCode

ANSWERS = """
    from __future__ import annotations

    import math
    from dataclasses import dataclass, fields
    from typing import ClassVar

    from .helpers.scale import SCALE
    from . import helpers

    @dataclass
    class Step:
        size: int
        kind: ClassVar[str] = "step"

    FIELDS = [field.name for field in fields(Step)]

    def scaled(x):
        from reference.helpers import late
        import reference.helpers.scale
        return x * SCALE * late.ONE * reference.helpers.scale.SCALE // helpers.scale.SCALE

    def root(x):
        return math.sqrt(x)
"""


def make(folder: Path, scale: int, **files: str) -> AuthorsCode:
    """Write an assignment's Python; `reference__more` stands for `reference/more.py`."""
    texts = {
        "reference/answers.py": ANSWERS,
        "reference/helpers/__init__.py": "",
        "reference/helpers/scale.py": f"SCALE = {scale}\n",
        "reference/helpers/late.py": "ONE = 1\n",
        "tests/public/test_answers.py": "import tests.public.cases as cases\n"
        "from reference.answers import scaled\nVALUE = scaled(cases.X)\n",
        "tests/public/cases.py": "X = 2\n",
    } | {f"{name.replace('__', '/')}.py": text for name, text in files.items()}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return AuthorsCode(folder)


def authors_modules() -> set[str]:
    """The names in `sys.modules` that an assignment's packages could have."""
    return {name for name in sys.modules if name.split(".")[0] in ("reference", "tests")}


def test_two_side_by_side(tmp_path: Path) -> None:
    """The same names mean each assignment's own modules, whatever order they are imported in; nothing of theirs stays."""
    before, paths = authors_modules(), list(sys.path)
    one, two = make(tmp_path / "one", 3), make(tmp_path / "two", 5)
    first = one.module("reference.answers")
    second = two.module("reference.answers")

    assert [module.scaled(2) for module in (first, second, first)] == [6, 10, 6]
    assert [code.module("tests.public.test_answers").VALUE for code in (two, one)] == [10, 6]
    assert one.module("reference.answers") is first
    assert first.__file__ == str(tmp_path / "one/reference/answers.py")
    assert (authors_modules(), sys.path) == (before, paths)


def test_imports_inside_functions_know_their_assignment(tmp_path: Path) -> None:
    """A function that imports something long after its module was loaded gets its own assignment's."""
    one, two = make(tmp_path / "one", 3), make(tmp_path / "two", 5)
    first, second = (code.module("reference.answers").scaled for code in (one, two))

    (tmp_path / "one/reference/helpers/late.py").write_text("ONE = 100\n")
    assert (second(1), first(1)) == (5, 300)


def test_annotations_as_text(tmp_path: Path) -> None:
    """A dataclass whose annotations are texts finds what they mean; a class variable is no field."""
    assert make(tmp_path, 1).module("reference.answers").FIELDS == ["size"]


def test_packages_and_libraries(tmp_path: Path) -> None:
    """Folders are packages with or without `__init__.py`; everything else is imported as always, and shared."""
    code = make(tmp_path, 1)
    package = code.module("reference")

    assert code.module("reference.answers") is package.answers
    assert code.module("reference.answers").math is sys.modules["math"]
    assert code.module("reference.helpers").scale.SCALE == 1
    assert code.name_of(tmp_path / "reference/helpers/__init__.py") == "reference.helpers"
    assert code.name_of(tmp_path / "tests/public/cases.py") == "tests.public.cases"


def test_an_assignment_without_tests_leaves_the_others_alone(tmp_path: Path) -> None:
    """A name that the folder does not have is looked for where Python looks."""
    code = make(tmp_path, 1, reference__more="import tests_that_nobody_has")
    with pytest.raises(ModuleNotFoundError, match="No module named 'tests_that_nobody_has'"):
        code.module("reference.more")


def test_what_raises_is_not_kept(tmp_path: Path) -> None:
    """A module that fails is run again the next time, and the traceback shows the author's line."""
    code = make(tmp_path, 1, reference__more="X = 1\nraise ValueError('not yet')\n")
    for _ in range(2):
        with pytest.raises(ValueError, match="not yet") as caught:
            code.module("reference.more")
        assert "raise ValueError('not yet')" in "".join(traceback.format_exception(caught.value))
    assert "reference.more" not in sys.modules

    (tmp_path / "reference/more.py").write_text("X = 2\n")
    assert code.module("reference.more").X == 2


def test_what_is_missing(tmp_path: Path) -> None:
    """A module that is not there is named, with the folder; so is one that a module imports."""
    code = make(
        tmp_path,
        1,
        reference__more="from reference.nothing import x",
        reference__other="from reference.answers import nothing",
    )
    for name, missing in (("reference.absent", "reference.absent"), ("reference.more", "reference.nothing")):
        with pytest.raises(ModuleNotFoundError) as caught:
            code.module(name)
        assert str(caught.value) == f"{tmp_path} has no module '{missing}'"
        assert caught.value.name == missing
    with pytest.raises(ImportError, match=r"cannot import name 'nothing' from 'reference\.answers'"):
        code.module("reference.other")


def test_modules_that_import_each_other(tmp_path: Path) -> None:
    """A circle is no endless loop: the second sees as much of the first as has been run."""
    code = make(
        tmp_path,
        1,
        reference__left="A = 1\nfrom reference import right\nB = right.C",
        reference__right="from reference import left\nC = left.A + 1",
    )
    assert code.module("reference.left").B == 2


def test_a_changed_text_runs_beside_the_module(tmp_path: Path) -> None:
    """`run` gives what a text defines in a module's place, with its imports, and leaves the module as it is."""
    code = make(tmp_path, 3)
    changed = code.run("from .helpers.scale import SCALE\ndef scaled(x):\n    return x + SCALE\n", "reference.answers")

    assert (changed["scaled"](2), code.module("reference.answers").scaled(2)) == (5, 6)
    assert "reference.answers" not in sys.modules
