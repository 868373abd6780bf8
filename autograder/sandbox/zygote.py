"""Starting the zygote and forking workers from it: the only place of the project that starts student processes.

Start it from the main thread: the kernel ends it together with the *thread* that started it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from autograder.errors import SandboxFault, SandboxUnavailable
from autograder.sandbox.limits import Limits

INSIDE = Path(__file__).parent / "inside"
START = "import sys; sys.path.insert(0, {folder!r}); from inside.zygote import main; main()"
_START_SECONDS = 60.0
_SPAWN_SECONDS = 20.0


class Worker:
    """One confined process with a channel to it and a pipe that holds what it prints."""

    def __init__(self, channel: socket.socket, output: int, pid: int, folder: Path | None = None) -> None:
        self.channel = channel
        self.output = output
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._folder = folder
        self._process = psutil.Process(pid)

    def memory_mb(self) -> float:
        """Return what the worker's processes hold that is not shared with the zygote's files, in MiB."""
        total = 0
        with contextlib.suppress(psutil.Error, OSError):
            for process in [self._process, *self._process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error, OSError):
                    total += _private_kb(process.pid)
        return total / 1024

    def alive(self) -> bool:
        """Whether the worker's first process still runs."""
        return not select.select([self._pidfd], [], [], 0)[0]

    def kill(self) -> None:
        """End every process of the worker and release what it held. May be called twice."""
        if self._pidfd < 0:
            return
        with contextlib.suppress(psutil.Error, OSError):
            children = self._process.children(recursive=True)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            for child in children:  # without a PID namespace nobody else ends them
                with contextlib.suppress(psutil.Error):
                    child.kill()
        if self._folder is not None:  # processes that lost their parent; every worker leads a group of its own
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        select.select([self._pidfd], [], [], 5.0)
        os.close(self._pidfd)
        self._pidfd = -1
        self.channel.close()
        os.close(self.output)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _private_kb(pid: int) -> int:
    total = 0
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(("RssAnon:", "RssShmem:", "VmSwap:")):
                total += int(line.split()[1])
    return total


class Backend(Protocol):
    """Where workers come from."""

    name: str

    def spawn(self, limits: Limits) -> Worker:
        """Return a fresh worker."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what goes into the record: name, and what it protects from."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


class Zygote:
    """A running zygote. `command` is the argument list that leads to the Python interpreter (with bubblewrap before it)."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], confine: bool) -> None:
        self._confine = confine
        ours, theirs = socket.socketpair()
        self._control = ours
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 -- the command is ours
                    [*command, str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            except OSError as error:
                raise SandboxUnavailable(f"the sandbox could not be started: {error}") from None
        self._ready = False

    def wait_until_ready(self) -> None:
        """Wait for torch to be loaded inside."""
        if self._ready:
            return
        self._control.settimeout(_START_SECONDS)
        if self._answer() != b"R":
            raise SandboxUnavailable(f"the sandbox did not start: {self._complaint()}")
        self._ready = True

    def _answer(self) -> bytes:
        try:
            return self._control.recv(1)
        except OSError:
            return b""

    def _complaint(self) -> str:
        self._process.kill()
        text = self._process.communicate(timeout=10)[1]
        return text.decode(errors="replace").strip()[-2000:] or f"exit code {self._process.returncode}"

    def spawn(self, limits: Limits, filter_program: bytes, folder: Path) -> Worker:
        """Fork a worker and wait until it is confined."""
        # wire needs torch: imported here, it loads while the zygote loads its own
        from autograder.sandbox.inside import wire

        self.wait_until_ready()
        config = {
            "limits": limits.model_dump(),
            "confine": self._confine,
            "filter": filter_program,
            "folder": str(folder),
        }
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        read_end, write_end = os.pipe()
        try:
            with theirs:
                frame = wire.encode(config)
                socket.send_fds(self._control, [frame[: wire.HEADER.size]], [theirs.fileno(), write_end])
                self._control.sendall(frame[wire.HEADER.size :])
                self._control.settimeout(_SPAWN_SECONDS)
                if self._answer() != b"S":
                    raise SandboxFault(f"the sandbox's first process died: {self._complaint()}")
            pid = _hello(ours)
        except BaseException:
            ours.close()
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        os.set_blocking(read_end, False)
        return Worker(ours, read_end, pid, None if self._confine else folder)

    def pid(self) -> int:
        """Return the process id of the outermost process."""
        return self._process.pid

    def close(self) -> None:
        """End the zygote and with it every worker."""
        self._control.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        if self._process.stderr is not None:
            self._process.stderr.close()


def _hello(channel: socket.socket) -> int:
    """Read the worker's first two bytes; the kernel says which process wrote the first."""
    channel.settimeout(_SPAWN_SECONDS)
    deadline = time.monotonic() + _SPAWN_SECONDS
    text, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(struct.calcsize("3i")))
    if text == b"H":
        pid = next(
            struct.unpack("3i", data[:12])[0]
            for level, kind, data in ancillary
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS
        )
        second = channel.recv(1)
        if second == b"C":
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
            return int(pid)
        text = second
    while time.monotonic() < deadline and (more := channel.recv(4096)):
        text += more
    raise SandboxUnavailable(f"a worker could not be confined: {text[1:].decode(errors='replace') or 'it died'}")
