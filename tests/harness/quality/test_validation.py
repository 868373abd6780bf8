"""The grader is graded: the matrix of wrong and right answers, and that it notices a check that checks nothing.

`make test` asks about two tasks, `.ci/run` whether every wrong answer of every task is caught and every right one passes. The whole
matrix, with names, prices, mutants and every emptied check, is `make test-matrix`: an hour of one core.
"""

import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import torch

from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import TaskRule
from autograder.authoring.marks import MARK
from autograder.checking.session import modules_of, with_yielded
from autograder.grading.run import limits_on
from autograder.outcomes import Outcome
from autograder.quality.matrix import Entry, Row, entries_of, run_matrix
from autograder.quality.mutation import Mutated
from autograder.quality.page import validation_page
from autograder.quality.store import Store, default_store
from autograder.quality.validation import MOST_FROM_PANEL, Validation, validate

ROOT = Path(__file__).resolve().parents[3]
FEW = ("kl_standard_normal", "sample_gaussian")
"""Tasks that stand for all of them: one without chance and one with it, both quick."""
TASKS = {task.id: task for task in Assignment(ROOT).rubric.tasks if KINDS[task.kind].asked_by_name}
TRAININGS = 4
"""Every so many-th answer to a task that is trained is asked with every change; the others with the matrix."""
LONG, MATRIX = pytest.mark.long, pytest.mark.matrix


@pytest.fixture(scope="module", params=["few tasks", pytest.param("all tasks", marks=MATRIX)])
def matrix(request: pytest.FixtureRequest, assignment: Assignment) -> Validation:
    """The matrix of some tasks or of all, each pair once; of all tasks with mutants, and with the rows that still hold."""
    if request.param == "few tasks":
        return validate(assignment, tasks=FEW, workers=1, mutants=False)
    return validate(assignment, store=default_store())


def test_every_mutant_is_caught(matrix: Validation) -> None:
    """A change of the reference that changes an answer fails a check, or somebody has said why it is right."""
    assert [f"{mutant.task}: {mutant.id}" for mutant in matrix.surviving] == []


def test_every_wrong_answer_is_caught(matrix: Validation) -> None:
    """No misconception of a function task passes all checks of its task."""
    assert matrix.survivors == ()


def test_no_right_answer_is_punished(matrix: Validation) -> None:
    """No correct variant fails a check."""
    assert matrix.punished == ()


def test_no_right_answer_is_given_a_name(matrix: Validation) -> None:
    """The diagnosis names nothing where nothing is wrong."""
    assert [row.name for row in matrix.rows if row.kind == "variant" and row.named] == []


def test_every_check_catches_something(matrix: Validation) -> None:
    """A check that catches no misconception cannot be told from one that checks nothing."""
    assert matrix.idle == ()


@LONG
@pytest.mark.parametrize("task", [task for task in TASKS if task not in FEW])
def test_wrong_answers_are_caught_and_right_ones_pass(assignment: Assignment, task: str) -> None:
    """What of the matrix is asked with every change: wrong answers until they are caught, right ones about everything; of trainings,
    which take ten seconds each, some of them.
    """
    own = [entry for entry in entries_of(assignment) if entry.task == task]
    step = TRAININGS if task in assignment.rubric.training else 1
    wrong, right = ([entry for entry in own if entry.kind == kind][::step] for kind in ("misconception", "variant"))

    assert [row.name for row in run_matrix(assignment, wrong, until_caught=True, named=False) if not row.failed] == []
    assert [(row.name, row.failed) for row in run_matrix(assignment, right, named=False) if row.failed] == []


@pytest.mark.parametrize("rule", TASKS.values(), ids=TASKS)
def test_every_task_brings_its_wrong_and_right_answers(assignment: Assignment, rule: TaskRule) -> None:
    """At least three misconceptions and two variants."""
    own = [entry for entry in entries_of(assignment) if entry.task == rule.id]

    assert sum(entry.kind == "misconception" for entry in own) >= 3
    assert sum(entry.kind == "variant" for entry in own) >= 2


def test_every_wrong_answer_is_named(matrix: Validation) -> None:
    """Handed in as student work, every misconception is recognised."""
    assert matrix.unnamed == ()


