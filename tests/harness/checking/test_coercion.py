"""Coercion: every other form is brought into the one that is asked for, and nothing that would have to be guessed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from autograder.assignment.contract import parse_module
from autograder.assignment.prices import FORMS
from autograder.assignment.specs import ArraySpec, Sizes
from autograder.authoring.failures import CheckFailed
from autograder.checking.coercion import as_number, as_tensor, in_kind, in_shape
from autograder.checking.ladder import Climbed, require_returns

F64 = torch.float64
SIZES: Sizes = {"B": 4, "D": 5, "M": 2}
FOUR = torch.arange(4, dtype=F64)
ROWS = torch.arange(20, dtype=F64).reshape(4, 5)


def spec(axes: str, kind: str = "Float") -> ArraySpec:
    """Return what is asked for where an array has these axes."""
    return ArraySpec(kind, tuple(axes.split()))


def climb(annotation: str, value: Any, **sizes: int) -> Climbed:
    """Climb the ladder with a result of a function that is annotated so."""
    (function,) = parse_module(f"def f() -> {annotation}: ...", "work")
    return require_returns(value, function.returns, {**SIZES, **sizes}, F64)


def names(climbed: Climbed) -> set[str]:
    """Return the names of the faults of form."""
    return {fault.name for fault in climbed.forms}


# ---------------------------------------------------------------------------------------------------------- as a tensor

TENSORS: dict[str, tuple[Any, torch.Tensor, str]] = {
    "tensor": (FOUR, FOUR, ""),
    "array": (FOUR.numpy(), FOUR, "numpy_array"),
    "0-d array": (np.array(2.0), torch.tensor(2.0, dtype=F64), "numpy_array"),
    "array of another dtype": (np.arange(4, dtype=np.int32), FOUR.int(), "numpy_array"),
    "array that lies otherwise in memory": (ROWS.numpy().T[:, ::-1], ROWS.T.flip(1), "numpy_array"),
    "empty array": (np.zeros((0, 5)), torch.zeros(0, 5, dtype=F64), "numpy_array"),
    "float": (2.5, torch.tensor(2.5, dtype=F64), "python_number"),
    "int": (2, torch.tensor(2.0, dtype=F64), "python_number"),
    "nan": (math.nan, torch.tensor(math.nan, dtype=F64), "python_number"),
    "list": (FOUR.tolist(), FOUR, "python_list"),
    "tuple": (tuple(FOUR.tolist()), FOUR, "python_list"),
    "whole numbers among others": ([0, 1.0, 2, 3.0], FOUR, "python_list"),
    "nested lists": (ROWS.tolist(), ROWS, "python_list"),
    "list of tensors": (list(ROWS), ROWS, "python_list"),
    "list of arrays": (list(ROWS.numpy()), ROWS, "python_list"),
    "list of 0-d tensors": (list(FOUR), FOUR, "python_list"),
    "tuples in a list": ([(0.0, 1.0), (2.0, 3.0)], FOUR.reshape(2, 2), "python_list"),
}


@pytest.mark.parametrize(("value", "tensor", "name"), TENSORS.values(), ids=TENSORS)
def test_as_a_tensor(value: Any, tensor: torch.Tensor, name: str) -> None:
    """The same numbers, whatever they came in; a number of Python has the precision of Python."""
    found, was = as_tensor(value, spec("B D"), SIZES)
    assert (was, type(found), found.dtype, found.shape) == (name, torch.Tensor, tensor.dtype, tensor.shape)
    assert torch.equal(found, tensor) or bool(tensor.isnan().all() and found.isnan().all())
    assert name == "" or name in FORMS


NO_TENSORS: dict[str, Any] = {
    "nothing": None,
    "text": "1.0",
    "boolean": True,
    "booleans": [True, False],
    "booleans among numbers": [1.0, True],
    "texts": ["1.0"],
    "ragged lists": [[1.0, 2.0], [3.0]],
    "a number beside a list": [1.0, [2.0]],
    "tensors of several shapes": [torch.zeros(2), torch.zeros(3)],
    "tensors of several dtypes": [torch.zeros(2), torch.zeros(2).double()],
    "empty list": [],
    "empty list in a list": [[]],
    "empty tuple": (),
    "dictionary": {"a": 1.0},
    "complex array": np.zeros(4, dtype=complex),
    "unsigned array that torch does not know": np.zeros(4, dtype=np.uint16),
    "nothing in a list": [1.0, None],
}


@pytest.mark.parametrize("value", NO_TENSORS.values(), ids=NO_TENSORS)
def test_what_is_no_tensor_stays_what_it_is(value: Any) -> None:
    """No text is read as a number, and no gap is filled."""
    found, was = as_tensor(value, spec("B"), SIZES)
    assert found is value
    assert was == ""


def test_an_array_is_copied() -> None:
    """What is judged shares no memory with what came."""
    came = np.zeros(4)
    found, _ = as_tensor(came, spec("B"), SIZES)
    came[:] = 1.0
    assert not found.any()


def test_a_long_list_is_read_at_once() -> None:
    """As long as the wire lets one be; a tensor for each number would take minutes."""
    found, was = as_tensor([0.5] * 250_000, spec("N"), {})
    assert (tuple(found.shape), was) == ((250_000,), "python_list")


EXTRA: dict[str, tuple[Any, Any, str]] = {
    "of a tuple": ((FOUR, "more"), FOUR, "extra_output"),
    "of a list": ([FOUR, FOUR], FOUR, "extra_output"),
    "with axes of size 1": ((FOUR[:, None], None), FOUR[:, None], "extra_output"),
    "an array": ((FOUR.numpy(), {"loss": 1.0}), FOUR.numpy(), "extra_output"),
    "in the second place": ((None, FOUR), (None, FOUR), ""),
    "alone": ((FOUR,), FOUR[None], "python_list"),
    "of another shape": ((FOUR[:3], "more"), (FOUR[:3], "more"), ""),
    "numbers": ((1.0, 2.0, 3.0, 4.0), torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=F64), "python_list"),
}


@pytest.mark.parametrize(("value", "judged", "name"), EXTRA.values(), ids=EXTRA)
def test_only_the_first_entry_can_be_what_was_asked_for(value: Any, judged: Any, name: str) -> None:
    """More than was asked for may follow it, and nothing is looked for among what follows."""
    found, was = as_tensor(value, spec("B"), SIZES)
    assert was == name
    assert found is value if name == "" else bool(np.array_equal(found, judged))


# ------------------------------------------------------------------------------------------------------------- in kind


def test_whole_numbers_and_floats() -> None:
    """Whole numbers are floats as well; floats are whole numbers where no fraction is lost, complex numbers are neither."""
    assert torch.equal(in_kind(torch.arange(4), "Float"), FOUR)  # type: ignore[arg-type]
    assert torch.equal(in_kind(FOUR, "Int"), torch.arange(4))  # type: ignore[arg-type]
    for value, kind in (
        (FOUR + 0.5, "Int"),
        (torch.tensor([math.nan]), "Int"),
        (torch.zeros(4, dtype=torch.complex64), "Float"),
        (torch.zeros(4, dtype=torch.complex64), "Int"),
    ):
        assert in_kind(value, kind) is None


# ------------------------------------------------------------------------------------------------------------ in shape

SHAPES: dict[str, tuple[str, tuple[int, ...], dict[str, int], tuple[int, ...] | None]] = {
    "as it should be": ("B D", (4, 5), {}, (4, 5)),
    "an axis too many": ("B", (4, 1), {}, (4,)),
    "an axis before": ("B D", (1, 4, 5), {}, (4, 5)),
    "several": ("B", (1, 4, 1, 1), {}, (4,)),
    "between": ("B D", (4, 1, 5), {}, (4, 5)),
    "an axis too few": ("B D", (5,), {"B": 1}, (1, 5)),
    "in another place": ("B D", (4, 1), {"B": 1, "D": 4}, (1, 4)),
    "a number": ("B", (), {"B": 1}, (1,)),
    "numbers as a vector": ("", (1,), {}, ()),
    "nothing at all": ("B", (0, 1), {"B": 0}, (0,)),
    "free axis": ("B K", (4, 1, 7), {}, (4, 7)),
    "free axis of one example": ("B K", (1, 7, 1), {"B": 1}, (1, 7)),
    "one example as a vector": ("B K", (7,), {"B": 1}, (1, 7)),
    "free axis that is one": ("B K", (1, 4, 1), {}, (4, 1)),
    "leading axes": ("... D", (2, 1, 5), {}, (2, 1, 5)),
    "(D,) for (B,)": ("B", (5,), {}, None),
    "summed": ("B", (), {}, None),
    "kept and summed": ("B D", (4, 1), {}, None),
    "transposed": ("D M", (2, 5), {}, None),
    "all pairs for each": ("B", (4, 4), {}, None),
    "flat": ("B D", (20,), {}, None),
    "one row of several": ("B D", (1, 5), {}, None),
    "free axis missing": ("B K", (4,), {}, None),
    "free axis, summed over the others": ("B K", (1, 4), {}, None),
    "free axis, another number of rows": ("B K", (3, 1, 7), {}, None),
    "an entry of nothing": ("B", (0, 3), {"B": 0}, None),
}


@pytest.mark.parametrize(("axes", "came", "sizes", "judged"), SHAPES.values(), ids=SHAPES)
def test_axes_of_size_one_and_no_others(
    axes: str, came: tuple[int, ...], sizes: dict[str, int], judged: tuple[int, ...] | None
) -> None:
    """An axis that holds more than one entry is never moved, merged, split or guessed."""
    value = torch.arange(math.prod(came)).reshape(came)
    found = in_shape(value, spec(axes), {**SIZES, **sizes})
    assert (None if found is None else tuple(found[0].shape)) == judged
    assert found is None or torch.equal(found[0].flatten(), value.flatten())


def test_a_free_axis_is_known_from_then_on() -> None:
    """What a part of a result says about an axis holds for the next part."""
    found = in_shape(torch.zeros(4, 1, 7), spec("B K"), dict(SIZES))
    assert found is not None
    assert found[1]["K"] == 7
    assert in_shape(torch.zeros(8, 1), spec("K"), found[1]) is None


def test_the_size_of_a_free_axis_may_be_one() -> None:
    """Where it fits as it is, nothing is done to it."""
    value = torch.zeros(4, 1)
    found = in_shape(value, spec("B K"), dict(SIZES))
    assert found is not None
    assert found[0] is value


# ----------------------------------------------------------------------------------------------------------- a number

NUMBERS: dict[str, tuple[Any, Any, str]] = {
    "float": (2.5, 2.5, ""),
    "0-d tensor": (torch.tensor(2.5), torch.tensor(2.5), ""),
    "tensor": (torch.tensor([2.5]), 2.5, "size_one_axis"),
    "matrix": (torch.tensor([[2.5]]), 2.5, "size_one_axis"),
    "array": (np.array([2.5]), 2.5, "size_one_axis"),
    "list": ([2.5], 2.5, "python_list"),
    "list in a tuple": (([2.5],), 2.5, "python_list"),
    "two numbers": ([2.5, 2.5], [2.5, 2.5], ""),
    "empty list": ([], [], ""),
    "vector": (torch.tensor([2.5, 2.5]), torch.tensor([2.5, 2.5]), ""),
}


@pytest.mark.parametrize(("value", "number", "name"), NUMBERS.values(), ids=NUMBERS)
def test_a_single_number(value: Any, number: Any, name: str) -> None:
    """One number is that number, whatever it lies in; of two none is chosen."""
    found, was = as_number(value)
    assert was == name
    assert torch.equal(found, number) if isinstance(number, torch.Tensor) else found == number


# ------------------------------------------------------------------------------------------------------- on the ladder

CLIMBED: dict[str, tuple[str, Any, dict[str, int], set[str]]] = {
    "numbers have no dtype of their own": ('Float[Tensor, "B"]', FOUR.tolist(), {}, {"python_list"}),
    "tensors in a list": ('Float[Tensor, "B"]', list(FOUR.float()), {}, {"python_list"}),
    "one example": ('Float[Tensor, "B"]', torch.tensor(1.0, dtype=F64), {"B": 1}, {"size_one_axis"}),
    "number for one example": ('Float[Tensor, "B"]', 1.0, {"B": 1}, {"python_number", "size_one_axis"}),
    "no example": ('Float[Tensor, "B D"]', np.zeros((0, 1, 5)), {"B": 0}, {"numpy_array", "size_one_axis"}),
    "an extra array": ('Float[Tensor, "B"]', (FOUR.numpy(), 1), {}, {"extra_output", "numpy_array"}),
    "array for a tensor or None": ('Float[Tensor, "B"] | None', FOUR.numpy(), {}, {"numpy_array"}),
    "list for a tensor or None": ('Float[Tensor, "B"] | None', FOUR.tolist(), {}, {"python_list"}),
    "nothing for a tensor or None": ('Float[Tensor, "B"] | None', None, {}, set()),
    "column for a tensor or None": ('Float[Tensor, "B"] | None', FOUR[:, None], {}, {"size_one_axis"}),
    "list of one for either number": ('float | Float[Tensor, ""]', [2.5], {}, {"python_list"}),
    "number for either number": ('Float[Tensor, ""] | float', 2.5, {}, set()),
    "parts in another form": (
        'tuple[Float[Tensor, "B"], Float[Tensor, "D M"]]',
        [FOUR.float(), np.zeros((5, 2))],
        {},
        {"other_dtype", "numpy_array"},
    ),
    "entries in another form": ('list[Float[Tensor, "B"]]', [FOUR, FOUR.tolist()], {}, {"python_list"}),
    "an entry by name in another form": ('dict[str, Float[Tensor, "B"]]', {"a": FOUR[None]}, {}, {"size_one_axis"}),
    "labels as an array": ('Int[Tensor, "B"]', np.arange(4.0), {}, {"numpy_array", "other_dtype"}),
    "any kind of numbers": ('Shaped[Tensor, "B"]', np.arange(4), {}, {"numpy_array"}),
}


@pytest.mark.parametrize(("annotation", "value", "sizes", "faults"), CLIMBED.values(), ids=CLIMBED)
def test_faults_of_form_have_names(annotation: str, value: Any, sizes: dict[str, int], faults: set[str]) -> None:
    """In every place of a result, under the names that have a price."""
    assert names(climb(annotation, value, **sizes)) == faults
    assert faults <= set(FORMS)


REFUSED: dict[str, tuple[str, Any]] = {
    "a sum for each": ('Float[Tensor, "B"]', 1.0),
    "(D,) for (B,)": ('Float[Tensor, "B"]', [0.0] * 5),
    "a transposed matrix": ('Float[Tensor, "D M"]', np.zeros((2, 5))),
    "a transposed list": ('Float[Tensor, "D M"]', [[0.0] * 5] * 2),
    "complex numbers": ('Float[Tensor, "B"]', FOUR.to(torch.complex128)),
    "booleans": ('Float[Tensor, "B"]', [True] * 4),
    "ragged lists": ('Float[Tensor, "B D"]', [[0.0] * 5] * 3 + [[0.0] * 4]),
    "results the other way round": ('tuple[Float[Tensor, "B"], Float[Tensor, "D"]]', (torch.zeros(5), torch.zeros(4))),
    "the second of two": ('Float[Tensor, "B"]', ("loss", FOUR)),
    "one result of two": ('tuple[Float[Tensor, "B"], Float[Tensor, "B"]]', (FOUR,)),
    "both results as one": ('tuple[Float[Tensor, "B"], Float[Tensor, "B"]]', torch.stack([FOUR, FOUR])),
    "several numbers for one": ("float", [1.0, 2.0]),
    "nothing": ('Float[Tensor, "B"]', []),
}


@pytest.mark.parametrize(("annotation", "value"), REFUSED.values(), ids=REFUSED)
def test_another_kind_of_result_is_substance(annotation: str, value: Any) -> None:
    """What would need a guess fails, and for no fault of form."""
    with pytest.raises(CheckFailed) as caught:
        climb(annotation, value)
    assert caught.value.forms == ()


def test_an_option_that_does_not_fit_leaves_no_note() -> None:
    """Of several kinds of results, the forms of the one that fits are noted, and no others."""
    climbed = climb('Float[Tensor, "B"] | Float[Tensor, "B M"]', torch.zeros(1, 4, 2))
    assert names(climbed) == {"other_dtype", "size_one_axis"}
    assert climbed.value.shape == (4, 2)
