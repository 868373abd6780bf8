"""Digests of tasks: what seeds, secrets and stored results depend on, beside the submission.

A task is made of its contract, its reference and all that this calls, its checks and the modules that they import, its training
budget or its sheet of answers. Titles, points, weights and the words of docstrings are no part of it: a corrected typo changes
nobody's draws, and a class is graded again only where something changed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.assignment.callgraph import Folder, reached, text_of

if TYPE_CHECKING:
    from autograder.assignment.loading import Assignment
    from autograder.assignment.rubric import TaskRule

ENGINE = Path(__file__).resolve().parents[1]
_PARTS = ("public", "hidden")
_PROSE = re.compile(r"\w\w\w\W+\w\w|\s\w\w\w+\W|\n")
"""Texts with several words: sentences for people."""


def task_digests(assignment: Assignment) -> dict[str, str]:
    """Return the digest of every task, a hexadecimal SHA-256, by id."""
    tests, reference = _check_modules(assignment.folder), Folder(assignment.folder / "reference")
    return {task.id: _digest(assignment, task, tests, reference) for task in assignment.rubric.tasks}


@cache
def engine_digest() -> str:
    """Return a digest of the engine's own source: results that are stored hold for one engine."""
    digest = hashlib.sha256()
    for path in sorted(ENGINE.rglob("*.py")):
        digest.update(path.relative_to(ENGINE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _digest(assignment: Assignment, task: TaskRule, tests: Mapping[str, ast.Module], reference: Folder) -> str:
    parts = [task.id, task.kind, task.object, task.file, str(task.pages), *task.mentions, task.measure]
    if task.object in assignment.contract:
        parts.append(assignment.contract.text_of(task.object))
        parts += [
            f"{'.'.join(place)}: {tree_text(ast.parse(text_of(reference, place)))}"
            for place in reached(reference, task.object)
        ]
    parts += [f"{name}: {tree_text(tests[name])}" for name in sorted(_modules_of(task.id, tests))]
    if task.id in assignment.rubric.training:
        rules = assignment.rubric.training[task.id]
        parts.append(json.dumps({name: rule.model_dump(mode="json") for name, rule in rules.items()}, sort_keys=True))
    if task.id in assignment.sheets:
        parts.append((assignment.folder / "reference" / "answers" / f"{task.id}.yaml").read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def tree_text(tree: ast.AST) -> str:
    """Return what a piece of Python does, as text: without comments, layout, docstrings and other sentences."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PROSE.search(node.value):
            node.value = ""
    return ast.dump(tree)


# -------------------------------------------------------------------------------------------------------- the checks


def _check_modules(folder: Path) -> dict[str, ast.Module]:
    """Return the modules below `tests/public` and `tests/hidden` by dotted name."""
    paths = [path for part in _PARTS for path in sorted((folder / "tests" / part).rglob("*.py"))]
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8"), str(path)
        )
        for path in paths
    }


def _modules_of(task: str, tests: Mapping[str, ast.Module]) -> set[str]:
    """Return the modules that hold checks or inputs of a task, and those that they import."""
    waiting = [name for name, tree in tests.items() if task in _texts(tree)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [other for other in _imported(tests[name]) if other in tests]
    return found


def _texts(tree: ast.Module) -> set[str]:
    """Return the short texts that a module writes down: names of tasks are among them."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100
    }


def _imported(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
