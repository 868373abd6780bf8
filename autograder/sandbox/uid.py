"""Isolation without namespaces, for containers that forbid them: another user for every worker, Landlock, seccomp and limits.

Needs root and a kernel with Landlock. What bubblewrap gets from namespaces is done in other ways here:

files      Landlock: only system folders, Python, the packages and the runner can be read, one scratch folder written
network    no socket of any family can be made; Landlock refuses TCP besides (Linux 6.7)
processes  every worker is a user that nobody else is: the kernel lets it signal and trace nobody; Landlock again (Linux 6.12)
ending     all processes of that user are ended, and its files, shared memory and queues removed, before it is used again;
           the zygote does so with the processes when the grader itself is killed
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import socket
import stat
import tempfile
import time
import weakref
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.errors import SandboxFault, SandboxUnavailable
from autograder.sandbox import cgroups, foreign, seccomp, watch
from autograder.sandbox.bubblewrap import environment
from autograder.sandbox.cgroups import Group
from autograder.sandbox.hidden import unseen
from autograder.sandbox.inside import landlock
from autograder.sandbox.limits import Limits
from autograder.sandbox.reachable import Python, copy_runner, prepare_python, readable
from autograder.sandbox.scratch import Scratch, describe_scratch, remove_left
from autograder.sandbox.zygote import START, Worker, Zygote

_BLOCK = 200
_RANGES = (range(1_900_000_000, 2_000_000_000), range(61_000, 65_000))
"""Users that no distribution gives away; the second where a container maps only the first 65,536."""
_PREFIX = "autograder-uid-"
_DEVICES = [
    "/dev/null",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
]  # no /dev/zero: a shared map of it is memory that nobody counts
_CLOSE_SECONDS = 10.0
_RIGHTS = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_FOWNER": 3,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
}
"""To give users away and take every other right from them, and to end and remove what is theirs."""


def require() -> None:
    """Check whether this machine can isolate in this way.

    Raises:
        SandboxUnavailable: It cannot; says what is missing and what to do.
    """
    if os.geteuid() != 0:
        raise SandboxUnavailable(
            "the uid backend needs root, because it gives every submission a user of its own. "
            "Grade as root, or install bubblewrap, which needs no root. Nothing was run."
        )
    effective = int(Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0], 16)
    if missing := [name for name, bit in _RIGHTS.items() if not effective & 1 << bit]:
        raise SandboxUnavailable(
            f"the uid backend needs rights that root does not have in this container: {', '.join(missing)}. "
            "Docker gives them unless it is told not to (--cap-drop). Nothing was run."
        )
    if landlock.abi() < 1:
        raise SandboxUnavailable(
            "this kernel has no Landlock, or the container's seccomp profile forbids it, so the grader's files cannot be "
            "hidden from another user. Linux 5.13 or newer with `landlock` in its list of security modules (lsm=) has it. "
            "Use such a kernel, or allow namespaces and use bubblewrap. Nothing was run."
        )


class Users:
    """A block of unused users, ours until we close it or end: while we hold it, no other grader can take it."""

    def __init__(self) -> None:
        for first in _blocks():
            lease = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                lease.bind(f"\0autograder-users-{first}")  # the kernel gives the name back when we are gone, however
                self.all = range(first, first + _BLOCK)
                if not _known(self.all) and not foreign.processes_of(self.all):
                    self._lease = lease
                    self._next = self._given = 0
                    return
            lease.close()
        raise SandboxUnavailable(
            "the uid backend found no user ids that are unused and mapped into this container (/proc/self/uid_map). Nothing was run."
        )

    def take(self) -> int:
        """Return the next user; the first of the block is the zygote's."""
        self._next = self._next % (_BLOCK - 1) + 1
        self._given += 1
        if self._given >= _BLOCK:  # it was given before: what it left must be gone, or this one is not used
            foreign.end_processes(self.all[self._next])
        return self.all[self._next]

    def close(self) -> None:
        """Give the block back."""
        self._lease.close()


