"""The trusted side of stand-ins: what a function of the submission should have returned, computed by the reference.

A check is asked again with some of the submission's own functions replaced (`sandbox.inside.standins`). The worker sends the
arguments of every call of them, as data, and gets the value back; no trusted code enters the sandbox. Everything that comes
in was written by a hostile process: names, types and sizes are looked at before anything is computed.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.contract import (
    ArraySpec,
    Contract,
    EitherSpec,
    FunctionContract,
    NamedSpec,
    Parameter,
    Spec,
    TupleSpec,
)
from autograder.authoring.cases import probe_dtype
from autograder.checking.oracle import Oracle, call_like_reference
from autograder.diagnosis.requests import Refused, Replies, Sent, network_sent
from autograder.sandbox.inside import probes
from autograder.sandbox.inside.values import Opaque, Probe, Seed
from autograder.sandbox.questions import MalformedRequest, Question

MOST_ELEMENTS = 2**22
"""The longest axes of every name multiplied, and with every whole number among the arguments (such as `n_samples`): no
array that is linear in the arguments is larger.
"""
MOST_LENGTH = 2048
"""Length of an axis that is no batch axis: a reference may build a square matrix of it, and factor that."""
_MOST_KEPT = 32
_MOST_DIMS = 8


@dataclass(frozen=True)
class Answered:
    """A call of a stand-in that was answered, in the question in which it was made, with the right value."""

    question: Question
    sent: Sent
    right: Any


class StandIns(Replies):
    """Answers with the reference.

    Attributes:
        calls: Some of the calls that were answered, drawn at random where there are many, with their right values.
    """

    def __init__(self, oracle: Oracle, contract: Contract, secret: str) -> None:
        """`secret` decides, together with what the submission's own generator yields, the noise of random functions."""
        super().__init__(contract)
        self._oracle = oracle
        self._secret = secret
        self.calls: list[Answered] = []
        self._answered = 0

    def answered(self, question: Question, sent: Sent) -> dict[str, Any]:
        """See `Replies.answered`: refused is what a right function would have raised for."""
        contract, given = sent.contract, sent.given
        arguments = {p.name: _argument(p, given[p.name], question) for p in contract.parameters if p.name in given}
        _require_size(contract, arguments)
        noise = self._noise(contract.name, sent.seed)
        call = _Call(self._oracle.function(contract.name), contract, arguments, noise)
        if sent.cotangents is None:
            value = call.value(_dtype_of(given.values()))
            self._remember(Answered(question, sent, value))
            return {"value": value}
        return {"gradients": call.gradients(sent.cotangents, sent.leaves)}

    def _remember(self, call: Answered) -> None:
        """Keep a call, or let it take the place of another: each call is kept with the same probability."""
        self._answered += 1
        place = self._noise("kept", self._answered) % self._answered
        if len(self.calls) < _MOST_KEPT:
            self.calls.append(call)
        elif place < _MOST_KEPT:
            self.calls[place] = call

    def _noise(self, name: str, seed: int) -> int:
        """Return the seed of a random function's noise: nobody in there can choose it, and the same generator repeats itself."""
        text = f"{self._secret}/{name}/{seed}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


# ------------------------------------------------------------------------------------------------------- arguments


def _argument(parameter: Parameter, value: Any, question: Question) -> Any:
    """Return an argument as the reference gets it: in float64, networks as the question has them."""
    if isinstance(value, Probe):
        return probes.build(probe_dtype(network_sent(value, question), torch.float64).spec)
    if isinstance(value, Seed | Opaque):
        raise Refused(f"{parameter.name} should be {parameter.spec}")
    if isinstance(value, np.ndarray):
        value = _from_numpy(value)
    if isinstance(value, Tensor):
        if value.dim() > _MOST_DIMS or value.is_complex():
            raise Refused(f"{parameter.name} is no tensor that the function takes")
        return _tensor(parameter, value)
    plain = type(value) in (int, float, bool, str) or value is None
    if not plain:  # the runner sends nothing else
        raise MalformedRequest(f"an argument of type {type(value).__name__}")
    fits = (parameter.default is not None and value is None) or any(_takes(spec, value) for spec in _choices(parameter))
    if not fits:
        raise Refused(f"{parameter.name} should be {parameter.spec}")
    array_only = all(isinstance(spec, ArraySpec) for spec in _choices(parameter))
    return torch.tensor(float(value), dtype=torch.float64) if array_only and value is not None else value


def _from_numpy(value: np.ndarray[Any, Any]) -> Tensor:
    try:
        return torch.from_numpy(value)
    except TypeError as error:
        raise Refused(str(error)) from None


def _tensor(parameter: Parameter, value: Tensor) -> Any:
    arrays = [spec for spec in _choices(parameter) if isinstance(spec, ArraySpec)]
    if arrays:
        return value.double() if arrays[0].kind == "Float" else value
    names = {spec.name for spec in _choices(parameter) if isinstance(spec, NamedSpec)}
    if value.numel() == 1 and names & {"float", "int"}:
        return int(value) if "float" not in names and not value.is_floating_point() else float(value)
    raise Refused(f"{parameter.name} should be {parameter.spec}")


def _choices(parameter: Parameter) -> Sequence[Spec]:
    spec = parameter.spec
    return spec.options if isinstance(spec, EitherSpec) else (spec,)


def _takes(spec: Spec, value: Any) -> bool:
    if isinstance(spec, ArraySpec):
        return type(value) in (int, float)
    name = spec.name if isinstance(spec, NamedSpec) else ""
    kinds: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "bool": (bool,), "str": (str,)}
    return type(value) in kinds.get(name, ())


