"""The expected answer: the reference, run in the trusted process in float64 on the very inputs the student got."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.candidates import Candidates, load_candidates
from autograder.assignment.contract import Contract, FunctionContract
from autograder.authoring.cases import Case, probe_dtype
from autograder.diagnosis.mistakes import NamedMistake
from autograder.errors import UsageError
from autograder.sandbox.inside import probes
from autograder.sandbox.inside.values import Probe


class Oracle:
    """The reference functions of an assignment, asked with cases."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], contract: Contract) -> None:
        self._functions = functions
        self._contract = contract

    def function(self, name: str) -> Callable[..., Any]:
        """Return the reference of one function."""
        return self._functions[name]

    def value(self, case: Case) -> Any:
        """Return what the reference answers, computed in float64."""
        return self._call(case, arguments_in_float64(case))

    def gradients(
        self, case: Case, names: Sequence[str], cotangent: Tensor | None = None, part: int | None = None
    ) -> dict[str, Tensor]:
        """Return d⟨cotangent, reference(case)⟩ for every name, as `Question.gradients` means it; zeros where independent."""
        arguments = arguments_in_float64(case)
        leaves: dict[str, Tensor] = {}
        for name in names:
            head, _, rest = name.partition(".")
            target = arguments[head]
            leaves[name] = dict(target.named_parameters())[rest] if rest else target.requires_grad_()
        value = self._call(case, arguments)
        value = value if part is None else value[part]
        weights = torch.ones_like(value) if cotangent is None else cotangent.to(value.dtype).reshape(value.shape)
        found = torch.autograd.grad((value * weights).sum(), list(leaves.values()), allow_unused=True)
        return {
            name: torch.zeros_like(leaf) if gradient is None else gradient
            for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
        }

    def _call(self, case: Case, arguments: dict[str, Any]) -> Any:
        return call_like_reference(self._functions[case.function], self._contract[case.function], arguments, case.seed)


def arguments_in_float64(case: Case) -> dict[str, Any]:
    """Return a case's arguments as the reference gets them: float64 copies, probes as networks."""
    return {name: _double(value) for name, value in case.arguments.items()}


def call_like_reference(
    function: Callable[..., Any], contract: FunctionContract, arguments: Mapping[str, Any], seed: int
) -> Any:
    """Call a function that has the contract's signature."""
    positional = [arguments[p.name] for p in contract.parameters if not p.keyword_only and p.name in arguments]
    keywords = {p.name: arguments[p.name] for p in contract.parameters if p.keyword_only and p.name in arguments}
    if any(p.name == "generator" for p in contract.parameters):
        keywords["generator"] = torch.Generator().manual_seed(seed)
    return function(*positional, **keywords)


def _double(value: Any) -> Any:
    if isinstance(value, Probe):
        return probes.build(probe_dtype(value, torch.float64).spec)
    if isinstance(value, Tensor):
        return value.detach().clone().double() if value.is_floating_point() else value.detach().clone()
    return value


def load_mistakes(assignment: Path) -> dict[str, list[NamedMistake]]:
    """Import the named mistakes of an assignment and their other forms, by task; empty when it has none.

    Raises:
        UsageError: A file of candidates cannot be imported or is refused.
    """
    candidates = import_candidates(assignment)
    named = {task: candidates.named(task) for task in candidates.tasks()}
    return {task: [NamedMistake(c.name, c.text, c.function) for c in own] for task, own in named.items() if own}


def import_candidates(assignment: Path) -> Candidates:
    """Import everything that is held against the checks of an assignment (`reference/candidates`).

    Raises:
        UsageError: A file of candidates cannot be imported or is refused.
    """
    with _importable(assignment):
        return load_candidates(assignment, importlib.import_module)


@contextmanager
def _importable(assignment: Path) -> Iterator[None]:
    """Make the assignment's `reference` the one that is imported: forget another assignment's, put the folder first."""
    folder = str(assignment.resolve())
    loaded = sys.modules.get("reference")
    if loaded is not None and Path(str(loaded.__file__)).resolve().parent.parent != Path(folder):
        for name in [name for name in sys.modules if name == "reference" or name.startswith("reference.")]:
            del sys.modules[name]
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def load_oracle(assignment: Path, contract: Contract) -> Oracle:
    """Import the assignment's `reference` package and return its functions.

    Raises:
        UsageError: The package or one of its functions cannot be imported.
    """
    try:
        with _importable(assignment):
            functions = {
                name: getattr(importlib.import_module(f"reference.{function.module}"), name)
                for name, function in contract.functions.items()
            }
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{assignment / 'reference'} cannot be imported: {error}") from None
    return Oracle(functions, contract)
