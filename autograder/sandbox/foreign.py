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

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- where the C library keeps named semaphores and shared memory
_IPC_RMID = 0
_SYSTEM_V = {"shm": ("shmid", "shmctl"), "msg": ("msqid", "msgctl"), "sem": ("semid", "semctl")}


def processes_of(users: Container[int]) -> list[int]:
    """Return the processes of any of these users that still run."""
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit() and _belongs(entry.name, users)]


def _belongs(pid: int | str, users: Container[int]) -> bool:
    """Whether a process that runs is one of theirs. The owner of its `/proc` entry lies where it hides; `status` does not."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/status", "rb") as file:
        text = file.read(4096)
        uids = text.split(b"\nUid:", 1)[1].split(b"\n", 1)[0].split()
        return b"\nState:\tZ" not in text and any(int(uid) in users for uid in uids)
    return False


def of_user(uid: int, pids: Iterable[int]) -> list[int]:
    """Return those of the processes that run and belong to a user."""
    return [pid for pid in pids if _belongs(pid, (uid,))]


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
    while left := processes_of((uid,)):
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
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["/bin/sh", "-c", "kill -s KILL -- -1"],
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
    for kind, (column, _) in _SYSTEM_V.items():
        with contextlib.suppress(OSError, ValueError):
            head, *rows = Path("/proc/sysvipc", kind).read_text().splitlines()
            names = head.split()
            for row in rows:
                fields = dict(zip(names, row.split(), strict=False))
                if int(fields["uid"]) in users or int(fields["cuid"]) in users:
                    yield kind, int(fields[column])


def remove_shared(users: Container[int]) -> None:
    """Remove the users' shared memory, queues and semaphores, of both families."""
    for path in shared_files(users):
        remove_tree(path)
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, number in list(system_v_objects(users)):
        function = getattr(libc, _SYSTEM_V[kind][1])
        function(number, 0, _IPC_RMID, None) if kind == "sem" else function(number, _IPC_RMID, None)


def remove_tree(path: Path) -> None:
    """Remove a file or folder, however deep: Python's own function needs a stack frame and a descriptor for every level."""
    subprocess.run(["/bin/rm", "-rf", "--one-file-system", "--", str(path)], check=False, stderr=subprocess.DEVNULL)  # noqa: S603
