"""The assignment that `autograder new` writes works from the first minute, and the documentation shows just this one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import run_here
from run_in_python import ROOT, lines_of

from autograder.assignment.kit import public_files
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric_file import load_rubric
from autograder.assignment.starter import starter_files, title_of, write_starter
from autograder.errors import UsageError
from autograder.quality.matrix import entries_of, run_matrix
from autograder.quality.mutation import mutated
from autograder.quality.validation import Validation

GRADE = """
    import json
    from pathlib import Path
    from autograder.assignment.loading import Assignment
    from autograder.assignment.template import build_template, write_template
    from autograder.checking.session import check_ids
    from autograder.grading.options import GradeOptions
    from autograder.grading.run import grade

    assignment = Assignment(Path())
    write_template(Path(), build_template(assignment, check_ids(assignment.code, assignment.check_names, ["public"])))
    for work in ("tests/submissions/correct", "tests/submissions/wrong", "student_template"):
        record = grade(Path(work), assignment, GradeOptions(sandbox="none", device="cpu"))
        print(json.dumps(record.model_dump(mode="json")))
"""


def test_it_grades_right_wrong_and_empty_work(tmp_path: Path) -> None:
    """Its correct submission gets all points, its wrong one some and the name of its mistake, its template none."""
    folder = tmp_path / "averages"
    write_starter(folder)

    right, wrong, empty = map(json.loads, lines_of(GRADE, folder))

    assert (right["status"], right["score"], right["max_score"]) == ("graded", "2.00", "2.00")
    assert wrong["score"] == "1.20"  # what a slip leaves of two points
    assert {check["misconception"] for check in wrong["tasks"][0]["checks"]} == {None, "not_divided"}
    assert empty["score"] == "0.00"


def test_its_checks_catch_what_they_should(tmp_path: Path) -> None:
    """Every named mistake and every mutant is caught and priced, right work passes, and every check catches something."""
    write_starter(tmp_path)
    assignment = Assignment(tmp_path)

    rows = run_matrix(assignment, entries_of(assignment))
    found = Validation(tuple(rows), 0, (), 0.0, mutants=tuple(mutated(assignment, "weighted_mean")))

    assert found.ok
    assert found.unnamed == ()
    assert not any(row.failed for row in rows if row.kind == "variant")
    assert len(found.mutants) > 5


def test_its_public_checks_go_into_a_kit(tmp_path: Path) -> None:
    """What students get of its checks is the one public file."""
    write_starter(tmp_path)

    assert list(public_files(tmp_path, ["weighted_mean"])) == ["averages/test_weighted_mean.py"]


def test_a_title_may_hold_anything(tmp_path: Path) -> None:
    """Colons, quotes and hashes in a title reach the rubric as they are; without one the folder's name is taken."""
    write_starter(tmp_path / "one", 'Means: "weighted" # and not')
    write_starter(tmp_path / "my_first-one")

    assert load_rubric(tmp_path / "one" / "rubric.yaml").title == 'Means: "weighted" # and not'
    assert load_rubric(tmp_path / "my_first-one" / "rubric.yaml").title == "My first one"
    assert title_of(Path("/")) == "Assignment"


@pytest.mark.parametrize("title", [" ", "a" * 201, "tick\x07"])
def test_a_title_that_is_none_is_refused(title: str) -> None:
    """Empty, endless and unprintable titles are refused."""
    with pytest.raises(UsageError, match="is no title: write a few words, 200 characters at most"):
        starter_files(title)


def test_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with anything in it, and a file, are refused with exit code 2."""
    (tmp_path / "notes.txt").write_text("mine")

    code, _, err = run_here(monkeypatch, capsys, tmp_path, "new", ".")
    with pytest.raises(UsageError, match="is not an empty folder"):
        write_starter(tmp_path / "notes.txt")

    assert code == 2
    assert "is not an empty folder" in " ".join(err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """What the file system says is passed on."""
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match=r"cannot be written: Not a directory"):
        write_starter(tmp_path / "file" / "below")


def test_new_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verb lists what it wrote and the commands that come next."""
    code, out, _ = run_here(monkeypatch, capsys, tmp_path, "new", "a b", "--title", "Averages")

    assert code == 0
    assert "Written: a b/rubric.yaml" in out
    assert "cd 'a b'\n  autograder grade tests/submissions/correct" in out
    assert (tmp_path / "a b" / ".gitignore").is_file()


def test_the_documentation_shows_this_assignment() -> None:
    """Every block of the documentation that names a file of the new assignment is that file."""
    text = (ROOT / "docs" / "write_an_assignment.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^`([\w./]+)`:\n\n```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    files = starter_files("Averages")

    assert {name for name in files if name.endswith((".yaml", ".py")) and "submissions" not in name} == set(shown)
    assert {name: files[name] for name in shown} == shown
