"""Second chances for functions that ran out of time: one for each, in a fresh worker, with time for a first call to warm up."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from typing import TypeVar

from autograder.outcomes import FailureKind
from autograder.sandbox.questions import Refusal

_Reply = TypeVar("_Reply")
_TWICE = "(it was asked twice, the second time in a fresh process)"


class Patience:
    """What is known of the functions of one submission that ran out of time, whichever worker they ran in."""

    def __init__(self) -> None:
        self._hanging: set[str] = set()
        self._slow_to_start: set[str] = set()

    def ask(
        self, name: str, warm: Container[str], more_seconds: float, ask: Callable[[float], _Reply | Refusal]
    ) -> _Reply | Refusal:
        """Ask, and once more where time ran out: twice for one function, and never again for that one.

        Args:
            name: What is called.
            warm: The functions that have been called in the present worker.
            more_seconds: Seconds of computing that a first call may take besides, once it is known to need them.
            ask: Asks with so many more seconds. The worker has ended when it runs out of time.
        """
        known = name in self._slow_to_start and name not in warm
        reply = ask(more_seconds if known else 0.0)
        if not isinstance(reply, Refusal) or not reply.clock or name in self._hanging:
            return reply
        again = ask(more_seconds if reply.clock == "computing" else 0.0)
        if isinstance(again, Refusal) and again.kind is FailureKind.TIMEOUT:
            self._hanging.add(name)
            return replace(again, message=f"{again.message} {_TWICE}")
        self._slow_to_start.add(name)
        return again
