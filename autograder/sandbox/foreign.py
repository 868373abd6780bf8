"""What belongs to a user: processes, shared memory and files, found and removed by root. For users of the uid backend only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from autograder.errors import SandboxFault

_libc = ctypes.CDLL(None, use_errno=True)
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- where the C library keeps named semaphores and shared memory
_SYSTEM_V = {"shm": ("shmid", "-m"), "msg": ("msqid", "-q"), "sem": ("semid", "-s")}
"""Kind -> the column of its number in /proc/sysvipc, and ipcrm's option."""


def processes_of(users: Container[int]) -> list[int]:
    """Return the processes of any of these users that still run."""
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit() and _belongs(entry.name, users)]


def _belongs(pid: int | str, users: Container[int]) -> bool:
    """Whether a process that runs is one of theirs. The owner of its `/proc` entry lies where it hides; `status` does not.

    One whose first thread has ended calls itself a zombie, and runs as long as another thread of it does.
    """
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/status", "rb") as file:
        text = file.read(4096)
        # real, effective and saved; not the fourth, with which the grader itself looks into files (`looking_as`)
        uids = text.split(b"\nUid:", 1)[1].split(b"\n", 1)[0].split()[:3]
        ended = b"\nState:\tZ" in text and int(text.split(b"\nThreads:", 1)[1].split(b"\n", 1)[0]) <= 1
        return not ended and any(int(uid) in users for uid in uids)
    return False


def of_user(uid: int, pids: Iterable[int]) -> list[int]:
    """Return those of the processes that run and belong to a user."""
    return [pid for pid in pids if _belongs(pid, (uid,))]


@contextlib.contextmanager
def looking_as(uid: int) -> Iterator[None]:
    """Look into files and processes as this user, in this thread only.

    In a container root lacks the right to look into the processes of others; their user has it, as long as they do not hide.
    """
    _libc.setfsgid(uid)
    _libc.setfsuid(uid)
    try:
        yield
    finally:
        _libc.setfsuid(os.geteuid())
        _libc.setfsgid(os.getegid())


def end_process(pid: int, users: Container[int]) -> None:
    """End a process if it is one of theirs."""
    with contextlib.suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            if _belongs(pid, users):  # asked again: the number may have gone to somebody else in between
                signal.pidfd_send_signal(process, signal.SIGKILL)
        finally:
            os.close(process)


def end_processes(uid: int, seconds: float = 5.0) -> None:
    """End every process of a user and wait until they are gone.

    Raises:
        SandboxFault: One of them does not end.
    """
    started, pause = time.monotonic(), 0.001
    # looked for twice: where the numbers begin again, a process can pass its life on to a lower one behind our back
    while left := processes_of((uid,)) or processes_of((uid,)):
        spent = time.monotonic() - started
        if spent > seconds:
            raise SandboxFault(f"{len(left)} processes of a submission (user {uid}) cannot be ended")
        for pid in left:
            end_process(pid, (uid,))
        if spent > 0.1:  # they fork faster than we count: as that user, one signal meets all of them at once
            _signal_all(uid)
        time.sleep(pause)
        pause = min(2 * pause, 0.02)


def _signal_all(uid: int) -> None:
    _as_user(uid, ["/bin/sh", "-c", "kill -s KILL -- -1"])


def _as_user(uid: int, command: list[str]) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(  # noqa: S603 -- our own commands
            command,
            user=uid,
            group=uid,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=5,
        )


def shared_files(users: Container[int]) -> list[Path]:
    """Return the users' files of POSIX shared memory and semaphores."""
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(SHARED_MEMORY):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid in users:
                    found.append(Path(entry.path))
    return found


def system_v_objects(users: Container[int]) -> Iterator[tuple[str, int]]:
    """Yield (kind, id) of the users' System V segments, queues and semaphores."""
    for kind, number, _ in _system_v(users):
        yield kind, number


def _system_v(users: Container[int]) -> Iterator[tuple[str, int, int]]:
    for kind, (column, _) in _SYSTEM_V.items():
        with contextlib.suppress(OSError, ValueError):
            head, *rows = Path("/proc/sysvipc", kind).read_text().splitlines()
            names = head.split()
            for row in rows:
                fields = dict(zip(names, row.split(), strict=False))
                for owner in (int(fields["cuid"]), int(fields["uid"])):
                    if owner in users:
                        yield kind, int(fields[column]), owner
                        break


def remove_shared(users: Container[int]) -> None:
    """Remove the users' shared memory, queues and semaphores, of both families."""
    for path in shared_files(users):
        remove_tree(path)
    for kind, number, owner in list(_system_v(users)):
        # as their owner: in a container root has no right to remove somebody else's
        _as_user(owner, ["/usr/bin/ipcrm", _SYSTEM_V[kind][1], str(number)])


def remove_tree(path: Path) -> None:
    """Remove a file or folder, however deep: Python's own function needs a stack frame and a descriptor for every level."""
    subprocess.run(["/bin/rm", "-rf", "--one-file-system", "--", str(path)], check=False, stderr=subprocess.DEVNULL)  # noqa: S603
