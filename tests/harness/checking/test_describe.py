"""Values in words, and snippets that make the same call again."""

from __future__ import annotations

import math
import types
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.checking.describe import call, kind_of, literal, plain_tensor, short, snippet
from autograder.sandbox.inside import probes
from autograder.sandbox.inside.values import Handle, Opaque, Probe

SHORT = {
    "tensor": (torch.tensor([[1.0, 2.5]]), "tensor([[1, 2.5]], dtype=float32)"),
    "scalar": (torch.tensor(1 / 3, dtype=torch.float64), "tensor(0.333333, dtype=float64)"),
    "whole numbers": (torch.tensor([1, 2]), "tensor([1, 2], dtype=int64)"),
    "large": (torch.zeros(100, 100), "tensor of shape (100, 100), float32, first entries [0, 0, 0, 0]"),
    "tuple": ((torch.tensor(1.0), 2), "(tensor(1, dtype=float32), 2)"),
    "list": ([1.5, None], "[1.5, None]"),
    "opaque": (Opaque("Tensor", "sparse"), "an object of type Tensor (sparse)"),
    "object": (Opaque("Thing"), "an object of type Thing"),
    "handle": (Handle(1, "Sequential"), "an object of type Sequential"),
    "probe": (Probe({}), "a small known network"),
    "long text": ("a" * 1000, "'" + "a" * 299 + "…"),
}


@pytest.mark.parametrize(("value", "words"), SHORT.values(), ids=SHORT)
def test_short(value: Any, words: str) -> None:
    """A value is said in a few lines, whatever its size."""
    assert words == short(value)


KINDS = {
    "tensor": (torch.zeros(2, 3), "a tensor of shape (2, 3) and dtype float32"),
    "tuple": ((1, 2), "a tuple of 2"),
    "list": ([], "a list of 0"),
    "nothing": (None, "None (is a `return` missing?)"),
    "number": (1.0, "a float"),
    "handle": (Handle(1, "Model"), "an object of type Model"),
}


@pytest.mark.parametrize(("value", "words"), KINDS.values(), ids=KINDS)
def test_kind_of(value: Any, words: str) -> None:
    """What kind of thing came back is said for "should be ..., but is ..."."""
    assert words == kind_of(value)


def test_call() -> None:
    """A call is one line."""
    assert call("f", {"x": torch.ones(1), "n": 2}) == "f(x=tensor([1], dtype=float32), n=2)"


def test_plain_tensor() -> None:
    """Numbers are compared as float64 tensors."""
    assert torch.float64 == plain_tensor(0.1).dtype
    assert torch.float32 == plain_tensor(torch.zeros(1)).dtype


@given(
    values=st.lists(st.floats(width=32), max_size=4),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    shape=st.sampled_from([(-1,), (1, -1)]),
)
def test_literals_are_exact(values: list[float], dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    """A tensor's source makes the same tensor, to the last bit, with NaN, infinities and no entries."""
    tensor = torch.tensor(values, dtype=dtype)
    tensor = tensor.reshape(shape) if values else tensor
    again = eval(literal(tensor) or "", {"torch": torch})
    assert again.dtype == tensor.dtype
    assert again.shape == tensor.shape
    assert again.nan_to_num(nan=7.25).equal(tensor.nan_to_num(nan=7.25))


@pytest.mark.parametrize("value", [1, -2.5, 0.1, math.inf, -math.inf, "a'b", None, True])
def test_literals_of_plain_values(value: Any) -> None:
    """A plain value's source makes the same value."""
    assert value == eval(literal(value) or "")


def test_no_literal() -> None:
    """What is too large, or is no data, has no source, and then there is no snippet."""
    assert literal(torch.zeros(1000)) is None
    assert literal(Handle(1, "Model")) is None
    assert literal(Probe({"layers": [{"op": "dropout", "p": 0.5}]})) is None
    assert snippet("vae", "f", {"x": torch.zeros(1000)}, 0, frozenset()) == ""


AFFINE = {"op": "affine", "weight": torch.tensor([[1.0, 2.0], [0.5, -1.0]]), "bias": torch.tensor([0.25, 1.0])}
NETWORKS = {
    "nothing": {"layers": []},
    "affine": {"layers": [AFFINE]},
    "deep": {"layers": [{"op": "flatten"}, AFFINE, {"op": "tanh"}, AFFINE, {"op": "relu"}, AFFINE, {"op": "sigmoid"}]},
    "two heads": {"layers": [AFFINE], "heads": [[AFFINE], []]},
    "one head": {"layers": [], "heads": [[AFFINE]]},
    "log of a sum": {"layers": [AFFINE, {"op": "square"}, AFFINE, {"op": "logsumexp"}]},
}


@pytest.mark.parametrize("spec", NETWORKS.values(), ids=NETWORKS)
def test_networks_as_source(spec: dict[str, Any]) -> None:
    """A probe's source is a function that computes what the probe computes, tuples included."""
    x = torch.tensor([[0.5, -1.0], [2.0, 3.0]])
    theirs = eval(literal(Probe(spec)) or "", {"torch": torch})(x)
    ours = probes.build(spec)(x)

    assert type(ours) is type(theirs)
    for mine, yours in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, yours)


def test_a_model_with_parts_as_source() -> None:
    """It is a module with a method for every part; with a layer that has no source there is none."""
    x = torch.tensor([[0.5, -1.0]])
    spec = {"parts": {"there": NETWORKS["deep"], "back": NETWORKS["affine"]}}
    theirs = eval(literal(Probe(spec)) or "", {"torch": torch}).eval()

    assert torch.allclose(theirs.back(theirs.there(x)), probes.build(spec["parts"]["back"])(theirs.there(x)))
    assert literal(Probe({"parts": {"there": {"layers": [{"op": "dropout", "p": 0.5}]}}})) is None


def test_snippet_reproduces(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Pasted beside a submission, a snippet makes the very call of the check: probes, keywords, seed and all."""
    import sys

    seen: dict[str, Any] = {}

    def estimate(x: torch.Tensor, encoder: Any, *, n: int) -> torch.Tensor:
        seen["value"] = encoder(x)[0].sum() + n * torch.randn(())
        return seen["value"]

    module = types.ModuleType("evidence")
    module.estimate = estimate  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "evidence", module)
    spec = NETWORKS["two heads"]
    arguments = {"x": torch.tensor([[0.1, 2.0]]), "encoder": Probe(spec), "n": 3}

    exec(snippet("evidence", "estimate", arguments, 11, frozenset({"n"})), {})

    torch.manual_seed(11)
    wanted = estimate(arguments["x"], probes.build(spec), n=3)
    assert f"{wanted.item():.4f}"[:5] in capsys.readouterr().out
