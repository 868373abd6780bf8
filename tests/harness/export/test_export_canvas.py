"""The CSV for Canvas, read back as `lib/gradebook_importer.rb` reads it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

import pytest
from people import HOSTILE, of, without_score

from autograder.errors import UsageError
from autograder.export.canvas import canvas
from autograder.export.formats import Given, Result
from autograder.records import Member

COLUMN = "VAE (4711)"
GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (4710),VAE (4711),Current Score\r\n"
    "    Manual Posting,,,,,,,\r\n"
    "    Points Possible,,,,,10.0,20.0,(read only)\r\n"
    '"Doe, Jane",123,s1,jdoe,"Sec 1, A",EX,,90.5\r\n'
    '"Smith, Jr., John",124,s2,jsmith,Sec 1,3,1,  12 \r\n'
    '"=""x""",125,s3,x,Sec 1,,EX,\r\n'
    '"Student, Test",999,,abcdef,Sec 1,,,\r\n'
)


@dataclass(frozen=True)
class Imported:
    """What Canvas would do with a file.

    Attributes:
        assignment: The id of the assignment; None where a new one would be made.
        possible: The points of the row of points possible.
        scores: By (ID, SIS user ID, login, name): a number, `"EX"`, or None.
    """

    assignment: int | None
    possible: float
    scores: dict[tuple[str, str, str, str], float | str | None]


def import_into_canvas(data: bytes, column: str = COLUMN) -> Imported:
    """Read a file by the importer's rules: header, points possible, values; raises where Canvas refuses."""
    text = data.decode("utf-8-sig")
    first = "\n".join(text.splitlines()[:3])
    rows = list(
        csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    )
    header = rows[0]
    assert len(header) > 3
    assert "Student" in header[0]
    assert "ID" in header[1]
    place = 2
    for name in ("SIS User ID", "SIS Login ID"):
        place += header[place] == name
    assert "Section" in header[place], "Invalid header row"
    target = header.index(column)
    body = rows[1:]
    if "Manual Posting" in body[0][0] or "Muted" in body[0][0]:
        body = body[1:]
    assert "Points Possible" in body[0][0]
    assert "read only" not in body[0][target]
    found = re.search(r"\((\d+)\)$", column)
    scores = {(row[1], row[2], row[3], row[0]): value_of(row[target]) for row in body[1:]}
    return Imported(int(found[1]) if found else None, float(body[0][target].replace(",", ".")), scores)


def value_of(cell: str) -> float | str | None:
    """A value of a cell: a number, excused, or no score."""
    if cell.strip() in ("", "-"):
        return None
    return "EX" if cell.strip().upper() == "EX" else float(cell.replace(",", "."))


def fill(*results: Result, gradebook: str | bytes = GRADEBOOK, column: str = COLUMN) -> tuple[bytes, str]:
    """The filled gradebook and what was said."""
    data = gradebook if isinstance(gradebook, bytes) else gradebook.encode()
    made = canvas(results, column=column, gradebook=Given("grades.csv", data))
    return made.files["grades.csv"], " | ".join(made.remarks)


def test_one_column_is_filled_and_all_else_stays() -> None:
    """By the Canvas id, the SIS id, the login and the name; every other cell is the same, byte for byte."""
    data, _ = fill(of("", "123", platform="canvas", score="17.50"), of("John", login="jsmith", score="3.25"))
    imported = import_into_canvas(data)

    assert imported.assignment == 4711
    assert {key[0]: score for key, score in imported.scores.items()} == {
        "123": 17.5,
        "124": 3.25,
        "125": "EX",
        "999": None,
    }
    expected = GRADEBOOK.replace("EX,,90.5", "EX,17.50,90.5").replace("3,1,  12", "3,3.25,  12")
    assert data.decode() == expected


@pytest.mark.parametrize(
    ("result", "row"),
    [
        (of("Somebody", "123", platform="canvas", platform_id="124"), None),
        (of("Somebody", "s2"), "124"),
        (of("Somebody", email="jdoe"), "123"),
        (of("jane DOE"), "123"),
        (of("Smith, Jr., John"), "124"),
        (of("Nobody Known"), None),
    ],
    ids=["two ids that disagree", "SIS id", "login", "name", "name with commas", "nobody"],
)
def test_students_are_found_as_canvas_finds_them(result: Result, row: str | None) -> None:
    """The surest that is known decides; whoever is not found is listed and posts nothing."""
    data, said = fill(result)
    found = {key[0] for key, score in import_into_canvas(data).scores.items() if score == 12.5}

    assert found == ({row} if row else set())
    assert ("is not found in grades.csv" in said) is (row is None)


def test_a_name_that_two_rows_have_is_nobody_s() -> None:
    """No grade is guessed; and a name alone, where an id is known, is said."""
    twice = GRADEBOOK + '"Doe, Jane",130,s9,jdoe2,Sec 1,,,\r\n'

    assert "several rows fit" in fill(of("Jane Doe"), gradebook=twice)[1]
    assert fill(of("Jane Doe"), gradebook=twice)[0] == twice.encode()
    assert "by the name alone, not by 77" in fill(of("Jane Doe", "77"))[1]


def test_a_student_number_is_not_taken_for_somebody_s_canvas_id() -> None:
    """Where a number is one student's in Canvas and another's at the university, nobody is chosen."""
    other = GRADEBOOK.replace("124,s2", "124,123")

    assert "several rows fit" in fill(of("Somebody", "123"), gradebook=other)[1]


