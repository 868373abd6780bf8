"""Questions that are answered in this very process have an end, whatever the code that answers does."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.outcomes import FailureKind
from autograder.sandbox.inprocess import InProcess, OneFunction
from autograder.sandbox.inspection import Inspect
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import AskedMore, RunScript
from autograder.sandbox.watched import Watched


def ask(function: Callable[..., Any], seconds: float = 60.0) -> Answer | Refusal:
    """Ask a function without arguments."""
    return Watched(OneFunction("f", function), seconds).call(Question("f", []))


def endless() -> None:
    """Never return."""
    while True:
        pass


def stubborn() -> None:
    """Never return, and catch what would end it: once."""
    with contextlib.suppress(BaseException):
        endless()
    endless()


def test_an_answer_in_time() -> None:
    """The answer is passed on, and no alarm is left behind."""
    reply = ask(lambda: 3.0)

    assert isinstance(reply, Answer)
    assert reply.value == 3.0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("function", [endless, stubborn])
def test_what_has_no_end_is_stopped(function: Callable[..., Any]) -> None:
    """After its time a call is stopped; one that catches the first alarm is stopped by the next."""
    reply = ask(function, 0.3)

    assert isinstance(reply, Refusal)
    assert (reply.kind, reply.message) == (FailureKind.TIMEOUT, "it was stopped after 0.3 seconds")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_question_may_have_more_time() -> None:
    """A training has the time that its check gives it, whatever a usual call has."""

    def slow() -> float:
        time.sleep(0.3)
        return 1.0

    asked = OneFunction("f", slow)
    assert isinstance(Watched(asked, 0.05).call(Question("f")), Refusal)
    assert isinstance(Watched(asked, 0.05).call(Question("f", seconds=60.0)), Answer)


def test_the_student_may_interrupt() -> None:
    """Ctrl-C in a student's function ends the whole check, as it does everywhere else."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(interrupted)


def test_objects_and_scripts_are_asked_as_well(tmp_path: Path) -> None:
    """Questions about objects pass through; a script has the same time, unless the question says otherwise."""
    (tmp_path / "hang_here.py").write_text('if __name__ == "__main__":\n    while True: pass\n')
    (tmp_path / "made_here.py").write_text("class Made:\n    pass\n\ndef make():\n    return Made()\n")
    inner = InProcess([tmp_path / "hang_here.py", tmp_path / "made_here.py"], {"make": "made_here"}, tmp_path)
    watched = Watched(inner, 0.5)
    made = watched.call(Question("make", [], keep=True))

    assert isinstance(watched, AskedMore)
    assert isinstance(made, Answer)
    assert not isinstance(watched.inspect(Inspect(made.value)), Refusal)
    for question, seconds in ((RunScript("hang_here.py"), "0.5"), (RunScript("hang_here.py", seconds=0.25), "0.25")):
        reply = watched.run_script(question)
        assert isinstance(reply, Refusal)
        assert reply.message == f"it was stopped after {seconds} seconds without a result"


def test_what_counting_needs_is_loaded_in_nobodys_time() -> None:
    """The first call that is counted lets torch import hundreds of modules: the alarm is not set yet meanwhile."""
    timers: list[tuple[float, float]] = []
    watched = Watched(OneFunction("f", lambda: 3.0), 60.0, lambda: timers.append(signal.getitimer(signal.ITIMER_REAL)))
    watched.call(Question("f", []))
    assert timers == []
    reply = watched.call(Question("f", [], count_operations=True))

    assert isinstance(reply, Answer)
    assert timers == [(0.0, 0.0)]


def test_there_are_alarms_in_the_main_thread_only() -> None:
    """In another thread, where some notebooks run their cells, calls are answered without a limit."""
    replies: list[Answer | Refusal] = []
    thread = threading.Thread(target=lambda: replies.append(ask(lambda: 3.0)))
    thread.start()
    thread.join()

    assert [reply.value for reply in replies if isinstance(reply, Answer)] == [3.0]
