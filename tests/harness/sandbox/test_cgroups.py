"""Control groups as this machine has them, and version 2 as a tree of plain files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from make_submission import GUARD_SECONDS

from autograder.errors import SandboxFault
from autograder.sandbox import cgroups
from autograder.sandbox.cgroups import Group, Parents, find
from autograder.sandbox.limits import Limits

needs_groups = pytest.mark.skipif(find() is None, reason="no control group can be made on this machine")
EATS = "import sys; sys.stdin.readline(); kept = [bytearray(b'1') * 2**22 for _ in range(100)]; print('kept'); sys.stdin.readline()"
FORKS = "import os, sys, time; sys.stdin.readline(); [os.fork() or time.sleep(300) for _ in range(int(sys.argv[1]))]; print('forked')"


@pytest.fixture
def parents() -> Parents:
    """Where groups can be made."""
    found = find()
    assert found is not None
    return found


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test starts; ended after it."""
    found: list[subprocess.Popen[str]] = []
    yield found
    for process in found:
        process.kill()
        process.communicate()


def start(started: list[subprocess.Popen[str]], code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start Python with `code`, which waits for a line."""
    command = [sys.executable, "-c", code, *arguments]
    started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    return started[-1]


def go(process: subprocess.Popen[str]) -> None:
    """Send the line."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@needs_groups
def test_memory_is_limited(parents: Parents, started: list[subprocess.Popen[str]]) -> None:
    """A process that takes more than its group may is ended by the kernel, and the group says so; then it is gone."""
    group = parents.create(memory_mb=100, processes=10)
    process = start(started, EATS)
    group.add(process.pid)
    assert not group.out_of_memory()
    go(process)

    assert process.wait(timeout=GUARD_SECONDS) == -signal.SIGKILL
    assert group.out_of_memory()
    group.close()
    assert list(parents.memory.glob(f"autograder-{os.getpid()}-*")) == []


@needs_groups
def test_processes_are_limited(parents: Parents, started: list[subprocess.Popen[str]]) -> None:
    """The group holds no more processes than it may."""
    if parents.processes is None:
        pytest.skip("the number of processes cannot be limited here")
    group = parents.create(memory_mb=500, processes=5)
    process = start(started, FORKS, "10")
    group.add(process.pid)
    go(process)

    assert process.wait(timeout=GUARD_SECONDS) == 1  # OSError in the sixth
    assert len((group._folders[-1] / "cgroup.procs").read_text().split()) == 4
    group.close()


@needs_groups
def test_group_is_ended_as_a_whole(parents: Parents, started: list[subprocess.Popen[str]]) -> None:
    """Closing a group ends what was started in it and leaves nothing, neither processes nor the group."""
    group = parents.create(memory_mb=500, processes=50)
    process = start(started, FORKS + "; time.sleep(300)", "5")
    group.add(process.pid)
    go(process)
    assert process.stdout is not None
    process.stdout.readline()
    inside = (group._folders[0] / "cgroup.procs").read_text().split()
    assert len(inside) == 6

    group.close()

    process.wait(timeout=GUARD_SECONDS)
    assert not any(folder.exists() for folder in group._folders)
    assert not [pid for pid in inside if alive(int(pid))]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@needs_groups
def test_group_that_cannot_be_removed(parents: Parents) -> None:
    """A group in which something stays is our fault and said."""
    group = parents.create(memory_mb=100, processes=5)
    (group._folders[0] / "held").mkdir()
    with pytest.raises(SandboxFault, match="cannot be removed: something in it does not end"):
        group.close(seconds=0.05)
    (group._folders[0] / "held").rmdir()
    group.close()


@needs_groups
def test_process_that_cannot_be_added(parents: Parents) -> None:
    """A worker that is not in its group is not used."""
    group = parents.create(memory_mb=100, processes=5)
    with pytest.raises(SandboxFault, match="could not be put into its control group"):
        group.add(2**22 + 1)
    group.close()


@needs_groups
def test_limit_that_is_refused(parents: Parents) -> None:
    """Without its limits a group is not used, and nothing of it is left."""
    with pytest.raises(SandboxFault, match="a control group could not be made"):
        parents.create(memory_mb=100, processes=-7)
    assert list(parents.memory.glob(f"autograder-{os.getpid()}-*")) == []


@needs_groups
def test_groups_of_a_killed_grader_are_removed(parents: Parents) -> None:
    """Empty groups of a process that is no more go when groups are looked for; those of one that runs stay."""
    gone = parents.memory / f"autograder-{2**22 + 1}-1"
    ours = parents.memory / f"autograder-{os.getppid()}-1"
    gone.mkdir()
    ours.mkdir()
    try:
        find()
        assert not gone.exists()
        assert ours.exists()
    finally:
        ours.rmdir()


# ------------------------------------------------------------------------------------------------- version 2, as files


@pytest.fixture
def version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """A hierarchy of version 2 with our own group in `slice/ours`: its root, and what `/proc` says about it."""
    root = tmp_path / "cgroup"
    plain = Path.mkdir

    def mkdir(self: Path, *arguments: object, **options: object) -> None:
        plain(self, *arguments, **options)  # type: ignore[arg-type]
        if self.is_relative_to(root):
            offered = controllers(self.parent)
            names = [f"{name}.max" for name in offered] + ["memory.oom.group", "memory.swap.max"] * (
                "memory" in offered
            )
            for name in ("cgroup.procs", "cgroup.subtree_control", *names):
                (self / name).touch()

    def rmdir(self: Path) -> None:
        for file in self.iterdir():
            file.unlink()
        os.rmdir(self)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", rmdir)
    root.mkdir()
    (root / "cgroup.subtree_control").write_text("cpu memory pids")
    (root / "slice").mkdir()
    (root / "slice" / "cgroup.subtree_control").write_text("memory pids")
    (root / "slice" / "ours").mkdir()
    mounts, own = tmp_path / "mounts", tmp_path / "own"
    mounts.write_text(f"cgroup2 {root} cgroup2 rw 0 0\n")
    own.write_text("0::/slice/ours\n")
    return root, mounts, own


def controllers(folder: Path) -> list[str]:
    """Return the controllers that a group gives to the groups in it."""
    try:
        return (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return []


def test_version_2(version_2: tuple[Path, Path, Path]) -> None:
    """Groups are made beside our own, whose processes forbid them below it, with memory, swap and processes limited."""
    root, mounts, own = version_2
    parents = find(mounts, own)
    assert parents == Parents(2, root / "slice", root / "slice")

    group = cgroups.group_of(parents, Limits(memory_mb=1000, scratch_mb=50, processes=64))
    assert group is not None
    folder = next((root / "slice").glob("autograder-*"))
    wanted = {"memory.max": str(1300 * 2**20), "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "64"}
    assert wanted == {name: (folder / name).read_text() for name in wanted}
    (folder / "memory.events").write_text("oom 3\noom_kill 0\n")
    assert not group.out_of_memory()
    (folder / "memory.events").write_text("oom 3\noom_kill 1\n")
    assert group.out_of_memory()
    (folder / "cgroup.kill").touch()
    group.close()
    assert not folder.exists()


def test_version_2_without_delegation(version_2: tuple[Path, Path, Path]) -> None:
    """Where no group above ours hands memory on, or our group is not among those we see, it is looked for up to the root."""
    root, mounts, own = version_2
    (root / "slice" / "cgroup.subtree_control").write_text("pids")
    assert find(mounts, own) == Parents(2, root, root)
    own.write_text("0::/../elsewhere\n")
    assert find(mounts, own) == Parents(2, root, root)
    (root / "cgroup.subtree_control").write_text("cpu")
    assert find(mounts, own) is None


@pytest.mark.skipif(not Path("/sys/fs/cgroup/unified/cgroup.procs").exists(), reason="no hierarchy of version 2 here")
def test_version_2_kills_at_once(started: list[subprocess.Popen[str]]) -> None:
    """The kernel's own switch ends every process of a group of version 2."""
    folder = Path("/sys/fs/cgroup/unified", f"autograder-{os.getpid()}-test")
    folder.mkdir()
    group = Group(2, folder)
    process = start(started, FORKS + "; time.sleep(300)", "5")
    group.add(process.pid)
    go(process)
    assert process.stdout is not None
    process.stdout.readline()

    group.close()

    assert process.wait(timeout=GUARD_SECONDS) == -signal.SIGKILL
    assert not folder.exists()


def test_nothing_is_found(tmp_path: Path) -> None:
    """Without control groups, or where they cannot be written, there are none."""
    assert find(tmp_path / "none", tmp_path / "none") is None
    (tmp_path / "mounts").write_text(f"cgroup {tmp_path} cgroup ro,memory 0 0\n")
    (tmp_path / "own").write_text("4:memory:/\n")
    assert find(tmp_path / "mounts", tmp_path / "own") is None
    assert cgroups.group_of(None, Limits()) is None
    assert "watchdog" in cgroups.describe(None)
