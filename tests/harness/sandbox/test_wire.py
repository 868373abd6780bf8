"""Frames: what is written is read again, and hostile bytes are only ever refused."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any

import hostile_frames
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_values import VALUES, same

from autograder.sandbox.inside import wire
from autograder.sandbox.inside.values import MAX_DEPTH, Handle, Opaque, simplify


def crossed(value: Any) -> Any:
    """Return what the other side reads for a value."""
    return wire.decode(wire.encode({"value": value})[wire.HEADER.size :])["value"]


def peak_of_decoding(payload: bytes) -> int:
    """Return the bytes that decoding allocated at its worst, whether the payload was refused or not."""
    tracemalloc.start()
    try:
        wire.decode(payload)
    except wire.WireError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@settings(max_examples=150, deadline=None)
@given(value=VALUES)
def test_round_trip(value: Any) -> None:
    """Plain values, tensors, arrays and references arrive as they were sent, with their types."""
    assert same(value, crossed(value))


@pytest.mark.parametrize("size", [0, 1, 4])
def test_tensors_that_do_not_lie_in_one_piece_arrive(size: int) -> None:
    """Also one of a single element, which torch calls contiguous whatever its stride is."""
    strided = torch.arange(8, dtype=torch.float64)[1::2][:size]
    assert torch.equal(crossed(strided), strided)


def test_header_is_the_length() -> None:
    """A frame starts with the length of its payload as four big-endian bytes."""
    frame = wire.encode({"a": 1})
    assert (len(frame) - 4,) == wire.HEADER.unpack(frame[:4])


def test_memory_is_its_own() -> None:
    """A decoded tensor can be written to."""
    tensor = crossed(torch.zeros(3))
    tensor += 1
    assert tensor.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "make", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}, lambda inner: {7: inner}]
)
@pytest.mark.parametrize("leaf", [1, torch.ones(2), (1, Opaque("X"))])
def test_deep_nesting_of_ours_is_read(make: Any, leaf: Any) -> None:
    """Whatever a submission returns, what we write for it can be read: too deep becomes a note, no accusation."""
    for levels in range(MAX_DEPTH + 5):
        value = leaf
        for _ in range(levels):
            value = make(value)
        got = crossed(value)
        assert levels > MAX_DEPTH - 3 or same(simplify(value), got)


# ----------------------------------------------------------------------------------------------------------- hostile


@pytest.mark.parametrize("payload", hostile_frames.BAD.values(), ids=hostile_frames.BAD)
def test_bad_frame_is_refused(payload: bytes) -> None:
    """A frame that is not exactly a message raises WireError, before anything of an announced size is allocated."""
    with pytest.raises(wire.WireError):
        wire.decode(payload)
    assert peak_of_decoding(payload) < 20 * len(payload) + 100_000


@settings(max_examples=400, deadline=None)
@given(payload=st.binary(max_size=200))
def test_random_bytes(payload: bytes) -> None:
    """Random bytes raise nothing but WireError."""
    with contextlib.suppress(wire.WireError):
        wire.decode(payload)


@settings(max_examples=200, deadline=None)
@given(value=VALUES, data=st.data())
def test_mutated_frames(value: Any, data: st.DataObject) -> None:
    """Valid frames with some bytes changed raise nothing but WireError and cost little memory."""
    payload = bytearray(wire.encode({"value": value})[4:])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    assert peak_of_decoding(bytes(payload)) < 100 * len(payload) + 200_000


@settings(max_examples=100, deadline=None)
@given(value=VALUES, data=st.data())
def test_truncated_frames(value: Any, data: st.DataObject) -> None:
    """A frame that ends early is refused."""
    payload = wire.encode({"value": value})[4:]
    with pytest.raises(wire.WireError):
        wire.decode(payload[: data.draw(st.integers(0, len(payload) - 1))])


@pytest.mark.parametrize("filler", [b"\x80", b"\x90", b"\xc0"], ids=["maps", "lists", "nothings"])
def test_small_values_are_counted(filler: bytes) -> None:
    """A frame of a million one-byte values is refused before seventy times its size is allocated."""
    payload = b"\x81\xa1a\xdd\x00\x0f\x42\x40" + filler * 1_000_000
    with pytest.raises(wire.TooManyItems, match="more than 250,000 values"):
        wire.decode(payload)
    assert peak_of_decoding(payload) < 100_000


def test_values_are_counted_across_extensions() -> None:
    """Spreading the values over many tuples does not help."""
    part = hostile_frames.extension(hostile_frames.TUPLE, [{}] * 50_000)[len(b"\x81\xa5value") :]
    with pytest.raises(wire.TooManyItems):
        wire.decode(b"\x81\xa5value\x9a" + part * 10)


def test_large_tensor_costs_a_few_copies() -> None:
    """A tensor of 8 MB is read with a few copies of it."""
    payload = wire.encode({"value": (torch.zeros(2**20, dtype=torch.float64),)})[4:]
    assert peak_of_decoding(payload) < 6 * len(payload)


def test_too_large_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message over the limit is refused by its sender."""
    monkeypatch.setattr(wire, "MAX_FRAME", 1000)
    with pytest.raises(wire.WireError, match=r"a message of 1,0\d\d bytes is over the limit of 1,000"):
        wire.encode({"a": b"x" * 1000})


# ------------------------------------------------------------------------------------------------------ what crosses


class Liar(float):
    """A float that is equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class LoudTensor(torch.Tensor):
    """A tensor whose operations are somebody else's."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Somebody else\'s."""
        raise AssertionError("an overridden operation was called")

    @property
    def dtype(self) -> Any:
        """Somebody else's."""
        raise AssertionError("an overridden property was called")


