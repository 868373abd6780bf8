"""The decorators that turn a pytest test into a check of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., Any])
MARK = "check"
FIRST = "contract"
"""Every other check of a task waits for this one."""
VECTORISED = "vectorised"
FORM_CHECKS = frozenset({FIRST, VECTORISED})
"""The checks of nothing but form."""


def check(task: str, name: str, *, after: Sequence[str] = (), given: bool = False) -> Callable[[F], F]:
    """Make a test the check `"<task>.<name>"`. Its docstring is the line that students read.

    It waits for the task's `contract` check, and for the checks of the same task named in `after`. With `given` it looks at a
    property that work without substance has as well (a form, two answers that agree with each other), so that its points are earned
    in proportion to what the other checks of the task earn. The checks `contract` and `vectorised` always are.
    """
    return pytest.mark.check(task=task, name=name, after=tuple(after), given=given or name in FORM_CHECKS)
