"""Grading through one sandbox (the `backend` of tests/harness/conftest.py), with budgets that make attacks short."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import FULL, Rubric
from autograder.grading.options import GradeOptions
from autograder.grading.run import grade_submission
from autograder.intake import take_in
from autograder.records import GradeRecord

from .tools import ROOT, Grade, Listeners

if str(ROOT) not in sys.path:  # for `tests.submissions`, which the folder's tests import
    sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    """This repository's assignment, loaded once."""
    return Assignment(ROOT)


@pytest.fixture(scope="session")
def rubric(assignment: Assignment) -> Rubric:
    """The real rubric."""
    return assignment.rubric


BRIEF = {
    "": {},
    "a call": {"call_seconds": 2.0, "call_wall_seconds": 4.0, "warm_up_seconds": 0.0},
    "its import": {"load_seconds": 1.0},
}
"""What hangs -> the budget that ends it. Whatever ends by itself has a minute, so that no load of the machine judges it."""


@pytest.fixture(scope="session")
def limits_for(rubric: Rubric) -> Callable[[str], Rubric]:
    """Return `limits_for(hangs)`: the rubric with budgets that an attack exhausts in seconds, where it hangs (see `BRIEF`)."""
    small = {
        "call_seconds": 60.0,
        "load_seconds": 60.0,
        "memory_mb": 1024,
        "scratch_mb": 64,
        "file_mb": 16,
        "printed_mb": 1,
        "processes": 64,
        "answer_mb": 16,
    }

    def limits(hangs: str) -> Rubric:
        return rubric.model_copy(update={"budgets": rubric.budgets.model_copy(update=small | BRIEF[hangs])})

    return limits


@pytest.fixture(scope="session")
def small(limits_for: Callable[[str], Rubric]) -> Rubric:
    """The rubric with little memory and few processes, for what does not hang."""
    return limits_for("")


@pytest.fixture(scope="session")
def short(limits_for: Callable[[str], Rubric]) -> Rubric:
    """The same for calls that hang: one is stopped after two seconds."""
    return limits_for("a call")


@pytest.fixture(scope="session")
def grade(backend: object, assignment: Assignment) -> Grade:
    """`grade(path, tasks=(), training=False, rubric=None)`: a record of a submission, through the shared sandbox."""
    return _grader(backend, assignment)


@pytest.fixture(scope="session")
def uid_grade(uid_backend: object, assignment: Assignment) -> Grade:
    """The same through the shared uid backend."""
    return _grader(uid_backend, assignment)


def _grader(backend: object, assignment: Assignment) -> Grade:
    def run(
        path: Path,
        tasks: tuple[str, ...] = (),
        *,
        training: bool = False,
        rubric: Rubric | None = None,
        track: str = FULL,
    ) -> GradeRecord:
        options = GradeOptions(tasks=tasks, training=training, data="digits", device="cpu", track=track)
        return grade_submission(take_in(path), assignment, options, backend, rubric)

    return run


@pytest.fixture(scope="session")
def listeners() -> Iterator[Listeners]:
    """A TCP, a UDP and an abstract Unix listener on this machine, for attacks that must not reach them."""
    tcp, udp, unix = (
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(type=socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX),
    )
    udp.bind(("127.0.0.1", 0))
    name = f"hostile-test-{tcp.getsockname()[1]}"
    unix.bind("\0" + name)
    unix.listen()
    found = Listeners(tcp.getsockname()[1], udp.getsockname()[1], name, [])

    def watch(what: str, wait: Callable[[], object]) -> None:
        try:
            while True:
                wait()
                found.contacts.append(what)
        except OSError:
            return

    waits = (("tcp", tcp.accept), ("udp", lambda: udp.recv(10)), ("unix", unix.accept))
    for what, wait in waits:
        threading.Thread(target=watch, args=(what, wait), daemon=True).start()
    yield found
    for opened in (tcp, udp, unix):
        opened.close()
