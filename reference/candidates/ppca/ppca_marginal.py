"""What is held against the checks of `ppca_marginal`."""

import math

import torch
from torch import Tensor

from autograder.authoring.candidates import right, wrong
from reference.candidates.ppca._helpers import eye, scalar
from reference.ppca import ppca_marginal

Variance = float | Tensor


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("noise_missing", "The noise σ²I is missing from the covariance.", severity="gap")
def _noise_missing(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), W @ W.mT


@wrong("std_for_variance", "σ stands on the diagonal where the variance σ² belongs.", severity="slip")
def _std_for_variance(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, sigma2**0.5)


@wrong("variance_squared", "`sigma2` is squared once more; it is σ² already.", severity="slip")
def _variance_squared(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, sigma2**2)


@wrong(
    "noise_everywhere",
    "σ² is added to every entry of WWᵀ; the noise is independent, so only the diagonal has it.",
    severity="slip",
)
def _noise_everywhere(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), W @ W.mT + sigma2


@wrong("transposed", "WᵀW (M × M) is used; the covariance of x is built from WWᵀ (D × D).", severity="gap")
def _transposed(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), W.mT @ W + sigma2 * eye(W.shape[1], W)


@wrong(
    "diagonal_only",
    "Only the diagonal of WWᵀ is kept; the latent variables make the dimensions of x correlated.",
    severity="gap",
)
def _diagonal_only(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), torch.diag((W**2).sum(1) + sigma2)


@wrong("zero_mean", "The mean of p(x) is μ, not zero.", severity="slip")
def _zero_mean(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(mu), ppca_marginal(W, mu, sigma2)[1]


@wrong(
    "mean_without_gradient",
    "The mean is cut from the graph: no gradient reaches μ through it.",
    severity="form",
    credit=0.9,
)
def _mean_without_gradient(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.detach().clone(), ppca_marginal(W, mu, sigma2)[1]


@wrong("precision", "The inverse of the covariance is returned.", severity="slip", credit=0.5)
def _precision(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), torch.linalg.inv(ppca_marginal(W, mu, sigma2)[1])


@wrong(
    "loadings_missing",
    "The covariance is σ²I alone; WWᵀ, which the latent variable adds, is missing.",
    severity="empty",
    credit=0.25,
)
def _loadings_missing(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(torch.zeros_like(W), mu, sigma2)


@wrong("noise_subtracted", "σ²I is subtracted from WWᵀ; variances of independent terms add.", severity="slip")
def _noise_subtracted(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, -sigma2)


@wrong("unit_noise", "The identity is added as it is; it must be multiplied by σ².", severity="slip")
def _unit_noise(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, 1.0)


@wrong("noise_inverted", "The precision 1/σ² stands on the diagonal where the variance σ² belongs.", severity="slip")
def _noise_inverted(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, 1 / sigma2)


@wrong("noise_times_everything", "σ² multiplies WWᵀ as well; it belongs to the identity alone.", severity="slip")
def _noise_times_everything(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_marginal(W, mu, 1.0)
    return mean, sigma2 * cov


@wrong("averaged_over_latents", "WWᵀ is divided by M; the latent dimensions add up.", severity="slip")
def _averaged_over_latents(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W / W.shape[1] ** 0.5, mu, sigma2)


@wrong(
    "second_moment",
    "μμᵀ is added: that is E[xxᵀ]; the covariance is around the mean and does not depend on μ.",
    severity="slip",
)
def _second_moment(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_marginal(W, mu, sigma2)
    return mean, cov + torch.outer(mu, mu)


@wrong(
    "loadings_in_mean",
    "The columns of W are added to the mean; z has mean zero, so W plays no part there.",
    severity="slip",
)
def _loadings_in_mean(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_marginal(W, mu, sigma2)
    return mean + W.sum(1), cov


@wrong(
    "cholesky_factor",
    "The Cholesky factor of the covariance is returned; the covariance is asked for.",
    severity="slip",
)
def _cholesky_factor(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_marginal(W, mu, sigma2)
    return mean, torch.linalg.cholesky(cov)


@wrong(
    "correlation",
    "The correlations are returned: the covariance is divided by the standard deviations, which it should not be.",
    severity="slip",
)
def _correlation(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_marginal(W, mu, sigma2)
    std = cov.diagonal().sqrt()
    return mean, cov / torch.outer(std, std)


@wrong(
    "posterior_covariance",
    "This is the covariance of z when x is known, σ²(WᵀW + σ²I)⁻¹; that of x is asked for.",
    severity="empty",
    credit=0.25,
)
def _posterior_covariance(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), sigma2 * torch.linalg.inv(W.mT @ W + sigma2 * eye(W.shape[1], W))


@wrong("detached", "The result is cut from the graph, so no gradient reaches W.", severity="slip", credit=0.75)
def _detached(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W.detach(), mu, sigma2)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("diagonal_only")
def _vector_of_variances(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), (W**2).sum(1) + sigma2


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("transposed", rewritten=True)
def _latent_covariance(W, mu, sigma2):
    return mu + 0, torch.einsum("dm,dn->mn", W, W) + torch.diag(torch.ones(W.shape[1], dtype=W.dtype)) * sigma2


@wrong("noise_everywhere", rewritten=True)
def _full_of_noise(W, mu, sigma2):
    D = len(W)
    return mu.clone(), torch.matmul(W, W.T) + torch.ones(D, D, dtype=W.dtype) * sigma2


@wrong("precision", rewritten=True)
def _cholesky_inverse(W, mu, sigma2):
    C = W @ W.T
    C = C + torch.diag_embed(torch.full((len(W),), float(sigma2), dtype=W.dtype))
    return mu.clone(), torch.cholesky_inverse(torch.linalg.cholesky(C))


@wrong("std_for_variance", rewritten=True)
def _sum_of_outer_products(W, mu, sigma2):
    C = torch.eye(W.shape[0], dtype=W.dtype) * math.sqrt(sigma2)
    for m in range(W.shape[1]):
        C = C + torch.outer(W[:, m], W[:, m])
    return mu.clone(), C


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _jitter(W, mu, sigma2):
    return mu.clone(), W @ W.T + (sigma2 + 0.01) * torch.eye(len(W), dtype=W.dtype)


# -------------------------------------------------------------------------------------------------------- right answers


@right("einsum", "einsum and a diagonal matrix.")
def _einsum(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    noise = torch.diag(scalar(sigma2, W).expand(W.shape[0]))
    return mu, torch.einsum("dm,em->de", W, W) + noise


@right("sum_of_outer_products", "A sum of outer products, one per latent dimension.", second=True)
def _right_sum_of_outer_products(weights: Tensor, mean: Tensor, variance: Variance) -> tuple[Tensor, Tensor]:
    cov = variance * eye(len(weights), weights)
    for column in weights.T:
        cov = cov + torch.outer(column, column)
    return mean, cov


@right("joint_factor", "C = A Aᵀ with A = [W, σI].")
def _joint_factor(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    A = torch.cat([W, torch.sqrt(scalar(sigma2, W)) * eye(len(W), W)], dim=1)
    return mu.clone(), A @ A.T


@right("diagonal_in_place", "σ² is added in place to the diagonal of a fresh matrix.")
def _diagonal_in_place(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    cov = torch.matmul(W, W.transpose(0, 1))
    cov.diagonal().add_(scalar(sigma2, W))
    return 1 * mu, cov
