"""The scratch folder of a worker without mounts of its own, and how much lies in it.

On a tmpfs, where it is charged to the worker's control group, or on a disk. What no folder shows any more (files that were
removed and are still open or mapped) is counted by way of the processes that hold them.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import foreign, watch
from autograder.sandbox.limits import Limits

_PREFIX = "autograder-scratch-"
SMALL_MB = 512
"""A tmpfs of this size may be filled: Docker's /dev/shm has 64 MB."""
_HIDDEN_LOOKS = 2
"""Looks in a row at which some process, always another one, may hide: none of honest code does."""
MOST_FILES = 20_000
"""As many as a worker behind bubblewrap may make."""


class Scratch:
    """One worker's folder for files, and its files among the shared memory."""

    def __init__(self, uid: int, limits: Limits, folder: Path, charged: bool) -> None:
        """Use a tmpfs if its pages are `charged` to a control group, or if it is small; otherwise a folder in `folder`.

        Attributes:
            in_memory: It is on a tmpfs.
            bounded: The kernel limits what is held there, hidden or not.
        """
        self._uid = uid
        self._limits = limits
        size, room = _tmpfs_mb(foreign.SHARED_MEMORY)
        small = 0 < size <= SMALL_MB and room >= size / 2
        self.in_memory = self.bounded = small or (charged and room >= 2 * limits.scratch_mb)
        place = foreign.SHARED_MEMORY if self.in_memory else folder
        # root's, so that it cannot be replaced; the name cannot be guessed, and 0711 lets nobody list it
        self._outer = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{uid}-", dir=place))
        self._outer.chmod(0o711)
        self.path = self._outer / "scratch"
        self.path.mkdir(mode=0o700)
        os.chown(self.path, uid, uid)
        self.memory_mb = 0.0
        self._hiding: set[int] = set()
        self._hidden_looks = 0

    def exceeded(self, holders: Iterable[int]) -> str:
        """Return what is wrong with the files, or nothing.

        Args:
            holders: Processes that may hold files which no folder shows; none where a control group is charged for them.
        """
        count = _Count(self._limits.scratch_mb)
        count.folder(self.path)
        shared = _Count(self._limits.scratch_mb)
        shared.files(foreign.shared_files((self._uid,)))
        hiding = {pid for pid in holders if not self._see(count, pid)}
        self._hidden_looks = self._hidden_looks + 1 if hiding else 0
        # not one that was ending just then: honest code has no reason to
        if hiding & self._hiding or self._hidden_looks > _HIDDEN_LOOKS:
            return "it hid from those who count what it holds, and was stopped"
        self._hiding = hiding
        self.memory_mb = shared.megabytes + (count.megabytes if self.in_memory else 0)
        for found in (count, shared):
            if found.entries > MOST_FILES:
                return f"it made more than {MOST_FILES:,} files and was stopped"
            if found.megabytes > self._limits.scratch_mb:
                return f"it wrote more than {self._limits.scratch_mb:,} MB of files and was stopped"
        return ""

    def _see(self, count: _Count, pid: int) -> bool:
        with foreign.looking_as(self._uid):
            return count.held(pid)

    def remove(self) -> None:
        """Remove it with everything in it."""
        with contextlib.suppress(OSError):  # empty, as most are
            self.path.rmdir()
            self._outer.rmdir()
            return
        foreign.remove_tree(self._outer)


def remove_left(users: Iterable[int]) -> None:
    """Remove folders on the tmpfs that belonged to these users' workers: of a grader that was killed."""
    for user in users:
        for folder in foreign.SHARED_MEMORY.glob(f"{_PREFIX}{user}-*"):
            if folder.lstat().st_uid == 0:  # anybody may make a folder of that name
                foreign.remove_tree(folder)


class _Count:
    """Counting files that somebody hostile makes: ends early, and follows no link."""

    def __init__(self, most_mb: float) -> None:
        self._most = most_mb
        self._seen: set[tuple[int, int]] = set()
        self._mapped: dict[tuple[int, int], int] = {}
        self._blocks = 0
        self.entries = 0

    @property
    def megabytes(self) -> float:
        return self._blocks * 512 / 2**20

    def _full(self) -> bool:
        return self.entries > MOST_FILES or self.megabytes > self._most

    def folder(self, folder: Path) -> None:
        waiting = [str(folder)]
        while waiting and not self._full():
            place = waiting.pop()
            try:
                for entry in os.scandir(place):
                    with contextlib.suppress(FileNotFoundError):
                        self._add(entry.stat(follow_symlinks=False))
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                    if self._full():
                        return
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:  # nested so deep that it has no name any more: nobody honest does that
                self.entries = MOST_FILES + 1

    def files(self, paths: Iterable[Path]) -> None:
        for path in paths:
            with contextlib.suppress(OSError):
                self._add(path.stat(follow_symlinks=False))

    def held(self, pid: int) -> bool:
        """Count removed files that a process has open or mapped; False where it does not let us look."""
        pid = watch.running_thread(pid)
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    found = os.stat(f"/proc/{pid}/fd/{name}")
                    if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                        self._add(found)
                if self._full():
                    return True
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if line.endswith(" (deleted)\n"):
                        self._add_mapped(line)
        except PermissionError:
            return False
        except OSError:  # it has ended
            return True
        return True

    def _add_mapped(self, line: str) -> None:
        addresses, _, offset, device, inode, _ = line.split(maxsplit=5)
        first, last = (int(number, 16) for number in addresses.split("-"))
        major, minor = (int(number, 16) for number in device.split(":"))
        key = os.makedev(major, minor), int(inode)
        reach = (int(offset, 16) + last - first) // 512
        if key not in self._seen:
            self._blocks += max(0, reach - self._mapped.get(key, 0))
            self._mapped[key] = max(reach, self._mapped.get(key, 0))

    def _add(self, found: os.stat_result) -> None:
        self.entries += 1
        if (found.st_dev, found.st_ino) not in self._seen:
            self._seen.add((found.st_dev, found.st_ino))
            self._blocks += found.st_blocks


def describe_scratch(charged: bool) -> str:
    """Say where files lie and what limits them."""
    size, _ = _tmpfs_mb(foreign.SHARED_MEMORY)
    if 0 < size <= SMALL_MB:
        return f"on a tmpfs of {size:,.0f} MB"
    if charged and size:
        return "in memory, charged to the control group"
    return "on a disk, counted by the watchdog"


def _tmpfs_mb(place: Path) -> tuple[float, float]:
    """Return the size of the tmpfs at `place` and how much of it is free; nothing if it is none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text().splitlines():
            if line.split()[1:3] == [str(place), "tmpfs"]:
                room = os.statvfs(place)
                return room.f_blocks * room.f_frsize / 2**20, room.f_bavail * room.f_frsize / 2**20
    return 0.0, 0.0
