"""Binary pixels drawn from logits: the right probabilities, independence and logits of any size."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from autograder.authoring import DTYPES, Case, Draw, check
from autograder.checking.statistics import binary_sample_test, noise_test, share_of

ROWS = 5000
SHAPES = ((3, 8000, 6), (2, 40, 70), (64, 12, 64), (64, 1, 12))
"""Calls, images and pixels. The first has enough of them to see noise that begins again after a while."""
LATE, WIDTH = 1000, 64
"""Calls of one shape: noise that was put by comes back. Two rows of so many pixels are next to never the same."""
SURE, ALLOWED = 50_000, 2
"""So many pixels of one sure logit, and how many of them may be wrong: `rand` in float32 is 0 once in 16 million times."""


def _case(rows: int, seed: int, dtype: torch.dtype, pixels: int, size: float) -> Case:
    """A call with the same logits in every row, from −size to size."""
    draw = Draw(torch.float64, seed)
    levels = torch.linspace(-size, size, pixels, dtype=torch.float64) + draw.uniform(pixels, low=-0.2, high=0.2)
    logits = levels[torch.randperm(pixels, generator=torch.Generator().manual_seed(seed))]
    return Case("sample_bernoulli", {"logits": logits.expand(rows, pixels).to(dtype)}, seed=seed)


def _pixels(x: torch.Tensor) -> np.ndarray:
    """Exact zeros and ones where an answer has them up to rounding, as that of a straight-through estimator."""
    whole = (x > 0.5).to(x.dtype)
    return torch.where((x - whole).abs() < 1e-6, whole, x).double().numpy()


def _noise(case: Case, x: torch.Tensor, seed: int) -> np.ndarray:
    """Randomised quantile residuals (Dunn and Smyth 1996) of draws of shape (calls, images, pixels).

    A pixel says whether the noise behind it was under λ or over it. With noise of our own, uniform in that part, it becomes a number
    that is N(0, 1) for right draws; what several pixels share is left in it.
    """
    probs = special.expit(case.arguments["logits"].double().numpy())
    own = np.random.default_rng(seed).uniform(1e-12, 1.0, size=tuple(x.shape))
    return special.ndtri(np.where(x.numpy() > 0.5, own * probs, probs + own * (1.0 - probs)))


@check("sample_bernoulli", "distribution")
def test_distribution(student):
    """Pixels are 0 or 1, and 1 as often as λ = sigmoid(logit) says, whatever the logit."""
    for turn, dtype in enumerate((*DTYPES, torch.float64)):
        case = _case(ROWS, student.lot(f"levels {turn}"), dtype, 6, (1.0, 3.0, 5.0)[turn])
        x = student.value(case)
        student.sees(case, "the pixels", x, interchangeable=True)
        probs = special.expit(case.arguments["logits"][0].double().numpy())
        verdict = binary_sample_test(_pixels(x), probs, false_fail=share_of(3))
        help_text = "1 with probability sigmoid(logit), the sigmoid taken once; the draw itself is asked for, not λ."
        student.judge(verdict, case, "the pixels are not 1 with probability sigmoid(logits)", help=help_text)


@check("sample_bernoulli", "independence", after=["distribution"])
def test_independence(student):
    """Every image, every pixel and every call is drawn afresh."""
    first = _case(ROWS, student.lot("names"), torch.float64, 3, 1.0)
    x = student.value(first)
    student.sees(first, "the pixels", x, interchangeable=True)
    second = student.value(replace(first, seed=first.seed + 77))
    student.sees(first, "a pixel in two calls", torch.stack([x[:, 0], second[:, 0]], 1), interchangeable=True)
    help_text = "The noise has the shape of `logits`, and no seed is set inside."
    parts = len(SHAPES) + 3
    for turn, (calls, rows, pixels) in enumerate(SHAPES):
        case = _case(rows, student.lot(f"noise {turn}"), DTYPES[turn % 2], pixels, 1.0)
        # rows are equal: they are expanded from one
        manner = {"scattered": turn % 2 == 1, "own_generator": turn != 3, "evaluate": turn % 2 == 0}
        drawn = [student.value(replace(case, seed=case.seed + call), **manner) for call in range(calls)]
        noise = _noise(case, torch.stack(drawn), student.lot(f"own {turn}"))
        verdict = noise_test(noise, independent=True, false_fail=share_of(parts))
        student.judge(verdict, case, "images, pixels or calls share their noise", help=help_text)
    case = _case(1, student.lot("late"), torch.float64, WIDTH, 1.0)
    for n, what, manner in (
        (LATE, "calls", {}),
        (LATE // 4, "calls with one generator", {"one_generator": True}),
        (LATE // 4, "calls without a generator", {"own_generator": False}),
    ):
        late = student.many(case, n, **manner).reshape(
            1, n, WIDTH
        )  # calls stand where examples do: they are compared at all distances
        verdict = noise_test(_noise(case, late, student.lot(what)), independent=True, false_fail=share_of(parts))
        student.judge(verdict, case, f"{n} {what} share their noise", help=help_text)
        signs = late[0] > 0.5
        different = len(torch.unique(signs ^ signs[:, :1], dim=0))
        student.require(different == n, case, f"of {n} {what} only {different} differ", help=help_text)


@check("sample_bernoulli", "extreme")
@settings(max_examples=6)
@given(dtype=st.sampled_from(DTYPES), size=st.sampled_from([40.0, 100.0, 800.0, 1e4]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, dtype, size, seed):
    """Where logits are as large as ±10,000 nothing is left to chance: pixels are 1 for large ones and 0 for small ones."""
    levels = torch.tensor([size, -size], dtype=dtype) * Draw(dtype, seed).uniform(2, low=0.8, high=1.0)
    case = Case("sample_bernoulli", {"logits": levels.expand(SURE, 2).clone()}, seed=seed)
    x = student.value(case)
    student.sees(case, "the pixels", x, interchangeable=True)
    wrong = int((x - (levels > 0).to(x.dtype)).abs().gt(1e-6).sum())
    help_text = "torch.sigmoid does not overflow, exp(ℓ) / (1 + exp(ℓ)) does; clamp neither logits nor probabilities."
    message = (
        f"{wrong:,} of {2 * SURE:,} pixels with logits of about ±{size:g} are not what such a logit leaves no doubt of"
    )
    student.require(wrong <= ALLOWED, case, message, help=help_text)
