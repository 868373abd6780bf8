"""The page of a whole class, for staff: one file that opens without a network and works, unsorted, without its script.

Rows are grids whose content the browser draws when they come into view: 3,000 rows of 60 tasks as an ordinary table took four seconds
to open, and three to sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from autograder.class_records import ClassRecord, Concern, ConcernKind, Group, GroupKind, MistakeSummary, Row, Scores
from autograder.report import rendering, text
from autograder.report.histogram import histogram

MOST_LINKS = 60
"""Students that are named for one mistake or concern; the table of students finds all."""
MOST_TASKS = 12
"""Tasks whose mistakes are not folded: those with the most frequent ones."""
MOST_GROUPS = 5
"""Groups of one task that are not folded."""
MOST_FOLDED = 25
"""Groups of one task that follow folded."""
MOST_MEMBERS = 12
"""Members who are named of a folded group."""
MOST_CONCERNS = 8
"""Concerns of one kind that are not folded."""
SLOWEST = 5
HARDEST = 5
LOW = 0.2
"""A discrimination below this is called low, as textbooks on testing do."""

CONCERNS: dict[ConcernKind, str] = {
    "error": "No grade: a fault of the grader",
    "rejected": "No grade: could not be read",
    "absent": "No grade: nothing to grade",
    "inconclusive": "Checks that could not be decided",
    "waiting": "Work that people grade",
    "flag": "Flags for staff",
}

GROUPS: dict[GroupKind, str] = {
    "missing": "not there",
    "carried": "carried",
    "mistake": "named",
    "behaviour": "no written name: the same answers",
    "checks": "no written name: the same checks",
    "undecided": "open",
}
"""What is said of what a group shares."""


@dataclass(frozen=True)
class Line:
    """A row of the table of students, as it is shown.

    Attributes:
        cells: For each task (class, text): `f`ull, `p`artial, `z`ero, `w`aiting, `n`one.
        members: Names of a group, where it is one.
        moment, sorts_at: When it was handed in, for people and for sorting.
        late: In few letters.
        state: Words of all that is to be said of the status; any of them can be filtered by.
    """

    row: Row
    cells: tuple[tuple[str, str], ...]
    members: str
    moment: str
    sorts_at: str
    late: str
    state: tuple[str, ...]


def class_page(record: ClassRecord) -> str:
    """Return the page `index.html`, which lies beside a folder with `staff.html` and `student.html` for every key."""
    lines = tuple(_lines(record))
    return rendering.render_template(
        "class.html.j2",
        sheet="class.css",
        script="class.js",
        record=record,
        lines=lines,
        states=tuple(dict.fromkeys(word for line in lines for word in line.state)),
        rows={row.key: row for row in record.rows},
        histogram=histogram(record.scores) if record.scores else None,
        distribution=_distribution(record.scores) if record.scores else "",
        hardest=sorted(
            (check for task in record.tasks for check in task.checks), key=lambda check: check.passed / check.taken
        )[:HARDEST],
        mistakes=tuple(_by_task(record)),
        concerns=tuple(_by_kind(record)),
        groups=tuple(_grouped(record)),
        group_kinds=GROUPS,
        slowest=sorted((row for row in record.rows if row.seconds), key=lambda row: -(row.seconds or 0))[:SLOWEST],
        parts=_parts(record),
        most_links=MOST_LINKS,
        most_tasks=MOST_TASKS,
        most_concerns=MOST_CONCERNS,
        most_groups=MOST_GROUPS,
        most_folded=MOST_FOLDED,
        most_members=MOST_MEMBERS,
        whole=whole,
        discriminates=discriminates,
        link=link,
    )


def link(key: str, page: str) -> str:
    """Return the relative address of a page of one entry; nothing that a key holds leads elsewhere."""
    return f"./{quote(key, safe='')}/{page}.html"


def whole(share: float) -> str:
    """Return a share in whole per cent: `60`. What is neither all nor nothing does not read as if it were."""
    percent = round(100 * share)
    return str(max(1, min(percent, 99)) if 0 < share < 1 else percent)


def discriminates(value: float | None) -> str:
    """Return a correlation in two places, with a word where it is low."""
    if value is None:
        return "–"
    word = " (negative)" if value < 0 else " (low)" if value < LOW else ""
    return f"{value:.2f}{word}".replace("-", "−")


def _parts(record: ClassRecord) -> dict[str, str]:
    """Return the headings of the page's parts, by anchor; what there is nothing to say of is left out."""
    parts = {
        "scores": ("Scores", True),
        "people": ("Where a person is needed", record.concerns),
        "tasks": ("Tasks", record.tasks),
        "groups": ("The same wrong", record.groups),
        "mistakes": ("Mistakes that were recognised", record.mistakes),
        "trend": ("Those who handed in again", record.trend or any(row.counted for row in record.rows)),
        "slowest": ("The slowest to grade", any(row.seconds for row in record.rows)),
        "students": ("Students", True),
    }
    return {anchor: title for anchor, (title, something) in parts.items() if something}


