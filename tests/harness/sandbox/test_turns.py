"""Gradings that share a device wait for their turn, and none is lost with the process that had it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from make_submission import submission

from autograder.errors import UsageError
from autograder.grading.options import gpu_name
from autograder.sandbox.apart import Apart
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question
from autograder.sandbox.turns import Turn

fork = multiprocessing.get_context("fork")


def holding(folder: Path, has_it: Event) -> None:
    """Take a turn and keep it."""
    Turn("gpu-0", 1, folder).take()
    has_it.set()
    time.sleep(60)


def taking(folder: Path, most: int, log: Path) -> None:
    """Take a turn, keep it for a moment, and write down when."""
    turn = Turn("gpu-0", most, folder)
    turn.take()
    began = time.monotonic()
    time.sleep(0.2)
    ended = time.monotonic()
    turn.give_back()
    with log.open("a") as file:
        file.write(f"{began} {ended}\n")


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_than_so_many_have_a_turn(tmp_path: Path, most: int) -> None:
    """Five processes: every one gets its turn, and at no moment have more of them one than may."""
    log = tmp_path / "log"
    processes = [fork.Process(target=taking, args=(tmp_path / "turns", most, log)) for _ in range(5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    spans = [tuple(map(float, line.split())) for line in log.read_text().splitlines()]

    assert len(spans) == 5
    assert max(sum(began <= at < ended for began, ended in spans) for at, _ in spans) <= most


def test_the_turn_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """The kernel gives it back: nobody waits for ever."""
    has_it = fork.Event()
    process = fork.Process(target=holding, args=(tmp_path, has_it))
    process.start()
    assert has_it.wait(10)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    turn = Turn("gpu-0", 1, tmp_path)
    turn.take()
    turn.take()  # once more is nothing
    turn.give_back()

    assert turn.waited < 5


def test_devices_have_turns_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who uses another GPU is not waited for."""
    first = Turn("gpu-0", 1, tmp_path)
    first.take()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-8f/../1,2")
    second = Turn(gpu_name(), 1, tmp_path)
    second.take()

    assert sorted(file.name for file in tmp_path.iterdir()) == ["gpu-0-0", "gpu-GPU-8f1-0"]
    first.give_back()
    second.give_back()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Whoever could put a link there could let gradings lock, and make, other files."""
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(UsageError, match="must be a folder of your own"):
        Turn("gpu-0", 1, tmp_path / "link").take()


def test_a_training_takes_its_turn_with_the_first_worker(backend: Any, tmp_path: Path) -> None:
    """Nothing is held before the first call, nor when everything is closed."""
    turn, other = Turn("gpu-0", 1, tmp_path), Turn("gpu-0", 1, tmp_path)
    sandbox = Sandbox(backend, *submission("def train():\n    return 1.0\n"), Limits())
    with Apart(sandbox, turn) as trainer:
        other.take()
        other.give_back()
        answer = trainer.call(Question("train"))
        with pytest.raises(TimeoutError):
            _at_once(other)
    assert isinstance(answer, Answer)
    assert answer.value == 1.0
    _at_once(other)
    other.give_back()


def _at_once(turn: Turn) -> None:
    """Take a turn that nobody else has.

    Raises:
        TimeoutError: Somebody has it.
    """

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        turn.take()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
