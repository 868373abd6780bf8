"""Inputs of a task: how a call of it is built from sizes, a dtype and a seed.

An author writes one function, which draws the arguments, and names it as the inputs of a task::

    @inputs("scaled_sum")
    def scaled_sum(draw):
        return {"x": draw.normal("B", "D", mean=3.0), "weights": draw.uniform("D", low=0.0, high=1.0)}

Everything else follows: `scaled_sum.build(sizes, dtype, seed)` is deterministic, `scaled_sum.drawn()` is the Hypothesis strategy
over sizes, dtypes and seeds (smallest first, so that a failing input shrinks to a small one), and the generic checks of
`authoring.generic` ask with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Generator, Tensor

from autograder.authoring.cases import Case, Sizes
from autograder.errors import HarnessFault

DTYPES = (torch.float64, torch.float32)
"""What a function is asked in where its inputs do not say otherwise."""
DEFAULT_SIZES = tuple(
    Sizes({}, others)
    for others in (
        (1, 2, 3, 4, 5, 6, 7, 8),
        (2, 3, 1, 4, 5, 6, 7, 8),
        (3, 5, 2, 4, 1, 6, 7, 8),
        (2, 6, 3, 5, 4, 7, 8, 1),
        (5, 4, 2, 3, 6, 7, 8, 9),
        (4, 7, 5, 2, 3, 6, 9, 8),
        (7, 9, 4, 6, 5, 3, 8, 10),
        (6, 12, 5, 8, 7, 4, 9, 10),
    )
)
"""Sizes of axes where an assignment states none, handed out in the order in which the builder asks for them."""


Bound = int | Callable[[Mapping[str, int]], int]
"""The smallest or largest size of an axis; a function is given the sizes of the axes before it."""


def drawn_sizes(**axes: tuple[Bound, Bound]) -> st.SearchStrategy[Sizes]:
    """Return the strategy over sizes of named axes, each from its smallest to its largest: `drawn_sizes(B=(1, 9), D=(1, 12))`.

    The smallest is drawn a quarter of the time more often than the others, since that is where mistakes hide; what fails shrinks
    towards it.
    """

    @st.composite
    def draw_all(draw: st.DrawFn) -> Sizes:
        sizes: dict[str, int] = {}
        for axis, bounds in axes.items():
            low, high = (bound(sizes) if callable(bound) else bound for bound in bounds)
            between = st.integers(low, max(low, high))
            sizes[axis] = draw(st.one_of(st.just(low), between, between, between))
        return Sizes(sizes)

    return draw_all()


def drawn_from(sizes: Sequence[Sizes] | st.SearchStrategy[Sizes]) -> st.SearchStrategy[Sizes]:
    """Return the strategy over a table of sizes; a strategy is one already."""
    return sizes if isinstance(sizes, st.SearchStrategy) else st.sampled_from(sizes)


_LOT: ContextVar[int] = ContextVar("lot", default=0)


def draw_lot(lot: int) -> None:
    """Say for which submission inputs are drawn from now on: the same seed gives another input with another lot.

    Hypothesis tries the simplest input first, whatever its own seed is: without a lot, that one would be known.
    """
    _LOT.set(lot)


class Draw:
    """Draws tensors from one seed, in float64, and casts them: both dtypes see the same numbers up to rounding.

    Wherever a size is asked for, it is a number or the name of an axis.

    Attributes:
        dtype: Of the floating point tensors that are drawn.
    """

    def __init__(self, dtype: torch.dtype, seed: int, sizes: Sizes | None = None) -> None:
        self.dtype = dtype
        self._generator = Generator().manual_seed((seed + _LOT.get() * 0x9E3779B97F4A7C15) % 2**63)
        self._sizes = sizes or Sizes()
        self._handed_out: dict[str, int] = {}

    def size(self, axis: int | str) -> int:
        """Return the size of an axis; a number is its own size.

        Raises:
            HarnessFault: The table of sizes does not have the axis.
        """
        if isinstance(axis, int):
            return axis
        if axis not in self._handed_out:  # also an axis whose size is said takes its turn: the others keep theirs
            self._handed_out[axis] = self._next(axis)
        return self._sizes.values.get(axis, self._handed_out[axis])

    def _next(self, axis: str) -> int:
        """Return a size that was not handed out before."""
        others, turn = self._sizes.others, len(self._handed_out)
        if turn < len(others):
            return others[turn]
        if axis in self._sizes.values:
            return self._sizes[axis]
        if others:
            return max(others) + 1 + turn - len(others)
        known = ", ".join(self._sizes.values) or "none"
        raise HarnessFault(f"the sizes have no axis {axis!r} (they have: {known}): add it to the table of sizes")

    def _shape(self, axes: Sequence[int | str]) -> tuple[int, ...]:
        return tuple(self.size(axis) for axis in axes)

    def normal(self, *axes: int | str, mean: float = 0.0, std: float = 1.0) -> Tensor:
        """Gaussian entries."""
        drawn = torch.randn(self._shape(axes), generator=self._generator, dtype=torch.float64)
        return (mean + std * drawn).to(self.dtype)

    def uniform(self, *axes: int | str, low: float, high: float) -> Tensor:
        """Uniform entries in [low, high)."""
        drawn = torch.rand(self._shape(axes), generator=self._generator, dtype=torch.float64)
        return (low + (high - low) * drawn).to(self.dtype)

    def number(self, low: float, high: float) -> float:
        """A Python number, uniform in [low, high), that float32 holds exactly: `torch.tensor(number)`, which is float32, loses nothing."""
        return float(self.uniform(1, low=low, high=high).float())

    def binary(self, *axes: int | str) -> Tensor:
        """Entries 0 or 1, as floating point numbers."""
        return (torch.rand(self._shape(axes), generator=self._generator, dtype=torch.float64) < 0.5).to(self.dtype)

    def labels(self, n: int | str, classes: int | str) -> Tensor:
        """Unsorted class labels, shape (n,)."""
        return torch.randint(self.size(classes), (self.size(n),), generator=self._generator)

    def affine(self, outputs: int | str, inputs: int | str, std: float = 0.7, bias: float = 0.4) -> dict[str, Any]:
        """An affine layer of a probe, with generic weights of shape (outputs, inputs)."""
        weight = self.normal(outputs, inputs, std=std / self.size(inputs) ** 0.5)
        return {"op": "affine", "weight": weight, "bias": self.normal(outputs, std=bias)}

    def orthogonal(self, rows: int | str, columns: int | str) -> Tensor:
        """A matrix with orthonormal columns."""
        shape = self._shape((rows, columns))
        drawn = torch.randn(shape, generator=self._generator, dtype=torch.float64)
        basis: Tensor = torch.linalg.qr(drawn)[0]
        return basis.to(self.dtype)


def constant(values: Tensor, inputs: int) -> dict[str, Any]:
    """An affine layer of a probe that returns `values` whatever comes in."""
    return {"op": "affine", "weight": torch.zeros(len(values), inputs, dtype=values.dtype), "bias": values}


class Made(dict[str, Any]):
    """The arguments of a constructor or a fit, with the calls of methods (`calls`: name -> arguments) that are asked of the object."""

    def __init__(self, arguments: Mapping[str, Any], calls: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(arguments)
        self.calls = calls


def made(arguments: Mapping[str, Any], **calls: Mapping[str, Any]) -> Made:
    """What a builder returns for an object: `made({constructor arguments}, forward={arguments of forward})`."""
    return Made(arguments, calls)


@dataclass(frozen=True, eq=False)
class Inputs:
    """How calls of one task are built.

    Attributes:
        task: Id of the task, which is also the name of what is called.
        builder: Draws the arguments; takes a `Draw`, and by keyword whatever `more` it is built with.
        sizes: What the axes may be, smallest first.
        dtypes: What the floating point arguments may be.
        scale: See `Case.scale`: a number, the axis whose size it is, or a function of the draw.
        batch: The axis that may be long, where the contract does not tell.
    """

    task: str
    builder: Callable[..., Mapping[str, Any]] = field(repr=False)
    sizes: tuple[Sizes, ...] = field(default=DEFAULT_SIZES, repr=False)
    dtypes: tuple[torch.dtype, ...] = DTYPES
    scale: float | str | Callable[[Draw], float] = field(default=1.0, repr=False)
    batch: str | None = None

    def __call__(self, draw: Draw, **more: Any) -> Mapping[str, Any]:
        """Draw the arguments of a call: another task's inputs may start from these."""
        return self.builder(draw, **more)

    def build(self, sizes: Sizes | None = None, dtype: torch.dtype | None = None, seed: int = 0, **more: Any) -> Case:
        """Return one call; `sizes` are the generic ones and `dtype` the first one where they are not said."""
        draw = Draw(dtype or self.dtypes[0], seed, sizes or self.generic_sizes)
        arguments = self.builder(draw, **more)
        self._require_dtype(arguments, draw.dtype)
        if isinstance(self.scale, str):
            scale = float(draw.size(self.scale))
        else:
            scale = self.scale(draw) if callable(self.scale) else float(self.scale)
        calls = arguments.calls if isinstance(arguments, Made) else {}
        return Case(self.task, arguments, seed=seed % 2**31, scale=scale, calls=calls)

    def _require_dtype(self, arguments: Mapping[str, Any], dtype: torch.dtype) -> None:
        """Refuse arguments of mixed dtypes: what comes back could not be held to either."""
        for name, value in arguments.items():
            if isinstance(value, Tensor) and value.is_floating_point() and value.dtype != dtype:
                raise HarnessFault(
                    f"the inputs of {self.task} were asked for in {dtype}, but `{name}` is {value.dtype}: what `draw` returns has "
                    "`draw.dtype`, and tensors of your own need `dtype=draw.dtype`"
                )

    def drawn(
        self,
        dtypes: Sequence[torch.dtype] | None = None,
        sizes: Sequence[Sizes] | st.SearchStrategy[Sizes] | None = None,
        **more: st.SearchStrategy[Any],
    ) -> st.SearchStrategy[Case]:
        """Calls over sizes (a table, or a strategy such as `drawn_sizes`), dtypes and seeds; what `more` draws is handed to the builder
        by keyword.
        """
        return st.builds(
            self.build,
            drawn_from(self.sizes if sizes is None else sizes),
            st.sampled_from(dtypes or self.dtypes),
            st.integers(0, 2**31 - 1),
            **more,
        )

    @property
    def generic_sizes(self) -> Sizes:
        """Sizes in the middle of the table: no axis is 1 where the author's table has it so."""
        return self.sizes[len(self.sizes) // 2]

    def generic(self, seed: int = 0) -> Case:
        """Return a call of middling sizes in the first dtype: what gradients are asked about."""
        return self.build(self.generic_sizes, self.dtypes[0], seed)


def inputs(
    task: str,
    *,
    sizes: Sequence[Sizes] | None = None,
    dtypes: Sequence[torch.dtype] = DTYPES,
    scale: float | str | Callable[[Draw], float] = 1.0,
    batch: str | None = None,
) -> Callable[[Callable[..., Mapping[str, Any]]], Inputs]:
    """Make a function that draws arguments the inputs of a task; see `Inputs` for what can be said.

    The function stands in the task's module of `tests/public`: there the generic checks are yielded.
    """

    def decorate(builder: Callable[..., Mapping[str, Any]]) -> Inputs:
        return Inputs(task, builder, tuple(sizes or DEFAULT_SIZES), tuple(dtypes), scale, batch)

    return decorate
