"""Which of several attempts counts, why, and what of them is graded: pure, and in batches that are graded by a fake."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from class_of import batch_in, class_in, leftovers, records_in
from test_batch import Run, graded, points_for, run
from tiny_assignment import RUBRIC, make_assignment

from autograder.assignment.attempts import Attempts
from autograder.assignment.late import Late
from autograder.cohort.attempts import Handed, Tried, several, to_grade, which_counts
from autograder.cohort.batch import OWN
from autograder.cohort.entries import Entry
from autograder.cohort.store import Known, Stored
from autograder.export.formats import Result as Exported
from autograder.export.plain import plain
from autograder.export.words import overview
from autograder.grading.lateness import with_lateness
from autograder.grading.results import read_record
from autograder.records import RESULT, About, GradeRecord, Outcome, TaskRecord

__all__ = ["run"]  # a fixture

BEST, LAST = Attempts(counts="best"), Attempts()
LATE = Late.model_validate({"due": "2026-03-01T23:59+01:00", "per_day": "10%"})
DAYS = [f"2026-03-0{day}T10:00:00+01:00" for day in range(1, 8)]


def about(day: int = 0, **more: Any) -> About:
    """Anna, on one of a few days; the first is in time."""
    return About(name="Anna", id="17", submitted_at=DAYS[day], **more)


def tried(number: int, score: str | None, *, here: bool = True, status: str = "graded", **more: Any) -> Tried:
    """Return an attempt of a day with what its checks gave, which lies there or is only known."""
    told = more.pop("about", about(number - 1))
    record = GradeRecord(
        status="error" if status == "error" else "rejected" if status == "rejected" else "graded",
        assignment="A",
        submission="anna",
        track="full",
        score=score,
        max_score=score and "20.00",
        about=told,
        **more,
    )
    handed = Handed(Entry("anna", told, Path("work.py") if here else None), str(number))
    return Tried(handed, with_lateness(record, LATE))


def sentence(*attempts: Tried, rule: Attempts = BEST) -> str:
    """Return why which attempt counts."""
    record = which_counts(attempts, rule, LATE)
    assert record is not None
    assert record.counted is not None
    assert record.counted.of == len(attempts)
    return record.counted.message


# ------------------------------------------------------------------------------------------------- which one counts


def test_the_best_after_what_it_costs_to_be_late() -> None:
    """The second has fewer points than the third before that, and more after it; the sentence has the arithmetic."""
    record = which_counts([tried(1, "9.00"), tried(2, "16.11"), tried(3, "16.25")], BEST, LATE)

    assert record is not None
    assert record.counted is not None
    assert (record.score, record.counted.number, record.about.submitted_at) == ("14.50", 2, DAYS[1])
    assert record.counted.message == (
        "Attempt 2 of 3 counts, because it has the most points: 14.50 of 20.00 points, after 1.61 points for 1 started day late at "
        "10% a day; attempt 1 had 9.00; attempt 3 had 13.00."
    )
    assert [(one.number, one.score) for one in record.attempts] == [(1, "9.00")]


def test_of_equal_ones_the_earlier_counts() -> None:
    """And it is said that there is another one."""
    assert sentence(tried(1, "9.00"), tried(2, "10.00")).startswith(
        "Attempt 1 of 2 counts, the first of those with the most points: 9.00"
    )


def test_the_last_counts() -> None:
    """Whatever the others had."""
    told = sentence(tried(1, "19.00"), tried(2, "10.00"), rule=LAST)

    assert told.startswith("Attempt 2 of 2 counts, because it is the last one: 9.00 of 20.00 points, after")
    assert told.endswith("attempt 1 had 19.00.")


def test_what_comes_after_the_most_that_can_count() -> None:
    """It counts neither as the best nor as the last, and that is said."""
    attempts = [tried(1, "9.00"), tried(2, "5.00"), tried(3, "20.00")]
    best, last = (
        sentence(*attempts, rule=Attempts(counts=counts, at_most=2))  # type: ignore[arg-type]
        for counts in ("best", "last")
    )

    assert best.startswith("Attempt 1 of 3 counts, because it has the most points: 9.00")
    assert last.startswith("Attempt 2 of 3 counts, the last of 2 that can count: 4.50")
    assert best.endswith("attempt 3 is one more than can count.")
    broken = which_counts([attempts[0], tried(2, None, status="error"), attempts[2]], Attempts(at_most=2), LATE)
    assert broken is not None
    assert (broken.score, [flag.code for flag in broken.flags]) == ("9.00", ["attempt-without-grade"])


def test_what_could_not_be_read_and_what_we_broke() -> None:
    """A rejected attempt has no points; one without a grade by our fault is a flag, and leaves the other standing."""
    record = which_counts(
        [tried(1, None, status="rejected"), tried(2, "5.00"), tried(3, None, status="error")], BEST, LATE
    )

    assert record is not None
    assert record.counted is not None
    assert record.counted.message.endswith("attempt 1 could not be read; attempt 3 has no grade yet.")
    assert [flag.code for flag in record.flags] == ["attempt-without-grade"]
    last = which_counts([tried(1, "5.00"), tried(2, None, status="error")], LAST, LATE)
    assert last is not None
    assert (last.score, [flag.code for flag in last.flags]) == ("5.00", ["attempt-without-grade"])


def test_nothing_can_count() -> None:
    """Of rejected attempts the last one says why; what was never graded is no record."""
    record = which_counts([tried(1, None, status="rejected"), tried(2, None, status="rejected")], BEST, LATE)

    assert record is not None
    assert record.counted is not None
    assert record.counted.message.startswith("Attempt 2 of 2 counts, though it has no points; attempt 1 could")
    assert which_counts([Tried(tried(1, "1.00").handed, None)] * 2, BEST, LATE) is None


def test_an_extension_counts_for_what_only_the_store_has() -> None:
    """What it cost to be late is computed again, from the points that the checks gave."""
    before = tried(3, "16.25", here=False)
    assert before.record is not None
    assert before.record.score == "13.00"
    longer = Handed(Entry("anna", about(2, extension="2026-03-09T12:00+01:00"), None), "3")
    record = which_counts([tried(1, "14.00"), Tried(longer, before.record)], BEST, LATE)

    assert record is not None
    assert (record.score, record.deductions, record.notes) == ("16.25", (), ())


def test_points_of_other_tasks_are_not_compared_in_silence() -> None:
    """Where the tasks have changed and the files are gone, staff are told to look."""
    task = TaskRecord(
        id="f",
        title="F",
        file="a.py",
        signature="",
        found_in=None,
        points="1",
        max_points="2",
        outcome=Outcome.FAILED,
        checks=(),
    )
    old = tried(1, "1.00", here=False, tasks=(task,))
    same, other = (
        which_counts([old, tried(2, "1.50", tasks=(task.model_copy(update={"digest": digest}),))], BEST, LATE)
        for digest in ("", "new")
    )

    assert same is not None
    assert other is not None
    assert (same.flags, [flag.code for flag in other.flags]) == ((), ["attempt-graded-before"])


def test_of_many_others_the_last_few_are_named() -> None:
    """The sentence stays one that is read."""
    told = sentence(*(tried(1, f"{number}.00") for number in range(1, 16)))

    assert told.count("had") == 8
    assert told.endswith("attempt 14 had 14.00; 6 more before.")


# --------------------------------------------------------------------------------------------- what there is to choose


def entry_of(folder: Path, text: str, day: int = 0, *before: Entry) -> Entry:
    """An attempt in a file of its own."""
    path = folder / f"{day}" / "work.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Entry("anna", about(day), path, before=before)


def test_the_order_is_that_of_the_platforms_times(tmp_path: Path) -> None:
    """What the store has and what was handed out are one row of attempts; only what lies there is graded."""
    stored = {"anna": [Stored(about(1), Known("job", "graded", "known"))]}
    entry = entry_of(tmp_path, "new", 2, entry_of(tmp_path, "old", 0))
    attempts = several([entry], stored, BEST)["anna"]

    assert [one.entry.about.submitted_at for one in attempts] == DAYS[:3]
    assert [one.path for one in to_grade(attempts, BEST)] == [tmp_path / "0" / "work.py", tmp_path / "2" / "work.py"]
    assert [one.about for one in to_grade(attempts, Attempts(counts="best", at_most=2))] == [about(0)]
    assert [one.about for one in to_grade(attempts, Attempts(at_most=3))] == [about(2)]
    assert to_grade(attempts, Attempts(at_most=2)) == ()


def test_the_same_files_again_are_no_new_attempt(tmp_path: Path) -> None:
    """Where the best counts their time is the first one: nobody loses by handing in the same again."""
    again, other = entry_of(tmp_path, "same", 3, entry_of(tmp_path, "same", 1)), entry_of(tmp_path, "other", 2)

    assert several([again], {}, BEST) == {}
    both = Entry("anna", again.about, again.path, before=(*again.before, other))
    assert [one.entry.about for one in several([both], {}, BEST)["anna"]] == [about(1), about(2)]
    assert [one.entry.about for one in several([both], {}, LAST)["anna"]] == [about(2), about(3)]


def test_where_the_last_counts_the_store_decides_nothing(tmp_path: Path) -> None:
    """Then whoever hands in again is graded as ever."""
    stored = {"anna": [Stored(about(1), Known("job", "graded", "known"))]}

    assert several([entry_of(tmp_path, "new", 2)], stored, LAST) == {}


# ------------------------------------------------------------------------------------------------------------- batches


def course(folder: Path, rule: str) -> None:
    """Write an assignment with a rule for attempts; a fake gives as many points as a submission has letters."""
    make_assignment(folder / "course", rubric=RUBRIC + f"    attempts: {rule}\n")


def table(folder: Path, *rows: str) -> None:
    """Write who is who."""
    lines = ["file,name,id,submitted_at", *rows]
    (folder / "class").mkdir(exist_ok=True)
    (folder / "class" / "about.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


ANNA = [f"a{number}.py,Anna,17,{DAYS[number]}" for number in range(3)]
BEN = f"ben.py,Ben,18,{DAYS[0]}"


def test_attempts_that_are_handed_out_together(run: Run, tmp_path: Path) -> None:
    """Each is graded, the best counts, in one folder; the pages, the class page and exports say which."""
    course(tmp_path, "{counts: best}")
    table(tmp_path, *ANNA, BEN)
    result = run({"a0": "x", "a1": "xxx", "a2": "xx", "ben": "xx"})
    records = records_in(tmp_path / "out")

    assert [one.entry.key for one in result.plan.todo] == ["a0", "ben", "a0", "a0"]
    assert {key: record["score"] for key, record in records.items()} == {"a0": "3.00", "ben": "2.00"}
    why = "Attempt 2 of 3 counts, because it has the most points: 3.00 of 100.00 points; attempt 1 had 1.00; attempt 3 had 2.00."
    assert records["a0"]["counted"] == {"number": 2, "of": 3, "message": why}
    assert records["ben"]["counted"] is None
    for page in ("a0/student.html", "a0/staff.html", "index.html"):
        assert why in (tmp_path / "out" / page).read_text(encoding="utf-8")
    record = read_record(tmp_path / "out" / "a0" / RESULT)
    assert why in list(overview(record))
    rows = list(csv.DictReader(io.StringIO(next(iter(plain([Exported("a0", record)]).files.values())).decode())))
    assert rows[0]["which_attempt"] == why
    assert {row.key: row.attempt for row in result.summary.rows} == {"a0": 2, "ben": 1}
    assert leftovers(tmp_path / "out") == []
    assert not (tmp_path / "out" / OWN / "attempts").exists()


def test_again_nothing_is_graded_and_nothing_changes(run: Run, tmp_path: Path) -> None:
    """What stands is known attempt by attempt; a new one is the only work, and a report that was removed comes back."""
    course(tmp_path, "{counts: best}")
    table(tmp_path, *ANNA[:2], BEN)
    run({"a0": "xx", "a1": "x", "ben": "xx"})
    before = records_in(tmp_path / "out")
    (tmp_path / "out" / "a0" / "student.html").unlink()
    again = run()

    assert (again.plan.todo, len(again.plan.standing), records_in(tmp_path / "out")) == ((), 3, before)
    assert (tmp_path / "out" / "a0" / "student.html").exists()
    table(tmp_path, *ANNA, BEN)
    more = run({"a2": "xxx"})
    assert [one.entry.about.submitted_at for one in more.plan.todo] == [DAYS[2]]
    assert records_in(tmp_path / "out")["a0"]["score"] == "3.00"


def test_an_attempt_that_only_the_store_has(run: Run, tmp_path: Path) -> None:
    """A platform hands out the newest one: what it replaced counts where it was better, and comes back when removed."""
    course(tmp_path, "{counts: best}")
    table(tmp_path, f"a.py,Anna,17,{DAYS[0]}", BEN)
    run({"a": "xxxx", "ben": "x"})
    table(tmp_path, f"a.py,Anna,17,{DAYS[1]}", BEN)
    result = run({"a": "xx"})

    assert graded(result) == ["a"]
    record = records_in(tmp_path / "out")["a"]
    assert (record["score"], record["about"]["submitted_at"]) == ("4.00", DAYS[0])
    assert record["counted"]["message"].endswith("4.00 of 100.00 points; attempt 2 had 2.00.")
    (tmp_path / "out" / "a" / RESULT).unlink()
    assert run().plan.todo == ()
    assert records_in(tmp_path / "out")["a"] == record


def test_points_by_hand_stay_with_the_student(run: Run, tmp_path: Path) -> None:
    """Whichever attempt counts; they decide nothing about that."""
    course(tmp_path, "{counts: best}")
    table(tmp_path, *ANNA[:1], BEN)
    run({"a0": "xx", "ben": "x"})
    points_for(tmp_path / "out" / "a0", "+2")
    table(tmp_path, *ANNA[:2], BEN)
    run({"a1": "xxx"})

    record = records_in(tmp_path / "out")["a0"]
    assert (record["counted"]["number"], record["automatic_score"], record["score"]) == (2, "3.00", "5.00")
    points_for(tmp_path / "out" / "a0", "=1")
    assert run().plan.todo == ()
    assert records_in(tmp_path / "out")["a0"]["score"] == "4.00"


def test_a_fault_of_ours_leaves_the_other_attempt(run: Run, tmp_path: Path) -> None:
    """It is tried again in the next run, and then it is decided again."""
    course(tmp_path, "{counts: best}")
    table(tmp_path, *ANNA[:2], BEN)
    run({"a0": "x", "a1": "breaks", "ben": "x"})
    record = records_in(tmp_path / "out")["a0"]

    assert (record["status"], record["score"], record["flags"][0]["code"]) == (
        "graded",
        "1.00",
        "attempt-without-grade",
    )
    assert [one.entry.about.submitted_at for one in run().plan.todo] == [DAYS[1]]


def test_only_the_last_is_graded_where_it_counts(run: Run, tmp_path: Path) -> None:
    """With or without a rule; what came after the most that can count is not graded at all."""
    table(tmp_path, *ANNA, BEN)
    result = run({"a0": "x", "a1": "xxx", "a2": "xx", "ben": "x"})
    assert [one.entry.about.submitted_at for one in result.plan.todo] == [DAYS[0], DAYS[2]]
    assert records_in(tmp_path / "out")["a0"]["score"] == "2.00"

    course(tmp_path, "{at_most: 2}")
    run()
    record = records_in(tmp_path / "out")["a0"]
    assert record["score"] == "3.00"
    assert "the last of 2 that can count" in record["counted"]["message"]


def test_an_extension_is_that_of_all_attempts(run: Run, tmp_path: Path) -> None:
    """Both are graded anew, because what they cost may have changed."""
    course(tmp_path, "{counts: best}")
    table(tmp_path, *ANNA[:2], BEN)
    run({"a0": "x", "a1": "xx", "ben": "x"})
    (tmp_path / "more.csv").write_text("student,due\n17,2026-03-09T12:00+01:00\n")
    again = run(extensions=tmp_path / "more.csv")

    assert [one.entry.key for one in again.plan.todo] == ["a0", "a0"]
    assert {one.entry.about.extension for one in again.plan.todo} == {"2026-03-09T12:00+01:00"}


def test_a_real_grading_of_two_attempts(tmp_path: Path) -> None:
    """Behind a grader process: the wrong one came last, the right one counts, less what it cost to be late."""
    late = '    late: {due: "2026-02-28T23:59+01:00", per_day: 10%}\n'
    make_assignment(tmp_path / "course", rubric=RUBRIC + "    attempts: {counts: best}\n" + late)
    table(tmp_path, *ANNA[:2])
    class_in(tmp_path, {"a0": "def double(x):\n    return x + x\n", "a1": "def double(x):\n    return x\n"})
    batch_in(tmp_path).run()
    record = records_in(tmp_path / "out")["a0"]

    assert (record["score"], record["counted"]["number"]) == ("2.70", 1)
    assert "2.70 of 3.00 points, after 0.30 points for 1 started day late at 10% a day;" in record["counted"]["message"]


# ---------------------------------------------------------------------------------------------------------- about.csv


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ANNA[0], "a1.py,Anna,17,"], r"about\.csv:3, column submitted_at: the id 17 stands in 2 rows"),
        ([ANNA[0], f"a1.py,Berta,17,{DAYS[1]}"], r"about\.csv:3, column name: .*have different names"),
    ],
)
def test_rows_that_cannot_be_attempts_of_one_student(run: Run, tmp_path: Path, rows: list[str], message: str) -> None:
    """Nobody gets what somebody else has earned, and no order is guessed."""
    from autograder.errors import UsageError

    table(tmp_path, *rows)
    with pytest.raises(UsageError, match=message):
        run({"a0": "x", "a1": "xx"})


def test_an_empty_attempt_is_none(run: Run, tmp_path: Path) -> None:
    """Where there is another one with something in it."""
    (tmp_path / "class" / "a1").mkdir(parents=True)
    table(tmp_path, ANNA[0], f"a1,Anna,17,{DAYS[1]}", BEN)
    run({"a0": "x", "ben": "x"})

    assert records_in(tmp_path / "out")["a0"]["score"] == "1.00"