def test_a_name_is_never_wrong(matrix: Validation) -> None:
    """No misconception is given the name of another: each stands for a fault that the others do not know."""
    wrong = [row for row in matrix.rows if row.kind == "misconception" and set(row.named) - {row.name}]

    assert [(row.task, row.name, row.named) for row in wrong] == []


def test_every_mistake_costs_what_its_severity_says(matrix: Validation) -> None:
    """The share of the task that is left is the credit of the mistake: it explains all that fails, and nothing fails besides."""
    assert matrix.mispriced == ()


def test_form_costs_little_and_fillings_earn_nothing(matrix: Validation) -> None:
    """The reference in another form keeps 85 % of every task (70 % where no gradient can flow); zeros, noise and copies earn nothing."""
    assert matrix.unfair == ()
    kinds = {(row.task, row.kind) for row in matrix.rows}
    assert (
        {task for task, kind in kinds if kind == "form"} == {task for task, kind in kinds if kind == "filling"} != set()
    )


def test_points_are_those_of_careful_people(matrix: Validation) -> None:
    """Pieces of work that people have graded get what they gave, within 0.06 on average."""
    assert matrix.panel is not None
    assert matrix.panel <= MOST_FROM_PANEL, matrix.fairness_line()


def test_right_answers_are_far_from_the_tolerance(matrix: Validation) -> None:
    """No right answer, in float64 or float32, uses more than a tenth of what the tolerance policy allows."""
    share, check, variant = matrix.closest[0]

    assert 0 < share < 0.1, (check, variant)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU on this machine")
def test_verdicts_are_the_same_on_a_gpu(assignment: Assignment, matrix: Validation) -> None:
    """Every variant passes, and every misconception fails, there as here."""
    asked = {row.task for row in matrix.rows} - set(assignment.rubric.training)
    chosen = [entry for entry in entries_of(assignment) if entry.task in asked]
    there = {(row.kind, row.task, row.name): row.outcomes for row in run_matrix(assignment, chosen, device="cuda")}

    assert {key: there[key] for key in there if key[0] == "variant"} == {
        (row.kind, row.task, row.name): row.outcomes
        for row in matrix.rows
        if row.kind == "variant" and row.task in asked
    }
    assert all(Outcome.FAILED in outcomes.values() for key, outcomes in there.items() if key[0] == "misconception")


def test_functions_are_asked_on_the_cpu_wherever_there_is_a_gpu(assignment: Assignment) -> None:
    """A GPU is used for training only: no verdict on a function can depend on the grader's machine."""
    functions, training = limits_on("cuda", assignment.rubric)

    assert (functions.device, training.device) == ("cpu", "cuda")


def test_the_page_shows_the_matrix(matrix: Validation) -> None:
    """The page holds the last line, every candidate, and no script."""
    page = validation_page(matrix)

    assert matrix.last_line() in page
    assert all(row.name in page for row in matrix.rows)
    assert "<script" not in page


def test_survivors_and_punished_make_it_fail() -> None:
    """One wrong answer that passes, or one right one that fails, and the validation is not ok."""
    passed = Row("misconception", "t", "m", {"value": Outcome.PASSED}, {})
    failed = Row("misconception", "t", "n", {"value": Outcome.FAILED}, {})

    assert Validation((failed,), 0, (), 1.0).ok
    assert not Validation((failed, passed), 0, (), 1.0).ok
    assert not Validation((failed,), 0, ("t/v:value",), 1.0).ok
    assert Validation((failed, replace(failed, outcomes={"value": Outcome.PASSED, "x": Outcome.FAILED})), 0, (), 1.0).ok
    assert Validation((replace(failed, outcomes=failed.outcomes | {"x": Outcome.PASSED}),), 0, (), 1.0).idle == ("t.x",)
    assert not Validation((failed,), 0, (), 1.0, mutants=(Mutated("t", "a -> b", 3),)).ok
    stubs = Validation((failed,), 0, (), 1.0, unwritten=("t/stub",))
    other = Validation((failed,), 0, (), 1.0, otherwise=("t/m: recorded is <b>",))
    assert not stubs.ok
    assert not other.ok
    assert "<strong>Not written yet:</strong> t/stub" in validation_page(stubs)
    assert "t/m: recorded is &lt;b&gt;" in validation_page(other)
    assert Validation((failed,), 0, (), 1.0, mutants=(Mutated("t", "a -> b", 3, reason="It is."),)).ok
    assert re.match(
        r"killed 1/2, named 0/2, variants punished 0/0 in 1 runs", Validation((failed, passed), 0, (), 1.0).last_line()
    )


