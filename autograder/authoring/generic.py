"""The checks that every task has in the same form: two that are made of the contract, two that an author orders in one line.

`yielded` makes `contract` and `vectorised` for the inputs in a test module, where the rubric weighs them and the author has not
written them. `value_check` and `gradient_check` return test functions for the author to name::

    test_value = value_check(scaled_sum, "Σ w x, summed over D, one value per example.", help="Sum over the last axis.")

`student` and `oracle` are the fixtures of `checking.plugin`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from autograder.assignment.contract import ArraySpec, FunctionContract, TupleSpec
from autograder.assignment.prices import LOOP
from autograder.authoring.cases import Case, Sizes
from autograder.authoring.inputs import Inputs, drawn_from
from autograder.authoring.marks import MARK, check
from autograder.authoring.neighbours import levelled, siblings, widened
from autograder.errors import HarnessFault

FEW, MANY, MOST = 6, 29, 580
"""Lengths of the batch between which what a call does may not grow, by more than a few. What draws again until it accepts grows with
the logarithm of the batch, a loop with the batch itself: the longest, which is asked for only then, tells them apart.
"""
ROOM = {"tensor operations": 10, "lines of its own code": 20}
"""What is counted (`checking.asking.Effort`) -> by how much it may grow from one length to the next: any loop over examples runs at
least as many lines more as there are examples more, and one over chunks of them has room."""
_NO_LOOP = "Replace the loop over examples by operations on whole tensors; sums over an axis take `dim=`."
EXAMPLES = 8
"""Inputs that a check of form, or of gradients, is asked with."""


# ------------------------------------------------------------------------------------------- made of the contract


def yielded(namespace: Mapping[str, Any], names: Callable[[str], Collection[str]]) -> dict[str, Callable[..., None]]:
    """Return the generic checks of a test module, by the name that the test function is to have in it.

    Args:
        namespace: What is defined in the module. Inputs that it imports from another module are left to that one.
        names: The names of the checks of a task that count; others are not made.
    """
    written = set(_written(namespace))
    own = [(name, value) for name, value in namespace.items() if isinstance(value, Inputs)]
    return {
        f"test_{check_name}_of_{variable}": make(source)
        for variable, source in own
        if source.builder.__module__ == namespace.get("__name__")
        for check_name, make in (("contract", contract_check), ("vectorised", vectorised_check))
        if check_name in names(source.task) and (source.task, check_name) not in written
    }


def _written(namespace: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield task and name of the checks that the author wrote."""
    for value in namespace.values():
        marks = getattr(value, "pytestmark", None)
        for mark in marks if isinstance(marks, list) else ():
            if mark.name == MARK:
                yield mark.kwargs["task"], mark.kwargs["name"]


def contract_check(source: Inputs) -> Callable[..., None]:
    """Return the check `contract`: what is asked for exists, and answers as its signature says.

    Of an object every method is asked that the inputs call.
    """

    @settings(max_examples=EXAMPLES)
    @given(
        size=st.sampled_from(source.sizes),
        dtype=st.sampled_from(source.dtypes),
        seed=st.integers(0, 2**31 - 1),
    )
    def test(student: Any, size: Sizes, dtype: torch.dtype, seed: int) -> None:
        case = source.build(size, dtype, seed)
        if not case.calls:
            student.value(case, form=True)
            if seed % 2 == 0:  # Hypothesis begins with 0, so it is asked once at least: that takes five times the calls
                student.in_any_manner(case, _examples_of(case, student.contract_of(case), source.batch))
            return
        made = student.make(case)
        for method, arguments in case.calls.items():
            made.value(method, arguments, form=True)

    sentence = (
        f"`{source.task}` exists, takes the documented arguments, and returns finite values of the documented type, "
        "dtype and shape without changing its inputs."
    )
    return _named(test, source.task, "contract", sentence)


