"""The probes of a task: a few inputs that are the same for a whole class, and what the reference answers to them.

They come from the inputs that the author wrote (`authoring.inputs`), with seeds that hang on the reference alone: whoever has the author's
inputs but not the reference cannot make them, and no hidden check asks any of them, because those hang on the submission.
"""

from __future__ import annotations

import ast
import contextvars
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.callgraph import Folder, reached, text_of
from autograder.assignment.contract import FunctionContract, bind_dims
from autograder.assignment.digests import tree_text
from autograder.assignment.loading import REFERENCE, Assignment
from autograder.authoring.cases import Case
from autograder.authoring.inputs import Inputs, draw_lot
from autograder.checking.oracle import Oracle
from autograder.checking.session import inputs_of
from autograder.sandbox.inside.values import Probe

MOST_PROBES = 5
MOST_RANDOM_PROBES = 2
DRAWS = 100
"""How often a random function is called for each of its probes."""
_MOST_NUMBERS = 20_000
_VERSION = "1"


@dataclass(frozen=True)
class TaskProbes:
    """What is asked of one task.

    Attributes:
        digest: Of all that is asked and expected.
        random: Whether the function draws, so that the expected values are `DRAWS` rows of draws.
        cases: The calls.
        sizes: Of the axes, and the int arguments, of each call by name.
        expected: What the reference answers; of a random function, to the call with the seed of the case.
        draws: Of a random function: its numbers, one row for each of `DRAWS` calls.
    """

    digest: str
    random: bool
    cases: tuple[Case, ...]
    sizes: tuple[Mapping[str, int], ...]
    expected: tuple[Any, ...]
    draws: tuple[Tensor, ...] = ()


class Probes:
    """The probes of an assignment, made when they are first asked for."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._oracle = Oracle(assignment.objects, assignment.contract)
        self._inputs = inputs_of(assignment.code)
        self._made: dict[str, TaskProbes | None] = {}

    def of(self, task: str) -> TaskProbes | None:
        """Return the probes of a task; None for one that is no function, or for which the author wrote no inputs.

        Raises:
            Exception: Whatever the author's inputs or the reference raise.
        """
        if task not in self._made:
            self._made[task] = self._make(task)
        return self._made[task]

    def _make(self, task: str) -> TaskProbes | None:
        source, name = self._inputs.get(task), self._assignment.contract.resolved(task)
        contract = self._assignment.contract.functions.get(name)
        if source is None or contract is None:
            return None
        random = is_random(contract)
        lot = self._lot(task, name)
        found = chosen(_drawn(source, lot), contract, MOST_RANDOM_PROBES if random else MOST_PROBES)
        cases = tuple(replace(case, function=name) for case, _ in found)
        expected = tuple(self._oracle.value(case) for case in cases)
        draws = tuple(self._draws(case) for case in cases) if random else ()
        digest = hashlib.sha256(f"{_VERSION} {task}".encode())
        for case, value in zip(cases, expected, strict=True):
            _fold(digest, [case.seed, dict(case.arguments), rounded(numbers(value))])
        return TaskProbes(digest.hexdigest()[:16], random, cases, tuple(sizes for _, sizes in found), expected, draws)

    def _lot(self, task: str, name: str) -> int:
        folder = Folder(self._assignment.folder / REFERENCE)
        texts = [tree_text(ast.parse(text_of(folder, place))) for place in reached(folder, name)]
        return int(hashlib.sha256("\n".join(["probes", task, *texts]).encode()).hexdigest()[:12], 16)

    def _draws(self, case: Case) -> Tensor:
        rows = [numbers(self._oracle.value(replace(case, seed=case.seed + turn))) for turn in range(DRAWS)]
        return torch.stack(rows) if len({len(row) for row in rows}) == 1 else torch.zeros(DRAWS, 0, dtype=torch.float64)


@lru_cache(maxsize=4)
def probes_of(assignment: Assignment) -> Probes:
    """Return the probes of an assignment, the same object each time: a process that grades many works them out once."""
    return Probes(assignment)


def is_random(contract: FunctionContract) -> bool:
    """Whether a function draws, as its contract says it."""
    return any(parameter.name == "generator" for parameter in contract.parameters)


def _drawn(source: Inputs, lot: int) -> list[Case]:
    """Return a call for each entry of the author's table of sizes, in float64 where that may be."""
    dtype = torch.float64 if torch.float64 in source.dtypes else source.dtypes[0]

    def build() -> list[Case]:
        draw_lot(lot)  # in a context of its own: the lot of the submission stays what it is
        return [source.build(sizes, dtype, seed) for seed, sizes in enumerate(source.sizes)]

    return contextvars.copy_context().run(build)


