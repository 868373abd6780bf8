"""Inputs: drawn from a seed, alike in both dtypes, with sizes that tell axes apart."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import find, given, settings
from hypothesis import strategies as st

from autograder.authoring.cases import Case, Sizes
from autograder.authoring.inputs import DEFAULT_SIZES, Draw, Inputs, constant, inputs, made
from autograder.errors import HarnessFault

TABLE = [Sizes({"B": b, "D": d}) for b, d in ((1, 2), (3, 4), (5, 6))]


def drawn_from(draw: Draw) -> dict[str, Any]:
    """One tensor of each kind."""
    return {
        "x": draw.normal("B", "D", mean=3.0, std=2.0),
        "share": draw.uniform("B", low=-1.0, high=2.0),
        "yes": draw.binary("B", 4),
        "labels": draw.labels("B", 3),
        "basis": draw.orthogonal(7, "D"),
        "layer": draw.affine(2, "D"),
        "steps": draw.size("D"),
    }


def test_the_same_seed_gives_the_same_call() -> None:
    """Sizes, dtype and seed say everything; float32 sees the numbers of float64, rounded."""
    source = inputs("task", sizes=TABLE)(drawn_from)
    once, again = (source.build(TABLE[2], torch.float64, 7) for _ in range(2))
    rounded = source.build(TABLE[2], torch.float32, 7)

    for name, value in once.tensors().items():
        assert torch.equal(value, again.arguments[name])
        assert torch.equal(value.to(rounded.arguments[name].dtype), rounded.arguments[name])
    assert not torch.equal(once.arguments["x"], source.build(TABLE[2], torch.float64, 8).arguments["x"])
    assert (once.function, once.seed, once.arguments["steps"]) == ("task", 7, 6)


def test_what_is_drawn_has_the_shape_and_the_range() -> None:
    """Axes are named or counted; labels are whole numbers, columns of a basis orthonormal."""
    drawn = inputs("task", sizes=TABLE)(drawn_from).build(TABLE[2], torch.float64, 3).arguments

    assert [tuple(drawn[name].shape) for name in ("x", "share", "yes", "labels", "basis")] == [
        *((5, 6), (5,), (5, 4), (5,), (7, 6))
    ]
    assert -1 <= float(drawn["share"].min()) <= float(drawn["share"].max()) < 2
    assert set(drawn["yes"].unique().tolist()) <= {0.0, 1.0}
    assert drawn["labels"].dtype == torch.int64
    assert torch.allclose(drawn["basis"].T @ drawn["basis"], torch.eye(6, dtype=torch.float64))
    assert drawn["layer"]["weight"].shape == (2, 6)
    assert drawn["layer"]["bias"].shape == (2,)


def test_a_constant_layer_has_no_weights() -> None:
    """It returns its values whatever comes in."""
    layer = constant(torch.tensor([1.0, 2.0]), 3)

    assert not layer["weight"].any()
    assert layer["weight"].shape == (2, 3)
    assert layer["bias"].tolist() == [1.0, 2.0]


def test_sizes_without_a_table_are_pairwise_different() -> None:
    """Eight levels, in the order in which axes are asked for; 1 occurs, and no axis is as long as another."""
    assert len(DEFAULT_SIZES) == 8
    rows = []
    for sizes in DEFAULT_SIZES:
        draw = Draw(torch.float64, 0, sizes)
        rows.append([draw.size(axis) for axis in ("B", "D", "M", "B", *map(str, range(8)))])
    for row in rows:
        assert row[0] == row[3]
        assert len({*row}) == len(row) - 1
    assert any(1 in row[:3] for row in rows)


def test_an_axis_whose_size_is_said_leaves_the_others_as_they_were() -> None:
    """What is asked about a long batch differs in nothing else."""
    for sizes in DEFAULT_SIZES:
        usual, long = Draw(torch.float64, 0, sizes), Draw(torch.float64, 0, sizes.but(B=29))
        assert long.size("B") == 29
        usual.size("B")
        assert usual.size("D") == long.size("D")


def test_an_unknown_axis_is_refused() -> None:
    """A table that lacks an axis is a mistake of the author, who is told which."""
    with pytest.raises(HarnessFault, match="have no axis 'K' \\(they have: B, D\\): add it to the table"):
        Draw(torch.float64, 0, TABLE[0]).size("K")


@pytest.mark.parametrize(
    ("scale", "expected"), [(1.0, 1.0), (2.5, 2.5), ("D", 4.0), (lambda draw: 2.0 * draw.size("B"), 6.0)]
)
def test_the_scale_is_a_number_an_axis_or_a_function(scale: Any, expected: float) -> None:
    """It says how large the terms of the result are."""
    assert inputs("task", sizes=TABLE, scale=scale)(drawn_from).build(TABLE[1]).scale == expected


def test_methods_are_asked_beside_the_constructor() -> None:
    """`made` keeps the arguments of an object and those of its methods apart."""

    @inputs("Layer", sizes=TABLE)
    def layer(draw: Draw) -> Any:
        return made({"width": draw.size("D")}, forward={"x": draw.normal("B", "D")}, reset={})

    case = layer.build(TABLE[0])

    assert dict(case.arguments) == {"width": 2}
    assert list(case.calls) == ["forward", "reset"]
    assert case.calls["forward"]["x"].shape == (1, 2)


def test_drawn_cases_vary_and_shrink() -> None:
    """Sizes, dtypes and seeds vary; the smallest case that fails is a small one; `more` reaches the builder."""

    @inputs("task", sizes=TABLE)
    def source(draw: Draw, twice: bool = False) -> dict[str, Any]:
        return {"x": draw.normal("B", "D"), "twice": twice}

    seen: set[Any] = set()

    @settings(max_examples=60, database=None)
    @given(case=source.drawn(twice=st.booleans()))
    def look(case: Case) -> None:
        seen.add((tuple(case.arguments["x"].shape), case.dtype(), case.arguments["twice"]))

    look()

    assert len(seen) > 8
    small = find(source.drawn(), lambda case: case.arguments["x"].numel() > 3)
    assert (tuple(small.arguments["x"].shape), small.dtype()) == ((3, 4), torch.float64)
    only = find(source.drawn(dtypes=[torch.float32], sizes=TABLE[2:]), lambda case: True)
    assert (tuple(only.arguments["x"].shape), only.dtype()) == ((5, 6), torch.float32)


def test_the_generic_case_stands_in_the_middle() -> None:
    """Gradients are asked about middling sizes, in the first dtype; inputs may start from those of another task."""
    source = inputs("task", sizes=TABLE, dtypes=[torch.float32])(drawn_from)
    other = inputs("other", sizes=TABLE)(lambda draw: source(draw))

    assert source.generic_sizes == TABLE[1]
    assert source.generic(4).arguments["x"].shape == (3, 4)
    assert source.generic(4).dtype() == torch.float32
    assert torch.equal(other.generic(4).arguments["x"].float(), source.generic(4).arguments["x"])
    assert isinstance(other, Inputs)
