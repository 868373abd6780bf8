"""The record of a grading: what was noticed while loading, where it comes from, and what is said where there is no score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_assignment import RIGHT, VALUE, checks_of, grade_here, make_assignment

from autograder.assignment.loading import Assignment
from autograder.errors import HarnessFault, SubmissionRejected
from autograder.grading.options import GradeOptions
from autograder.grading.record import error_record, rejected_record

OPTIONS = GradeOptions(track="full")


@pytest.fixture(scope="module")
def noticed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Assignment, dict[str, Any]]:
    """The record of right work in several files, with everything odd that loading can find."""
    folder = make_assignment(tmp_path_factory.mktemp("noticed"))
    files = {
        "copy.py": b"def double(x):\n    return 0 * x\n",
        "stops.py": b"import does_not_exist\nX = 1\n",
        "broken.py": b"def f(:\n",
        "answers.py": RIGHT.encode(),
    }
    return Assignment(folder), grade_here(folder, files=files)


def test_what_loading_found(noticed: tuple[Assignment, dict[str, Any]]) -> None:
    """Modules that stopped or could not be loaded, and a function in two places, are told; the points are those of the right one."""
    _, record = noticed
    codes = {note["code"]: note for note in record["notes"]}

    assert record["score"] == "3.00"
    assert record["tasks"][0]["found_in"] == "answers.py"
    assert (
        codes["defined-twice"]["message"] == "`double` is defined in answers.py (this one was graded) and in copy.py."
    )
    assert codes["module-failed"]["path"] == "stops.py"
    assert "only imports, functions, classes and constants were defined" in codes["module-failed"]["message"]
    assert {note["path"] for note in record["notes"] if "broken.py" in note["message"]} == {"broken.py"}


def test_where_it_comes_from(noticed: tuple[Assignment, dict[str, Any]]) -> None:
    """Digests of submission, assignment and every task, versions, limits and isolation; times stand apart."""
    assignment, record = noticed
    provenance = record["provenance"]

    assert [task["digest"] for task in record["tasks"]] == [assignment.digests["double"]]
    assert len(provenance["submission_sha256"]) == len(provenance["assignment_sha256"]) == 64
    assert {"python", "torch", "numpy", "scipy", "scikit-learn", "hypothesis", "pytest"} <= set(provenance["versions"])
    assert (provenance["device"], provenance["dataset"]) == ("cpu", None)
    assert provenance["limits"]["functions"]["call_seconds"] == 60
    assert provenance["sandbox"]["isolated"] is False
    assert set(record["timing"]["checks_seconds"]) == set(checks_of(record))
    assert {"sandbox_and_loading", "checks", "files", "total"} <= set(record["timing"]["stages_seconds"])


def test_the_same_record_again(noticed: tuple[Assignment, dict[str, Any]], tmp_path: Path) -> None:
    """From a copy of the assignment in another folder, the same submission gets the same bytes, times aside."""
    _, record = noticed
    folder = make_assignment(tmp_path / "hidden" / "copy")
    files = {
        "copy.py": b"def double(x):\n    return 0 * x\n",
        "stops.py": b"import does_not_exist\nX = 1\n",
        "broken.py": b"def f(:\n",
        "answers.py": RIGHT.encode(),
    }
    again = grade_here(folder, files=files)

    assert json.dumps({**again, "timing": None}) == json.dumps({**record, "timing": None})


def test_a_check_of_ours_that_breaks(tmp_path: Path) -> None:
    """No score, whatever else passed; the check and its traceback are there for staff."""
    broken = VALUE.replace("student.agrees(case, oracle.value(case))", "raise KeyError('ours')")
    record = grade_here(make_assignment(tmp_path, hidden=broken), RIGHT)

    assert (record["status"], record["score"], record["max_score"], record["passed"]) == ("error", None, None, None)
    assert record["message"].startswith("1 check broke through a fault of the grader (double.value: ")
    assert any("KeyError" in line for line in checks_of(record)["double.value"]["traceback"])


def test_without_a_score(tmp_path: Path) -> None:
    """Rejected: with the reason. Our failure: with what happened, and a flag; an exception of no kind of ours is named."""
    rejected = rejected_record(tmp_path / "a\x1b b.zip", OPTIONS, str(SubmissionRejected("no zip")), "Tiny")
    assert (rejected.status, rejected.message, rejected.assignment, rejected.score) == (
        "rejected",
        "no zip",
        "Tiny",
        None,
    )
    assert "\x1b" not in rejected.submission
    assert rejected.flags == ()

    for error, message in ((HarnessFault("it broke"), "it broke"), (KeyError("x"), "KeyError: 'x'")):
        record = error_record(tmp_path / "b.zip", OPTIONS, error)
        assert (record.status, record.message, record.track, record.score) == ("error", message, "full", None)
        assert [(flag.code, flag.message) for flag in record.flags] == [("our-fault", message)]
