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
from autograder.sandbox.inside import probes
from autograder.sandbox.inside.standins import SENT_AS
from autograder.sandbox.inside.values import Opaque, Probe, Seed
from autograder.sandbox.questions import MalformedRequest, Question

MOST_ELEMENTS = 2**22
"""The longest axes of every name multiplied, and with every whole number among the arguments (such as `n_samples`): no
array that is linear in the arguments is larger.
"""
MOST_LENGTH = 2048
"""Length of an axis that is no batch axis: a reference may build a square matrix of it, and factor that."""
_MOST_ARGUMENTS = 16
_MOST_WANTED = 500
_MOST_DIMS = 8


class StandIns:
    """Answers the stand-ins of one submission with the reference: see `questions.Collaborators`.

    Attributes:
        called: Names of the functions whose value was asked for, in the order of their first call.
    """

    def __init__(self, oracle: Oracle, contract: Contract, secret: str) -> None:
        """`secret` decides, together with what the submission's own generator yields, the noise of random functions."""
        self._oracle = oracle
        self._contract = contract
        self._secret = secret
        self.called: list[str] = []

    def __call__(self, question: Question, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to a request: a value, or gradients, or why there is none."""
        name, args, kwargs, seed, cotangents, wanted = _read(request)
        if name not in question.stand_ins or name not in self._contract.functions:
            raise MalformedRequest("a request for a function that nothing stands in for")
        if name not in self.called:
            self.called.append(name)
        contract = self._contract[name]
        try:
            labels = _bound(contract, args, kwargs)
            given = {p.name: args[int(label)] if label.isdigit() else kwargs[label] for label, p in labels}
            given.pop("generator", None)
            arguments = {p.name: _argument(p, given[p.name], question) for p in contract.parameters if p.name in given}
            _require_size(contract, arguments)
            call = _Call(self._oracle.function(name), contract, arguments, self._noise(name, seed))
            if cotangents is None:
                return {"refused": "", "value": call.value(_dtype_of(given.values())), "gradients": []}
            names = {label: parameter.name for label, parameter in labels}
            gradients = call.gradients(cotangents, [_leaf_name(label, names) for label in wanted])
            return {"refused": "", "value": None, "gradients": gradients}
        except _Refused as refused:
            return {"refused": str(refused), "value": None, "gradients": []}

    def _noise(self, name: str, seed: int) -> int:
        """Return the seed of a random function's noise: nobody in there can choose it, and the same generator repeats itself."""
        text = f"{self._secret}/{name}/{seed}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


class _Refused(Exception):
    """A right function would not have taken these arguments, or they are more than is computed for a submission."""


# --------------------------------------------------------------------------------------------------------- reading

Fields = tuple[str, list[Any], dict[str, Any], int, list[Tensor] | None, list[str]]


def _read(request: Mapping[str, Any]) -> Fields:
    """Return the fields of a request.

    Raises:
        MalformedRequest: One is missing, or is not of its type.
    """
    if set(request) != {"type", "id", "name", "args", "kwargs", "seed", "cotangents", "wanted"}:
        raise MalformedRequest("a request with other fields than it should have")
    name, args, kwargs, seed = request["name"], request["args"], request["kwargs"], request["seed"]
    cotangents, wanted = request["cotangents"], request["wanted"]
    right = (type(name), type(args), type(kwargs), type(seed), type(wanted)) == (str, list, dict, int, list)
    if not right or not 0 <= seed < 2**62 or not (cotangents is None or type(cotangents) is list):
        raise MalformedRequest("a request with a field of the wrong type")
    if len(args) + len(kwargs) > _MOST_ARGUMENTS or len(wanted) > _MOST_WANTED:
        raise MalformedRequest("a request with too many arguments")
    if not all(type(key) is str for key in kwargs):
        raise MalformedRequest("a request with a field of the wrong type")
    if any(type(label) is not str or len(label) > 200 for label in wanted):
        raise MalformedRequest("a request for gradients of nothing")
    if cotangents is not None and not all(isinstance(part, Tensor) and not part.is_complex() for part in cotangents):
        raise MalformedRequest("a request with cotangents that are no tensors")
    if (cotangents is not None) != bool(wanted) or len(set(wanted)) != len(
        wanted
    ):  # each is as large as what it is for
        raise MalformedRequest("a request for gradients of nothing")
    return name, args, kwargs, seed, cotangents, wanted


def _bound(contract: FunctionContract, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[tuple[str, Parameter]]:
    """Return (position or keyword, parameter) of every argument, as Python would bind them."""
    positional = [parameter for parameter in contract.parameters if not parameter.keyword_only]
    known = {parameter.name: parameter for parameter in contract.parameters}
    if len(args) > len(positional):
        raise _Refused(f"{contract.name}() takes {len(positional)} positional arguments but {len(args)} were given")
    labels = [(str(index), positional[index]) for index in range(len(args))]
    taken = {parameter.name for _, parameter in labels}
    for key in kwargs:
        if key not in known:
            raise _Refused(f"{contract.name}() got an unexpected keyword argument {key[:100]!r}")
        if key in taken:
            raise _Refused(f"{contract.name}() got multiple values for argument {key!r}")
        labels.append((key, known[key]))
    given = {parameter.name for _, parameter in labels}
    if missing := [p.name for p in contract.parameters if p.default is None and p.name not in given]:
        raise _Refused(f"{contract.name}() is missing the argument {missing[0]!r}")
    return labels


def _argument(parameter: Parameter, value: Any, question: Question) -> Any:
    """Return an argument as the reference gets it: in float64, networks as the question has them."""
    if isinstance(value, Probe):
        return _network(value, question)
    if isinstance(value, Seed | Opaque):
        raise _Refused(f"{parameter.name} should be {parameter.spec}")
    if isinstance(value, np.ndarray):
        value = _from_numpy(value)
    if isinstance(value, Tensor):
        if value.dim() > _MOST_DIMS or value.is_complex():
            raise _Refused(f"{parameter.name} is no tensor that the function takes")
        return _tensor(parameter, value)
    plain = type(value) in (int, float, bool, str) or value is None
    if not plain:  # the runner sends nothing else
        raise MalformedRequest(f"an argument of type {type(value).__name__}")
    fits = (parameter.default is not None and value is None) or any(_takes(spec, value) for spec in _choices(parameter))
    if not fits:
        raise _Refused(f"{parameter.name} should be {parameter.spec}")
    array_only = all(isinstance(spec, ArraySpec) for spec in _choices(parameter))
    return torch.tensor(float(value), dtype=torch.float64) if array_only and value is not None else value


def _from_numpy(value: np.ndarray[Any, Any]) -> Tensor:
    try:
        return torch.from_numpy(value)
    except TypeError as error:
        raise _Refused(str(error)) from None


def _tensor(parameter: Parameter, value: Tensor) -> Any:
    arrays = [spec for spec in _choices(parameter) if isinstance(spec, ArraySpec)]
    if arrays:
        return value.double() if arrays[0].kind == "Float" else value
    names = {spec.name for spec in _choices(parameter) if isinstance(spec, NamedSpec)}
    if value.numel() == 1 and names & {"float", "int"}:
        return int(value) if "float" not in names and not value.is_floating_point() else float(value)
    raise _Refused(f"{parameter.name} should be {parameter.spec}")


def _choices(parameter: Parameter) -> Sequence[Spec]:
    spec = parameter.spec
    return spec.options if isinstance(spec, EitherSpec) else (spec,)


def _takes(spec: Spec, value: Any) -> bool:
    if isinstance(spec, ArraySpec):
        return type(value) in (int, float)
    name = spec.name if isinstance(spec, NamedSpec) else ""
    kinds: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "bool": (bool,), "str": (str,)}
    return type(value) in kinds.get(name, ())


def _network(value: Probe, question: Question) -> Any:
    """Return a network that the grader itself sent with the question; nothing else can be named."""
    name = value.spec.get(SENT_AS)
    sent = {**dict(zip(question.arg_names, question.args, strict=False)), **question.kwargs}
    if list(value.spec) != [SENT_AS] or type(name) is not str or not isinstance(sent.get(name), Probe):
        raise MalformedRequest("a network that did not come with the question")
    return probes.build(probe_dtype(sent[name], torch.float64).spec)


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
                raise _Refused(f"an axis of length {length:,} is more than a stand-in computes")
    if (together := math.prod(lengths.values())) > MOST_ELEMENTS:
        raise _Refused(f"arguments of {together:,} elements are more than a stand-in computes")


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


def _leaf_name(label: str, names: Mapping[str, str]) -> str:
    head, dot, rest = label.partition(".")
    if head not in names:
        raise MalformedRequest("a request for a gradient of what is no argument")
    return names[head] + dot + rest


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
                raise _Refused(f"{type(error).__name__}: {str(error)[:500]}") from None
        return [torch.zeros_like(t) if g is None else g.detach() for t, g in zip(tensors, found, strict=True)]

    def _run(self) -> Any:
        try:
            with torch.random.fork_rng(devices=[]):  # a network may have dropout
                torch.default_generator.manual_seed(self._seed)
                return call_like_reference(self._function, self._contract, self._arguments, self._seed)
        except Exception as error:  # shapes that do not fit, a matrix that is singular: raised in there as well
            raise _Refused(f"{type(error).__name__}: {str(error)[:500]}") from None

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
