"""Groups of a class: whose work has the same wrong with it, task by task. Pure; no record is kept.

By how the task ended; then by the names of what explains it; then, where no mistake explains it that an author wrote, by how the function
behaves on the probes of the class (`diagnosis.likeness`), and where it was not asked, by which checks failed and in which line. Whoever
passed a task is in no group. The order in which records come changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograder.class_records import Group, GroupKind
from autograder.diagnosis.likeness import exact_part, like_line, numbers_of, together
from autograder.records import Behaviour, CheckRecord, FailureKind, GradeRecord, MistakeRecord, Outcome, TaskRecord
from autograder.report.behaved import in_words

_MOST_SAID = 3
"""Checks that are named in the words for a group."""
Shared = tuple[object, ...]


@dataclass(frozen=True)
class _Kind:
    kind: GroupKind
    outcome: Outcome
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Member:
    key: str
    numbers: tuple[float, ...]
    decided: bool
    what: str


class Groups:
    """Gathers records, one after the other."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, Shared], _Kind] = {}
        self._members: dict[str, dict[Shared, list[_Member]]] = {}

    def add(self, key: str, record: GradeRecord) -> None:
        """Take in a graded record."""
        decided = {entry.task for entry in record.manual}
        for task in record.tasks:
            if task.outcome is Outcome.PASSED:
                continue
            shared, kind, numbers, what = shared_by(task)
            self._kinds.setdefault((task.id, shared), kind)
            member = _Member(key, numbers, task.id in decided, what)
            self._members.setdefault(task.id, {}).setdefault(shared, []).append(member)

    def found(self, tasks: Sequence[str], order: Sequence[str]) -> tuple[Group, ...]:
        """Return the groups.

        Args:
            tasks: Ids, in the order of the assignment.
            order: Keys, in the order of the class.
        """
        place = {key: number for number, key in enumerate(order)}
        return tuple(group for task in tasks for group in self._of(task, place))

    def _of(self, task: str, place: dict[str, int]) -> list[Group]:
        found = []
        for shared, members in self._members.get(task, {}).items():
            kind = self._kinds[task, shared]
            for part in together(sorted(members, key=lambda member: place[member.key]), lambda member: member.numbers):
                part.sort(key=lambda member: place[member.key])
                group = Group(
                    id=f"{task}-{_letters(task, shared, min(member.numbers for member in part))}",
                    task=task,
                    kind=kind.kind,
                    what=part[0].what,
                    outcome=kind.outcome,
                    names=kind.names,
                    students=tuple(member.key for member in part),
                    decided=sum(member.decided for member in part),
                )
                found.append(group)
        return sorted(found, key=lambda group: (-len(group.students), group.kind, group.what, group.id))


def _letters(task: str, shared: Shared, numbers: Iterable[float]) -> str:
    """Return letters that hang on what is shared, and on the numbers of one member: those of two groups lie further apart than places."""
    text = repr((task, shared, [round(number, 4) + 0.0 for number in numbers]))
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:8]


Found = tuple[Shared, _Kind, tuple[float, ...], str]
"""What must be equal in all of a group, of which kind that is, numbers that must lie close together, and all of it in words."""


def shared_by(task: TaskRecord) -> Found:
    """Return what a task that did not pass shares with others of its group."""
    own = [check for check in task.checks if check.outcome is Outcome.FAILED and check.carried_from is None]
    missing = next((check for check in own if check.kind in (FailureKind.MISSING, FailureKind.IMPORT)), None)
    names = tuple(dict.fromkeys(mistake.name for mistake in _mistakes(task, own)))
    start: Shared = (str(task.outcome), names)
    if not own:
        return _undecided(task, start)
    if missing is not None:
        what = "cannot be imported" if missing.kind is FailureKind.IMPORT else "not handed in, or an empty stub"
        return (*start, "missing", what), _Kind("missing", task.outcome, names), (), what
    if task.behaviour is not None and task.behaviour.answers:
        return _behaving(task, task.behaviour, start, names, own)
    if names:
        said = " ".join(mistake.text for mistake in _mistakes(task, own)).rstrip(".")
        return (*start, "mistake"), _Kind("mistake", task.outcome, names), (), said
    return _by_checks(task, start, own, "")


def _mistakes(task: TaskRecord, own: Sequence[CheckRecord]) -> list[MistakeRecord]:
    """Return the mistakes that explain all that failed; none where something has no name, or more than one that it may be."""
    if task.mistakes:
        return list(task.mistakes)
    if all(len(check.options) == 1 for check in own):
        return [mistake for check in own for mistake in check.options[0]]
    return []


def _undecided(task: TaskRecord, start: Shared) -> Found:
    carried = sorted({check.carried_from for check in task.checks if check.carried_from is not None})
    if carried:
        what = f"fails only because of {' and '.join(f'`{name}`' for name in carried)}"
        return (*start, "carried", *carried), _Kind("carried", task.outcome), (), what
    open_ = sorted({_own_name(check) for check in task.checks if check.outcome is not Outcome.PASSED})
    what = f"{_OPEN.get(task.outcome, 'not decided')}: {_listed(open_)}"
    return (*start, "undecided", *open_), _Kind("undecided", task.outcome), (), what


_OPEN = {Outcome.ERROR: "a fault of the grader", Outcome.INCONCLUSIVE: "could not be decided"}


def _behaving(
    task: TaskRecord, behaviour: Behaviour, start: Shared, names: tuple[str, ...], own: Sequence[CheckRecord]
) -> Found:
    """Return what is shared by those whose functions behave alike; where nothing is wrong on the probes, which checks fail counts."""
    exact, numbers, words = _read(behaviour.model_dump_json())
    if all(answer.relation in ("equal", "alike") for answer in behaviour.answers):
        return _by_checks(task, (*start, *exact), own, f"{words}; ")
    return (*start, "behaviour", *exact), _Kind("behaviour", task.outcome, names), numbers, words


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Shared, tuple[float, ...], str]:
    """Return what a behaviour, as JSON, comes down to: in a class most are met again and again."""
    behaviour = Behaviour.model_validate_json(text)
    return exact_part(behaviour), numbers_of(behaviour), in_words(behaviour)


def _by_checks(task: TaskRecord, start: Shared, own: Sequence[CheckRecord], before: str) -> Found:
    """Return what is shared by those who fail the same checks, for the same kind of reason, in the same line."""
    names = [_own_name(check) for check in own]
    lines = [line for line in dict.fromkeys(_line(check) for check in own) if line]
    kinds = sorted({str(check.kind) for check in own if check.kind})
    what = f"{before}fails {_listed(names)}" + (f" ({', '.join(kinds)})" if kinds else "")
    if lines:
        what += f" in the line `{lines[0].replace('`', chr(39))[:160]}`"
    shared = (*start, "checks", *((_own_name(c), str(c.kind or ""), like_line(_line(c))) for c in own))
    return shared, _Kind("checks", task.outcome), (), what


def _own_name(check: CheckRecord) -> str:
    return check.id.partition(".")[2]


def _listed(names: Sequence[str]) -> str:
    """Return names of checks, the first few of them."""
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_SAID])
    return shown + (f" and {len(names) - _MOST_SAID} more" if len(names) > _MOST_SAID else "")


def _line(check: CheckRecord) -> str:
    """Return the text of the line in which a check's traceback ends; "" where nothing was raised."""
    if check.kind is not FailureKind.EXCEPTION:
        return ""
    places = [place for place, line in enumerate(check.traceback) if line.startswith('File "')]
    return check.traceback[places[-1] + 1].strip() if places and places[-1] + 1 < len(check.traceback) else ""
