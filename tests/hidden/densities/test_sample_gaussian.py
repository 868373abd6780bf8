"""Reparameterised sample of a diagonal Gaussian: the right distribution, independence and gradients."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, cotangent_for
from autograder.checking.statistics import combine, gaussian_sample_test, noise_test, share_of
from tests.public.densities.test_sample_gaussian import sample_gaussian

ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
SHAPES = ((3, 8000, 6), (2, 40, 70), (64, 12, 2), (64, 1, 12))
"""Calls, examples and dimensions. The first has enough numbers to see a variance that is 3 % off, and a pool of noise that begins again."""
LATE = 1000
"""Calls of one shape: noise that was put by comes back."""
NARROWEST = -11.0
"""Smallest log-variance of the noise that is looked at for independence: what is added to σ, or held back from it, is large there."""


def _sampling_case(n: int, seed: int, dtype: torch.dtype = torch.float64, dimensions: int = 3) -> Case:
    """A call with the same mean and variance in every row; each dimension has its own, from e⁻³ to e²."""
    draw = Draw(torch.float64, seed)
    mean = draw.normal(dimensions, mean=2.0, std=1.0)
    levels = torch.linspace(-3.0, 1.9, dimensions, dtype=torch.float64) + draw.uniform(dimensions, low=-0.2, high=0.2)
    log_var = levels[torch.randperm(dimensions, generator=torch.Generator().manual_seed(seed))]
    arguments = {name: row.expand(n, dimensions).to(dtype) for name, row in (("mean", mean), ("log_var", log_var))}
    return Case("sample_gaussian", arguments, seed=seed)


def _narrow_case(n: int, seed: int, dtype: torch.dtype, dimensions: int) -> Case:
    """A call whose dimensions have deviations from e^(NARROWEST / 2) on, and means of a few of those: float32 resolves the noise."""
    draw = Draw(torch.float64, seed)
    levels = torch.linspace(NARROWEST, 1.9, dimensions, dtype=torch.float64) + draw.uniform(
        dimensions, low=-0.2, high=0.2
    )
    log_var = levels[torch.randperm(dimensions, generator=torch.Generator().manual_seed(seed))]
    mean = draw.normal(dimensions, mean=2.0) * torch.exp(0.5 * log_var)
    arguments = {name: row.expand(n, dimensions).to(dtype) for name, row in (("mean", mean), ("log_var", log_var))}
    return Case("sample_gaussian", arguments, seed=seed)


def _noise(case: Case, z: torch.Tensor) -> np.ndarray:
    """The standardised draws of one call or of several, shape (..., B, D)."""
    mean, log_var = (case.arguments[name].double() for name in ("mean", "log_var"))
    return ((z.double() - mean) * torch.exp(-0.5 * log_var)).numpy()


@check("sample_gaussian", "distribution")
def test_distribution(student):
    """Draws follow N(μ, σ²) with σ = exp(½ log_var): standardised, they are standard normal in every dimension."""
    for dtype in DTYPES:
        case = _sampling_case(4000, student.lot(str(dtype)), dtype)
        noise = _noise(case, student.value(case))
        student.sees(case, "the noise", noise, interchangeable=True)
        verdict = combine(*(gaussian_sample_test(noise[:, m], false_fail=share_of(6)) for m in range(3)))
        help_text = "The standard deviation is exp(log_var / 2): neither exp(log_var) nor log_var itself."
        student.judge(verdict, case, "the draws do not follow N(mean, exp(log_var))", help=help_text)


@check("sample_gaussian", "independence", after=["distribution"])
def test_independence(student):
    """Noise is fresh for every example, every dimension and every call."""
    first = _sampling_case(4000, student.lot("names"))
    noise = _noise(first, student.value(first))
    student.sees(first, "the noise", noise, interchangeable=True)
    second = _noise(first, student.value(replace(first, seed=first.seed + 77)))
    student.sees(first, "the noise of two calls", np.stack([noise[:, 0], second[:, 0]], axis=1), interchangeable=True)
    apart = np.round(noise[:, 0] - noise[:, 1], 6)  # nothing where all dimensions share their noise
    student.sees(first, "what sets two dimensions apart", apart, interchangeable=True)
    for turn, (calls, rows, dimensions) in enumerate(SHAPES):
        # the largest is asked in float64, where numbers that are equal stand out among so many
        dtype = DTYPES[(turn + student.lot("dtype")) % 2] if turn else torch.float64
        case = _narrow_case(rows, student.lot(f"noise {turn}"), dtype, dimensions)
        # rows are equal: they are expanded from one
        manner = {"scattered": turn % 2 == 1, "own_generator": turn != 3, "evaluate": turn % 2 == 0}
        drawn = [student.value(replace(case, seed=case.seed + call), **manner) for call in range(calls)]
        found = _noise(case, torch.stack(drawn))
        verdict = noise_test(found, independent=True, rounding=ROUNDING[dtype], false_fail=share_of(len(SHAPES) + 4))
        student.judge(verdict, case, "examples, dimensions or calls share their noise")
    case = _narrow_case(1, student.lot("late"), torch.float64, 2)
    for n, what, manner in (
        (LATE, "calls", {}),
        (LATE // 4, "calls with one generator", {"one_generator": True}),
        (LATE // 4, "calls without a generator", {"own_generator": False}),
        (LATE // 4, "calls without a generator and without gradients", {"own_generator": False, "evaluate": True}),
    ):
        late = _noise(case, student.many(case, n, **manner).reshape(n, 1, 2))
        verdict = noise_test(late, independent=True, false_fail=share_of(len(SHAPES) + 4))
        student.judge(verdict, case, f"{n} {what} share their noise")


@check("sample_gaussian", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 2**31 - 1), dtype=st.sampled_from(DTYPES))
def test_gradient(student, seed, dtype):
    """The draw is reparameterised, z = μ + σ ⊙ ε: ∂z/∂μ = 1 and ∂z/∂log_var = ½ (z − μ)."""
    case = sample_gaussian.build(None, dtype, seed)
    weights = cotangent_for(case.arguments["mean"], seed)
    answer = student.ask(case, gradients=["mean", "log_var"], cotangent=weights)
    z = student.settled(case, answer)
    student.require_gradients(case, answer.gradients)
    help_text = "Sample ε outside of the graph and compute z from mean and log_var inside of it (in torch.distributions: rsample)."
    expected = {"mean": weights, "log_var": 0.5 * weights * (z - case.arguments["mean"])}
    for name, wanted in expected.items():
        gradient = answer.gradients.get(name)
        gradient = torch.zeros_like(wanted) if gradient is None else gradient
        flows = bool(gradient.any()) or not bool(wanted.any())  # torch.normal has a gradient, of zeros
        student.require(flows, case, f"no gradient flows from the sample to `{name}`", help=help_text)
        student.close(case, gradient, wanted, what=f"the gradient with respect to `{name}`", help=help_text)
