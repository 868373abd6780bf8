"""Control groups, where they can be had: memory and processes of one worker, limited and ended by the kernel as a whole.

Both versions are used as they are found; nothing is mounted, and no process but the workers is moved. Where neither can be
had, `find` returns None and a watchdog counts memory instead (`watch.py`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import SandboxFault
from autograder.sandbox.limits import Limits
from autograder.sandbox.watch import memory_limit_mb

_NAME = "autograder-{pid}-{number}"
_NAMED = re.compile(r"autograder-(\d+)-\d+")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Parents:
    """Folders below which groups can be made.

    Attributes:
        version: 1 or 2.
        memory: Limits memory.
        processes: Limits the number of processes; the same folder in version 2, None where that cannot be limited.
    """

    version: int
    memory: Path
    processes: Path | None

    def create(self, memory_mb: float, processes: int) -> Group:
        """Return a new, empty group.

        Raises:
            SandboxFault: The kernel refused a limit: a group without its limits is not used.
        """
        name = _NAME.format(pid=os.getpid(), number=next(_numbers))
        made: list[Path] = []
        try:
            for parent in dict.fromkeys(p for p in (self.memory, self.processes) if p is not None):
                (parent / name).mkdir()
                made.append(parent / name)
            group = Group(self.version, *made)
            group.limit(int(memory_mb * 2**20), processes if self.processes is not None else None)
        except OSError as error:
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise SandboxFault(f"a control group could not be made: {error}") from None
        return group


class Group:
    """One worker's control group: a folder in every hierarchy that limits something."""

    def __init__(self, version: int, *folders: Path) -> None:
        """`folders[0]` limits memory, `folders[-1]` the number of processes."""
        self._version = version
        self._folders = folders
        self._events: int | None = None

    def limit(self, memory_bytes: int, processes: int | None) -> None:
        """Set the limits; memory includes files on a tmpfs, pipes and whatever else the kernel holds for the group."""
        memory = self._folders[0]
        if self._version == 1:
            (memory / "memory.limit_in_bytes").write_text(str(memory_bytes))
            with_swap = memory / "memory.memsw.limit_in_bytes"
            if with_swap.exists():  # not without swap accounting; the pages that are swapped out then are not counted
                with_swap.write_text(str(memory_bytes))
        else:
            (memory / "memory.max").write_text(str(memory_bytes))
            (memory / "memory.oom.group").write_text("1")
            swap = memory / "memory.swap.max"
            if swap.exists():
                swap.write_text("0")
        if processes is not None:
            (self._folders[-1] / "pids.max").write_text(str(processes))

    def add(self, pid: int) -> None:
        """Move a process into the group; what it forks from then on is in it, too.

        Raises:
            SandboxFault: It cannot be moved.
        """
        try:
            for folder in self._folders:
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise SandboxFault(f"a worker could not be put into its control group: {error}") from None

    def out_of_memory(self) -> bool:
        """Whether the kernel has ended a process of the group because its memory was used up."""
        name = "memory.oom_control" if self._version == 1 else "memory.events"
        with contextlib.suppress(OSError, ValueError):
            if self._events is None:  # asked before every question: it stays open
                self._events = os.open(self._folders[0] / name, os.O_RDONLY | os.O_CLOEXEC)
            for line in os.pread(self._events, 4096, 0).splitlines():
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1]) > 0
        return False

    def peak_mb(self) -> float:
        """Return the most memory that the group ever held, in MiB; 0 where the kernel does not say."""
        name = "memory.max_usage_in_bytes" if self._version == 1 else "memory.peak"
        with contextlib.suppress(OSError, ValueError):
            return int((self._folders[0] / name).read_text()) / 2**20
        return 0.0

    def close(self, seconds: float = 5.0) -> None:
        """End every process of the group and remove it.

        Raises:
            SandboxFault: Something in it does not end.
        """
        if self._events is not None:
            os.close(self._events)
            self._events = None
        deadline = time.monotonic() + seconds
        left = list(self._folders)
        while left:
            self._kill()
            left = [folder for folder in left if not _removed(folder)]
            if left and time.monotonic() > deadline:
                raise SandboxFault(f"the control group {left[0]} cannot be removed: something in it does not end")
            if left:
                time.sleep(0.002)

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            (self._folders[0] / "cgroup.kill").write_text("1")  # version 2, Linux 5.14: all at once
            return
        for folder in self._folders:
            with contextlib.suppress(OSError):
                for pid in (folder / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)


def group_of(parents: Parents | None, limits: Limits) -> Group | None:
    """Return a group for one worker; None where there are no groups."""
    if parents is None:
        return None
    return parents.create(memory_limit_mb(limits.memory_mb, limits.scratch_mb), limits.processes)


def describe(parents: Parents | None) -> str:
    """Say what limits the memory of all of a worker's processes together."""
    if parents is None:
        return "a watchdog, twenty looks a second (no control groups can be made here)"
    return f"a control group of its own (cgroup v{parents.version})"


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def find(mounts: Path = Path("/proc/self/mounts"), own: Path = Path("/proc/self/cgroup")) -> Parents | None:
    """Return where groups can be made by this process, found by making one; None when that is nowhere.

    Args:
        mounts: What is mounted, as `/proc/self/mounts` lists it.
        own: The groups of this process, as `/proc/self/cgroup` lists them.
    """
    try:
        mounted = [line.split() for line in mounts.read_text().splitlines()]
        groups = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return None
    for fields in mounted:
        if fields[2] == "cgroup2":
            path = next((path for _, controllers, path in groups if not controllers), "/")
            memory = _usable(Path(fields[1]), path, 2, "memory.max")
            if memory is not None:
                return Parents(2, memory, memory if _offers(memory, 2, "pids.max") else None)
    by_controller = {}
    for fields in mounted:
        if fields[2] == "cgroup":
            for option in fields[3].split(","):
                by_controller[option] = Path(fields[1])
    paths = {name: path for _, controllers, path in groups for name in controllers.split(",")}
    if "memory" not in by_controller:
        return None
    memory = _usable(by_controller["memory"], paths.get("memory", "/"), 1, "memory.limit_in_bytes")
    if memory is None:
        return None
    processes = None
    if "pids" in by_controller:
        processes = _usable(by_controller["pids"], paths.get("pids", "/"), 1, "pids.max")
    return Parents(1, memory, processes)


def _usable(root: Path, path: str, version: int, needed: str) -> Path | None:
    """Return our own group or the nearest one above it in which a group with the file `needed` can be made.

    In version 2 that is never our own group as long as we are in it: processes live in leaves only.
    """
    place = root / path.lstrip("/")
    if ".." in place.parts or not place.is_dir():  # a group outside of what this container sees
        place = root
    while True:
        if _offers(place, version, needed):
            _sweep(place)
            return place
        if place == root:
            return None
        place = place.parent


def _offers(place: Path, version: int, needed: str) -> bool:
    if version == 2 and needed.split(".")[0] not in _read(place / "cgroup.subtree_control").split():
        return False
    trial = place / _NAME.format(pid=os.getpid(), number=0)
    try:
        trial.mkdir(exist_ok=True)
    except OSError:
        return False
    try:
        return os.access(trial / needed, os.W_OK) and os.access(place / "cgroup.procs", os.W_OK)
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _sweep(place: Path) -> None:
    """Remove empty groups of graders that were killed."""
    with contextlib.suppress(OSError):
        for entry in place.iterdir():
            match = _NAMED.fullmatch(entry.name)
            if match and not Path("/proc", match[1]).exists():
                with contextlib.suppress(OSError):
                    entry.rmdir()
