"""What an object that stays in the sandbox looks like: its parameters, its state, its methods. Asked and answered as data.

Every name in it is the student's. The worker sends printable names in bounded numbers (`inside.objects`), and everything else
is refused here as tampering.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from autograder.sandbox.inside.objects import LONGEST_NAME, MOST_BASES, MOST_METHODS, MOST_NAMES
from autograder.sandbox.inside.values import MAX_DIMS, Handle


@dataclass(frozen=True)
class Inspect:
    """A question about an object itself.

    Attributes:
        object: The handle that an earlier answer returned.
        state: Whether the tensors of its state are wanted, too.
        seconds: Limit in seconds of computing, where it differs from the sandbox's.
    """

    object: Handle
    state: bool = False
    seconds: float | None = None

    def as_message(self) -> dict[str, Any]:
        """Return the question as a message for the worker."""
        return {"type": "inspect", "object": self.object, "state": self.state}


@dataclass(frozen=True)
class HeldTensor:
    """One parameter or buffer: `dtype` is torch's name of it, or "other"."""

    name: str
    shape: tuple[int, ...]
    trainable: bool
    dtype: str

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Inspected:
    """What an object looks like. Said by the submission's process, as everything that comes back.

    Attributes:
        type_name: Name of its class.
        bases: Names of the classes that it is made from, nearest first.
        parameters: In the object's own order.
        buffers: The same for what is saved and not learnt.
        methods: Public methods that the submission's own classes define, sorted.
        state: Name -> tensor; None when it was not asked for.
        complete: False where there is more than is looked at.
    """

    type_name: str
    bases: tuple[str, ...]
    parameters: tuple[HeldTensor, ...]
    buffers: tuple[HeldTensor, ...]
    methods: tuple[str, ...]
    state: Mapping[str, Tensor] | None = field(default=None, repr=False)
    complete: bool = True

    @property
    def count(self) -> int:
        """Number of parameters: entries of all parameter tensors."""
        return sum(parameter.size for parameter in self.parameters)

    @property
    def trainable(self) -> int:
        """Number of parameters that are learnt."""
        return sum(parameter.size for parameter in self.parameters if parameter.trainable)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter by its name."""
        return {parameter.name: parameter.shape for parameter in self.parameters}


def inspected_of(message: Mapping[str, Any]) -> Inspected:
    """Return what an "inspected" message says.

    Raises:
        LookupError, TypeError, ValueError: A field is missing, of the wrong type, or larger than an honest worker sends.
    """
    state = message["state"]
    if state is not None:
        _require(type(state) is dict and len(state) <= MOST_NAMES, "a state is a bounded map or nothing")
        for name, value in state.items():
            _name(name)
            _require(type(value) is Tensor, "a state holds tensors")
    _require(type(message["complete"]) is bool, "`complete` is a boolean")
    return Inspected(
        type_name=_name(message["type_name"]),
        bases=_names(message["bases"], MOST_BASES),
        parameters=_held(message["parameters"]),
        buffers=_held(message["buffers"]),
        methods=_names(message["methods"], MOST_METHODS),
        state=state,
        complete=message["complete"],
    )


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _name(value: Any) -> str:
    _require(
        type(value) is str and len(value) <= LONGEST_NAME and value.isprintable(), "a name is short printable text"
    )
    return str(value)


def _names(values: Any, most: int) -> tuple[str, ...]:
    _require(type(values) is list and len(values) <= most, "names are a bounded list")
    return tuple(_name(value) for value in values)


def _held(entries: Any) -> tuple[HeldTensor, ...]:
    _require(type(entries) is list and len(entries) <= MOST_NAMES, "parameters are a bounded list")
    found = tuple(_one(entry) for entry in entries)
    _require(len({held.name for held in found}) == len(found), "a parameter stands there twice")
    return found


def _one(entry: Any) -> HeldTensor:
    _require(type(entry) is list and len(entry) == 4, "a parameter has four fields")
    name, shape, trainable, dtype = entry
    _require(type(shape) is list and len(shape) <= MAX_DIMS, "a shape is a short list")
    _require(all(type(size) is int and 0 <= size < 2**40 for size in shape), "a shape holds sizes")
    _require(type(trainable) is bool, "`requires_grad` is a boolean")
    return HeldTensor(_name(name), tuple(shape), trainable, _name(dtype))
