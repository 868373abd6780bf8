"""What is asked for many times and made once: trainings, and what they ended in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autograder.authoring.failures import CheckFailed, CheckStopped

Found = TypeVar("Found")


class Once:
    """Remembers by name what was made, or the student's failure that it ended in."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __call__(self, name: str, make: Callable[[], Found]) -> Found:
        """Return what was made under this name, or raise what it ended in; made when it is asked for first."""
        if name not in self._found:
            try:
                self._found[name] = make()
            except (CheckFailed, CheckStopped) as failure:
                self._found[name] = failure
        found = self._found[name]
        if isinstance(found, BaseException):
            raise found
        result: Found = found
        return result

    def get(self, name: str) -> Any:
        """Return what was made under this name, or the failure; None where nothing was asked for."""
        return self._found.get(name)
