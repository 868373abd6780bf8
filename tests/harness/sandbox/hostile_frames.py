"""Frames that no honest sender writes, by name."""

from __future__ import annotations

import struct
from typing import Any

import msgpack


def extension(code: int, content: Any) -> bytes:
    """Return `{"value": <extension>}` with packed content."""
    return msgpack.packb({"value": msgpack.ExtType(code, msgpack.packb(content, use_bin_type=True))})


def nested_lists(levels: int, announced: int) -> bytes:
    """Lists in lists, each of which announces more than there is."""
    return (b"\xdd" + struct.pack(">I", announced)) * levels


def nested_tuples(levels: int) -> bytes:
    """Tuples in tuples, each an extension of its own."""
    content: Any = 1
    for _ in range(levels):
        content = msgpack.ExtType(7, msgpack.packb([content], use_bin_type=True))
    return msgpack.packb({"value": content})


TENSOR, ARRAY, HANDLE, PROBE, SEED, OPAQUE, TUPLE, NUMBERED = range(1, 9)

BAD = {
    "nothing": b"",
    "no map": msgpack.packb([1, 2]),
    "an unused type byte": b"\xc1",
    "bytes after the end": msgpack.packb({}) + b"\x00",
    "a map that is cut": b"\x82\xa1a\x01",
    "text that is cut": b"\x81\xa1a\xdb\xff\xff\xff\xff",
    "text that is no UTF-8": b"\x81\xa1a\xa2\xff\xfe",
    "data that are cut": b"\x81\xa1a\xc6\x7f\xff\xff\xff",
    "an extension that is cut": b"\x81\xa1a\xc9\x7f\xff\xff\xff\x01",
    "a list of four billion": b"\x81\xa1a\xdd\xff\xff\xff\xff",
    "a map of four billion": b"\xdf\xff\xff\xff\xff",
    "lists that announce a million each": nested_lists(1000, 1_000_000),
    "lists nested 600 deep": b"\x91" * 600 + b"\xc0",
    "tuples nested 60 deep": nested_tuples(60),
    "keys that are numbers": b"\x81\x01\x02",
    "keys that are lists": b"\x81\x91\x01\x02",
    "keys that are data": msgpack.packb({b"a": 1}, use_bin_type=True),
    "a timestamp": msgpack.packb({"a": msgpack.Timestamp(1, 0)}),
    "an unknown extension": extension(99, 1),
    "a tensor without fields": extension(TENSOR, []),
    "a tensor that is a number": extension(TENSOR, 3),
    "a tensor of objects": extension(TENSOR, ["object", [1], b"12345678"]),
    "an array of objects": extension(ARRAY, ["object", [1], b"12345678"]),
    "an array of structures": extension(ARRAY, ["i4,i4", [1], b"12345678"]),
    "more bytes than its shape": extension(TENSOR, ["float64", [1], b"1234567890123456"]),
    "fewer bytes than its shape": extension(TENSOR, ["float64", [3], b"12345678"]),
    "a shape of 2**40 rows": extension(ARRAY, ["float64", [2**40], b""]),
    "a shape whose product overflows": extension(TENSOR, ["uint8", [2**40, 2**40, 2**40], b""]),
    "a negative axis": extension(TENSOR, ["float64", [-1, -1], b"12345678"]),
    "an axis that is text": extension(TENSOR, ["float64", ["1"], b"12345678"]),
    "an axis that is a boolean": extension(TENSOR, ["float64", [True], b"12345678"]),
    "an axis that is a fraction": extension(TENSOR, ["float64", [1.0], b"12345678"]),
    "thirteen axes": extension(TENSOR, ["uint8", [1] * 13, b"1"]),
    "a boolean that is 7": extension(TENSOR, ["bool", [1], b"\x07"]),
    "an array's boolean that is 7": extension(ARRAY, ["bool", [1], b"\x07"]),
    "a handle that is text": extension(HANDLE, ["1", "Model"]),
    "a handle that is a boolean": extension(HANDLE, [True, "Model"]),
    "a handle with three fields": extension(HANDLE, [1, "Model", 2]),
    "a seed that is text": extension(SEED, "1"),
    "a probe that is a list": extension(PROBE, [1]),
    "an opaque of numbers": extension(OPAQUE, [1, 2]),
    "a tuple that is a map": extension(TUPLE, {"a": 1}),
    "a dictionary without entries": extension(NUMBERED, []),
    "a dictionary with half a pair": extension(NUMBERED, [1, 2, 3]),
    "a dictionary that is a map": extension(NUMBERED, {"a": 1}),
    "a dictionary that is a number": extension(NUMBERED, 3),
    "a key that is text": extension(NUMBERED, ["1", 2]),
    "a key that is a boolean": extension(NUMBERED, [True, 2]),
    "a key that is a fraction": extension(NUMBERED, [1.0, 2]),
    "a key that is a list": extension(NUMBERED, [[], 2]),
    "a key twice": extension(NUMBERED, [1, 2, 3, 4, 1, 2]),
    "10,001 keys": extension(NUMBERED, [part for key in range(10_001) for part in (key, 0)]),
    "a message with integer keys": msgpack.packb(msgpack.ExtType(NUMBERED, msgpack.packb([1, 2]))),
    "a probe with integer keys": extension(PROBE, msgpack.ExtType(NUMBERED, msgpack.packb([1, 2]))),
    "a tuple that is cut": msgpack.packb({"value": msgpack.ExtType(TUPLE, b"\xdd\x00\x00\xff\xff")}),
}
