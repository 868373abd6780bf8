"""The autograder for Gradescope: its scripts are run in folders as they lie there, with a grader that is only what the zip holds."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_assignment import RIGHT, make_assignment

from autograder.assignment.kit import pack
from autograder.cli import project_files as reading
from autograder.cli.project_files import project_files
from autograder.errors import UsageError
from autograder.export.gradescope_autograder import gradescope_autograder
from autograder.export.gradescope_metadata import about_of
from autograder.sandbox.choice import why_not_uid

ROOT = Path(__file__).resolve().parents[3]
METADATA = {
    "id": 123456,
    "created_at": "2026-03-02T14:22:32.365935-07:00",
    "assignment": {
        "due_date": "2026-03-02T23:00:00.000000-07:00",
        "group_size": 4,
        "group_submission": True,
        "id": 25828,
        "course_id": 1234,
        "late_due_date": None,
        "release_date": "2026-02-02T00:00:00.000000-07:00",
        "title": "Programming",
        "total_points": "20.0",
    },
    "submission_method": "upload",
    "users": [
        {"email": "a@example.org", "id": 1234, "name": "Ann =1+1"},
        {"email": "b@example.org", "id": 1235, "name": "山田 太郎"},
    ],
    "previous_submissions": [],
}


def unpacked(root: Path, assignment: Path, options: str = "") -> Path:
    """Lay folders out as Gradescope does, with the zip unpacked in `source`; the virtual environment there is this one."""
    data = pack(gradescope_autograder(project_files(assignment), grade_options=options).files)
    zipfile.ZipFile(io.BytesIO(data)).extractall(root / "source")
    for folder in ("submission", "results"):
        (root / folder).mkdir()
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    python = root / "source" / "grader" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return root


def run(root: Path, **environment: str) -> tuple[dict[str, Any], str]:
    """Run `run_autograder`; returns results.json and the log."""
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["bash", root / "run_autograder"],
        cwd=root,
        env=without | {"AUTOGRADER_ROOT": str(root)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    content: dict[str, Any] = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    return content, done.stdout + done.stderr


@pytest.fixture
def gradescope(tmp_path: Path) -> Callable[..., Path]:
    """Make the folders for the tiny assignment."""
    return lambda options="": unpacked(tmp_path / "autograder", make_assignment(tmp_path / "tiny"), options)


@pytest.mark.skipif(bool(why_not_uid()), reason="needs root and Landlock, as on Gradescope")
def test_a_submission_is_graded_there(gradescope: Callable[..., Path]) -> None:
    """As root with a user for the submission, by what the zip holds alone; who handed in is known."""
    root = gradescope("--sandbox uid")
    (root / "submission" / "work.py").write_text(RIGHT)
    (root / "submission_metadata.json").write_text(json.dumps(METADATA))
    content, log = run(root)

    assert (content.get("score"), content["tests"][0]["name"]) == (3.0, "Twice"), log
    assert content["tests"][0]["status"] == "passed"
    assert str(root / "source") not in json.dumps(content)
    assert "submission_metadata.json" not in log


@pytest.mark.parametrize(
    ("broken", "words"),
    [("submission", "could not be read"), ("rubric", "You lose nothing"), ("python", "You lose nothing")],
)
def test_without_a_grade_there_is_no_zero(gradescope: Callable[..., Path], broken: str, words: str) -> None:
    """Whether the submission cannot be read, the assignment is broken or the installation is: results.json says so."""
    root = gradescope("--sandbox none")
    if broken == "rubric":
        (root / "submission" / "work.py").write_text(RIGHT)
        (root / "source" / "assignment" / "rubric.yaml").write_text("points: [")
    elif broken == "python":
        (root / "source" / "grader" / ".venv" / "bin" / "python").unlink()
    (root / "results" / "results.json").write_text('{"score": 20}')  # of an earlier run
    content, log = run(root)

    assert words in content["output"], log
    assert "score" not in content
    assert "tests" not in content


def test_the_zip_holds_what_the_image_holds() -> None:
    """The engine and the assignment, the scripts at the top, and nothing private."""
    files = gradescope_autograder(project_files(ROOT), grade_options="").files
    names = set(files)
    top = {name.split("/")[0] for name in names}

    assert top == {"setup.sh", "run_autograder", "grader", "assignment"}
    assert {
        "grader/pyproject.toml",
        "grader/constraints.txt",
        "grader/scripts/setup.sh",
        "assignment/rubric.yaml",
    } <= names
    assert "grader/autograder/training/data/__init__.py" in names
    private = re.compile(r"(^|/)(\.[^/]+|__pycache__|reports|node_modules)(/|$)|\.pyc$")
    assert not [name for name in names if private.search(name)]
    assert not [name for name in names if name.startswith("assignment/student_template/data/")]


def test_folders_that_are_no_part_are_left_out(tmp_path: Path) -> None:
    """Data, reports, environments and repositories that lie in an assignment's folders."""
    folder = make_assignment(tmp_path / "tiny")
    for name in (
        ".git/x",
        ".venv/x",
        "reports/x",
        "data/x",
        "tests/data/x",
        "tests/.hidden/x",
        "tests/__pycache__/x.pyc",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("private")
    names = {name for name in project_files(folder) if name.startswith("assignment/")}

    assert names == {
        f"assignment/{path}"
        for path in (
            "rubric.yaml",
            "reference/__init__.py",
            "reference/answers.py",
            "tests/__init__.py",
            "tests/public/__init__.py",
            "tests/public/test_public.py",
            "tests/hidden/__init__.py",
            "tests/hidden/test_hidden.py",
        )
    }


def test_scripts_are_scripts() -> None:
    """Bash accepts both, and options of `grade` stay words."""
    files = gradescope_autograder({}, grade_options="--track 'a b' --tasks $(x)").files
    for name in ("setup.sh", "run_autograder"):
        assert files[name].startswith(b"#!/usr/bin/env bash\n")
        assert b"\r" not in files[name]
        subprocess.run(["bash", "-n"], input=files[name], check=True)

    assert b"--track 'a b' --tasks '$(x)'" in files["run_autograder"]


def test_what_cannot_be_packed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is no assignment, an open quote, an installation without its project."""
    with pytest.raises(UsageError, match=r"there is no rubric\.yaml in it"):
        project_files(tmp_path)
    with pytest.raises(UsageError, match="no words of a shell"):
        gradescope_autograder({}, grade_options="--track '")
    monkeypatch.setattr(reading, "PROJECT", tmp_path)
    with pytest.raises(UsageError, match="this export needs a checkout"):
        project_files(make_assignment(tmp_path / "tiny"))


def test_who_handed_in_is_read() -> None:
    """All of a group, the times with their zones, and the number of the submission."""
    about = about_of(json.dumps(METADATA))

    assert (about.name, about.id, about.platform, about.platform_id) == (
        "Ann =1+1, 山田 太郎",
        "",
        "gradescope",
        "123456",
    )
    assert about.submitted_at == "2026-03-02T14:22:32.365935-07:00"
    assert about.due == "2026-03-02T23:00:00-07:00"
    assert [(member.id, member.email) for member in about.members] == [
        ("1234", "a@example.org"),
        ("1235", "b@example.org"),
    ]


@pytest.mark.parametrize(
    "change",
    [{"users": None}, {"users": [3, {"name": "n" * 999}]}, {"created_at": "soon", "assignment": 7}, {"id": {"a": 1}}],
)
def test_odd_metadata_costs_no_grade(change: dict[str, Any]) -> None:
    """What is not as documented is not known."""
    about = about_of(json.dumps(METADATA | change))

    assert len(about.name) <= 200
    assert about.submitted_at in ("", "2026-03-02T14:22:32.365935-07:00")


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_what_is_no_metadata_is_refused(text: str) -> None:
    """The sentence says what is lost."""
    with pytest.raises(UsageError, match="nothing is known of who handed in"):
        about_of(text)