def _require_size(contract: FunctionContract, arguments: Mapping[str, Any]) -> None:
    """Refuse what would cost the grader more time or memory than any check of ours asks for.

    Axes are matched from the right, as broadcasting does: samples of a batch are an axis more than the contract says.
    """
    batch = _batch_axis(contract)
    lengths: dict[str | int, int] = {}
    for parameter in contract.parameters:
        value = arguments.get(parameter.name)
        if type(value) is int:
            lengths[parameter.name] = max(1, abs(value))
        if not isinstance(value, Tensor):
            continue
        dims = next((spec.dims for spec in _choices(parameter) if isinstance(spec, ArraySpec)), ())
        for place, length in enumerate(reversed(value.shape)):
            dim: str | int = dims[-1 - place] if place < len(dims) else place - len(dims)
            lengths[dim] = max(lengths.get(dim, 1), length)
            if place < len(dims) and dim != batch and length > MOST_LENGTH:
                raise Refused(f"an axis of length {length:,} is more than a stand-in computes")
    if (together := math.prod(lengths.values())) > MOST_ELEMENTS:
        raise Refused(f"arguments of {together:,} elements are more than a stand-in computes")


def _batch_axis(contract: FunctionContract) -> str | None:
    """Return the axis that arguments and results begin with, and that no result has twice."""
    returns = contract.returns
    results = returns.items if isinstance(returns, TupleSpec) else (returns,)
    dims = [spec.dims for spec in results if isinstance(spec, ArraySpec) and spec.dims]
    starts = {
        spec.dims[0] for p in contract.parameters for spec in _choices(p) if isinstance(spec, ArraySpec) and spec.dims
    }
    candidates = [d[0] for d in dims if d[0] in starts and all(other.count(d[0]) < 2 for other in dims)]
    return candidates[0] if candidates else None


# ------------------------------------------------------------------------------------------------------- computing


class _Call:
    """One call of the reference, in float64."""

    def __init__(
        self, function: Callable[..., Any], contract: FunctionContract, arguments: dict[str, Any], seed: int
    ) -> None:
        self._function = function
        self._contract = contract
        self._arguments = arguments
        self._seed = seed

    def value(self, dtype: torch.dtype) -> Any:
        """Return the value; floating point tensors in it have `dtype`."""
        with torch.no_grad():
            value = self._run()
        if isinstance(value, tuple | list):
            return tuple(_plain(part, dtype) for part in value)
        return _plain(value, dtype)

    def gradients(self, cotangents: Sequence[Tensor], leaves: Sequence[str]) -> list[Tensor]:
        """Return d⟨cotangents, value⟩ for every leaf, an argument or `"network.trunk.0.bias"`; zeros where independent."""
        tensors = [self._leaf(name) for name in leaves]
        value = self._run()
        parts = [part for part in (value if isinstance(value, tuple | list) else (value,)) if isinstance(part, Tensor)]
        weights = [cotangent.detach() for cotangent in cotangents]
        if [part.shape for part in parts] != [weight.shape for weight in weights]:
            raise MalformedRequest("cotangents that do not have the shapes of what they weigh")
        pairs = [(part, w.to(part.dtype)) for part, w in zip(parts, weights, strict=True) if part.requires_grad]
        found: Sequence[Tensor | None] = [None] * len(tensors)
        if pairs:
            outputs, cotangent = [part for part, _ in pairs], [weight for _, weight in pairs]
            try:
                found = torch.autograd.grad(outputs, tensors, cotangent, allow_unused=True)
            except RuntimeError as error:  # a factorisation that has no derivative: raised in there as well
                raise Refused(f"{type(error).__name__}: {str(error)[:500]}") from None
        return [torch.zeros_like(t) if g is None else g.detach() for t, g in zip(tensors, found, strict=True)]

    def _run(self) -> Any:
        try:
            with torch.random.fork_rng(devices=[]):  # a network may have dropout
                torch.default_generator.manual_seed(self._seed)
                return call_like_reference(self._function, self._contract, self._arguments, self._seed)
        except Exception as error:  # shapes that do not fit, a matrix that is singular: raised in there as well
            raise Refused(f"{type(error).__name__}: {str(error)[:500]}") from None

    def _leaf(self, name: str) -> Tensor:
        head, _, rest = name.partition(".")
        target = self._arguments.get(head)
        if rest and isinstance(target, torch.nn.Module):
            target = dict(target.named_parameters()).get(rest)
        elif isinstance(target, Tensor) and not rest and target.is_floating_point():
            target.requires_grad_()
        if not isinstance(target, Tensor) or not target.requires_grad:
            raise MalformedRequest("a request for a gradient of what has none")
        return target


def _plain(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, Tensor):
        return value.detach().to(dtype) if value.is_floating_point() else value.detach()
    if isinstance(value, tuple | list):
        return type(value)([_plain(part, dtype) for part in value])
    if isinstance(value, dict):
        return {key: _plain(part, dtype) for key, part in value.items()}
    return value


def _dtype_of(sent: Iterable[Any]) -> torch.dtype:
    """Return the dtype of a result by torch's own rule: scalars do not widen it."""
    floating = [value for value in sent if isinstance(value, Tensor) and value.is_floating_point()]
    dtypes = [tensor.dtype for tensor in floating if tensor.dim()] or [tensor.dtype for tensor in floating]
    return functools.reduce(torch.promote_types, dtypes) if dtypes else torch.get_default_dtype()
