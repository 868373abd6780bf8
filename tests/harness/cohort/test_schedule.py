"""Workers and graders that die: who is graded, who is blamed, and what is said."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import fake_grading
import pytest
from class_of import batch_in, class_in, leftovers, records_in
from distributed import Client, LocalCluster

from autograder.cohort import schedule
from autograder.cohort.batch import Result
from autograder.cohort.jobs import Job
from autograder.cohort.schedule import cluster
from autograder.errors import HarnessFault, UsageError

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write the submissions named, and grade the class with the fake."""
    monkeypatch.setattr(schedule, "do", fake_grading.do)

    def grade(texts: dict[str, str] | None = None, **more: Any) -> Result:
        return batch_in(class_in(tmp_path, texts or {}), **more).run()

    return grade


def ends(result: Result) -> dict[str, str]:
    """Return how the jobs of a run ended."""
    return {key: how.end for key, how in result.ended.items()}


def begun(folder: Path) -> list[str]:
    """Return what was begun, in this order."""
    return (folder / fake_grading.LOG).read_text(encoding="utf-8").split()


def test_killers_are_set_aside_and_nobody_else(run: Run, tmp_path: Path) -> None:
    """Two submissions kill what grades them, on two slots: each is tried three times; all others get grades, and a retry is asked for."""
    honest = {name: name for name in ("anna", "ben", "cleo", "dora", "emil", "fred")}
    first = run(honest | {"boom": fake_grading.KILLS_WORKER, "crash": fake_grading.KILLS_GRADER}, slots=2)

    assert ends(first) == dict.fromkeys(honest, "finished") | {"boom": "died", "crash": "died"}
    records = records_in(tmp_path / "out")
    assert {key: record["status"] for key, record in records.items()} == {
        **dict.fromkeys(honest, "graded"),
        "boom": "error",
        "crash": "error",
    }
    assert "did not survive this submission" in records["boom"]["message"]
    assert "SIGKILL" in records["crash"]["message"]
    assert [row.key for row in first.summary.rows if row.status == "error"] == ["boom", "crash"]
    assert leftovers(tmp_path / "out") == []
    log = begun(tmp_path)
    assert {key: log.count(key) for key in log if key not in honest} == {"boom": 3, "crash": 3}
    # once more where a worker was killed before it had told of the one that it had just ended
    assert {log.count(key) for key in honest} <= {1, 2}
    assert sorted(log[-2:]) == ["boom", "crash"]  # each once more, when nobody else is graded

    second = run()
    assert ends(second) == {}
    assert [one.entry.key for one in second.plan.set_aside] == ["boom", "crash"]
    assert records_in(tmp_path / "out") == records

    third = run({"boom": "better"}, retry=True)
    assert ends(third) == {"boom": "finished", "crash": "died"}
    assert begun(tmp_path).count("crash") == 6
    after = records_in(tmp_path / "out")
    assert after["boom"]["status"] == "graded"
    assert {key for key in after if after[key] != records[key]} == {"boom"}


def test_a_worker_that_dies_before_it_begins_blames_nobody(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers in a row die with the same submission in hand that they have not begun: it is graded."""
    monkeypatch.setattr(schedule, "do", fake_grading.dies_before_it_begins)

    assert ends(run({"anna": "x", "ben": "y"})) == {"anna": "finished", "ben": "finished"}
    assert sorted(begun(tmp_path)) == ["anna", "ben"]


def test_a_scheduler_that_tries_again_by_itself_blames_nobody(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a scheduler with settings of its own hands on after a death counts once, and is done again."""
    monkeypatch.setattr(schedule, "do", fake_grading.begins_twice)

    assert ends(run({"anna": "x", "ben": "y"})) == {"anna": "finished", "ben": "finished"}


@pytest.mark.parametrize(("end", "said"), [("full", "the same command goes on from there"), ("failed", "a reason")])
def test_what_concerns_every_job_ends_the_batch(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, said: str
) -> None:
    """With the reason, and exit code 3; afterwards the same command grades everybody."""
    with pytest.raises(HarnessFault, match=said) as fault:
        run({"anna": fake_grading.FULL if end == "full" else fake_grading.FAILS, "ben": "x", "cleo": "xx"})
    assert fault.value.exit_code == 3

    run({"anna": "xxx"})
    assert sorted(records_in(tmp_path / "out")) == ["anna", "ben", "cleo"]


def test_a_scheduler_without_workers(tmp_path: Path) -> None:
    """It is waited for some time, and then said what to do."""
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL) as empty,
        Client(empty) as client,
    ):
        waiting = schedule.Run(client, None, "", lambda *_: None, lambda _: None, patience_seconds=0.5)  # type: ignore[arg-type]
        with pytest.raises(HarnessFault, match="has had no worker for 0 seconds; start workers"):
            waiting.over([Mock(spec=Job)])


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing at the address, and no address: a sentence that names it."""
    monkeypatch.setitem(schedule._CONFIG, "distributed.comm.timeouts.connect", "1s")
    monkeypatch.setattr(schedule, "_CONNECT_SECONDS", 1.0)
    for address in ("tcp://127.0.0.1:1", "nonsense://x", "no such host:1"):
        with pytest.raises(UsageError, match=f"--scheduler {address}: no scheduler answers there"), cluster(address, 1):
            pass