def _blocks() -> Iterator[int]:
    mapped = [_mapped(Path("/proc/self", name)) for name in ("uid_map", "gid_map")]
    for wanted in _RANGES:
        if all(any(wanted[0] in part and wanted[-1] in part for part in parts) for parts in mapped):
            blocks = list(range(wanted[0], wanted[-1] + 1, _BLOCK))
            # containers next to each other share the kernel's count of a user's processes: each begins elsewhere
            first = zlib.crc32(os.uname().nodename.encode()) % len(blocks)
            yield from (blocks[first:] + blocks[:first])[:100]


def _mapped(path: Path) -> list[range]:
    rows = [list(map(int, line.split())) for line in path.read_text().splitlines()]
    return [range(first, first + count) for first, _, count in rows]


def _known(users: range) -> bool:
    return any(entry.pw_uid in users for entry in pwd.getpwall())


class UidWorker(Worker):
    """A worker that is a user of its own."""

    _watches_files = True

    def __init__(
        self,
        channel: socket.socket,
        output: int,
        pid: int,
        limits: Limits,
        group: Group | None,
        uid: int,
        scratch: Scratch,
        family_of: int,
    ) -> None:
        """`family_of` is the zygote, below which every process of the worker is, whatever it does."""
        self.uid = uid
        self._scratch = scratch
        self._family_of = family_of
        super().__init__(channel, output, pid, limits, group)

    def _pids(self) -> list[int]:
        # a fraction of the time that looking through all processes takes; without the zygote, there is no other way
        return foreign.of_user(self.uid, watch.family(self._family_of)) or foreign.processes_of((self.uid,))

    def _look(self) -> str:
        holders = [] if self._scratch.bounded else self._pids()
        return self._scratch.exceeded(holders) or super()._look()

    def _exact_mb(self, pids: list[int]) -> float:
        with foreign.looking_as(self.uid):
            return super()._exact_mb(pids)

    def _in_files_mb(self) -> float:
        return self._scratch.memory_mb

    def _end(self) -> None:
        with contextlib.suppress(SandboxFault):
            foreign.end_processes(self.uid)

    def kill(self) -> None:
        """End every process of the worker's user and remove everything that is that user's. May be called twice.

        Raises:
            SandboxFault: A process of it does not end.
        """
        if self._ended:
            return
        try:
            try:
                super().kill()
            finally:
                foreign.end_processes(self.uid)
        finally:
            foreign.remove_shared((self.uid,))
            self._scratch.remove()


