"""Points that people give: from the command line or a table, for results that exist. Nothing is graded again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from autograder.errors import UsageError, in_words
from autograder.grading.results import load
from autograder.records import RESULT, GradeRecord, ManualPoints

COLUMNS = ("submission", "task", "points", "reason", "author")
_POINTS = re.compile(r"(=|[+-]?)\s*(\d+(?:\.\d{1,2})?)")


@dataclass(frozen=True)
class Given:
    """One decision of a person.

    Attributes:
        where: Where it was written, for messages.
        submission: Name of the folder of the result; "" where one result was named.
        entry: What it says.
    """

    where: str
    submission: str
    entry: ManualPoints


def entry_of(where: str, task: str, points: str, reason: str, author: str) -> ManualPoints:
    """Return what a person decided.

    Args:
        where: Where it was written, for messages.
        task: A task's id.
        points: `"+0.5"` or `"0.5"` is added, `"-1"` taken away, `"=3"` set; "" and `"0"` are a comment.
        reason: For the student.
        author: Who decided.

    Raises:
        UsageError: Something is missing, or no points.
    """
    found = _POINTS.fullmatch(points.strip() or "0")
    if found is None:
        raise UsageError(f"{where}: {points!r} are no points: +0.5 adds, -1 takes away, =3 sets, 0 is a comment")
    for what, text in (("task", task), ("reason", reason), ("author", author)):
        if not text.strip():
            raise UsageError(f"{where}: the {what} is missing")
    sign, number = found.groups()
    try:
        return ManualPoints(
            task=task.strip(),
            points=f"-{number}" if sign == "-" else number,  # type: ignore[arg-type]
            sets=sign == "=",
            reason=reason.strip(),
            author=author.strip(),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{where}: {first['loc'][0]}: {first['msg']}") from None


def read_table(path: Path) -> list[Given]:
    """Return what a CSV file says, with the columns of `COLUMNS` in any order, behind commas or semicolons.

    Raises:
        UsageError: It cannot be read, a column is missing, or a row says something impossible; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({in_words(error)})") from None
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    names = {name.strip().lower(): name for name in rows.fieldnames or () if name}
    if missing := [column for column in COLUMNS if column not in names]:
        raise UsageError(f"{path}:1: the column {missing[0]!r} is missing; the columns are {', '.join(COLUMNS)}")
    return list(_rows(path, rows, names))


def _rows(path: Path, rows: csv.DictReader[str], names: Mapping[str, str]) -> Iterator[Given]:
    try:
        for row in rows:
            cells = {column: (row[names[column]] or "").strip() for column in COLUMNS}
            if not any(cells.values()):
                continue
            where = f"{path}:{rows.line_num}"
            if not cells["submission"]:
                raise UsageError(f"{where}: the submission is missing")
            entry = entry_of(where, cells["task"], cells["points"], cells["reason"], cells["author"])
            yield Given(where, cells["submission"], entry)
    except csv.Error as error:
        raise UsageError(f"{path}:{rows.line_num}: this is no CSV ({error})") from None


def give(
    results: Path, given: list[Given], publish: Callable[[GradeRecord, Path], object], *, undo: bool = False
) -> list[tuple[str, GradeRecord]]:
    """Add decisions to results and draw their pages again; return (submission, record) of those that were written.

    All of them or none: everything is looked at before anything is written. A decision that a result holds already is not added twice.
    Without decisions the pages are drawn again.

    Args:
        results: A result's folder, or a folder of such folders.
        given: The decisions.
        publish: Writes a record and its pages into a folder.
        undo: Take the decisions away again, from those who have them.

    Raises:
        UsageError: A submission or a task is not there; or a result cannot be read, or has no score.
    """
    found = load(results)
    if outside := [path for path, _ in found.values() if path.name != RESULT]:
        raise UsageError(f"{outside[0]}: name the folder that holds {RESULT} and the pages")
    names = {name or record.submission: name for name, (_, record) in found.items()}
    for one in given:
        if one.submission and one.submission not in names:
            known = ", ".join(sorted(names)[:8])
            raise UsageError(f"{one.where}: there is no result of {one.submission!r} in {results}; there are: {known}")
        if not one.submission and len(found) > 1:
            raise UsageError(f"{results} holds {len(found)} results: name one of them")
    written = []
    for shown, name in sorted(names.items()):
        path, record = found[name]
        own = [one for one in given if one.submission in ("", shown)]
        if given and not own:
            continue
        for one in own:
            _require_task(one, record)
        taken = [one.entry for one in own]
        entries = (
            tuple(entry for entry in record.manual if entry not in taken)
            if undo
            else tuple(dict.fromkeys([*record.manual, *taken]))
        )
        written.append((shown, path.parent, record.with_manual(entries)))
    for _, folder, record in written:
        publish(record, folder)
    return [(shown, record) for shown, _, record in written]


def _require_task(one: Given, record: GradeRecord) -> None:
    if record.automatic_score is None:
        raise UsageError(f"{one.where}: {record.submission} has no score ({record.status}): grade it first")
    known = [*(task.id for task in record.tasks), *(work.id for work in record.waiting)]
    if one.entry.task not in known:
        raise UsageError(f"{one.where}: there is no task {one.entry.task!r}; there are: {', '.join(known)}")