# ------------------------------------------------------------------------------------------ a check that checks nothing


def emptied(folder: Path, task: str, name: str) -> Assignment:
    """A copy of this assignment in `folder`, in which one check checks nothing."""
    for part in ("reference", "tests/public", "tests/hidden"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "__init__.py", folder / "tests")
    shutil.copy(ROOT / "rubric.yaml", folder)
    copied = Assignment(folder)
    (place,) = {
        (str(module.__file__), variable)
        for _, module in modules_of(copied.code)
        for variable, value in vars(with_yielded(module, copied.check_names)).items()
        for mark in (getattr(value, "pytestmark", ()) if callable(value) else ())
        if mark.name == MARK and (mark.kwargs["task"], mark.kwargs["name"]) == (task, name)
    }
    path, variable = Path(place[0]), place[1]
    nothing = f'\n\nfrom autograder.authoring import check\n\n\n@check("{task}", "{name}")\ndef {variable}(student):\n    """Nothing."""\n'
    path.write_text(path.read_text(encoding="utf-8") + nothing, encoding="utf-8")
    return Assignment(folder)


EVERY_CHECK = [
    pytest.param(task.id, check.name, marks=() if task.id in FEW else MATRIX, id=f"{task.id}.{check.name}")
    for task in TASKS.values()
    for check in task.checks
]


@pytest.mark.parametrize(("task", "name"), EVERY_CHECK)
def test_a_check_that_checks_nothing_is_noticed(assignment: Assignment, tmp_path: Path, task: str, name: str) -> None:
    """Emptied, a check catches nothing any more, and a misconception that only it catches survives."""
    caught = [row for row in rows_of(assignment, task) if name in row.failed]
    alone = [row for row in caught if only_caught_by(row, name)]
    chosen = {row.name for row in (alone or caught)[:3]}
    copied = emptied(tmp_path, task, name)
    rows = run_matrix(copied, mistakes_of(copied, task, chosen), named=False)
    found = Validation(tuple(rows), 0, (), 1.0)

    assert chosen, "no misconception of this task fails this check"
    assert f"{task}.{name}" in found.idle
    assert not alone or not found.ok
    assert {row.name for row in rows if not row.failed} >= (chosen if alone else set())


def only_caught_by(row: Row, name: str) -> bool:
    """Whether everything but one check passed."""
    return all((outcome is Outcome.PASSED) != (check == name) for check, outcome in row.outcomes.items())


def mistakes_of(assignment: Assignment, task: str, names: Collection[str] | None = None) -> list[Entry]:
    """What is wrong with a task, misconceptions and forms, or some of it."""
    own = [entry for entry in entries_of(assignment) if entry.kind in ("misconception", "form") and entry.task == task]
    return [entry for entry in own if names is None or entry.name in names]


@lru_cache(maxsize=1)
def rows_of(assignment: Assignment, task: str) -> tuple[Row, ...]:
    """What the misconceptions and forms of a task do to its checks as they are: asked once, with the matrix of all tasks if that ran."""
    store = Store(default_store(), assignment)
    entries = mistakes_of(assignment, task)
    known = {entry.key: row for entry in entries if (row := store.get(task, entry.key)) is not None}
    missing = [entry for entry in entries if entry.key not in known]
    asked = run_matrix(assignment, missing, named=False) if missing else []
    return (*known.values(), *asked)


# --------------------------------------------------------------------------------------------------- one entry at a time


def test_one_candidate_can_be_asked_alone(assignment: Assignment) -> None:
    """The matrix of one misconception has one row with the checks of its task."""
    chosen = [entry for entry in entries_of(assignment) if entry.id == "kl_standard_normal/half_missing"]
    (row,) = run_matrix(assignment, chosen)

    assert "value" in row.failed
    assert row.named == ("half_missing",)


def test_a_wrong_and_a_right_answer_may_share_a_name(assignment: Assignment) -> None:
    """Asked in one session, each keeps its own results."""
    chosen = [entry for entry in entries_of(assignment) if entry.id == "kl_standard_normal/log_std"]
    rows = {row.kind: row for row in run_matrix(assignment, chosen)}

    assert rows["misconception"].named == ("log_std",)
    assert rows["variant"].failed == ()
