"""Memory is limited all the time a worker lives: by a control group where there is one, by a watchdog where there is none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from asking import value
from make_submission import LIMITS, submission, wait_until

from autograder.outcomes import FailureKind
from autograder.sandbox import cgroups, watch
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Question, Refusal
from autograder.sandbox.watch import Watchdog

GROWS = """
import os, time
def children(delay):
    for _ in range(8):
        if os.fork() == 0:
            time.sleep(delay)
            kept = []
            for _ in range(125):
                kept.append(bytearray(b'1') * 2**21)
                time.sleep(0.02)
            time.sleep(300)
            os._exit(0)
    return 1
def now():
    children(0)
    time.sleep(300)
def headless():
    import ctypes, threading
    def grow():
        kept = [bytearray(b'1') * 2**21 for _ in range(100)]
        time.sleep(300)
    for _ in range(6):
        if os.fork() == 0:
            threading.Thread(target=grow).start()
            ctypes.CDLL(None).syscall(60, 0)
    time.sleep(300)
def good(x): return x + 1
"""


@pytest.fixture(params=["bubblewrap-group", "bubblewrap-watchdog", "uid-group", "uid-watchdog"])
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox on either backend, with a control group and without."""
    kind, _, limited_by = request.param.partition("-")
    backend = request.getfixturevalue("backend" if kind == "bubblewrap" else "uid_backend")
    if limited_by == "group" and backend._parents is None:
        pytest.skip("no control group can be made on this machine")
    if limited_by == "watchdog":
        monkeypatch.setattr(backend, "_parents", None)
    submitted, names = submission(GROWS)
    made = Sandbox(backend, submitted, names, LIMITS)
    yield made
    made.close()


def test_memory_of_a_process_without_its_first_thread(sandbox: Sandbox) -> None:
    """What processes hold whose first thread has ended counts, though their own number shows nothing any more."""
    refused = sandbox.call(Question("headless"))
    assert isinstance(refused, Refusal)
    assert refused.kind is FailureKind.MEMORY
    assert value(sandbox, "good", 2) == 3


def test_memory_of_a_question(sandbox: Sandbox) -> None:
    """Children that take more than the worker may, while a question is open, cost that question as memory."""
    refused = sandbox.call(Question("now"))
    assert isinstance(refused, Refusal)
    assert (refused.kind, refused.message) == (FailureKind.MEMORY, "it used more than 512 MB of memory and was stopped")
    assert value(sandbox, "good", 2) == 3


def test_memory_between_questions(sandbox: Sandbox) -> None:
    """Children that grow after the answer was given are met, too; the next question goes to a new worker and does not pay."""
    assert value(sandbox, "children", 0.8) == 1
    worker = sandbox._worker
    assert worker is not None
    seen = [0.0]

    def met() -> bool:
        seen.append(worker._exact_mb(worker._pids()))
        return bool(worker.exceeded())

    wait_until(met)
    assert max(seen) < 0.9 * 8 * 250, "they were met while they grew"
    assert value(sandbox, "good", 2) == 3
    assert sandbox.restarts == 1


def test_watchdog_that_cannot_look() -> None:
    """A watchdog that fails ends the worker: unwatched, there would be no limit."""
    ended: list[int] = []

    def look() -> str:
        raise ValueError("no")

    watchdog = Watchdog(look, lambda: ended.append(1))
    wait_until(lambda: ended)
    watchdog.stop()
    assert watchdog.complaint == "it could not be watched (ValueError: no) and was stopped"


def test_watchdog_stops() -> None:
    """After `stop` nobody looks any more."""
    looks: list[int] = []

    def look() -> str:
        looks.append(1)
        return ""

    watchdog = Watchdog(look, lambda: None)
    wait_until(lambda: looks)
    watchdog.stop()
    seen = len(looks)
    time.sleep(0.2)
    assert len(looks) == seen
    assert watchdog.complaint == ""


@pytest.mark.parametrize("listed", [True, False])
def test_family(listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children and their children are found, whether or not the kernel lists them."""
    monkeypatch.setattr(watch, "_CHILDREN_ARE_LISTED", listed and watch._CHILDREN_ARE_LISTED)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        if (grandchild := os.fork()) != 0:
            os.write(writer, b"%d" % grandchild)
        time.sleep(300)
        os._exit(0)
    grandchild = int(os.read(reader, 20))
    found = watch.family(child)
    try:
        assert found == [child, grandchild]
        assert set(found) <= set(watch.family(os.getpid()))
        assert watch.private_mb([child]) > 1
    finally:
        for pid in found:
            os.kill(pid, 9)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)


def test_groups_limit_more_than_one_process_may_take() -> None:
    """What all processes hold together is limited a little above what one may allocate, so that Python's own error comes first."""
    assert watch.memory_limit_mb(1000, 50) == 1300
    assert "watchdog" in cgroups.describe(None)
