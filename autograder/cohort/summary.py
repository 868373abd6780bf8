"""From the records of a class, one after the other, to one record of the whole class. Pure."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from statistics import fmean, quantiles
from typing import Any, get_args

from autograder.class_records import (
    BINS,
    ClassRecord,
    Concern,
    ConcernKind,
    MistakeSummary,
    Row,
    Scores,
    Status,
    TaskSummary,
    Trend,
)
from autograder.cohort.entries import Entry
from autograder.cohort.groups import Groups
from autograder.cohort.items import Items, standing
from autograder.records import About, GradeRecord, MistakeRecord, Outcome, TaskRecord

Mistake = tuple[str, str]
"""A task's id and the name of a mistake in it."""


def summarise(results: Iterable[tuple[str, GradeRecord]], absent: Sequence[Entry]) -> ClassRecord:
    """Return what became of a class.

    Args:
        results: The key and the record of everything that was graded, rejected or broke. Read once; no record is kept.
        absent: Entries with nothing to grade, for the reason that they state.
    """
    tally = _Tally()
    for key, record in results:
        tally.add(key, record)
    for entry in absent:
        tally.add_absent(entry)
    return tally.finish()


@dataclass
class _Kept:
    """What is kept of one entry until tasks and mistakes are known."""

    row: Row
    shares: dict[str, float] = field(default_factory=dict)
    mistakes: dict[Mistake, None] = field(default_factory=dict)


class _Tally:
    def __init__(self) -> None:
        self._titles: Counter[str] = Counter()
        self._tracks: Counter[str] = Counter()
        self._items = Items()
        self._groups = Groups()
        self._kept: list[_Kept] = []
        self._mistakes: dict[Mistake, MistakeRecord] = {}
        self._concerns: dict[tuple[ConcernKind, str, str], dict[str, None]] = {}

    def add(self, key: str, record: GradeRecord) -> None:
        self._titles[record.assignment] += 1
        self._tracks[record.track] += 1
        kept = _Kept(_row(key, record))
        if record.status == "graded":
            self._add_graded(kept, record)
            self._groups.add(key, record)
        self._kept.append(kept)
        for concern in _concerns(record):
            self._concern(concern, key)

    def add_absent(self, entry: Entry) -> None:
        about = entry.about
        name = about.name or about.id or entry.key
        self._kept.append(_Kept(Row(key=entry.key, status="absent", about=about, name=name)))
        self._concern(("absent", "", entry.problem), entry.key)

    def finish(self) -> ClassRecord:
        self._kept.sort(key=lambda kept: (kept.row.name.casefold(), kept.row.key))
        tasks = self._items.summaries()
        mistakes = self._summed_mistakes({task.id: task for task in tasks})
        positions = {(mistake.task, mistake.name): place for place, mistake in enumerate(mistakes)}
        rows = tuple(
            kept.row.model_copy(
                update={
                    "shares": tuple(kept.shares.get(task.id) for task in tasks) if kept.row.status == "graded" else (),
                    "mistakes": tuple(sorted(positions[mistake] for mistake in kept.mistakes)),
                }
            )
            for kept in self._kept
        )
        statuses = Counter(row.status for row in rows)
        return ClassRecord(
            title=_most_frequent(self._titles),
            track=_most_frequent(self._tracks),
            counts={status: statuses[status] for status in get_args(Status)},
            scores=_scores(rows),
            tasks=tasks,
            mistakes=mistakes,
            groups=self._groups.found([task.id for task in tasks], [kept.row.key for kept in self._kept]),
            concerns=self._sorted_concerns(),
            trend=tuple(_trend(rows)),
            rows=rows,
        )

    def _add_graded(self, kept: _Kept, record: GradeRecord) -> None:
        stands = standing(record)
        self._items.add(record, stands)
        kept.shares = {sys.intern(task): share for task, share in stands.shares().items()}
        for task in record.tasks:
            for mistake in _mistakes(task):
                made = (sys.intern(task.id), sys.intern(mistake.name))
                self._mistakes.setdefault(made, mistake)
                kept.mistakes[made] = None
        kept.row = kept.row.model_copy(update=_score(record))

    def _concern(self, concern: tuple[ConcernKind, str, str], key: str) -> None:
        self._concerns.setdefault(concern, {})[key] = None

    def _summed_mistakes(self, tasks: Mapping[str, TaskSummary]) -> tuple[MistakeSummary, ...]:
        made: dict[Mistake, list[str]] = {mistake: [] for mistake in self._mistakes}
        for kept in self._kept:
            for mistake in kept.mistakes:
                made[mistake].append(kept.row.key)
        summed = [
            MistakeSummary(
                task=task,
                name=name,
                text=self._mistakes[task, name].text,
                severity=self._mistakes[task, name].severity,
                taken=tasks[task].taken,
                students=tuple(students),
            )
            for (task, name), students in made.items()
        ]
        places = list(tasks)
        return tuple(sorted(summed, key=lambda one: (-len(one.students), places.index(one.task), one.name)))

    def _sorted_concerns(self) -> tuple[Concern, ...]:
        order = get_args(ConcernKind)
        place = {kept.row.key: number for number, kept in enumerate(self._kept)}
        found = [
            Concern(kind=kind, subject=subject, message=message, students=tuple(sorted(keys, key=place.__getitem__)))
            for (kind, subject, message), keys in self._concerns.items()
        ]
        return tuple(
            sorted(found, key=lambda one: (order.index(one.kind), -len(one.students), one.subject, one.message))
        )


