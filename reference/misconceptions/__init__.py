"""Named wrong answers: what students really hand in, each with a sentence that explains it kindly.

They serve twice. A failed value check is compared with them, and one that gives the student's numbers on every
recorded call explains the failure. And they test the checks: each of them must be caught.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

_TOPICS = ("densities", "divergences", "ppca", "vae", "evidence", "classifier", "form")
_ATTRIBUTE = "misconception"
_FORM = "form_of_misconception"

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Misconception:
    """A wrong answer to one task.

    Attributes:
        task: the task's id, which is the name of the reference function.
        name: short identifier, unique within the task.
        explanation: one sentence for the student.
        function: the wrong answer itself, callable like the reference.
    """

    task: str
    name: str
    explanation: str
    function: Callable[..., Any]


def misconception(task: str, name: str, explanation: str) -> Callable[[_Function], _Function]:
    """Mark a function as a wrong answer to `task`; it can still be called as before."""

    def mark(function: _Function) -> _Function:
        setattr(function, _ATTRIBUTE, Misconception(task, name, explanation, function))
        return function

    return mark


def also(task: str, name: str) -> Callable[[_Function], _Function]:
    """Mark a function as another way to make the mistake `name`, one that checks can tell from the first.

    Most ways to write a mistake look alike to every check and need no mark: only those that fail elsewhere, or by other numbers.
    """

    def mark(function: _Function) -> _Function:
        setattr(function, _FORM, (task, name, function))
        return function

    return mark


def all_forms() -> tuple[Misconception, ...]:
    """Every other form of a misconception, with the explanation of the first."""
    marks = [getattr(value, _FORM, None) for value in vars(import_module(f"{__name__}.also")).values()]
    explanations = {(m.task, m.name): m.explanation for m in all_misconceptions()}
    forms = [mark for mark in marks if mark is not None]
    return tuple(Misconception(task, name, explanations[task, name], function) for task, name, function in forms)


def all_misconceptions() -> tuple[Misconception, ...]:
    """Every misconception, topic by topic, in the order of the source."""
    modules = [import_module(f"{__name__}.{topic}") for topic in _TOPICS]
    marks = [getattr(value, _ATTRIBUTE, None) for module in modules for value in vars(module).values()]
    return tuple(mark for mark in marks if isinstance(mark, Misconception))
