"""From a record to what a page shows: grouping, order and one-line states. Pure; the templates only set it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from autograder.records import CheckRecord, GradeRecord, Note, Outcome, TaskRecord, TrainingRecord
from autograder.report import handed_in, standing, text, words
from autograder.report.handed_in import CodeLine
from autograder.report.standing import Blocked

_MOST_ROWS = 400
_DEEPEST = 6

FORBIDDEN = "forbidden-import"
"""The code of notes about what the assignment does not allow."""


@dataclass(frozen=True)
class TaskView:
    """A task and how it is shown.

    Attributes:
        record: The task itself.
        anchor: Its id in the page.
        state: One line for the overview.
        headline: The same for the task's own section, where what is wrong follows.
        look: Key of the symbol and colour: an outcome, `"missing"`, or `"form"` where nothing but form is wrong or nothing was lost.
        price: What the recognised mistakes leave, in words; "" without any.
        in_proportion: Whether checks passed that earn only what the others earn, which is not all.
        blocked: Set when nothing of the task could be checked, so that one line says all there is to say.
        code: The function as it was handed in, where a failure of its own is shown.
        examples: Failures whose evidence is shown where named mistakes explain the task: one for each.
        failed: Checks in the order in which they are shown, here and below.
        waiting: The skipped checks, grouped by the check they wait for, in words.
    """

    record: TaskRecord
    anchor: str
    state: str
    headline: str
    look: str
    blocked: Blocked | None
    price: str
    in_proportion: bool
    code: tuple[CodeLine, ...]
    examples: tuple[CheckRecord, ...]
    failed: tuple[CheckRecord, ...]
    errors: tuple[CheckRecord, ...]
    undecided: tuple[CheckRecord, ...]
    passed: tuple[CheckRecord, ...]
    waiting: tuple[tuple[str, tuple[CheckRecord, ...]], ...]


@dataclass(frozen=True)
class ImportFault:
    """A file that could not be imported, told once for all the tasks that it stops."""

    anchor: str
    title: str
    check: CheckRecord
    tasks: tuple[TaskView, ...]


@dataclass(frozen=True)
class Metric:
    """A measured figure beside its threshold, as text; `reached` is `None` where there is nothing to reach."""

    name: str
    value: str
    threshold: str
    reached: bool | None


@dataclass(frozen=True)
class Page:
    """Everything that the page template is given.

    Attributes:
        kinds: The kind of the task that each check belongs to, by the check's id.
        earned: What each check earned and could, in words, by its id; not where a named mistake decides about the task as a whole.
        rules: Notes about what the assignment does not allow; the others are `notes`.
    """

    record: GradeRecord
    staff: bool
    tasks: tuple[TaskView, ...]
    files: tuple[tuple[str, tuple[TaskView, ...]], ...]
    imports: tuple[ImportFault, ...]
    kinds: Mapping[str, str]
    earned: Mapping[str, str]
    rules: tuple[Note, ...]
    notes: tuple[Note, ...]
    summary: str
    share: float | None

    def origins(self, check: CheckRecord) -> tuple[tuple[str, TaskView | None], ...]:
        """The tasks that a failure is carried from: id, and the task if it is part of the page."""
        return tuple((name, self.task(name)) for name in (check.carried_from or "").split(" and ") if name)

    def task(self, task_id: str) -> TaskView | None:
        """The task with this id, if it is part of the page."""
        return next((task for task in self.tasks if task.record.id == task_id), None)

    def kind(self, check: CheckRecord) -> str:
        """The kind of the task that a check belongs to."""
        return self.kinds.get(check.id, "function")

    def detailed(self) -> tuple[TaskView, ...]:
        """The tasks with a section of their own."""
        return tuple(task for task in self.tasks if task.blocked is None)

    def missing(self) -> tuple[TaskView, ...]:
        """The functions that are not implemented yet."""
        return tuple(task for task in self.tasks if task.blocked == "missing" and words.has_code(task.record.kind))

    def absent(self) -> tuple[TaskView, ...]:
        """Answers and documents that were not handed in."""
        return tuple(task for task in self.tasks if task.blocked == "missing" and not words.has_code(task.record.kind))


def _earned(task: TaskRecord) -> Iterator[tuple[str, str]]:
    """Yield for every check with points its id and "0.25 of 0.25 points"."""
    try:
        total = sum((Decimal(check.weight) for check in task.checks), Decimal(0))
        for check in task.checks:
            if check.points and total:
                most = Decimal(task.max_points) * Decimal(check.weight) / total
                yield check.id, f"{Decimal(check.points):.2f} of {most:.2f} points"
    except (InvalidOperation, ValueError):
        return  # a record that somebody changed by hand: its numbers are shown elsewhere as they are


def page(record: GradeRecord, *, staff: bool) -> Page:
    """Arrange `record` for a page. For students, `record` must have gone through `redact.for_student` before."""
    titles = {check.id: check.title for task in record.tasks for check in task.checks}
    anchors = _anchors(task.id for task in record.tasks)
    views = tuple(_task(task, anchor, titles) for task, anchor in zip(record.tasks, anchors, strict=True))
    order = list(dict.fromkeys(task.file for task in record.tasks))
    tasks = tuple(sorted(views, key=lambda task: order.index(task.record.file)))
    imports = tuple(_import_faults(tasks))
    told = {fault.check.message for fault in imports}
    broken = {task.record.file for fault in imports for task in fault.tasks}
    by_file = groupby(tasks, key=lambda task: task.record.file)
    return Page(
        record=record,
        staff=staff,
        tasks=tasks,
        files=tuple((file, tuple(group)) for file, group in by_file),
        imports=imports,
        kinds={check.id: task.kind for task in record.tasks for check in task.checks},
        earned={id_: text for task in record.tasks if not task.mistakes for id_, text in _earned(task)},
        rules=tuple(note for note in record.notes if note.code == FORBIDDEN),
        notes=tuple(
            note
            for note in record.notes
            if note.message not in told and note.code != FORBIDDEN and not _told(note, broken)
        ),
        summary=_summary(tasks),
        share=_share(record.score, record.out_of),
    )


def _anchors(ids: Iterable[str]) -> Iterator[str]:
    """One distinct, harmless id per task; `task-sum` for the task `sum`, so that links can be written by hand."""
    used: set[str] = set()
    for index, task_id in enumerate(ids, start=1):
        slug = "task-" + re.sub(r"[^A-Za-z0-9_]+", "-", task_id)[:60]
        anchor = slug if slug not in used else f"{slug}.{index}"
        used.add(anchor)
        yield anchor


def _task(task: TaskRecord, anchor: str, titles: dict[str, str]) -> TaskView:
    def having(outcome: Outcome) -> tuple[CheckRecord, ...]:
        return tuple(check for check in task.checks if check.outcome is outcome)

    blocked = standing.blocked(task)
    own = [check for check in having(Outcome.FAILED) if check.carried_from is None]
    return TaskView(
        record=task,
        anchor=anchor,
        state=standing.state(task, blocked),
        headline=standing.headline(task, blocked),
        look={"missing": "missing", "import": Outcome.SKIPPED}.get(blocked or "", standing.look(task)),
        blocked=blocked,
        price=standing.price(task),
        in_proportion=not task.mistakes
        and task.points != task.max_points
        and any(check.given and check.outcome is Outcome.PASSED for check in task.checks),
        code=handed_in.code_lines(task, having(Outcome.FAILED)) if own and not blocked else (),
        examples=tuple(_examples(own)),
        failed=having(Outcome.FAILED),
        errors=having(Outcome.ERROR),
        undecided=having(Outcome.INCONCLUSIVE),
        passed=having(Outcome.PASSED),
        waiting=tuple(_waiting(having(Outcome.SKIPPED), titles)),
    )


def _examples(own: list[CheckRecord]) -> Iterator[CheckRecord]:
    """The first failure of each mistake, or of each combination of them, that has evidence to show."""
    seen: set[str] = set()
    for check in own:
        name = check.misconception or ""
        if check.evidence is not None and name not in seen:
            seen.add(name)
            yield check


def _waiting(skipped: tuple[CheckRecord, ...], titles: dict[str, str]) -> Iterator[tuple[str, tuple[CheckRecord, ...]]]:
    groups: dict[str, list[CheckRecord]] = {}
    for check in skipped:
        groups.setdefault(check.waits_for or "", []).append(check)
    for waited, checks in groups.items():
        said = f"waits for {waited}"
        told = [check.model_copy(update={"message": check.message.removeprefix(said).lstrip("; ")}) for check in checks]
        yield titles.get(waited) or text.words(waited.rpartition(".")[2]), tuple(told)


def _import_faults(tasks: tuple[TaskView, ...]) -> Iterator[ImportFault]:
    """The faults of import among blocked tasks, one per message."""
    groups: dict[str, list[TaskView]] = {}
    for task in tasks:
        if task.blocked == "import":
            groups.setdefault(task.failed[0].message, []).append(task)
    for index, stopped in enumerate(groups.values(), start=1):
        check = stopped[0].failed[0]
        title = f"A {check.brief}" if check.brief else "A file could not be imported"
        yield ImportFault(f"import-{index}", title, check, tuple(stopped))


def _told(note: Note, broken: set[str]) -> bool:
    """Whether a note says what the card of a file that could not be imported says already."""
    file = (note.path or "").rpartition("/")[2]
    return note.code in ("module-failed", "syntax-error") and file in broken


def _summary(tasks: tuple[TaskView, ...]) -> str:
    """`12 tasks: 5 complete, 3 with failed checks, 4 not implemented yet.`"""
    labels: dict[str, str] = {
        Outcome.PASSED: "complete",
        Outcome.INCONCLUSIVE: "waiting for a person",
        "form": "right but for their form",
        "carried": "failing only because of others",
        Outcome.FAILED: "with failed checks",
        "import": "waiting for a file that could not be imported",
        "missing": "not implemented yet",
        "absent": "not answered or not handed in",
        Outcome.SKIPPED: "not run",
        Outcome.ERROR: "not graded because of a fault of the grader",
    }
    keys: list[str] = [_key(task) for task in tasks]
    parts = [f"{keys.count(key)} {label}" for key, label in labels.items() if key in keys]
    return f"{text.count(len(tasks), 'task')}: {', '.join(parts)}." if tasks else ""


def _key(task: TaskView) -> str:
    """How a task is counted in the summary."""
    is_absent = task.blocked == "missing" and not words.has_code(task.record.kind)
    carried = "carried" if task.look == "form" and not task.record.mistakes else None
    return "absent" if is_absent else task.blocked or carried or task.look


def points_waiting(record: GradeRecord) -> str | None:
    """The points that people have not given yet, `"2.00"`; None if nothing waits."""
    waiting = record.still_waiting()
    try:
        return str(sum((Decimal(work.max_points) for work in waiting), Decimal(0))) if waiting else None
    except InvalidOperation:
        return None


def pass_line(record: GradeRecord) -> tuple[str, str] | None:
    """Whether a track with a pass mark is passed: the key of the symbol, and the words; None where there is no mark."""
    passes = record.passes()
    if passes is None or record.pass_mark is None or record.score is None:
        return None
    waiting = points_waiting(record)
    word = "passed" if passes else "not passed yet" if waiting else "not passed"
    rest = f"; {waiting} points wait for a person" if waiting and not passes else ""
    look = Outcome.PASSED if passes else Outcome.SKIPPED if waiting else Outcome.FAILED
    return look, f"{word}: {record.score} points, {record.pass_mark} are needed{rest}"


def _share(score: str | None, max_score: str | None) -> float | None:
    """Score divided by maximum, between 0 and 1, for the bar; `None` where there is no score."""
    try:
        ratio = Decimal(score or "") / Decimal(max_score or "")
    except (InvalidOperation, ZeroDivisionError):
        return None
    return float(min(max(ratio, Decimal(0)), Decimal(1))) if ratio.is_finite() else None


def metrics(training: TrainingRecord) -> tuple[Metric, ...]:
    """The figures of a training run beside what they had to reach."""
    names = [*training.metrics, *(name for name in training.thresholds if name not in training.metrics)]
    return tuple(
        _metric(name, figure_title(training, name), training.metrics.get(name), training.thresholds.get(name))
        for name in names
    )


def figure_title(training: TrainingRecord, name: str) -> str:
    """What a figure of a training run is called, as the measure says, or its name in words."""
    return training.titles.get(name) or text.words(name)


def _metric(name: str, title: str, value: float | None, threshold: float | None) -> Metric:
    shown = "not measured" if value is None else text.figure(name, value)
    if threshold is None:
        return Metric(title, shown, "", None)
    less = text.less_is_better(name)
    reached = value is not None and (value <= threshold if less else value >= threshold)
    return Metric(title, shown, f"{'at most' if less else 'at least'} {text.figure(name, threshold)}", reached)


def tables(content: dict[str, Any]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """`content` as captioned tables: its plain entries first, then one table for every dict in it."""
    inner = {key: value for key, value in content.items() if isinstance(value, dict) and value}
    plain = {key: value for key, value in content.items() if key not in inner}
    captioned = ([("general", plain)] if plain else []) + [(str(key), value) for key, value in inner.items()]
    return tuple((caption, _rows(value)) for caption, value in captioned)


def _rows(nested: Any) -> tuple[tuple[str, str], ...]:
    """The leaves of nested dicts and lists as (path, text) rows, in order; bounded in depth and number."""
    rows = list(_leaves(nested, ()))
    left_out = len(rows) - _MOST_ROWS
    shown = tuple(rows[:_MOST_ROWS])
    return (*shown, ("…", text.count(left_out, "more row"))) if left_out > 0 else shown


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and len(path) < _DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
        return
    if isinstance(value, list | tuple) and len(path) < _DEEPEST and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value, start=1):
            yield from _leaves(item, (*path, str(index)))
        return
    yield " › ".join(path), _leaf(value)


def _leaf(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return str(value)  # seeds and versions are no quantities: no separators
    if isinstance(value, float):
        return text.number(value)
    if isinstance(value, list | tuple):
        return ", ".join(_leaf(item) for item in value) or "none"
    return str(value) if value != {} and value != "" else "none"