def _row(key: str, record: GradeRecord) -> Row:
    """Return what a record says of an entry, whatever its status."""
    about = record.about
    return Row(
        key=key,
        status=record.status,
        about=about,
        name=about.name or about.id or record.submission,
        attempt=record.counted.number if record.counted else record.attempts[-1].number + 1 if record.attempts else 1,
        counted=record.counted,
        first=record.attempts[0] if record.attempts else None,
        late_seconds=_late_seconds(about),
        seconds=_seconds(record.timing),
    )


def _score(record: GradeRecord) -> dict[str, Any]:
    """Return the fields of a row about the score."""
    possible = Decimal(record.out_of or 0)
    return {
        "score": record.score,
        "max_score": record.out_of,
        "share": float(Decimal(record.score) / possible) if record.score is not None and possible > 0 else None,
        "passes": record.passes(),
        "waits": tuple(work.id for work in record.still_waiting()),
    }


def _late_seconds(about: About) -> float | None:
    try:
        handed, due = datetime.fromisoformat(about.submitted_at), datetime.fromisoformat(about.due)
        return (handed - due).total_seconds()
    except (ValueError, TypeError):  # no point in time; or one with a time zone and one without
        return None


def _seconds(timing: Mapping[str, Any]) -> float | None:
    stages = timing.get("stages_seconds")
    if not isinstance(stages, dict) or not stages:
        return None
    return round(float(stages.get("total", sum(stages.values()))), 1)  # some stages are part of others


def _mistakes(task: TaskRecord) -> Iterator[MistakeRecord]:
    """Yield the mistakes of a task: what explains it, or else each that explains a check beyond doubt and is the task's own."""
    yield from task.mistakes
    if not task.mistakes:
        for check in task.checks:
            if check.outcome is Outcome.FAILED and check.carried_from is None and len(check.options) == 1:
                yield from check.options[0]


def _concerns(record: GradeRecord) -> Iterator[tuple[ConcernKind, str, str]]:
    """Yield what a person has to look at in a record, as (kind, subject, message)."""
    if record.status != "graded":
        yield record.status, "", record.message
    told, decided = set(), {entry.task for entry in record.manual}
    for task in record.tasks:
        for check in task.checks:
            if check.outcome is Outcome.INCONCLUSIVE and task.id not in decided:
                yield "inconclusive", check.id, check.title
            if check.outcome in (Outcome.INCONCLUSIVE, Outcome.ERROR):
                told.add(check.id)
    for work in record.still_waiting():
        yield "waiting", work.title, ""
    for flag in record.flags:
        if flag.check not in told and flag.message != record.message:
            yield "flag", flag.code, flag.message


def _scores(rows: Sequence[Row]) -> Scores | None:
    """Return the distribution of all scores; None where there is none."""
    shares = [row.share for row in rows if row.share is not None]
    if not shares:
        return None
    lower, median, upper = quantiles(shares, n=4, method="inclusive") if len(shares) > 1 else shares * 3
    bins = Counter(_bin(row) for row in rows if row.share is not None)
    marked = [row.passes for row in rows if row.passes is not None]
    possible = {row.max_score for row in rows if row.share is not None}
    return Scores(
        count=len(shares),
        bins=tuple(bins[number] for number in range(BINS)),
        above=bins[BINS],
        mean=fmean(shares),
        lower=lower,
        median=median,
        upper=upper,
        max_score=(possible.pop() or "") if len(possible) == 1 else "",
        passed=sum(marked),
        marked=len(marked),
    )


def _bin(row: Row) -> int:
    """Return the bin of a score, `BINS` for more than can be had; exact, because borders are met often."""
    score, possible = Decimal(row.score or 0), Decimal(row.max_score or 0)
    return BINS if score > possible else min(int(score * BINS / possible), BINS - 1)


def _trend(rows: Iterable[Row]) -> Iterator[Trend]:
    """Yield by number of attempts what became of those who handed in again."""
    again: dict[int, list[tuple[float, float]]] = {}
    for row in rows:
        possible = Decimal((row.first.max_score if row.first else "") or row.max_score or 0)
        if row.first is not None and row.share is not None and possible > 0:
            again.setdefault(row.attempt, []).append((float(Decimal(row.first.score) / possible), row.share))
    for attempts, pairs in sorted(again.items()):
        firsts, lasts = zip(*pairs, strict=True)
        yield Trend(
            attempts=attempts,
            students=len(pairs),
            first=fmean(firsts),
            last=fmean(lasts),
            better=sum(last > first for first, last in pairs),
            worse=sum(last < first for first, last in pairs),
        )


def _most_frequent(values: Counter[str]) -> str:
    return values.most_common(1)[0][0] if values else ""
