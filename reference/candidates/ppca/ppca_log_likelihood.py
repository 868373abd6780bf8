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


def _log_det(W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    """log|C|, by an M × M system: mistakes are put together in hundreds of pairs, and images have D = 784."""
    return W.shape[0] * _log(sigma2, W) - torch.logdet(ppca_posterior(mu[None], W, mu, sigma2)[1])


def _mahalanobis(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    """(x − μ)ᵀC⁻¹(x − μ), by an M × M system as well."""
    z, _ = ppca_posterior(X, W, mu, sigma2)
    return ((X - mu - z @ W.mT) ** 2).sum(-1) / sigma2 + (z**2).sum(-1)


def _with_covariance(X: Tensor, C: Tensor, mu: Tensor) -> Tensor:
    quadratic: Tensor = ((X - mu) * torch.linalg.solve(C, (X - mu).mT).mT).sum(-1)
    return -0.5 * (len(C) * LOG_2PI + torch.logdet(C) + quadratic)


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
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * _log_det(W, mu, sigma2)


@wrong("half_of_log_det_missing", "The factor ½ in front of log|C| is missing.", severity="slip")
def _half_of_log_det_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) - 0.5 * _log_det(W, mu, sigma2)


@wrong("half_of_mahalanobis_missing", "The factor ½ in front of (x − μ)ᵀC⁻¹(x − μ) is missing.", severity="slip")
def _half_of_mahalanobis_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) - 0.5 * _mahalanobis(X, W, mu, sigma2)


@wrong(
    "log_of_determinant",
    "log(det C) is computed from the determinant itself, which underflows to 0 (or overflows) in high dimension.",
    severity="slip",
    credit=0.75,
)
def _log_of_determinant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    log_of_det = torch.log(torch.linalg.det(ppca_marginal(W, mu, sigma2)[1]))
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_log_det(W, mu, sigma2) - log_of_det)


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
    quadratic = ((X - mu) @ ppca_marginal(W, mu, sigma2)[1] * (X - mu)).sum(-1)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - quadratic)


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


@wrong("variance_squared", "`sigma2` is squared once more; it is σ² already.", severity="slip")
def _variance_squared(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2**2)


@wrong("unit_noise", "C is WWᵀ + I; the identity must be multiplied by σ².", severity="slip")
def _unit_noise(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, 1.0)


