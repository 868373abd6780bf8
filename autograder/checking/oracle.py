"""The expected answer: the reference, run in the trusted process in float64 on the very inputs the student got."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.contract import Contract, FunctionContract
from autograder.authoring.cases import Case, probe_dtype
from autograder.checking.objects import contract_of_call
from autograder.sandbox.inside import probes
from autograder.sandbox.inside.values import Probe


class Oracle:
    """The reference functions of an assignment, asked with cases."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], contract: Contract) -> None:
        self._functions = functions
        self._contract = contract

    def function(self, name: str) -> Callable[..., Any]:
        """Return the reference of one function."""
        return self._functions[self._contract.resolved(name)]

    def value(self, case: Case) -> Any:
        """Return what the reference answers, computed in float64."""
        return self._call(case, arguments_in_float64(case))

    def make(self, case: Case) -> Any:
        """Return the object that the reference makes, in float64: a class's instance, or what a function returns.

        What its making draws is drawn with the seed of the case, and the global generator is left as it was.
        """
        with _seeded(case.seed):
            contract = contract_of_call(self._contract, self._contract.resolved(case.function))
            made = call_like_reference(self.function(case.function), contract, arguments_in_float64(case), case.seed)
        return made.double() if isinstance(made, torch.nn.Module) else made

    def method(self, made: Any, name: str, arguments: Mapping[str, Any] | None = None, seed: int = 0) -> Any:
        """Return what a method of an object of the reference answers, computed in float64.

        Args:
            made: What `make` returned.
            name: The method; `forward` of a module is called through the module.
            arguments: By name, as they went to the submission.
            seed: Seeds the global generator while it runs, and `generator` where the method takes one.
        """
        called = made if name == "forward" and isinstance(made, torch.nn.Module) else getattr(made, name)
        given = {key: in_float64(value) for key, value in (arguments or {}).items()}
        if "generator" in inspect.signature(getattr(made, name)).parameters and "generator" not in given:
            given["generator"] = torch.Generator().manual_seed(seed)
        with _seeded(seed):
            return called(**given)

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
        return call_like_reference(self.function(case.function), self._contract[case.function], arguments, case.seed)


@contextmanager
def _seeded(number: int) -> Iterator[None]:
    """Draw from a global generator with this seed until the block ends; it is then what it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(number)
        yield


def arguments_in_float64(case: Case) -> dict[str, Any]:
    """Return a case's arguments as the reference gets them: float64 copies, probes as networks."""
    return {name: in_float64(value) for name, value in case.arguments.items()}


def call_like_reference(
    function: Callable[..., Any], contract: FunctionContract, arguments: Mapping[str, Any], seed: int
) -> Any:
    """Call a function that has the contract's signature."""
    positional = [arguments[p.name] for p in contract.parameters if not p.keyword_only and p.name in arguments]
    keywords = {p.name: arguments[p.name] for p in contract.parameters if p.keyword_only and p.name in arguments}
    if any(p.name == "generator" for p in contract.parameters):
        keywords["generator"] = torch.Generator().manual_seed(seed)
    return function(*positional, **keywords)


def in_float64(value: Any) -> Any:
    """Return a value as the reference gets it: a copy in float64 of a tensor (also in a container), a probe as a network."""
    if isinstance(value, Mapping):
        return {key: in_float64(item) for key, item in value.items()}
    if type(value) in (tuple, list):
        return type(value)(in_float64(item) for item in value)
    if isinstance(value, Probe):
        return probes.build(probe_dtype(value, torch.float64).spec)
    if isinstance(value, Tensor):
        return value.detach().clone().double() if value.is_floating_point() else value.detach().clone()
    return value
