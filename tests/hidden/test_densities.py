"""Densities and sampling: agreement with the reference, gradients, numerical care, and the right distribution."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import Case, check
from autograder.checking.statistics import (
    combine,
    gaussian_sample_test,
    independence_test,
    share_of,
)
from autograder.checking.student import cotangent_for
from tests.hidden.gradients import require_gradients
from tests.public import cases

EVERY_DTYPE = st.sampled_from(cases.DTYPES)


@check("gaussian_log_density", "value")
@given(case=cases.drawn("gaussian_log_density"))
def test_gaussian_value(student, oracle, case):
    """log N(x; μ, diag σ²) is −½ Σ (log 2π + log σ² + (x − μ)²/σ²), summed over the D dimensions, for any shapes and
    scales.
    """
    student.agrees(
        case, oracle.value(case), help="Check the ½, the log 2π, and that log_var is the log of the *variance*."
    )


@check("gaussian_log_density", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_gaussian_gradient(student, oracle, seed):
    """The log-density can be differentiated with respect to x, mean and log_var, and the gradients are right."""
    case = cases.build("gaussian_log_density", cases.SIZES[4], torch.float64, seed)
    require_gradients(student, oracle, case, ["x", "mean", "log_var"])


@check("gaussian_log_density", "extreme")
@given(dtype=EVERY_DTYPE, level=st.sampled_from([-60.0, -8.0, 8.0, 60.0]))
def test_gaussian_extreme(student, oracle, dtype, level):
    """The log-density stays exact for 200 dimensions and for variances as small as e⁻⁶⁰ or as large as e⁶⁰."""
    draw = cases.Draw(dtype, 3)
    mean = torch.zeros(2, 200, dtype=dtype)  # x − μ is then exact in every order of operations
    log_var = torch.full((2, 200), level, dtype=dtype)
    x = draw.normal(2, 200) * (0.5 * log_var).exp()
    case = Case("gaussian_log_density", {"x": x, "mean": mean, "log_var": log_var}, scale=200 * abs(level))
    student.agrees(
        case, oracle.value(case), help="Stay in the log domain: no product of densities, no log of an exponential."
    )


@check("bernoulli_log_density", "value")
@given(case=cases.drawn("bernoulli_log_density"))
def test_bernoulli_value(student, oracle, case):
    """log Ber(x; sigmoid(logits)) per pixel: log sigmoid(ℓ) where x = 1 and log(1 − sigmoid(ℓ)) where x = 0."""
    student.agrees(case, oracle.value(case), help="Logits go in, not probabilities, and the sigmoid is applied once.")


@check("bernoulli_log_density", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_bernoulli_gradient(student, oracle, seed):
    """The gradient with respect to the logits is x − sigmoid(logits)."""
    case = cases.build("bernoulli_log_density", cases.SIZES[4], torch.float64, seed)
    require_gradients(student, oracle, case, ["logits"])


@check("bernoulli_log_density", "extreme")
@given(dtype=EVERY_DTYPE, size=st.sampled_from([40.0, 100.0, 800.0, 1e4]))
def test_bernoulli_extreme(student, oracle, dtype, size):
    """The log-probability stays finite and exact for logits as large as ±10,000."""
    logits = torch.tensor([[size, -size, size, -size]], dtype=dtype)
    x = torch.tensor([[1.0, 0.0, 0.0, 1.0]], dtype=dtype)
    case = Case("bernoulli_log_density", {"x": x, "logits": logits})
    help_text = (
        "The logarithm of a sigmoid that has rounded to 0 or 1 is lost: use logsigmoid, softplus or *_with_logits."
    )
    student.agrees(case, oracle.value(case), help=help_text)


# ------------------------------------------------------------------------------------------------ sample_gaussian


def _sampling_case(n: int, seed: int = 5) -> Case:
    draw = cases.Draw(torch.float64, seed)
    mean = draw.normal(3, mean=2.0, std=3.0).expand(n, 3).clone()
    log_var = torch.tensor([-3.0, 0.6, 1.9], dtype=torch.float64).expand(n, 3).clone()
    return Case("sample_gaussian", {"mean": mean, "log_var": log_var}, seed=seed)


def _noise(case: Case, z: torch.Tensor) -> torch.Tensor:
    return (z - case.arguments["mean"]) * torch.exp(-0.5 * case.arguments["log_var"])


@check("sample_gaussian", "distribution")
def test_sample_distribution(student):
    """Draws follow N(μ, σ²) with σ = exp(½ log_var): standardised, they are standard normal in every dimension."""
    case = _sampling_case(4000)
    noise = _noise(case, student.value(case)).numpy()
    student.sees(case, "the noise", noise, interchangeable=True)
    verdict = combine(*(gaussian_sample_test(noise[:, m], false_fail=share_of(3)) for m in range(3)))
    help_text = "The standard deviation is exp(log_var / 2): neither exp(log_var) nor log_var itself."
    student.judge(verdict, case, "the draws do not follow N(mean, exp(log_var))", help=help_text)


@check("sample_gaussian", "independence", after=["distribution"])
def test_sample_independence(student):
    """Noise is fresh for every example, every dimension and every call."""
    case = _sampling_case(4000, seed=6)
    first = _noise(case, student.value(case)).numpy()
    second = _noise(case, student.value(replace(case, seed=77))).numpy()
    student.sees(case, "the noise", first, interchangeable=True)
    student.sees(case, "the noise of two calls", np.stack([first[:, 0], second[:, 0]], axis=1), interchangeable=True)
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
def test_sample_gradient(student, seed):
    """The draw is reparameterised, z = μ + σ ⊙ ε: ∂z/∂μ = 1 and ∂z/∂log_var = ½ (z − μ)."""
    case = cases.build("sample_gaussian", cases.SIZES[4], torch.float64, seed)
    weights = cotangent_for(case.arguments["mean"])
    answer = student.ask(case, gradients=["mean", "log_var"], cotangent=weights)
    help_text = "Sample ε outside of the graph and compute z from mean and log_var inside of it (in torch.distributions: rsample)."
    expected = {"mean": weights, "log_var": 0.5 * weights * (answer.value - case.arguments["mean"])}
    for name, wanted in expected.items():
        gradient = answer.gradients.get(name)
        gradient = torch.zeros_like(wanted) if gradient is None else gradient
        flows = bool(gradient.any()) or not bool(wanted.any())  # torch.normal has a gradient, of zeros
        student.require(flows, case, f"no gradient flows from the sample to `{name}`", help=help_text)
        student.close(case, gradient, wanted, what=f"the gradient with respect to `{name}`", help=help_text)
