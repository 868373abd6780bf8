"""Extensions for single students, in a table that a teacher keeps: `student,due`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autograder.cohort.entries import Entry
from autograder.errors import UsageError, in_words

COLUMNS = ("student", "due")


def read_extensions(path: Path) -> dict[str, str]:
    """Return until when each student of the table has time; the first line names the columns, `student` and `due`.

    Raises:
        UsageError: It cannot be read, or a line is wrong; with the line.
    """
    found: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
                raise UsageError(
                    f"{path}:1: the column {missing[0]!r} is missing; the columns are {', '.join(COLUMNS)}"
                )
            for row in rows:
                student, due = ((row[column] or "").strip() for column in COLUMNS)
                where = f"{path}:{rows.line_num}"
                if not student or student in found:
                    raise UsageError(f"{where}: the student {f'{student!r} stands twice' if student else 'is missing'}")
                found[student] = _time(where, due)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read ({in_words(error)})") from None
    return found


def _time(where: str, due: str) -> str:
    try:
        datetime.fromisoformat(due)
    except ValueError:
        raise UsageError(f"{where}: {due!r} is no time; write it like 2026-03-08T23:59+01:00") from None
    return due


def _until(due: str, entry: Entry) -> Entry:
    """Return an entry, with the attempts before it, that has time until `due`."""
    about = entry.about.model_copy(update={"extension": due})
    return replace(entry, about=about, before=tuple(_until(due, one) for one in entry.before))


def extended(entries: Iterable[Entry], extensions: dict[str, str], where: Path) -> tuple[Entry, ...]:
    """Return the entries with their extensions; a student is named by key, id, login or email, of a group by any member's.

    Raises:
        UsageError: A student is not in the class, or is named in two ways; with who.
    """
    left = dict(extensions)
    changed = []
    for entry in entries:
        about = entry.about
        names = {entry.key, about.id, *(name for m in about.members for name in (m.id, m.login, m.email))} - {""}
        own = [name for name in names if name in left]
        if len(own) > 1:
            raise UsageError(f"{where}: {' and '.join(sorted(own))} are the same submission; name it once")
        changed.append(_until(left.pop(own[0]), entry) if own else entry)
    if left:
        raise UsageError(f"{where}: nobody in the class is called {', '.join(sorted(left))}")
    return tuple(changed)
