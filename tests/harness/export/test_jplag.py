"""A folder for JPlag: read back by the rules of its own loader, which takes folders below a root and files that end in .py."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_line import run_here
from tiny_assignment import make_assignment

from autograder.assignment.kit import pack
from autograder.export.formats import Classes, HandedIn
from autograder.export.jplag import COMMAND, jplag
from autograder.records import Cell, SourceFile


def handed(name: str, files: Mapping[str, str | tuple[str, ...]], download: str = "") -> HandedIn:
    """What somebody handed in: module -> text, or cells."""
    return HandedIn(
        name,
        download,
        tuple(
            SourceFile(
                path=f"{module}.x",
                module=module,
                cells=tuple(Cell(label="", source=text) for text in ((cells,) if isinstance(cells, str) else cells)),
            )
            for module, cells in files.items()
        ),
    )


def made(*who: HandedIn, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The files of an export as text."""
    return {name: data.decode() for name, data in jplag(Classes(who, given or {})).files.items()}


def test_a_submission_is_a_folder_of_python() -> None:
    """A notebook is one file, earlier classes have a root of their own, and the kit is base code."""
    files = made(
        handed("Anna-1", {"work": "a = 1", "src.net": "b = 2", "lab": ("c = 3", "d = 4")}),
        handed("Bert-2", {"work": "a = 5"}, download="Course 2025/26"),
        given={"work.py": "stub = 0", "tests/public/test_work.py": "check = 0", "lab.ipynb": "cell = 0"},
    )
    assert files == {
        "submissions/Anna-1/work.py": "a = 1",
        "submissions/Anna-1/src.net.py": "b = 2",
        "submissions/Anna-1/lab.py": "c = 3\n\nd = 4",
        "earlier/1_Course_2025_26_Bert-2/work.py": "a = 5",
        "base/work.py": "stub = 0",
        "base/tests.public.test_work.py": "check = 0",
        "base/lab.py": "cell = 0",
    }


def test_names_of_files_are_safe_and_different() -> None:
    """Whatever modules are called, also on a file system that ignores case."""
    files = made(handed("a", {"Work": "a = 1", "work": "a = 2", "ä" * 90: "a = 3", "x" * 200: "a = 4"}))

    taken = made(handed("a", {"a_3": "a = 1", "a": "a = 2", "A": "a = 3"}))

    assert len({name.lower() for name in taken}) == 3
    assert sorted(files.values()) == [f"a = {n}" for n in (1, 2, 3, 4)]
    assert len({name.lower() for name in files}) == 4
    assert all(name.isascii() and len(name) < 120 and ".." not in name for name in files)


@pytest.mark.parametrize("broken", ["def f(:\n    return 1", "x = (1,\n", "class A:\nreturn", "import\n", "a b c"])
def test_what_is_no_python_is_left_out(broken: str) -> None:
    """JPlag would leave out the whole submission; what stands around it is kept, on its line, and it is said."""
    text = f"a = 1\n\ndef g(\n    x\n):\n    return x\n{broken}\nif a:\n    b = 2\nelse:\n    b = 3\n"
    export = jplag(Classes((handed("Anna", {"work": text}), handed("Bert", {"work": "a = 1"})), {}))
    kept = export.files["submissions/Anna/work.py"].decode()

    ast.parse(kept)
    assert kept.startswith("a = 1\n\ndef g(\n    x\n):\n    return x\n")
    assert kept.count("\n") == text.count("\n")
    assert [remark for remark in export.remarks if "no Python" in remark and remark.startswith("submissions/Anna: ")]
    assert not any("Bert" in remark for remark in export.remarks)


def test_the_command_is_said() -> None:
    """With earlier classes where there are any; the documentation has the same."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "similarity.md").read_text(encoding="utf-8")
    one, other = handed("a", {"work": "a = 1"}), handed("b", {"work": "a = 1"}, download="x")

    assert jplag(Classes((one,), {})).remarks[-1].endswith(COMMAND)
    assert jplag(Classes((one, other), {})).remarks[-1].endswith(f"{COMMAND} -old earlier")
    assert f"\n{COMMAND} -old earlier\n" in text


def test_a_class_is_exported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """From what a platform hands out; who cannot be read is named, and the reference is not in it."""
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    lab = json.dumps(
        {
            "cells": [cell | {"source": "def double(x):\n    return x + x"}],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
    )
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.zip").write_bytes(pack({"work.py": b"def double(x):\n    return 2 * x\n"}))
    (tmp_path / "class" / "bert.ipynb").write_text(lab)
    (tmp_path / "class" / "carl.py").write_text("")
    course = make_assignment(tmp_path / "course")
    arguments = ("export", "jplag", tmp_path / "class", "--assignment", course, "--out", tmp_path / "out")
    code, _, error = run_here(monkeypatch, capsys, tmp_path, *arguments)
    every = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_text() for path in (tmp_path / "out").rglob("*.py")
    }

    assert code == 0, error
    assert {name for name in every if name.startswith("submissions/")} == {
        "submissions/anna/work.py",
        "submissions/bert/bert.py",
    }
    assert "raise NotImplementedError" in every["base/answers.py"]
    assert not any("2 * x" in text for name, text in every.items() if name.startswith("base/"))
    assert "carl: carl.py is empty" in " ".join(error.split())
    assert run_here(monkeypatch, capsys, tmp_path, *arguments)[0] == 2
    assert (
        run_here(monkeypatch, capsys, tmp_path, "export", "jplag", tmp_path / "none", "--out", tmp_path / "x")[0] == 2
    )
