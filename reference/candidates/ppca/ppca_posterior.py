"""What is held against the checks of `ppca_posterior`."""

import math

import torch
from torch import Tensor

from autograder.authoring.candidates import right, wrong
from reference.candidates.ppca._helpers import eye, scalar
from reference.ppca import ppca_posterior

Variance = float | Tensor


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "bishop_12_42",
    "The covariance is σ⁻²M as printed in Bishop's eq. (12.42), a misprint for σ²M⁻¹ (see the handout's footnote).",
    severity="slip",
)
def _bishop_12_42(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    M = W.mT @ W + sigma2 * eye(W.shape[1], W)
    return ppca_posterior(x, W, mu, sigma2)[0], M / sigma2


@wrong("covariance_without_noise", "The covariance is M⁻¹; the factor σ² in front is missing.", severity="slip")
def _covariance_without_noise(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov / sigma2


@wrong("std_before_inverse", "The covariance is σM⁻¹; the factor is the variance σ².", severity="slip", credit=0.7)
def _std_before_inverse(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov / sigma2**0.5


@wrong("not_centred", "μ is not subtracted from x.", severity="slip")
def _not_centred(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, torch.zeros_like(mu), sigma2)


@wrong("std_for_variance", "σ stands where the variance σ² belongs.", severity="slip")
def _std_for_variance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, mu, sigma2**0.5)


@wrong(
    "noise_missing_in_M", "M is WᵀW without σ²I: that is ordinary PCA, which forgets the prior on z.", severity="gap"
)
def _noise_missing_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    inverse = torch.linalg.inv(W.mT @ W)
    return (x - mu) @ W @ inverse, sigma2 * inverse


@wrong("identity_in_M", "M is WᵀW + I; the identity must be multiplied by σ².", severity="slip")
def _identity_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, 1.0)
    return mean, sigma2 * cov


@wrong(
    "inverse_missing_in_mean", "The mean is Wᵀ(x − μ); the factor M⁻¹ in front is missing.", severity="slip", credit=0.5
)
def _inverse_missing_in_mean(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return (x - mu) @ W, ppca_posterior(x, W, mu, sigma2)[1]


@wrong("covariance_in_mean", "The mean is multiplied by the covariance σ²M⁻¹; M⁻¹ alone is right.", severity="slip")
def _covariance_in_mean(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return sigma2 * mean, cov


@wrong(
    "mean_transposed", "The means stand in the columns, (M, B); one row per data point is asked for.", severity="form"
)
def _mean_transposed(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean.mT, cov


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("bishop_12_42", rewritten=True)
def _cholesky_solve(x, W, mu, sigma2):
    M = W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype)
    mean = torch.cholesky_solve(W.T @ (x - mu).T, torch.linalg.cholesky(M)).T
    return mean, (1 / sigma2) * M


@wrong("not_centred", rewritten=True)
def _gain_of_raw_data(x, W, mu, sigma2):
    """The gain WᵀC⁻¹ by way of the marginal covariance."""
    C = W @ W.T + sigma2 * torch.eye(W.shape[0], dtype=W.dtype)
    gain = torch.linalg.solve(C, W).T
    return torch.einsum("md,bd->bm", gain, x), torch.eye(W.shape[1], dtype=W.dtype) - gain @ W


@wrong("noise_missing_in_M", rewritten=True)
def _pseudo_inverse(x, W, mu, sigma2):
    inverse = torch.linalg.pinv(W)
    return (x - mu) @ inverse.T, sigma2 * inverse @ inverse.T


@wrong("covariance_in_mean", rewritten=True)
def _precision_form(x, W, mu, sigma2):
    precision = torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / sigma2
    cov = torch.linalg.inv(precision)
    return (cov @ W.T @ (x - mu).T).T, cov


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _mean_and_centring_swapped(x, W, mu, sigma2):
    """Two mistakes: σ for σ² in M, and no σ² in the covariance."""
    inverse = torch.linalg.inv(W.T @ W + math.sqrt(sigma2) * torch.eye(W.shape[1], dtype=W.dtype))
    return (x - mu) @ W @ inverse, inverse


# -------------------------------------------------------------------------------------------------------- right answers


@right("cholesky", "Cholesky factor of M and triangular solves.")
def _cholesky(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    L = torch.linalg.cholesky(W.T @ W + sigma2 * eye(W.shape[1], W))
    mean = torch.cholesky_solve(((x - mu) @ W).T, L).T
    return mean, sigma2 * torch.cholesky_inverse(L)


@right("conditioning", "Conditioning of the joint Gaussian on x, with the D × D inverse, in float64.", second=True)
def _conditioning(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    V = W.double()
    gain = torch.linalg.solve(V @ V.T + scalar(sigma2, V) * eye(len(V), V), V).T  # WᵀC⁻¹
    return ((x - mu).double() @ gain.T).to(x.dtype), (eye(V.shape[1], V) - gain @ V).to(x.dtype)


@right("precision_form", "Posterior precision I + WᵀW/σ².")
def _right_precision_form(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    cov = torch.linalg.inv(eye(W.shape[1], W) + W.T @ W / sigma2)
    return torch.einsum("mk,dk,bd->bm", cov, W, x - mu) / sigma2, cov


@right("singular_values", "Singular value decomposition of W.")
def _singular_values(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    U, s, Vh = torch.linalg.svd(W, full_matrices=False)
    mean = ((x - mu) @ U * (s / (s**2 + sigma2))) @ Vh
    return mean, (Vh.T * (sigma2 / (s**2 + sigma2))) @ Vh


@right("ridge_regression", "The mean as least squares with σI stacked under W.")
def _ridge_regression(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    M = W.shape[1]
    stacked = torch.cat([W, torch.sqrt(scalar(sigma2, W)) * eye(M, W)])
    Q, R = torch.linalg.qr(stacked)
    target = torch.cat([x - mu, x.new_zeros(len(x), M)], dim=1)
    inverse = torch.linalg.solve_triangular(R, eye(M, W), upper=True)
    return target @ Q @ inverse.T, sigma2 * inverse @ inverse.T


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_A_NUMBER = "The covariance is the same for every x and is used as a number: only gradients of the mean are asked for."
EQUIVALENT = {
    "detach gradient: cov = sigma2 * torch.linalg.inv(M) -> cov = (sigma2 * torch.linalg.inv(M)).detach()": _A_NUMBER,
}
