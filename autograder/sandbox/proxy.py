"""One submission in the sandbox, asked question by question.

`Sandbox.call` is the one method that checks see. Whatever happens inside (an exception, a hang, a crash, too much memory,
garbage on the channel) comes back as a value: an `Answer` or a `Refusal`. When a worker died it is replaced before the
next question, and modules whose top-level statements killed it are run with less and less trust until the rest loads.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from autograder.errors import SandboxFault
from autograder.outcomes import FailureKind
from autograder.records import SourceFile, Submission
from autograder.sandbox.clock import Clock
from autograder.sandbox.conversation import Conversation, Died, StandInReplies, tampered
from autograder.sandbox.inside import wire
from autograder.sandbox.inside.scripts import MOST_BYTES
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.inspection import Inspect, Inspected, inspected_of
from autograder.sandbox.limits import Limits
from autograder.sandbox.patience import Patience
from autograder.sandbox.questions import (
    MALFORMED,
    Answer,
    Collaborators,
    LoadReport,
    Question,
    Refusal,
    answer_of,
    load_report,
    refusal_of,
)
from autograder.sandbox.scripts import RunScript, ScriptAnswer, script_answer_of
from autograder.sandbox.zygote import Backend, Worker

_GRACE_SECONDS = 3.0
_REPEAT_SECONDS = 0.02
_LOADS = 12
_Reply = TypeVar("_Reply")
_MODES = ("full", "definitions", "excluded")


def _is_file(source: SourceFile) -> bool:
    """Whether a source is a Python file, which can be run as a script, and no notebook."""
    return source.path.endswith(".py") and len(source.cells) == 1


class Sandbox:
    """One submission behind a backend. Close it, or use it as a context manager.

    Attributes:
        report: What the last loading found; None before the first.
        restarts: How many workers had to be replaced.
        flags: What staff should know about how the submission was loaded.
        collaborators: Answers the stand-ins of a question; without it, no question may have any.
    """

    def __init__(self, backend: Backend, submission: Submission, names: Mapping[str, str], limits: Limits) -> None:
        """`names` maps each function of the contract to the module where it is looked for first."""
        self._backend = backend
        self._submission = submission
        self._names = dict(names)
        self._paths = {source.module: source.path for source in submission.sources}
        self.limits = limits
        self._worker: Worker | None = None
        self._modes = {source.module: 0 for source in submission.sources}
        self._why_excluded: dict[str, str] = {}
        self._loading_seconds = self._asking_seconds = 0.0
        self._handles_from, self._first_handle = 0, 1
        self._patience = Patience()
        self._warm: set[str] = set()
        self._counter: Sandbox | None = None
        self._counts = False
        self.report: LoadReport | None = None
        self.restarts = 0
        self.flags: list[str] = []
        self.collaborators: Collaborators | None = None

    def fresh(self, collaborators: Collaborators | None, *, handles_from: int = 0) -> Sandbox:
        """Return another sandbox for the same submission, with no worker yet, which knows what was learnt about loading it.

        Args:
            collaborators: Answers the stand-ins of its questions; None where they have none.
            handles_from: Numbers of its handles are larger than this one.
        """
        other = Sandbox(self._backend, self._submission, self._names, self.limits)
        other._modes, other._why_excluded = dict(self._modes), dict(self._why_excluded)
        other._patience = self._patience  # what one learns, the other knows
        other.collaborators = collaborators
        other._handles_from, other._first_handle = handles_from, handles_from + 1
        return other

    def charged_to(self, other: Sandbox, ask: Callable[[Sandbox], _Reply]) -> _Reply:
        """Ask something here; the time that it takes counts as the other's, together with what that one has used."""
        self._asking_seconds = other._asking_seconds
        try:
            return ask(self)
        finally:
            other._asking_seconds = self._asking_seconds

    def __enter__(self) -> Sandbox:
        """Return the sandbox itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the worker, and the one that counts."""
        if self._counter is not None:
            self._counter.close()
            self._counter = None
        self._end_worker()

    def _end_worker(self) -> None:
        self._warm.clear()
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    # ------------------------------------------------------------------------------------------------------ asking

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question; replaces the worker first when the last one died.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        if question.count_operations and not self._counts and not question.handles():
            return self._count(question)
        seconds = question.seconds or self.limits.call_seconds + (question.repeat - 1) * _REPEAT_SECONDS

        def ask(more_seconds: float) -> Answer | Refusal:
            stand_ins = self._stand_ins(question)
            handles, message = question.handles(), question.as_message()
            return self._ask(message, "answer", answer_of, handles, seconds + more_seconds, stand_ins)

        if not isinstance(question.function, str) or question.handles() or question.seconds is not None:
            return ask(0.0)  # what a fresh worker does not have, or a limit that was chosen for this very question
        reply = self._patience.ask(question.function, self._warm, self.limits.warm_up_seconds, ask)
        if self._worker is not None:
            self._warm.add(question.function)
        return reply

    def _count(self, question: Question) -> Answer | Refusal:
        """Ask in a worker that counts only: it has watched every thread that the submission started, from the beginning."""
        if self._counter is None:
            self._counter = self.fresh(self.collaborators)
            self._counter._counts, self._counter.flags = True, self.flags
        other = self._counter
        other.limits, other.collaborators, restarts = self.limits, self.collaborators, other.restarts
        try:
            return other.charged_to(self, lambda counter: counter.call(question))
        finally:
            self.restarts += other.restarts - restarts

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        seconds = question.seconds or self.limits.call_seconds
        return self._ask(question.as_message(), "inspected", lambda m, *_: inspected_of(m), [question.object], seconds)

    def _ask(
        self,
        message: dict[str, Any],
        expected: str,
        read: Callable[[dict[str, Any], float, str], _Reply],
        handles: Sequence[Handle],
        seconds: float,
        stand_ins: StandInReplies | None = None,
    ) -> _Reply | Refusal:
        """Ask one question about the loaded submission; `read` makes the answer of (message, seconds, printed)."""
        try:
            if self._worker is not None and (not self._worker.alive() or self._worker.exceeded()):
                self._bury()  # it died, or grew too large, after its last answer; this question is not to pay for that
            if handles and (self._worker is None or min(handle.id for handle in handles) < self._first_handle):
                return Refusal(FailureKind.CRASH, "the process that held this object has ended")
            self.load()
            return self._timed(message, expected, read, seconds, stand_ins)
        except Died as died:
            self._bury()
            return died.refusal
        except MALFORMED as error:
            # frames are parsed in full before use: a field of the wrong type is the worker's doing
            self._bury()
            return tampered(f"an answer with wrong fields ({type(error).__name__}: {str(error)[:100]})")

    def _timed(
        self,
        message: dict[str, Any],
        expected: str,
        read: Callable[[dict[str, Any], float, str], _Reply],
        seconds: float,
        stand_ins: StandInReplies | None = None,
    ) -> _Reply | Refusal:
        seconds = min(seconds, self.limits.total_seconds - self._asking_seconds)
        if seconds <= 0:
            return Refusal(
                FailureKind.TIMEOUT, f"all calls together took more than {self.limits.total_seconds:g} seconds"
            )
        started, clock = time.monotonic(), self.limits.clock(seconds)
        try:
            reply, printed = self._exchange(message, (expected, "raised"), clock, stand_ins)
        finally:
            self._asking_seconds += clock.spent()
        return (
            refusal_of(reply, printed)
            if reply["type"] == "raised"
            else read(reply, time.monotonic() - started, printed)
        )

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a file of the submission as a script, in a worker of its own: no object or module of another is touched.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        texts = {source.path: source.cells[0].source for source in self._submission.sources if _is_file(source)}
        path = question.found_in(list(texts))
        if path is None:
            return question.missing()
        files = {file.path: file.data for file in self._submission.files} | dict(question.files)
        place = {"type": "place", "sources": texts, "files": files}

        def ask(more_seconds: float) -> ScriptAnswer | Refusal:
            with self.fresh(None) as other:
                return other.charged_to(self, lambda other: other._run_script(question, path, place, more_seconds))

        if question.seconds is not None:
            return ask(0.0)
        return self._patience.ask(path, (), self.limits.warm_up_seconds, ask)

    def _run_script(
        self, question: RunScript, path: str, place: dict[str, Any], more_seconds: float
    ) -> ScriptAnswer | Refusal:
        self._worker = self._backend.spawn(self.limits)
        room = min(MOST_BYTES, self.limits.answer_mb * 2**20 * 3 // 4)
        run = {"type": "script", "path": path, "argv": list(question.argv), "seed": question.seed, "most_bytes": room}
        try:
            placed, _ = self._exchange(place, ("placed", "raised"), Clock(self.limits.load_seconds + _GRACE_SECONDS))
            if placed["type"] == "raised":  # no line of the student's has run yet
                raise SandboxFault(f"the files of a script cannot be written: {placed['message']}")
            seconds = (question.seconds or self.limits.call_seconds) + more_seconds
            return self._timed(run, "ended", script_answer_of, seconds)
        except Died as died:
            return died.refusal
        except MALFORMED as error:
            return tampered(f"an answer with wrong fields ({type(error).__name__}: {str(error)[:100]})")

    def _stand_ins(self, question: Question) -> StandInReplies | None:
        if not question.stand_ins:
            return None
        if self.collaborators is None:
            raise SandboxFault("a question with stand-ins was asked where nobody answers them")
        return StandInReplies(self.collaborators, question)

    def forget(self) -> None:
        """Let the worker drop the objects that handles stand for."""
        if self._worker is not None:
            try:
                self._exchange({"type": "forget"}, ("forgotten",), self.limits.clock(self.limits.call_seconds))
            except Died:
                self._bury()

    def _bury(self) -> None:
        self.restarts += 1
        self._end_worker()

    # ----------------------------------------------------------------------------------------------------- loading

    def load(self) -> LoadReport:
        """Load the submission into a worker, unless that is done; return what was found."""
        attempts = 2 * len(self._modes) + 3
        while self._worker is None:
            attempts -= 1
            if attempts < 0:
                raise SandboxFault("the submission could not be loaded, and no module of it could be blamed")
            self._worker = self._backend.spawn(self.limits)
            # numbers of handles are never used twice, so one from a worker that died names nothing
            self._first_handle = self._handles_from + 1 + 1_000_000 * self.restarts
            started = time.monotonic()
            try:
                seconds = self.limits.load_seconds * 2 + _GRACE_SECONDS
                message, _ = self._exchange(self._load_message(), ("loaded",), Clock(seconds))
                self.report = load_report(message, self._paths, self._names, self._why_excluded)
            except Died as died:
                self._distrust(died)
            except MALFORMED:
                self._distrust(Died(tampered("a loading report with wrong fields")))
            self._loading_seconds += time.monotonic() - started
            if self._loading_seconds > _LOADS * self.limits.load_seconds:
                self._hurry()
        assert self.report is not None
        return self.report

    def _load_message(self) -> dict[str, Any]:
        return {
            "type": "load",
            "sources": [
                {
                    "path": source.path,
                    "module": source.module,
                    "cells": [[cell.label, cell.source] for cell in source.cells],
                    "mode": _MODES[self._modes[source.module]],
                }
                for source in self._submission.sources
            ],
            "files": [{"path": file.path, "data": file.data} for file in self._submission.files],
            "names": self._names,
            "budget": self.limits.load_seconds,
            "device": self.limits.device,
            "first_handle": self._first_handle,
            "counting": self._counts,
        }

    def _distrust(self, died: Died) -> None:
        """Run less of the module during which the worker died; of all of them when none can be named."""
        self._bury()
        if died.refusal.flag and died.refusal.flag not in self.flags:
            self.flags.append(died.refusal.flag)
        # what was running is the worker's own report: a module that is not run at all cannot have been it
        known = died.module if self._modes.get(died.module or "", 2) < 2 else None
        for module in [known] if known else list(self._modes):
            self._run_less(module, died.refusal.message)

    def _run_less(self, module: str, why: str) -> None:
        self._modes[module] = min(self._modes[module] + 1, len(_MODES) - 1)
        if _MODES[self._modes[module]] == "excluded":
            self._why_excluded.setdefault(module, why)

    def _hurry(self) -> None:
        """Run less of every module from now on: loading took too long altogether, over all workers that were needed."""
        self._loading_seconds = 0.0
        for module in self._modes:
            self._run_less(module, f"loading took more than {_LOADS * self.limits.load_seconds:g} seconds altogether")

    # ---------------------------------------------------------------------------------------------------- exchange

    def _exchange(
        self,
        message: dict[str, Any],
        expected: tuple[str, ...],
        clock: Clock,
        stand_ins: StandInReplies | None = None,
    ) -> tuple[dict[str, Any], str]:
        """Send a message and return the answer to it together with what was printed meanwhile."""
        worker = self._worker
        assert worker is not None
        nonce = secrets.token_hex(16)
        conversation = Conversation(worker, self.limits, clock)
        early = conversation.unread()
        if early:
            raise Died(tampered("an answer before anything was asked"))
        try:
            frame = wire.encode({**message, "id": nonce})
        except wire.WireError as error:
            raise SandboxFault(f"the question cannot be sent: {error}") from None
        try:
            return self._reply(conversation, frame, nonce, expected, stand_ins)
        except Died as died:
            if not died.refusal.printed:
                died.refusal = replace(died.refusal, printed=conversation.printed())
            raise

    def _reply(
        self,
        conversation: Conversation,
        frame: bytes,
        nonce: str,
        expected: tuple[str, ...],
        stand_ins: StandInReplies | None,
    ) -> tuple[dict[str, Any], str]:
        conversation.send(frame)
        while True:
            reply = conversation.receive()
            told, kind, module = (reply.get(name) for name in ("id", "type", "module"))
            if type(told) is not str or told != nonce:  # an array, compared with text, is neither true nor false
                raise Died(tampered("an answer to a question that was not asked"))
            if type(kind) is not str:
                raise Died(tampered("a message without a type"))
            if kind == "progress" and "loaded" in expected:
                conversation.module = module if type(module) is str else None
                # one when a module starts, and one when an import brings back the module that asked for it
                conversation.count_progress(2 * len(self._modes))
            elif kind == "collaborator" and stand_ins is not None:
                conversation.meanwhile(partial(stand_ins.answer, reply, nonce))
            elif kind in expected:
                return reply, conversation.printed()
            else:
                raise Died(tampered(f"a message of type {kind[:40]!r}"))
