"""What is held against the checks of `ppca_log_likelihood`."""

import math

import torch
from torch import Tensor
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, Normal

from autograder.authoring.candidates import right, wrong
from reference.candidates.ppca._helpers import eye, scalar
from reference.ppca import ppca_log_likelihood, ppca_marginal, ppca_posterior

LOG_2PI = math.log(2 * math.pi)
Variance = float | Tensor
TWO_PI = 2 * math.pi


# ------------------------------------------------------------------------------------------------------- named mistakes


def _likelihood(X: Tensor, C: Tensor, mu: Tensor, log_det: float, mahalanobis: float) -> Tensor:
    quadratic: Tensor = ((X - mu) * torch.linalg.solve(C, (X - mu).mT).mT).sum(-1)
    return -0.5 * (len(C) * LOG_2PI + log_det * torch.logdet(C) + mahalanobis * quadratic)


def _log(value: Variance, like: Tensor) -> Tensor:
    return torch.log(torch.as_tensor(value, dtype=like.dtype, device=like.device))


@wrong("log_2pi_missing", "The constant −(D/2) log 2π is missing.", severity="slip", credit=0.7)
def _log_2pi_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * W.shape[0] * LOG_2PI


@wrong(
    "log_2pi_once",
    "The constant −½ log 2π is there once, but each of the D dimensions has one.",
    severity="slip",
    credit=0.75,
)
def _log_2pi_once(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (W.shape[0] - 1) * LOG_2PI


@wrong(
    "latent_dimension_in_constant",
    "The constant is −(M/2) log 2π; x has D dimensions, so it is −(D/2) log 2π.",
    severity="slip",
    credit=0.75,
)
def _latent_dimension_in_constant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (W.shape[0] - W.shape[1]) * LOG_2PI


@wrong("log_det_missing", "The term −½ log|C| is missing.", severity="slip", credit=0.5)
def _log_det_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _likelihood(X, ppca_marginal(W, mu, sigma2)[1], mu, log_det=0, mahalanobis=1)


@wrong("half_of_log_det_missing", "The factor ½ in front of log|C| is missing.", severity="slip")
def _half_of_log_det_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _likelihood(X, ppca_marginal(W, mu, sigma2)[1], mu, log_det=2, mahalanobis=1)


@wrong("half_of_mahalanobis_missing", "The factor ½ in front of (x − μ)ᵀC⁻¹(x − μ) is missing.", severity="slip")
def _half_of_mahalanobis_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _likelihood(X, ppca_marginal(W, mu, sigma2)[1], mu, log_det=1, mahalanobis=2)


@wrong(
    "log_of_determinant",
    "log(det C) is computed from the determinant itself, which underflows to 0 (or overflows) in high dimension.",
    severity="slip",
    credit=0.75,
)
def _log_of_determinant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = ppca_marginal(W, mu, sigma2)[1]
    return _likelihood(X, C, mu, log_det=0, mahalanobis=1) - 0.5 * torch.log(torch.linalg.det(C))


@wrong("not_centred", "μ is not subtracted from the data.", severity="slip")
def _not_centred(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, torch.zeros_like(mu), sigma2)


@wrong("std_for_variance", "σ stands where the variance σ² belongs.", severity="slip")
def _std_for_variance(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2**0.5)


@wrong("loadings_missing", "The covariance is σ²I alone; WWᵀ is missing.", severity="empty", credit=0.25)
def _loadings_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, torch.zeros_like(W), mu, sigma2)


