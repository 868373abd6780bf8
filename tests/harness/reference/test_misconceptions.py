"""The wrong answers are wrong, and told apart from the right one."""

import inspect
from collections import Counter

import pytest
import torch
from reference_problems import FUNCTION_TASKS, REFERENCE, agree, observe, problems

from reference.misconceptions import Misconception, all_misconceptions

ALL = all_misconceptions()
OF_FUNCTIONS = [m for m in ALL if m.task != "train_classifier"]
SAME_NUMBERS = {"loop_over_examples", "log_of_sigmoid"}
"""Loops are slow, not wrong; a log of a sigmoid is wrong at inputs that are not among these. Checks catch both: see validation."""


def _id(m: Misconception) -> str:
    return f"{m.task}-{m.name}"


@pytest.mark.parametrize("m", [m for m in OF_FUNCTIONS if m.name not in SAME_NUMBERS], ids=_id)
def test_differs_from_the_reference(m: Misconception) -> None:
    """A misconception gives another value, gradient or side effect than the reference on some input."""
    cases = [(task_args, dtype) for dtype in (torch.float64, torch.float32) for task_args in problems(m.task, dtype)]

    assert not all(agree(observe(m.function, a), observe(REFERENCE[m.task], a), dtype) for a, dtype in cases)


@pytest.mark.parametrize("task", FUNCTION_TASKS)
def test_two_misconceptions_differ_from_each_other(task: str) -> None:
    """No two misconceptions of a task say the same on every input."""
    args = problems(task) + problems(task, torch.float32)
    seen = {m.name: [value for a in args for value in observe(m.function, a)] for m in ALL if m.task == task}
    names = sorted(seen)
    same = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if agree(seen[a], seen[b], torch.float64)]

    assert same == []


@pytest.mark.parametrize("m", ALL, ids=_id)
def test_has_the_signature_of_its_task(m: Misconception) -> None:
    """A misconception takes the arguments of its task, with the same names, kinds and defaults."""
    mine, theirs = (inspect.signature(f).parameters for f in (m.function, REFERENCE[m.task]))

    assert [(p.name, p.kind, p.default) for p in theirs.values()] == [
        (p.name, p.kind, p.default) for p in mine.values()
    ]


def test_every_task_has_several() -> None:
    """There are at least four for each task, at least sixty in all, each with a name of its own and a sentence."""
    counts = Counter(m.task for m in ALL)

    assert set(REFERENCE) == set(counts)
    assert min(counts.values()) >= 4
    assert len(ALL) >= 60
    assert len(ALL) == len({(m.task, m.name) for m in ALL})
    assert all(m.explanation.endswith(".") for m in ALL)
