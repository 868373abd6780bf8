"""One submission in the sandbox, asked question by question.

`Sandbox.call` is the one method that checks see. Whatever happens inside (an exception, a hang, a crash, too much memory,
garbage on the channel) comes back as a value: an `Answer` or a `Refusal`. When a worker died it is replaced before the
next question, and modules whose top-level statements killed it are run with less and less trust until the rest loads.
"""

from __future__ import annotations

import os
import secrets
import selectors
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from autograder.errors import SandboxFault
from autograder.records import FailureKind, Submission
from autograder.sandbox.inside import wire
from autograder.sandbox.inside.wire import Handle
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Backend, Worker

_SHOWN = 4000
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 3.0
_MODES = ("full", "definitions", "excluded")


@dataclass(frozen=True)
class Question:
    """A call of one of the student's functions.

    Attributes:
        function: A name of the contract, or a handle that an earlier answer returned.
        args: Positional arguments: plain values, tensors, `wire.Probe`, `Handle`.
        arg_names: The contract's names of `args`, used in `gradients` and in `Answer.modified`.
        kwargs: Keyword arguments that the function must take.
        offered: Keyword arguments that are passed only if the function takes them (`generator`).
        seed: Seeds every global generator, and is the seed of call number 0 of `repeat`.
        repeat: How often the function is called, with seeds `seed`, `seed + 1`, ...; values come back stacked.
        gradients: Names to differentiate for: an argument, or `"encoder.heads.0.0.bias"` of a probe.
        part: Which part of a tuple to differentiate; None for a result that is one tensor.
        cotangent: Weights of the result's entries in what is differentiated; ones by default.
        count_operations: Ask for the number of tensor operations.
        evaluate: Call a model (a handle) in evaluation mode and without gradients.
        seconds: Wall-clock limit, where it differs from the sandbox's.
    """

    function: str | Handle
    args: Sequence[Any] = ()
    arg_names: Sequence[str] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    offered: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    repeat: int = 1
    gradients: Sequence[str] = ()
    part: int | None = None
    cotangent: Tensor | None = None
    count_operations: bool = False
    evaluate: bool = False
    seconds: float | None = None

    def as_message(self) -> dict[str, Any]:
        """Return the question as a message for the worker."""
        return {
            "type": "call",
            "function": self.function,
            "args": list(self.args),
            "arg_names": list(self.arg_names) or None,
            "kwargs": dict(self.kwargs),
            "offered": dict(self.offered),
            "seed": self.seed,
            "repeat": self.repeat,
            "gradients": list(self.gradients),
            "part": self.part,
            "cotangent": self.cotangent,
            "count_operations": self.count_operations,
            "evaluate": self.evaluate,
        }


