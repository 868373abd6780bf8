"""One submission in the sandbox, asked question by question.

`Sandbox.call` is the one method that checks see. Whatever happens inside (an exception, a hang, a crash, too much memory,
garbage on the channel) comes back as a value: an `Answer` or a `Refusal`. When a worker died it is replaced before the
next question, and modules whose top-level statements killed it are run with less and less trust until the rest loads.
"""

from __future__ import annotations

import os
import secrets
import select
import selectors
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from autograder.errors import SandboxFault
from autograder.outcomes import FailureKind
from autograder.records import Submission
from autograder.sandbox.inside import wire
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.limits import Limits
from autograder.sandbox.questions import (
    MALFORMED,
    Answer,
    Collaborators,
    LoadReport,
    MalformedRequest,
    Question,
    Refusal,
    answer_of,
    load_report,
    refusal_of,
)
from autograder.sandbox.zygote import Backend, Worker

_SHOWN = 4000
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 3.0
_REPEAT_SECONDS = 0.02
_LOADS = 12
_REQUESTS = 1000
_REQUESTS_PER_CALL = 64
_MODES = ("full", "definitions", "excluded")


class _Died(Exception):
    """The worker is of no more use; carries the refusal that says why."""

    def __init__(self, refusal: Refusal, module: str | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.module = module


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
        self.report: LoadReport | None = None
        self.restarts = 0
        self.flags: list[str] = []
        self.collaborators: Collaborators | None = None

    def fresh(self, collaborators: Collaborators) -> Sandbox:
        """Return another sandbox for the same submission, with no worker yet, which knows what was learnt about loading it.

        Args:
            collaborators: Answers the stand-ins of its questions.
        """
        other = Sandbox(self._backend, self._submission, self._names, self.limits)
        other._modes, other._why_excluded = dict(self._modes), dict(self._why_excluded)
        other.collaborators = collaborators
        return other

    def __enter__(self) -> Sandbox:
        """Return the sandbox itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    # ------------------------------------------------------------------------------------------------------ asking

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question; replaces the worker first when the last one died.

        Raises:
            SandboxFault: The sandbox itself is broken, which is not the student's fault.
        """
        if isinstance(question.function, Handle) and self._worker is None:
            return Refusal(FailureKind.CRASH, "the process that held this object has ended")
        try:
            if self._worker is not None and (not self._worker.alive() or self._worker.exceeded()):
                self._bury()  # it died, or grew too large, after its last answer; this question is not to pay for that
                if isinstance(question.function, Handle):
                    return Refusal(FailureKind.CRASH, "the process that held this object has ended")
            self.load()
            assert self._worker is not None
            started = time.monotonic()
            seconds = question.seconds or self.limits.call_seconds + (question.repeat - 1) * _REPEAT_SECONDS
            seconds = min(seconds, self.limits.total_seconds - self._asking_seconds)
            if seconds <= 0:
                return Refusal(
                    FailureKind.TIMEOUT, f"all calls together took more than {self.limits.total_seconds:g} seconds"
                )
            try:
                stand_ins = self._stand_ins(question)
                message, printed = self._exchange(question.as_message(), ("answer", "raised"), seconds, stand_ins)
            finally:
                self._asking_seconds += time.monotonic() - started
            if message["type"] == "raised":
                return refusal_of(message, printed)
            return answer_of(message, time.monotonic() - started, printed)
        except _Died as died:
            self._bury()
            return died.refusal
        except MALFORMED as error:
            # frames are parsed in full before use: a field of the wrong type is the worker's doing
            self._bury()
            return _tampered(f"an answer with wrong fields ({type(error).__name__}: {str(error)[:100]})")

    def _stand_ins(self, question: Question) -> _StandIns | None:
        if not question.stand_ins:
            return None
        if self.collaborators is None:
            raise SandboxFault("a question with stand-ins was asked where nobody answers them")
        return _StandIns(self.collaborators, question)

    def forget(self) -> None:
        """Let the worker drop the objects that handles stand for."""
        if self._worker is not None:
            try:
                self._exchange({"type": "forget"}, ("forgotten",), self.limits.call_seconds)
            except _Died:
                self._bury()

    def _bury(self) -> None:
        self.restarts += 1
        self.close()

    # ----------------------------------------------------------------------------------------------------- loading

    def load(self) -> LoadReport:
        """Load the submission into a worker, unless that is done; return what was found."""
        attempts = 2 * len(self._modes) + 3
        while self._worker is None:
            attempts -= 1
            if attempts < 0:
                raise SandboxFault("the submission could not be loaded, and no module of it could be blamed")
            self._worker = self._backend.spawn(self.limits)
            started = time.monotonic()
            try:
                seconds = self.limits.load_seconds * 2 + _GRACE_SECONDS
                message, _ = self._exchange(self._load_message(), ("loaded",), seconds)
                self.report = load_report(message, self._paths, self._names, self._why_excluded)
            except _Died as died:
                self._distrust(died)
            except MALFORMED:
                self._distrust(_Died(_tampered("a loading report with wrong fields")))
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
            # numbers of handles are never used twice, so one from a worker that died names nothing
            "first_handle": 1 + 1_000_000 * self.restarts,
        }

    def _distrust(self, died: _Died) -> None:
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
        self, message: dict[str, Any], expected: tuple[str, ...], seconds: float, stand_ins: _StandIns | None = None
    ) -> tuple[dict[str, Any], str]:
        """Send a message and return the answer to it together with what was printed meanwhile."""
        worker = self._worker
        assert worker is not None
        nonce = secrets.token_hex(16)
        conversation = _Conversation(worker, self.limits, seconds)
        early = conversation.unread()
        if early:
            raise _Died(_tampered("an answer before anything was asked"))
        try:
            frame = wire.encode({**message, "id": nonce})
        except wire.WireError as error:
            raise SandboxFault(f"the question cannot be sent: {error}") from None
        try:
            return self._reply(conversation, frame, nonce, expected, stand_ins)
        except _Died as died:
            if not died.refusal.printed:
                died.refusal = replace(died.refusal, printed=conversation.printed())
            raise

    def _reply(
        self,
        conversation: _Conversation,
        frame: bytes,
        nonce: str,
        expected: tuple[str, ...],
        stand_ins: _StandIns | None,
    ) -> tuple[dict[str, Any], str]:
        conversation.send(frame)
        while True:
            reply = conversation.receive()
            told, kind, module = (reply.get(name) for name in ("id", "type", "module"))
            if type(told) is not str or told != nonce:  # an array, compared with text, is neither true nor false
                raise _Died(_tampered("an answer to a question that was not asked"))
            if type(kind) is not str:
                raise _Died(_tampered("a message without a type"))
            if kind == "progress" and "loaded" in expected:
                conversation.module = module if type(module) is str else None
                # one when a module starts, and one when an import brings back the module that asked for it
                conversation.count_progress(2 * len(self._modes))
            elif kind == "collaborator" and stand_ins is not None:
                conversation.meanwhile(partial(stand_ins.answer, reply, nonce))
            elif kind in expected:
                return reply, conversation.printed()
            else:
                raise _Died(_tampered(f"a message of type {kind[:40]!r}"))


