"""Calls beside a call change what they say they change, and nothing else."""

from __future__ import annotations

import pytest
import torch

from autograder.authoring import Case, far_away, levelled, siblings

LEVEL = {"a": (0.0,), "b": (0.0, 1.0)}


def case(seed: int, dtype: torch.dtype = torch.float64) -> Case:
    """A call with two tables and a number."""
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.rand(4, 3, generator=generator, dtype=torch.float64).to(dtype) + 2 for _ in range(2))
    return Case("f", {"a": a, "b": b, "n": 2}, seed=seed)


def kind(value: torch.Tensor) -> str:
    """How a table varies."""
    if bool((value == value[0, 0]).all()):
        return "constant"
    if bool((value == value[:1]).all()):
        return "rows alike"
    return "columns alike" if bool((value == value[:, :1]).all()) else "as it was"


def test_levelled() -> None:
    """Every argument is seen in every way, also alone; never are all of them constants, which would be one question for everybody."""
    seen = {
        tuple(kind(other.arguments[name]) for name in LEVEL)
        for seed in range(300)
        for other in levelled(case(seed), LEVEL)
    }

    ways = ("as it was", "rows alike", "columns alike", "constant")
    assert seen == {(a, b) for a in ways for b in ways} - {("as it was", "as it was"), ("constant", "constant")}


def test_a_single_argument_is_no_constant() -> None:
    """Its only value would be known."""
    assert all(
        kind(other.arguments["a"]) != "constant" for seed in range(50) for other in levelled(case(seed), {"a": (0.0,)})
    )


@pytest.mark.parametrize("seed", range(4))
def test_what_is_beside_a_call_leaves_the_rest(seed: int) -> None:
    """The call itself, its other arguments, and every difference between arguments that are moved together."""
    plain, before = case(seed, torch.float32), case(seed, torch.float32)
    (far,) = far_away(plain, ["a", "b"])
    (moved,) = siblings(plain)
    levelled(plain, LEVEL)

    assert torch.allclose(
        far.arguments["a"] - far.arguments["b"], before.arguments["a"] - before.arguments["b"], atol=1e-4
    )
    assert float(far.arguments["a"].min()) > 200
    assert sum(not torch.equal(moved.arguments[name], before.arguments[name]) for name in LEVEL) == 1
    assert all(torch.equal(plain.arguments[name], before.arguments[name]) for name in LEVEL)
    assert far_away(case(seed), ["a", "b"]) == []
