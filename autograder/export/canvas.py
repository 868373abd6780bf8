"""Canvas: the CSV of the gradebook, as it was downloaded with one column filled in, or the smallest file that its importer takes.

The importer finds students by Canvas's ID, the SIS user ID, the login and the name, in this order, and an assignment by the number in
`Title (4711)`. A title that it does not know makes a new assignment, so one is never written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation

from autograder.errors import UsageError
from autograder.export.formats import Export, Format, Given, Need, Result
from autograder.export.matching import Level, match, name_forms
from autograder.export.results import people, platform_number, possible, score_of, scored
from autograder.export.sheet import Sheet, number, read_sheet, safe, table
from autograder.records import Member

_POINTS_POSSIBLE = "Points Possible"
_HEAD_ROWS = 4
"""The importer looks for the row of the points possible among so many."""


def canvas(results: Sequence[Result], *, column: str, gradebook: Given | None = None) -> Export:
    """Return the CSV for the import into Canvas's gradebook.

    Args:
        results: Those of a class.
        column: The header of the assignment's column, `"Title (4711)"`.
        gradebook: The CSV that was downloaded from Canvas; all but the cells of this column stays as it is.

    Raises:
        UsageError: The gradebook is none or has no such column, or two results are of one student.
    """
    found, remarks = scored(results)
    if gradebook is None:
        return Export({"grades.csv": _smallest(found, column)}, tuple(remarks))
    data, more = _filled(found, column, read_sheet(gradebook))
    return Export({"grades.csv": data}, (*remarks, *more))


def _smallest(results: Sequence[Result], column: str) -> bytes:
    """Return a file with the columns that the importer asks for and a row for every person."""
    if not re.search(r"\(\d+\)$", column):
        raise UsageError(
            f"--column {column!r}: write the header of Canvas's gradebook with its number, such as 'Title (4711)': "
            "without the number Canvas makes a new assignment"
        )
    most = {possible(result.record) for result in results}
    if len(most) > 1:
        listed = ", ".join(number(points) for points in sorted(most))
        raise UsageError(f"the results have different maxima ({listed}): export those of each track by themselves")
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", safe(column)]]
    rows.append([f"    {_POINTS_POSSIBLE}", "", "", "", "", number(most.pop())])
    for result in results:
        score, _ = score_of(result)
        for member in people(result):
            is_canvas = result.record.about.platform == "canvas"
            own = platform_number(result, "canvas") or (member.id if is_canvas else "")
            sis = "" if is_canvas else member.id
            rows.append([*map(safe, (member.name, own, sis, member.login, "")), number(score)])
    return table(rows)


def _filled(results: Sequence[Result], column: str, sheet: Sheet) -> tuple[bytes, list[str]]:
    header = sheet.header()
    _require_gradebook(sheet, header)
    target = _column(sheet.name, header, column)
    first = _first_student(sheet, target)
    matches = match(results, _levels(sheet, header, range(first, len(sheet.rows))), sheet.name)
    remarks = [*matches.remarks, *_other_maximum(sheet, target, first - 1, results)]
    comma = any(sheet.has_comma_numbers(place) for place in range(len(header)))
    cells = {}
    for row, result in sorted(matches.rows.items()):
        if sheet.value(row, target).upper() == "EX":
            remarks.append(f"{sheet.value(row, 0)} is excused in {sheet.name}: the cell stays as it is")
        else:
            cells[row, target] = number(score_of(result)[0], comma=comma)
    return sheet.filled(cells), remarks


def _require_gradebook(sheet: Sheet, header: Sequence[str]) -> None:
    if len(header) < 4 or "ID" not in header or not any("Section" in name for name in header):
        raise UsageError(
            f"{sheet.name}: this is no gradebook of Canvas: its first row has no columns `Student`, `ID` and `Section`. "
            "Download it again with Grades > Export"
        )


def _column(file: str, header: Sequence[str], asked: str) -> int:
    """Return which column is meant: by the header, the number in it, or the title if there is one such."""
    section = next(place for place, name in enumerate(header) if "Section" in name)
    those = {place: name for place, name in enumerate(header) if place > section and name}
    wanted = re.search(r"\((\d+)\)$", asked)
    by_number = [place for place, name in those.items() if wanted and name.endswith(wanted[0])]
    by_title = [place for place, name in those.items() if asked in (name, re.sub(r"\s*\(\d+\)$", "", name))]
    chosen = by_number or by_title
    if len(chosen) != 1:
        what = "several columns are" if chosen else "there is no column"
        listed = ", ".join(repr(name) for name in list(those.values())[:12])
        raise UsageError(f"--column {asked!r}: {what} called so in {file}. Take one of {listed}")
    return chosen[0]


def _first_student(sheet: Sheet, target: int) -> int:
    """Return the row behind the one with the points possible."""
    rows = range(1, min(_HEAD_ROWS, len(sheet.rows)))
    points = next((row for row in rows if _POINTS_POSSIBLE in sheet.value(row, 0)), None)
    if points is None:
        raise UsageError(f"{sheet.name}: the row `{_POINTS_POSSIBLE}` is missing. Download the gradebook again")
    if "read only" in sheet.value(points, target).lower():
        raise UsageError(
            f"{sheet.name}: Canvas ignores the column {sheet.value(0, target)!r}, which is read only. "
            "Name the column of an assignment"
        )
    return points + 1


def _other_maximum(sheet: Sheet, target: int, row: int, results: Iterable[Result]) -> Iterator[str]:
    written = sheet.value(row, target).replace(",", ".")
    try:
        there = Decimal(written)
    except InvalidOperation:
        return
    for most in sorted({possible(result.record) for result in results} - {there}):
        yield f"{sheet.name}: the assignment has {written} points in Canvas, and results have {most:.2f}: change one of them"


def _levels(sheet: Sheet, header: Sequence[str], rows: range) -> list[Level]:
    def cells(*columns: str) -> dict[int, list[str]]:
        places = [header.index(name) for name in columns if name in header]
        return {row: [sheet.value(row, place) for place in places] for row in rows}

    def numbers(result: Result, member: Member) -> list[str]:
        return [platform_number(result, "canvas"), member.id] if result.record.about.platform == "canvas" else []

    written = {row: [form for one in _names(sheet, header, row) for form in name_forms(one)] for row in rows}
    return [
        Level(numbers, cells("ID")),
        Level(lambda _, member: [member.id], cells("ID", "SIS User ID")),
        Level(lambda _, member: [member.login, member.email, member.id], cells("SIS Login ID")),
        Level(lambda _, member: name_forms(member.name), written, is_a_name=True),
    ]


def _names(sheet: Sheet, header: Sequence[str], row: int) -> Iterator[str]:
    """Yield the name in a row; some gradebooks have the last and the first name in columns of their own."""
    if {"LastName", "FirstName"} <= set(header):
        yield f"{sheet.value(row, header.index('LastName'))}, {sheet.value(row, header.index('FirstName'))}"
    else:
        yield sheet.value(row, 0)


FORMAT = Format(
    "canvas",
    "Canvas: the CSV of the gradebook with one column filled in.",
    canvas,
    needs=(
        Need("column", "The header of the assignment's column, such as 'Title (4711)'.", is_required=True),
        Need("gradebook", "The CSV downloaded from Canvas; only the column's cells are changed.", kind="file"),
    ),
)
