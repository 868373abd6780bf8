"""What a batch does again and what not, what it keeps, and what stops it: nothing is lost. Graded by a fake; `test_batch_kills` grades."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import fake_grading
import pytest
from class_of import batch_in, class_in, leftovers, records_in
from command_line import run_here

from autograder.cohort import batch
from autograder.cohort.batch import OWN, Result
from autograder.cohort.jobs import Ended
from autograder.errors import HarnessFault
from autograder.grading.manual import Given, entry_of, give
from autograder.records import RESULT
from autograder.report.files import FILES, write_reports

Run = Callable[..., Result]
CLASS = {"anna": "x", "ben": "xx", "cleo": "xxx"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write the submissions named, and grade the class in this process, without a cluster."""
    jobs_of: list[Any] = []

    class Here:
        """Does what `schedule.Run` does, one job after the other."""

        def __init__(self, client: Any, settings: Any, engine: str, ended: Any, tell: Any) -> None:
            self._do = lambda job: fake_grading.do(job, settings, engine, 0)
            self._ended = ended

        def over(self, jobs: Any) -> None:
            for job in jobs:
                jobs_of.append(job)
                how = self._do(job)
                if how.end == "full":
                    raise HarnessFault("no room")
                self._ended(job, how)

    monkeypatch.setattr(batch, "Run", Here)
    monkeypatch.setattr(batch, "cluster", lambda address, slots: nullcontext())

    def grade(texts: dict[str, str] | None = None, **more: Any) -> Result:
        return batch_in(class_in(tmp_path, texts or {}), **more).run()

    return grade


def graded(result: Result) -> list[str]:
    """Return whom a run has graded."""
    return sorted(key for key, how in result.ended.items() if how.end == "finished")


def points_for(folder: Path, points: str) -> None:
    """Give points by hand."""
    give(folder, [Given("by-hand", "", entry_of("by-hand", "essay", points, "well said", "Ada"))], write_reports)


def test_only_what_is_new_or_changed_is_graded(run: Run, tmp_path: Path) -> None:
    """A second run grades nothing and changes no file, a resubmission grades one, with the attempt before it."""
    out = tmp_path / "out"
    assert graded(run(CLASS)) == sorted(CLASS)
    files = {path: path.read_bytes() for path in out.glob("*/*.*") if OWN not in path.parts}

    assert run().ended == {}
    assert {path: path.read_bytes() for path in files} == files
    assert leftovers(out) == []

    assert graded(run({"ben": "yyyyy"})) == ["ben"]
    record = records_in(out)["ben"]
    assert record["score"] == "5.00"
    assert [attempt["score"] for attempt in record["attempts"]] == ["2.00"]
    assert graded(run({"ben": "xx"})) == ["ben"]  # an earlier file again is a change, too


def test_points_by_hand_survive(run: Run, tmp_path: Path) -> None:
    """A removed report comes back with them, also where the student handed in anew; a lost page does not undo newer ones."""
    out = tmp_path / "out"
    run(CLASS)
    points_for(out / "anna", "+2")
    run()
    before = (out / "anna" / RESULT).read_bytes()
    for name in FILES:
        (out / "anna" / name).unlink()
    assert run().ended == {}
    assert (out / "anna" / RESULT).read_bytes() == before
    assert sorted(path.name for path in (out / "anna").iterdir()) == sorted(FILES)

    points_for(out / "anna", "+3")
    (out / "anna" / "student.html").unlink()
    run()
    assert records_in(out)["anna"]["score"] == "6.00"
    assert (out / "anna" / "student.html").exists()

    for name in FILES:
        (out / "anna" / name).unlink()
    run({"anna": "yyyy"})
    record = records_in(out)["anna"]
    assert (record["score"], len(record["manual"]), len(record["attempts"])) == ("9.00", 2, 1)


def test_a_grading_that_breaks_takes_no_points_away(run: Run, tmp_path: Path) -> None:
    """Where the grader fails, or is killed by a resubmission, the points from before stand, and what is done again is remembered."""
    out = tmp_path / "out"
    run(CLASS)
    points_for(out / "ben", "+1")
    run({"anna": fake_grading.BREAKS, "ben": fake_grading.KILLS_GRADER})

    records = records_in(out)
    assert (records["anna"]["score"], records["ben"]["score"]) == ("1.00", "3.00")
    assert "set-aside" in [flag["code"] for flag in records["ben"]["flags"]]
    assert all("the points from before stand" in records[key]["flags"][0]["message"] for key in ("anna", "ben"))

    run({"ben": fake_grading.BREAKS}, retry=True)  # what was set aside breaks in another way now
    assert "set-aside" not in [flag["code"] for flag in records_in(out)["ben"]["flags"]]
    run({"ben": fake_grading.KILLS_GRADER})

    again = run()
    assert [one.entry.key for one in again.plan.todo] == ["anna"]  # a fault of ours is tried again
    assert [one.entry.key for one in again.plan.set_aside] == ["ben"]
    assert graded(run({"anna": "x", "ben": "xx"}, retry=True)) == ["anna", "ben"]
    assert not {"set-aside", "kept-grade"} & {
        flag["code"] for record in records_in(out).values() for flag in record["flags"]
    }


