"""What is held against the checks of `ppca_posterior`."""

import torch
from torch import Tensor

from autograder.authoring.candidates import graded, right, wrong
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


@wrong("variance_squared", "`sigma2` is squared once more; it is σ² already.", severity="slip")
def _variance_squared(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, mu, sigma2**2)


@wrong("std_in_M", "σ stands in M where the variance σ² belongs.", severity="slip")
def _std_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2**0.5)
    return mean, sigma2**0.5 * cov


@wrong("noise_subtracted_in_M", "M is WᵀW − σ²I; the noise must be added.", severity="slip")
def _noise_subtracted_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, -sigma2)
    return mean, -cov


@wrong("noise_everywhere_in_M", "σ² is added to every entry of WᵀW; it belongs on the diagonal only.", severity="slip")
def _noise_everywhere_in_m(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    inverse = torch.linalg.inv(W.mT @ W + sigma2)
    return (x - mu) @ W @ inverse.mT, sigma2 * inverse


@wrong(
    "noise_missing_in_mean",
    "The mean uses (WᵀW)⁻¹; the noise σ²I belongs to M there as well as in the covariance.",
    severity="slip",
    credit=0.5,
)
def _noise_missing_in_mean(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    _, cov = ppca_posterior(x, W, mu, sigma2)
    return torch.linalg.solve(W.mT @ W, W.mT @ (x - mu).mT).mT, cov


@wrong(
    "noise_missing_in_covariance",
    "The covariance is σ²(WᵀW)⁻¹; the noise σ²I belongs to M there as well as in the mean.",
    severity="slip",
)
def _noise_missing_in_covariance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, _ = ppca_posterior(x, W, mu, sigma2)
    return mean, sigma2 * torch.linalg.inv(W.mT @ W)


@wrong(
    "noise_squared_in_covariance", "The covariance is σ⁴M⁻¹; it is multiplied by σ² once too often.", severity="slip"
)
def _noise_squared_in_covariance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, sigma2 * cov


@wrong(
    "covariance_divided_by_noise",
    "The covariance is σ⁻²M⁻¹; M⁻¹ is multiplied by σ², not divided by it.",
    severity="slip",
)
def _covariance_divided_by_noise(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov / sigma2**2


@wrong("inverse_missing_in_covariance", "The covariance is σ²M; M must be inverted, σ²M⁻¹.", severity="slip")
def _inverse_missing_in_covariance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, sigma2**2 * torch.linalg.inv(cov)


@wrong("M_as_covariance", "The covariance is M itself; it is σ²M⁻¹.", severity="slip")
def _m_as_covariance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, sigma2 * torch.linalg.inv(cov)


@wrong(
    "elementwise_inverse",
    "M is inverted entry by entry (`1 / M`, `M**-1`); its matrix inverse is needed.",
    severity="slip",
    credit=0.5,
)
def _elementwise_inverse(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    inverse = 1 / (W.mT @ W + sigma2 * eye(W.shape[1], W))
    return (x - mu) @ W @ inverse.mT, sigma2 * inverse


@wrong("mean_divided_by_noise", "The mean is divided by σ²; M⁻¹Wᵀ(x − μ) is all of it.", severity="slip")
def _mean_divided_by_noise(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean / sigma2, cov


@wrong("mean_sign", "The sign of the mean is reversed: μ is subtracted from x, not x from μ.", severity="slip")
def _mean_sign(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return -mean, cov


@wrong("mu_added", "μ is added to x; it must be subtracted.", severity="slip")
def _mu_added(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, -mu, sigma2)


@wrong(
    "centred_with_data_mean",
    "x is centred with its own average over the batch; the mean of the model, μ, must be subtracted.",
    severity="slip",
)
def _centred_with_data_mean(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x, W, x.mean(0), sigma2)


@wrong(
    "reconstruction",
    "The mean is mapped back to the data space, Wm + μ; the mean of z itself is asked for.",
    severity="slip",
    credit=0.5,
)
def _reconstruction(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean @ W.mT + mu, cov


@wrong("mean_of_prior", "The mean is zero as in the prior; x must move it, M⁻¹Wᵀ(x − μ).", severity="gap")
def _mean_of_prior(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return torch.zeros_like(mean), cov


@wrong(
    "covariance_of_prior", "The covariance is I as in the prior; knowing x makes it σ²M⁻¹.", severity="gap", credit=0.5
)
def _covariance_of_prior(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, torch.eye(len(cov), dtype=cov.dtype, device=cov.device)


@wrong(
    "noise_covariance",
    "The covariance is σ²I, that of the noise; that of z given x is σ²M⁻¹.",
    severity="gap",
    credit=0.5,
)
def _noise_covariance(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, sigma2 * torch.eye(len(cov), dtype=cov.dtype, device=cov.device)


@wrong(
    "diagonal_only",
    "Only the diagonal of the covariance is kept; the latent variables are correlated.",
    severity="slip",
)
def _diagonal_only(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, torch.diag(cov.diagonal())


@wrong(
    "covariance_of_data_size",
    "The covariance is built from WWᵀ (D × D); that of z is M × M, σ²(WᵀW + σ²I)⁻¹.",
    severity="slip",
    credit=0.5,
)
def _covariance_of_data_size(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, _ = ppca_posterior(x, W, mu, sigma2)
    return mean, sigma2 * torch.linalg.inv(W @ W.mT + sigma2 * eye(len(W), W))


@wrong(
    "covariance_for_each_point",
    "The covariance is repeated for every data point; one of shape (M, M) is common to all.",
    severity="form",
)
def _covariance_for_each_point(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov.expand(len(x), *cov.shape)


@wrong(
    "cholesky_factor",
    "The Cholesky factor of the covariance is returned; the covariance is asked for.",
    severity="slip",
)
def _cholesky_factor(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, torch.linalg.cholesky(cov)


@wrong("detached", "The result is cut from the graph, so no gradient reaches x and W.", severity="slip", credit=0.75)
def _detached(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    return ppca_posterior(x.detach(), W.detach(), mu, sigma2)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("diagonal_only")
def _vector_of_variances(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean, cov.diagonal()


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


@wrong("elementwise_inverse", rewritten=True)
def _minus_first_power(x, W, mu, sigma2):
    M = torch.einsum("dm,dk->mk", W, W) + sigma2 * torch.eye(W.shape[1], dtype=W.dtype)
    return torch.einsum("mk,dk,bd->bm", M**-1, W, x - mu), sigma2 * M**-1


@wrong("covariance_of_data_size", rewritten=True)
def _by_the_marginal(x, W, mu, sigma2):
    C_inv = torch.inverse(W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype))
    return (x - mu) @ C_inv @ W, sigma2 * C_inv


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _noise_shrinks_with_the_latents(x, W, mu, sigma2):
    """Every latent dimension has a noise of its own, which nobody asked for."""
    noise = float(sigma2) / torch.arange(1, W.shape[1] + 1, dtype=W.dtype)
    inverse = torch.linalg.inv(W.T @ W + torch.diag(noise))
    return (x - mu) @ W @ inverse, sigma2 * inverse


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "x is not centred; the covariance is right.")
def _x_as_it_is(x, W, mu, sigma2):
    M = W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype)
    M_inv = torch.linalg.inv(M)
    mean = x @ W @ M_inv.T
    return mean, sigma2 * M_inv


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
