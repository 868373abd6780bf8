"""One submission whose calls are kept apart: every call of a function gets a fresh worker, so that no training knows of another.

What a call leaves inside (a trained model) is asked in the worker that made it. Workers stay for that, the last few that were asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from autograder.outcomes import FailureKind
from autograder.sandbox.conversation import tampered
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal, handles_in
from autograder.sandbox.scripts import RunScript, ScriptAnswer
from autograder.sandbox.turns import Turn

MOST_WORKERS = 6
"""How many workers are kept for what they hold; the one that was not asked for longest goes first."""
_HANDLES = 10**9
_Reply = TypeVar("_Reply")


class Apart:
    """Answers questions like the sandbox that it is given, each call of a function in a worker of its own. Closes that sandbox, too.

    Attributes:
        restarts: How many workers had to be replaced because they died.
        flags: What staff should know about how the submission was loaded.
    """

    def __init__(self, sandbox: Sandbox, turn: Turn | None = None) -> None:
        """`turn` is one at the device that its workers use: taken with the first of them, given back when all have ended."""
        self._sandbox = sandbox
        self._turn = turn
        self._workers: dict[int, Sandbox] = {}
        self._made = 0
        self.restarts = 0
        self.flags = sandbox.flags

    def __enter__(self) -> Apart:
        """Return the object itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()
        self._sandbox.close()
        if self._turn is not None:
            self._turn.give_back()

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question: of a function, in a fresh worker; about an object, where that is.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        reply = self._ask(question.handles(), lambda worker: worker.call(question))
        if isinstance(reply, Answer):
            number = next(reversed(self._workers))
            if any(handle.id // _HANDLES != number for handle in handles_in(reply.value)):
                self._workers.pop(number).close()
                return tampered("an object of another call")
        return reply

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        return self._ask([question.object], lambda worker: worker.inspect(question))

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a file of the submission as a script, which gets a worker of its own in any case.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        return self._sandbox.run_script(question)

    def _ask(self, handles: Sequence[Handle], ask: Callable[[Sandbox], _Reply | Refusal]) -> _Reply | Refusal:
        numbers = {handle.id // _HANDLES for handle in handles} or {self._add()}
        if len(numbers) > 1:
            return Refusal(
                FailureKind.CRASH, "these objects were made by different calls, and each has a process of its own"
            )
        (number,) = numbers
        if number not in self._workers:
            return Refusal(FailureKind.CRASH, "the process that held this object has ended")
        worker = self._workers[number] = self._workers.pop(number)  # the last to be let go
        before = worker.restarts
        try:
            return worker.charged_to(self._sandbox, ask)
        finally:
            self.restarts += worker.restarts - before

    def _add(self) -> int:
        """Make a fresh worker; return its number."""
        while len(self._workers) >= MOST_WORKERS:
            self._workers.pop(next(iter(self._workers))).close()
        if self._turn is not None:
            self._turn.take()
        self._made += 1
        worker = self._sandbox.fresh(self._sandbox.collaborators, handles_from=self._made * _HANDLES)
        worker.flags = self.flags
        self._workers[self._made] = worker
        return self._made