@wrong(
    "conditional_on_posterior_mean",
    "This is log p(x | z) at the posterior mean of z; for log p(x) the latent variable has to be integrated out.",
    severity="empty",
    credit=0.25,
)
def _conditional_on_posterior_mean(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    z, _ = ppca_posterior(X, W, mu, sigma2)
    return ppca_log_likelihood(X - z @ W.mT, torch.zeros_like(W), mu, sigma2)


@wrong(
    "determinant_lemma_exponent",
    "In the determinant lemma |C| = σ^{2(D − M)} |M| the exponent is 2(D − M), not 2D.",
    severity="slip",
    credit=0.7,
)
def _determinant_lemma_exponent(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) - 0.5 * W.shape[1] * _log(sigma2, W)


@wrong("inverse_missing", "The quadratic form uses the covariance C; it needs its inverse.", severity="gap")
def _inverse_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = ppca_marginal(W, mu, sigma2)[1]
    quadratic = ((X - mu) @ C * (X - mu)).sum(-1)
    return _likelihood(X, C, mu, log_det=1, mahalanobis=0) - 0.5 * quadratic


@wrong("per_dimension", "The result is divided by D; log p(x) of a whole data point is asked for.", severity="slip")
def _per_dimension(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) / W.shape[0]


@wrong(
    "averaged_over_data",
    "The data points are averaged; one value per data point is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_data(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2).mean().expand(len(X))


@wrong("sign", "The sign is reversed: this is the negative log-likelihood.", severity="slip")
def _sign(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return -ppca_log_likelihood(X, W, mu, sigma2)


@wrong(
    "summed_over_data",
    "The data points are summed; one value per data point is asked for.",
    severity="slip",
    credit=0.7,
)
def _summed_over_data(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2).sum()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("log_of_determinant")
def _log_of_the_density(X: Tensor, W: Tensor, mu: Tensor, sigma2: float | Tensor) -> Tensor:
    """Density and logarithm apart: the exponential underflows as well."""
    D = W.shape[0]
    C = W @ W.mT + sigma2 * torch.eye(D, dtype=W.dtype, device=W.device)
    quadratic = ((X - mu) @ torch.linalg.inv(C) * (X - mu)).sum(-1)
    return torch.log(torch.exp(-0.5 * quadratic) / torch.sqrt((2 * math.pi) ** D * torch.linalg.det(C)))


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("log_2pi_missing", rewritten=True)
def _multivariate_normal(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, C).log_prob(X) + len(W) / 2 * math.log(TWO_PI)


@wrong("half_of_log_det_missing", rewritten=True)
def _cholesky_factor(X, W, mu, sigma2):
    L = torch.linalg.cholesky(W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype))
    y = torch.linalg.solve_triangular(L, (X - mu).T, upper=False)
    log_det = 2 * L.diagonal().log().sum()
    return -len(W) / 2 * math.log(TWO_PI) - log_det - 0.5 * (y**2).sum(0)


@wrong("log_of_determinant", rewritten=True)
def _normaliser_as_printed(X, W, mu, sigma2):
    D = W.shape[0]
    C = W @ W.T + sigma2 * torch.eye(D, dtype=W.dtype)
    quadratic = torch.einsum("nd,de,ne->n", X - mu, torch.linalg.inv(C), X - mu)
    return (
        -torch.log(torch.sqrt(TWO_PI**D * torch.det(C))) - quadratic / 2
        if D < 300
        else (-D / 2 * math.log(TWO_PI) - torch.log(torch.sqrt(torch.det(C))) - quadratic / 2)
    )


@wrong("loadings_missing", rewritten=True)
def _independent_normals(X, W, mu, sigma2):
    return Normal(mu + 0 * W.sum(), torch.as_tensor(sigma2, dtype=X.dtype).sqrt()).log_prob(X).sum(1)


@wrong("conditional_on_posterior_mean", rewritten=True)
def _likelihood_of_reconstruction(X, W, mu, sigma2):
    z = (X - mu) @ W @ torch.linalg.inv(W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype))
    return Normal(z @ W.T + mu, float(sigma2) ** 0.5).log_prob(X).sum(dim=-1)


@wrong("std_for_variance", rewritten=True)
def _eigenvalues(X, W, mu, sigma2):
    values, vectors = torch.linalg.eigh(W @ W.T + float(sigma2) ** 0.5 * torch.eye(len(W), dtype=W.dtype))
    return Normal(0.0, values.sqrt()).log_prob((X - mu) @ vectors).sum(1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _shifted_index(X, W, mu, sigma2):
    """Every data point gets the likelihood of the next."""
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, C).log_prob(X).roll(1)


@wrong()
def _three_for_pi(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, C).log_prob(X) + len(W) / 2 * (math.log(TWO_PI) - math.log(6.28))


# -------------------------------------------------------------------------------------------------------- right answers


@right("multivariate_normal", "torch.distributions with the D × D covariance.", second=True)
def _right_multivariate_normal(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = W @ W.T + sigma2 * eye(len(W), W)
    return MultivariateNormal(mu, C).log_prob(X)


@right("low_rank", "torch.distributions' low-rank Gaussian.")
def _low_rank(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    noise = scalar(sigma2, W).expand(len(W))
    return LowRankMultivariateNormal(mu, W, noise).log_prob(X)


@right("slogdet", "slogdet and solve with the D × D covariance.")
def _slogdet(data: Tensor, W: Tensor, mean: Tensor, noise: Variance) -> Tensor:
    C = W @ W.T + noise * eye(W.shape[0], W)
    _, log_det = torch.linalg.slogdet(2 * math.pi * C)
    diff = data - mean
    result: Tensor = -0.5 * (log_det + (diff.T * torch.linalg.solve(C, diff.T)).sum(0))
    return result


@right("eigenbasis", "Independent coordinates in the eigenbasis of C.")
def _eigenbasis(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    eigenvalues, U = torch.linalg.eigh(W @ W.T + sigma2 * eye(len(W), W))
    coordinates = (X - mu) @ U
    result: Tensor = -0.5 * (torch.log(2 * math.pi * eigenvalues) + coordinates**2 / eigenvalues).sum(-1)
    return result


@right("woodbury", "Woodbury's identity as in the books, in float64.")
def _woodbury(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    V, diff, s2 = W.double(), (X - mu).double(), scalar(sigma2, W.double())
    D, M = V.shape
    L = torch.linalg.cholesky(V.T @ V + s2 * eye(M, V))
    projected = torch.linalg.solve_triangular(L, (diff @ V).T, upper=False)
    log_det = (D - M) * torch.log(s2) + 2 * torch.log(L.diagonal()).sum()
    quadratic = ((diff**2).sum(-1) - (projected**2).sum(0)) / s2
    result: Tensor = (-0.5 * (D * math.log(2 * math.pi) + log_det + quadratic)).to(X.dtype)
    return result
