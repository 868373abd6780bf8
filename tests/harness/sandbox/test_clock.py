"""Time is that of the worker's own computing, with a limit on the wall's clock for what waits; who runs out is asked twice."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch
from asking import refusal, value
from make_submission import LIMITS

from autograder.outcomes import FailureKind
from autograder.sandbox import clock as clocks
from autograder.sandbox import watch
from autograder.sandbox.clock import Clock
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Question, Refusal
from autograder.sandbox.scripts import RunScript

SandboxOf = Callable[..., Sandbox]
COMPUTING = LIMITS.model_copy(update={"call_seconds": 2.0, "call_wall_seconds": 120.0, "warm_up_seconds": 0.0})
"""Two seconds of computing, and so much on the wall's clock that no load of the machine ends it first."""
WAITING = LIMITS.model_copy(update={"call_wall_seconds": 1.0, "warm_up_seconds": 0.0})
"""A second on the wall's clock, and so much computing that nobody comes near it."""
BURN = """
    import os
    import threading
    import time

    def burn(seconds):
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass
        return seconds
"""
HANGS = (
    BURN
    + """
    def loop():
        while True:
            pass

    def sleep():
        time.sleep(1000)

    def in_a_thread():
        thread = threading.Thread(target=loop)
        thread.start()
        thread.join()

    def in_a_child():
        if os.fork() == 0:
            loop()
        os.wait()
"""
)


