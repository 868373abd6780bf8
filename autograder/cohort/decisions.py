"""One decision for a whole group of a class, and the journal of such decisions, by which they are taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from autograder.class_records import Group
from autograder.cohort.groups import Groups
from autograder.errors import UsageError, in_words
from autograder.grading.manual import Given, entry_of, give
from autograder.grading.results import load
from autograder.records import GradeRecord, ManualPoints, Record

JOURNAL = "group-decisions.jsonl"
"""Beside the reports: a line for every decision about a group, and for every one that was taken back; lines are only added."""

Publish = Callable[[GradeRecord, Path], object]


class Journalled(Record):
    """A line of the journal.

    Attributes:
        at: When, in UTC.
        group, what: The group as it was then.
        students: Keys of those whom the line concerns: who had the same decision already is none of them.
        entry: The decision.
        undone: Whether the line takes the decision back.
    """

    at: str
    group: str
    what: str
    students: tuple[str, ...]
    entry: ManualPoints
    undone: bool = False


class Decided(Record):
    """What a decision about a group does.

    Attributes:
        group: Its id.
        what: What its members share.
        students: Keys of those whose results are written.
        before: Keys of those who have the decision already.
        written: (key, points before, points now) of those that were written; none of a dry run.
    """

    group: str
    what: str
    students: tuple[str, ...]
    before: tuple[str, ...] = ()
    written: tuple[tuple[str, str, str], ...] = ()


def groups_in(records: Iterable[tuple[str, GradeRecord]]) -> tuple[Group, ...]:
    """Return the groups of a class, task by task, the largest first. Members are in the order of their keys."""
    found, tasks, keys = Groups(), dict[str, None](), []
    for key, record in records:
        if record.status == "graded":
            found.add(key, record)
            tasks |= dict.fromkeys(task.id for task in record.tasks)
            keys.append(key)
    return found.found(list(tasks), sorted(keys))


def results_in(reports: Path) -> dict[str, GradeRecord]:
    """Return the records of a class by key.

    Raises:
        UsageError: There are none, one cannot be read, or the folder is that of a single result.
    """
    found = load(reports)
    if "" in found:
        raise UsageError(
            f"{reports} is one result: groups are those of a class, name the folder that holds its folders"
        )
    return {key: record for key, (_, record) in found.items()}


def group_named(groups: Sequence[Group], name: str, reports: Path) -> Group:
    """Return a group by its id, or by the beginning of one.

    Raises:
        UsageError: There is none, or there are several.
    """
    found = [group for group in groups if group.id == name] or [g for g in groups if name and g.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name!r} may be {', '.join(group.id for group in found[:6])}: write one of them")
    where = f"`autograder groups {reports}` lists them; ids change when what a group shares changes"
    raise UsageError(f"there is no group {name!r} in {reports}: {where}")


def decide(
    reports: Path, name: str, points: str, reason: str, author: str, publish: Publish, *, dry_run: bool = False
) -> Decided:
    """Give points, or a comment, to all of a group about its task. Who has the same decision already is left as it is.

    Args:
        reports: Of the class.
        name: The group's id.
        points, reason, author: See `manual.entry_of`.
        publish: Writes a record and its pages into a folder.
        dry_run: Only say whom it concerns.

    Raises:
        UsageError: There is no such group, or the decision cannot be one.
    """
    records = results_in(reports)
    group = group_named(groups_in(records.items()), name, reports)
    entry = entry_of("by-hand --group", group.task, points, reason, author)
    having = tuple(key for key in group.students if entry in records[key].manual)
    new = tuple(key for key in group.students if key not in having)
    decided = Decided(group=group.id, what=group.what, students=new, before=having)
    return decided if dry_run or not new else _done(reports, decided, entry, records, publish, undone=False)


def take_back(reports: Path, name: str, publish: Publish, *, dry_run: bool = False) -> Decided:
    """Take the last decision about a group away again from those to whom it was given, whatever group they are in now.

    Raises:
        UsageError: The journal has none that stands.
    """
    lines = read_journal(reports)
    known = list(dict.fromkeys(line.group for line in lines))
    begun = [group for group in known if name and group.startswith(name)]
    group = begun[0] if len(begun) == 1 else name
    standing: dict[ManualPoints, dict[str, None]] = {}
    for line in lines:
        if line.group == group:
            before = standing.pop(line.entry, {})  # what was given last is last here
            if not line.undone:
                standing[line.entry] = before | dict.fromkeys(line.students)
    if not standing:
        others = ", ".join(known) or "none"
        raise UsageError(
            f"{reports / JOURNAL} has no decision about {name!r} that stands (there are lines about: {others})"
        )
    entry, students = list(standing.items())[-1]
    records = results_in(reports)
    having = tuple(key for key in students if key in records and entry in records[key].manual)
    what = next(line.what for line in reversed(lines) if line.group == group)
    decided = Decided(group=group, what=what, students=having)
    return decided if dry_run else _done(reports, decided, entry, records, publish, undone=True)


def _done(
    reports: Path,
    decided: Decided,
    entry: ManualPoints,
    records: dict[str, GradeRecord],
    publish: Publish,
    *,
    undone: bool,
) -> Decided:
    """Write results and pages, and before the first of them the journal: what is interrupted then is done by the same command, and can
    be taken back. What is refused is refused before that.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = Journalled(
        at=now, group=decided.group, what=decided.what, students=decided.students, entry=entry, undone=undone
    )
    unwritten = [line.model_dump_json() + "\n"]

    def journalled() -> None:
        while unwritten:
            with (reports / JOURNAL).open("a", encoding="utf-8") as journal:
                journal.write(unwritten.pop())

    def write(record: GradeRecord, folder: Path) -> None:
        journalled()
        publish(record, folder)

    given = [Given(f"by-hand --group ({key})", key, entry) for key in decided.students]
    written = give(reports, given, write, undo=undone) if given else []
    journalled()
    moved = tuple((key, records[key].score or "–", record.score or "–") for key, record in written)
    return decided.model_copy(update={"written": moved})


def read_journal(reports: Path) -> list[Journalled]:
    """Return the lines of the journal.

    Raises:
        UsageError: One of them cannot be read; with its number.
    """
    path, found = reports / JOURNAL, []
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({in_words(error)})") from None
    for number, line in enumerate(lines, 1):
        try:
            found.append(Journalled.model_validate(json.loads(line)))
        except (ValidationError, json.JSONDecodeError):
            raise UsageError(f"{path}:{number}: this is no decision; take the line out") from None
    return found


__all__ = ["JOURNAL", "Decided", "decide", "group_named", "groups_in", "read_journal", "results_in", "take_back"]
