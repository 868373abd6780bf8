"""A worker of its own for every training question: what one training leaves behind is in reach of no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal


class FreshWorkers:
    """Asks a submission's functions, each time in a new worker; objects can be asked about until a function is called again.

    Attributes:
        flags: What staff should know about how the submission was loaded.
        restarts: How many workers died and had to be replaced.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        """`sandbox` says which submission, and under which limits; it needs no worker."""
        self._sandbox = sandbox
        self._current: Sandbox | None = None
        self._handles: dict[int, Handle] = {}
        self._last = 0
        self.flags: list[str] = []
        self.restarts = 0

    def __enter__(self) -> FreshWorkers:
        """Return it itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """End the last worker."""
        self.close()

    def close(self) -> None:
        """End the last worker, and remember what was noticed in it."""
        if self._current is not None:
            self._current.close()
            self.flags = list(dict.fromkeys([*self.flags, *self._current.flags]))
            self.restarts += self._current.restarts
        self._current = None
        self._handles.clear()

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question: see `Sandbox.call`. Objects have other numbers here, so that none names one of another worker."""
        if isinstance(question.function, Handle):
            inner = self._handles.get(question.function.id)
            if inner is None or self._current is None:
                return Refusal(FailureKind.CRASH, "the process that held this object has ended")
            return self._current.call(replace(question, function=inner))
        self.close()
        self._current = self._sandbox.fresh(None)
        answer = self._current.call(question)
        return answer if isinstance(answer, Refusal) else replace(answer, value=self._numbered(answer.value))

    def _numbered(self, value: Any) -> Any:
        if isinstance(value, Handle):
            self._last += 1
            self._handles[self._last] = value
            return Handle(self._last, value.type_name)
        if isinstance(value, tuple | list):
            return type(value)(self._numbered(item) for item in value)
        return value


__all__ = ["FreshWorkers"]