def _distribution(scores: Scores) -> str:
    """Return the distribution in a sentence or two."""
    half = f"the middle half between {_score(scores, scores.lower)} and {_score(scores, scores.upper)}"
    center = f"median {_score(scores, scores.median)}, {half}, mean {_score(scores, scores.mean)}"
    passed = f" {scores.passed:,} of {scores.marked:,} pass." if scores.marked else ""
    return f"{text.count(scores.count, 'score')}: {center}.{passed}"


def _score(scores: Scores, share: float) -> str:
    """A share as points where all can have the same, otherwise in per cent."""
    return f"{share * float(scores.max_score):.2f}" if scores.max_score else f"{whole(share)} %"


def _lines(record: ClassRecord) -> Iterator[Line]:
    concerned: dict[str, dict[ConcernKind, None]] = {}
    for concern in record.concerns:
        for key in concern.students:
            concerned.setdefault(key, {})[concern.kind] = None
    tasks = [task.id for task in record.tasks]
    for row in record.rows:
        moment = _moment(row.about.submitted_at)
        members = [member.name or member.id for member in row.about.members]
        yield Line(
            row=row,
            cells=tuple(
                _cell(share, task in row.waits)
                for task, share in zip(tasks, row.shares or [None] * len(tasks), strict=True)
            ),
            members=", ".join(members) if len(members) > 1 else "",
            moment=f"{moment:%Y-%m-%d %H:%M}" if moment else row.about.submitted_at,
            sorts_at=f"{moment.timestamp():.0f}" if moment else "",
            late=_late(row),
            state=tuple(_state(row, concerned.get(row.key, {}))),
        )


def _cell(share: float | None, waits: bool) -> tuple[str, str]:
    if share is None:
        return ("w", "?") if waits else ("n", "–")
    return "f" if share >= 1 else "p" if share > 0 else "z", whole(share)


def _state(row: Row, concerned: dict[ConcernKind, None]) -> Iterator[str]:
    """Yield the words about an entry's status, the grade first."""
    if row.status != "graded":
        yield {"rejected": "could not be read", "error": "fault of the grader", "absent": "nothing to grade"}[
            row.status
        ]
    elif row.passes is None:
        yield "graded"
    else:
        yield "passed" if row.passes else "not passed"
    words: dict[ConcernKind, str] = {"inconclusive": "undecided check", "waiting": "waits for a person", "flag": "flag"}
    yield from (word for kind, word in words.items() if kind in concerned)


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _late(row: Row) -> str:
    """Return how late in few letters, `8.4 h`; where only the platform knows, what it says."""
    if row.late_seconds is None:
        return {True: "late", False: "in time", None: ""}[row.about.late]
    hours = row.late_seconds / 3600
    if hours <= 0:
        return "in time"
    return f"{max(hours, 0.1):.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _by_task(record: ClassRecord) -> Iterator[tuple[str, tuple[tuple[int, MistakeSummary], ...]]]:
    """Yield the tasks in which mistakes were recognised, that with the most frequent one first, and their positions in the record."""
    titles = {task.id: task.title for task in record.tasks}
    made: dict[str, list[tuple[int, MistakeSummary]]] = {}
    for place, mistake in enumerate(record.mistakes):
        made.setdefault(mistake.task, []).append((place, mistake))
    for task, mistakes in made.items():
        yield titles[task], tuple(mistakes)


def _grouped(record: ClassRecord) -> Iterator[tuple[str, tuple[Group, ...]]]:
    """Yield the tasks with their groups, that with the largest group without a written name first: there most is to be decided."""
    titles = {task.id: task.title for task in record.tasks}
    by_task = [(task, tuple(groups)) for task, groups in groupby(record.groups, key=lambda group: group.task)]

    def largest(groups: tuple[Group, ...]) -> int:
        return max((len(group.students) for group in groups if group.kind in ("behaviour", "checks")), default=0)

    for task, groups in sorted(by_task, key=lambda entry: -largest(entry[1])):
        yield titles.get(task, task), groups


def _by_kind(record: ClassRecord) -> Iterator[tuple[str, tuple[Concern, ...]]]:
    for kind, concerns in groupby(record.concerns, key=lambda concern: concern.kind):
        yield CONCERNS[kind], tuple(concerns)