def test_all_of_a_group_get_the_score() -> None:
    """Each member has a row."""
    members = (Member(name="A", id="123"), Member(name="B", id="124"))
    data, _ = fill(of("Group 1", "g1", members=members, platform="canvas"))

    assert list(import_into_canvas(data).scores.values())[:2] == [12.5, 12.5]


def test_who_has_no_score_keeps_what_canvas_has() -> None:
    """An error, a rejected submission and an excused student change no cell, and are listed."""
    broken = [without_score("Jane Doe"), without_score("John", "rejected", "s2")]
    data, said = fill(*broken, of("X", "s3"), of("Y", "s1", folder="y"))

    assert data.decode() == GRADEBOOK.replace("EX,,90.5", "EX,12.50,90.5")
    for part in ("the grader failed", "the submission could not be read", "is excused"):
        assert part in said


def test_semicolons_decimal_commas_and_a_mark_stay() -> None:
    """A gradebook of another locale is filled in its own manner."""
    european = "\ufeff" + (
        'Student;ID;SIS Login ID;Section;VAE (4711)\nPoints Possible;;;;20,0\n"Doe; Jane";123;jdoe;Sec 1;\n'
    )
    data, _ = fill(of("Jane", login="jdoe"), gradebook=european)

    assert data.decode() == european.removesuffix("\n") + "12,50\n"
    assert list(import_into_canvas(data).scores.values()) == [12.5]


def test_a_comma_number_behind_commas_is_quoted() -> None:
    """It stays one cell."""
    data, _ = fill(of("Jane", login="jdoe"), gradebook=GRADEBOOK.replace("90.5", '"90,5"'))

    assert b'EX,"12,50","90,5"' in data


def test_names_in_two_columns() -> None:
    """Some gradebooks have the last and the first name by themselves."""
    parted = "LastName,FirstName,ID,SIS Login ID,Section,VAE (4711)\n    Points Possible,,,,,20\nDoe,Jane,123,jdoe,S,\n"

    assert fill(of("Jane Doe"), gradebook=parted)[0].endswith(b"Doe,Jane,123,jdoe,S,12.50\n")


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        (lambda text: "a,b\n1,2\n", COLUMN, "this is no gradebook of Canvas"),
        (lambda text: text.replace("    Points Possible", "x"), COLUMN, "the row `Points Possible` is missing"),
        (lambda text: text, "PCA (1)", r"there is no column called so in grades.csv. Take one of 'Lab 1 \(4710\)'"),
        (lambda text: text.replace("Lab 1 (4710)", "VAE (5)"), "VAE", "several columns are called so"),
        (lambda text: text, "Current Score", "which is read only"),
        (lambda text: text + '"open', COLUMN, r"grades.csv:8: a quotation mark is not closed"),
        (lambda text: "", COLUMN, "the file is empty"),
        (lambda text: text.encode("utf-16"), COLUMN, "this is no CSV in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_gradebook_is_refused(change: Any, column: str, words: str) -> None:
    """The sentence says what is wrong and what to do."""
    with pytest.raises(UsageError, match=words):
        fill(of("Jane Doe"), gradebook=change(GRADEBOOK), column=column)


@pytest.mark.parametrize("column", ["VAE (4711)", "VAE", "Renamed here (4711)"])
def test_the_column_is_found_by_number_or_title(column: str) -> None:
    """As Canvas finds an assignment."""
    assert b"EX,12.50,90.5" in fill(of("Jane Doe"), column=column)[0]


def test_two_results_for_one_row_are_refused() -> None:
    """Both are named; also where different things are known of them."""
    with pytest.raises(UsageError, match=r"one \(Jane Doe\) and two \(J\. Doe\) are both for row 4 of grades\.csv"):
        fill(of("Jane Doe", folder="one"), of("J. Doe", "s1", folder="two"))


def test_another_maximum_is_said() -> None:
    """Points are no percentages: somebody has to look."""
    assert "has 10.0 points in Canvas, and results have 20.00" in fill(of("Jane Doe"), column="Lab 1 (4710)")[1]


def test_the_smallest_file_is_taken() -> None:
    """Without a gradebook: the columns that the importer asks for, and formulas in names are none."""
    class_ = [of(name, f"s{n}", folder=f"f{n}") for n, name in enumerate(HOSTILE)]
    made = canvas([*class_, of("Jane", "123", platform="canvas")], column=COLUMN)
    imported = import_into_canvas(made.files["grades.csv"])

    assert (imported.assignment, imported.possible) == (4711, 20.0)
    assert set(imported.scores.values()) == {12.5}
    assert [key[:2] for key in imported.scores] == [*(("", f"s{n}") for n in range(len(HOSTILE))), ("123", "")]
    assert not any(re.match(r"[=+\-@]", key[3]) for key in imported.scores)


def test_no_new_assignment_is_made() -> None:
    """A title without a number would make one; two maxima cannot be one assignment's."""
    with pytest.raises(UsageError, match=r"Canvas makes a new assignment"):
        canvas([of("Jane")], column="VAE")
    with pytest.raises(UsageError, match=r"different maxima \(20\.00, 24\.00\)"):
        canvas([of("Jane"), of("John", max_score="24.00")], column=COLUMN)
