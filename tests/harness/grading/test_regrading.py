"""Regrading: what changes is shown check by check, points given by hand are kept, and our own faults lower no grade."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from run_in_python import autograder
from tiny_assignment import RIGHT, RUBRIC, VALUE, grade_here, grade_with, make_assignment

from autograder.errors import UsageError
from autograder.grading.regrading import KEPT, change_of, compare, to_write, write
from autograder.grading.results import load, manual_in, read_record
from autograder.outcomes import FailureKind
from autograder.records import About, Attempt, CheckRecord, GradeRecord, ManualPoints, Outcome, TaskRecord

HAND = ManualPoints(task="elbo", points=Decimal("0.50"), reason="The idea is right.", author="mk")
BONUS = ManualPoints(task="essay", points=Decimal("1"), reason="A fine essay.", author="mk")


def record(*outcomes: str, manual: tuple[ManualPoints, ...] = (), **update: Any) -> GradeRecord:
    """A record of one task worth three points, with a check of weight 1 for each outcome (`"failed from kl"`)."""
    checks, earned = [], Decimal(0)
    for number, words in enumerate(outcomes):
        outcome, _, origin = words.partition(" from ")
        earns = outcome == "passed" or bool(origin)
        points = Decimal(3) / len(outcomes) * earns
        earned += points
        checks.append(
            CheckRecord(
                id=f"elbo.c{number}", title="", visibility="hidden", reveal=False, weight="1", outcome=Outcome(outcome),
                kind=FailureKind.VALUE if outcome == "failed" else None, points=f"{points:.4f}", carried_from=origin or None,
            )
        )  # fmt: skip
    task = TaskRecord(
        id="elbo", title="Bound", file="vae.py", signature="", found_in=None, points=f"{earned:.2f}", max_points="3.00",
        outcome=Outcome.PASSED, checks=tuple(checks),
    )  # fmt: skip
    made = GradeRecord(
        status="graded", assignment="A", submission="anna", track="full", score=task.points, max_score="3.00",
        tasks=(task,), manual=manual, provenance={"submission_sha256": "1"},
    )  # fmt: skip
    return made.model_copy(update=update | ({"automatic_score": update["score"]} if "score" in update else {}))


FAULT = record("passed", "error", status="error", score=None, max_score=None, message="the sandbox died")
REJECTED = record(status="rejected", score=None, max_score=None, tasks=(), message="not a zip")

STANDING = {
    "up": (record("failed", "failed", "failed"), record("passed", "failed", "failed"), "new", "1.00", "+1.00"),
    "down": (record("passed", "passed", "failed"), record("passed", "failed", "failed"), "new", "1.00", "-1.00"),
    "the same": (record("passed"), record("passed"), "new", "3.00", "+0.00"),
    "our fault": (record("passed"), FAULT, "old", "3.00", "+0.00"),
    "our fault in a check of a graded one": (record("passed"), record("error"), "old", "3.00", "+0.00"),
    "no longer readable": (record("passed"), REJECTED, "old", "3.00", "+0.00"),
    "our fault before": (FAULT, record("passed"), "new", "3.00", None),
    "our fault twice": (FAULT, FAULT, "none", None, None),
    "not graded again": (record("passed"), None, "old", "3.00", "+0.00"),
    "not graded before": (None, record("passed"), "new", "3.00", None),
    "points by hand are kept": (record("passed", manual=(HAND,)), record("failed"), "new", "0.50", "-3.00"),
    "those of both": (record("failed", manual=(HAND,)), record("failed", manual=(HAND, BONUS)), "new", "1.50", "+1.00"),
    "never below zero": (
        record("failed", manual=(HAND.model_copy(update={"points": Decimal(-2)}),)),
        record("failed"),
        "new",
        "0.00",
        "+0.00",
    ),
    "new ones where the old points stand": (record("passed"), FAULT.model_copy(update={"manual": (BONUS,)}), "old", "4.00", "+1.00"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "stands", "total", "change"), STANDING.values(), ids=STANDING)
def test_which_points_stand(
    old: GradeRecord | None, new: GradeRecord | None, stands: str, total: str | None, change: str | None
) -> None:
    """The new ones, unless we failed; with all points that people gave."""
    found = change_of("anna", old, new)

    assert (found.stands, found.total, found.change) == (stands, total, change)
    assert bool(found.why) == (stands != "new" or None in (old, new) or FAULT in (old, new))


def test_which_check_did_it() -> None:
    """Checks that end differently, or the same for other points, with their points; nothing about the others."""
    old = record("passed", "failed", "failed", "passed")
    new = record("passed", "failed from kl", "failed", "failed")
    (task,) = change_of("anna", old, new).tasks

    assert [(c.id, c.old, c.new, c.old_points, c.new_points) for c in task.checks] == [
        ("elbo.c1", "failed", "failed, carried from kl", "0.0000", "0.7500"),
        ("elbo.c3", "passed", "failed", "0.7500", "0.0000"),
    ]


def test_a_rubric_that_changed() -> None:
    """A check or a task that is there in one of them only is shown as such."""
    other = record("passed").tasks[0].model_copy(update={"id": "new", "points": "1.00"})
    new = record("passed", "passed")
    changes = change_of("anna", record("passed"), new.model_copy(update={"tasks": (*new.tasks, other)})).tasks

    assert [(task.id, task.old, task.new) for task in changes] == [("elbo", "3.00", "3.00"), ("new", None, "1.00")]
    assert [(c.id, c.old, c.new) for c in changes[0].checks] == [
        ("elbo.c0", "passed", "passed"),
        ("elbo.c1", None, "passed"),
    ]


def test_points_of_records_that_do_not_hold_them() -> None:
    """Records from before have no points per check: they follow from the weights."""
    old = record("passed", "failed", "inconclusive")
    bare = tuple(check.model_copy(update={"points": ""}) for check in old.tasks[0].checks)
    without = old.model_copy(update={"tasks": (old.tasks[0].model_copy(update={"checks": bare}),)})

    assert change_of("anna", without, old).tasks == ()


def test_another_submission_is_said() -> None:
    """Other files under the same name, and another track, are no secret."""
    new = record("passed", provenance={"submission_sha256": "2"}, track="short")
    why = change_of("anna", record("passed"), new).why

    assert "the submission itself has changed" in why
    assert "The tracks differ: 'full' before, 'short' now." in why


def made_of(entry: GradeRecord, digest: str, submitted: str = "1") -> GradeRecord:
    """The same record, saying what its task was made of and what was handed in."""
    tasks = tuple(task.model_copy(update={"digest": digest}) for task in entry.tasks)
    return entry.model_copy(update={"tasks": tasks, "provenance": {"submission_sha256": submitted}})


CHEAPER = record("passed", "failed").tasks[0].model_copy(update={"points": "1.00", "max_points": "2.00"})
DRAWN = {
    "points": (made_of(record("passed", "failed").model_copy(update={"tasks": (CHEAPER,)}), "d1"), "points"),
    "checks": (made_of(record("passed", "passed"), "d2"), "checks"),
    "both, where the checks decide": (made_of(record("passed", "passed"), "d2", "2"), "checks"),
    "draw": (made_of(record("passed", "passed"), "d1", "2"), "draw"),
    "run": (made_of(record("passed", "passed"), "d1"), "run"),
    "a record from before": (made_of(record("passed", "passed"), ""), None),
}


@pytest.mark.parametrize(("new", "cause"), DRAWN.values(), ids=DRAWN)
def test_why_a_task_changed(new: GradeRecord, cause: str | None) -> None:
    """Other points, other checks, another submission, or the same questions that ended differently."""
    [task] = change_of("anna", made_of(record("passed", "failed"), "d1"), new).tasks
    assert task.cause == cause


def test_causes_of_real_gradings(tmp_path: Path) -> None:
    """What a teacher changes is what is named; a corrected typo changes nothing."""

    def graded(source: str, rubric: str = RUBRIC, hidden: str = VALUE) -> GradeRecord:
        folder = make_assignment(tmp_path, rubric=rubric, hidden=hidden)
        return GradeRecord.model_validate(grade_here(folder, source))

    wrong = "def double(x):\n    return 3 * x\n"
    old = graded(wrong)
    news = {
        "checks": graded(wrong, hidden=VALUE.replace("student.agrees", "max(1, 2)\n        student.agrees")),
        "points": graded(wrong, rubric=RUBRIC.replace("points: 3", "points: 6")),
        "draw": graded(RIGHT),
    }

    assert (
        change_of(
            "anna", old, graded(wrong, RUBRIC.replace("Twice", "Two times"), VALUE.replace("doubles.", "does."))
        ).tasks
        == ()
    )
    assert {name: [t.cause for t in change_of("anna", old, new).tasks] for name, new in news.items()} == {
        "checks": [],  # the same points: no task is told
        "points": ["points"],
        "draw": ["draw"],
    }
    harder = graded(wrong, hidden=VALUE.replace("student.agrees(case, oracle.value(case))", "pass"))
    assert [t.cause for t in change_of("anna", old, harder).tasks] == ["checks"]


def put(folder: Path, **records: GradeRecord) -> Path:
    """A folder of results."""
    for name, entry in records.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "result.json").write_text(entry.to_json(), encoding="utf-8")
    return folder


def test_write_keeps_what_counts(tmp_path: Path) -> None:
    """NEW gets the points given by hand, and the points from before where it failed; a second time nothing changes."""
    old = put(tmp_path / "old", a=record("passed", manual=(HAND,)), b=record("passed"), c=record("failed"))
    new = put(tmp_path / "new", a=record("failed"), b=FAULT, c=record("passed"))
    published: list[str] = []

    def publish(entry: GradeRecord, folder: Path) -> None:
        (folder / "result.json").write_text(entry.to_json(), encoding="utf-8")
        published.append(folder.name)

    assert write(old, new, publish) == ["a", "b"] == published
    assert read_record(new / "a" / "result.json") == record("failed", manual=(HAND,))
    kept = read_record(new / "b" / "result.json")
    assert (kept.status, kept.score, kept.flags[0].code) == ("graded", "3.00", KEPT)
    assert "the sandbox died" in kept.flags[0].message
    assert read_record(new / "b" / "failed.json") == FAULT
    assert write(old, new, publish) == []
    assert compare(old, new).summary.model_dump() == {
        "submissions": 3, "up": 1, "down": 1, "unchanged": 1, "kept": 0, "no_grade": 0,
    }  # fmt: skip


def test_to_write_says_once_why() -> None:
    """A grade that is kept twice has one flag."""
    kept = to_write(to_write(record("passed"), FAULT), FAULT)

    assert [flag.code for flag in kept.flags] == [KEPT]


GOOD = json.loads(record("passed").to_json())
BAD = {
    "nothing there": (None, "there is no such file or folder"),
    "no JSON": ("{\n  'a': 1}", ":2: this is not JSON"),
    "no text": (b"\xff\xfe\x00", "cannot be read"),
    "a list": ("[]", "the whole: Input should be a valid dictionary"),
    "another record": ('{"a": 1}', "status: Field required"),
    "an unknown field": (json.dumps(GOOD | {"bonus": 1}), "bonus: Extra inputs are not permitted"),
    "points in words": (json.dumps(GOOD | {"automatic_score": "many"}), 'points are decimal strings such as "12.50"'),
    "points that are no number": (json.dumps(GOOD | {"automatic_score": "NaN"}), "'NaN' is no number of points"),
    "manual points without a reason": (
        json.dumps(GOOD | {"manual": [{"task": "elbo", "points": "1", "reason": "", "author": "x"}]}),
        "manual.0.reason: String should have at least 1 character (found ''); correct it",
    ),
    "manual points in thirds": (
        json.dumps(GOOD | {"manual": [{"task": "elbo", "points": "0.333", "reason": "x", "author": "x"}]}),
        "manual.0.points: Decimal input should have no more than 2 decimal places",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_records_are_refused(tmp_path: Path, content: str | bytes | None, message: str) -> None:
    """What, where, and what to do."""
    path = tmp_path / "result.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(UsageError) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert message in str(refused.value)


def test_bad_pairs_are_refused(tmp_path: Path) -> None:
    """One result and many, nothing in common, an empty folder, two assignments."""
    many = put(tmp_path / "many", a=record("passed"), b=record("passed"))
    others = put(tmp_path / "others", x=record("passed"))
    foreign = put(tmp_path / "foreign", a=record("passed", assignment="B"))
    (tmp_path / "empty").mkdir()

    for left, right, message in (
        (many / "a", many, "is one result and"),
        (many, others, "no submission in common"),
        (many, tmp_path / "empty", "holds a result.json"),
        (many, foreign, "a: these are results of different assignments ('A' and 'B')"),
    ):
        with pytest.raises(UsageError, match=message.replace("(", r"\(").replace(")", r"\)")):
            compare(left, right)


def test_command_line(tmp_path: Path) -> None:
    """A table that can be read, a file for programs, pages with the points given by hand, and exit code 2 for bad input."""
    old = put(tmp_path / "old", anna=record("failed", "passed", manual=(HAND,)), bert=record("passed"))
    put(tmp_path / "new", anna=record("passed", "passed"), bert=FAULT)
    done = autograder("regrade", "old", "new", "--json", "out/diff.json", "--write", folder=tmp_path)
    text = " ".join(done.stdout.split())
    found = json.loads((tmp_path / "out" / "diff.json").read_text(encoding="utf-8"))

    assert done.returncode == 0, done.stderr
    assert "anna 2.00 3.50 +1.50" in text
    assert "elbo.c0 0.00 1.50 +1.50 failed → passed" in text
    assert "by hand, kept: The idea is right." in text
    assert "bert: In the new grading the grader failed (the sandbox died): the points from before stand." in text
    assert "2 submissions: 1 up, 0 down, 1 with the points from before" in text
    assert [(s["name"], s["stands"], s["total"]) for s in found["submissions"]] == [
        ("anna", "new", "3.50"),
        ("bert", "old", "3.00"),
    ]
    page = (tmp_path / "new" / "anna" / "student.html").read_text(encoding="utf-8")
    assert "The idea is right." in page
    assert "it is 3.50" in page
    assert ">mk<" not in page
    assert "kept-grade" in (tmp_path / "new" / "bert" / "staff.html").read_text(encoding="utf-8")

    (old / "anna" / "result.json").write_text("{", encoding="utf-8")
    refused = autograder("regrade", "old", "new", folder=tmp_path)
    assert refused.returncode == 2
    assert "old/anna/result.json:1: this is not JSON" in " ".join(refused.stderr.split())


def test_grading_again_keeps_points_given_by_hand(tmp_path: Path) -> None:
    """Also where the new result replaces the old one; what cannot be read is not replaced."""
    folder = make_assignment(tmp_path)
    grade_with(folder, RIGHT)
    result = folder / "out" / "result.json"
    record_text = json.loads(result.read_text(encoding="utf-8"))
    result.write_text(json.dumps(record_text | {"manual": [HAND.model_dump(mode="json")]}), encoding="utf-8")
    code, graded, printed = grade_with(folder, RIGHT)

    assert code == 0, printed
    assert (graded["score"], graded["automatic_score"], graded["manual"][0]["points"]) == ("3.50", "3.00", "0.50")
    assert "Score 3.50 of 3.00 (3.00 by the checks, the rest by hand)" in printed
    assert manual_in(folder / "out") == (HAND,)

    result.write_text("{", encoding="utf-8")
    refused = autograder("grade", "work.py", "--out", "out", "--assignment", ".", "--sandbox", "none", folder=folder)
    assert refused.returncode == 2
    assert "It may hold points that people gave" in " ".join(refused.stderr.split())
    assert result.read_text(encoding="utf-8") == "{"


def test_regrading_remembers_who_handed_in() -> None:
    """Grading into another folder says nothing of the student and of earlier attempts: what was known stays."""
    about, attempts = About(name="Anna"), (Attempt(number=1, score="1.00"),)
    old = record("passed").model_copy(update={"about": about, "attempts": attempts})

    stands = to_write(old, record("failed"))

    assert (stands.about, stands.attempts) == (about, attempts)
    assert stands.score == record("failed").score
    other = record("failed").model_copy(update={"about": About(name="Ben")})
    assert to_write(old, other).about.name == "Ben"
