"""Reading `rubric.yaml`. Everything wrong with it is refused while loading, with its line: `rubric.yaml:12: ...`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from autograder.assignment.kinds import KINDS
from autograder.assignment.rubric import FULL, Rubric, TaskRule, Track
from autograder.errors import RubricError


def load_rubric(path: Path) -> Rubric:
    """Read and check a rubric file.

    Raises:
        RubricError: With the line, for anything that is wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RubricError(path, None, f"cannot be read: {error}") from None
    return parse_rubric(text, path)


def parse_rubric(text: str, path: Path) -> Rubric:
    """Return the rubric in `text`; `path` is only used in messages."""
    yaml = YAML(typ="rt", pure=True)
    yaml.allow_duplicate_keys = False
    try:
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise RubricError(path, line, " ".join(str(error.problem or error).split())) from None
    except (YAMLError, ValueError) as error:
        raise RubricError(path, None, str(error)) from None
    if not isinstance(tree, CommentedMap):
        raise RubricError(path, 1, "a rubric is a map with title, points, budgets, tasks and tracks")
    try:
        rubric = Rubric.model_validate(_shaped(tree, path))
    except ValidationError as error:
        first = error.errors()[0]
        where = first["loc"]
        label = ".".join(str(part) for part in where)
        raise RubricError(
            path, _line_of(tree, where), f"{label}: {first['msg']} (found {first['input']!r:.80})"
        ) from None
    _consistent(rubric, tree, path)
    return rubric


def _shaped(tree: CommentedMap, path: Path) -> dict[str, Any]:
    """Turn YAML's `checks: {value: 3}` into a list of rules, and numbers into exact decimals."""
    plain: dict[str, Any] = _plain(tree)
    if not isinstance(plain.get("tasks") or [], list):
        raise RubricError(path, _line_of(tree, ["tasks"]), "tasks is a list of maps with id, title, points and checks")
    for index, task in enumerate(plain.get("tasks") or []):
        if not isinstance(task, dict):
            raise RubricError(
                path, _line_of(tree, ["tasks", index]), "a task is a map with id, title, points and checks"
            )
        checks = task.get("checks")
        if isinstance(checks, dict):
            task["checks"] = [
                {"name": name, **rule} if isinstance(rule, dict) else {"name": name, "weight": rule}
                for name, rule in checks.items()
            ]
    for track in (plain.get("tracks") or {}).values() if isinstance(plain.get("tracks"), dict) else ():
        if isinstance(track, dict):
            _shape_track(track)
    if isinstance(plain.get("training_budgets"), dict) and isinstance(plain.get("budgets"), dict):
        plain["training_budgets"] = plain["budgets"] | plain["training_budgets"]
    return plain


def _shape_track(track: dict[str, Any]) -> None:
    """Turn a track's list of tasks into a map, in which a task may have points of its own; `all` means all."""
    tasks = track.get("tasks")
    if tasks == "all":
        del track["tasks"]
    elif isinstance(tasks, list) and all(isinstance(task, str) for task in tasks):
        track["tasks"] = dict.fromkeys(tasks)
    if "pass" in track:  # no attribute can be called so
        track["pass_mark"] = track.pop("pass")


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, float):
        try:  # the text of the number, not its binary neighbour
            return Decimal(str(node))
        except InvalidOperation:
            return node
    return node


def _line_of(tree: Any, where: Collection[Any]) -> int | None:
    """Return the line of the deepest node on the way `where` that the file has."""
    line = 1
    node = tree
    for part in where:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedMap) and isinstance(part, int) and part < len(node):
            key = list(node)[part]  # checks are a map in the file and a list in the record
            line = node.lc.key(key)[0] + 1
            node = node[key]
    return line


def _consistent(rubric: Rubric, tree: CommentedMap, path: Path) -> None:
    seen: dict[str, int] = {}
    for index, task in enumerate(rubric.tasks):
        if task.id in seen:
            first = _line_of(tree, ["tasks", seen[task.id]])
            raise RubricError(
                path, _line_of(tree, ["tasks", index]), f"task {task.id!r} stands twice (first in line {first})"
            )
        seen[task.id] = index
        if complaint := KINDS[task.kind].complaint(task):
            field, message = complaint
            raise RubricError(path, _line_of(tree, ["tasks", index, field]), f"{task.id}: {message}")
        for position, name in enumerate(task.uses or ()):
            _usable(name, task, rubric, _line_of(tree, ["tasks", index, "uses", position]), path, seen)
        if task.kind == "training" and task.id not in rubric.training:
            line = _line_of(tree, ["tasks", index])
            raise RubricError(path, line, f"training task {task.id!r} has no entry under training")
    total = sum((task.points for task in rubric.tasks), Decimal(0))
    if total != rubric.points:
        message = f"the tasks' points add up to {total}, but points says {rubric.points}"
        raise RubricError(path, _line_of(tree, ["points"]), message)
    for name, track in rubric.tracks.items():
        _consistent_track(name, track, rubric, tree, path)
    for task_id in rubric.training:
        if task_id not in seen:
            raise RubricError(path, _line_of(tree, ["training", task_id]), f"unknown task {task_id!r}; {_known(seen)}")
    if FULL not in rubric.tracks:
        raise RubricError(path, _line_of(tree, ["tracks"]), f"a track named {FULL!r} is needed: it is the default")


