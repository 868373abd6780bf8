"""Frames and values as bytes. Pure: no files, no sockets, no state.

A frame is a 4-byte big-endian length and a msgpack map. Values are None, bool, int, float, str, bytes, lists, tuples,
string-keyed dicts, dense tensors and arrays, and four references: `Handle` (an object that stays in the sandbox),
`Probe` (a known network sent as weights), `Seed` (a generator to be made inside) and `Opaque` (the name of a type that
cannot cross). Nothing is ever unpickled, and no object of a class of the sender's choosing is ever built.

The trusted side parses frames that a hostile process wrote. `decode` therefore checks every length against what is
there before anything of that size is allocated, and raises `WireError` for everything it does not know.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
import torch

MAX_FRAME = 256 * 2**20
"""Bytes of the largest frame in either direction; the trusted side sets a far smaller one for answers."""
MAX_DEPTH = 16
MAX_ITEMS = 1_000_000
MAX_DIMS = 12
HEADER = struct.Struct(">I")

_TENSOR, _NDARRAY, _HANDLE, _PROBE, _SEED, _OPAQUE, _TUPLE = range(1, 8)

TORCH_DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        "float16 bfloat16 float32 float64 complex64 complex128 bool uint8 int8 int16 int32 int64".split()  # fmt: skip
    )
}
_DTYPE_NAMES = {dtype: name for name, dtype in TORCH_DTYPES.items()}
NUMPY_DTYPES = frozenset(
    "float16 float32 float64 complex64 complex128 bool uint8 uint16 uint32 uint64 int8 int16 int32 int64".split()
)


class WireError(ValueError):
    """Bytes that are no frame of ours. The message says what was found."""


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


# ------------------------------------------------------------------------------------------------------- encoding


def encode(message: dict[str, Any]) -> bytes:
    """Return `message` as a frame. Objects that cannot cross become `Opaque`.

    Raises:
        WireError: The frame would be longer than `MAX_FRAME`.
    """
    payload: bytes = msgpack.packb(_plain(message, 0), use_bin_type=True)
    if len(payload) > MAX_FRAME:
        raise WireError(f"a message of {len(payload):,} bytes is over the limit of {MAX_FRAME:,}")
    return HEADER.pack(len(payload)) + payload


def _ext(code: int, content: Any) -> msgpack.ExtType:
    return msgpack.ExtType(code, msgpack.packb(content, use_bin_type=True))


def _plain(value: Any, depth: int) -> Any:  # noqa: C901 -- one branch a type reads better than a table of lambdas
    if depth > MAX_DEPTH:
        return _ext(_OPAQUE, [_type_name(value), f"nested deeper than {MAX_DEPTH} levels"])
    kind = type(value)
    if value is None or kind in (bool, float, bytes):
        return value
    if kind is str:
        return value if len(value) <= 10_000_000 else value[:10_000_000]
    if kind is int:
        return value if -(2**63) <= value < 2**64 else _ext(_OPAQUE, ["int", "too large for 64 bits"])
    if isinstance(value, torch.Tensor):
        return _plain_tensor(value)
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, np.generic):
        return _plain_array(np.asarray(value))
    if isinstance(value, tuple):
        return _ext(_TUPLE, [_plain(item, depth + 1) for item in tuple.__iter__(value)])
    if kind is list:
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict) and all(type(key) is str for key in dict.keys(value)):
        return {key: _plain(item, depth + 1) for key, item in dict.items(value)}
    return _plain_reference(value)


def _plain_reference(value: Any) -> msgpack.ExtType:
    if isinstance(value, Handle):
        return _ext(_HANDLE, [value.id, value.type_name])
    if isinstance(value, Probe):
        return _ext(_PROBE, _plain(value.spec, 1))
    if isinstance(value, Seed):
        return _ext(_SEED, value.value)
    if isinstance(value, Opaque):
        return _ext(_OPAQUE, [value.type_name, value.reason])
    return _ext(_OPAQUE, [_type_name(value), ""])


def _type_name(value: Any) -> str:
    return str(type(value).__qualname__)[:200]


def _plain_tensor(value: torch.Tensor) -> msgpack.ExtType:
    with torch._C.DisableTorchFunctionSubclass():
        if value.layout is not torch.strided or value.is_quantized or value.is_meta or value.dtype not in _DTYPE_NAMES:
            what = f"{value.dtype}, {value.layout}".replace("torch.", "")
            return _ext(_OPAQUE, ["Tensor", f"not a dense tensor with values ({what}{', meta' if value.is_meta else ''})"])
        if value.dim() > MAX_DIMS:
            return _ext(_OPAQUE, ["Tensor", f"{value.dim()} dimensions"])
        dense = value.detach().resolve_conj().resolve_neg().to("cpu").contiguous()
        raw = dense.reshape(-1).view(torch.uint8).numpy().tobytes() if dense.numel() else b""
        return _ext(_TENSOR, [_DTYPE_NAMES[value.dtype], list(value.shape), raw])


def _plain_array(value: np.ndarray[Any, Any]) -> msgpack.ExtType:
    plain = np.asarray(value)
    if plain.dtype.name not in NUMPY_DTYPES or plain.ndim > MAX_DIMS:
        return _ext(_OPAQUE, ["ndarray", f"dtype {plain.dtype.name}, {plain.ndim} dimensions"])
    native = np.ascontiguousarray(plain, dtype=plain.dtype.newbyteorder("="))
    return _ext(_NDARRAY, [plain.dtype.name, list(plain.shape), native.tobytes()])


# ------------------------------------------------------------------------------------------------------- decoding


def decode(payload: bytes) -> dict[str, Any]:
    """Return the message in `payload` (a frame without its header), parsed in full.

    Raises:
        WireError: For everything that is not exactly a message as `encode` writes it.
    """
    message = _unpack(payload, 0)
    if not isinstance(message, dict):
        raise WireError(f"a message is a map, not {type(message).__name__}")
    return message


def _unpack(payload: bytes, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        return msgpack.unpackb(
            payload,
            raw=False,
            strict_map_key=True,
            use_list=True,
            ext_hook=lambda code, data: _extension(code, bytes(data), depth + 1),
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            object_pairs_hook=_string_keyed,
        )
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError, MemoryError, msgpack.exceptions.UnpackException) as error:
        raise WireError(f"not a message: {type(error).__name__}: {str(error)[:200]}") from None


def _string_keyed(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    for key, _ in pairs:
        if type(key) is not str:
            raise WireError(f"a map's keys are strings, not {type(key).__name__}")
    return dict(pairs)


def _fields(data: bytes, depth: int, *types: type) -> list[Any]:
    fields = _unpack(data, depth)
    if not isinstance(fields, list) or [type(field) for field in fields] != list(types):
        raise WireError("an extension has other fields than it should")
    return fields


def _extension(code: int, data: bytes, depth: int) -> Any:
    if code in (_TENSOR, _NDARRAY):
        dtype, shape, raw = _fields(data, depth, str, list, bytes)
        return _tensor(dtype, shape, raw) if code == _TENSOR else _array(dtype, shape, raw)
    if code == _TUPLE:
        items = _unpack(data, depth)
        if not isinstance(items, list):
            raise WireError("a tuple is a list of items")
        return tuple(items)
    if code == _HANDLE:
        return Handle(*_fields(data, depth, int, str))
    if code == _OPAQUE:
        return Opaque(*_fields(data, depth, str, str))
    if code == _SEED:
        seed = _unpack(data, depth)
        if type(seed) is not int:
            raise WireError("a seed is an integer")
        return Seed(seed)
    if code == _PROBE:
        spec = _unpack(data, depth)
        if not isinstance(spec, dict):
            raise WireError("a probe is a map")
        return Probe(spec)
    raise WireError(f"unknown extension {code}")


def _count(shape: list[Any], itemsize: int, raw: bytes) -> int:
    if len(shape) > MAX_DIMS or any(type(n) is not int or n < 0 or n > 2**40 for n in shape):
        raise WireError(f"not a shape: {shape[:MAX_DIMS]}")
    count = math.prod(shape)
    if count * itemsize != len(raw):
        raise WireError(f"{len(raw):,} bytes do not fill an array of shape {tuple(shape)}")
    return count


def _tensor(dtype: str, shape: list[int], raw: bytes) -> torch.Tensor:
    if dtype not in TORCH_DTYPES:
        raise WireError(f"unknown dtype {dtype[:40]!r}")
    kind = TORCH_DTYPES[dtype]
    if _count(shape, kind.itemsize, raw) == 0:
        return torch.empty(shape, dtype=kind)
    if kind is torch.bool and raw.translate(None, b"\x00\x01"):
        raise WireError("a boolean is 0 or 1")
    return torch.frombuffer(bytearray(raw), dtype=kind).reshape(shape)


def _array(dtype: str, shape: list[int], raw: bytes) -> np.ndarray[Any, Any]:
    if dtype not in NUMPY_DTYPES:
        raise WireError(f"unknown dtype {dtype[:40]!r}")
    kind = np.dtype(dtype)
    _count(shape, kind.itemsize, raw)
    if kind == np.bool_ and raw.translate(None, b"\x00\x01"):
        raise WireError("a boolean is 0 or 1")
    return np.frombuffer(bytearray(raw), dtype=kind).reshape(shape)
