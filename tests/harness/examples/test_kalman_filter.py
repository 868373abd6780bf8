"""The assignment examples/kalman_filter, from the command line: what a teacher runs, and what must come out."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from autograder.assignment.loading import Assignment
from autograder.grading.options import GradeOptions
from autograder.grading.run import grade_submission, wanted_files
from autograder.intake import take_in

ROOT = Path(__file__).parents[3]
ASSIGNMENT = ROOT / "examples" / "kalman_filter"


def _outcomes():
    path = ASSIGNMENT / "tests" / "submissions" / "outcomes.py"
    spec = importlib.util.spec_from_file_location("kalman_outcomes", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


OUTCOMES = _outcomes()


def autograder(verb, *arguments):
    """Run one verb on the assignment, and return what it says."""
    command = [sys.executable, "-m", "autograder.cli", verb, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def graded(submission, out, *arguments):
    """The record of one grading."""
    done = autograder("grade", submission, "--assignment", ASSIGNMENT, "--out", out, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((out / "result.json").read_text())


@pytest.fixture(scope="module")
def grade(backend):
    """`grade(submission, tasks=(), track="full")`: the same through the session's sandbox, without a command."""
    assignment = Assignment(ASSIGNMENT)

    def run(submission, tasks=(), track="full"):
        options = GradeOptions(track=track, tasks=tuple(sorted(tasks)), device="cpu")
        taken = take_in(submission, wanted=wanted_files(options.applied_to(assignment.rubric)))
        return json.loads(grade_submission(taken, assignment, options, backend).to_json())

    return run


def below_full(record):
    """Tasks that lost points."""
    return {task["id"] for task in record["tasks"] if Decimal(task["points"]) < Decimal(task["max_points"])}


def test_the_right_submission_gets_everything(tmp_path):
    """Every check passes; the discussion waits for a person."""
    record = graded(OUTCOMES.CORRECT, tmp_path / "out")
    assert below_full(record) == set()
    assert (record["score"], record["max_score"]) == ("19.00", "19.00")
    assert [task["id"] for task in record["waiting"]] == ["discussion"]
    assert record["waiting"][0]["files"] == ["discussion.md"]
    assert not record["flags"]
    assert not record["deductions"]


def test_the_right_submission_passes_the_basics(grade):
    """The track of fewer tasks has points and a pass mark of its own."""
    record = grade(OUTCOMES.CORRECT, track="basics")
    assert (record["score"], record["max_score"], record["passed"]) == ("10.00", "10.00", True)


def test_a_forbidden_import_and_a_missing_readme_cost_points_of_the_basics(grade, tmp_path):
    """One point for the import, half a point for the file."""
    work = OUTCOMES.change(
        "filterpy",
        "import torch\n",
        "import torch\n\ntry:\n    import filterpy\nexcept ImportError:\n    pass\n",
        "",
        "",
    )
    submission = work.write(tmp_path)
    (submission / "README.md").unlink()
    record = grade(submission, track="basics")
    assert record["score"] == "8.50"
    assert len(record["deductions"]) == 2


def test_the_template_gets_nothing(grade):
    """Stubs earn nothing."""
    record = grade(ASSIGNMENT / "student_template")
    assert record["score"] == "0.00"


@pytest.mark.parametrize("change", OUTCOMES.WRONG, ids=lambda change: change.name)
def test_a_wrong_submission_loses_points_where_it_is_wrong(change, grade, tmp_path):
    """Just the tasks that are listed lose points."""
    record = grade(change.write(tmp_path), tasks=change.loses | change.keeps)
    assert below_full(record) == change.loses


SLOW = {"hangs"}
"""Every call of it takes the thirty seconds that this rubric gives a call."""


@pytest.mark.parametrize(
    "change",
    [pytest.param(c, marks=pytest.mark.matrix) if c.name in SLOW else c for c in OUTCOMES.HOSTILE],
    ids=lambda change: change.name,
)
def test_a_hostile_submission_gains_nothing(change, grade, tmp_path):
    """Tricks earn what the same answer earns without them, which is nothing for most, and cost other tasks nothing."""
    record = grade(change.write(tmp_path), tasks=change.loses | change.keeps)
    assert below_full(record) == change.loses
    for task in record["tasks"]:
        if task["id"] in change.loses:
            share = "0.7" if task["mistakes"] else "0.25"  # an honest mistake keeps its price beside a trick
            assert Decimal(task["points"]) <= Decimal(task["max_points"]) * Decimal(share)


def test_the_template_is_up_to_date():
    """It is what the reference and the rubric say now."""
    done = autograder("template", "--check", "--assignment", ASSIGNMENT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_kit_works_elsewhere(tmp_path):
    """With nothing but the kit's wheel, a right solution passes the public checks."""
    done = autograder("kit", "--assignment", ASSIGNMENT, "--out", tmp_path / "kit.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        kit.extractall(tmp_path / "kit")
    [wheel] = (tmp_path / "kit").rglob("*.whl")
    folder = wheel.parent
    (folder / "kalman.py").write_text((OUTCOMES.CORRECT / "my_solution.py").read_text())
    (folder / "answers.yaml").write_text((OUTCOMES.CORRECT / "answers.yaml").read_text())
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    command = [sys.executable, "-m", "autograder.cli.check", "."]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / "reference").exists()
    assert not (folder / "tests" / "hidden").exists()


@pytest.mark.matrix
def test_every_mistake_is_caught_and_no_right_answer_punished(tmp_path):
    """The assignment validates: mistakes, mutants and variants."""
    done = autograder("validate", "--assignment", ASSIGNMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    words = " ".join(done.stdout.split())
    killed, named, mistakes, caught, mutants, punished, _ = map(
        int,
        re.search(
            r"killed (\d+)/\d+, named (\d+)/(\d+), mutants (\d+)/(\d+), variants punished (\d+)/(\d+)", words
        ).groups(),
    )
    assert killed >= mistakes
    assert caught == mutants
    assert punished == 0
    assert named > 0.8 * mistakes
