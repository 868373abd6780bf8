"""Values that can cross, drawn by Hypothesis, and when two of them are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from autograder.sandbox.inside.values import NUMPY_DTYPES, TORCH_DTYPES, Handle, Opaque, Probe, Seed

SHAPES = st.lists(st.integers(0, 4), max_size=4)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Dense tensors of every dtype, some of them 0-d, empty, or views with strides of their own."""
    kind = TORCH_DTYPES[draw(st.sampled_from(sorted(TORCH_DTYPES)))]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10)))
    values = torch.randn(draw(SHAPES), generator=generator, dtype=torch.float64) * 50
    values = values.to(kind) if kind is not torch.bool else values > 0
    return values.transpose(0, -1) if values.dim() > 1 and draw(st.booleans()) else values


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Dense arrays of every dtype, in either byte order."""
    kind = np.dtype(draw(st.sampled_from(sorted(NUMPY_DTYPES))))
    values = np.random.default_rng(draw(st.integers(0, 10))).uniform(0, 2, draw(SHAPES)).astype(kind)
    return values.astype(kind.newbyteorder(">")) if draw(st.booleans()) else values


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(max_size=50),
    st.builds(Handle, st.integers(0, 2**40), st.text("abc")),
    st.builds(Seed, st.integers(0, 2**62)),
    st.builds(Opaque, st.text("abc"), st.text("abc")),
)
VALUES = st.recursive(
    SCALARS | tensors() | arrays(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
        st.dictionaries(st.text("abc", max_size=2), inner, max_size=3).map(Probe),
        st.dictionaries(st.integers(-(2**63), 2**64 - 1), inner, max_size=3),
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Whether two values have the same types all the way down and are equal bit for bit (in the native byte order)."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.nan_to_num(9.5), b.nan_to_num(9.5))
    if isinstance(a, np.ndarray):
        return a.dtype.name == b.dtype.name and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, Probe):
        return same(a.spec, b.spec)
    return a == b or (a != a and b != b)
