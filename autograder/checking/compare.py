"""The one tolerance policy of the project. No check states a tolerance of its own.

An answer `a` agrees with the exact value `e` where |a − e| ≤ tolerance(dtype) · max(1, scale, |e|). The expected value is computed in
float64 from the very inputs that the student got, so only the student's own rounding counts.

* float64: 3e-7. Rounding alone would allow 1e-12; the rest is room for float32 inside otherwise float64 work: a constant such as
  log 2π (relative error up to 6e-8), or a number that became a tensor (`torch.as_tensor(sigma)`), whose logarithm and square are
  float32 then, too (measured: 1.9e-7 of the result).
* float32: 3e-4. Sums of up to a thousand terms, and a Cholesky factor with condition number 1e3, stay below 1e-4 in every
  variant that we have (measured in tests/harness/checking/test_compare.py).
* float16, bfloat16: 3e-2, for completeness; no check asks in these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

TOLERANCE = {
    torch.float64: 3e-7,
    torch.float32: 3e-4,
    torch.float16: 3e-2,
    torch.bfloat16: 3e-2,
}


@dataclass(frozen=True)
class Comparison:
    """How an answer compares with the expected value.

    Attributes:
        agrees: Whether every entry is within tolerance.
        worst: Largest |answer − expected|; inf where one is not a number and the other is.
        index: Where that is.
        allowed: What was allowed there.
        pattern: A relation between answer and expected value that holds on all entries, in words, or "".
        first: Where the first entry is that is not within tolerance.
        share: Largest difference as a share of what was allowed there: how much of the tolerance was used.
    """

    agrees: bool
    worst: float
    index: tuple[int, ...]
    allowed: float
    pattern: str
    share: float = 0.0
    first: tuple[int, ...] = ()

    def place(self) -> str:
        """Return where the first difference is, in words; "" for a single number."""
        return f"index {self.first[0] if len(self.first) == 1 else self.first}" if self.first else ""

    def difference(self) -> str:
        """Return one line for a report."""
        place = f" at index {self.index if len(self.index) != 1 else self.index[0]}" if self.index else ""
        text = f"largest difference {self.worst:.6g}{place}, allowed {self.allowed:.1g}"
        return f"{text}; {self.pattern}" if self.pattern else text


def tolerance(dtype: torch.dtype) -> float:
    """Return the relative tolerance for answers of `dtype` (exact for integers and booleans)."""
    return TOLERANCE.get(dtype, 0.0)


def compare(answer: Tensor, expected: Tensor, dtype: torch.dtype | None = None, scale: float = 1.0) -> Comparison:
    """Compare two tensors of the same shape; `dtype` is the precision that the student worked in (the answer's by default)."""
    got, want = answer.detach().to("cpu", torch.float64), expected.detach().to("cpu", torch.float64)
    relative = tolerance(dtype or answer.dtype)
    allowed = relative * want.abs().nan_to_num(posinf=0.0).clamp(min=max(1.0, scale))
    same = (got == want) | (got.isnan() & want.isnan())
    off = torch.where(same, torch.zeros(()).double(), (got - want).abs().nan_to_num(nan=math.inf, posinf=math.inf))
    excess = off - allowed
    share = float((off / allowed.clamp(min=1e-300)).max()) if off.numel() else 0.0
    if off.numel() == 0 or bool((excess <= 0).all()):
        return Comparison(True, float(off.max()) if off.numel() else 0.0, (), relative, "", share)
    flat = int(excess.argmax())
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), off.shape)) if off.dim() else ()
    worst, limit = float(off.flatten()[flat]), float(allowed.flatten()[flat])
    first = tuple(int(i) for i in (excess > 0).nonzero()[0]) if off.dim() else ()
    return Comparison(False, worst, index, limit, find_pattern(got, want), share, first)


_FACTORS = {2.0: "twice", 0.5: "half", -2.0: "minus twice", -0.5: "minus half"}


def relation(got: Tensor, want: Tensor) -> tuple[str, float] | None:
    """Return ("factor", f) or ("offset", o) where one of them explains every entry; None otherwise.

    Needs two entries that differ, since any one number is a multiple of any other.
    """
    finite = got.isfinite() & want.isfinite()
    used = want.abs() > 1e-6 * want.abs().max().clamp(min=1e-300)
    if not bool(finite.all()) or int(used.sum()) < 2 or float((want - want.flatten()[0]).abs().max()) < 1e-9:
        return None
    ratios = (got / want)[used]
    factor = float(ratios.mean())
    rest = got[~used].abs()  # a multiple of nothing is nothing: zeros and ones are no constant times the right ones
    nothing = not rest.numel() or float(rest.max()) <= 1e-4 * float(got.abs().max())
    constant = nothing and float(ratios.max() - ratios.min()) <= 1e-4 * float(ratios.abs().max())
    if constant and abs(factor - 1) > 1e-3:  # nearer to 1, and a difference is lost beside large values
        return "factor", factor
    gaps = got - want
    if float(gaps.max() - gaps.min()) <= 1e-4 * float(gaps.abs().max()):
        return "offset", float(gaps.mean())
    return None


def find_pattern(got: Tensor, want: Tensor) -> str:
    """Name a constant factor or offset between two tensors, if one explains every entry; "" otherwise."""
    if not bool(got.isfinite().all()):
        return "some entries are not finite"
    found = relation(got, want)
    if found is None:
        return ""
    kind, number = found
    if kind == "offset":
        return f"your values are all off by the same {number:+.6g}"
    if number == 0:
        return "your values are all 0"
    if math.isclose(number, -1.0, rel_tol=1e-3):
        return "your values are minus the expected ones (the sign is flipped)"
    near = next((word for factor, word in _FACTORS.items() if math.isclose(number, factor, rel_tol=1e-3)), None)
    return f"your values are {near or f'{number:.4g} times'} the expected ones"
