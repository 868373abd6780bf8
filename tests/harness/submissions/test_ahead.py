"""Two processes ask one submission, and nothing but the time that it takes tells."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment.loading import Assignment
from autograder.checking.results import CheckResult
from autograder.grading import ahead
from autograder.grading.ahead import Ahead, Shares, last_task_first, left, processors, settled
from autograder.grading.options import GradeOptions
from autograder.grading.run import grade_submission
from autograder.intake import take_in
from autograder.outcomes import Outcome
from autograder.records import GradeRecord
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Backend
from tests.submissions.faults import CORRECT

from .tools import explain, write

TASKS = ("bernoulli_log_density", "sample_gaussian", "kl_standard_normal", "log_mean_exp", "elbo", "vae_loss")
KL = ("divergences.py", "return 0.5 * torch.sum(", "return torch.sum(")
DIES = ("evidence.py", "return torch.logsumexp(log_w", "import os; os._exit(1)\n    return torch.logsumexp(log_w")


def sources(change: tuple[str, str, str] | None = None) -> dict[str, str]:
    """The correct modules, one of them changed."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(CORRECT.glob("*.py"))}
    if change is not None:
        name, old, new = change
        assert files[name].count(old) == 1
        files[name] = files[name].replace(old, new)
    return files


def result(check_id: str, outcome: Outcome = Outcome.PASSED, **more: Any) -> CheckResult:
    """How a check ended."""
    return CheckResult(check_id, "It holds.", "hidden", outcome, **more)


def what_counts(record: GradeRecord) -> dict[str, Any]:
    """All of a record but times and numbers of calls of what is not ours."""
    return {
        f"{t.id}": (
            t.points,
            t.outcome,
            [(c.id, c.outcome, c.message, c.carried_from, c.misconception) for c in t.checks],
        )
        for t in record.tasks
    } | {"score": record.score, "flags": [flag.code for flag in record.flags]}


@pytest.mark.skipif(processors() < 2, reason="one processor: nobody goes ahead")
@pytest.mark.parametrize(
    ("change", "most_known"),
    [(None, 100), (KL, 20), (DIES, 0)],
    ids=["right", "a fault that others carry", "a function that ends its process"],
)
def test_the_record_is_the_same(
    backend: Backend,
    assignment: Assignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str, str] | None,
    most_known: int,
) -> None:
    """Right work is taken over from the second process; what fails there is diagnosed, carried and charged as without it."""
    submission = take_in(write(tmp_path / "work", sources(change)))
    known: set[str] = set()
    find = Ahead.result

    def finding(self: Ahead, check_id: str) -> CheckResult | None:
        found = find(self, check_id)
        known.update([check_id] if found is not None else [])
        return found

    monkeypatch.setattr(Ahead, "result", finding)
    records = [
        grade_submission(submission, assignment, GradeOptions(tasks=TASKS, processes=n), backend) for n in (1, 2)
    ]

    assert what_counts(records[0]) == what_counts(records[1]), "\n\n".join(map(explain, records))
    assert bool(known) == (most_known > 0)
    assert len(known) <= most_known


def test_one_process_forks_nobody(
    backend: Backend, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As batches grade, which have a process for every submission."""

    def never(*_: object) -> None:
        raise AssertionError("somebody was sent ahead")

    monkeypatch.setattr(ahead, "Ahead", never)
    submission = take_in(write(tmp_path / "work", sources()))
    record = grade_submission(
        submission, assignment, GradeOptions(tasks=("kl_standard_normal", "log_mean_exp")), backend
    )

    assert record.score == record.max_score, explain(record)


def test_two_processes_get_workers_of_their_own(backend: Backend, assignment: Assignment) -> None:
    """They ask the zygote in turns: no one gets the other's worker, or its answer."""

    def pids() -> list[int]:
        workers = [backend.spawn(Limits()) for _ in range(15)]
        alive = [worker.pid for worker in workers if worker.alive()]
        for worker in workers:
            worker.kill()
        return alive

    def found_there() -> Mapping[str, CheckResult]:
        return {f"{pid}.pid": result(f"{pid}.pid") for pid in pids()}

    backend.spawn(Limits()).kill()  # it is ready
    with Ahead(found_there) as other:
        here = pids()
        other.result("")
        there = [int(check_id.partition(".")[0]) for check_id in other._found or ()]

    assert len(here) == len(there) == 15
    assert not set(here) & set(there)


def _raises() -> Mapping[str, CheckResult]:
    raise ValueError


def _dies() -> Mapping[str, CheckResult]:
    os._exit(3)


@pytest.mark.parametrize("work", [_raises, _dies, dict])
def test_whatever_goes_wrong_there_is_found_here(work: Callable[[], Mapping[str, CheckResult]]) -> None:
    """Nothing is settled, so everything is asked here."""
    with Ahead(work) as other:
        assert other.result("a.value") is None
        assert other.result("a.value") is None


def test_it_can_be_closed_before_it_has_ended() -> None:
    """An interrupted grading leaves no process."""

    def long() -> Mapping[str, CheckResult]:
        time.sleep(60)
        return {}

    with Ahead(long) as other:
        process = other._process.pid
    assert process is not None

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_they_meet() -> None:
    """One begins with the first task, the other with the last, whole tasks; what one has taken the other leaves to it for good."""
    checks = ["a.1", "a.2", "b.1", "c.1", "d.1", "d.2"]
    shares = Shares([check_id[0] for check_id in checks])

    assert last_task_first(checks) == ["d.1", "d.2", "c.1", "b.1", "a.1", "a.2"]
    assert [shares.take(task, ahead=True) for task in "dc"] == [True, True]
    assert [shares.take(task, ahead=False) for task in "abcd"] == [True, True, False, False]
    assert [shares.take(task, ahead=True) for task in "dcba"] == [True, True, False, False]
    assert shares.take("trains", ahead=False)
    assert not shares.take("trains", ahead=True)
    assert settled({"a.1": left("a.1"), "b.1": result("b.1")}) == {"b.1": result("b.1")}


def test_the_other_process_sees_what_is_taken() -> None:
    """Every task is asked about by one of them."""
    shares = Shares("abcdef")
    assert shares.take("a", ahead=False)

    def found_there() -> Mapping[str, CheckResult]:
        return {f"{task}.1": result(f"{task}.1") for task in "fba" if shares.take(task, ahead=True)}

    with Ahead(found_there) as other:
        assert other.result("f.1") is not None
        assert other.result("a.1") is None
    assert [shares.take(task, ahead=False) for task in "abcdef"] == [True, False, True, True, True, False]


def test_what_is_settled() -> None:
    """A task counts as a whole; what belongs to the other process stays there."""
    found = {
        "a.1": result("a.1", again=print),
        "a.2": result("a.2"),
        "b.1": result("b.1"),
        "b.2": result("b.2", Outcome.FAILED),
        "c.1": result("c.1", flags=("it printed an answer",)),
        "d.1": result("d.1", Outcome.INCONCLUSIVE),
    }

    assert settled(found) == {"a.1": result("a.1"), "a.2": result("a.2")}
