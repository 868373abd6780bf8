"""Mutants of the reference, asked like any other wrong answer: how good are the checks before anybody has named a mistake?

Made for every task with a function or class of its own, a mutant counts if it changes an answer: a value or a gradient, on inputs
that are drawn as the checks draw them. It must then fail a check, or be listed under `EQUIVALENT` in the task's candidates with the
reason why what it does is right all the same. Models are not trained for mutants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.contract import Contract
from autograder.assignment.loading import Assignment
from autograder.authoring.cases import Case
from autograder.authoring.inputs import Inputs, draw_lot
from autograder.authoring.mutants import Mutant, changes_something, materialise, mutants_of
from autograder.checking.oracle import arguments_in_float64, call_like_reference
from autograder.checking.session import inputs_of
from autograder.errors import UsageError
from autograder.outcomes import Outcome
from autograder.quality.matrix import Entry, Row, run_matrix
from autograder.quality.store import Store

_SEEDS = (11, 12, 13)
"""Of the calls on which mutant and reference are compared, for every size."""


@dataclass(frozen=True)
class Mutated:
    """One generated change of a reference that changes an answer.

    Attributes:
        id: What was changed into what.
        line: Where, in the module of the reference.
        caught_by: The check that failed it first; "" if none did.
        reason: Why it is no mistake, where the author says so.
    """

    task: str
    id: str
    line: int
    caught_by: str = ""
    reason: str = ""

    @property
    def survives(self) -> bool:
        """Whether no check caught it and nobody has explained it."""
        return not self.caught_by and not self.reason


def mutants_asked(assignment: Assignment, tasks: Iterable[str]) -> list[str]:
    """Return those of some tasks that mutants are made for."""
    known = inputs_of(assignment.code)
    return [task for task in tasks if task in known and task not in assignment.rubric.training]


def mutated(assignment: Assignment, task: str, store: Path | None = None) -> list[Mutated]:
    """Return the mutants of one task that change an answer, each with the check that catches it.

    Raises:
        UsageError: `EQUIVALENT` names a mutant that is not made, or one that a check catches.
    """
    name = assignment.rubric.task(task).object
    module = assignment.contract.modules[name]
    text = (assignment.folder / "reference" / f"{module}.py").read_text(encoding="utf-8")
    made = mutants_of(text, name)
    functions = {m.id: f for m in made if (f := materialise(m, _executor(assignment, module))) is not None}
    calls = calls_of(inputs_of(assignment.code)[task], assignment.contract)
    original = assignment.objects[name]
    changing = [m for m in made if m.id in functions and changes_something(original, functions[m.id], calls)]
    rows = _rows(assignment, task, changing, functions, Store(store, assignment))
    reasons = assignment.candidates.equivalent(task)
    if stale := sorted(set(reasons) - {mutant.id for mutant in made}):
        raise UsageError(f"EQUIVALENT of {task} names a mutant that is not made: {stale[0]!r}")
    return [_mutated(task, mutant, rows[mutant.id], reasons) for mutant in changing]


def _mutated(task: str, mutant: Mutant, row: Row, reasons: Mapping[str, str]) -> Mutated:
    caught = [name for name, outcome in row.outcomes.items() if outcome is Outcome.FAILED]
    if caught and mutant.id in reasons:
        raise UsageError(f"EQUIVALENT of {task} excuses {mutant.id!r}, which the check {caught[0]!r} fails")
    return Mutated(task, mutant.id, mutant.line, caught[0] if caught else "", reasons.get(mutant.id, ""))


def _executor(assignment: Assignment, module: str) -> Callable[[str, str], Mapping[str, Any]]:
    def execute(source: str, label: str) -> Mapping[str, Any]:
        return assignment.code.run(source, f"reference.{module}")

    return execute


def _rows(
    assignment: Assignment, task: str, mutants: Sequence[Mutant], functions: Mapping[str, Any], store: Store
) -> dict[str, Row]:
    entries = {mutant.id: Entry("mutant", task, mutant.id, functions[mutant.id]) for mutant in mutants}
    known = {name: row for name, entry in entries.items() if (row := store.get(task, entry.key)) is not None}
    missing = [entry for name, entry in entries.items() if name not in known]
    if missing:
        for entry, row in zip(missing, run_matrix(assignment, missing, until_caught=True, named=False), strict=True):
            store.put(entry.key, row)
            known[entry.name] = row
    return known


# --------------------------------------------------------------------------------------------------------- the calls


def calls_of(source: Inputs, contract: Contract) -> list[Callable[[Any], Any]]:
    """Return questions on which a mutant is compared with the reference: each calls what it is given and returns plain values."""
    draw_lot(0)  # the same calls in whatever order tasks come
    cases = [source.build(sizes, torch.float64, seed) for sizes in source.sizes for seed in _SEEDS]
    return [_call(case, contract) for case in cases]


def _call(case: Case, contract: Contract) -> Callable[[Any], Any]:
    def call(function: Any) -> Any:
        arguments = arguments_in_float64(case)
        leaves = [value for value in _leaves(arguments.values()) if value.is_floating_point()]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case.seed)
            answer = call_like_reference(function, contract[case.function], arguments, case.seed)
            if case.calls:
                of = contract.object_of(case.function)
                assert of is not None
                if isinstance(answer, torch.nn.Module):
                    leaves += answer.double().parameters()  # in the precision of what it is asked about
                answer = {
                    name: call_like_reference(
                        getattr(answer, name), of.methods[name], arguments_in_float64(case.but_calling(name)), case.seed
                    )
                    for name in case.calls
                }
        return answer, _gradients(answer, leaves)

    return call


def _leaves(values: Iterable[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor) and value.is_floating_point():
            found.append(value.requires_grad_())
        elif isinstance(value, torch.nn.Module):
            found += list(value.parameters())
    return found


def _gradients(answer: Any, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    parts = [part for part in _tensors(answer) if part.requires_grad]
    if not parts or not leaves:
        return []
    total = sum(
        ((part * torch.linspace(0.5, 1.5, part.numel()).reshape(part.shape)).sum() for part in parts), torch.zeros(())
    )
    return list(torch.autograd.grad(total, leaves, allow_unused=True))


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, Mapping):
        value = value.values()
    return (
        [part for item in value for part in _tensors(item)]
        if isinstance(value, Iterable) and not isinstance(value, str)
        else []
    )


__all__ = ["Mutated", "calls_of", "mutants_asked", "mutated"]