class LoudDict(dict):  # type: ignore[type-arg]
    """A dict whose methods are somebody else's."""

    def items(self) -> Any:
        """Somebody else's."""
        raise AssertionError("an overridden method was called")

    keys = __iter__ = __getitem__ = items  # type: ignore[assignment]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantised() -> None:
    """A quantised tensor arrives as the name of its type."""
    got = crossed(torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8))
    assert isinstance(got, Opaque)
    assert "qint8" in got.reason


OPAQUE = {
    "sparse": (torch.eye(2).to_sparse(), "Tensor", "sparse_coo"),
    "meta": (torch.empty(2, device="meta"), "Tensor", "meta"),
    "13 axes": (torch.zeros([1] * 13), "Tensor", "13 dimensions"),
    "array of objects": (np.array([object()]), "ndarray", "dtype object"),
    "array of text": (np.array(["a"]), "ndarray", "dtype str"),
    "array of structures": (np.zeros(1, dtype="i4,i4"), "ndarray", "dtype void"),
    "huge int": (2**64, "int", "too large for 64 bits"),
    "hugely negative int": (-(2**63) - 1, "int", "too large for 64 bits"),
    "complex": (1j, "complex", ""),
    "object": (object(), "object", ""),
    "class": (dict, "type", ""),
    "function": (crossed, "function", ""),
    "set": ({1}, "set", ""),
    "dict with boolean keys": ({True: 2}, "dict", ""),
    "dict with a boolean among integers": ({0: 1, True: 2}, "dict", ""),
    "dict with fractions as keys": ({1.5: 2}, "dict", ""),
    "dict with mixed keys": ({1: 2, "a": 3}, "dict", ""),
    "dict with a huge key": ({2**64: 2}, "dict", ""),
    "dict with too many integer keys": (dict.fromkeys(range(10_001)), "dict", "more than 10,000 integer keys"),
    "float that equals everything": (Liar(3), "Liar", ""),
    "list subclass": (type("Mine", (list,), {})(), "Mine", ""),
    "long type name": (type("A" * 1000, (), {})(), "A" * 200, ""),
}


@pytest.mark.parametrize(("value", "name", "reason"), OPAQUE.values(), ids=OPAQUE)
def test_opaque(value: Any, name: str, reason: str) -> None:
    """What cannot cross arrives as the name of its type and the reason, also inside a container."""
    got, (inner,) = crossed([value, (value,)])

    assert name == got.type_name
    assert reason in got.reason
    assert isinstance(inner, Opaque)


class LoudInt(int):
    """An integer that is equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def test_integer_keys() -> None:
    """A dictionary with integer keys arrives with its keys in order, whatever stands in it; one by a subclass does not."""
    value = {3: torch.ones(2), -1: {0: (1, "a")}, 2**64 - 1: {}}
    assert same(value, crossed(value))
    assert isinstance(crossed({LoudInt(1): 2}), Opaque)
    assert len(crossed(dict.fromkeys(range(10_000)))) == 10_000


MESSAGES = {
    "message": (hostile_frames.BAD["a message with integer keys"], "a message is a map with strings as keys, not dict"),
    "probe": (hostile_frames.BAD["a probe with integer keys"], "a probe is a map with strings as keys"),
    "pairs": (hostile_frames.BAD["a dictionary with half a pair"], "a dictionary with integer keys is a list of pairs"),
    "keys": (hostile_frames.BAD["a key that is a boolean"], "the keys of such a dictionary are integers"),
    "twice": (hostile_frames.BAD["a key twice"], "a key of a dictionary occurs twice"),
    "too many": (hostile_frames.BAD["10,001 keys"], "more than 10,000 integer keys"),
}


@pytest.mark.parametrize(("payload", "message"), MESSAGES.values(), ids=MESSAGES)
def test_what_is_said_of_keys(payload: bytes, message: str) -> None:
    """What is wrong with the keys of a dictionary is said."""
    with pytest.raises(wire.WireError) as caught:
        wire.decode(payload)
    assert message == str(caught.value)


SUBCLASSES = {
    "tensor": (torch.arange(3.0).as_subclass(LoudTensor), torch.arange(3.0)),
    "parameter": (torch.nn.Parameter(torch.arange(3.0)), torch.arange(3.0)),
    "dict": (LoudDict(a=1), {"a": 1}),
    "named tuple": (torch.max(torch.eye(2), 0), (torch.ones(2), torch.tensor([0, 1]))),
    "NumPy scalar": (np.float64(2.5), np.array(2.5)),
    "conjugate": (torch.tensor([1 + 2j]).conj(), torch.tensor([1 - 2j])),
    "needs a gradient": (torch.ones(2, requires_grad=True) * 2, torch.full((2,), 2.0)),
}


@pytest.mark.parametrize(("value", "plain"), SUBCLASSES.values(), ids=SUBCLASSES)
def test_subclasses_arrive_as_data(value: Any, plain: Any) -> None:
    """Subclasses are read below their overridden methods and arrive as plain data."""
    assert same(plain, crossed(value))


def test_self_reference_ends() -> None:
    """A list that holds itself is cut at the deepest level."""
    value: list[Any] = [1]
    value.append(value)
    got = crossed(value)
    for _ in range(MAX_DEPTH - 1):
        got = got[1]
    assert isinstance(got[1], Opaque)


def test_long_text_is_cut() -> None:
    """Text crosses up to ten million characters."""
    assert len(crossed("a" * 10_000_001)) == 10_000_000


def test_handle_stays_a_reference() -> None:
    """A handle arrives as its number and the name of its type, never as an object."""
    assert Handle(3, "Model") == crossed(Handle(3, "Model"))
