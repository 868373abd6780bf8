"""A class that nobody handed in: honest submissions of mixed quality, made of one correct submission. The same every time.

What is wrong in them is what students do: a mistake that the assignment has among its candidates, an edit of the right answer
(`authoring.mutants`), or a function that was not written yet.
"""

from __future__ import annotations

import ast
import contextlib
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.assignment.candidates import FOLDER
from autograder.assignment.loading import Assignment
from autograder.authoring.mutants import mutants_of
from autograder.errors import UsageError
from autograder.intake import take_in

QUALITIES = (0.0, 0.15, 0.3, 0.5, 0.8)
"""The share of wrong tasks in the first submission, the second, and so on, from the beginning again after the last."""
_BEFORE = "_{}_before"
"""What the right function is called that a mistake calls by name."""


def write_class(
    submission: Path, assignment: Assignment, tasks: Collection[str], count: int, folder: Path
) -> list[str]:
    """Write a class of `count` submissions, each in a folder of its own below `folder`.

    Args:
        submission: A correct one.
        assignment: Has candidates for mistakes; tasks without any get other mistakes.
        tasks: Ids of function tasks in which mistakes are made.
        count: How many submissions.
        folder: Where they go.

    Returns:
        For each submission what is wrong with it, `"f: sign, g: unfinished"`; "" for a correct one.

    Raises:
        UsageError: The submission cannot be read, or defines none of the tasks.
    """
    files = {source.path: "\n\n".join(cell.source for cell in source.cells) for source in take_in(submission).sources}
    made = [_Task(task, path, text, assignment.folder) for task in tasks for path, text in files.items()]
    able = [task for task in made if task.definition is not None]
    if not able:
        raise UsageError(f"{submission} defines none of the tasks {', '.join(tasks)} at the top of a file")
    said = []
    for number in range(count):
        rng = random.Random(number)  # noqa: S311 -- nobody has anything from guessing it
        chosen = rng.sample(able, round(QUALITIES[number % len(QUALITIES)] * len(able)))
        replaced = {id(task): rng.choice(task.wrong()) for task in chosen}
        said.append(", ".join(f"{task.name}: {replaced[id(task)].name}" for task in chosen))
        for path, text in files.items():
            mine = [(task, replaced[id(task)]) for task in chosen if task.path == path]
            place = folder / f"student-{number:03}" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_with(text, mine), encoding="utf-8")
    return said


@dataclass(frozen=True)
class _Wrong:
    """What takes the place of a definition."""

    name: str
    text: str


@dataclass
class _Task:
    """A task, and a file that may define it."""

    name: str
    path: str
    text: str
    folder: Path
    _wrong: tuple[_Wrong, ...] = field(default=())

    @property
    def definition(self) -> ast.FunctionDef | None:
        """Where the file defines it."""
        return _definitions(self.text).get(self.name)

    def wrong(self) -> tuple[_Wrong, ...]:
        """Return everything that is known to be wrong, or done by halves: candidates, one in three of the mutants, unfinished work."""
        if not self._wrong:
            found = [*_mutants(self), *_candidates(self)]
            self._wrong = (*found, *[_unfinished(self)] * max(1, len(found) // 8))
        return self._wrong


def _definitions(text: str) -> Mapping[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def _with(text: str, replaced: Sequence[tuple[_Task, _Wrong]]) -> str:
    """Return a file with other definitions; all line numbers are of the text before."""
    lines = text.split("\n")
    for task, wrong in sorted(replaced, key=lambda pair: -_place(pair[0])[0]):
        first, last = _place(task)
        lines[first:last] = wrong.text.split("\n")
    return "\n".join(lines)


def _place(task: _Task) -> tuple[int, int]:
    node = task.definition
    assert node is not None
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)]) - 1
    return first, node.end_lineno or node.lineno


def _unfinished(task: _Task) -> _Wrong:
    node = _definitions(task.text)[task.name]
    node.body = ast.parse("raise NotImplementedError").body
    return _Wrong("unfinished", ast.unparse(node))


def _mutants(task: _Task) -> Iterator[_Wrong]:
    before = ast.dump(_definitions(task.text)[task.name])
    with contextlib.suppress(UsageError):
        for mutant in mutants_of(task.text, task.name)[1::3]:  # next to each other they are often alike
            node = _definitions(mutant.source)[task.name]
            if ast.dump(node) != before:
                yield _Wrong(mutant.id, ast.unparse(node))


def _candidates(task: _Task) -> Iterator[_Wrong]:
    """Yield the named mistakes that need nothing but libraries and, perhaps, the right answer."""
    for path in sorted((task.folder / FOLDER).glob(f"*/{task.name}.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        libraries = [node for node in imports if not _is_ours(node)]
        ours = {alias.asname or alias.name for node in imports if _is_ours(node) for alias in node.names}
        ours |= {name for node in tree.body if isinstance(node, ast.Assign) for name in _assigned(node)}
        ours |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        right = _definitions(task.text)[task.name]
        right.name = _BEFORE.format(task.name)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and (name := _mistake(node)):
                used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                if not (used & ours) - {task.name, "wrong"}:
                    texts = (*map(ast.unparse, libraries), ast.unparse(right), _renamed(node, task.name))
                    yield _Wrong(name, "\n".join(texts))


def _is_ours(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ("reference", "autograder", "tests")


def _assigned(node: ast.Assign) -> Iterator[str]:
    yield from (part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name))


def _mistake(node: ast.FunctionDef) -> str:
    """Return the name under which a function is a mistake; "" if it is none."""
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "wrong":
            first = mark.args[0] if mark.args else None
            return str(first.value) if isinstance(first, ast.Constant) else ""
    return ""


def _renamed(node: ast.FunctionDef, task: str) -> str:
    """Return a mistake under the name of its task, on top of the right answer under another one."""
    own = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(own, ast.FunctionDef)
    own.name, own.decorator_list = task, []
    for part in ast.walk(own):
        if isinstance(part, ast.Name) and part.id == task:
            part.id = _BEFORE.format(task)
    return ast.unparse(own)
