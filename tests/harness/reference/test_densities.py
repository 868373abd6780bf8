"""Densities and samples against torch.distributions, scipy and plain loops."""

import math

import numpy as np
import scipy.special
import scipy.stats
import torch
from reference_problems import B, D, M, problems, randn, tolerances

from reference.densities import (
    bernoulli_log_density,
    continuous_bernoulli_log_density,
    gaussian_log_density,
    sample_gaussian,
)


def test_gaussian_is_that_of_torch_and_scipy(dtype: torch.dtype) -> None:
    """The Gaussian log-density is what torch.distributions, scipy and a plain loop give."""
    x, mean, log_var = problems("gaussian_log_density", dtype)[0]
    std = torch.exp(log_var / 2)
    ours = gaussian_log_density(x, mean, log_var)
    by_scipy = scipy.stats.norm.logpdf(x.numpy(), mean.numpy(), std.numpy()).sum(-1)
    loop = [sum(_log_normal(*(float(t[b, d]) for t in (x, mean, std))) for d in range(D)) for b in range(B)]

    torch.testing.assert_close(ours, torch.distributions.Normal(mean, std).log_prob(x).sum(-1), **tolerances(dtype))
    torch.testing.assert_close(ours, torch.as_tensor(by_scipy).to(dtype), **tolerances(dtype))
    torch.testing.assert_close(ours, torch.tensor(loop, dtype=dtype), **tolerances(dtype))


def _log_normal(x: float, mean: float, std: float) -> float:
    return -math.log(std * math.sqrt(2 * math.pi)) - (x - mean) ** 2 / (2 * std**2)


def test_gaussian_survives_tiny_variances() -> None:
    """At log σ² = −110 in float32 the density at the mean is finite, and so is its gradient."""
    x, log_var = torch.zeros(1, 2), torch.full((1, 2), -110.0, requires_grad=True)
    density = gaussian_log_density(x, x, log_var)
    density.sum().backward()

    torch.testing.assert_close(density, torch.tensor([110 - math.log(2 * math.pi)]))
    torch.testing.assert_close(log_var.grad, torch.full((1, 2), -0.5))


def test_bernoulli_is_that_of_torch_and_scipy(dtype: torch.dtype) -> None:
    """The Bernoulli log-probability is what torch.distributions, scipy and a plain loop give."""
    x, logits = problems("bernoulli_log_density", dtype)[0]
    ours = bernoulli_log_density(x, logits)
    by_scipy = scipy.stats.bernoulli.logpmf(x.numpy(), scipy.special.expit(logits.double().numpy()))
    loop = [[-math.log1p(math.exp(v if t == 0 else -v)) for t, v in zip(*row, strict=True)] for row in _rows(x, logits)]

    torch.testing.assert_close(ours, torch.distributions.Bernoulli(logits=logits).log_prob(x), **tolerances(dtype))
    torch.testing.assert_close(ours, torch.as_tensor(by_scipy).to(dtype), **tolerances(dtype))
    torch.testing.assert_close(ours, torch.tensor(loop, dtype=dtype), **tolerances(dtype))


def _rows(x: torch.Tensor, logits: torch.Tensor) -> list[tuple[list[float], list[float]]]:
    return list(zip(x.tolist(), logits.tolist(), strict=True))


def test_bernoulli_is_finite_for_huge_logits(dtype: torch.dtype) -> None:
    """Logits of ±10 000 cost nothing or 10 000 nats, with finite gradients."""
    x = torch.tensor([[0.0, 1.0, 0.0, 1.0]], dtype=dtype)
    logits = torch.tensor([[-1e4, 1e4, 1e4, -1e4]], dtype=dtype, requires_grad=True)
    ours = bernoulli_log_density(x, logits)
    ours.sum().backward()

    assert ours.tolist() == [[0, 0, -1e4, -1e4]]
    assert logits.grad.tolist() == [[0, 0, -1, 1]]


def test_continuous_bernoulli_integrates_to_one() -> None:
    """Also where the series is used and on both sides of its end; torch's own Taylor series agrees, and so do the gradients."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    logits = torch.tensor([-8.0, -0.5, -0.0101, -0.0099, 0.0, 1e-9, 0.00999, 0.01001, 3.0], dtype=torch.float64)
    x = torch.tensor((nodes + 1) / 2).expand(len(logits), -1)
    ours = logits[:, None].expand_as(x).clone().requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    density = continuous_bernoulli_log_density(x, ours)
    by_torch = torch.distributions.ContinuousBernoulli(logits=theirs).log_prob(x)
    density.sum().backward()
    by_torch.sum().backward()

    np.testing.assert_allclose((density.detach().exp().numpy() * weights).sum(1) / 2, 1, rtol=1e-12)
    torch.testing.assert_close(density, by_torch, rtol=0, atol=1e-9)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-8)


def test_samples_follow_the_gaussian(dtype: torch.dtype) -> None:
    """Standardised samples pass Kolmogorov and Smirnov's test and are uncorrelated across the batch and dimensions."""
    mean, log_var = (t.repeat(4000, 1) for t in (randn(1, M, seed=1, dtype=dtype), randn(1, M, seed=2, dtype=dtype)))
    z = sample_gaussian(mean, log_var, torch.Generator().manual_seed(5))
    noise = (z - mean) / torch.exp(log_var / 2)

    assert z.dtype == dtype
    assert scipy.stats.kstest(noise.flatten().numpy(), "norm").pvalue > 1e-3
    assert (torch.corrcoef(noise.T) - torch.eye(M)).abs().max() < 0.1
    assert abs(float((noise[1:] * noise[:-1]).mean())) < 0.05


def test_samples_repeat_with_their_generator_only() -> None:
    """The same generator state gives the same sample; the global generator is left alone."""
    mean, log_var = problems("sample_gaussian")[0]
    state = torch.get_rng_state()
    a, b = (sample_gaussian(mean, log_var, torch.Generator().manual_seed(s)) for s in (3, 3))

    assert torch.equal(a, b)
    assert torch.equal(state, torch.get_rng_state())
