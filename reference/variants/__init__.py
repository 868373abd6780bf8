"""Right answers that look nothing like the reference; every check must accept each of them.

They are what correct students hand in: other algebra, other libraries, other ways to draw noise, other argument names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

_TOPICS = ("densities", "divergences", "ppca", "vae", "evidence", "classifier")
_ATTRIBUTE = "variant"

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Variant:
    """Another right answer to one task.

    Attributes:
        task: the task's id, which is the name of the reference function.
        name: short identifier, unique within the task.
        note: what is different about it, in one sentence.
        function: the answer itself; its argument names, and whether it takes `generator`, may differ.
    """

    task: str
    name: str
    note: str
    function: Callable[..., Any]


def variant(task: str, name: str, note: str) -> Callable[[_Function], _Function]:
    """Mark a function as another right answer to `task`; it can still be called as before."""

    def mark(function: _Function) -> _Function:
        setattr(function, _ATTRIBUTE, Variant(task, name, note, function))
        return function

    return mark


def all_variants() -> tuple[Variant, ...]:
    """Every variant, topic by topic, in the order of the source."""
    modules = [import_module(f"{__name__}.{topic}") for topic in _TOPICS]
    marks = [getattr(value, _ATTRIBUTE, None) for module in modules for value in vars(module).values()]
    return tuple(mark for mark in marks if isinstance(mark, Variant))