def _consistent_track(name: str, track: Track, rubric: Rubric, tree: CommentedMap, path: Path) -> None:
    known = [task.id for task in rubric.tasks]
    written = tree["tracks"][name].get("tasks", ())
    places = list(written) if isinstance(written, CommentedMap | CommentedSeq) else []
    for position, task_id in enumerate(places):
        line = _line_of(tree, ["tracks", name, "tasks", position])
        if task_id in places[:position]:
            raise RubricError(path, line, f"track {name!r} names the task {task_id!r} twice")
        if task_id not in known:
            raise RubricError(path, line, f"track {name!r} names an unknown task {task_id!r}; {_known(known)}")
    if track.tasks is not None and not track.tasks:
        line = _line_of(tree, ["tracks", name, "tasks"])
        raise RubricError(path, line, f"track {name!r} has no task: name at least 1, or say `tasks: all`")
    if track.kinds and not any(task.kind in track.kinds for task in rubric.tasks):
        line = _line_of(tree, ["tracks", name, "kinds"])
        raise RubricError(path, line, f"track {name!r} has no task: none is of kind {' or '.join(track.kinds)}")
    plain = rubric.for_track(name)
    for position, check_id in enumerate(track.without):
        line = _line_of(tree, ["tracks", name, "without", position])
        if check_id not in rubric.check_ids():
            raise RubricError(path, line, f"track {name!r} leaves out {check_id!r}, which is no check: say TASK.CHECK")
        task = next((task for task in plain.tasks if task.id == check_id.partition(".")[0]), None)
        if task is None:
            raise RubricError(path, line, f"track {name!r} leaves out {check_id!r}, but has not that task")
        if not task.checks:
            raise RubricError(path, line, f"track {name!r} leaves out every check of {task.id}: leave out the task")
    for position, points in enumerate((track.tasks or {}).values()):
        if points is not None and points <= 0:
            line = _line_of(tree, ["tracks", name, "tasks", position])
            raise RubricError(path, line, f"track {name!r}: points are greater than 0, not {points}")
    if track.points is not None and track.points != plain.points:
        message = f"the points of track {name!r} add up to {plain.points}, but points says {track.points}"
        raise RubricError(path, _line_of(tree, ["tracks", name, "points"]), message)
    if track.pass_mark is not None and track.pass_mark > plain.points:
        message = f"track {name!r} has {plain.points} points, {track.pass_mark} cannot be needed to pass"
        raise RubricError(path, _line_of(tree, ["tracks", name, "pass"]), message)


def _usable(name: str, task: TaskRule, rubric: Rubric, line: int | None, path: Path, seen: Mapping[str, int]) -> None:
    """Refuse a collaborator that is none: unknown, later than the task, or not a function."""
    if name not in {other.id for other in rubric.tasks}:
        raise RubricError(
            path, line, f"{task.id} uses an unknown task {name!r}; {_known([t.id for t in rubric.tasks])}"
        )
    if name == task.id or name not in seen:
        raise RubricError(path, line, f"{task.id} uses {name!r}, but a task is built from those that stand before it")
    if not (KINDS[task.kind].stands_in and KINDS[rubric.task(name).kind].stands_in):
        raise RubricError(path, line, f"{task.id} uses {name!r}, but only functions stand in for each other")


def _known(names: Mapping[str, Any] | Collection[str]) -> str:
    return "known are: " + ", ".join(names)


def refuse_price(path: Path, where: Collection[str], message: str) -> NoReturn:
    """Refuse an entry under `mistakes`, the rubric's or a track's.

    Args:
        path: The rubric.
        where: The keys on the way to the entry.
        message: What is wrong with it.

    Raises:
        RubricError: Always.
    """
    raise RubricError(path, _line_in(path, where), message)


def _line_in(path: Path, where: Collection[str | int]) -> int | None:
    """Return the line of an entry, for an error: reading a file with its lines takes a quarter of a second."""
    return _line_of(YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8")), where)


def require_checks(rubric: Rubric, path: Path, found: Collection[str]) -> None:
    """Refuse a rubric whose checks and the assignment's tests are not the same.

    Raises:
        RubricError: An unknown check in the rubric, with its line, or a test that the rubric does not weigh.
    """
    for task_index, task in enumerate(rubric.tasks):
        if not KINDS[task.kind].asked:
            continue
        names = {check_id.split(".", 1)[1] for check_id in found if check_id.startswith(task.id + ".")}
        for check_index, check in enumerate(task.checks):
            if check.name not in names:
                line = _line_in(path, ["tasks", task_index, "checks", check_index])
                raise RubricError(path, line, f"unknown check {check.name!r} of {task.id}; {_known(sorted(names))}")
        if unweighed := sorted(names - {check.name for check in task.checks}):
            line = _line_in(path, ["tasks", task_index, "checks"])
            raise RubricError(path, line, f"{task.id}: the check {unweighed[0]!r} exists but has no weight")
    if strangers := sorted({check_id.split(".", 1)[0] for check_id in found} - {task.id for task in rubric.tasks}):
        raise RubricError(path, None, f"there are checks of {strangers[0]!r}, which is no task of the rubric")
