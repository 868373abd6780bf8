"""Checking inside a notebook: a real kernel, the kit's folder, and what a student reads below the cells."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from tiny_assignment import write_files

from autograder.assignment.loading import Assignment
from autograder.assignment.template import build_template
from autograder.checking.session import check_ids
from autograder.cli import autograder_student, in_notebook
from tests.harness.student_kit import ROOT, student_check

TASK = "kl_standard_normal"
RIGHT = f"def {TASK}(mean, log_var):\n    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)"


def execute(folder: Path, cells: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run cells in a kernel that is started in `folder`; return the text below each."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # this checkout, whichever is installed
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("COLUMNS", "100")  # as `student_check` has it
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    return ["".join(out.get("text", "") or str(out.get("data", "")) for out in cell.outputs) for cell in notebook.cells]


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """The template with its public checks, as the kit has them."""
    shutil.copytree(ROOT / "student_template", tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "public", tmp_path / "kit" / "tests" / "public")
    return tmp_path / "kit"


def test_functions_are_checked_as_they_are_defined_now(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong, then right, then broken: each time the cell that was run last counts, with the words of the terminal."""
    wrong = RIGHT.replace("0.5 * ", "")
    broken = f"def {TASK}(mean, log_var):\n    k = 1\n    return mean @ 3"
    said = execute(
        kit,
        [
            "%load_ext autograder_student",
            f"import torch\ntorch.manual_seed(3)\nexpected = torch.rand(1)\ntorch.manual_seed(3)\n{wrong}",
            f"%check {TASK}",
            "print(torch.rand(1) == expected)",
            RIGHT,
            f"check('{TASK}')",
            broken,
            f"%check {TASK}, elbo",
            "check('nonsense')",
            "from vae import elbo\ncheck()",
            "import autograder_student\nautograder_student.check('vae_loss')",
        ],
        monkeypatch,
    )

    assert said[0] == 'To check a function as it is now: %check NAME or check("NAME"); without a name, all.\n'
    text = " ".join(said[2].split())
    assert "Public checks of what is defined in this notebook now" in text
    assert f"✗ {TASK} 2 of 3 public checks" in text
    assert "your values are twice the expected ones" in text
    assert "paste this into a new cell of this notebook:" in text
    assert "0 of 1 task passes the public checks, 1 does not." in text
    assert said[3] == "tensor([True])\n"  # checks draw nothing from the notebook's own generator
    assert f"✓ {TASK} 3 of 3 public checks" in " ".join(said[5].split())
    assert 'at        File "In[7]", line 3, in kl_standard_normal\n                      return mean @ 3' in said[7]
    assert "○ elbo not defined yet: run its cell first" in " ".join(said[7].split())
    assert said[8].startswith("Error: there is no task 'nonsense'")
    assert "○ elbo not implemented yet" in " ".join(said[9].split())  # an imported name counts as what it means
    assignment = Assignment(ROOT)
    tasks = {check.partition(".")[0] for check in check_ids(assignment.code, assignment.check_names, ["public"])}
    assert (
        f"0 of {len(tasks)} tasks pass the public checks, 1 does not, {len(tasks) - 1} still to be written." in said[9]
    )
    assert "○ vae_loss not defined yet" in " ".join(said[10].split())


