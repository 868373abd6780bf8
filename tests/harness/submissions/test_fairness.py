"""Whole submissions whose points everybody would sign: right work in another form, empty work in the right one, six small mistakes."""

from contextlib import nullcontext
from decimal import Decimal

import pytest

from autograder.assignment.loading import Assignment
from autograder.diagnosis.carry import collaborators_of
from autograder.records import Outcome
from autograder.report import student_page
from tests.submissions import fairness
from tests.submissions.undeserved.naming import without_names

from .tools import explain, write

EVERY = 2
"""Every so many-th of the tasks that a form or a filling stands for is asked here; the matrix asks all about all."""


@pytest.mark.parametrize("form", fairness.FORMS)
def test_form_never_hides_substance(grade, assignment, tmp_path, form):
    """Every task is asked in one of the forms, with all that it is built from."""
    record = grade(write(tmp_path / "work", fairness.in_form(form)), share_of_tasks(assignment, form))
    keeps_its_points(record, form)


@pytest.mark.matrix
@pytest.mark.parametrize("form", fairness.FORMS)
def test_form_never_hides_substance_in_any_task(grade, tmp_path, form):
    """All tasks are asked in every form."""
    keeps_its_points(grade(write(tmp_path / "work", fairness.in_form(form))), form)


def share_of_tasks(assignment: Assignment, form: str) -> tuple[str, ...]:
    """Every so many-th task with inputs, beginning elsewhere for each form, and what these are built from, in the rubric's order."""
    forms, tasks = list(fairness.FORMS), assignment.rubric.tasks
    built_from = collaborators_of(tasks, assignment.graph)
    functions = [name for name in built_from if name not in assignment.rubric.training]
    asked = set(functions[forms.index(form) :: EVERY * len(forms)])
    asked |= {name for task in asked for name in built_from[task]}
    return tuple(task.id for task in tasks if task.id in asked)


def keeps_its_points(record, form):
    """Require of every task 85 % (70 % where no gradient can flow), with a name for what is lost; nothing is lost twice."""
    least = Decimal("0.70") if form in fairness.WITHOUT_GRADIENT else Decimal("0.85")
    tasks = [task for task in record.tasks if task.id not in fairness.CALLED_OTHERWISE]
    short = {
        task.id: f"{task.points} of {task.max_points}"
        for task in tasks
        if Decimal(task.points) < least * Decimal(task.max_points)
    }
    assert not short, f"{short}\n{explain(record)}"
    own = [t for t in tasks if t.points != t.max_points]
    assert own, "the form was not noticed at all"
    assert all(t.mistakes and {m.severity for m in t.mistakes} == {"form"} for t in own), explain(record)


@pytest.mark.parametrize("filling", fairness.FILLINGS)
def test_form_alone_earns_nothing(grade, rubric, tmp_path, filling):
    """0.00, whatever the shapes are; a function is asked about one of the fillings at most."""
    functions = tuple(task.id for task in rubric.tasks if task.kind == "function")
    fillings = list(fairness.FILLINGS)
    asked = functions[fillings.index(filling) :: EVERY * len(fillings)]
    # a copy of an argument is told by name; of noise there is no name to find, and looking for one takes most of the time
    with without_names() if filling == "noise" else nullcontext():
        record = grade(write(tmp_path / "work", fairness.filled(filling)), asked)
    assert record.score == "0.00", explain(record)


@pytest.mark.matrix
@pytest.mark.parametrize("filling", fairness.FILLINGS)
def test_form_alone_earns_nothing_in_any_task(grade, rubric, tmp_path, filling):
    """The same, every function about every filling."""
    functions = tuple(task.id for task in rubric.tasks if task.kind == "function")
    record = grade(write(tmp_path / "work", fairness.filled(filling)), functions)
    assert record.score == "0.00", explain(record)


@pytest.mark.parametrize(
    "every", [pytest.param(3, id="every_third"), pytest.param(1, id="all", marks=pytest.mark.matrix)]
)
def test_six_small_mistakes_cost_what_people_would_take(grade, assignment, tmp_path, every):
    """Six names, each said once, and the points of a panel within a tenth of every task; what only comes from them costs nothing.

    Of the tasks without a mistake of their own, every so many-th is asked, with what it is built from.
    """
    built_from = collaborators_of(assignment.rubric.tasks, assignment.graph)
    others = [
        task.id
        for task in assignment.rubric.tasks
        if task.id not in fairness.SIX and task.id not in assignment.rubric.training
    ]
    chosen = {*fairness.SIX, *others[::every], *(name for task in others[::every] for name in built_from.get(task, ()))}
    asked = tuple(task.id for task in assignment.rubric.tasks if task.id in chosen)
    record = grade(write(tmp_path / "work", fairness.with_six_mistakes()), asked)
    tasks = {task.id: task for task in record.tasks}
    for task_id, (mistake, share) in fairness.SIX.items():
        task = tasks.pop(task_id)
        assert [m.name for m in task.mistakes] == [mistake], explain(record)
        assert abs(Decimal(task.points) / Decimal(task.max_points) - Decimal(share)) <= Decimal("0.1"), explain(record)
    assert all(task.points == task.max_points for task in tasks.values()), explain(record)
    page = student_page(record)
    for task in record.tasks:
        for mistake in task.mistakes:
            assert task.outcome is Outcome.FAILED
            said = page.count(mistake.text.split(";")[0].split("`")[-1][:40])
            assert said == 2, f"{mistake.text!r} is said {said} times: once in the overview, once in its task"
