"""The files for CI services and containers say what is there: their commands are run, or held against what exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from autograder.cli.main import app
from autograder.sandbox import choice

ROOT = Path(__file__).resolve().parents[3]
GITHUB, GITLAB = (ROOT / "examples" / "ci" / name for name in ("github-actions.yml", "gitlab-ci.yml"))
ON_GPU = [ROOT / "examples" / "ci" / name for name in ("github-actions-gpu.yml", "gitlab-ci-gpu.yml")]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def read(path: Path) -> Any:
    """A YAML file."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def steps() -> dict[str, Any]:
    """The named steps of the workflow."""
    return {step["name"]: step for step in read(GITHUB)["jobs"]["grade"]["steps"] if "name" in step}


def commands() -> list[str]:
    """Every command of the grader in the files."""
    return [steps()["Grade"]["run"], *read(GITLAB)["grade"]["script"]]


@pytest.mark.parametrize("command", commands(), ids=["GitHub", "GitLab"])
def test_options_exist(command: str) -> None:
    """Every option of the command line is one of `grade`."""
    options = {name for p in get_command(app).commands["grade"].params for name in p.opts}  # type: ignore[attr-defined]
    used = [word for word in shlex.split(command) if word.startswith("--")]

    assert used
    assert set(used) <= options


def test_no_file_shows_students_what_they_should_not_see() -> None:
    """Hidden inputs stand in the staff's page and in the record."""
    shown = [*steps()["Report"]["with"]["path"].split(), *read(GITLAB)["grade"]["artifacts"]["paths"]]

    assert sorted(Path(path).name for path in shown) == ["junit.xml", "student.html", "student.html"]


def test_the_workflow_grades_what_a_student_pushed(tmp_path: Path) -> None:
    """Its own command, in folders as a runner has them: exit code, annotations, summary and files."""
    (tmp_path / "grader").symlink_to(ROOT)
    shutil.copytree(ROOT / "tests" / "submissions" / "correct_modules", tmp_path / "work")
    text = (tmp_path / "work" / "divergences.py").read_text(encoding="utf-8")
    (tmp_path / "work" / "divergences.py").write_text(text.replace("0.5 *", "0.4 *"), encoding="utf-8")
    summary = tmp_path / "summary.md"
    environment = os.environ | {"GITHUB_STEP_SUMMARY": str(summary), "CI": "true"}
    command = steps()["Grade"]["run"].replace("--github", "--github --tasks kl_standard_normal,log_mean_exp")
    if not (ROOT / ".venv" / "bin" / "autograder").exists():
        pytest.skip("the project is installed elsewhere")
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^::notice title=Autograder::Score \d\.\d\d of 2\.00$", done.stdout, re.MULTILINE)
    assert re.search(r"^::warning file=.*divergences.py,title=.*::", done.stdout, re.MULTILINE)
    assert "| Task | Points |" in summary.read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "report").iterdir()} >= {"student.html", "junit.xml"}
    assert re.search(read(GITLAB)["grade"]["coverage"].strip("/"), done.stdout, re.MULTILINE)


@pytest.mark.parametrize("path", ON_GPU, ids=lambda path: path.name)
def test_a_runner_with_a_gpu_calls_make_alone(path: Path) -> None:
    """Its commands are targets that there are, with options that `batch` has, and read no text of others but as variables."""
    job = read(path)["jobs"]["grade"] if "jobs" in read(path) else read(path)["grade"]
    commands = [step["run"] for step in job["steps"] if "run" in step] if "steps" in job else job["script"]
    words = [shlex.split(command) for command in commands]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    (given,) = [word.removeprefix("ARGS=").split() for line in words for word in line if word.startswith("ARGS=")]
    options = {name for p in get_command(app).commands["batch"].params for name in p.opts}  # type: ignore[attr-defined]

    assert [line[0] for line in words] == ["make"] * len(words)
    assert {line[1] for line in words} <= set(targets)
    assert {word for word in given if word.startswith("--")} <= options
    assert all("${{" not in command for command in commands)


def test_the_image_copies_what_is_there() -> None:
    """Every file that is copied exists, everything that grading needs is among them, and nothing private of a developer is."""
    copied = [word for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]

    assert all((ROOT / name).exists() for name in copied)
    assert {"autograder", "reference", "tests", "rubric.yaml", "constraints.txt", "pyproject.toml", "scripts"} <= set(
        copied
    )
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", "**/__pycache__"} <= set(ignored)
    assert not {*copied, *(f"{name}/" for name in copied)} & set(ignored)
    assert "TORCH_INDEX" in (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "uid", "told"), [("1", 1000, True), ("0", 1000, False), ("1", 0, False), ("", 1000, False)]
)
def test_apparmor_is_named_where_it_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, uid: int, told: bool
) -> None:
    """The sentence says what helps, and where it is written."""
    place = tmp_path / "restricted"
    if value:
        place.write_text(f"{value}\n")
    monkeypatch.setattr(choice, "APPARMOR", place)
    monkeypatch.setattr(os, "getuid", lambda: uid)
    advice = choice._advice()

    assert ("AppArmor" in advice and "docs/ci.md" in advice) is told
    assert (ROOT / "docs" / "ci.md").exists()
