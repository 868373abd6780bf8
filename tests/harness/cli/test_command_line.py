"""The command line as people meet it: help, versions, places that cannot be used, thresholds for CI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from command_line import run_here

from autograder.cli.ci import threshold
from autograder.errors import UsageError
from autograder.records import GradeRecord

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / "tests" / "submissions" / "correct_modules.zip"
VERBS = ("grade", "new", "template", "kit", "check", "regrade", "validate", "bench", "doctor")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command line in an empty folder."""
    return lambda *arguments: run_here(monkeypatch, capsys, tmp_path, *arguments)


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(run: Any, verb: str, flag: str) -> None:
    """Every verb has both; exit codes stand in it; a flag is no option with a value."""
    code, text, _ = run(*([verb] if verb else []), flag)

    assert code == 0
    assert "<bool>" not in text
    if verb in ("", "grade"):
        assert "Exit codes: 0 done" in text
    if not verb:
        assert all(f"\n  {name} " in text for name in VERBS)
        assert "..." not in text.partition("Commands:")[2]


def test_version(run: Any) -> None:
    """Whoever reports a fault can say which."""
    code, text, _ = run("--version")

    assert (code, text.split()[0]) == (0, "autograder")


GRADE = ["grade", str(WORK), "--assignment", str(ROOT)]
UNUSABLE = {
    "a file in place of a folder": ([*GRADE, "--out", "file"], "is a file, not a folder"),
    "a file on the way": ([*GRADE, "--out", "file/below"], "nothing can be written to"),
    "a loop of links on the way": ([*GRADE, "--out", "loop/below"], "nothing can be written to loop/below"),
    "a file on the way of JUnit": ([*GRADE, "--junit", "file/junit.xml"], "is a file, not a folder"),
    "a folder in place of JUnit": ([*GRADE, "--junit", "folder"], "--junit: folder is a folder, not a file"),
    "no submission": (["grade", "none.zip", "--assignment", str(ROOT)], "none.zip does not exist"),
    "a name that is too long": (["grade", "x" * 5000, "--assignment", str(ROOT)], "does not exist"),
    "an assignment that is a loop of links": (["grade", str(WORK), "--assignment", "loop"], "loop"),
    "the reference": (
        ["grade", str(ROOT / "reference"), "--assignment", str(ROOT)],
        "holds the assignment's own answers",
    ),
    "the folder above": (["grade", str(ROOT.parent), "--assignment", str(ROOT)], "holds the assignment's own answers"),
    "no file about the student": ([*GRADE, "--about", "none.json"], "--about none.json: cannot be read"),
    "no number": ([*GRADE, "--fail-under", "many"], "--fail-under many: give points"),
    "below zero": ([*GRADE, "--fail-under", "-3"], "--fail-under -3: give points"),
    "an assignment that is none": (["grade", str(WORK), "--assignment", "none"], "rubric.yaml"),
    "folders to compare": (["regrade", "none", "none"], "none"),
    "a folder in place of a comparison": (
        ["regrade", "none", "none", "--json", "folder"],
        "--json: folder is a folder",
    ),
    "a kit in place of a folder": (["kit", "--out", "folder", "--assignment", str(ROOT)], "--out: folder is a folder"),
    "measurements of no assignment": (["bench", "--assignment", "none"], "rubric.yaml"),
    "measurements of no submission": (
        ["bench", "--submission", "none", "--assignment", str(ROOT)],
        "none does not exist",
    ),
    "calibration into a folder": (
        ["calibrate", "--out", "folder", "--assignment", str(ROOT)],
        "--out: folder is a folder",
    ),
    "a kit below a file": (["kit", "--out", "file/kit.zip", "--assignment", str(ROOT)], "file"),
    "a new folder below a file": (["new", "file/course"], "file"),
    "validation of none": (["validate", "--assignment", "none"], "rubric.yaml"),
    "validation of an unknown task": (
        ["validate", "--assignment", str(ROOT), "--tasks", "elbo,eblo"],
        "no task 'eblo'",
    ),
}


@pytest.mark.parametrize(("arguments", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_a_sentence(run: Any, tmp_path: Path, arguments: list[str], words: str) -> None:
    """Exit code 2, one sentence, no traceback; nothing was graded."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    code, text, error = run(*arguments)

    assert code == 2, text + error
    assert words in " ".join(error.split())
    assert "Traceback" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "loop"]


def test_who_handed_in_stands_in_the_record(run: Any, tmp_path: Path) -> None:
    """Also where nothing could be graded; the next grading remembers it."""
    (tmp_path / "about.json").write_text('{"name": "Anna", "submitted_at": "2026-03-01T10:00:00"}', encoding="utf-8")
    (tmp_path / "work.zip").write_bytes(b"no archive")
    for about in (["--about", "about.json"], []):
        code, _, error = run("grade", "work.zip", "--assignment", ROOT, "--out", tmp_path / "out", *about)
        record = GradeRecord.model_validate_json((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))

        assert code == 2, error
        assert record.about.name == "Anna"
        assert "Anna" in (tmp_path / "out" / "student.html").read_text(encoding="utf-8")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_closed_is_a_sentence(run: Any, tmp_path: Path) -> None:
    """Said before anything is graded."""
    (tmp_path / "closed").mkdir(mode=0o500)
    code, _, error = run("grade", WORK, "--assignment", ROOT, "--out", tmp_path / "closed" / "below")

    assert code == 2
    assert "nothing can be written to" in error


@pytest.mark.parametrize(
    ("asked", "score", "most", "enough"),
    [
        ("", "0.00", "20.00", True),
        ("12.5", "12.50", "20.00", True),
        ("12.51", "12.50", "20.00", False),
        ("50%", "10.00", "20.00", True),
        ("50 %", "9.99", "20.00", False),
        ("0", None, None, False),
        ("100%", "20.00", "20.00", True),
    ],
)
def test_fail_under(asked: str, score: str | None, most: str | None, enough: bool) -> None:
    """Points or a percentage; what has no score never has enough."""
    record = GradeRecord(
        status="graded" if score else "error", assignment="a", submission="s", track="full", score=score, max_score=most
    )

    assert threshold(asked)(record) is enough


@pytest.mark.parametrize("asked", ["x", "nan", "inf", "-1", "%", "5%%"])
def test_a_threshold_that_is_none(asked: str) -> None:
    """It is refused before anything is graded."""
    with pytest.raises(UsageError, match="give points"):
        threshold(asked)


def test_an_interrupted_verb_says_so(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of them; with the exit code that `--help` names."""
    from autograder.quality import doctor

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "examine", interrupted)
    code, _, error = run("doctor")

    assert (code, error) == (130, "Interrupted. What was written before stays as it is.\n")


@pytest.mark.parametrize("earlier", [False, True], ids=["nothing before", "a result before"])
def test_an_interruption_says_what_was_kept(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, earlier: bool
) -> None:
    """Exit code 130; an earlier result is as it was."""
    from autograder.grading import run as grading

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "grade", interrupted)
    (tmp_path / "out").mkdir()
    before = GradeRecord(status="graded", assignment="a", submission="s", track="full", score="1.00", max_score="2.00")
    if earlier:
        (tmp_path / "out" / "result.json").write_text(before.to_json(), encoding="utf-8")
    code, text, error = run("grade", WORK, "--assignment", ROOT, "--out", tmp_path / "out")

    assert (code, text) == (130, "")
    assert "Interrupted: nothing was written." in error
    assert ("holds an earlier result, as it was" if earlier else "holds no result") in error
    assert [path.name for path in (tmp_path / "out").iterdir()] == (["result.json"] if earlier else [])
