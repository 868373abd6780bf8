"""Starting the zygote and forking workers from it: the only place of the project that starts student processes.

Start it from the main thread: the kernel ends it together with the *thread* that started it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from autograder.errors import SandboxFault, SandboxUnavailable
from autograder.sandbox import watch
from autograder.sandbox.cgroups import Group
from autograder.sandbox.limits import Limits
from autograder.sandbox.watch import Watchdog

INSIDE = Path(__file__).parent / "inside"
START = "import sys; sys.path.insert(0, {folder!r}); from inside.zygote import main; main()"
_START_SECONDS = 60.0
_SPAWN_SECONDS = 20.0


class Worker:
    """One confined process with a channel to it and a pipe that holds what it prints.

    Its memory is limited by a control group where there is one, and by a watchdog where there is none: all the time it
    lives, not only while a question is open.
    """

    def __init__(
        self, channel: socket.socket, output: int, pid: int, limits: Limits, group: Group | None = None
    ) -> None:
        """`group` is the control group that the worker is in."""
        self.channel = channel
        self.output = output
        self.pid = pid
        self.limits = limits
        self._pidfd = os.pidfd_open(pid)
        self._ended = False
        self._group = group
        self._process = psutil.Process(pid)
        self._watchdog: Watchdog | None = None
        try:
            if group is None or self._watches_files:
                self._watchdog = Watchdog(self._look, self._end)
        except BaseException:
            self.kill()
            raise

    _watches_files = False
    """Whether there is something to watch although a control group limits memory."""

    def _pids(self) -> list[int]:
        return watch.family(self.pid)

    def _look(self) -> str:
        """Return what the worker holds too much of; runs in the watchdog's thread."""
        if self._group is not None:
            return ""
        pids = self._pids()
        most = watch.memory_limit_mb(self.limits.memory_mb, self.limits.scratch_mb) - self._in_files_mb()
        return self._too_much_memory() if watch.private_mb(pids) > most and self._exact_mb(pids) > most else ""

    def _exact_mb(self, pids: list[int]) -> float:
        return watch.exact_mb(pids)

    def _in_files_mb(self) -> float:
        """Return how much memory the worker holds as files on a tmpfs that nobody else limits."""
        return 0.0

    def _too_much_memory(self) -> str:
        return f"it used more than {self.limits.memory_mb:,} MB of memory and was stopped"

    def exceeded(self) -> str:
        """Return what the worker held too much of, in words for the student; nothing as long as it did not."""
        if self._watchdog is not None and self._watchdog.complaint:
            return self._watchdog.complaint
        return self._too_much_memory() if self._group is not None and self._group.out_of_memory() else ""

    def computed_seconds(self) -> float:
        """Return the processor time that the worker's processes have used so far, as far as the kernel lists them."""
        return watch.computed_seconds(self.pid)

    def alive(self) -> bool:
        """Whether the worker's first process still runs."""
        return not select.select([self._pidfd], [], [], 0)[0]

    def _end(self) -> None:
        """Send SIGKILL to every process of the worker. In a PID namespace the first one takes the others with it."""
        children = []
        with contextlib.suppress(psutil.Error, OSError):
            children = self._process.children(recursive=True)
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()

    def kill(self) -> None:
        """End every process of the worker and release what it held. May be called twice.

        Raises:
            SandboxFault: Something of it does not end.
        """
        if self._ended:
            return
        self._ended = True
        if self._watchdog is not None:
            self._watchdog.stop()
        self._end()
        select.select([self._pidfd], [], [], 5.0)
        os.close(self._pidfd)
        self.channel.close()
        os.close(self.output)
        if self._group is not None:
            self._group.close()


class Backend(Protocol):
    """Where workers come from.

    Attributes:
        shared: Whether a process that was forked from this one may spawn workers, too.
    """

    name: str
    shared: bool

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

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
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
                    process_group=0,  # a Ctrl-C in the terminal is for the grader, which then says what was kept
                )
            except OSError as error:
                raise SandboxUnavailable(f"the sandbox could not be started: {error}") from None
        self._ready = False
        self._turn = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the zygote

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

    def fork(
        self,
        limits: Limits,
        folder: Path,
        *,
        filter_program: bytes = b"",
        namespaces: bool = False,
        user: Mapping[str, Any] | None = None,
        group: Group | None = None,
    ) -> tuple[socket.socket, int, int]:
        """Fork a worker and wait until it is confined; return its channel, the pipe it prints to, and its process id.

        Args:
            limits: What it may use.
            folder: Its working folder, as it sees it.
            filter_program: A compiled seccomp filter; none for no filter.
            namespaces: Whether it enters namespaces of its own.
            user: What it becomes: `uid`, `gid` and Landlock's `rules`; None to stay who the zygote is.
            group: The control group that it is put into while it confines itself.
        """
        # wire needs torch: imported here, it loads while the zygote loads its own
        from autograder.sandbox.inside import wire

        self.wait_until_ready()
        config = {
            "limits": limits.model_dump(),
            "namespaces": namespaces,
            "filter": filter_program,
            "folder": str(folder),
            "user": None if user is None else dict(user),
        }
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        read_end, write_end = os.pipe()
        try:
            with theirs, self._alone():
                frame = wire.encode(config)
                self._control.settimeout(_SPAWN_SECONDS)
                with contextlib.suppress(OSError):  # it died: then there is no answer either
                    socket.send_fds(self._control, [frame[: wire.HEADER.size]], [theirs.fileno(), write_end])
                    self._control.sendall(frame[wire.HEADER.size :])
                if self._answer() != b"S":
                    raise SandboxFault(f"the sandbox's first process died: {self._complaint()}")
            pid = _hello(ours, group)
        except BaseException:
            ours.close()
            os.close(read_end)
            if group is not None:
                group.close()
            raise
        finally:
            os.close(write_end)
        os.set_blocking(read_end, False)
        return ours, read_end, pid

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a process that was forked from this one from asking at the same time."""
        fcntl.lockf(self._turn, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._turn, fcntl.LOCK_UN)

    def pid(self) -> int:
        """Return the process id of the outermost process."""
        return self._process.pid

    def close(self, patience: float = 0.0) -> None:
        """End the zygote and with it every worker; leave it `patience` seconds to do so by itself."""
        self._control.close()
        self._turn.close()
        if patience and self._ready:  # before that it has no worker to end
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=patience)
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        if self._process.stderr is not None:
            self._process.stderr.close()


def _hello(channel: socket.socket, group: Group | None) -> int:
    """Read the worker's first two bytes; the kernel says which process wrote the first. It is in its group in between."""
    channel.settimeout(_SPAWN_SECONDS)
    deadline = time.monotonic() + _SPAWN_SECONDS
    text, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(struct.calcsize("3i")))
    if text == b"H":
        pid = next(
            struct.unpack("3i", data[:12])[0]
            for level, kind, data in ancillary
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS
        )
        refused = _put_into(group, pid)
        second = channel.recv(1)
        if refused is not None and second in (b"", b"C"):  # otherwise it ended before that, and says why
            raise refused
        if second == b"C":
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
            return int(pid)
        text = second
    while time.monotonic() < deadline and (more := channel.recv(4096)):
        text += more
    raise SandboxUnavailable(f"a worker could not be confined: {text[1:].decode(errors='replace') or 'it died'}")


def _put_into(group: Group | None, pid: int) -> SandboxFault | None:
    """Put a worker into its group; return what went wrong."""
    try:
        if group is not None:
            group.add(pid)
    except SandboxFault as error:
        return error
    return None
