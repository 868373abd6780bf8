"""What a page says of the submission itself: who handed it in, how late, earlier attempts, and the code beside a failure. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from autograder.records import About, CheckRecord, GradeRecord, TaskRecord
from autograder.report import text

_PLACE = re.compile(r'File "([^"]{1,200})", line (\d{1,7})')


@dataclass(frozen=True)
class CodeLine:
    """A line of a student's function; `raised` where an error came through it."""

    number: int
    text: str
    raised: bool


def code_lines(task: TaskRecord, failed: Iterable[CheckRecord]) -> tuple[CodeLine, ...]:
    """Return the code of a task's function, line by line, with the places that the tracebacks of these checks name."""
    if task.code is None:
        return ()
    raised = {
        int(number)
        for check in failed
        for line in check.traceback
        for place, number in _PLACE.findall(line)
        if place == task.code.place
    }
    lines = enumerate(task.code.text.split("\n"), start=task.code.first_line)
    return tuple(CodeLine(number, line, number in raised) for number, line in lines)


def facts(about: About) -> Iterator[tuple[str, str]]:
    """Yield what is known of who handed in and when, as (caption, words)."""
    who = ", ".join(part for part in (about.name, about.id) if part)
    if who:
        yield "Student", who
    if about.submitted_at:
        late = lateness(about)
        yield "Handed in", f"{_moment(about.submitted_at)}{f', {late}' if late else ''}"
    if about.due:
        yield "Due", _moment(about.due)


def lateness(about: About) -> str:
    """Return `"2 days and 3 hours late"` or `"in time"`; "" where it is not known."""
    handed, due = _time(about.submitted_at), _time(about.due)
    if handed is None or due is None or (handed.tzinfo is None) != (due.tzinfo is None):
        return ""
    late = handed - due
    return "in time" if late <= timedelta(0) else f"{_duration(late)} late"


def attempts(record: GradeRecord) -> str:
    """Return `"Attempt 3: 12.50 points; before that 9.00, 11.25."`, or which of several counts; "" where there is no other."""
    if record.counted is not None:
        return record.counted.message
    if not record.attempts:
        return ""
    before = ", ".join(attempt.score for attempt in record.attempts[-10:])
    score = f": {record.score} points" if record.score is not None else ""
    return f"Attempt {record.attempts[-1].number + 1}{score}; before that {before}."


def _time(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _moment(written: str) -> str:
    """A point in time as `1 March 2026, 23:59 (UTC+01:00)`; what is none stays as it is."""
    moment = _time(written)
    if moment is None:
        return written
    zone = f" ({moment.tzname()})" if moment.tzinfo is not None else ""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M}{zone}"


def _duration(span: timedelta) -> str:
    minutes = max(round(span.total_seconds() / 60), 1)
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    said = [text.count(amount, unit) for amount, unit in parts if amount][:2]
    return " and ".join(said)


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]  # not those of whoever's machine draws the page
