"""Wrong answers to the tasks of `ppca.py`."""

import math

import torch
from torch import Tensor

from reference.misconceptions import misconception
from reference.ppca import ppca_fit, ppca_log_likelihood, ppca_marginal, ppca_posterior

Variance = float | Tensor
LOG_2PI = math.log(2 * math.pi)


def _eye(n: int, like: Tensor) -> Tensor:
    return torch.eye(n, dtype=like.dtype, device=like.device)


def _log(value: Variance, like: Tensor) -> Tensor:
    return torch.log(torch.as_tensor(value, dtype=like.dtype, device=like.device))


@misconception("ppca_marginal", "noise_missing", "The noise σ²I is missing from the covariance.")
def _marginal_noise_missing(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), W @ W.mT


@misconception("ppca_marginal", "std_for_variance", "σ stands on the diagonal where the variance σ² belongs.")
def _marginal_std_for_variance(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, sigma2**0.5)


@misconception("ppca_marginal", "variance_squared", "`sigma2` is squared once more; it is σ² already.")
def _marginal_variance_squared(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_marginal(W, mu, sigma2**2)


@misconception(
    "ppca_marginal",
    "noise_everywhere",
    "σ² is added to every entry of WWᵀ; the noise is independent, so only the diagonal has it.",
)
def _marginal_noise_everywhere(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), W @ W.mT + sigma2


@misconception("ppca_marginal", "transposed", "WᵀW (M × M) is used; the covariance of x is built from WWᵀ (D × D).")
def _marginal_transposed(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), W.mT @ W + sigma2 * _eye(W.shape[1], W)


@misconception(
    "ppca_marginal",
    "diagonal_only",
    "Only the diagonal of WWᵀ is kept; the latent variables make the dimensions of x correlated.",
)
def _marginal_diagonal_only(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), torch.diag((W**2).sum(1) + sigma2)


@misconception("ppca_marginal", "zero_mean", "The mean of p(x) is μ, not zero.")
def _marginal_zero_mean(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(mu), ppca_marginal(W, mu, sigma2)[1]


@misconception("ppca_marginal", "precision", "The inverse of the covariance is returned.")
def _marginal_precision(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return mu.clone(), torch.linalg.inv(ppca_marginal(W, mu, sigma2)[1])


@misconception(
    "ppca_posterior",
    "bishop_12_42",
    "The covariance is σ⁻²M as printed in Bishop's eq. (12.42), a misprint for σ²M⁻¹ (see the handout's footnote).",
)
def _posterior_bishop_12_42(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    M = W.mT @ W + sigma2 * _eye(W.shape[1], W)
    return ppca_posterior(x, W, mu, sigma2)[0], M / sigma2


@misconception(
    "ppca_posterior", "covariance_without_noise", "The covariance is M⁻¹; the factor σ² in front is missing."
)
def _posterior_covariance_without_noise(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov / sigma2


@misconception("ppca_posterior", "std_before_inverse", "The covariance is σM⁻¹; the factor is the variance σ².")
def _posterior_std_before_inverse(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov / sigma2**0.5


@misconception("ppca_posterior", "not_centred", "μ is not subtracted from x.")
def _posterior_not_centred(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, torch.zeros_like(mu), sigma2)


@misconception("ppca_posterior", "std_for_variance", "σ stands where the variance σ² belongs.")
def _posterior_std_for_variance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, mu, sigma2**0.5)


@misconception(
    "ppca_posterior", "noise_missing_in_M", "M is WᵀW without σ²I: that is ordinary PCA, which forgets the prior on z."
)
def _posterior_noise_missing_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    inverse = torch.linalg.inv(W.mT @ W)
    return (x - mu) @ W @ inverse, sigma2 * inverse


@misconception("ppca_posterior", "identity_in_M", "M is WᵀW + I; the identity must be multiplied by σ².")
def _posterior_identity_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, 1.0)
    return mean, sigma2 * cov


@misconception(
    "ppca_posterior", "inverse_missing_in_mean", "The mean is Wᵀ(x − μ); the factor M⁻¹ in front is missing."
)
def _posterior_inverse_missing_in_mean(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return (x - mu) @ W, ppca_posterior(x, W, mu, sigma2)[1]


@misconception(
    "ppca_posterior", "covariance_in_mean", "The mean is multiplied by the covariance σ²M⁻¹; M⁻¹ alone is right."
)
def _posterior_covariance_in_mean(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return sigma2 * mean, cov


@misconception("ppca_log_likelihood", "log_2pi_missing", "The constant −(D/2) log 2π is missing.")
def _likelihood_log_2pi_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * W.shape[0] * LOG_2PI


@misconception(
    "ppca_log_likelihood", "log_2pi_once", "The constant −½ log 2π is there once, but each of the D dimensions has one."
)
def _likelihood_log_2pi_once(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (W.shape[0] - 1) * LOG_2PI


@misconception(
    "ppca_log_likelihood",
    "latent_dimension_in_constant",
    "The constant is −(M/2) log 2π; x has D dimensions, so it is −(D/2) log 2π.",
)
def _likelihood_latent_dimension_in_constant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) + 0.5 * (W.shape[0] - W.shape[1]) * LOG_2PI


def _likelihood(X: Tensor, C: Tensor, mu: Tensor, log_det: float, mahalanobis: float) -> Tensor:
    quadratic: Tensor = ((X - mu) * torch.linalg.solve(C, (X - mu).mT).mT).sum(-1)
    return -0.5 * (len(C) * LOG_2PI + log_det * torch.logdet(C) + mahalanobis * quadratic)


@misconception("ppca_log_likelihood", "log_det_missing", "The term −½ log|C| is missing.")
def _likelihood_log_det_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _likelihood(X, ppca_marginal(W, mu, sigma2)[1], mu, log_det=0, mahalanobis=1)


@misconception("ppca_log_likelihood", "half_of_log_det_missing", "The factor ½ in front of log|C| is missing.")
def _likelihood_half_of_log_det_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _likelihood(X, ppca_marginal(W, mu, sigma2)[1], mu, log_det=2, mahalanobis=1)


@misconception(
    "ppca_log_likelihood", "half_of_mahalanobis_missing", "The factor ½ in front of (x − μ)ᵀC⁻¹(x − μ) is missing."
)
def _likelihood_half_of_mahalanobis_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return _likelihood(X, ppca_marginal(W, mu, sigma2)[1], mu, log_det=1, mahalanobis=2)


@misconception(
    "ppca_log_likelihood",
    "log_of_determinant",
    "log(det C) is computed from the determinant itself, which underflows to 0 (or overflows) in high dimension.",
)
def _likelihood_log_of_determinant(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = ppca_marginal(W, mu, sigma2)[1]
    return _likelihood(X, C, mu, log_det=0, mahalanobis=1) - 0.5 * torch.log(torch.linalg.det(C))


@misconception("ppca_log_likelihood", "not_centred", "μ is not subtracted from the data.")
def _likelihood_not_centred(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, torch.zeros_like(mu), sigma2)


@misconception("ppca_log_likelihood", "std_for_variance", "σ stands where the variance σ² belongs.")
def _likelihood_std_for_variance(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2**0.5)


@misconception("ppca_log_likelihood", "loadings_missing", "The covariance is σ²I alone; WWᵀ is missing.")
def _likelihood_loadings_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, torch.zeros_like(W), mu, sigma2)


@misconception(
    "ppca_log_likelihood",
    "conditional_on_posterior_mean",
    "This is log p(x | z) at the posterior mean of z; for log p(x) the latent variable has to be integrated out.",
)
def _likelihood_conditional_on_posterior_mean(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    z, _ = ppca_posterior(X, W, mu, sigma2)
    return ppca_log_likelihood(X - z @ W.mT, torch.zeros_like(W), mu, sigma2)


@misconception(
    "ppca_log_likelihood",
    "determinant_lemma_exponent",
    "In the determinant lemma |C| = σ^{2(D − M)} |M| the exponent is 2(D − M), not 2D.",
)
def _likelihood_determinant_lemma_exponent(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) - 0.5 * W.shape[1] * _log(sigma2, W)


@misconception(
    "ppca_log_likelihood", "inverse_missing", "The quadratic form uses the covariance C; it needs its inverse."
)
def _likelihood_inverse_missing(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = ppca_marginal(W, mu, sigma2)[1]
    quadratic = ((X - mu) @ C * (X - mu)).sum(-1)
    return _likelihood(X, C, mu, log_det=1, mahalanobis=0) - 0.5 * quadratic


@misconception(
    "ppca_log_likelihood", "per_dimension", "The result is divided by D; log p(x) of a whole data point is asked for."
)
def _likelihood_per_dimension(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2) / W.shape[0]


@misconception(
    "ppca_log_likelihood", "averaged_over_data", "The data points are averaged; one value per data point is asked for."
)
def _likelihood_averaged_over_data(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2).mean().expand(len(X))


@misconception("ppca_log_likelihood", "sign", "The sign is reversed: this is the negative log-likelihood.")
def _likelihood_sign(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return -ppca_log_likelihood(X, W, mu, sigma2)


def _spectrum(cov: Tensor) -> tuple[Tensor, Tensor]:
    eigenvalues, eigenvectors = torch.linalg.eigh(cov)
    return eigenvalues.flip(0), eigenvectors.flip(1)  # in descending order


def _covariance(X: Tensor) -> Tensor:
    return torch.cov(X.mT, correction=0)


def _fit(eigenvalues: Tensor, eigenvectors: Tensor, n: int, sigma2: Tensor) -> Tensor:
    return eigenvectors[:, :n] * (eigenvalues[:n] - sigma2).clamp(min=0).sqrt()


@misconception(
    "ppca_fit", "unbiased_covariance", "The covariance is divided by N − 1; maximum likelihood divides by N."
)
def _fit_unbiased_covariance(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(torch.cov(X.mT))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception(
    "ppca_fit",
    "scatter_for_covariance",
    "Squared singular values are used without dividing by N, so that σ² doubles when the data are listed twice.",
)
def _fit_scatter_for_covariance(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X) * len(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception(
    "ppca_fit", "loadings_not_scaled", "W holds the bare eigenvectors; each must be multiplied by √(λ − σ²)."
)
def _fit_loadings_not_scaled(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    return U[:, :n_components], X.mean(0), eigenvalues[n_components:].mean()


@misconception(
    "ppca_fit", "noise_not_subtracted", "The eigenvectors are multiplied by √λ; σ² must be subtracted first, √(λ − σ²)."
)
def _fit_noise_not_subtracted(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, torch.zeros_like(sigma2)), X.mean(0), sigma2


@misconception(
    "ppca_fit", "root_missing", "The eigenvectors are multiplied by λ − σ²; the square root of it is missing."
)
def _fit_root_missing(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return U[:, :n_components] * (eigenvalues[:n_components] - sigma2), X.mean(0), sigma2


@misconception("ppca_fit", "not_centred", "The data are not centred before the eigenvectors are computed.")
def _fit_not_centred(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(X.mT @ X / len(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception("ppca_fit", "zero_mean", "μ is returned as zero; it is the mean of the data.")
def _fit_zero_mean(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W, torch.zeros_like(mu), sigma2


@misconception("ppca_fit", "sum_of_discarded", "σ² is the sum of the discarded eigenvalues; it is their mean.")
def _fit_sum_of_discarded(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].sum()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception(
    "ppca_fit",
    "divided_by_all_dimensions",
    "The discarded eigenvalues are summed and divided by D; there are D − M of them.",
)
def _fit_divided_by_all_dimensions(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].sum() / X.shape[1]
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception(
    "ppca_fit", "mean_of_kept", "σ² is the mean of the kept eigenvalues; it is the mean of the discarded ones."
)
def _fit_mean_of_kept(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[:n_components].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception("ppca_fit", "mean_of_all", "σ² is the mean of all eigenvalues; only the discarded ones count as noise.")
def _fit_mean_of_all(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues.mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@misconception(
    "ppca_fit",
    "smallest_kept",
    "The eigenvectors of the smallest eigenvalues are kept: `eigh` sorts them in ascending order.",
)
def _fit_smallest_kept(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = torch.linalg.eigh(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return U[:, :n_components] * (eigenvalues[:n_components] - sigma2).abs().sqrt(), X.mean(0), sigma2


@misconception(
    "ppca_fit", "rows_for_columns", "The rows of the matrix of eigenvectors are used; the eigenvectors are its columns."
)
def _fit_rows_for_columns(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U.mT, n_components, sigma2), X.mean(0), sigma2


@misconception("ppca_fit", "std_returned", "σ is returned; σ² is asked for.")
def _fit_std_returned(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W, mu, sigma2**0.5


@misconception(
    "ppca_fit", "standardised", "The data are divided by their standard deviations; PPCA models the data as they are."
)
def _fit_standardised(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, _, sigma2 = ppca_fit((X - X.mean(0)) / X.std(0, correction=0), n_components)
    return W, X.mean(0), sigma2
