"""Frames and values as bytes. Pure: no files, no sockets, no state.

A frame is a 4-byte big-endian length and a msgpack map. Values are None, bool, int, float, str, bytes, lists, tuples,
dicts whose keys are all strings or all integers, dense tensors and arrays, and four references: `Handle` (an object that
stays in the sandbox), `Probe` (a known network sent as weights), `Seed` (a generator to be made inside) and `Opaque`
(the name of a type that cannot cross). Nothing is ever unpickled, and no object of a class of the sender's choosing is
ever built.

The trusted side parses frames that a hostile process wrote. `decode` therefore checks every length against what is
there before anything of that size is allocated, and raises `WireError` for everything it does not know.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import msgpack
import numpy as np
import torch

from .values import (
    MAX_DEPTH,
    MAX_DIMS,
    MAX_NUMBERED,
    NUMPY_DTYPES,
    TORCH_DTYPES,
    Handle,
    Opaque,
    Probe,
    Seed,
    simplify,
)

MAX_FRAME = 256 * 2**20
"""Bytes of the largest frame in either direction; the trusted side sets a far smaller one for answers."""
MAX_ITEMS = 250_000
"""Values in one message, at all levels together: a Python object can be seventy times as large as its byte in a frame."""
HEADER = struct.Struct(">I")

_DTYPE_NAMES = {dtype: name for name, dtype in TORCH_DTYPES.items()}
_TENSOR, _NDARRAY, _HANDLE, _PROBE, _SEED, _OPAQUE, _TUPLE, _NUMBERED = range(1, 9)


class WireError(ValueError):
    """Bytes that are no frame of ours. The message says what was found."""


class TooManyItems(WireError):
    """A message that may be honest, but has more parts than are looked at."""


# ------------------------------------------------------------------------------------------------------- encoding


def encode(message: dict[str, Any]) -> bytes:
    """Return `message` as a frame. Objects that cannot cross become `Opaque`.

    Raises:
        WireError: The frame would be longer than `MAX_FRAME`.
    """
    payload: bytes = msgpack.packb(_packable(simplify(message)), use_bin_type=True)
    if len(payload) > MAX_FRAME:
        raise WireError(f"a message of {len(payload):,} bytes is over the limit of {MAX_FRAME:,}")
    return HEADER.pack(len(payload)) + payload


def _ext(code: int, content: Any) -> msgpack.ExtType:
    return msgpack.ExtType(code, msgpack.packb(content, use_bin_type=True))


def _packable(value: Any) -> Any:
    """Turn a value that `values.simplify` returned into what msgpack packs."""
    if isinstance(value, torch.Tensor):
        # `as_strided`: of one element a tensor is contiguous whatever its stride is, and a view asks for the stride
        flat = value.reshape(-1).as_strided((value.numel(),), (1,))
        raw = flat.view(torch.uint8).numpy().tobytes() if value.numel() else b""
        return _ext(_TENSOR, [_DTYPE_NAMES[value.dtype], list(value.shape), raw])
    if isinstance(value, np.ndarray):
        return _ext(_NDARRAY, [value.dtype.name, list(value.shape), value.tobytes()])
    if isinstance(value, tuple):
        return _ext(_TUPLE, [_packable(item) for item in value])
    if isinstance(value, list):
        return [_packable(item) for item in value]
    if isinstance(value, dict):
        if any(type(key) is int for key in value):
            return _ext(_NUMBERED, [part for key, item in value.items() for part in (key, _packable(item))])
        return {key: _packable(item) for key, item in value.items()}
    if isinstance(value, Handle):
        return _ext(_HANDLE, [value.id, value.type_name])
    if isinstance(value, Probe):
        return _ext(_PROBE, _packable(value.spec))
    if isinstance(value, Seed):
        return _ext(_SEED, value.value)
    if isinstance(value, Opaque):
        return _ext(_OPAQUE, [value.type_name, value.reason])
    return value


# ------------------------------------------------------------------------------------------------------- decoding


def decode(payload: bytes) -> dict[str, Any]:
    """Return the message in `payload` (a frame without its header), parsed in full.

    Raises:
        WireError: For everything that is not exactly a message as `encode` writes it.
    """
    message = _unpack(payload, 0, _Allowance())
    if not isinstance(message, dict) or not _is_map(message):
        raise WireError(f"a message is a map with strings as keys, not {type(message).__name__}")
    return message


class _Allowance:
    """How many values the rest of a message may hold."""

    def __init__(self) -> None:
        self.items = MAX_ITEMS

    def spend(self) -> None:
        """Count one value."""
        self.items -= 1
        if self.items < 0:
            raise TooManyItems(f"more than {MAX_ITEMS:,} values")


_NESTED_MOST = MAX_DEPTH + 2
"""`simplify` keeps containers down to `MAX_DEPTH`, and they may hold an extension, whose fields are a list."""
_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4}
_FIXED |= {0xD3: 8, 0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
"""First byte -> bytes that follow: constants, numbers and extensions of fixed size (with their type)."""
_SIZED = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)}
_SIZED |= {0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0)}
"""First byte -> (bytes of the length, bytes besides the content): binary data, extensions and text."""
_COUNTED = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
"""First byte -> (bytes of the count, values per entry): lists and maps."""


def _survey(payload: bytes, allowance: _Allowance) -> None:
    """Walk over the values in `payload` without making any of them: every size must be covered by bytes that are there."""
    end, at, waiting = len(payload), 0, [1]
    while waiting:
        if waiting[-1] == 0:
            waiting.pop()
            continue
        waiting[-1] -= 1
        allowance.spend()
        first = payload[at] if at < end else 0xC1
        at += 1
        inside = 0
        if first <= 0x7F or first >= 0xE0:
            continue
        if first <= 0x9F:
            inside = (first & 0x0F) * (2 if first <= 0x8F else 1)
        elif first <= 0xBF:
            at += first & 0x1F
        elif first in _FIXED:
            _known(payload[at : at + 1] if first >= 0xD4 else b"")
            at += _FIXED[first]
        elif first in _SIZED:
            width, extra = _SIZED[first]
            _known(payload[at + width : at + width + extra])
            at += width + extra + int.from_bytes(payload[at : at + width], "big")
        elif first in _COUNTED:
            width, each = _COUNTED[first]
            inside = int.from_bytes(payload[at : at + width], "big") * each
            at += width
        else:
            raise WireError("not a message: a value is missing or of no known type")
        if at > end or inside > end - at:
            raise WireError("not a message: it announces more than it holds")
        if inside:
            waiting.append(inside)
            if len(waiting) > _NESTED_MOST:
                raise WireError(f"nested deeper than {_NESTED_MOST} levels")
    if at != end:
        raise WireError("not a message: bytes follow its end")


def _known(code: bytes) -> None:
    """Refuse an extension that is none of ours; msgpack itself makes an object of a timestamp (code -1)."""
    if code and not _TENSOR <= code[0] <= _NUMBERED:
        raise WireError(f"unknown extension {code[0]}")


def _unpack(payload: bytes, depth: int, allowance: _Allowance) -> Any:
    if depth > _NESTED_MOST:
        raise WireError(f"nested deeper than {_NESTED_MOST} levels")
    _survey(payload, allowance)
    try:
        return msgpack.unpackb(
            payload,
            raw=False,
            strict_map_key=True,
            use_list=True,
            ext_hook=lambda code, data: _extension(code, bytes(data), depth + 1, allowance),
            object_pairs_hook=_string_keyed,
        )
    except WireError:
        raise
    except (
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
        MemoryError,
        msgpack.exceptions.UnpackException,
    ) as error:
        raise WireError(f"not a message: {type(error).__name__}: {str(error)[:200]}") from None


def _string_keyed(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    for key, _ in pairs:
        if type(key) is not str:
            raise WireError(f"a map's keys are strings, not {type(key).__name__}")
    return dict(pairs)


def _integer_keyed(flat: Any) -> dict[int, Any]:
    """Return a dictionary from the list of its keys and values in turn."""
    if type(flat) is not list or not flat or len(flat) % 2:
        raise WireError("a dictionary with integer keys is a list of pairs")
    keys = flat[::2]
    if len(keys) > MAX_NUMBERED:
        raise TooManyItems(f"more than {MAX_NUMBERED:,} integer keys")
    if any(type(key) is not int for key in keys):
        raise WireError("the keys of such a dictionary are integers")
    made = dict(zip(keys, flat[1::2], strict=True))
    if len(made) != len(keys):
        raise WireError("a key of a dictionary occurs twice")
    return made


def _is_map(value: Any) -> bool:
    """Whether a value is a dictionary with strings as keys; the fields of a message and a probe are."""
    return type(value) is dict and all(type(key) is str for key in value)


def _fields(data: bytes, depth: int, allowance: _Allowance, *types: type) -> list[Any]:
    fields = _unpack(data, depth, allowance)
    if not isinstance(fields, list) or [type(field) for field in fields] != list(types):
        raise WireError("an extension has other fields than it should")
    return fields


def _extension(code: int, data: bytes, depth: int, allowance: _Allowance) -> Any:
    if code in (_TENSOR, _NDARRAY):
        dtype, shape, raw = _fields(data, depth, allowance, str, list, bytes)
        return _tensor(dtype, shape, raw) if code == _TENSOR else _array(dtype, shape, raw)
    if code == _TUPLE:
        items = _unpack(data, depth, allowance)
        if not isinstance(items, list):
            raise WireError("a tuple is a list of items")
        return tuple(items)
    if code == _HANDLE:
        number, type_name = _fields(data, depth, allowance, int, str)
        return Handle(number, type_name[:200])
    if code == _OPAQUE:
        type_name, reason = _fields(data, depth, allowance, str, str)
        return Opaque(type_name[:200], reason[:200])
    if code == _SEED:
        seed = _unpack(data, depth, allowance)
        if type(seed) is not int:
            raise WireError("a seed is an integer")
        return Seed(seed)
    if code == _PROBE:
        spec = _unpack(data, depth, allowance)
        if not _is_map(spec):
            raise WireError("a probe is a map with strings as keys")
        return Probe(spec)
    if code == _NUMBERED:
        return _integer_keyed(_unpack(data, depth, allowance))
    raise WireError(f"unknown extension {code}")


def _count(shape: list[Any], itemsize: int, raw: bytes) -> int:
    if len(shape) > MAX_DIMS or any(type(n) is not int or n < 0 or n > 2**40 for n in shape):
        raise WireError(f"not a shape: {shape[:MAX_DIMS]}")
    count: int = math.prod(shape)
    if count == 0 and math.prod(n for n in shape if n) > 2**40:  # an empty array has strides all the same
        raise WireError(f"not a shape: {shape}")
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
