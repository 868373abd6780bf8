"""Stand-ins: while one question is answered, some functions of the submission get their values from the trusted side.

A stand-in takes the place of a function in every module and class of the submission that holds it. When it is called, the
arguments go out as data and the value comes back as data; no trusted code is in here. Autograd goes on through it: the
vector-Jacobian product is asked for outside as well. What cannot go out (a function, a module that the grader did not send)
makes that one call an ordinary call of the submission's own function.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .values import Probe, Seed

Outside = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Sends a request to the trusted side and returns its reply; both are plain data."""

SENT_AS = "sent_as"
"""`Probe({SENT_AS: name, IN_TRAINING: bool})` goes out in place of the network that came in as argument `name` of the question, or as
`argument.part`, with the mode that it is in when the function is called."""
IN_TRAINING = "in_training"


class StandInRefused(RuntimeError):
    """The trusted side has no value for these arguments, as a right function would have raised for them."""


class _CannotCross(Exception):
    """An argument that is no plain data."""


@contextmanager
def standing_in(
    functions: Mapping[str, Any], modules: Iterable[str], networks: Mapping[str, torch.nn.Module], outside: Outside
) -> Iterator[None]:
    """Replace functions of the submission until the block ends; stand-ins that somebody kept are of no use afterwards.

    Args:
        functions: Name in the contract -> the submission's own function; None where it has none, because the file cannot be read or
            nothing there has the name: what stands in is then found by that name in every module that has nothing else there.
        modules: Names of the submission's modules.
        networks: The networks that came with the question, by argument, and their parts.
        outside: Asks the trusted side.
    """
    places = []
    try:
        for name, original in functions.items():
            stand_in = _stand_in(name, original, networks, outside)
            for owner, key, value in _without(name, modules) if original is None else _holders(original, modules):
                places.append((owner, key, value))
                setattr(owner, key, staticmethod(stand_in) if isinstance(value, staticmethod) else stand_in)
        yield
    finally:
        for owner, key, value in reversed(places):
            if value is _NOTHING:
                vars(owner).pop(key, None)
            else:
                setattr(owner, key, value)


_NOTHING = object()


def _without(name: str, modules: Iterable[str]) -> list[tuple[Any, str, Any]]:
    """Return (module, name, nothing) for every module of the submission that has nothing of that name."""
    found = [sys.modules[module] for module in set(modules) if module in sys.modules]
    return [(module, name, _NOTHING) for module in found if name not in vars(module)]


def _holders(original: Any, modules: Iterable[str]) -> list[tuple[Any, str, Any]]:
    """Return (owner, name, value) for every place in modules of the submission, and in their classes, that holds `original`."""
    names = set(modules)
    found: list[tuple[Any, str, Any]] = []
    for module in [sys.modules[name] for name in names if name in sys.modules]:
        owners = [module, *(v for v in vars(module).values() if inspect.isclass(v) and v.__module__ in names)]
        for owner in owners:
            for key, value in list(vars(owner).items()):
                if value is original or (isinstance(value, staticmethod) and value.__func__ is original):
                    found.append((owner, key, value))
    unique = {(id(owner), key): (owner, key, value) for owner, key, value in found}
    return list(unique.values())


def _stand_in(
    name: str, original: Any, networks: Mapping[str, torch.nn.Module], outside: Outside
) -> Callable[..., Any]:
    if original is None:
        original = _missing(name)

    @functools.wraps(original)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        try:
            call = _Call(name, args, kwargs, networks, outside)
        except _CannotCross:
            return original(*args, **kwargs)
        return call.value()

    return stand_in


def _missing(name: str) -> Callable[..., Any]:
    def missing(*args: Any, **kwargs: Any) -> Any:
        raise NameError(f"name {name!r} is not defined")

    return missing