@dataclass(frozen=True)
class Answer:
    """What came back. Everything in it was said by the submission's process and proves nothing by itself.

    Attributes:
        value: Decoded data; `wire.Opaque` where something could not cross, `Handle` for objects that stayed inside.
        modified: Names of tensor arguments that were changed.
        gradients: Name -> gradient or None.
        operations: Number of tensor operations, when asked for.
        modes: For every probe, whether it was left in training mode.
        seconds: Wall-clock time measured outside.
        printed: What was printed, shortened.
    """

    value: Any
    modified: tuple[str, ...] = ()
    gradients: Mapping[str, Tensor | None] = field(default_factory=dict)
    operations: int | None = None
    modes: Mapping[str, bool] = field(default_factory=dict)
    seconds: float = 0.0
    printed: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer.

    Attributes:
        kind: The failure that a check should report.
        message: One sentence for the student.
        exception: Type of the student's exception, if that was it.
        lines: The student's lines of the traceback.
        flag: Set when the answer channel was tampered with: what staff should know.
    """

    kind: FailureKind
    message: str
    exception: str = ""
    lines: tuple[str, ...] = ()
    printed: str = ""
    flag: str = ""


class Asked(Protocol):
    """Whatever can be asked questions about one submission: a sandbox, or this very process for a student."""

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        ...


@dataclass(frozen=True)
class FoundFunction:
    """Where a function of the contract was found, and how it says it wants to be called.

    Attributes:
        parameters: (name, kind, has default) triples, or None when Python cannot tell.
    """

    path: str
    also_in: tuple[str, ...]
    kind: str
    parameters: tuple[tuple[str, str, bool], ...] | None


@dataclass(frozen=True)
class LoadReport:
    """What loading a submission found.

    Attributes:
        found: Contract name -> where it is.
        failures: Module path -> (message, student's lines) for modules whose statements failed.
        cut_short: Paths of modules whose top-level statements were stopped; only definitions were run.
        excluded: Paths of modules that could not be loaded in any way, with the reason.
    """

    found: Mapping[str, FoundFunction]
    failures: Mapping[str, tuple[str, tuple[str, ...]]]
    cut_short: tuple[str, ...]
    excluded: Mapping[str, str]


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
    """

    def __init__(self, backend: Backend, submission: Submission, names: Mapping[str, str], limits: Limits) -> None:
        """`names` maps each function of the contract to the module where it is looked for first."""
        self._backend = backend
        self._submission = submission
        self._names = dict(names)
        self.limits = limits
        self._worker: Worker | None = None
        self._modes = {source.module: 0 for source in submission.sources}
        self._why_excluded: dict[str, str] = {}
        self.report: LoadReport | None = None
        self.restarts = 0

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
            self.load()
            assert self._worker is not None
            started = time.monotonic()
            seconds = question.seconds or self.limits.call_seconds
            message, printed = self._exchange(question.as_message(), ("answer", "raised"), seconds)
            if message["type"] == "raised":
                return _refusal(message, printed)
            return _answer(message, time.monotonic() - started, printed)
        except _Died as died:
            self._bury()
            return died.refusal
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # frames are parsed in full before use: a field of the wrong type is the worker's doing
            self._bury()
            return _tampered(f"an answer with wrong fields ({type(error).__name__}: {str(error)[:100]})")

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
            try:
                seconds = self.limits.load_seconds * 2 + _GRACE_SECONDS
                message, _ = self._exchange(self._load_message(), ("loaded",), seconds)
                self.report = self._report(message)
            except _Died as died:
                self._distrust(died)
            except (KeyError, TypeError, ValueError, AttributeError):
                self._distrust(_Died(_tampered("a loading report with wrong fields")))
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
        }

    def _distrust(self, died: _Died) -> None:
        """Run less of the module during which the worker died; of all of them when none can be named."""
        self._bury()
        known = died.module if died.module in self._modes else None
        for module in [known] if known else list(self._modes):
            self._modes[module] = min(self._modes[module] + 1, len(_MODES) - 1)
            if _MODES[self._modes[module]] == "excluded":
                self._why_excluded[module] = died.refusal.message

    def _report(self, message: dict[str, Any]) -> LoadReport:
        paths = {source.module: source.path for source in self._submission.sources}
        found = {
            name: FoundFunction(
                str(entry["path"]),
                tuple(str(path) for path in entry["also_in"]),
                str(entry["kind"]),
                None
                if entry["parameters"] is None
                else tuple((str(p[0]), str(p[1]), bool(p[2])) for p in entry["parameters"]),
            )
            for name, entry in message["found"].items()
            if name in self._names
        }
        modules = [entry for entry in message["modules"] if entry["module"] in paths]
        failures = {}
        for entry in modules:
            if entry["failures"]:
                first = entry["failures"][0]
                where = f"{first['cell']}: " if first["cell"] else ""
                text = f"{where}{first['exception']}: {first['message']}"
                failures[paths[entry["module"]]] = (text, tuple(str(line) for line in first["lines"]))
        return LoadReport(
            found,
            failures,
            tuple(paths[entry["module"]] for entry in modules if entry["budget_over"]),
            {paths[module]: why for module, why in self._why_excluded.items()},
        )

    # ---------------------------------------------------------------------------------------------------- exchange

    def _exchange(self, message: dict[str, Any], expected: tuple[str, ...], seconds: float) -> tuple[dict[str, Any], str]:
        """Send a message and return the answer to it together with what was printed meanwhile."""
        worker = self._worker
        assert worker is not None
        nonce = secrets.token_hex(16)
        conversation = _Conversation(worker, self.limits, seconds)
        early = conversation.unread()
        if early:
            raise _Died(_tampered("an answer before anything was asked"))
        conversation.send(wire.encode({**message, "id": nonce}))
        while True:
            reply = conversation.receive()
            if reply.get("id") != nonce:
                raise _Died(_tampered("an answer to a question that was not asked"))
            if reply.get("type") == "progress" and "loaded" in expected:
                conversation.module = str(reply.get("module"))
                conversation.count_progress(len(self._modes))
            elif reply.get("type") in expected:
                return reply, conversation.printed()
            else:
                raise _Died(_tampered(f"a message of type {str(reply.get('type'))[:40]!r}"))


class _Conversation:
    """Sending and receiving under a deadline, while watching memory and draining what is printed."""

    def __init__(self, worker: Worker, limits: Limits, seconds: float) -> None:
        self._worker = worker
        self._limits = limits
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
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
                if self._worker.channel in ready:
                    return
                self._check_limits()

    def _check_limits(self) -> None:
        if time.monotonic() > self._deadline:
            message = f"it was stopped after {self._seconds:g} seconds without a result"
            raise _Died(Refusal(FailureKind.TIMEOUT, message, printed=self.printed()), self.module)
        used = self._worker.memory_mb()
        if used > self._limits.memory_mb * 1.25 + self._limits.scratch_mb:
            message = f"it used more than {self._limits.memory_mb:,} MB of memory and was stopped"
            raise _Died(Refusal(FailureKind.MEMORY, message, printed=self.printed()), self.module)

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
        message = "the process ended in the middle of the call (os._exit, sys.exit in a thread, a segmentation fault, or killed)"
        return _Died(Refusal(FailureKind.CRASH, message, printed=self.printed()), self.module)


def _tampered(what: str) -> Refusal:
    return Refusal(
        FailureKind.POLICY,
        "the submission wrote to the channel on which the grader receives answers",
        flag=f"answer channel: {what}",
    )


def _refusal(message: dict[str, Any], printed: str) -> Refusal:
    kinds = {
        "memory": FailureKind.MEMORY,
        "not_implemented": FailureKind.MISSING,
        "exception": FailureKind.EXCEPTION,
    }
    kind = kinds[message["category"]]
    exception, text = str(message["exception"]), str(message["message"])
    lines = tuple(str(line) for line in message["lines"])
    if kind is FailureKind.MISSING:
        sentence = "not implemented yet"
    else:
        sentence = f"it raised {exception}: {text}" if text else f"it raised {exception}"
    return Refusal(kind, sentence, exception, lines, printed)


def _answer(message: dict[str, Any], seconds: float, printed: str) -> Answer:
    gradients = message["gradients"]
    if not all(value is None or isinstance(value, Tensor) for value in gradients.values()):
        raise TypeError("a gradient is a tensor or None")
    operations = message["operations"]
    if operations is not None and type(operations) is not int:
        raise TypeError("a count is an integer")
    return Answer(
        value=message["value"],
        modified=tuple(str(name) for name in message["modified"]),
        gradients=dict(gradients),
        operations=operations,
        modes={str(name): bool(mode) for name, mode in message["modes"].items()},
        seconds=seconds,
        printed=printed,
    )
