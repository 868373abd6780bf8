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
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib.util import resolve_name
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.assignment.callgraph import Folder, Place, reached, text_of
from autograder.assignment.candidates import FOLDER as CANDIDATES

if TYPE_CHECKING:
    from autograder.assignment.loading import Assignment
    from autograder.assignment.rubric import TaskRule

ENGINE = Path(__file__).resolve().parents[1]
_PARTS = ("public", "hidden")
_PROSE = re.compile(r"[^\W\d_]{2}[^\w\s]* +[^\w\s]*[^\W\d_]{2}|^ [^\W\d_]{3}|[^\W\d_]{3} $")
"""Several words with spaces between, or a part of such a text beside a value: sentences for people."""


def task_digests(assignment: Assignment) -> dict[str, str]:
    """Return the digest of every task, a hexadecimal SHA-256, by id."""
    tests, reference = _check_modules(assignment.folder), Folder(assignment.folder / "reference")

    @cache  # most tasks stand on the same few functions
    def text_at(place: Place) -> str:
        return tree_text(ast.parse(text_of(reference, place)))

    return {task.id: _digest(assignment, task, tests, reference, text_at) for task in assignment.rubric.tasks}


@cache
def engine_digest() -> str:
    """Return a digest of the engine's own source: results that are stored hold for one engine."""
    digest = hashlib.sha256()
    for path in sorted(ENGINE.rglob("*.py")):
        digest.update(path.relative_to(ENGINE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def names_digest(folder: Path) -> str:
    """Return a digest of the named mistakes of an assignment, read as text: what failures are called and cost depends on them."""
    digest = hashlib.sha256()
    for path in sorted((folder / CANDIDATES).rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _digest(
    assignment: Assignment,
    task: TaskRule,
    tests: Mapping[str, _CheckModule],
    reference: Folder,
    text_at: Callable[[Place], str],
) -> str:
    parts = [task.id, task.kind, task.object, task.file, str(task.pages), *task.mentions, task.measure]
    if task.object in assignment.contract:
        parts.append(assignment.contract.text_of(task.object))
        parts += [f"{'.'.join(place)}: {text_at(place)}" for place in reached(reference, task.object)]
    parts += [f"{name}: {tests[name].text}" for name in sorted(_modules_of(task.id, tests))]
    if task.id in assignment.rubric.training:
        rules = assignment.rubric.training[task.id]
        parts.append(json.dumps({name: rule.model_dump(mode="json") for name, rule in rules.items()}, sort_keys=True))
    if task.id in assignment.sheets:
        parts.append((assignment.folder / "reference" / "answers" / f"{task.id}.yaml").read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def tree_text(tree: ast.AST) -> str:
    """Return what a piece of Python does, as text: without comments, layout, docstrings and other sentences.

    A text of several lines that is no docstring stays: it may be data.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value.value = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_prose(node.value):
            node.value = ""
    return ast.dump(tree)


def _is_prose(text: str) -> bool:
    return "\n" not in text and _PROSE.search(text) is not None


# -------------------------------------------------------------------------------------------------------- the checks


class _CheckModule:
    """A module beside the checks. What every task asks of it is worked out once.

    Attributes:
        tree: Its code.
    """

    def __init__(self, tree: ast.Module, package: str) -> None:
        self.tree = tree
        self._package = package  # that relative imports start from

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of its tree, walked through once."""
        return list(ast.walk(self.tree))

    @cached_property
    def text(self) -> str:
        """What it does, as `tree_text` says it."""
        return tree_text(self.tree)

    @cached_property
    def texts(self) -> set[str]:
        """The short texts that it writes down: names of tasks are among them."""
        constants = (node.value for node in self.nodes if isinstance(node, ast.Constant))
        return {value for value in constants if isinstance(value, str) and len(value) < 100}

    @cached_property
    def bound(self) -> Mapping[str, str]:
        """The names that `from ... import` binds in it, with what they mean."""
        return {
            alias.asname or alias.name: f"{self._base(node)}.{alias.name}"
            for node in self.nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    @cached_property
    def handed(self) -> set[str]:
        """The names that it hands to a call by position: `value_check(scaled_sum, ...)` does not write the task's id."""
        calls = (node for node in self.nodes if isinstance(node, ast.Call))
        return {value.id for call in calls for value in call.args if isinstance(value, ast.Name)}

    @cached_property
    def inputs(self) -> Mapping[str, set[str]]:
        """The names of its functions by what they are decorated with, a task's id: inputs of that task."""
        found: dict[str, set[str]] = {}
        for node in self.tree.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                arguments = decorator.args if isinstance(decorator, ast.Call) else []
                if arguments and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str):
                    found.setdefault(arguments[0].value, set()).add(node.name)
        return found

    @cached_property
    def imported(self) -> set[str]:
        """The modules that it imports, and whatever else may be one."""
        found = set(self.bound.values())
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(self._base(node))
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        named = node.module or ""
        return resolve_name("." * node.level + named, self._package) if node.level else named


def _check_modules(folder: Path) -> dict[str, _CheckModule]:
    """Return the modules below `tests/public` and `tests/hidden`, and the fixtures for both, by dotted name."""
    paths = [folder / "tests" / "conftest.py"] if (folder / "tests" / "conftest.py").is_file() else []
    paths += [path for part in _PARTS for path in sorted((folder / "tests" / part).rglob("*.py"))]
    found = {}
    for path in paths:
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        found[name] = _CheckModule(tree, ".".join(parts[:-1]))
    return found


def _modules_of(task: str, tests: Mapping[str, _CheckModule]) -> set[str]:
    """Return the modules that hold checks or inputs of a task, the fixtures, and all that these import."""
    inputs = {f"{name}.{function}" for name, module in tests.items() for function in module.inputs.get(task, ())}
    waiting = [
        name
        for name, module in tests.items()
        if name.endswith(".conftest")
        or task in module.texts
        or any(module.bound.get(handed) in inputs for handed in module.handed)
    ]
    if all(name.endswith(".conftest") for name in waiting):  # nothing asks for it
        return set()
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [other for other in tests[name].imported if other in tests]
    return found
