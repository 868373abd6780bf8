"""Sending a message to a worker and receiving the reply, under a deadline, while its memory and its output are watched.

Whatever goes wrong ends in `Died`, which carries the refusal that says why.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from autograder.errors import SandboxFault
from autograder.outcomes import FailureKind
from autograder.sandbox.clock import Clock, Which
from autograder.sandbox.inside import wire
from autograder.sandbox.limits import Limits
from autograder.sandbox.questions import Collaborators, MalformedRequest, Question, Refusal
from autograder.sandbox.zygote import Worker

_SHOWN = 4000
_POLL_SECONDS = 0.05
_REQUESTS = 1000
_REQUESTS_PER_CALL = 64
_REQUESTS_PER_SAMPLE = 8
_MOST_SAMPLES = 1000


class Died(Exception):
    """The worker is of no more use; carries the refusal that says why."""

    def __init__(self, refusal: Refusal, module: str | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.module = module


def tampered(what: str) -> Refusal:
    """Return the refusal for a worker that sent what no honest one sends; `what` goes to staff."""
    return Refusal(
        FailureKind.POLICY,
        "the submission wrote to the channel on which the grader receives answers",
        flag=f"answer channel: {what}",
    )


def _too_long(clock: Clock, which: Which) -> str:
    """Say which limit on its time a question has exceeded."""
    if which == "computing":
        return f"it was stopped after {clock.computing:g} seconds of computing without a result"
    if clock.computing is None:
        return f"it was stopped after {clock.wall:g} seconds without a result"
    message = f"it was stopped after {clock.wall:g} seconds on the clock without a result, before it had computed for"
    return f"{message} {clock.computing:g} seconds: does it sleep, or wait for something that never comes?"


class StandInReplies:
    """Answers what the stand-ins of one question ask, up to a number that no honest function needs."""

    def __init__(self, collaborators: Collaborators, question: Question) -> None:
        self._collaborators = collaborators
        self._question = question
        # a loop over `n_samples` may call several functions, each with its gradient, in every round
        given = [*question.args, *question.kwargs.values()]
        samples = max([0, *(min(value, _MOST_SAMPLES) for value in given if type(value) is int)])
        self._left = _REQUESTS + (_REQUESTS_PER_CALL + _REQUESTS_PER_SAMPLE * samples) * question.repeat

    def answer(self, request: dict[str, Any], nonce: str) -> bytes:
        """Return the frame that answers a request."""
        self._left -= 1
        if self._left < 0:
            raise Died(Refusal(FailureKind.TIMEOUT, "it called the functions that it is built from too often"))
        try:
            reply = self._collaborators(self._question, request)
        except MalformedRequest as error:
            raise Died(tampered(str(error))) from None
        except Exception as error:  # hostile arguments are dealt with in there: whatever comes out is our own fault
            raise SandboxFault(f"a stand-in could not be answered ({type(error).__name__}: {error})") from error
        return wire.encode({**reply, "type": "stand_in", "id": nonce})


class Conversation:
    """Sending and receiving under a deadline, while watching memory and draining what is printed."""

    def __init__(self, worker: Worker, limits: Limits, clock: Clock) -> None:
        self._worker = worker
        self._limits = limits
        self._clock = clock
        clock.start(worker.computed_seconds)
        self._kept = bytearray()
        self._printed = 0
        self._progress = 0
        self.module: str | None = None
        worker.channel.setblocking(False)

    def unread(self) -> bool:
        """Whether bytes wait that nobody asked for; drains what was printed before the question."""
        self._drain()
        self._kept.clear()
        try:
            self._worker.channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return self._worker.alive()

    def count_progress(self, most: int) -> None:
        """Refuse more progress messages than there are modules."""
        self._progress += 1
        if self._progress > most:
            raise Died(tampered("more progress messages than modules"), self.module)

    def meanwhile(self, work: Callable[[], bytes]) -> None:
        """Send what `work` returns. Its time is not the worker's, as long as it does not take more than the worker may."""
        started = time.monotonic()
        frame = work()
        self._clock.pause(time.monotonic() - started)
        self.send(frame)

    def send(self, frame: bytes) -> None:
        """Send a frame, in parts where the worker is slow to read."""
        view = memoryview(frame)
        while view:
            self._check_time()
            try:
                view = view[self._worker.channel.send(view[: 2**20]) :]
            except BlockingIOError:
                self._wait(select.POLLOUT)
            except OSError:
                raise self._dead() from None

    def receive(self) -> dict[str, Any]:
        """Return the next message, parsed in full."""
        length = wire.HEADER.unpack(self._exactly(wire.HEADER.size))[0]
        if length > self._limits.answer_mb * 2**20:
            message = f"the result is {length / 2**20:,.0f} MB, more than the limit of {self._limits.answer_mb} MB"
            raise Died(Refusal(FailureKind.MEMORY, message), self.module)
        try:
            return wire.decode(self._exactly(length))
        except wire.TooManyItems as error:
            message = f"the result holds {error}, which is more than is looked at"
            raise Died(Refusal(FailureKind.MEMORY, message), self.module) from None
        except wire.WireError as error:
            raise Died(tampered(str(error)), self.module) from None

    def _exactly(self, count: int) -> bytes:
        buffer = bytearray()
        while len(buffer) < count:
            self._check_time()  # also where bytes are ready: they could come one by one for ever
            try:
                part = self._worker.channel.recv(min(count - len(buffer), 2**20))
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError:
                part = b""
            if not part:
                raise self._dead()
            buffer += part
        return bytes(buffer)

    def _wait(self, event: int) -> None:
        """Wait until the channel is ready, looking after time, memory and output in between."""
        channel, output = self._worker.channel.fileno(), self._worker.output
        poll = select.poll()  # `selectors` would make three system calls more of each wait
        poll.register(channel, event)
        poll.register(output, select.POLLIN)
        while True:
            ready = {file for file, _ in poll.poll(_POLL_SECONDS * 1000)}
            if output in ready and not self._drain():
                poll.unregister(output)
            self._check_time()
            if channel in ready:
                return
            if not self._worker.alive() and not self._bytes_wait():
                raise self._dead()  # although a child of it may hold the channel open
            self._check_memory()

    def _bytes_wait(self) -> bool:
        return bool(select.select([self._worker.channel], [], [], 0)[0])

    def _check_time(self) -> None:
        if which := self._clock.over():
            message = _too_long(self._clock, which)
            raise Died(Refusal(FailureKind.TIMEOUT, message, printed=self.printed(), clock=which), self.module)

    def _check_memory(self) -> None:
        if exceeded := self._worker.exceeded():
            raise Died(Refusal(FailureKind.MEMORY, exceeded, printed=self.printed()), self.module)

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
                raise Died(Refusal(FailureKind.CRASH, message, printed=self.printed()), self.module)
            if time.monotonic() > self._clock.deadline:
                return True

    def printed(self) -> str:
        """Return the beginning of what was printed."""
        if self._worker.output >= 0 and self._printed <= self._limits.printed_mb * 2**20:
            self._drain()
        text = self._kept.decode("utf-8", errors="replace")
        rest = self._printed - len(self._kept)
        return text + (f"\n… ({rest:,} more bytes)" if rest > 0 else "")

    def _dead(self) -> Died:
        if exceeded := self._worker.exceeded():  # ended for that, by the kernel or by the watchdog
            return Died(Refusal(FailureKind.MEMORY, exceeded, printed=self.printed()), self.module)
        message = "the process ended in the middle of the call (os._exit, sys.exit in a thread, a segmentation fault, or killed)"
        return Died(Refusal(FailureKind.CRASH, message, printed=self.printed()), self.module)
