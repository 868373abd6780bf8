"""One worker: gives up its rights, loads one submission and answers questions about it until the channel closes."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from . import channel as frames
from . import confine, landlock, torchvision_import, transport, wire
from .counting import OperationCounter
from .execute import Session
from .scripts import Place
from .traces import describe_error


def warm_up() -> None:
    """Do once, before workers are forked, what torch does at its first operation (it reads /proc/cpuinfo, which they lack).

    Too small for torch to start threads: a forked process does not inherit them.
    """
    torch.set_num_threads(1)
    weights = torch.ones(2, 2, requires_grad=False)
    (weights @ weights).exp().sum().item()
    torch.manual_seed(0)
    torchvision_import.mend()
    with contextlib.suppress(Exception):  # whatever is not there, or broken, is the worker's own to find out
        importlib.import_module("torchvision")  # most submissions do: once here, not in the first worker and here


def _warm_up_counting() -> None:
    with OperationCounter():
        torch.ones(2, 2).exp()


WHEN_IDLE: tuple[Callable[[], object], ...] = (
    _warm_up_counting,  # first: the next worker may be one that counts, and this second is no part of a student's call
    partial(importlib.import_module, "matplotlib.pyplot"),
    partial(importlib.import_module, "tqdm"),
)
"""What later workers are spared if it was done before they are forked: imports that most submissions have, and the second that torch
imports for when something first counts its operations."""


def confine_process(config: dict[str, Any]) -> None:
    """Enter the confinement that `config` asks for; raises OSError where a part of it cannot be had."""
    if config["namespaces"]:
        confine.mount_scratch(config["limits"]["scratch_mb"], hide_proc=config["limits"]["device"] == "cpu")
        confine.drop_capabilities()
    if config["user"] is not None:
        confine.become_user(config["user"]["uid"], config["user"]["gid"])
        confine.live_in(config["folder"])
        transport.share_by_value()
        landlock.restrict(config["user"]["rules"])
    confine.limit_resources(config["limits"])
    if config["filter"]:
        confine.filter_system_calls(config["filter"])


def serve(channel: socket.socket, config: dict[str, Any]) -> None:
    """Answer messages until the trusted side closes the channel."""
    torch.set_num_threads(config["limits"]["threads"])
    if config["limits"]["device"] == "cuda":  # costs two seconds of imports, and a CPU needs it for nothing we ask
        torch.use_deterministic_algorithms(True, warn_only=True)
    folder = Path(config["folder"])
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    session = Session()
    places: list[Place] = []
    while (message := frames.receive(channel)) is not None:
        session.outside = outside = _Outside(channel, message["id"]) if message.get("stand_ins") else None
        answer = _answer(session, places, folder, message, channel)
        if outside is not None:
            outside.close()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # the student may have closed it, or put something else there
                stream.flush()
        try:
            frame = wire.encode({**answer, "id": message["id"]})
        except BaseException as error:  # a result that cannot be read, or is too large for any frame
            frame = wire.encode({"type": "raised", **describe_error(error), "lines": [], "id": message["id"]})
        channel.sendall(frame)


class _Outside:
    """Asks the trusted side in the middle of a question: one thread at a time, and not when the question is over."""

    def __init__(self, channel: socket.socket, nonce: str) -> None:
        self._channel = channel
        self._nonce = nonce
        self._lock = threading.Lock()
        self._open = True

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if not self._open:
                raise RuntimeError("the question that this function stood in for is over")
            frames.send(self._channel, {**request, "type": "collaborator", "id": self._nonce})
            reply = frames.receive(self._channel)
            if reply is None:
                raise SystemExit("the grader has closed the channel")
            return reply

    def close(self) -> None:
        """Wait for the request that is under way, and let no other follow."""
        with self._lock:
            self._open = False


def _answer(
    session: Session, places: list[Place], folder: Path, message: dict[str, Any], channel: socket.socket
) -> dict[str, Any]:
    if message["type"] == "load":
        _write_files(folder, message["files"])
        sys.argv = [
            "submission"
        ]  # `parse_args()` at the top of a module finds its defaults, not the zygote's arguments

        def progress(module: str) -> None:
            frames.send(channel, {"type": "progress", "id": message["id"], "module": module})

        return {"type": "loaded", **session.load(message, progress)}
    if message["type"] == "call":
        return session.call(message)
    if message["type"] == "inspect":
        return session.inspect(message)
    if message["type"] == "place":
        try:
            places.append(Place(message, folder))
        except OSError as error:
            return {"type": "raised", **describe_error(error), "lines": []}
        return {"type": "placed"}
    if message["type"] == "script":
        return places[-1].run(message)
    if message["type"] == "forget":
        session.forget()
        return {"type": "forgotten"}
    raise wire.WireError(f"unknown message {message['type']!r}")


def _write_files(folder: Path, files: list[dict[str, Any]]) -> None:
    for entry in files:
        target = folder / entry["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(entry["data"])