class _StandIns:
    """Answers what the stand-ins of one question ask, up to a number that no honest function needs."""

    def __init__(self, collaborators: Collaborators, question: Question) -> None:
        self._collaborators = collaborators
        self._question = question
        self._left = _REQUESTS + _REQUESTS_PER_CALL * question.repeat

    def answer(self, request: dict[str, Any], nonce: str) -> bytes:
        """Return the frame that answers a request."""
        self._left -= 1
        if self._left < 0:
            raise _Died(Refusal(FailureKind.TIMEOUT, "it called the functions that it is built from too often"))
        try:
            reply = self._collaborators(self._question, request)
        except MalformedRequest as error:
            raise _Died(_tampered(str(error))) from None
        except Exception as error:  # hostile arguments are dealt with in there: whatever comes out is our own fault
            raise SandboxFault(f"a stand-in could not be answered ({type(error).__name__}: {error})") from error
        return wire.encode({**reply, "type": "stand_in", "id": nonce})


class _Conversation:
    """Sending and receiving under a deadline, while watching memory and draining what is printed."""

    def __init__(self, worker: Worker, limits: Limits, seconds: float) -> None:
        self._worker = worker
        self._limits = limits
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._patience = seconds
        self._kept = bytearray()
        self._printed = 0
        self._progress = 0
        self.module: str | None = None
        worker.channel.setblocking(False)

    def unread(self) -> bool:
        """Whether bytes wait that nobody asked for; drains what was printed before the question."""
        self._drain()
        self._kept.clear()
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker.channel, selectors.EVENT_READ)
            return bool(selector.select(0)) and self._worker.alive()

    def count_progress(self, most: int) -> None:
        """Refuse more progress messages than there are modules."""
        self._progress += 1
        if self._progress > most:
            raise _Died(_tampered("more progress messages than modules"), self.module)

    def meanwhile(self, work: Callable[[], bytes]) -> None:
        """Send what `work` returns. Its time is not the worker's, as long as it does not take more than the worker may."""
        started = time.monotonic()
        frame = work()
        spent = min(time.monotonic() - started, self._patience)
        self._patience -= spent
        self._deadline += spent
        self.send(frame)

    def send(self, frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            self._wait(selectors.EVENT_WRITE)
            try:
                view = view[self._worker.channel.send(view[: 2**20]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._dead() from None

    def receive(self) -> dict[str, Any]:
        length = wire.HEADER.unpack(self._exactly(wire.HEADER.size))[0]
        if length > self._limits.answer_mb * 2**20:
            message = f"the result is {length / 2**20:,.0f} MB, more than the limit of {self._limits.answer_mb} MB"
            raise _Died(Refusal(FailureKind.MEMORY, message), self.module)
        try:
            return wire.decode(self._exactly(length))
        except wire.TooManyItems as error:
            message = f"the result holds {error}, which is more than is looked at"
            raise _Died(Refusal(FailureKind.MEMORY, message), self.module) from None
        except wire.WireError as error:
            raise _Died(_tampered(str(error)), self.module) from None

    def _exactly(self, count: int) -> bytes:
        buffer = bytearray()
        while len(buffer) < count:
            self._wait(selectors.EVENT_READ)
            try:
                part = self._worker.channel.recv(min(count - len(buffer), 2**20))
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            if not part:
                raise self._dead()
            buffer += part
        return bytes(buffer)

    def _wait(self, event: int) -> None:
        """Wait until the channel is ready, looking after time, memory and output in between."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker.channel, event)
            selector.register(self._worker.output, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select(_POLL_SECONDS)}
                if self._worker.output in ready and not self._drain():
                    selector.unregister(self._worker.output)
                self._check_time()  # also where bytes are ready: they could come one by one for ever
                if self._worker.channel in ready:
                    return
                if not self._worker.alive() and not self._bytes_wait():
                    raise self._dead()  # although a child of it may hold the channel open
                self._check_memory()

    def _bytes_wait(self) -> bool:
        return bool(select.select([self._worker.channel], [], [], 0)[0])

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            message = f"it was stopped after {self._seconds:g} seconds without a result"
            raise _Died(Refusal(FailureKind.TIMEOUT, message, printed=self.printed()), self.module)

    def _check_memory(self) -> None:
        if exceeded := self._worker.exceeded():
            raise _Died(Refusal(FailureKind.MEMORY, exceeded, printed=self.printed()), self.module)

    def _drain(self) -> bool:
        """Read what was printed, keeping its beginning; False when the pipe is closed."""
        while True:
            try:
                part = os.read(self._worker.output, 2**16)
            except BlockingIOError:
                return True
            if not part:
                return False
            self._printed += len(part)
            self._kept += part[: max(0, _SHOWN - len(self._kept))]
            if self._printed > self._limits.printed_mb * 2**20:
                message = f"it printed more than {self._limits.printed_mb} MB and was stopped"
                raise _Died(Refusal(FailureKind.CRASH, message, printed=self.printed()), self.module)
            if time.monotonic() > self._deadline:
                return True

    def printed(self) -> str:
        """Return the beginning of what was printed."""
        if self._worker.output >= 0 and self._printed <= self._limits.printed_mb * 2**20:
            self._drain()
        text = self._kept.decode("utf-8", errors="replace")
        rest = self._printed - len(self._kept)
        return text + (f"\n… ({rest:,} more bytes)" if rest > 0 else "")

    def _dead(self) -> _Died:
        if exceeded := self._worker.exceeded():  # ended for that, by the kernel or by the watchdog
            return _Died(Refusal(FailureKind.MEMORY, exceeded, printed=self.printed()), self.module)
        message = "the process ended in the middle of the call (os._exit, sys.exit in a thread, a segmentation fault, or killed)"
        return _Died(Refusal(FailureKind.CRASH, message, printed=self.printed()), self.module)


def _tampered(what: str) -> Refusal:
    return Refusal(
        FailureKind.POLICY,
        "the submission wrote to the channel on which the grader receives answers",
        flag=f"answer channel: {what}",
    )