@contextlib.contextmanager
def busy_cores(processes: int) -> Iterator[None]:
    """Keep the machine busy with other processes, at most two minutes whatever becomes of us."""
    program = "import time\nuntil = time.time() + 120\nwhile time.time() < until: pass"
    others = [subprocess.Popen([sys.executable, "-S", "-c", program]) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_busy_cores_stop_nobody(sandbox_of: SandboxOf) -> None:
    """With many processes for every core, who needs three fifths of the time is not stopped: others' computing is not its own."""
    sandbox = sandbox_of(BURN, limits=COMPUTING)
    with busy_cores(8):
        assert value(sandbox, "burn", 1.2) == 1.2
    assert sandbox.restarts == 0


@pytest.mark.parametrize("function", ["loop", "in_a_thread", "in_a_child"])
def test_computing_is_counted_wherever_it_is_done(function: str, sandbox_of: SandboxOf) -> None:
    """An endless loop is ended by its own computing, in threads and in processes, too; the message says so."""
    stopped = refusal(sandbox_of(HANGS, limits=COMPUTING), function)
    assert (stopped.kind, stopped.clock) == (FailureKind.TIMEOUT, "computing")
    assert stopped.message.startswith("it was stopped after 2 seconds of computing without a result")


def test_computing_of_another_user_is_counted(uid_sandbox_of: SandboxOf) -> None:
    """The uid backend counts in the same way."""
    assert refusal(uid_sandbox_of(HANGS, limits=COMPUTING), "in_a_child").clock == "computing"


def test_waiting_is_ended_by_the_clock_on_the_wall(sandbox_of: SandboxOf) -> None:
    """Who sleeps computes nothing, and is stopped all the same; the message says what to look for."""
    stopped = refusal(sandbox_of(HANGS, limits=WAITING), "sleep")
    assert (stopped.kind, stopped.clock) == (FailureKind.TIMEOUT, "wall")
    assert "stopped after 1 seconds on the clock" in stopped.message
    assert "does it sleep, or wait" in stopped.message


SLOW_TO_START = (
    BURN
    + """
    def compiled(x):
        global ready
        if "ready" not in globals():
            burn(3.0)
            ready = True
        return x + 1

    def die():
        os._exit(0)
"""
)


def test_the_first_call_may_warm_up(sandbox_of: SandboxOf) -> None:
    """A function whose first call takes long is given time for that in a fresh worker, and once it is known, in each."""
    sandbox = sandbox_of(SLOW_TO_START, limits=COMPUTING.model_copy(update={"warm_up_seconds": 5.0}))
    assert value(sandbox, "compiled", 1) == 2
    assert sandbox.restarts == 1, "the first worker ran out of time"
    assert value(sandbox, "compiled", 2) == 3
    assert refusal(sandbox, "die").kind is FailureKind.CRASH
    assert value(sandbox, "compiled", 3) == 4
    assert sandbox.restarts == 2, "no other worker ran out of time"


COMPILED = """
    import torch

    @torch.compile
    def total(x):
        return (x * x).sum(-1) + torch.exp(x).mean(-1)
"""


@pytest.mark.parametrize("maker", ["sandbox_of", "uid_sandbox_of"])
def test_plain_compile_works(maker: str, request: pytest.FixtureRequest) -> None:
    """`torch.compile` gives back what it was given: it costs no compilation, and changes no value."""
    x = torch.linspace(-1.0, 1.0, 18).reshape(6, 3)
    found = value(request.getfixturevalue(maker)(COMPILED), "total", x)
    assert isinstance(found, torch.Tensor)
    assert torch.allclose(found, (x * x).sum(-1) + torch.exp(x).mean(-1))


def test_who_ran_out_twice_has_no_more_chances(sandbox_of: SandboxOf) -> None:
    """The second time costs once; what one sandbox has learnt, the others for the same submission know."""
    limits = COMPUTING.model_copy(update={"call_seconds": 0.5, "warm_up_seconds": 0.5})
    sandbox = sandbox_of(HANGS, limits=limits)
    first, second = refusal(sandbox, "loop"), refusal(sandbox, "loop")
    assert "after 1 seconds of computing" in first.message, "the second try may warm up"
    assert "asked twice" in first.message
    assert second.message == "it was stopped after 0.5 seconds of computing without a result"
    assert sandbox.restarts == 3
    with sandbox.fresh(None) as other:
        assert refusal(other, "loop").message == second.message
        assert other.restarts == 1
    assert value(sandbox, "burn", 0.1) == 0.1, "other functions are not judged by that"


def test_questions_with_a_limit_of_their_own_are_asked_once(sandbox_of: SandboxOf) -> None:
    """Such a limit was chosen for that question: for a training, which is not to be paid for twice."""
    sandbox = sandbox_of(HANGS, limits=COMPUTING)
    stopped = sandbox.call(Question("loop", seconds=0.5))
    assert isinstance(stopped, Refusal)
    assert stopped.message == "it was stopped after 0.5 seconds of computing without a result"
    assert sandbox.restarts == 1


def test_scripts_are_asked_twice(sandbox_of: SandboxOf) -> None:
    """A script that hangs is run again once, and then no more."""
    limits = COMPUTING.model_copy(update={"call_seconds": 0.5})
    sandbox = sandbox_of(main="while True: pass\n", limits=limits)
    messages = [sandbox.run_script(RunScript("main.py")) for _ in range(2)]
    assert ["asked twice" in getattr(reply, "message", "") for reply in messages] == [True, False]


def test_limits_of_a_question() -> None:
    """The wall's clock is generous: five times as much, and at least 20 seconds, unless something else is said."""
    assert [Limits(call_seconds=s).clock(s).wall for s in (1.0, 10.0)] == [20.0, 50.0]
    assert Limits(call_seconds=10, call_wall_seconds=30).clock(20.0).wall == 60.0
    assert Limits(threads=2).clock(10.0).computing == 20.0, "for every thread that it is meant to use"


def test_the_kernel_is_asked_only_when_it_may_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short questions are never looked at, and our own time in between is not counted."""
    now, used = [0.0], [7.0]
    asked = []
    monkeypatch.setattr(clocks.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(clocks.os, "cpu_count", lambda: 2)

    def usage() -> float:
        asked.append(now[0])
        return used[0]

    clock = Clock(50.0, 10.0)
    clock.start(usage)
    for now[0] in (0.1, 4.9, 5.1):
        assert clock.over() == ""
    assert asked == [0.0, 5.1]
    now[0], used[0] = 20.0, 17.1
    assert clock.over() == "computing"
    clock = Clock(50.0, 10.0)
    clock.start(usage)
    clock.pause(30.0)
    now[0] += 79.0
    assert clock.over() == ""
    assert clock.spent() == pytest.approx(10 * 49 / 50), "of the wall's limit more is used than of the other"
    clock.pause(1000.0)
    now[0] += 22.0
    assert clock.over() == "wall", "no more of our time is left out than the worker may take"
    assert Clock(5.0).spent() == 0.0


def test_computed_seconds_of_processes_that_ended() -> None:
    """What a child used counts after it was waited for."""
    before = watch.computed_seconds(1)
    assert before >= 0
    program = """if 1:
        import os, time
        if os.fork() == 0:
            while time.process_time() < 0.3:
                pass
            os._exit(0)
        os.wait()
        print("done", flush=True)
        time.sleep(100)
    """
    with subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert watch.computed_seconds(process.pid) >= 0.25
        process.kill()
    assert watch.computed_seconds(process.pid) == 0.0
