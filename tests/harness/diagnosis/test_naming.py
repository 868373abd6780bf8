"""The diagnosis is graded: a mistake keeps its name in other words, and a bug that is none of them gets no other's."""

import functools
from pathlib import Path

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.quality.matrix import Entry, Row, run_matrix

OWN = Assignment(Path(__file__).resolve().parents[3])
CANDIDATES = OWN.candidates
FEW = ("kl_bernoulli", "kl_standard_normal", "log_mean_exp", "sample_gaussian")
"""Tasks that are asked about with every change; the others take half an hour, as the matrix does."""
TASKS = [
    pytest.param(task.id, marks=() if task.id in FEW else pytest.mark.matrix)
    for task in OWN.rubric.tasks
    if task.kind == "function"
]


@functools.cache
def rows_of(task: str) -> dict[str, Row]:
    """Everything that is handed in for a task, asked in one session."""
    handed_in = [*CANDIDATES.rewritten(task), *CANDIDATES.unnamed(task), *CANDIDATES.forms(task)]
    entries = [Entry("misconception", task, c.label, c.function) for c in handed_in]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small
    try:
        return {row.name: row for row in run_matrix(OWN, entries)}
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("task", TASKS)
def test_a_mistake_in_other_words_keeps_its_name(task: str) -> None:
    """Written by somebody else, a mistake is still recognised, and as no other."""
    rewritten = CANDIDATES.rewritten(task)

    assert {c.label: rows_of(task)[c.label].named for c in rewritten} == {c.label: (c.name,) for c in rewritten}


@pytest.mark.parametrize("task", [task for task in TASKS if CANDIDATES.forms(str(task.values[0]))])
def test_another_form_has_the_name_of_the_first(task: str) -> None:
    """Literally handed in, every other form of a mistake is recognised."""
    forms = CANDIDATES.forms(task)

    assert {c.label: rows_of(task)[c.label].named for c in forms} == {c.label: (c.name,) for c in forms}


@pytest.mark.parametrize("task", TASKS)
def test_a_bug_without_a_name_gets_no_name_of_another(task: str) -> None:
    """What nobody has named is wrong; it may be told as a slip of some kind, or as two mistakes, never as one that was written down."""
    bugs = [rows_of(task)[bug.label] for bug in CANDIDATES.unnamed(task)]
    written = {candidate.name for candidate in CANDIDATES.mistakes(task)}

    assert [row.name for row in bugs if not row.failed] == []
    assert [(row.name, row.named) for row in bugs if len(row.named) == 1 and set(row.named) <= written] == []
