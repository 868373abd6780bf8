"""The assignment as one object: loaded once from a folder, and the only one that imports what a teacher wrote.

Everything else in the engine receives it, or a part of it. Two assignments can be used side by side in one process.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.assignment.callgraph import call_graph
from autograder.assignment.candidates import Candidates, load_candidates
from autograder.assignment.code import AuthorsCode
from autograder.assignment.contract import Contract, load_contract
from autograder.assignment.digests import task_digests
from autograder.assignment.kinds import KINDS
from autograder.assignment.rubric import CheckRule, Rubric, TaskRule
from autograder.assignment.rubric_file import load_rubric, require_checks
from autograder.errors import RubricError, UsageError

if TYPE_CHECKING:
    from autograder.assignment.answers import AnswerSheet

RUBRIC = "rubric.yaml"
REFERENCE = "reference"
FIGURES = "tests/figures"


class Assignment:
    """What a teacher wrote: rubric, contract, reference, checks, candidates.

    Attributes:
        folder: Where it is, resolved.
        code: Its Python, imported for it alone.
        rubric: The whole rubric; `rubric.for_track(name)` is what a grading uses.
        contract: The signatures of its tasks, in the rubric's order.
        sheets: The right short answers by task id.
    """

    def __init__(self, folder: Path) -> None:
        """Read rubric, contract and answer sheets; Python is imported when it is needed.

        Raises:
            UsageError: The folder is no assignment, or something in it cannot be used; with file and line.
        """
        if not folder.is_dir():  # before it is resolved, which a loop of links is not
            raise UsageError(
                f"{folder} is not a folder: an assignment is a folder with {RUBRIC}, reference/ and tests/"
            )
        self.folder = folder.resolve()
        self.code = AuthorsCode(self.folder)
        rubric = load_rubric(self.rubric_path)
        self.sheets: Mapping[str, AnswerSheet] = {
            task.id: sheet for task in rubric.tasks if (sheet := KINDS[task.kind].sheet(task, self.folder / REFERENCE))
        }
        self.rubric = rubric.model_copy(update={"tasks": tuple(self._with_own_checks(task) for task in rubric.tasks)})
        named = {task.id: task.object for task in rubric.tasks if KINDS[task.kind].asked_by_name}
        contract = load_contract(self.folder / REFERENCE, named.values())
        self.contract: Contract = replace(
            contract, aliases={task: name for task, name in named.items() if task != name}
        )

    @property
    def rubric_path(self) -> Path:
        """The file with the rubric, for messages."""
        return self.folder / RUBRIC

    def _with_own_checks(self, task: TaskRule) -> TaskRule:
        """Return a task with the checks that its kind brings; those that the rubric weighs keep their weights."""
        own = KINDS[task.kind].own_checks(task, self.sheets)
        if unknown := [check.name for check in task.checks if own and check.name not in own]:
            raise RubricError(
                self.rubric_path, None, f"{task.id} has no check {unknown[0]!r}; it has: {', '.join(own)}"
            )
        missing = [name for name in own if name not in {check.name for check in task.checks}]
        if missing and task.checks:
            raise RubricError(self.rubric_path, None, f"{task.id}: the check {missing[0]!r} exists but has no weight")
        return (
            task.model_copy(update={"checks": tuple(CheckRule(name=name, weight=Decimal(1)) for name in own)})
            if missing
            else task
        )

    # ------------------------------------------------------------------------------------------- what is imported

    @cached_property
    def objects(self) -> Mapping[str, Any]:
        """The reference: functions and classes by Python name.

        Raises:
            UsageError: A module cannot be imported, or lacks what its text defines.
        """
        found = {}
        for name, module in self.contract.modules.items():
            try:
                found[name] = getattr(self.code.module(f"{REFERENCE}.{module}"), name)
            except Exception as error:
                place = f"{self.folder / REFERENCE / module}.py"
                raise UsageError(f"{place} cannot be imported ({type(error).__name__}: {error})") from error
        return found

    @cached_property
    def candidates(self) -> Candidates:
        """Everything that is held against the checks, from `reference/candidates`; empty where there is none.

        Raises:
            UsageError: A file cannot be imported or is not as it should be.
        """
        return load_candidates(self.folder, self.code.module)

    # -------------------------------------------------------------------------------------------- what is derived

    @cached_property
    def graph(self) -> Mapping[str, tuple[str, ...]]:
        """For each task id, the earlier and later tasks that its reference uses."""
        by_name = {task.object: task.id for task in self.rubric.tasks if KINDS[task.kind].asked_by_name}
        graph = call_graph(self.folder / REFERENCE, by_name)
        return {by_name[name]: tuple(by_name[used] for used in uses) for name, uses in graph.items()}

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """For each task id, a digest of what it is made of: contract, reference and what that calls, checks, answers."""
        return task_digests(self)

    def names(self, rubric: Rubric | None = None) -> dict[str, str]:
        """Return the Python names that submissions define, each with the module that is looked at first."""
        tasks = (rubric or self.rubric).tasks
        found: dict[str, str] = {}
        for task in tasks:
            found |= KINDS[task.kind].names(task, self.contract)
        return found

    def check_names(self, task_id: str) -> tuple[str, ...]:
        """Return the names of the checks that the rubric weighs for a task; none for a task that it does not have."""
        return next((tuple(c.name for c in task.checks) for task in self.rubric.tasks if task.id == task_id), ())

    def figures(self, rubric: Rubric) -> tuple[str, ...]:
        """Return the tasks for a person that something is drawn for: `tests/figures/<id>.py` has a function `draw`."""
        return tuple(t.id for t in rubric.tasks if not t.checks and (self.folder / FIGURES / f"{t.id}.py").is_file())

    def require_checks(self, found: Collection[str]) -> None:
        """Refuse an assignment whose rubric and tests do not name the same checks; `found` are the ids of the tests.

        Raises:
            RubricError: An unknown check in the rubric, with its line, or a test that the rubric does not weigh.
        """
        require_checks(self.rubric, self.rubric_path, found)
