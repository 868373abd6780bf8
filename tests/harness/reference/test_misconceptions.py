"""The wrong answers are wrong, and told apart from the right one."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from reference_problems import CANDIDATES, FUNCTION_TASKS, REFERENCE, agree, observe, own_problems, problems

from autograder.assignment.candidates import Candidate

ALL = [mistake for task in CANDIDATES.tasks() for mistake in CANDIDATES.mistakes(task)]
OF_FUNCTIONS = [mistake for mistake in ALL if mistake.task in FUNCTION_TASKS]
SAME_NUMBERS = {"loop_over_examples", "log_of_sigmoid", "log_of_determinant"}
"""Loops are slow, not wrong; the others are wrong at inputs that are not among these: large logits, many dimensions.
Checks catch all of them: see validation.
"""


def _id(m: Candidate) -> str:
    return f"{m.task}-{m.name}"


@pytest.mark.parametrize("m", [m for m in OF_FUNCTIONS if m.name not in SAME_NUMBERS and own_problems(m.task)], ids=_id)
def test_differs_from_the_reference(m: Candidate) -> None:
    """A named mistake gives another value, gradient or side effect than the reference on some input."""
    cases = [(task_args, dtype) for dtype in (torch.float64, torch.float32) for task_args in problems(m.task, dtype)]

    assert not all(agree(observe(m.function, a), observe(REFERENCE[m.task], a), dtype) for a, dtype in cases)


@pytest.mark.parametrize("task", [task for task in FUNCTION_TASKS if own_problems(task)])
def test_two_mistakes_differ_from_each_other(task: str) -> None:
    """No two mistakes of a task say the same on every input."""
    args = problems(task) + problems(task, torch.float32)
    seen = {m.name: [value for a in args for value in observe(m.function, a)] for m in CANDIDATES.mistakes(task)}
    names = sorted(seen)
    same = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if agree(seen[a], seen[b], torch.float64)]

    assert same == []


@pytest.mark.parametrize("m", ALL, ids=_id)
def test_has_the_signature_of_its_task(m: Candidate) -> None:
    """A named mistake takes the arguments of its task, with the same names, kinds and defaults, where these are not the mistake.

    What passes on all keywords to a loop that many mistakes share has no defaults of its own: calls of the task give all of them.
    """
    mine, theirs = _parameters(m.function), _parameters(REFERENCE[m.task])
    if len(mine) > 0 and mine[-1].kind is inspect.Parameter.VAR_KEYWORD and mine != theirs:
        mine = [p for p in mine[:-1] if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        theirs = [p for p in theirs if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert (_told(mine) == _told(theirs)) != (m.name == "other_default")


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _told(parameters: list[inspect.Parameter]) -> list[tuple[Any, ...]]:
    return [(p.name, p.kind, p.default) for p in parameters]


def test_every_task_has_a_file() -> None:
    """Every reference function that is a task has its candidates, and nothing else has."""
    assert sorted(CANDIDATES.tasks()) == sorted(REFERENCE)


@pytest.mark.parametrize("task", sorted(REFERENCE))
def test_every_sentence_ends(task: str) -> None:
    """What a student reads about a mistake is a sentence."""
    assert [m.name for m in CANDIDATES.named(task) if not m.text.endswith(".")] == []
