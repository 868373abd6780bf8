"""A right answer is undecided less than once in a million times: the noise of every valid form is known, and the draws suffice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.authoring.cases import Case
from autograder.checking.statistics import FALSE_FAIL, smallest_tolerance
from autograder.sandbox.inside import probes

ROOT = Path(__file__).resolve().parents[3]
UNDECIDED = 1e-6
LOTS = range(0, 16_000_000, 1_000_003)
TASKS = ("elbo", "gaussian_elbo")


@pytest.fixture(scope="module")
def bound():
    """The calls that the bound is asked with."""
    return Assignment(ROOT).code.module("tests.hidden.vae.bound")


def log_likelihood(case: Case, decoded: torch.Tensor) -> torch.Tensor:
    """log p(x | z), up to a constant: Bernoulli, or Gaussian where the call has `log_var_x`."""
    x = case.arguments["x"].double()
    if "log_var_x" not in case.arguments:
        return (x * decoded - torch.nn.functional.softplus(decoded)).sum(-1)
    precision = torch.exp(-torch.as_tensor(case.arguments["log_var_x"], dtype=torch.float64))
    return -0.5 * ((x - decoded) ** 2 * precision).sum(-1)


def terms(case: Case, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Single terms of the bound in its noisiest valid form, log p(x, z) with the analytic entropy, and in the one with log q, (4, B)."""
    x = case.arguments["x"].double()
    mean, log_var = (part.detach() for part in probes.build(case.arguments["encoder"].spec)(x))
    epsilon = torch.randn(4, *mean.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    z = mean + torch.exp(0.5 * log_var) * epsilon
    joint = log_likelihood(case, probes.build(case.arguments["decoder"].spec)(z).detach()) - 0.5 * (z**2).sum(-1)
    return joint, joint + 0.5 * (epsilon**2).sum(-1)


def scatter(case: Case, seed: int) -> float:
    """The standard deviation of one call's result in the noisiest valid form: of a mean over examples and samples."""
    each = [float(part.var(0).mean()) for part in terms(case, seed)]
    return (max(each) / (case.arguments["x"].shape[0] * case.arguments["n_samples"])) ** 0.5


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice_for_values(bound, lot, task):
    """Whatever a submission's lot is, with a fifth of room for the error of the standard deviation measured here."""
    for case, tolerance in (
        (bound.with_noise(task, torch.float64, lot), bound.UNBIASED_WITHIN),
        (bound.with_kl_only(task, torch.float64, lot), bound.DIVERGENCE_WITHIN),
    ):
        sd = 1.2 * scatter(case, lot)
        needed = smallest_tolerance(
            sd,
            n=bound.STAGES[-1],
            looks=len(bound.STAGES),
            false_fail=FALSE_FAIL / 4,
            max_skewness=bound.SKEWNESS,
            power=1 - UNDECIDED,
        )
        assert needed < tolerance
        assert sd / bound.STAGES[-1] ** 0.5 / tolerance < bound.NOISE


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice_for_gradients(bound, lot, task):
    """Of the exact gradient's coordinates each is far from 0, and what one call's gradient scatters is far less."""
    case = bound.with_gradient(task, torch.float64, lot)
    exact = np.abs(bound.exact_gradient(case))
    x = case.arguments["x"]
    mean, log_var = (part.detach() for part in probes.build(case.arguments["encoder"].spec)(x))
    calls = []
    for seed in range(60):
        shifts = [torch.zeros(2, dtype=torch.float64, requires_grad=True) for _ in range(2)]
        epsilon = torch.randn(3, *mean.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        z = mean + shifts[0] + torch.exp(0.5 * (log_var + shifts[1])) * epsilon
        network = probes.build(case.arguments["decoder"].spec)
        value = log_likelihood(case, network(z)) - 0.5 * (z**2).sum(-1)
        bias = next(parameter for name, parameter in network.named_parameters() if name.endswith("bias"))
        entropy = 0.5 * (log_var + shifts[1]).sum(-1)
        calls.append(torch.cat(torch.autograd.grad((value + entropy).mean(), [*shifts, bias])).numpy())
    sd = 1.3 * np.std(calls, axis=0)
    assert sd.shape == exact.shape
    assert float(exact.min()) > 0.1
    for one, tolerance in zip(sd, bound.GRADIENT_WITHIN * exact, strict=True):
        needed = smallest_tolerance(
            float(one),
            n=bound.STAGES[-1],
            looks=len(bound.STAGES),
            false_fail=FALSE_FAIL / 2,
            max_skewness=bound.SKEWNESS,
            power=1 - UNDECIDED / len(exact),
            coordinates=len(exact),
        )
        assert needed < tolerance