class _Call:
    """One call of a stand-in: its arguments as data, with the tensors apart, and the same again for its gradient."""

    def __init__(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        networks: Mapping[str, torch.nn.Module],
        outside: Outside,
    ) -> None:
        self._name = name
        self._outside = outside
        self._sent_as = {id(network): (key, network) for key, network in networks.items()}
        self._labels: list[str] = []
        self._inputs: list[Tensor] = []
        self._generator: torch.Generator | None = None
        self._args = [self._take(str(index), value) for index, value in enumerate(args)]
        self._kwargs = {key: self._take(key, value) for key, value in kwargs.items()}
        # drawn as the submission would draw its noise: from the generator that it was given, or from the global one
        self._seed = int(torch.randint(2**62, (), generator=self._generator))
        self._tensors: list[int] = []

    def _take(self, label: str, value: Any) -> Any:
        """Return what goes out for an argument; tensors, and the weights of networks, are remembered as inputs."""
        if isinstance(value, Tensor):
            self._labels.append(label)
            self._inputs.append(value)
            return value
        if isinstance(value, torch.Generator):
            self._generator = value
            return Seed(0)
        if id(value) in self._sent_as:
            key, network = self._sent_as[id(value)]
            for weight, parameter in network.named_parameters():
                self._labels.append(f"{label}.{weight}")
                self._inputs.append(parameter)
            return Probe({SENT_AS: key, IN_TRAINING: bool(network.training)})
        if value is None or isinstance(value, bool | int | float | str | np.ndarray | np.generic):
            return value
        raise _CannotCross

    def value(self) -> Any:
        """Return the function's value, with a graph where one is recorded."""
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in self._inputs):
            parts: Sequence[Tensor] = _Remote.apply(self, *self._inputs)  # type: ignore[no-untyped-call]
        else:
            parts = self.forward(self._inputs)
        for index, part in zip(self._tensors, parts, strict=False):
            self._outcome[index] = part
        return tuple(self._outcome) if self._several else self._outcome[0]

    def forward(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Ask for the value; returns its tensors, in order."""
        reply = self._ask(inputs, None, [])
        value = reply["value"]
        self._several = isinstance(value, tuple | list)
        self._outcome: list[Any] = list(value) if self._several else [value]
        self._tensors = [index for index, part in enumerate(self._outcome) if isinstance(part, Tensor)]
        device = next((tensor.device for tensor in self._inputs), torch.device("cpu"))
        return [self._outcome[index].to(device) for index in self._tensors]

    def backward(self, inputs: Sequence[Tensor], cotangents: Sequence[Tensor], wanted: Sequence[int]) -> list[Any]:
        """Ask for d⟨cotangents, value⟩ with respect to the inputs number `wanted`."""
        reply = self._ask(inputs, list(cotangents), [self._labels[index] for index in wanted])
        found = zip(wanted, reply["gradients"], strict=True)
        return [None if g is None else g.to(inputs[i].device, inputs[i].dtype) for i, g in found]

    def _ask(self, inputs: Sequence[Tensor], cotangents: list[Tensor] | None, wanted: list[str]) -> Mapping[str, Any]:
        current = dict(zip(self._labels, inputs, strict=True))
        request = {
            "name": self._name,
            "args": [current.get(str(index), value) for index, value in enumerate(self._args)],
            "kwargs": {key: current.get(key, value) for key, value in self._kwargs.items()},
            "seed": self._seed,
            "cotangents": cotangents,
            "wanted": wanted,
        }
        reply = self._outside(request)
        if reply["refused"]:
            raise StandInRefused(reply["refused"])
        return reply


class _Remote(torch.autograd.Function):
    """Value and vector-Jacobian product of a call, both asked for outside."""

    @staticmethod
    def forward(ctx: Any, call: _Call, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Ask for the value."""
        outputs = call.forward(inputs) or [torch.zeros(())]  # a function of tensors has at least one result
        ctx.call = call
        ctx.save_for_backward(*inputs)
        ctx.mark_non_differentiable(*[output for output in outputs if not output.is_floating_point()])
        return tuple(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        """Ask for the gradients that are needed."""
        wanted = [index for index, needed in enumerate(ctx.needs_input_grad[1:]) if needed]
        gradients: list[Any] = [None] * (len(ctx.needs_input_grad) - 1)
        for index, gradient in zip(wanted, ctx.call.backward(ctx.saved_tensors, cotangents, wanted), strict=True):
            gradients[index] = gradient
        return (None, *gradients)
