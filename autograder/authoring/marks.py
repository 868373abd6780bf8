"""The decorators that turn a pytest test into a check of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., Any])
MARK = "check"
FIRST = "contract"
"""Every other check of a task waits for this one."""


def check(task: str, name: str, *, after: Sequence[str] = ()) -> Callable[[F], F]:
    """Make a test the check `"<task>.<name>"`. Its docstring is the line that students read.

    It waits for the task's `contract` check, and for the checks of the same task named in `after`.
    """
    return pytest.mark.check(task=task, name=name, after=tuple(after))
