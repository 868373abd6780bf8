"""Moodle: the offline grading worksheet, as it was downloaded with grades and feedback comments filled in.

Its headers are in the language of the site. The columns that are filled are found by their English names, or by what stands in them:
the identifier ends in the number of the participant, the maximum grade is the same in every row, the grade stands before it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from autograder.errors import UsageError
from autograder.export.formats import Export, Format, Given, Need, Result
from autograder.export.matching import Level, match, name_forms
from autograder.export.results import people, platform_number, score_of, scored, whose
from autograder.export.sheet import Sheet, number, read_sheet
from autograder.export.words import losses, overview
from autograder.report.redact import for_student

_IDENTIFIER = re.compile(r"\D*?(\d+)")
_ENGLISH = {
    "grade": "Grade",
    "most": "Maximum Grade",
    "comment": "Feedback comments",
    "open": "Grade can be changed",
    "name": "Full name",
}
_OURS = "Graded automatically: "
"""How our comments begin: they may be replaced, those that a person wrote may not."""
_NOTHING = ("", "-")


@dataclass(frozen=True)
class _Columns:
    """Where a worksheet has what is needed; `comment` is None in an assignment without feedback comments."""

    grade: int
    most: int
    comment: int | None


def moodle_worksheet(results: Sequence[Result], *, worksheet: Given) -> Export:
    """Return the worksheet with grades and comments, everything else byte for byte as it was.

    Args:
        results: Those of a class.
        worksheet: The file that was downloaded with `Download grading worksheet`.

    Raises:
        UsageError: It is no worksheet, or two results are of one student.
    """
    found, remarks = scored(results)
    sheet = read_sheet(worksheet)
    rows = [row for row in range(1, len(sheet.rows)) if any(sheet.rows[row])]
    columns = _columns(sheet, rows)
    matches = match(found, _levels(sheet, columns, rows), sheet.name)
    remarks += matches.remarks
    comma = sheet.has_comma_numbers(columns.most) or sheet.has_comma_numbers(columns.grade)
    strangers = _strangers(sheet, matches.rows)
    cells = {}
    for row, result in sorted(matches.rows.items()):
        place = f"row {row + 1} of {sheet.name} ({sheet.value(row, 1)})"
        score, most = score_of(result)
        why = _why_strange(result) if row in strangers else _why_skipped(sheet, columns, row, score)
        if why:
            remarks.append(f"{place}: nothing is written, because {why}")
            continue
        if (there := _points(sheet.value(row, columns.most))) != most:
            remarks.append(f"{place}: the maximum grade is {there} there, and {most:.2f} in the result")
        cells[row, columns.grade] = number(score, comma=comma)
        if columns.comment is not None:
            written = sheet.value(row, columns.comment)
            if written in _NOTHING or written.startswith(_OURS):
                cells[row, columns.comment] = _comment(result)
            else:
                remarks.append(f"{place}: the comment of a person stays as it is")
    return Export({"worksheet.csv": sheet.filled(cells)}, tuple(remarks))


def _strangers(sheet: Sheet, rows: Mapping[int, Result]) -> set[int]:
    """Return the rows in which another name stands than in the result: numbers of participants are of one assignment only, and the
    worksheet of another one has the same numbers for other people. Where participants are anonymous there are no names to compare.
    """
    known = {row for row, one in rows.items() if platform_number(one, "moodle") and _words(one.record.about.name)}
    others = {
        row
        for row in known
        if not any(_words(sheet.value(row, 1)) & _words(member.name) for member in people(rows[row]))
    }
    has_names = sheet.header()[1:2] == [_ENGLISH["name"]] or others != known
    return others if has_names else set()


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", unicodedata.normalize("NFKC", name).casefold()))


def _why_strange(result: Result) -> str:
    return f"the result is of {whose(result)}: is this the worksheet of another assignment?"


def _columns(sheet: Sheet, rows: Sequence[int]) -> _Columns:
    if not rows or not all(_IDENTIFIER.fullmatch(sheet.value(row, 0)) for row in rows):
        raise UsageError(
            f"{sheet.name}: this is no grading worksheet: its first column does not hold identifiers such as "
            "'Participant 657737'. Download it again with `Download grading worksheet`"
        )
    header = sheet.header()
    named = {what: header.index(name) for what, name in _ENGLISH.items() if name in header}
    most = named["most"] if "most" in named else _most_column(sheet, rows)
    comment = named["comment"] if "comment" in named else _comment_column(sheet, rows, most)
    return _Columns(named.get("grade", most - 1), most, comment)


def _most_column(sheet: Sheet, rows: Sequence[int]) -> int:
    """Return the only column that has the same positive number in every row, behind one with grades up to it or nothing."""
    found = []
    for column in range(2, len(sheet.rows[0])):
        (most, *others) = {_points(sheet.value(row, column)) for row in rows}
        before = [sheet.value(row, column - 1) for row in rows]
        if most and not others and all(_is_grade(text, most) for text in before):
            found.append(column)
    if len(found) != 1:
        raise UsageError(
            f"{sheet.name}: the column of the grades is not found, because its name is in another language and the cells do not "
            "tell it. Set the language of Moodle to English, and download the worksheet again"
        )
    return found[0]


def _is_grade(text: str, most: Decimal) -> bool:
    points = _points(text)
    return text in _NOTHING or (points is not None and 0 <= points <= most)


def _comment_column(sheet: Sheet, rows: Sequence[int], most: int) -> int | None:
    """Return the last column, if it is the one behind that of the dates: dates are `-` or hold a year, comments are neither."""
    last = len(sheet.rows[0]) - 1

    def is_dates(column: int) -> bool:
        return all(re.fullmatch(r"-|.*\d{4}.*", sheet.value(row, column), re.DOTALL) for row in rows)

    return last if last - 1 > most and is_dates(last - 1) and not is_dates(last) else None


def _points(text: str) -> Decimal | None:
    try:
        points = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return points if points.is_finite() else None


def _why_skipped(sheet: Sheet, columns: _Columns, row: int, score: Decimal) -> str:
    """Return why Moodle would silently skip a grade; "" if it would not."""
    most = _points(sheet.value(row, columns.most))
    if most is not None and score > most:
        return f"Moodle skips {score}, which is more than the maximum grade of {most}: change the maximum there"
    header = sheet.header()
    if _ENGLISH["open"] in header and sheet.value(row, header.index(_ENGLISH["open"])) == "No":
        return "the grade is locked in Moodle"
    return ""


def _levels(sheet: Sheet, columns: _Columns, rows: Sequence[int]) -> list[Level]:
    def identifier(row: int) -> Iterator[str]:
        if found := _IDENTIFIER.fullmatch(sheet.value(row, 0)):
            yield found[1]

    told = {row: [sheet.value(row, column) for column in range(1, columns.grade)] for row in rows}
    names = {row: list(name_forms(sheet.value(row, 1))) for row in rows}
    return [
        Level(lambda result, _: [platform_number(result, "moodle")], {row: list(identifier(row)) for row in rows}),
        # whichever columns the site shows of a person: no status and no group looks like a student number or an address
        Level(lambda _, member: [member.id, member.email, member.login], told),
        Level(lambda _, member: name_forms(member.name), names, is_a_name=True),
    ]


def _comment(result: Result) -> str:
    """Return the comment: Moodle takes it for HTML."""
    record = for_student(result.record)
    total, *lines = overview(record)
    return "<br>".join(html.escape(line) for line in (_OURS + total, *lines, *losses(record)))


FORMAT = Format(
    "moodle-worksheet",
    "Moodle: the grading worksheet with grades and comments filled in.",
    moodle_worksheet,
    needs=(Need("worksheet", "The CSV downloaded from Moodle.", kind="file", is_required=True),),
)
