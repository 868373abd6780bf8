"""What annotations mean: shapes are bound by name, over all arguments and all parts of a result."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.assignment.contract import FunctionContract, parse_module
from autograder.assignment.specs import (
    ArraySpec,
    NamedSpec,
    bind_dims,
    expected_shape,
    is_scalar,
    match_shape,
    parts_of,
)


def only(source: str) -> FunctionContract:
    """Return the one contract in `source`."""
    (contract,) = parse_module(source, "module")
    return contract


MATRIX = only(
    'def f(x: Float[Tensor, "B D"], W: Float[Tensor, "D M"], images: Float[Tensor, "B 28"], s: float) -> float: ...'
)
NESTED = only(
    'def g(x: Float[Tensor, "... M"], y: Int[Tensor, "T ... D"], n: int, parts: list[Float[Tensor, "K D"]], '
    'pair: tuple[Float[Tensor, "P"], tuple[Float[Tensor, "Q"], int]], by: dict[int, Float[Tensor, "R D"]]) -> float: ...'
)
BOUND: dict[str, tuple[FunctionContract, dict[str, Any], dict[str, Any]]] = {
    "axes": (MATRIX, {"x": (3, 5), "W": (5, 2), "s": ()}, {"B": 3, "D": 5, "M": 2}),
    "a number": (MATRIX, {"images": (3, 28)}, {"B": 3}),
    "an argument that is None": (MATRIX, {"x": None, "W": (5, 2)}, {"D": 5, "M": 2}),
    "leading axes": (NESTED, {"x": (4, 3, 2)}, {"...": (4, 3), "M": 2}),
    "no leading axes": (NESTED, {"x": (2,)}, {"...": (), "M": 2}),
    "axes in the middle": (NESTED, {"y": (7, 4, 3, 5)}, {"T": 7, "...": (4, 3), "D": 5}),
    "the same leading axes": (NESTED, {"x": (4, 3, 2), "y": (7, 4, 3, 5)}, {"T": 7, "...": (4, 3), "M": 2, "D": 5}),
    "a whole number": (NESTED, {"n": 6}, {"{n}": 6}),
    "a list": (NESTED, {"parts": [(3, 5), (3, 5)]}, {"K": 3, "D": 5}),
    "an empty list": (NESTED, {"parts": []}, {}),
    "a tuple in a tuple": (NESTED, {"pair": [(3,), [(4,), 1]]}, {"P": 3, "Q": 4}),
    "a dictionary": (NESTED, {"by": {1: (3, 5), 7: (3, 5)}}, {"R": 3, "D": 5}),
}


@pytest.mark.parametrize(("contract", "shapes", "sizes"), BOUND.values(), ids=BOUND)
def test_bind_dims(contract: FunctionContract, shapes: dict[str, Any], sizes: dict[str, Any]) -> None:
    """The arguments' shapes fix the sizes of the axes, at every level; arguments that are not there fix nothing."""
    assert sizes == {dim: size for dim, size in bind_dims(contract, shapes).items() if size != 1 or dim != "{pair}"}


DISAGREE: dict[str, tuple[FunctionContract, dict[str, Any], str]] = {
    "two sizes": (MATRIX, {"x": (3, 5), "W": (4, 2)}, "f: axis D is both 5 and 4"),
    "too few axes": (MATRIX, {"x": (3,)}, "x of f has shape (3,), which is not a float tensor of shape (B, D)"),
    "a fixed axis": (
        MATRIX,
        {"images": (3, 27)},
        "images of f has shape (3, 27), which is not a float tensor of shape (B, 28)",
    ),
    "no last axis": (NESTED, {"x": ()}, "x of g has shape (), which is not a float tensor of shape (..., M)"),
    "other leading axes": (NESTED, {"x": (4, 2), "y": (7, 3, 5)}, "g: axes ... are both (4,) and (3,)"),
    "an entry": (NESTED, {"parts": [(3, 5), (4, 5)]}, "g: axis K is both 3 and 4"),
}


@pytest.mark.parametrize(("contract", "shapes", "message"), DISAGREE.values(), ids=DISAGREE)
def test_shapes_that_disagree(contract: FunctionContract, shapes: dict[str, Any], message: str) -> None:
    """Arguments that do not fit the contract are our fault and say how."""
    with pytest.raises(ValueError) as caught:
        bind_dims(contract, shapes)
    assert message == str(caught.value)


def test_expected_shape() -> None:
    """Known axes have their size, numbers are themselves, and what nothing fixes stays open."""
    assert expected_shape(ArraySpec("Float", ("B", "28", "K")), {"B": 3}) == (3, 28, None)
    assert expected_shape(ArraySpec("Float", ()), {}) == ()
    assert expected_shape(ArraySpec("Float", ("...", "M")), {"...": (4, 3), "M": 2}) == (4, 3, 2)
    assert expected_shape(ArraySpec("Float", ("...", "M")), {}) == ("...", None)
    assert expected_shape(ArraySpec("Float", ("{n}",)), {"{n}": 6}) == (6,)


def test_match_shape() -> None:
    """A shape that fits adds the sizes of axes that were open; one that does not is none."""
    spec = ArraySpec("Float", ("...", "B", "K", "3"))
    assert match_shape(spec, (9, 4, 2, 3), {"B": 4}) == {"B": 4, "K": 2, "...": (9,)}
    for shape in [(9, 5, 2, 3), (9, 4, 2, 4), (4, 2), ()]:
        assert match_shape(spec, shape, {"B": 4}) is None
    assert match_shape(spec, (9, 4, 2, 3), {"...": ()}) is None
    assert match_shape(ArraySpec("Float", ("K", "K")), (3, 4), {}) is None


def test_parts() -> None:
    """The arrays and names in a specification are found at every level."""
    returns = only('def f() -> tuple[A, list[B | None], dict[int, tuple[Int[Tensor, "N"], C]]]: ...').returns
    names = [NamedSpec(name) for name in "ABC"]
    assert list(parts_of(returns)) == [*names[:2], NamedSpec("None"), ArraySpec("Int", ("N",)), names[2]]


def test_scalars() -> None:
    """Plain Python scalars are known by name."""
    assert is_scalar("float")
    assert not is_scalar("Encoder")
