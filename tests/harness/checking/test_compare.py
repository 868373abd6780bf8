"""The tolerance policy: rounding passes, mistakes do not, and a simple relation to the right answer is named."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from autograder.checking.compare import compare, find_pattern, tolerance

F64 = torch.float64
WANT = torch.tensor([1.0, -2.5, 3.0, 40.0], dtype=F64)


def test_float32_constant_in_float64_work_passes() -> None:
    """A constant such as log 2π that was rounded to float32 does not fail float64 work."""
    x = torch.linspace(-3, 3, 20, dtype=F64)
    right = -0.5 * (x**2 + math.log(2 * math.pi))
    theirs = -0.5 * (x**2 + torch.tensor(math.log(2 * math.pi), dtype=torch.float32))

    assert not theirs.equal(right)
    assert compare(theirs, right).agrees


@pytest.mark.parametrize("size", [1e-5, 1e-6])
def test_small_relative_error_fails_in_float64(size: float) -> None:
    """A relative error of 1e-5 is a mistake in float64 and rounding in float32."""
    assert not compare(WANT * (1 + size), WANT).agrees
    assert compare((WANT * (1 + size)).float(), WANT).agrees


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_rounding_passes(dtype: torch.dtype) -> None:
    """Sums of a thousand terms in the student's precision agree with the exact value."""
    x = torch.randn(50, 1000, dtype=F64, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert compare((x**2).sum(-1), (x.double() ** 2).sum(-1)).agrees
    assert compare(x.logsumexp(-1), x.double().logsumexp(-1)).agrees


def test_precision_is_that_of_the_inputs() -> None:
    """Casting a float32 result to float64 does not make the comparison stricter, nor the other way round."""
    off = (WANT * (1 + 1e-5)).float()
    assert compare(off.double(), WANT, torch.float32).agrees
    assert not compare(off, WANT, F64).agrees


def test_scale_widens() -> None:
    """A result that is a small difference of large terms is judged by the size of those terms."""
    assert not compare(WANT + 1e-5, WANT).agrees
    assert compare(WANT + 1e-5, WANT, scale=1e3).agrees


def test_integers_are_exact() -> None:
    """Whole numbers and booleans agree only when they are equal."""
    assert tolerance(torch.int64) == 0.0
    assert compare(torch.tensor([1, 2]), torch.tensor([1, 2])).agrees
    assert not compare(torch.tensor([1, 3]), torch.tensor([1, 2])).agrees
    assert not compare(torch.tensor([True]), torch.tensor([False])).agrees


SPECIAL = {
    "nan is nan": (math.nan, math.nan, True),
    "inf is inf": (math.inf, math.inf, True),
    "-inf is -inf": (-math.inf, -math.inf, True),
    "inf is not -inf": (math.inf, -math.inf, False),
    "nan is no number": (math.nan, 1.0, False),
    "a number is not nan": (1.0, math.nan, False),
    "inf is no number": (math.inf, 1e300, False),
    "a number is not inf": (1e300, math.inf, False),
    "a number is not -inf": (-1e300, -math.inf, False),
}


@pytest.mark.parametrize(("got", "want", "agrees"), SPECIAL.values(), ids=SPECIAL)
def test_special_values(got: float, want: float, agrees: bool) -> None:
    """NaN and infinities agree with themselves only, and the difference is then infinite."""
    result = compare(torch.tensor([0.0, got], dtype=F64), torch.tensor([0.0, want], dtype=F64))

    assert agrees == result.agrees
    assert (0.0 if agrees else math.inf) == result.worst
    assert result.index == () if agrees else result.index == (1,)


def test_empty_and_scalar() -> None:
    """Empty tensors agree; 0-d tensors are compared like any other."""
    assert compare(torch.zeros(0, 3), torch.zeros(0, 3)).agrees
    assert compare(torch.tensor(1.0), torch.tensor(1.0)).agrees
    wrong = compare(torch.tensor(1.5), torch.tensor(1.0))
    assert (wrong.agrees, wrong.index, wrong.worst) == (False, (), 0.5)


def test_worst_entry_is_named() -> None:
    """The report names the largest difference, where it is, and what was allowed."""
    got = torch.zeros(2, 3, dtype=F64)
    got[1, 2] = 0.25
    got[0, 1] = 0.1
    result = compare(got, torch.zeros(2, 3, dtype=F64))

    assert (result.worst, result.index) == (0.25, (1, 2))
    assert result.difference() == "largest difference 0.25 at index (1, 2), allowed 3e-07"
    assert "at index 2," in compare(WANT + torch.tensor([0, 0, 1, 0]), WANT).difference()


PATTERNS: dict[str, tuple[Tensor, str]] = {
    "twice": (2 * WANT, "your values are twice the expected ones"),
    "half": (WANT / 2, "your values are half the expected ones"),
    "sign": (-WANT, "your values are minus the expected ones (the sign is flipped)"),
    "minus twice": (-2 * WANT, "your values are minus twice the expected ones"),
    "a factor": (WANT / math.log(2), "your values are 1.443 times the expected ones"),
    "offset": (WANT + 0.5, "your values are all off by the same +0.5"),
    "negative offset": (WANT - 2, "your values are all off by the same -2"),
    "not a number": (torch.full((4,), math.nan, dtype=F64), "some entries are not finite"),
    "nothing simple": (WANT**2, ""),
}


@pytest.mark.parametrize(("got", "words"), PATTERNS.values(), ids=PATTERNS)
def test_patterns(got: Tensor, words: str) -> None:
    """A constant factor or offset that explains every entry is named; nothing is guessed."""
    assert words == find_pattern(got, WANT)
    assert words == compare(got, WANT).pattern


NO_PATTERN = {
    "one number": torch.tensor([3.0], dtype=F64),
    "equal numbers": torch.tensor([3.0, 3.0], dtype=F64),
    "zeros": torch.zeros(3, dtype=F64),
    "infinite": torch.tensor([math.inf, 1.0], dtype=F64),
}


@pytest.mark.parametrize("want", NO_PATTERN.values(), ids=NO_PATTERN)
def test_no_pattern_without_evidence(want: Tensor) -> None:
    """Any one number is a multiple of any other: nothing is said about it."""
    assert find_pattern(torch.full_like(want, 6.0), want) == ""


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8),
    dtype=st.sampled_from([torch.float32, F64]),
)
def test_comparison_is_sound(values: list[float], dtype: torch.dtype) -> None:
    """Every value agrees with itself after rounding, and none with itself moved by ten tolerances."""
    want = torch.tensor(values, dtype=F64)
    moved = want + 10 * tolerance(dtype) * want.abs().clamp(min=1)

    assert compare(want.to(dtype), want).agrees
    assert not compare(moved, want, dtype).agrees


def test_a_constant_is_no_multiple_of_zeros_and_ones() -> None:
    """Entries that should be 0 count as well: only a multiple of nothing is nothing."""
    want = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0], dtype=torch.float64)

    assert find_pattern(torch.full_like(want, -0.3), want) == ""
    assert find_pattern(255 * want, want) == "your values are 255 times the expected ones"
