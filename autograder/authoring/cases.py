"""A case: the arguments of one call, which both the student's function and the reference get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from autograder.assignment.contract import FunctionContract
from autograder.errors import HarnessFault
from autograder.sandbox.inside.values import Handle, Probe, Seed
from autograder.sandbox.questions import Question


@dataclass(frozen=True)
class Case:
    """One call of a task's function.

    Attributes:
        function: Name of the function, or the id of its task.
        arguments: Values by the contract's parameter names: tensors, numbers, probes, handles.
        seed: Seeds the global generators and `generator` where the function takes one.
        scale: Size of the terms that are added up on the way to the result, where it is larger than the result: the
            tolerance grows with it.
        calls: For a call that makes an object: the methods that are asked of it, by name, with their arguments.
    """

    function: str
    arguments: Mapping[str, Any]
    seed: int = 0
    scale: float = 1.0
    calls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def but(self, **arguments: Any) -> Case:
        """Return the same call with some arguments replaced."""
        return replace(self, arguments={**self.arguments, **arguments})

    def but_calling(self, method: str) -> Case:
        """Return a case with the arguments of one of the methods in `calls`."""
        return replace(self, arguments=self.calls[method], calls={})

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensor arguments."""
        return {name: value for name, value in self.arguments.items() if isinstance(value, Tensor)}

    def dtype(self) -> Any:
        """Return the dtype of the first floating point argument, or None."""
        return next((value.dtype for value in self.tensors().values() if value.is_floating_point()), None)

    def question(self, contract: FunctionContract, **options: Any) -> Question:
        """Return the question to ask the submission, with arguments as the contract has them and seeds shifted by `salt`."""
        return self.call_of(contract.name, contract, **options)

    def call_of(self, function: str | Handle, contract: FunctionContract, **options: Any) -> Question:
        """Return the question that calls `function`, which need not be the one that the case names.

        Without `own_generator` none is passed, and noise comes from the global one, which is seeded all the same.

        Raises:
            HarnessFault: The case leaves an argument out and gives one that stands behind it: arguments go by position.
        """
        self._require_no_gap(contract)
        positional = [p.name for p in contract.parameters if not p.keyword_only and p.name in self.arguments]
        keywords = {
            p.name: self.arguments[p.name]
            for p in contract.parameters
            if p.keyword_only and (p.name != "generator" or p.name in self.arguments)
        }
        seed = (options.pop("seed", self.seed) + options.pop("salt", 0)) % 2**62
        own_generator = options.pop("own_generator", True)
        offered = (
            {"generator": Seed(seed)}
            if own_generator and any(p.name == "generator" for p in contract.parameters)
            else {}
        )
        return Question(
            function=function,
            args=[self.arguments[name] for name in positional],
            arg_names=positional,
            kwargs=keywords,
            offered=offered,
            seed=seed,
            **options,
        )

    def _require_no_gap(self, contract: FunctionContract) -> None:
        missing = ""
        for parameter in contract.parameters:
            if parameter.keyword_only or parameter.name == "generator":
                continue
            if parameter.name not in self.arguments:
                missing = missing or parameter.name
            elif missing:
                raise HarnessFault(
                    f"a case of {self.function} leaves out `{missing}` and gives `{parameter.name}`, which stands behind it: "
                    "arguments go by position, because their names are the student's business; give both or neither"
                )


@dataclass(frozen=True)
class Sizes:
    """Sizes of the named axes, pairwise different wherever a mix-up could hide.

    Attributes:
        values: By name of the axis.
        others: Handed out to axes that have no name there, in the order in which they are asked for (see `Draw.size`).
    """

    values: Mapping[str, int] = field(default_factory=dict)
    others: tuple[int, ...] = ()

    def __getitem__(self, dim: str) -> int:
        """Return the size of axis `dim`."""
        return self.values[dim]

    def but(self, **sizes: int) -> Sizes:
        """Return the same sizes with some replaced."""
        return replace(self, values={**self.values, **sizes})


def probe_dtype(probe: Probe, dtype: Any) -> Probe:
    """Return the probe with its weights in another dtype."""
    return Probe(_convert(probe.spec, dtype))


def _convert(node: Any, dtype: Any) -> Any:
    if isinstance(node, Tensor):
        return node.to(dtype)
    if isinstance(node, dict):
        return {key: _convert(value, dtype) for key, value in node.items()}
    if isinstance(node, list):
        return [_convert(value, dtype) for value in node]
    return node