def test_a_loop_without_end_is_stopped(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the terminal, after the seconds of the assignment, with the student's line; the notebook goes on."""
    data = json.loads((kit / "contract.json").read_text()) | {"call_seconds": 0.5}
    (kit / "contract.json").write_text(json.dumps(data))
    endless = f"def {TASK}(mean, log_var):\n    while True:\n        mean = mean + 0"
    said = execute(kit, ["%load_ext autograder_student", endless, f"%check {TASK}", "print('on')"], monkeypatch)

    assert f"`{TASK}` failed: it was stopped after 0.5 seconds." in said[2]
    assert 'File "In[2]", line' in said[2]
    assert said[3] == "on\n"


def test_the_words_are_those_of_the_terminal(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the title, a right and a wrong function read the same in both places."""
    wrong = RIGHT.replace("0.5 * ", "")
    _, _, below = execute(
        kit, ["%load_ext autograder_student", f"import torch\n{wrong}", f"%check {TASK}"], monkeypatch
    )
    (kit / "divergences.py").write_text(f"import torch\n{wrong}\n")
    done = student_check(".", "--tasks", TASK, cwd=kit)
    here, there = (text.split("\n\n", 1)[1] for text in (below, done.stdout))

    assert here.replace("a new cell of this notebook", "Python, started in this folder") == there.replace(
        f"from divergences import {TASK}\n", ""
    )


NAMED = """\
title: Names
points: 2
budgets: {call_seconds: 60, load_seconds: 60}
training_budgets: {}
tasks:
  - {id: 1a-double, name: double, title: Twice, points: 1, checks: {contract: 1}}
  - {id: 1b-program, kind: script, file: run.py, title: Run, points: 1, checks: {contract: 1}}
tracks: {full: {title: All}}
"""
CHECKS = """
import torch
from autograder.authoring import Case, check

@check("1a-double", "contract")
def test_double(student):
    "It can be called."
    student.value(Case("1a-double", {"x": torch.ones(2)}))

@check("1b-program", "contract")
def test_program(student):
    "It prints."
    student.run_script("run.py")
"""


class Shell:
    """As much of IPython as the extension uses."""

    def __init__(self, **names: Any) -> None:
        self.user_ns: dict[str, Any] = names
        self.magics: dict[str, Any] = {}
        self.compile = self

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        """Keep a magic."""
        self.magics[name] = function

    def push(self, names: dict[str, Any]) -> None:
        """Define names in the notebook."""
        self.user_ns |= names

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        """Know no cell."""
        return None


def test_a_name_of_the_students_own_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Who has a variable called `check` keeps it; loading the extension twice is no reason to stop offering ours."""
    monkeypatch.setattr(in_notebook, "_shell", None)
    shell = Shell(check=3)
    in_notebook.load(shell, tmp_path)
    assert shell.user_ns == {"check": 3}
    assert "check(" not in capsys.readouterr().out
    other = Shell()
    in_notebook.load(other, tmp_path)
    first = other.user_ns["check"]
    in_notebook.load(other, tmp_path)
    assert other.user_ns["check"] is not first


def test_outside_of_a_notebook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A script that calls `check` is sent to the terminal; a notebook elsewhere than in a kit reads what is missing."""
    monkeypatch.setattr(in_notebook, "_shell", None)
    monkeypatch.chdir(tmp_path)
    autograder_student.check("f")
    assert "In a terminal: python autograder_student.py check" in capsys.readouterr().out
    monkeypatch.setattr(in_notebook, "_shell", Shell())
    in_notebook.check_here(["f"], tmp_path)
    assert "there is no contract.json" in " ".join(capsys.readouterr().out.split())


def test_a_kernel_without_the_checks_says_which_to_choose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commonest fault: JupyterLab was started from another Python."""
    monkeypatch.setattr(autograder_student.importlib.util, "find_spec", lambda name: None)
    autograder_student.load_ipython_extension(None)
    autograder_student.check("f")
    said = capsys.readouterr().out

    assert said.count("there is no torch, numpy, pytest, hypothesis, jaxtyping, autograder. Choose the kernel of") == 2
    assert sys.executable in said


def test_names_of_functions_and_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task goes by its function's name, too; a script is that of the folder."""
    reference = "from torch import Tensor\nfrom jaxtyping import Float\n\n\n"
    reference += 'def double(x: Float[Tensor, "N"]) -> Float[Tensor, "N"]:\n    "Twice."\n    return 2 * x\n'
    files = {"rubric.yaml": NAMED, "reference/sums.py": reference, "tests/public/test_it.py": CHECKS}
    write_files(tmp_path, files)
    assignment = Assignment(tmp_path)
    template = build_template(assignment, check_ids(assignment.code, assignment.check_names, ["public"]))
    (tmp_path / "contract.json").write_text(template["contract.json"])
    (tmp_path / "run.py").write_text("print('it runs')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(in_notebook, "_shell", Shell(double=lambda x: 2 * x))
    in_notebook.check_here(["double"], tmp_path)
    assert "✓ 1a-double" in capsys.readouterr().out
    in_notebook.check_here([], Path(os.sep))
    assert "2 of 2 tasks pass the public checks." in capsys.readouterr().out
