"""What a task of an assignment lacks, in words: reference, inputs, checks, candidates, stub, weights, and the catalogue's signature."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import TaskRule
from autograder.authoring.inputs import Inputs
from autograder.checking.session import check_ids, modules_of

FORM = ("contract", "vectorised")
"""Checks that say nothing of values."""
WITH_CANDIDATES = ("function", "class", "fitted")
LEAST_MISTAKES, LEAST_RIGHT = 3, 2


class Walk:
    """One assignment, read once: its checks by part, its public inputs, its template.

    Attributes:
        signatures: Argument names by task id, as a catalogue has them.
    """

    def __init__(self, folder: Path, catalogue: Path | None = None) -> None:
        self.assignment = Assignment(folder)
        code, names = self.assignment.code, self.assignment.check_names
        self.public = check_ids(code, names, ("public",))
        self.hidden = check_ids(code, names, ("hidden",))
        values = [value for _, module in modules_of(code, ("public",)) for value in vars(module).values()]
        self.inputs = {value.task for value in values if isinstance(value, Inputs)}
        self.signatures = catalogue_signatures(catalogue.read_text("utf-8")) if catalogue else {}

    def missing(self, task: TaskRule) -> list[str]:
        """Return what a task lacks, each as one sentence."""
        parts = (
            self._title,
            self._reference,
            self._inputs,
            self._checks,
            self._candidates,
            self._stub,
            self._catalogue,
        )
        return [f"{task.id}: {lack}" for part in parts for lack in part(task)]

    def strays(self) -> list[str]:
        """Return what belongs to no task."""
        tasks = {task.id for task in self.assignment.rubric.tasks}
        candidates = set(self.assignment.candidates.tasks()) - tasks
        checks = {check.partition(".")[0] for check in (*self.public, *self.hidden)} - tasks
        figures = {
            path.stem
            for path in self.assignment.folder.glob("tests/figures/*.py")
            if "\ndef draw(" in path.read_text("utf-8")
        }
        for_people = {task.id for task in self.assignment.rubric.tasks if not task.checks}
        return [
            *(f"candidates of {task}, which rubric.yaml does not have" for task in sorted(candidates)),
            *(
                f"checks or inputs of {task}, which rubric.yaml does not have"
                for task in sorted(checks | self.inputs - tasks)
            ),
            *(f"a figure of {task}, which no person grades" for task in sorted(figures - for_people)),
        ]

    # --------------------------------------------------------------------------------------------------- the parts

    def _title(self, task: TaskRule) -> Iterator[str]:
        if not task.title.strip() or task.title == task.id:
            yield "no title in rubric.yaml that a student understands"

    def _reference(self, task: TaskRule) -> Iterator[str]:
        if KINDS[task.kind].asked_by_name:
            yield from lacks_of(task.object, self.assignment.objects[task.object])

    def _inputs(self, task: TaskRule) -> Iterator[str]:
        if task.kind in WITH_CANDIDATES and task.id not in self.inputs:
            yield f'no public inputs: tests/public has no function with @inputs("{task.id}")'

    def _checks(self, task: TaskRule) -> Iterator[str]:
        weighed = {f"{task.id}.{check.name}" for check in task.checks}
        if not KINDS[task.kind].asked:
            return
        there = {check for check in (*self.public, *self.hidden) if check.partition(".")[0] == task.id}
        if task.kind in WITH_CANDIDATES and not {f"{task.id}.{name}" for name in FORM} & there:
            yield "no check of its contract"
        if not any(check in self.hidden and check.partition(".")[2] not in FORM for check in there):
            yield "no hidden check of its values"
        yield from (f"{check} has no weight in rubric.yaml" for check in sorted(there - weighed))
        yield from (f"{check} has a weight in rubric.yaml, and is no check" for check in sorted(weighed - there))

    def _candidates(self, task: TaskRule) -> Iterator[str]:
        if task.kind not in WITH_CANDIDATES:
            return
        candidates = self.assignment.candidates
        place = f"reference/candidates/<topic>/{task.id}.py"
        if task.id not in candidates.tasks():
            yield f"no {place}"
            return
        for found, least, what in (
            (candidates.mistakes(task.id), LEAST_MISTAKES, "named mistakes"),
            (candidates.variants(task.id), LEAST_RIGHT, "right answers"),
        ):
            if len(found) < least:
                yield f"{place} has {len(found)} {what}, of {least} that are needed"

    def _stub(self, task: TaskRule) -> Iterator[str]:
        place, signature = KINDS[task.kind].place(task, self.assignment.contract)
        path = self.assignment.folder / "student_template" / place
        if not signature:
            return
        tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
        if task.object not in {getattr(node, "name", None) for node in tree.body}:
            yield f"no stub in student_template/{place}: run `autograder template`"

    def _catalogue(self, task: TaskRule) -> Iterator[str]:
        wanted = self.signatures.get(task.id)
        if wanted is None or not KINDS[task.kind].asked_by_name:
            return
        found = [parameter.name for parameter in self.assignment.contract[task.id].parameters]
        if "generator" not in wanted and found[-1:] == ["generator"]:
            found.pop()  # the catalogue's conventions: "anything random accepts `generator`", whether its row says so or not
        if found != list(wanted):
            yield f"its arguments are ({', '.join(found)}), those of the catalogue ({', '.join(wanted)})"


# ----------------------------------------------------------------------------------------------------- the reference


def lacks_of(name: str, found: Any) -> Iterator[str]:
    """Yield what a function or class of the reference lacks: docstrings, annotations."""
    methods = (
        [value for key, value in vars(found).items() if is_public_method(key, value)] if inspect.isclass(found) else []
    )
    for what in [found, *methods]:
        label = name if what is found else f"{name}.{what.__name__}"
        if not (what.__doc__ or "").strip() and not (what is not found and what.__name__ == "forward"):
            yield f"the reference of {label} has no docstring"
        function = found.__init__ if inspect.isclass(what) else what
        if inspect.isfunction(function):
            yield from (f"the reference of {label} has no annotation of {part}" for part in unannotated(function))


def is_public_method(name: str, value: Any) -> bool:
    """Whether an entry of a class is a method that a student writes, its constructor left out."""
    return inspect.isfunction(value) and not name.startswith("_")


def unannotated(function: Any) -> list[str]:
    """Return the parameters without an annotation; "what it returns" for the result of anything but a constructor."""
    signature = inspect.signature(function)
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")]
    silent = signature.return_annotation is signature.empty and function.__name__ != "__init__"
    return bare + (["what it returns"] if silent else [])


# ----------------------------------------------------------------------------------------------------- the catalogue


def catalogue_signatures(text: str) -> Mapping[str, Sequence[str]]:
    """Return argument names by task id from the tables of a catalogue; rows that only refer to others are left out.

    A row is one task's, and may go on with another's: "| `encode` | `(x) -> z` and `decode(z) -> x` |".
    """
    rows = re.findall(r"^\| `(\w+)` \| `(?:class \w+\([\w.]*\))?(\(.*?)`", text, re.MULTILINE)
    beside = re.findall(r"^\| `\w+` \| `[^`]*` and `(\w+)(\(.*?)`", text, re.MULTILINE)
    return {task: arguments_of(signature) for task, signature in rows + beside}


def arguments_of(signature: str) -> list[str]:
    """Return the names of `(x (B,D), encoder, *, n_samples=1) -> scalar`, in order, without stars."""
    pieces, depth = [""], 0
    for character in signature:
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            break
        if character == "," and depth == 1:
            pieces.append("")
        else:
            pieces[-1] += character
    names = [re.match(r"\(?\s*(\w+)", piece) for piece in pieces]
    return [name[1] for name in names if name]
