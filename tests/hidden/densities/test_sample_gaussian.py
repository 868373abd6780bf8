"""Reparameterised sample of a diagonal Gaussian: the right distribution, independence and gradients."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import Case, Draw, check, cotangent_for
from autograder.checking.statistics import combine, gaussian_sample_test, independence_test, share_of
from tests.public.densities.test_sample_gaussian import sample_gaussian


def _sampling_case(n: int, seed: int = 5) -> Case:
    draw = Draw(torch.float64, seed)
    mean = draw.normal(3, mean=2.0, std=3.0).expand(n, 3).clone()
    log_var = torch.tensor([-3.0, 0.6, 1.9], dtype=torch.float64).expand(n, 3).clone()
    return Case("sample_gaussian", {"mean": mean, "log_var": log_var}, seed=seed)


def _noise(case: Case, z: torch.Tensor) -> torch.Tensor:
    return (z - case.arguments["mean"]) * torch.exp(-0.5 * case.arguments["log_var"])


@check("sample_gaussian", "distribution")
def test_distribution(student):
    """Draws follow N(μ, σ²) with σ = exp(½ log_var): standardised, they are standard normal in every dimension."""
    case = _sampling_case(4000)
    noise = _noise(case, student.value(case)).numpy()
    student.sees(case, "the noise", noise, interchangeable=True)
    verdict = combine(*(gaussian_sample_test(noise[:, m], false_fail=share_of(3)) for m in range(3)))
    help_text = "The standard deviation is exp(log_var / 2): neither exp(log_var) nor log_var itself."
    student.judge(verdict, case, "the draws do not follow N(mean, exp(log_var))", help=help_text)


@check("sample_gaussian", "independence", after=["distribution"])
def test_independence(student):
    """Noise is fresh for every example, every dimension and every call."""
    case = _sampling_case(4000, seed=6)
    first = _noise(case, student.value(case)).numpy()
    second = _noise(case, student.value(replace(case, seed=77))).numpy()
    student.sees(case, "the noise", first, interchangeable=True)
    student.sees(case, "the noise of two calls", np.stack([first[:, 0], second[:, 0]], axis=1), interchangeable=True)
    apart = np.round(first[:, 0] - first[:, 1], 6)  # nothing where all dimensions share their noise
    student.sees(case, "what sets two dimensions apart", apart, interchangeable=True)
    pairs = [
        ("examples share their noise", first[:-1, 0], first[1:, 0]),
        ("examples share their noise", first[:2000, 0], first[2000:, 0]),
        ("dimensions share their noise", first[:, 0], first[:, 1]),
        ("dimensions share their noise", first[:, 1], first[:, 2]),
        ("dimensions share their noise", first[:, 2], first[:, 0]),
        ("calls share their noise", first[:, 0], second[:, 0]),
    ]
    for message, a, b in pairs:
        student.judge(independence_test(a, b, false_fail=share_of(len(pairs))), case, message)


@check("sample_gaussian", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_gradient(student, seed):
    """The draw is reparameterised, z = μ + σ ⊙ ε: ∂z/∂μ = 1 and ∂z/∂log_var = ½ (z − μ)."""
    case = sample_gaussian.generic(seed)
    weights = cotangent_for(case.arguments["mean"])
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
