"""A grader process seen from outside: how its end is told, and that it ends."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from run_in_python import ROOT

from autograder.cohort.jobs import Job, do
from autograder.cohort.process import GraderDied, GraderProcess
from autograder.cohort.settings import Settings
from autograder.records import About


@pytest.fixture(autouse=True)
def this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graders are those of this checkout, whichever is installed."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def grader(settings: str) -> tuple[GraderProcess, psutil.Process]:
    """Start a grader; return it, and the process behind it."""
    before = set(psutil.Process().children())
    started = GraderProcess((settings, "engine"))
    (process,) = set(psutil.Process().children()) - before
    return started, process


def test_what_is_said_of_its_end() -> None:
    """Killed: by which signal; ended by itself: with which code and which last words; too slow: after how long. It is gone then."""
    settings = Settings(assignment=Path("/nowhere")).model_dump_json()
    killed, process = grader(settings)
    process.kill()
    with pytest.raises(GraderDied, match="ended with signal SIGKILL"):
        killed.do("{}", 60.0)
    ended, _ = grader("no settings")
    with pytest.raises(GraderDied, match="exit code 1: "):
        ended.do("{}", 60.0)
    slow, process = grader(settings)
    with pytest.raises(GraderDied, match="not done after 0 seconds"):
        slow.do("{}", 0.001)

    assert not any(one.lives() for one in (killed, ended, slow))
    assert not process.is_running()


def test_a_worker_with_another_version_says_so(tmp_path: Path) -> None:
    """It grades nothing, and that concerns every job."""
    paths = {name: tmp_path / name for name in ("path", "published", "finished", "started")}
    job = Job(id="1", key="anna", about=About(), **paths)

    ended = do(job, Settings(assignment=tmp_path), "the digest of another one", 0)
    assert (ended.end, "has another version of the grader" in ended.why) == ("failed", True)
    assert not paths["finished"].exists()