def chosen(cases: Sequence[Case], contract: FunctionContract, most: int) -> list[tuple[Case, Mapping[str, int]]]:
    """Return at most so many calls, with their sizes: one of middling size, those with 1 on an axis, the largest; in the table's order.

    Args:
        cases: From the smallest to the largest.
        contract: Says which axes there are.
        most: How many.
    """
    sizes = [sizes_of(case, contract) for case in cases]
    order = [len(cases) // 2]
    ones: set[str] = set()
    for place, own in enumerate(sizes):
        if new := {axis for axis, size in own.items() if size == 1} - ones:
            ones |= new
            order.append(place)
    order += [len(cases) - 1, 0, *range(len(cases))]
    wanted: dict[str, int] = {}
    for place in order:
        if len(wanted) < most:
            wanted.setdefault(str(sizes[place]), place)
    return [(cases[place], sizes[place]) for place in sorted(wanted.values())]


def sizes_of(case: Case, contract: FunctionContract) -> dict[str, int]:
    """Return the sizes of the named axes of a call, and its int arguments."""
    shapes = {name: _shape(value) for name, value in case.arguments.items()}
    found = bind_dims(contract, shapes)
    return {axis.strip("{}"): size for axis, size in found.items() if isinstance(size, int)}


def _shape(value: Any) -> Any:
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, tuple | list):
        return [_shape(item) for item in value]
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return value if type(value) is int else None


def numbers(value: Any) -> Tensor:
    """Return all numbers in a value, in tuples, lists and dictionaries to any depth, as float64 of one axis: at most `_MOST_NUMBERS`."""
    parts = list(_parts(value, 0))
    return torch.cat(parts)[:_MOST_NUMBERS] if parts else torch.zeros(0, dtype=torch.float64)


def _parts(value: Any, depth: int) -> list[Tensor]:
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value.astype(np.float64)) if value.dtype.kind in "fiub" else None
    if isinstance(value, Tensor):
        plain = torch.view_as_real(value.detach().resolve_conj()) if value.is_complex() else value.detach()
        return [plain.reshape(-1)[:_MOST_NUMBERS].to("cpu", torch.float64)]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**300):
        return [torch.tensor([float(value)], dtype=torch.float64)]
    if depth < 4 and isinstance(value, dict):
        value = [value[key] for key in sorted(value, key=str)]
    if depth < 4 and isinstance(value, tuple | list):
        return [part for item in value[:1000] for part in _parts(item, depth + 1)]
    return []


def rounded(values: Tensor, places: int = 6) -> list[float]:
    """Return numbers with so many significant places; what is not finite as 0."""
    return [float(f"{number:.{places}g}") for number in values.nan_to_num(0.0, 0.0, 0.0).tolist()]


def _fold(digest: Any, value: Any) -> None:
    """Let a digest depend on a value: nested arguments of a call."""
    if isinstance(value, Tensor):
        plain = value.detach().to("cpu").contiguous()
        digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode() + plain.reshape(-1).numpy().tobytes())
    elif isinstance(value, Probe):
        _fold(digest, value.spec)
    elif isinstance(value, dict):
        for key in value:
            digest.update(f"{key}:".encode())
            _fold(digest, value[key])
    elif isinstance(value, tuple | list):
        digest.update(f"[{len(value)}]".encode())
        for item in value:
            _fold(digest, item)
    else:
        digest.update(f"{type(value).__name__} {value!r}".encode())
