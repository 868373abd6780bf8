"""The zygote: has torch loaded, never runs a student's line, and forks workers on request.

Started as `python -s -P -c "..." CONTROL_FD` inside bubblewrap, as a user of its own (uid), or plainly (`none`). Over the control socket
the trusted side sends one message per worker together with two descriptors: the worker's channel and its output pipe.
Forking costs milliseconds where importing torch costs seconds, and every worker gets namespaces of its own below ours.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import confine


def main() -> None:
    """Serve the control socket whose descriptor is the only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    users = os.environ.pop("AUTOGRADER_USERS", "")
    if users:
        first, end = map(int, users.split("-"))
        confine.become_spawner(first)
        guarded = range(first + 1, end)
        # workers belong to nobody else: the kernel takes away those that ended
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    else:
        guarded = range(0)
        confine.die_with_parent()
    if os.environ.get("AUTOGRADER_DROP_ROOT") == "1":
        confine.drop_root(65534, 65534)
    gc.disable()  # what is loaded here stays: looking through it for garbage takes half a second, and copies it into every worker
    from . import wire, worker  # loads torch: after root is gone, and once for every worker

    worker.warm_up()
    control.sendall(b"R")
    later: list[Callable[[], object]] = []
    first = True
    while True:
        while later and not select.select([control], [], [], 0)[0]:
            with contextlib.suppress(Exception):  # whatever is not there, or broken, is the worker's own to find out
                later.pop(0)()
        header, descriptors, _, _ = socket.recv_fds(control, wire.HEADER.size, 2)
        if len(header) < wire.HEADER.size:
            if guarded:
                confine.end_users(guarded)  # whatever became of the grader, nothing of a submission outlives it
            os._exit(0)  # taking torch apart takes a second
        length = wire.HEADER.unpack(header)[0]
        payload = b""
        while len(payload) < length:
            payload += control.recv(length - len(payload))
        gc.freeze()
        _spawn(control, wire.decode(payload), descriptors, worker)
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(b"S")
        if first:  # whoever waits for the first worker waits for nothing else
            later, first = list(worker.WHEN_IDLE), False


def _spawn(control: socket.socket, config: dict[str, Any], descriptors: list[int], worker: ModuleType) -> None:
    """Fork a worker; with namespaces, a process between us and it enters the PID namespace and is gone at once."""
    if not config["namespaces"] and config["user"] is not None:
        if os.fork() == 0:
            control.close()
            _become_worker(config, worker, *descriptors)
        return
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    try:
        control.close()
        if config["namespaces"]:
            confine.enter_namespaces()
        if os.fork() == 0:
            _become_worker(config, worker, *descriptors)
    except BaseException as error:
        _say_goodbye(descriptors[0], error)
    finally:
        os._exit(0)


def _become_worker(config: dict[str, Any], worker: ModuleType, channel_fd: int, output_fd: int) -> None:
    gc.enable()
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(output_fd, 1)
        os.dup2(output_fd, 2)
        for descriptor in (null, output_fd):
            os.close(descriptor)
        for number in (signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        channel = socket.socket(fileno=channel_fd)
        # the kernel attaches our process id, as the trusted side sees it, to this byte
        channel.sendall(b"H")
        worker.confine_process(config)
        channel.sendall(b"C")
    except BaseException as error:
        _say_goodbye(channel_fd, error)
        os._exit(1)
    try:
        worker.serve(channel, config)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _say_goodbye(channel_fd: int, error: BaseException) -> None:
    """Tell the trusted side why there is no worker; this happens before any student's code runs."""
    text = f"E{type(error).__name__}: {error}".encode()[:2000]
    with socket.socket(fileno=os.dup(channel_fd)) as channel:
        channel.sendall(text)
