"""What Moodle is given, read back as its importers read it: the grading worksheet and the zip of feedback files."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from people import HOSTILE, graded, of, without_score

from autograder.assignment.kit import pack
from autograder.errors import UsageError
from autograder.export.formats import Given, Result
from autograder.export.moodle_feedback import moodle_feedback
from autograder.export.moodle_worksheet import moodle_worksheet
from autograder.records import Member

HEAD = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)
DATE = '"Monday, 2 March 2026, 10:00 AM"'
WORKSHEET = (
    f"{HEAD}\n"
    f'"Participant 657737","Jane Doe",s1,jane@example.org,"Submitted - Graded",3.00,20.00,Yes,{DATE},{DATE},"Good, ""very""\nnice"\n'
    f"Participant 657738,山田 太郎,s2,taro@example.org,Submitted,,20.00,Yes,{DATE},-,\n"
    f'Participant 657739,"=cmd|x",,,No submission,,20.00,No,-,-,\n'
    f"Participant 657740,Ann Other,s4,,Submitted,,20.00,Yes,-,-,Graded automatically: 1.00 of 20.00 points.\n"
)
GERMAN = (
    "\ufeffID,Vollständiger Name,Status,Gruppe,Bewertung,Bestwertung,Bewertung kann geändert werden,"
    "Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar\r\n"
    'Teilnehmer/in 11,Jane Doe,Abgegeben,,"0,00","20,00",Ja,-,"Montag, 2. März 2026, 10:00",\r\n'
    'Teilnehmer/in 12,John Smith,Abgegeben,3,"7,50","20,00",Ja,-,-,\r\n'
)


def rows_of(data: bytes) -> list[dict[str, str]]:
    """The rows of a worksheet by header."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def graded_by_moodle(data: bytes) -> dict[str, tuple[float, str]]:
    """What an upload changes, by number: grade and comment. Rows whose grade is unchanged, empty, locked or out of range are skipped."""
    changed = {}
    for row, old in zip(rows_of(data), rows_of(WORKSHEET.encode()), strict=True):
        assert {"Identifier", "Grade", "Last modified (grade)"} <= set(row)
        found = re.fullmatch(r"Participant (\d+)", row["Identifier"])
        assert found
        grade = row["Grade"].strip()
        is_open = row["Grade can be changed"] == "Yes" and row["Last modified (grade)"] == old["Last modified (grade)"]
        if grade and grade != old["Grade"] and is_open and 0 <= float(grade) <= float(row["Maximum Grade"]):
            changed[found[1]] = (float(grade), row["Feedback comments"])
    return changed


def fill(*results: Result, worksheet: str = WORKSHEET) -> tuple[bytes, str]:
    """The filled worksheet and what was said."""
    made = moodle_worksheet(results, worksheet=Given("sheet.csv", worksheet.encode()))
    return made.files["worksheet.csv"], " | ".join(made.remarks)


def moodle(name: str, number: str, **more: Any) -> Result:
    """A result of what Moodle handed out."""
    return of(name, number, platform="moodle", platform_id=number, **more)


def test_grades_are_taken_and_everything_else_is_as_it_was() -> None:
    """By the number of the participant, the student number, the address; comments of people stay."""
    results = [
        moodle("Jane Doe", "657737"),
        of("T. Yamada", email="Taro@example.org", score="20.00"),
        of("A. O.", "s4"),
    ]
    data, said = fill(*results)
    changed = graded_by_moodle(data)

    assert {number: grade for number, (grade, _) in changed.items()} == {"657737": 12.5, "657738": 20.0, "657740": 12.5}
    assert changed["657738"][1] == "Graded automatically: 20.00 of 20.00 points."
    assert changed["657740"][1].startswith(
        "Graded automatically: 12.50 of 20.00 points.<br>Log-density of the prior: 12.50"
    )
    assert changed["657737"][1] == 'Good, "very"\nnice'
    assert "row 2 of sheet.csv (Jane Doe): the comment of a person stays as it is" in said
    rest = data.decode().replace("12.50", "3.00", 1)
    assert rest.startswith(WORKSHEET[: WORKSHEET.index("Participant 657738")])
    assert WORKSHEET.splitlines()[4] in rest


def test_what_moodle_would_skip_is_said() -> None:
    """A locked row and a grade above the maximum are skipped there without a word."""
    data, said = fill(of("=cmd|x"), of("Jane Doe", score="21.00", max_score="24.00"))

    assert data.decode() == WORKSHEET
    assert "because the grade is locked in Moodle" in said
    assert "Moodle skips 21.00, which is more than the maximum grade of 20.00" in said


def test_another_maximum_is_said() -> None:
    """Points are no percentages."""
    assert "the maximum grade is 20.00 there, and 24.00 in the result" in fill(of("Jane Doe", max_score="24.00"))[1]


def test_who_has_no_score_or_is_not_there_is_listed() -> None:
    """Their rows stay as they are."""
    data, said = fill(without_score("Jane Doe"), of("Nobody Known", "x"), of("T", "s2"))

    assert set(graded_by_moodle(data)) == {"657738"}
    assert "Jane Doe: no score is written, because the grader failed" in said
    assert "Nobody_Known (Nobody Known): Nobody Known is not found in sheet.csv" in said


