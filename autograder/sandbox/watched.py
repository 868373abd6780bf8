"""A time limit around questions that are answered in this very process."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from autograder.outcomes import FailureKind
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import AskedMore, RunScript, ScriptAnswer

_AGAIN_SECONDS = 1.0


class _TooLong(BaseException):
    """Raised inside the student's call when its time is over."""


@functools.cache
def load_counting() -> None:
    """Let torch import what counting operations needs: 800 modules, for which no student has to pay with the time of a call."""
    import torch

    from autograder.sandbox.inside.counting import OperationCounter

    with OperationCounter():
        torch.zeros(1).sum()


class Watched:
    """Answers questions within a time limit (where there are alarms), the question's own if it has one, and lets the student interrupt."""

    def __init__(self, asked: AskedMore, seconds: float, prepare: Callable[[], None] | None = None) -> None:
        """`prepare` loads what counting needs, outside of anybody's time."""
        self._asked = asked
        self._seconds = seconds
        self._prepare = prepare or load_counting

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        if question.count_operations:
            self._prepare()
        seconds = question.seconds or self._seconds
        try:
            with self._alarm(seconds):
                reply = self._asked.call(question)
        except _TooLong:  # raised again while the first one was being described
            return self._stopped(seconds)
        if isinstance(reply, Refusal) and reply.exception == "KeyboardInterrupt":
            raise KeyboardInterrupt
        if isinstance(reply, Refusal) and reply.exception == _TooLong.__name__:
            return self._stopped(seconds, reply.lines, reply.printed)
        return reply

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like: nothing of the student's runs for long there."""
        return self._asked.inspect(question)

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a file as a script, in a process of its own that has the same time unless the question says otherwise."""
        return self._asked.run_script(replace(question, seconds=question.seconds or self._seconds))

    @staticmethod
    def _stopped(seconds: float, lines: tuple[str, ...] = (), printed: str = "") -> Refusal:
        return Refusal(FailureKind.TIMEOUT, f"it was stopped after {seconds:g} seconds", "", tuple(lines), printed)

    @staticmethod
    @contextlib.contextmanager
    def _alarm(seconds: float) -> Iterator[None]:
        # alarms reach the main thread alone; a notebook may run its cells in another one
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            yield
            return

        def over(signum: int, frame: Any) -> None:
            raise _TooLong

        previous = signal.signal(signal.SIGALRM, over)
        # again and again: the first is lost where it is raised in a callback, or in a `try` that catches everything
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
