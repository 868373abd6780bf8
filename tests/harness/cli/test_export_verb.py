"""`autograder export`: a command for each format that there is, and files that are whole and nobody else's."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any

import factories
import pytest
from command_line import run_here
from test_terminal import ALL, require_words
from tiny_assignment import make_assignment
from typer.main import get_command

from autograder.cli.main import app
from autograder.errors import UsageError
from autograder.export.formats import Format, Given, Result, formats
from autograder.grading.regrading import RESULT
from autograder.records import About, GradeRecord

NAMES = [found.name for found in formats()]


def student(name: str, id_: str, **more: Any) -> GradeRecord:
    """A graded record of somebody, as Moodle handed it out."""
    about = About(name=name, id=id_, platform="moodle", platform_id=id_.removeprefix("s"))
    return factories.full_marks().model_copy(update={"about": about} | more)


def put(folder: Path, **records: GradeRecord) -> Path:
    """Write results, each into a folder of its name."""
    for name, record in records.items():
        (folder / name).mkdir(parents=True)
        (folder / name / RESULT).write_text(record.to_json(), encoding="utf-8")
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the verb."""
    return lambda *arguments: run_here(monkeypatch, capsys, tmp_path, "export", *arguments)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A class of two students and one whose grading failed."""
    return put(tmp_path / "reports", anna=student("Anna", "s1"), bert=student("Bert", "s2"), carl=factories.error())


def test_formats_are_listed_with_a_line_each(run: Any) -> None:
    """`export --help` and `export` alone; the modules of the package are the list."""
    commands = get_command(app).commands["export"].commands  # type: ignore[attr-defined]
    modules = {
        path.stem
        for path in Path(inspect.getfile(Format)).parent.glob("*.py")
        if "\nFORMAT = " in path.read_text("utf-8")
    }
    _, text, _ = run("--help")

    assert sorted(commands) == NAMES
    assert len(NAMES) == len(set(NAMES)) == len(modules)
    assert all(f"  {found.name} " in text and found.help.split()[0] in text for found in formats())


@pytest.mark.parametrize("found", formats(), ids=NAMES)
def test_a_format_takes_what_it_says(found: Format) -> None:
    """Its needs are the keywords of its function, no more and no less, and each has a line of help."""
    (_, *keywords) = inspect.signature(found.make).parameters.values()

    assert {need.name.replace("-", "_") for need in found.needs} == {parameter.name for parameter in keywords}
    assert all(text.endswith(".") and "\n" not in text for text in (found.help, *(need.help for need in found.needs)))


@pytest.mark.parametrize("found", [one for one in formats() if one.reads == "class"], ids=lambda found: found.name)
def test_two_results_of_one_student_are_refused(found: Format) -> None:
    """By every format that takes a class; both are named."""
    given: dict[str, Any] = {"text": "VAE (4711)", "file": Given("x", b""), "moment": "2026-01-01"}
    twice = [Result("first", student("Anna", "s1")), Result("second", student("Anna B.", "s1"))]
    with pytest.raises(UsageError, match=r"first \(Anna\) and second \(Anna B\.\) are results of one student"):
        found.make(twice, **{need.name: given[need.kind] for need in found.needs})


def test_a_class_is_written_and_who_is_left_out_is_said(run: Any, reports: Path, tmp_path: Path) -> None:
    """On the error output, with the reason; the exit code is 0."""
    code, text, error = run("csv", reports, "--out", tmp_path / "new" / "scores.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "new" / "scores.csv").read_text("utf-8"))))

    assert code == 0, error
    assert [row["name"] for row in rows] == ["Anna", "Bert"]
    assert "carl: no score is written, because the grader failed" in error
    assert text.startswith("Written: ")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["scores.csv"]


def test_nothing_is_written_over(run: Any, reports: Path, tmp_path: Path) -> None:
    """Unless it was asked for; and never a result that is read."""
    place = tmp_path / "scores.csv"
    place.write_text("by hand")
    code, _, error = run("csv", reports, "--out", place)

    assert (code, place.read_text()) == (2, "by hand")
    assert "exists already: name another file, or write over it with --force" in " ".join(error.split())
    assert run("csv", reports, "--out", place, "--force")[0] == 0
    assert "Anna" in place.read_text()
    before = (reports / "anna" / RESULT).read_text()
    code, _, error = run("gradescope", reports / "anna", "--out", reports / "anna" / RESULT, "--force")
    assert (code, (reports / "anna" / RESULT).read_text()) == (2, before)
    assert "is a result that is read" in " ".join(error.split())
    assert "is a folder, and csv writes a file" in " ".join(run("csv", reports, "--out", reports)[2].split())


def test_a_file_is_whole_or_not_there(run: Any, reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks while it is written leaves the old one, and nothing beside it."""
    (tmp_path / "scores.csv").write_text("old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    code, _, error = run("csv", reports, "--out", tmp_path / "scores.csv", "--force")

    assert code == 2
    assert "no space left on device" in error
    assert (tmp_path / "scores.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reports", "scores.csv"]


def test_a_folder_holds_this_export_only(run: Any, reports: Path, tmp_path: Path) -> None:
    """A score file of an earlier one would be posted again."""
    place = tmp_path / "scores"
    assert run("lti", reports, "--out", place)[0] == 0
    assert sorted(path.name for path in place.iterdir()) == ["anna.json", "bert.json"]

    assert "holds files already" in " ".join(run("lti", reports, "--out", place)[2].split())
    assert run("lti", reports, "--out", place, "--force")[0] == 0
    (place / "zoe.json").write_text("{}")
    code, _, error = run("lti", reports, "--out", place, "--force")
    assert code == 2
    assert "holds zoe.json, which is no part of this export" in " ".join(error.split())
    assert "is a file, and a folder is written" in " ".join(run("lti", reports, "--out", place / "zoe.json")[2].split())


def test_the_time_is_now_unless_another_is_given(run: Any, reports: Path, tmp_path: Path) -> None:
    """A platform wants one that is newer than the last."""
    run("lti", reports, "--out", tmp_path / "one")
    run("lti", reports, "--out", tmp_path / "two", "--timestamp", "2030-01-01T00:00:00+01:00")
    run("lti", reports, "--out", tmp_path / "three")
    times = [json.loads((tmp_path / name / "anna.json").read_text())["timestamp"] for name in ("one", "two", "three")]

    assert times[1] == "2029-12-31T23:00:00.000Z"
    assert times[0] < times[2]


def test_files_of_platforms_are_read(run: Any, reports: Path, tmp_path: Path) -> None:
    """And one that is not there is named."""
    (tmp_path / "sheet.csv").write_text(
        "Identifier,Full name,Grade,Maximum Grade,Last modified (grade)\nParticipant 1,Anna,,24.00,-\n"
    )
    code, _, error = run(
        "moodle-worksheet", reports, "--worksheet", tmp_path / "sheet.csv", "--out", tmp_path / "out.csv"
    )

    assert code == 0
    assert (tmp_path / "out.csv").read_text().endswith("Participant 1,Anna,24.00,24.00,-\n")
    assert "Bert is not found in sheet.csv" in " ".join(error.split())
    code, _, error = run("moodle-worksheet", reports, "--worksheet", tmp_path / "none.csv", "--out", tmp_path / "x.csv")
    assert code == 2
    assert "none.csv: cannot be read (no such file or directory)" in " ".join(error.split())


def test_zips_are_zips(run: Any, reports: Path, tmp_path: Path) -> None:
    """Reports of a class, and an assignment's autograder."""
    assert run("moodle-feedback", reports, "--out", tmp_path / "feedback.zip")[0] == 0
    assert zipfile.ZipFile(tmp_path / "feedback.zip").namelist() == [
        "Anna_1_assignfeedback_file/report.html",
        "Bert_2_assignfeedback_file/report.html",
    ]
    folder = make_assignment(tmp_path / "tiny")
    assert run("gradescope-autograder", "--assignment", folder, "--out", tmp_path / "autograder.zip")[0] == 0
    assert {"setup.sh", "run_autograder", "assignment/rubric.yaml"} <= set(
        zipfile.ZipFile(tmp_path / "autograder.zip").namelist()
    )


@pytest.mark.parametrize("name", [one.name for one in formats() if one.reads == "one" and not one.needs])
def test_one_result_is_one(run: Any, reports: Path, tmp_path: Path, name: str) -> None:
    """Of a class, one has to be named."""
    code, _, error = run(name, reports, "--out", tmp_path / "x")

    assert code == 2
    assert f"holds 3 results, and {name} takes one: name its folder" in " ".join(error.split())
    assert run(name, reports / "anna", "--out", tmp_path / "x")[0] == 0


def test_classroom50_reads_the_environment(
    run: Any, reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its workflow sets it; without it the option that is missing is named."""
    arguments = ("classroom50", reports / "anna", "--out", tmp_path / "r.json", "--datetime", "2026-06-01T14:32:01Z")
    code, _, error = run(*arguments)
    assert code == 2
    assert "--classroom" in error
    for name in ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL", "REVIEW_URL"):
        monkeypatch.setenv(name, f"the {name}")
    assert run(*arguments)[0] == 0
    assert json.loads((tmp_path / "r.json").read_text())["commit"] == "the COMMIT_URL"


def test_what_is_printed_holds_no_commands(run: Any, tmp_path: Path) -> None:
    """Names of students and platforms' cells are words in a terminal."""
    about = About(name=ALL, id="s1")
    reports = put(
        tmp_path / "reports",
        anna=factories.full_marks().model_copy(update={"about": about}),
        bert=factories.error().model_copy(update={"about": about.model_copy(update={"id": "s2"})}),
    )
    (tmp_path / "book.csv").write_text(f'Student,ID,Section,"V (1)"\nPoints Possible,,,24\n"{ALL}",9,,EX\n')
    code, text, error = run(
        "canvas", reports, "--column", "V (1)", "--gradebook", tmp_path / "book.csv", "--out", tmp_path / "x.csv"
    )

    assert code == 0, error
    require_words(text)
    require_words(error)
    assert "no score is written" in error


def test_every_format_has_a_command_in_the_docs() -> None:
    """docs/exports.md shows each of them, with options that there are."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    commands = get_command(app).commands["export"].commands  # type: ignore[attr-defined]
    shown = {
        line.split()[2]: shlex.split(line)[3:] for line in re.findall(r"^autograder export .*$", text, re.MULTILINE)
    }

    assert sorted(shown) == NAMES
    for name, words in shown.items():
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--") and " " not in word} <= options
