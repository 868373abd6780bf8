"""What a process can no longer do after it restricted itself, with nothing else in force. Each in a process of its own."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.sandbox.inside import landlock

pytestmark = pytest.mark.skipif(landlock.abi() < 1, reason="needs a kernel with Landlock")


def restricted(rules: dict[str, list[str]], attempt: Callable[[], object]) -> int:
    """Return the error number that `attempt` meets in a restricted process; 0 for none, 255 for anything else."""
    child = os.fork()
    if child == 0:
        code = 255
        try:
            landlock.restrict(rules)
            attempt()
            code = 0
        except OSError as error:
            code = error.errno or 254
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with `open/file` and `shut/file`."""
    for name in ("open", "shut"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("text")
    return tmp_path


def test_only_named_folders_are_read(place: Path) -> None:
    """What lies below a named folder can be read and not written; everything else is shut, also through a link."""
    rules = {"read": [str(place / "open"), str(place / "does not exist")]}
    (place / "open" / "link").symlink_to(place / "shut" / "file")

    assert restricted(rules, lambda: (place / "open" / "file").read_text()) == 0
    assert restricted(rules, lambda: (place / "open" / "file").write_text("x")) == errno.EACCES
    assert restricted(rules, lambda: (place / "open" / "new").mkdir()) == errno.EACCES
    assert restricted(rules, lambda: (place / "open" / "file").unlink()) == errno.EACCES
    for name in ("shut/file", "open/link", "open/../shut/file"):
        assert restricted(rules, lambda name=name: (place / name).read_text()) == errno.EACCES
    assert restricted(rules, lambda: os.listdir(place / "shut")) == errno.EACCES
    assert restricted(rules, lambda: os.listdir(place)) == errno.EACCES


def test_list_does_not_read(place: Path) -> None:
    """A folder that can be listed only keeps its files shut, but for those that have a rule of their own."""
    rules = {"list": [str(place)], "read": [str(place / "open" / "file")]}
    assert restricted(rules, lambda: os.listdir(place / "shut")) == 0
    assert restricted(rules, lambda: (place / "shut" / "file").read_text()) == errno.EACCES
    assert restricted(rules, lambda: (place / "open" / "file").read_text()) == 0


def test_scratch_is_written_and_not_run(place: Path) -> None:
    """In a scratch folder files are made, moved and removed; programs are not started from it, nor devices made."""
    program = place / "open" / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    rules = {"scratch": [str(place / "open")], "read": ["/usr", "/lib", "/lib64", "/bin"]}

    assert restricted(rules, lambda: (place / "open" / "new").write_text("x")) == 0
    assert restricted(rules, lambda: (place / "open" / "file").rename(place / "open" / "other")) == 0
    assert restricted(rules, lambda: os.execv(program, ["program"])) == errno.EACCES
    assert restricted(rules, lambda: os.mkfifo(place / "open" / "fifo")) == errno.EACCES
    assert restricted(rules, lambda: (place / "open" / "new").rename(place / "shut" / "new")) in (
        errno.EACCES,
        errno.EXDEV,
    )


def test_shared_folder_cannot_be_listed(place: Path) -> None:
    """Files of a shared folder are made and opened by those who know their names."""
    rules = {"shared": [str(place / "open")]}
    assert restricted(rules, lambda: (place / "open" / "new").write_text("x")) == 0
    assert restricted(rules, lambda: os.listdir(place / "open")) == errno.EACCES


@pytest.mark.skipif(landlock.abi() < 3, reason="needs Landlock's interface 3 (Linux 6.2)")
def test_truncate(place: Path) -> None:
    """A file outside cannot be emptied either."""
    assert restricted({"read": [str(place)]}, lambda: os.truncate(place / "open" / "file", 0)) == errno.EACCES


@pytest.mark.skipif(landlock.abi() < 4, reason="needs Landlock's interface 4 (Linux 6.7)")
def test_tcp() -> None:
    """A TCP server cannot be reached, nor one be opened."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert restricted({}, lambda: socket.create_connection(("127.0.0.1", port), 1)) == errno.EACCES
        assert restricted({}, lambda: socket.socket().bind(("127.0.0.1", 0))) == errno.EACCES


@pytest.mark.skipif(landlock.abi() < 6, reason="needs Landlock's interface 6 (Linux 6.12)")
def test_scopes() -> None:
    """Abstract Unix sockets and processes of others are out of reach, even for root; its own are not."""
    name = f"\0landlock-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert restricted({}, lambda: socket.socket(socket.AF_UNIX).connect(name)) == errno.EPERM
    ours = os.getpid()
    assert restricted({}, lambda: os.kill(ours, 0)) == errno.EPERM
    assert restricted({}, lambda: os.kill(os.getpid(), signal.SIGCONT)) == 0


def test_refused_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel has no such call, nothing goes on as if it had."""
    monkeypatch.setattr(landlock, "_CREATE_RULESET", 100_000)
    assert landlock.abi() == 0
    with pytest.raises(OSError, match="landlock_create_ruleset: Function not implemented"):
        landlock.restrict({})
