"""Probabilistic PCA against scipy, torch.distributions, scikit-learn and published figures."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from reference_problems import B, D, M, N, problems, randn, tolerances
from sklearn.decomposition import PCA

from reference.ppca import pca_project, ppca_fit, ppca_log_likelihood, ppca_marginal, ppca_posterior, ppca_sample


def test_marginal_is_that_of_torch_and_a_loop() -> None:
    """The covariance is the one of torch's low-rank Gaussian and of a plain double loop."""
    W, mu, sigma2 = problems("ppca_marginal")[0]
    mean, cov = ppca_marginal(W, mu, sigma2)
    by_torch = torch.distributions.LowRankMultivariateNormal(mu, W, torch.full((D,), sigma2, dtype=W.dtype))
    loop = [[sum(W[i, m] * W[j, m] for m in range(M)) + sigma2 * (i == j) for j in range(D)] for i in range(D)]

    torch.testing.assert_close(mean, by_torch.mean)
    torch.testing.assert_close(cov, by_torch.covariance_matrix)
    torch.testing.assert_close(cov, torch.tensor(loop, dtype=W.dtype))


def test_posterior_conditions_the_joint_gaussian() -> None:
    """Mean and covariance are those of conditioning the joint Gaussian of z and x."""
    X, W, mu, sigma2 = problems("ppca_posterior")[0]
    mean, cov = ppca_posterior(X, W, mu, sigma2)
    V, C = W.numpy(), (W @ W.T).numpy() + sigma2 * np.eye(D)

    np.testing.assert_allclose(mean, (X - mu).numpy() @ np.linalg.inv(C) @ V, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(cov, np.eye(M) - V.T @ np.linalg.inv(C) @ V, rtol=1e-9, atol=1e-9)


def test_posterior_obeys_bayes() -> None:
    """log p(z) + log p(x | z) − log p(z | x) is log p(x) whatever z is."""
    X, W, mu, sigma2 = problems("ppca_posterior")[0]
    mean, cov = ppca_posterior(X, W, mu, sigma2)
    normal, expected = scipy.stats.multivariate_normal, ppca_log_likelihood(X, W, mu, sigma2)
    for n in range(N):
        z = randn(M, seed=n).numpy()
        log_joint = normal.logpdf(z, np.zeros(M)) + normal.logpdf(X[n], W.numpy() @ z + mu.numpy(), sigma2)
        assert log_joint - normal.logpdf(z, mean[n], cov) == pytest.approx(float(expected[n]))


def test_likelihood_is_that_of_scipy_and_torch(dtype: torch.dtype) -> None:
    """The log-likelihood is what scipy and torch.distributions give with the D × D covariance."""
    X, W, mu, sigma2 = problems("ppca_log_likelihood", dtype)[0]
    mean, cov = (t.double() for t in ppca_marginal(W, mu, sigma2))
    ours = ppca_log_likelihood(X, W, mu, sigma2)
    by_torch = torch.distributions.MultivariateNormal(mean, cov).log_prob(X.double())

    torch.testing.assert_close(ours, by_torch.to(dtype), **tolerances(dtype))
    np.testing.assert_allclose(by_torch, scipy.stats.multivariate_normal.logpdf(X.double(), mean, cov))


def test_likelihood_is_accurate_for_images_and_little_noise(dtype: torch.dtype) -> None:
    """With D = 784 and σ² = 1e-4 nothing overflows or cancels."""
    W, mu = randn(784, 5, seed=1), randn(784, seed=2)
    X = mu + randn(B, 5, seed=3) @ W.T + 0.01 * randn(B, 784, seed=4)
    expected = torch.distributions.MultivariateNormal(mu, W @ W.T + 1e-4 * torch.eye(784)).log_prob(X)
    ours = ppca_log_likelihood(X.to(dtype), W.to(dtype), mu.to(dtype), 1e-4)

    torch.testing.assert_close(ours, expected.to(dtype), rtol=1e-3 if dtype == torch.float32 else 1e-9, atol=0)


@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_fit_and_likelihood_are_those_of_scikit_learn(n_components: int) -> None:
    """The fit is scikit-learn's up to N against N − 1, and so is the likelihood for scikit-learn's parameters."""
    X = problems("ppca_fit")[0][0]
    pca, (W, mu, sigma2) = PCA(n_components).fit(X.numpy()), ppca_fit(X, n_components)
    loadings = pca.components_.T * np.sqrt(pca.explained_variance_ - pca.noise_variance_)
    ours = ppca_log_likelihood(X, torch.tensor(loadings), mu, float(pca.noise_variance_))

    np.testing.assert_allclose(sigma2, pca.noise_variance_ * (N - 1) / N)
    np.testing.assert_allclose(ppca_marginal(W, mu, sigma2)[1], pca.get_covariance() * (N - 1) / N)
    np.testing.assert_allclose(mu, pca.mean_)
    np.testing.assert_allclose(ours, pca.score_samples(X.numpy()))


@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_components_and_scores_are_those_of_scikit_learn(n_components: int) -> None:
    """Up to one sign for every component and its scores."""
    X = problems("ppca_fit")[0][0]
    components, scores = pca_project(X, n_components)
    pca = PCA(n_components)
    theirs = pca.fit_transform(X.numpy())
    signs = np.sign((components.numpy() * pca.components_).sum(1))

    np.testing.assert_allclose(components.numpy() * signs[:, None], pca.components_, atol=1e-9)
    np.testing.assert_allclose(scores.numpy() * signs, theirs, atol=1e-9)


def test_fit_is_a_maximum() -> None:
    """The gradient of the likelihood vanishes at the fit, and every small change lowers the likelihood."""
    X, n_components = problems("ppca_fit")[0]
    fitted = [t.clone().requires_grad_() for t in ppca_fit(X, n_components)]
    best = ppca_log_likelihood(X, *fitted).sum()
    for gradient in torch.autograd.grad(best, fitted):
        assert gradient.abs().max() < 1e-8
    for seed in range(20):
        W, mu, sigma2 = (t.detach() + 1e-2 * t.abs().mean() * randn(*t.shape, seed=seed) for t in fitted)
        assert ppca_log_likelihood(X, W, mu, sigma2).sum() < best


def test_draws_follow_the_marginal(dtype: torch.dtype) -> None:
    """Whitened by scipy's Cholesky factor of the marginal covariance, draws are standard normal and independent of one another."""
    W, mu = randn(D, M, seed=4, dtype=dtype), 3 + randn(D, seed=5, dtype=dtype)
    mean, cov = (t.double().numpy() for t in ppca_marginal(W, mu, 0.36))
    x = ppca_sample(4000, W, mu, torch.tensor(0.36, dtype=dtype), torch.Generator().manual_seed(5))
    noise = scipy.linalg.solve_triangular(
        scipy.linalg.cholesky(cov, lower=True), (x.double().numpy() - mean).T, lower=True
    )

    assert x.dtype == dtype
    assert scipy.stats.kstest(noise.flatten(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(noise) - np.eye(D)).max() < 0.1
    assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 0.05