def test_a_result_that_cannot_be_read_stops_nobody_else(run: Run, tmp_path: Path) -> None:
    """It may hold points given by hand: it stays, is named, also after a resubmission; moved away, the store's comes back."""
    out = tmp_path / "out"
    run(CLASS)
    points_for(out / "ben", "+1")
    run()
    (out / "ben" / RESULT).write_text("{half", encoding="utf-8")

    result = run({"ben": "yyyyy", "dora": "x"})
    assert graded(result) == ["dora"]
    assert "It may hold points that people gave" in result.ended["ben"].why
    (row,) = (row for row in result.summary.rows if row.status == "error")
    assert row.key == "ben"
    assert any("move it away" in concern.message for concern in result.summary.concerns)
    assert (out / "ben" / RESULT).read_text(encoding="utf-8") == "{half"

    (out / "ben" / RESULT).unlink()
    assert graded(run()) == ["ben"]
    assert records_in(out)["ben"]["score"] == "6.00"


@pytest.mark.parametrize("moment", ["store.commit", "student.html", "staff.html", "result.json", "rmtree"])
@pytest.mark.parametrize("text", ["yyyyy", fake_grading.BREAKS, fake_grading.KILLS_GRADER])
def test_it_ends_while_a_result_is_put_in_its_place(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, text: str
) -> None:
    """Killed just before any step of that, the same command comes to what an undisturbed run comes to."""
    run(CLASS)
    run({"ben": text})
    out = tmp_path / "out"
    undisturbed, states = records_in(out), _states(tmp_path)
    out.rename(tmp_path / "undisturbed")

    run(CLASS | {"ben": "xx"})
    with monkeypatch.context() as killing:
        _kill_before(killing, moment)
        with pytest.raises(_Killed):
            run({"ben": text})
    run()
    assert records_in(out) == undisturbed
    assert _states(tmp_path) == states
    assert leftovers(out) == []


class _Killed(BaseException):
    """In place of a signal that cannot be caught."""


def _kill_before(killing: pytest.MonkeyPatch, moment: str) -> None:
    def end(*_: object, **__: object) -> None:
        raise _Killed

    if moment == "store.commit":
        killing.setattr(batch.Store, "commit", end)
    elif moment == "rmtree":
        killing.setattr(batch.shutil, "rmtree", end)
    else:
        replace = os.replace
        killing.setattr(
            batch.os,
            "replace",
            lambda old, new: end() if Path(new).name == moment and "out/ben" in str(new) else replace(old, new),
        )


def _states(folder: Path) -> dict[str, str]:
    with batch.open_store(f"sqlite:///{folder / 'out' / OWN / 'store.sqlite'}", "") as store:
        return {key: known.state for key, known in store.known().items()}


def test_a_full_disk_is_said_and_nothing_is_lost(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for reports, or in a grader: a sentence and exit code 3; after room was made, the rest is graded."""
    with monkeypatch.context() as full:
        _no_room_for_reports(full)
        with pytest.raises(
            HarnessFault, match=r"No space left on device; make room: .* the same command goes on"
        ) as fault:
            run(CLASS)
    assert fault.value.exit_code == 3
    with pytest.raises(HarnessFault, match="no room"):
        run(CLASS | {"ben": fake_grading.FULL})

    run(CLASS)
    assert {key: record["score"] for key, record in records_in(tmp_path / "out").items()} == {
        "anna": "1.00",
        "ben": "2.00",
        "cleo": "3.00",
    }


def _no_room_for_reports(full: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def reports(old: Path, new: Path) -> None:
        if not Path(old).name.startswith("."):  # which the fake writes
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(old, new)

    full.setattr(batch.os, "replace", reports)


def test_a_result_that_is_not_there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that writes into a folder of its own machine is told from one that grades; the job is done again next time."""
    monkeypatch.setattr(fake_grading, "do", lambda *_: Ended(end="finished"))
    first = run(CLASS)
    assert {how.end for how in first.ended.values()} == {"refused"}
    assert "same path" in first.ended["anna"].why
    monkeypatch.undo()


def test_one_batch_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second one on the same folder of reports ends with a sentence, and leaves the first one's lock."""
    class_in(tmp_path, CLASS)
    (tmp_path / "out" / OWN).mkdir(parents=True)
    with batch._only_one(tmp_path / "out" / OWN):
        for _ in range(2):
            code, _, said = run_here(
                monkeypatch, capsys, tmp_path, "batch", "class", "--assignment", "course", "--out", "out"
            )
            assert code == 2
            assert "another batch is writing to out" in " ".join(said.split())
