"""`about.csv`, which a teacher may put beside the folders of a class: who is who, and when they handed in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from autograder.cohort.platforms.download import Item
from autograder.cohort.platforms.hand_ins import told
from autograder.errors import UsageError
from autograder.intake import printable
from autograder.intake.limits import MB
from autograder.records import About, Member

NAME = "about.csv"
FILE = "file"

_TIMES = ("submitted_at", "due", "extension")
_COLUMNS = (FILE, "name", "id", "email", *_TIMES)


@dataclass(frozen=True)
class Row:
    """One student, and the line where it is said."""

    about: About
    line: int


def read(item: Item) -> dict[str, Row]:
    """Return what the table says: name of a file or folder, or key of an entry -> row.

    The first line names the columns, in any order: `file`, and any of `name`, `id`, `email`, `submitted_at`, `due`,
    `extension`.

    Raises:
        UsageError: It is no such table; names line and column.
    """
    with item.open() as stream:
        data = stream.read(10 * MB + 1)
    if len(data) > 10 * MB:
        raise UsageError(f"{item.name} has more than 10 MB. It holds one line per student.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{item.name}:{line}: this is not UTF-8. Save the table as CSV with UTF-8.") from None
    rows: dict[str, Row] = {}
    for line, cells in _cells(item.name, text):
        written = cells[FILE]
        if written in rows:
            raise UsageError(
                f"{item.name}:{line}, column {FILE}: {printable(written)} stands in line {rows[written].line} already."
            )
        rows[written] = Row(_about(cells), line)
    return rows


def require_attempts(name: str, rows: Mapping[str, Row]) -> None:
    """Require that rows with one id can be attempts of one student: under one name, each with the time when it was handed in.

    Raises:
        UsageError: They cannot; with the line.
    """
    lines: dict[str, list[Row]] = {}
    for row in rows.values():
        lines.setdefault(row.about.id, []).append(row)
    for id_, attempts in lines.items():
        if not id_ or len(attempts) == 1:
            continue
        said = f"the id {printable(id_)} stands in {len(attempts)} rows, which are attempts of one student"
        untimed = [row.line for row in attempts if not row.about.submitted_at]
        if untimed:
            raise UsageError(
                f"{name}:{untimed[0]}, column submitted_at: {said}: say of each when it was handed in, or give different students "
                "different ids."
            )
        others = [row.line for row in attempts if row.about.name != attempts[0].about.name]
        if others:
            raise UsageError(
                f"{name}:{others[0]}, column name: {said}, but have different names: write one name, or give different students "
                "different ids."
            )


def _cells(name: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, column -> cell) of every student."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _header(f"{name}:{line}", [cell.strip() for cell in cells])
            else:
                yield line, _checked(f"{name}:{line}", columns, cells)
    except csv.Error as error:
        raise UsageError(f"{name}:{begins}: this is no line of a CSV table ({error}).") from None
    if not columns:
        raise UsageError(f"{name} is empty. Its first line names the columns: {','.join(_COLUMNS)}")


def _header(place: str, columns: list[str]) -> list[str]:
    for number, column in enumerate(columns, start=1):
        if column not in _COLUMNS or column in columns[: number - 1]:
            raise UsageError(
                f"{place}, column {number}: {printable(column)!r} is not a column, or stands twice. "
                f"The columns are {', '.join(_COLUMNS)}, with commas between them."
            )
    if FILE not in columns:
        raise UsageError(f"{place}: the column {FILE} is missing. It names a student's file or folder.")
    return columns


def _checked(place: str, columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise UsageError(
            f"{place}: there are {len(cells)} cells under {len(columns)} columns. Quote cells that hold a comma."
        )
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    if not row[FILE]:
        raise UsageError(f"{place}, column {FILE}: it is empty. Name the student's file or folder.")
    for column, cell in row.items():
        if column != FILE and told(cell) != cell:
            raise UsageError(
                f"{place}, column {column}: it is longer than 200 characters, or holds characters that cannot be shown."
            )
    for column in _TIMES:
        _require_time(f"{place}, column {column}", row.get(column, ""))
    return row


def _require_time(place: str, written: str) -> None:
    try:
        if written:
            datetime.fromisoformat(written)
    except ValueError:
        raise UsageError(
            f"{place}: {printable(written)!r} is no time; write it like 2026-03-01T23:59:00+01:00"
        ) from None


def _about(cells: dict[str, str]) -> About:
    name, id_, email = (cells.get(column, "") for column in ("name", "id", "email"))
    return About(
        name=name,
        id=id_,
        submitted_at=cells.get("submitted_at", ""),
        due=cells.get("due", ""),
        extension=cells.get("extension", ""),
        members=(Member(name=name, id=id_, email=email),) if email else (),
    )
