"""What can cross between a submission and the grader, as types; `simplify` turns anything else into a note about it.

Used inside the sandbox before an answer is written, and in the same way where a student runs public checks without one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

EARLIER_RESULT = "an earlier result"
GRADIENT_MODE = "torch.is_grad_enabled()"
"""What a call may change besides its arguments; no argument has such a name."""
MAX_DEPTH = 16
MAX_DIMS = 12
MAX_TEXT = 10_000_000
MAX_NUMBERED = 10_000
"""Entries of a dictionary with integer keys: unlike those of texts, their hashes can be chosen, and each lookup made to cost."""

TORCH_DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        [
            "float16",
            "bfloat16",
            "float32",
            "float64",
            "complex64",
            "complex128",
            "bool",
            "uint8",
            "int8",
            "int16",
            "int32",
            "int64",
        ]
    )
}
NUMPY_DTYPES = frozenset(
    [
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "bool",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "int8",
        "int16",
        "int32",
        "int64",
    ]
)


@dataclass(frozen=True)
class Handle:
    """An object that stays inside the sandbox; `type_name` is what the sandbox says it is."""

    id: int
    type_name: str


@dataclass(frozen=True)
class Probe:
    """A known network, sent as weights: see `probes.build` for the layers that `spec` may hold."""

    spec: dict[str, Any]


@dataclass(frozen=True)
class Seed:
    """Stands for `torch.Generator().manual_seed(value)`, made inside."""

    value: int


@dataclass(frozen=True)
class Opaque:
    """An object that cannot cross: only the name of its type does, and why."""

    type_name: str
    reason: str = ""


def simplify(value: Any, depth: int = 0) -> Any:
    """Return `value` as plain data: dense CPU tensors and arrays, numbers, text, containers, references; else `Opaque`.

    Reads tensors below their subclasses, and containers below theirs: overridden methods are not called. A dataclass is the tuple
    of its fields, in order.
    """
    kind = type(value)
    if depth > MAX_DEPTH:
        return Opaque(type_name(value), f"nested deeper than {MAX_DEPTH} levels")
    if value is None or kind in (bool, float, bytes, Handle, Probe, Seed, Opaque):
        return Probe(simplify(value.spec, depth + 1)) if kind is Probe else value
    if kind is str:
        return value[:MAX_TEXT]
    if kind is int:
        return value if -(2**63) <= value < 2**64 else Opaque("int", "too large for 64 bits")
    if isinstance(value, torch.Tensor):
        return _simple_tensor(value)
    if isinstance(value, np.ndarray | np.generic):
        return _simple_array(np.asarray(value))
    if isinstance(value, tuple):
        return tuple(simplify(item, depth + 1) for item in tuple.__iter__(value))
    if kind is list:
        return [simplify(item, depth + 1) for item in value]
    if isinstance(value, dict) and len(dict.keys(value)) > MAX_NUMBERED and _keys_cross(dict.keys(value)) is int:
        return Opaque("dict", f"more than {MAX_NUMBERED:,} integer keys")
    if isinstance(value, dict) and _keys_cross(dict.keys(value)):
        return {key: simplify(item, depth + 1) for key, item in dict.items(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(simplify(getattr(value, part.name, None), depth + 1) for part in dataclasses.fields(value))
    return Opaque(type_name(value))


def _keys_cross(keys: Collection[Any]) -> type | None:
    """Return `str` or `int` if the keys of a dictionary are all texts or all integers of 64 bits (a bool is none), else None."""
    kinds = {type(key) for key in keys}
    if kinds == {int} and all(-(2**63) <= key < 2**64 for key in keys):
        return int
    return str if kinds <= {str} else None


def type_name(value: Any) -> str:
    """Return the name of a value's type, cut to a sane length."""
    return str(type(value).__qualname__)[:200]


def _simple_tensor(value: torch.Tensor) -> torch.Tensor | Opaque:
    with torch._C.DisableTorchFunctionSubclass():
        if type(value) is not torch.Tensor:  # read it below overridden properties
            value = torch.Tensor.as_subclass(value, torch.Tensor)
        known = value.dtype in TORCH_DTYPES.values()
        if value.layout is not torch.strided or value.is_quantized or value.is_meta or not known:
            what = f"{value.dtype}, {value.layout}".replace("torch.", "") + (", meta" if value.is_meta else "")
            return Opaque("Tensor", f"not a dense tensor with values ({what})")
        if value.dim() > MAX_DIMS:
            return Opaque("Tensor", f"{value.dim()} dimensions")
        return value.detach().resolve_conj().resolve_neg().to("cpu").contiguous()


def _simple_array(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | Opaque:
    if value.dtype.name not in NUMPY_DTYPES or value.ndim > MAX_DIMS:
        return Opaque("ndarray", f"dtype {value.dtype.name}, {value.ndim} dimensions")
    native = np.array(value, dtype=value.dtype.newbyteorder("="), order="C", copy=True)
    return native.reshape(value.shape)