def test_the_worksheet_of_another_assignment_changes_nobody_s_grade() -> None:
    """Numbers of participants are given anew in each assignment: names that disagree stop them."""
    data, said = fill(moodle("Somebody Else", "657737"), moodle("Jane Doe", "657738"))

    assert data.decode() == WORKSHEET
    assert said.count("is this the worksheet of another assignment?") == 2


def test_anonymous_participants_have_no_names_to_compare() -> None:
    """Where marking is blind, the number alone decides."""
    blind = re.sub(r'(Participant 65773\d"?),[^,]*,', r"\1,", WORKSHEET.replace("Full name,", ""))
    data, said = fill(moodle("Participant", "657737"), worksheet=blind)

    assert b",12.50,20.00,Yes" in data
    assert "another assignment" not in said


def test_a_worksheet_in_another_language() -> None:
    """Headers say nothing there: the cells tell where grades and comments stand; decimal commas and line ends stay."""
    data, said = fill(of("Jane Doe"), of("Smith, John", score="8.00"), worksheet=GERMAN)
    rows = rows_of(data)

    assert [row["Bewertung"] for row in rows] == ["12,50", "8,00"]
    assert all(row["Feedback als Kommentar"].startswith("Graded automatically: ") for row in rows)
    assert said == ""
    kept = data.decode().replace('"12,50"', '"0,00"').replace('"8,00"', '"7,50"')
    assert re.sub(r"Graded automatically[^\r]*", "", kept.replace('"Graded', "Graded")) == GERMAN


def test_without_feedback_comments_only_grades_are_written() -> None:
    """The last column is then that of the dates."""
    short = "\n".join(line.rpartition(",")[0] for line in GERMAN.splitlines()) + "\n"
    data, _ = fill(of("Jane Doe"), worksheet=short)

    assert data.decode() == short.replace('"0,00"', '"12,50"')


@pytest.mark.parametrize(
    ("worksheet", "words"),
    [
        ("Name,Grade\nJane Doe,3\n", "this is no grading worksheet"),
        (f"{HEAD}\n", "this is no grading worksheet"),
        (GERMAN.replace('"20,00",Ja', '"20,00",20'), "the column of the grades is not found"),
        (GERMAN.replace('"20,00"', "-"), "Set the language of Moodle to English"),
    ],
)
def test_what_is_no_worksheet_is_refused(worksheet: str, words: str) -> None:
    """The sentence says what to do."""
    with pytest.raises(UsageError, match=words):
        fill(of("Jane Doe"), worksheet=worksheet)


def test_comments_hold_no_markup() -> None:
    """Moodle takes a comment for HTML; a task's title and a reason are text in it."""
    bad = "<img src=x onerror=alert(1)>"
    record = graded(manual=({"task": "log_prior", "points": "-1", "reason": bad, "author": "kk"},))
    data, _ = fill(Result("j", record.model_copy(update={"about": of("Jane Doe", "s2").record.about})))
    comment = rows_of(data)[1]["Feedback comments"]

    assert "&lt;img src=x" in comment
    assert "<" not in comment.replace("<br>", "")
    assert "kk" not in comment


# ----------------------------------------------------------------------------------------------------------- feedback


def imported_feedback(data: bytes) -> dict[str, tuple[str, bytes]]:
    """The files that Moodle takes out of a zip, by number: name and content. It splits the path at underscores."""
    found = {}
    for name in zipfile.ZipFile(io.BytesIO(data)).namelist():
        folder, _, file = name.rpartition("/")
        assert not re.search(r"(^|/)[.~]", name)
        person, number, kind, plugin = folder.split("_")
        assert number.isdigit()
        assert (kind, plugin) == ("assignfeedback", "file")
        found[number] = (person, zipfile.ZipFile(io.BytesIO(data)).read(name))
        assert file == "report.html"
    return found


def test_every_student_gets_the_report() -> None:
    """Whatever a name holds, it is one part of the path."""
    results = [moodle(name, str(100 + n), folder=f"f{n}") for n, name in enumerate(HOSTILE)]
    made = moodle_feedback([*results, without_score("Late"), of("No Number")])
    found = imported_feedback(pack(made.files))

    assert sorted(found) == sorted(str(100 + n) for n in range(len(HOSTILE)))
    assert all(b"<!doctype html>" in page.lower() for _, page in found.values())
    assert found["111"][0] == "ليلى"
    said = " | ".join(made.remarks)
    assert "Late: no score is written" in said
    assert "No_Number (No Number): left out, because Moodle's number of this participant is not known" in said


@pytest.mark.parametrize("number", ["", "../1", "１２", "1_2"])
def test_nobody_s_number_is_guessed(number: str) -> None:
    """A number is one."""
    with pytest.raises(UsageError, match="nobody's number in Moodle is known"):
        moodle_feedback([of("Jane", "s1", platform="moodle", platform_id=number)])


def test_two_results_of_one_participant_are_refused() -> None:
    """Both are named."""
    twice = [moodle("Jane Doe", "7", folder="a"), moodle("Jane Doe", "7", folder="b", members=(Member(name="J"),))]
    with pytest.raises(UsageError, match=r"a \(Jane Doe\) and b \(Jane Doe\) are results of one student \(7\)"):
        moodle_feedback(twice)
