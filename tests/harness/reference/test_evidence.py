"""The evidence against scipy, closed forms and quadrature."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from reference_problems import CANDIDATES, B, D, M, problems, randn, tolerances

import reference.evidence
from reference.evidence import estimate_log_likelihood, log_mean_exp, prior_log_likelihood
from reference.ppca import ppca_posterior


def test_log_mean_exp_is_that_of_scipy_and_a_loop(dtype: torch.dtype) -> None:
    """It is scipy's logsumexp with weights 1/S, and the plain loop where that does not underflow."""
    log_w = problems("log_mean_exp", dtype)[0][0]
    loop = [math.log(math.fsum(math.exp(v) for v in column) / len(column)) for column in log_w.T.tolist()]

    for (values,) in problems("log_mean_exp", dtype):
        by_scipy = scipy.special.logsumexp(values.numpy(), axis=0, b=1 / len(values))
        torch.testing.assert_close(log_mean_exp(values), torch.as_tensor(by_scipy).to(dtype), **tolerances(dtype))
    torch.testing.assert_close(log_mean_exp(log_w), torch.tensor(loop, dtype=dtype), **tolerances(dtype))


def test_log_mean_exp_of_extreme_weights(dtype: torch.dtype) -> None:
    """Equal weights of e^{−10 000} have that mean, one zero weight of two costs log 2, nothing but zeros give −∞."""
    log_w = torch.tensor([[-1e4, 0, -torch.inf], [-1e4, -torch.inf, -torch.inf]], dtype=dtype)

    assert log_mean_exp(log_w).tolist() == [-1e4, pytest.approx(-math.log(2)), -math.inf]


@pytest.mark.parametrize("chunk_elements", [1, 3 * B * D, 2**23], ids=["sample by sample", "chunks", "at once"])
@pytest.mark.parametrize("n_samples", [1, 8])
def test_is_exact_under_the_true_posterior(
    n_samples: int, chunk_elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With q the posterior of a linear-Gaussian model it is scipy's log p(x), for any number of samples and chunks."""
    monkeypatch.setattr(reference.evidence, "_CHUNK_ELEMENTS", chunk_elements)
    W, _ = torch.linalg.qr(randn(D, M, seed=4))
    W, mu, sigma = W * torch.tensor([2.0, 1.0, 0.5]), randn(D, seed=5), 0.7
    x = mu + randn(B, D, seed=6)
    mean, cov = ppca_posterior(x, W, mu, sigma**2)
    log_var = torch.log(cov.diagonal()).expand_as(mean)
    estimate = estimate_log_likelihood(x, lambda _: (mean, log_var), lambda z: z @ W.T + mu, sigma, n_samples)
    exact = scipy.stats.multivariate_normal.logpdf(x, mu, W @ W.T + sigma**2 * torch.eye(D))

    np.testing.assert_allclose(estimate, exact)


def test_approaches_the_quadrature() -> None:
    """With a nonlinear decoder, two latents and any proposal it approaches the integral over z by quadrature."""
    C, sigma = randn(2, D, seed=1), 0.8
    decoder, x = (lambda z: torch.tanh(z @ C)), randn(B, D, seed=2)
    nodes, weights = (torch.tensor(t) for t in np.polynomial.hermite_e.hermegauss(60))
    z = torch.cartesian_prod(nodes, nodes)[:, None]
    log_weight = torch.log((weights[:, None] * weights).flatten() / (2 * math.pi))
    log_p = torch.distributions.Normal(decoder(z), sigma).log_prob(x).sum(-1)
    exact = torch.logsumexp(log_weight[:, None] + log_p, dim=0)
    encoder = lambda x: (0.1 * x[:, :2], -0.2 + 0 * x[:, :2])  # noqa: E731
    estimates = torch.stack(
        [estimate_log_likelihood(x, encoder, decoder, sigma, 4000, torch.Generator().manual_seed(s)) for s in range(10)]
    )

    assert (estimates.mean(0) - exact).abs().max() < 0.05
    assert (estimates.std(0) < 0.1).all()


def test_one_sample_is_the_log_weight(dtype: torch.dtype) -> None:
    """With one sample the estimate is log p(z) + log p(x | z) − log q(z | x) at the sample that was drawn."""
    x, encoder, decoder, sigma_p, _ = problems("estimate_log_likelihood", dtype)[0]
    mean, log_var = encoder(x)
    q = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    z = mean + q.scale * torch.randn(1, *mean.shape, generator=torch.Generator().manual_seed(2), dtype=dtype)[0]
    log_w = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
    log_w = log_w + torch.distributions.Normal(decoder(z), sigma_p).log_prob(x).sum(-1)
    ours = estimate_log_likelihood(x, encoder, decoder, sigma_p, 1, torch.Generator().manual_seed(2))

    torch.testing.assert_close(ours, log_w, **tolerances(dtype))


@pytest.mark.parametrize("chunk_elements", [3 * B * D, 2**23], ids=["chunks", "at once"])
@pytest.mark.parametrize(
    "estimate", [prior_log_likelihood, *(v.function for v in CANDIDATES.variants("prior_log_likelihood"))]
)
def test_plain_monte_carlo_approaches_the_marginal(
    estimate: Callable[..., torch.Tensor], chunk_elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a linear decoder the mean of many estimates of p(x) is scipy's density of N(c, CᵀC + σ² I)."""
    monkeypatch.setattr(reference.evidence, "_CHUNK_ELEMENTS", chunk_elements)
    C, c, x = 0.4 * randn(M, D, seed=1), randn(D, seed=2), randn(D, seed=2) + 0.4 * randn(B, D, seed=3)
    log_p = torch.stack([estimate(x, lambda z: z @ C + c, M, math.log(0.8), 400) for _ in range(25)])
    exact = scipy.stats.multivariate_normal.logpdf(x, c, C.T @ C + 0.8 * torch.eye(D))

    np.testing.assert_allclose(torch.logsumexp(log_p, 0) - math.log(len(log_p)), exact, atol=0.15)