@wrong("diagonal_only", "Only the diagonal of WWᵀ is kept, as if the dimensions of x were independent.", severity="gap")
def _diagonal_only(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = torch.diag(ppca_marginal(W, mu, sigma2)[1].diagonal())
    return _with_covariance(X, C, mu)


@wrong("constant_sign", "The constant (D/2) log 2π is added; it must be subtracted.", severity="slip", credit=0.7)
def _constant_sign(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + W.shape[0] * LOG_2PI


@wrong("half_of_constant_missing", "The constant is −D log 2π; its factor ½ is missing.", severity="slip", credit=0.7)
def _half_of_constant_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) - 0.5 * W.shape[0] * LOG_2PI


@wrong("two_missing_in_constant", "The constant has log π; it is −(D/2) log 2π.", severity="slip", credit=0.75)
def _two_missing_in_constant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * W.shape[0] * math.log(2)


@wrong(
    "log_missing_in_constant", "The constant is −(D/2) 2π; the logarithm of 2π is missing.", severity="slip", credit=0.7
)
def _log_missing_in_constant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * W.shape[0] * (LOG_2PI - TWO_PI)


@wrong(
    "data_points_in_constant",
    "The constant is −(N/2) log 2π with the number of data points; one point has −(D/2) log 2π.",
    severity="slip",
    credit=0.7,
)
def _data_points_in_constant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (W.shape[0] - len(X)) * LOG_2PI


@wrong("log_det_sign", "½ log|C| is added; it must be subtracted.", severity="slip")
def _log_det_sign(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + _log_det(W, mu, sigma2)


@wrong(
    "half_of_log_det_twice",
    "log|C| has the factor ¼: the square root and the ½ are the same thing, taken twice.",
    severity="slip",
)
def _half_of_log_det_twice(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.25 * _log_det(W, mu, sigma2)


@wrong(
    "log_missing_in_determinant",
    "The term is −½|C|; the logarithm of the determinant is missing.",
    severity="slip",
    credit=0.5,
)
def _log_missing_in_determinant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    det = torch.linalg.det(ppca_marginal(W, mu, sigma2)[1])
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_log_det(W, mu, sigma2) - det)


@wrong(
    "log_det_of_noise",
    "The determinant is that of the noise σ²I alone; it is that of C = WWᵀ + σ²I.",
    severity="slip",
    credit=0.5,
)
def _log_det_of_noise(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_log_det(W, mu, sigma2) - W.shape[0] * _log(sigma2, W))


@wrong(
    "log_det_of_M",
    "The determinant is that of M = WᵀW + σ²I; |C| has the factor σ^{2(D − M)} beside it.",
    severity="slip",
)
def _log_det_of_m(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    D, M = W.shape
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (D - M) * _log(sigma2, W)


@wrong(
    "noise_squared_in_determinant_lemma",
    "In the determinant lemma |C| = σ^{2(D − M)} |M| the power of σ² is D − M, not 2(D − M).",
    severity="slip",
    credit=0.7,
)
def _noise_squared_in_determinant_lemma(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    D, M = W.shape
    return ppca_log_likelihood(X, W, mu, sigma2) - 0.5 * (D - M) * _log(sigma2, W)


@wrong("mahalanobis_missing", "The term −½ (x − μ)ᵀC⁻¹(x − μ) is missing, so that x plays no part.", severity="gap")
def _mahalanobis_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * _mahalanobis(X, W, mu, sigma2)


@wrong("only_mahalanobis", "Only −½ (x − μ)ᵀC⁻¹(x − μ) is there; log|C| and the constant are missing.", severity="gap")
def _only_mahalanobis(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return -0.5 * _mahalanobis(X, W, mu, sigma2)


@wrong("mahalanobis_sign", "½ (x − μ)ᵀC⁻¹(x − μ) is added; it must be subtracted.", severity="slip")
def _mahalanobis_sign(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + _mahalanobis(X, W, mu, sigma2)


@wrong("root_of_mahalanobis", "The distance √((x − μ)ᵀC⁻¹(x − μ)) is used; its square belongs there.", severity="slip")
def _root_of_mahalanobis(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    quadratic = _mahalanobis(X, W, mu, sigma2)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (quadratic - quadratic.sqrt())


@wrong(
    "mahalanobis_of_noise", "The squared distance is divided by σ²; it needs C⁻¹, which W is part of.", severity="gap"
)
def _mahalanobis_of_noise(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    of_noise = ((X - mu) ** 2).sum(-1) / sigma2
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - of_noise)


@wrong(
    "elementwise_inverse",
    "C is inverted entry by entry (`1 / C`, `C**-1`); its matrix inverse is needed.",
    severity="slip",
    credit=0.5,
)
def _elementwise_inverse(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    quadratic = ((X - mu) @ (1 / ppca_marginal(W, mu, sigma2)[1]) * (X - mu)).sum(-1)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - quadratic)


@wrong(
    "covariance_as_precision",
    "C is taken for the precision: its inverse has to be used in both terms.",
    severity="slip",
)
def _covariance_as_precision(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _with_covariance(X, torch.linalg.inv(ppca_marginal(W, mu, sigma2)[1]), mu)


def _by_woodbury(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance, share: Variance) -> Tensor:
    """The quadratic form with σ⁻²(I − `share` · WM⁻¹Wᵀ) for C⁻¹."""
    explained = (ppca_posterior(X, W, mu, sigma2)[0] * ((X - mu) @ W)).sum(-1)
    return (((X - mu) ** 2).sum(-1) - share * explained) / sigma2


@wrong("woodbury_sign", "In Woodbury's identity C⁻¹ = σ⁻²(I − WM⁻¹Wᵀ) the second term is subtracted.", severity="slip")
def _woodbury_sign(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    quadratic = _by_woodbury(X, W, mu, sigma2, -1.0)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - quadratic)


@wrong(
    "woodbury_noise_missing",
    "In Woodbury's identity C⁻¹ = σ⁻²(I − WM⁻¹Wᵀ) the factor σ⁻² in front is missing.",
    severity="slip",
)
def _woodbury_noise_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    quadratic = sigma2 * _by_woodbury(X, W, mu, sigma2, 1.0)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - quadratic)


@wrong(
    "woodbury_noise_on_identity_only",
    "In Woodbury's identity C⁻¹ = σ⁻²(I − WM⁻¹Wᵀ) the factor σ⁻² belongs to both terms.",
    severity="slip",
)
def _woodbury_noise_on_identity_only(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    quadratic = _by_woodbury(X, W, mu, sigma2, sigma2)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - quadratic)


@wrong(
    "woodbury_noise_squared",
    "In Woodbury's identity C⁻¹ = σ⁻²(I − WM⁻¹Wᵀ) the second term is divided by σ² once too often.",
    severity="slip",
)
def _woodbury_noise_squared(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    quadratic = _by_woodbury(X, W, mu, sigma2, 1 / sigma2)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (_mahalanobis(X, W, mu, sigma2) - quadratic)


@wrong("noise_missing_in_M", "In Woodbury's identity M is WᵀW without σ²I.", severity="slip", credit=0.5)
def _noise_missing_in_m(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    projected = (X - mu) @ W
    wrong = projected @ torch.linalg.inv(W.mT @ W)
    right, _ = ppca_posterior(X, W, mu, sigma2)
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * ((wrong - right) * projected).sum(-1) / sigma2


@wrong(
    "density", "The density itself is returned; its logarithm is asked for, and the density underflows.", severity="gap"
)
def _density(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return torch.exp(ppca_log_likelihood(X, W, mu, sigma2))


@wrong("mu_added", "μ is added to the data; it must be subtracted.", severity="slip")
def _mu_added(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, -mu, sigma2)


@wrong(
    "centred_with_data_mean",
    "The data are centred with their own average; the mean of the model, μ, must be subtracted.",
    severity="slip",
)
def _centred_with_data_mean(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, X.mean(0), sigma2)


@wrong(
    "joint_at_posterior_mean",
    "This is log p(x, z) at the posterior mean of z; for log p(x) the latent variable has to be integrated out.",
    severity="empty",
    credit=0.25,
)
def _joint_at_posterior_mean(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    z, _ = ppca_posterior(X, W, mu, sigma2)
    conditional = ppca_log_likelihood(X - z @ W.mT, torch.zeros_like(W), mu, sigma2)
    return conditional - 0.5 * (z.shape[1] * LOG_2PI + (z**2).sum(-1))


@wrong("bits", "The result is in bits (a logarithm to base 2); nats are asked for.", severity="slip", credit=0.75)
def _bits(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) / math.log(2)


@wrong("detached", "The result is cut from the graph, so no gradient flows through it.", severity="slip", credit=0.75)
def _detached(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X.detach(), W.detach(), mu.detach(), sigma2)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("log_of_determinant")
def _log_of_the_density(X: Tensor, W: Tensor, mu: Tensor, sigma2: float | Tensor) -> Tensor:
    """Density and logarithm apart: the exponential underflows as well."""
    D = W.shape[0]
    C = W @ W.mT + sigma2 * torch.eye(D, dtype=W.dtype, device=W.device)
    quadratic = ((X - mu) @ torch.linalg.inv(C) * (X - mu)).sum(-1)
    return torch.log(torch.exp(-0.5 * quadratic) / torch.sqrt((2 * math.pi) ** D * torch.linalg.det(C)))


@wrong("density")
def _density_as_printed(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    """With the determinant itself, which underflows as well."""
    C = ppca_marginal(W, mu, sigma2)[1]
    return torch.exp(-0.5 * _mahalanobis(X, W, mu, sigma2)) / torch.sqrt(TWO_PI ** len(C) * torch.linalg.det(C))


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


@wrong("woodbury_sign", rewritten=True)
def _inverse_by_woodbury(X, W, mu, sigma2):
    D, M = W.shape
    M_matrix = W.T @ W + sigma2 * torch.eye(M, dtype=W.dtype)
    C_inv = (torch.eye(D, dtype=W.dtype) + W @ torch.inverse(M_matrix) @ W.T) / sigma2
    log_det = (D - M) * math.log(float(sigma2)) + torch.logdet(M_matrix)
    return -0.5 * (D * math.log(TWO_PI) + log_det + torch.einsum("nd,de,ne->n", X - mu, C_inv, X - mu))


@wrong("diagonal_only", rewritten=True)
def _normals_of_these_variances(X, W, mu, sigma2):
    return Normal(mu, torch.sqrt((W**2).sum(1) + sigma2)).log_prob(X).sum(-1)


@wrong("covariance_as_precision", rewritten=True)
def _precision_matrix(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, precision_matrix=C).log_prob(X)


@wrong("density", rewritten=True)
def _exponential(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    quadratic = ((X - mu) @ torch.inverse(C) * (X - mu)).sum(1)
    return torch.exp(-0.5 * quadratic) / torch.sqrt((2 * math.pi) ** len(C) * torch.det(C))


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