def vectorised_check(source: Inputs) -> Callable[..., None]:
    """Return the check `vectorised`: neither tensor operations nor lines of the submission's own code grow with the batch.

    What seems to grow is asked a third time, with a long batch: whatever draws again until it accepts needs few steps more for it.
    """
    task = source.task

    def test(student: Any, contract: Any) -> None:
        axis = source.batch or batch_axis(contract[task])
        if axis is None:
            raise HarnessFault(
                f"which axis of `{task}` is the batch does not follow from its signature: say it, "
                f'`@inputs({task!r}, batch="N")`, or take `vectorised` out of its checks in rubric.yaml'
            )
        sizes, dtype = source.sizes[(len(source.sizes) - 1) // 2], source.dtypes[0]
        cases = [source.build(sizes.but(**{axis: n}), dtype) for n in (FEW, MANY, MOST)]
        few, many = student.effort(cases[0]), student.effort(cases[1])
        if growing := _growing(few, many):
            most = student.effort(cases[2])
            growing = [
                what
                for what in growing
                if _like_a_loop(*(effort[list(ROOM).index(what)] for effort in (few, many, most)))
            ]
        if growing:
            what = growing[0]
            before, after = (effort[list(ROOM).index(what)] for effort in (few, many))
            message = f"`{task}` runs {before} {what} for a batch of {FEW}, but {after} for a batch of {MANY}"
            student.require(False, cases[1], message, help=_NO_LOOP, forms=(LOOP,))

    sentence = (
        f"`{task}` needs no Python loop over the batch: the numbers of tensor operations and of lines that are run do not grow "
        "with it."
    )
    return _named(test, task, "vectorised", sentence)


def _growing(before: Sequence[int], after: Sequence[int]) -> list[str]:
    """Return what of two efforts grows by more than it may, from one length of the batch to the next."""
    return [what for (what, room), a, b in zip(ROOM.items(), before, after, strict=True) if b > a + room]


def _like_a_loop(few: int, many: int, most: int) -> bool:
    """Whether an effort goes on growing as it began: by half as much at least."""
    return most - few > (many - few) * (MOST - FEW) / (MANY - FEW) / 2


def _examples_of(case: Case, contract: FunctionContract, batch: str | None) -> list[str]:
    """Return the arguments of a call whose rows are examples."""
    axis = batch or batch_axis(contract)
    return [
        parameter.name
        for parameter in contract.parameters
        if isinstance(parameter.spec, ArraySpec)
        and parameter.spec.dims[:1] == (axis,)
        and parameter.name in case.arguments
    ]


def batch_axis(contract: FunctionContract) -> str | None:
    """Return the axis along which examples lie, as far as a signature tells; else None.

    It is the first axis of the first array result that some argument has and no result has twice; where results are 0-d tensors,
    the first axis of the first array argument.
    """
    taken = [p.spec.dims for p in contract.parameters if isinstance(p.spec, ArraySpec) and p.spec.dims]
    parts = contract.returns.items if isinstance(contract.returns, TupleSpec) else (contract.returns,)
    results = [spec.dims for spec in parts if isinstance(spec, ArraySpec)]
    given_axes = {axis for dims in taken for axis in dims if axis.isidentifier()}
    for dims in results:
        if dims and dims[0] in given_axes and all(other.count(dims[0]) < 2 for other in results):
            return dims[0]
    if results and not any(results) and taken and taken[0][0].isidentifier():
        return taken[0][0]
    return None


# --------------------------------------------------------------------------------------------- ordered by the author


def value_check(
    source: Inputs,
    sentence: str,
    *,
    help: str = "",
    examples: int | None = None,
    dtypes: Sequence[torch.dtype] | None = None,
    sizes: Sequence[Sizes] | st.SearchStrategy[Sizes] | None = None,
    corners: Sequence[Sizes] = (),
    moved: bool = False,
    level: Mapping[str, Sequence[float]] | None = None,
    **more: st.SearchStrategy[Any],
) -> Callable[..., None]:
    """Return the check `value`: the value is the reference's, on drawn inputs.

    Args:
        source: The inputs of the task.
        sentence: What students read: the formula in words.
        help: What a failing student reads besides: the mistakes to look for.
        examples: How many inputs are drawn; the profile's number where it is not said.
        dtypes: In place of those of the inputs.
        sizes: In place of those of the inputs: a table, or a strategy such as `drawn_sizes(B=(1, 9), D=(1, 12))`.
        corners: Sizes that are asked for in any case, whatever is drawn besides; not together with `more`.
        moved: Whether every call is followed by one of its `siblings`: where no argument is more than a table of numbers (no covariance).
        level: By name, the numbers that an argument may consist of throughout: every call is then followed by one with arguments that
            hardly vary, as `neighbours.levelled` makes them.
        more: Drawn and handed to the builder by keyword.
    """

    kinds = tuple(dtypes or source.dtypes)

    @given(
        size=drawn_from(source.sizes if sizes is None else sizes),
        dtype=st.sampled_from(kinds),
        seed=st.integers(0, 2**31 - 1),
        **more,
    )
    def test(student: Any, oracle: Any, size: Sizes, dtype: torch.dtype, seed: int, **drawn: Any) -> None:
        case = source.build(size, dtype, seed, **drawn)
        student.agrees(case, oracle.value(case), help=help)
        others = siblings(case) if moved else []
        for other in others if level is None else [*others, *levelled(case, level)]:
            student.agrees(other, oracle.value(other), help=help)

    for turn, size in enumerate(reversed(corners)):  # the first of them is asked first
        test = example(size=size, dtype=kinds[turn % len(kinds)], seed=turn)(test)
    asked = test if examples is None else settings(max_examples=examples)(test)
    return _named(asked, source.task, "value", sentence)


def gradient_check(
    source: Inputs,
    names: Sequence[str],
    sentence: str,
    *,
    part: int | None = None,
    help: str = "",
    examples: int = EXAMPLES,
    sizes: Sizes | None = None,
    wide: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> Callable[..., None]:
    """Return the check `gradient`: the result can be differentiated, and the gradients are the reference's.

    Args:
        source: The inputs of the task.
        names: The arguments to differentiate by; `"network.layers.0.bias"` is a weight of a probe.
        sentence: What students read.
        part: Which part of a tuple is differentiated.
        help: What a failing student reads besides.
        examples: How many seeds are drawn.
        sizes: In place of the generic ones.
        wide: Arguments that are drawn once more, uniformly from these ranges: a gradient that is cut off, or limited, where inputs
            are larger than usual.
    """

    @settings(max_examples=examples)
    @given(seed=st.integers(0, 2**31 - 1), dtype=st.sampled_from(source.dtypes))
    def test(student: Any, oracle: Any, seed: int, dtype: torch.dtype) -> None:
        case = source.build(sizes, dtype, seed)
        require_gradients(student, oracle, case, names, part, help)
        if wide and dtype == torch.float64:  # in float32 large inputs are a check's of their own: `extreme`
            require_gradients(student, oracle, widened(case, wide), names, part, help)

    return _named(test, source.task, "gradient", sentence, given=True)


def require_gradients(
    student: Any, oracle: Any, case: Case, names: Sequence[str], part: int | None = None, help: str = ""
) -> None:
    """Require that every gradient of a call (of one part of a tuple), with generic cotangents, is the reference's, whether the arguments
    are leaves of the graph or, with every other seed, were computed themselves.

    Where the value itself is another one, which other checks charge, the gradients of tensor arguments have to be those of the
    submission's own value.
    """
    value = oracle.value(case)
    value = value if part is None else value[part]
    weights = cotangent_for(value, case.seed)
    got = student.gradients(case, names, weights, part, computed=case.seed % 2 == 1)
    expected = oracle.gradients(case, names, weights, part)
    own = all(isinstance(case.arguments.get(name), Tensor) for name in names) and not student.same(case, value, part)
    for name in names:
        what = f"the gradient with respect to `{name}`"
        if own:
            slopes, measured = _along(case, name, got[name]), _slopes(student, case, name, weights, part)
            # differences are not exact, and where the value is wrong nothing more than consistency is asked
            close = bool(((slopes - measured).abs() <= 1e-3 * measured.abs().clamp(min=1.0)).all())
            message = f"{what} of `{student.called(case)}` is not that of the function itself"
            student.require(close, case, message, help=help)
        else:
            student.close(case, got[name], expected[name], what=what, help=help)


_DIRECTIONS = 2
_STEP = 1e-5


def _directions(case: Case, name: str) -> Tensor:
    leaf = case.arguments[name]
    generator = torch.Generator().manual_seed(len(name))
    return torch.randn((_DIRECTIONS, *leaf.shape), generator=generator, dtype=torch.float64)


def _along(case: Case, name: str, gradient: Tensor) -> Tensor:
    """Return a gradient's slopes along a few directions."""
    return (_directions(case, name) * gradient.double()).reshape(_DIRECTIONS, -1).sum(1)  # the leaf may be 0-d


def _slopes(student: Any, case: Case, name: str, weights: Tensor, part: int | None) -> Tensor:
    """Return the slopes of the submission's own value along the same directions, by central differences in float64."""
    exact = case.but(**{key: value.double() for key, value in case.tensors().items() if value.is_floating_point()})
    slopes = []
    for direction in _directions(case, name):
        sides = []
        for sign in (1.0, -1.0):
            moved = student.value(exact.but(**{name: exact.arguments[name] + sign * _STEP * direction}), finite=False)
            moved = torch.as_tensor(moved if part is None else moved[part])
            sides.append((moved.double().flatten() * weights.flatten()).sum())
        slopes.append((sides[0] - sides[1]) / (2 * _STEP))
    return torch.stack(slopes)


def cotangent_for(value: Any, seed: int = 0) -> Tensor:
    """Return fixed, generic weights in the shape of a value: a vector-Jacobian product sees every entry of the Jacobian."""
    shape = torch.as_tensor(value).shape
    generator = torch.Generator().manual_seed(seed + 12345)
    return torch.rand(shape, generator=generator, dtype=torch.float64) + 0.5


def _named(
    function: Callable[..., None], task: str, name: str, sentence: str, *, given: bool = False
) -> Callable[..., None]:
    """Make a test function a check, as if its author had written it out."""
    function.__doc__ = sentence
    function.__name__ = function.__qualname__ = f"test_{name}"
    return check(task, name, given=given)(function)