class Uid:
    """Workers as users of their own. The zygote starts at once and is waited for when the first worker is needed."""

    name = "uid"
    shared = False  # it counts by itself which of its users are free

    def __init__(self, device: str = "cpu", because: str = "", hidden: Sequence[Path] = ()) -> None:
        """Start a zygote that is nobody else.

        Args:
            device: Where tensors go: "cpu".
            because: Why bubblewrap is not used, where that was not asked for.
            hidden: Further files and folders, beside the data sets of packages, that nobody may read in there.
        """
        require()
        if device != "cpu":
            raise SandboxUnavailable(
                "the uid backend has no GPU: the driver needs device nodes that are not confined without namespaces. "
                "Use --device cpu, or bubblewrap. Nothing was run."
            )
        self._because = because
        self._filter = seccomp.program(namespaces=False)
        self._parents = cgroups.find()
        self._workers: weakref.WeakSet[UidWorker] = weakref.WeakSet()
        with contextlib.ExitStack() as stack:
            self._users = Users()
            stack.callback(self._users.close)
            self._folder = _Folder(_place())
            stack.callback(self._folder.close)
            out_of_sight = unseen(hidden)
            self._python: Python = prepare_python(self._folder.path, out_of_sight)
            runner = copy_runner(self._folder.make("runner"))
            self._rules = readable(self._python, runner, out_of_sight)
            home = self._folder.make("home")
            os.chown(home, self._users.all[0], self._users.all[0])
            self._zygote = Zygote(
                [str(self._python.executable), *("-s", "-P", "-X", "utf8", "-c", START.format(folder=str(runner)))],
                environment()
                | self._python.environment
                | dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), str(home))
                | {"AUTOGRADER_DROP_ROOT": "0", "AUTOGRADER_USERS": f"{self._users.all[0]}-{self._users.all[-1] + 1}"},
            )
            foreign.remove_shared(self._users.all)  # of a grader that was killed
            remove_left(self._users.all)
            stack.pop_all()

    def spawn(self, limits: Limits) -> UidWorker:
        """See `Backend.spawn`."""
        uid = self._users.take()
        scratch = Scratch(uid, limits, self._folder.path, charged=self._parents is not None)
        try:
            rules = {**self._rules, "scratch": [str(scratch.path)], "device": _DEVICES}
            rules["shared"] = [str(foreign.SHARED_MEMORY)]
            user = {"uid": uid, "gid": uid, "rules": rules}
            group = cgroups.group_of(self._parents, limits)
            forked = self._zygote.fork(limits, scratch.path, filter_program=self._filter, user=user, group=group)
        except BaseException:
            foreign.end_processes(uid)
            scratch.remove()
            raise
        worker = UidWorker(*forked, limits, group, uid, scratch, self._zygote.pid())
        self._workers.add(worker)
        return worker

    def wait_until_ready(self) -> None:
        """Wait until workers can be forked."""
        self._zygote.wait_until_ready()

    def pid(self) -> int:
        """Return the process id of the zygote."""
        return self._zygote.pid()

    def users(self) -> range:
        """Return the users that workers are: nothing on this machine belongs to them while there is no worker."""
        return self._users.all[1:]

    def describe(self) -> dict[str, Any]:
        """See `Backend.describe`."""
        found = {
            "backend": self.name,
            "isolated": True,
            "protects": "files, network, other processes, users and submissions; limits on time, memory, processes, files, output",
            "weaker": "no namespaces: names and sizes of files, the host's name and the numbers of processes can be asked for",
            "memory": cgroups.describe(self._parents),
            "files": describe_scratch(self._parents is not None),
            "landlock_abi": landlock.abi(),
            "python": "linked into a folder that other users can reach" if self._python.copied else "in its own place",
        }
        return found | ({"because": self._because} if self._because else {})

    def close(self) -> None:
        """See `Backend.close`."""
        for worker in list(self._workers):
            with contextlib.suppress(SandboxFault):
                worker.kill()
        self._zygote.close(patience=_CLOSE_SECONDS)
        for pid in foreign.processes_of(self._users.all):
            foreign.end_process(pid, self._users.all)
        foreign.remove_shared(self._users.all)
        self._folder.close()
        self._users.close()


def _place() -> Path:
    """Return a folder for our files that everybody may enter and from which programs can be run."""
    for place in (Path("/var/tmp"), Path(tempfile.gettempdir()), Path("/opt")):  # noqa: S108 -- our folder in it has a random name
        with contextlib.suppress(OSError):
            entered = all(folder.stat().st_mode & 0o001 for folder in [place, *place.parents])
            if entered and not os.statvfs(place).f_flag & os.ST_NOEXEC and os.access(place, os.W_OK):
                return place
    raise SandboxUnavailable(
        "the uid backend needs /var/tmp, /tmp or /opt to be writable, open to other users and not mounted noexec. Nothing was run."
    )


_SETTLED_SECONDS = 60.0


class _Folder:
    """A folder of root's that others may enter, not list; removed when it is closed, or by the next grader if we are killed."""

    def __init__(self, place: Path) -> None:
        for left in place.glob(f"{_PREFIX}*"):
            _remove_if_left(left)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path.chmod(0o711)

    def make(self, name: str) -> Path:
        """Make a folder in it."""
        (self.path / name).mkdir()
        return self.path / name

    def close(self) -> None:
        """Remove it."""
        foreign.remove_tree(self.path)
        with contextlib.suppress(OSError):
            os.close(self._lock)


def _remove_if_left(folder: Path) -> None:
    """Remove the folder of a grader that was killed: its lock is free. Anybody may make a folder of that name: root's only."""
    with contextlib.suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(lock)
            # its grader opens it to others once it holds the lock: before that, it may be about to take it
            settled = stat.S_IMODE(found.st_mode) != 0o700 or time.time() - found.st_mtime > _SETTLED_SECONDS
            if found.st_uid == 0 and settled:
                foreign.remove_tree(folder)
        finally:
            os.close(lock)
