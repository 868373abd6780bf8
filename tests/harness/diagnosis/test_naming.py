"""The diagnosis is graded: a mistake keeps its name in other words, and a bug that is none of them gets none."""

import functools
from pathlib import Path

import pytest
import torch

from autograder.assignment.rubric import load_rubric
from autograder.quality.validation import Candidate, Row, run_matrix
from reference.misconceptions import all_forms
from tests.harness.diagnosis.rewritten import ALL

ROOT = Path(__file__).resolve().parents[3]
FORMS = {f"{form.name}.{form.function.__name__}": form for form in all_forms()}
TASKS = sorted({handed_in.task for handed_in in ALL})


@functools.cache
def rows_of(task: str) -> dict[str, Row]:
    """Everything that is handed in for a task, asked in one session."""
    candidates = [Candidate("misconception", task, h.name, h.function) for h in ALL if h.task == task]
    candidates += [Candidate("misconception", task, name, f.function) for name, f in FORMS.items() if f.task == task]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small
    try:
        return {row.name: row for row in run_matrix(ROOT, candidates)}
    finally:
        torch.set_num_threads(threads)


def test_every_function_task_is_there() -> None:
    """No function task is left out, and there is enough of everything."""
    assert sorted(task.id for task in load_rubric(ROOT / "rubric.yaml").tasks if task.kind == "function") == TASKS
    assert sum(h.mistake != "" for h in ALL) >= 45
    assert sum(h.mistake == "" for h in ALL) >= 15
    assert len({(h.task, h.name) for h in ALL}) == len(ALL)


@pytest.mark.parametrize("task", TASKS)
def test_a_mistake_in_other_words_keeps_its_name(task: str) -> None:
    """Written by somebody else, a mistake is still recognised, and as no other."""
    rewritten = [h for h in ALL if h.task == task and h.mistake]

    assert {h.name: rows_of(task)[h.name].named for h in rewritten} == {h.name: (h.mistake,) for h in rewritten}


@pytest.mark.parametrize("task", sorted({form.task for form in FORMS.values()}))
def test_another_form_has_the_name_of_the_first(task: str) -> None:
    """Literally handed in, every other form of a mistake is recognised."""
    forms = {name: form for name, form in FORMS.items() if form.task == task}

    assert {name: rows_of(task)[name].named for name in forms} == {name: (f.name,) for name, f in forms.items()}


@pytest.mark.parametrize("task", TASKS)
def test_a_bug_without_a_name_gets_none(task: str) -> None:
    """What is wrong in a way that nobody has named is wrong, and is given no name."""
    bugs = [rows_of(task)[h.name] for h in ALL if h.task == task and not h.mistake]

    assert [row.name for row in bugs if not row.failed] == []
    assert [(row.name, row.named) for row in bugs if row.named] == []
