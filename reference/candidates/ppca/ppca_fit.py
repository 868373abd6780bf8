"""What is held against the checks of `ppca_fit`."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates.ppca._helpers import eye
from reference.ppca import ppca_fit

Variance = float | Tensor


# ------------------------------------------------------------------------------------------------------- named mistakes


def _fit(eigenvalues: Tensor, eigenvectors: Tensor, n: int, sigma2: Tensor) -> Tensor:
    return eigenvectors[:, :n] * (eigenvalues[:n] - sigma2).clamp(min=0).sqrt()


Fit = tuple[Tensor, Tensor, Variance]


def _eigenvalues(W: Tensor, sigma2: Variance) -> Tensor:
    """The eigenvalues that belong to the columns of W, which have the squared length λ − σ²."""
    return (W**2).sum(0) + sigma2


def _rescaled(fit: Fit, scale: Callable[[Tensor, Tensor], Tensor]) -> Fit:
    """The eigenvectors times `scale(λ, σ²)`."""
    W, mu, sigma2 = fit
    return (
        W / (W**2).sum(0).sqrt().clamp(min=1e-12) * scale(_eigenvalues(W, sigma2), torch.as_tensor(sigma2)),
        mu,
        sigma2,
    )


def _with_noise(fit: Fit, n_discarded: int, noise: Callable[[Tensor, Tensor], Tensor]) -> Fit:
    """The fit with `noise(λ, the sum of the discarded eigenvalues)` for σ²."""
    W, _, sigma2 = fit
    other = noise(_eigenvalues(W, sigma2), torch.as_tensor(sigma2) * n_discarded)
    W, mu, _ = _rescaled(fit, lambda kept, sigma2: (kept - other).clamp(min=0).sqrt())
    return W, mu, other


def _with_covariance_times(fit: Fit, factor: float) -> Fit:
    W, mu, sigma2 = fit
    return W * factor**0.5, mu, sigma2 * factor


def _spectrum(cov: Tensor) -> tuple[Tensor, Tensor]:
    eigenvalues, eigenvectors = torch.linalg.eigh(cov)
    return eigenvalues.flip(0), eigenvectors.flip(1)  # in descending order


def _covariance(X: Tensor) -> Tensor:
    return torch.cov(X.mT, correction=0)


@wrong("unbiased_covariance", "The covariance is divided by N − 1; maximum likelihood divides by N.", severity="form")
def _unbiased_covariance(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_covariance_times(ppca_fit(X, n_components), len(X) / (len(X) - 1))


@wrong(
    "scatter_for_covariance",
    "Squared singular values are used without dividing by N, so that σ² doubles when the data are listed twice.",
    severity="slip",
)
def _scatter_for_covariance(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_covariance_times(ppca_fit(X, n_components), len(X))


@wrong(
    "loadings_not_scaled",
    "W holds the bare eigenvectors; each must be multiplied by √(λ − σ²).",
    severity="slip",
    credit=0.5,
)
def _loadings_not_scaled(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: torch.ones_like(kept))


@wrong(
    "noise_not_subtracted",
    "The eigenvectors are multiplied by √λ; σ² must be subtracted first, √(λ − σ²).",
    severity="slip",
)
def _noise_not_subtracted(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: kept.sqrt())


@wrong("root_missing", "The eigenvectors are multiplied by λ − σ²; the square root of it is missing.", severity="slip")
def _root_missing(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: kept - sigma2)


@wrong("not_centred", "The data are not centred before the eigenvectors are computed.", severity="slip", credit=0.5)
def _not_centred(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, _, sigma2 = ppca_fit(torch.cat([X, -X]), n_components)
    return W, X.mean(0), sigma2


@wrong("zero_mean", "μ is returned as zero; it is the mean of the data.", severity="slip")
def _zero_mean(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W, torch.zeros_like(mu), sigma2


@wrong("sum_of_discarded", "σ² is the sum of the discarded eigenvalues; it is their mean.", severity="slip")
def _sum_of_discarded(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: rest)


@wrong(
    "divided_by_all_dimensions",
    "The discarded eigenvalues are summed and divided by D; there are D − M of them.",
    severity="slip",
    credit=0.7,
)
def _divided_by_all_dimensions(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: rest / X.shape[1])


@wrong(
    "mean_of_kept",
    "σ² is the mean of the kept eigenvalues; it is the mean of the discarded ones.",
    severity="slip",
    credit=0.5,
)
def _mean_of_kept(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: kept.mean())


@wrong("mean_of_all", "σ² is the mean of all eigenvalues; only the discarded ones count as noise.", severity="slip")
def _mean_of_all(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(
        ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: (kept.sum() + rest) / X.shape[1]
    )


@wrong(
    "smallest_kept",
    "The eigenvectors of the smallest eigenvalues are kept: `eigh` sorts them in ascending order.",
    severity="gap",
)
def _smallest_kept(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = torch.linalg.eigh(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return U[:, :n_components] * (eigenvalues[:n_components] - sigma2).abs().sqrt(), X.mean(0), sigma2


@wrong(
    "rows_for_columns",
    "The rows of the matrix of eigenvectors are used; the eigenvectors are its columns.",
    severity="slip",
)
def _rows_for_columns(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U.mT, n_components, sigma2), X.mean(0), sigma2


@wrong("std_returned", "σ is returned; σ² is asked for.", severity="slip", credit=0.75)
def _std_returned(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W, mu, sigma2**0.5


@wrong(
    "standardised",
    "The data are divided by their standard deviations; PPCA models the data as they are.",
    severity="slip",
    credit=0.5,
)
def _standardised(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, _, sigma2 = ppca_fit((X - X.mean(0)) / X.std(0, correction=0), n_components)
    return W, X.mean(0), sigma2


@wrong("loadings_transposed", "W has shape (M, D); its columns should be the factors, shape (D, M).", severity="form")
def _loadings_transposed(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W.mT, mu, sigma2


@wrong(
    "eigenvectors_not_reordered",
    "The eigenvalues are sorted in descending order, but the eigenvectors stay as `eigh` returns them: sort both alike.",
    severity="slip",
    credit=0.5,
)
def _eigenvectors_not_reordered(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U.flip(1), n_components, sigma2), X.mean(0), sigma2


@wrong(
    "scales_in_reverse",
    "Every eigenvector is multiplied by the √(λ − σ²) of another: eigenvalues and eigenvectors are in opposite orders.",
    severity="slip",
)
def _scales_in_reverse(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: (kept - sigma2).clamp(min=0).sqrt().flip(0))


@wrong("noise_added", "The eigenvectors are multiplied by √(λ + σ²); σ² must be subtracted.", severity="slip")
def _noise_added(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: (kept + sigma2).sqrt())


@wrong(
    "std_subtracted",
    "The eigenvectors are multiplied by √(λ − σ); it is the variance σ² that is subtracted.",
    severity="slip",
)
def _std_subtracted(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: (kept - sigma2.sqrt()).clamp(min=0).sqrt())


@wrong(
    "roots_subtracted",
    "The eigenvectors are multiplied by √λ − σ; the root is taken of the difference, √(λ − σ²).",
    severity="slip",
)
def _roots_subtracted(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: kept.sqrt() - sigma2.sqrt())


@wrong("scaled_by_eigenvalues", "The eigenvectors are multiplied by λ; it is √(λ − σ²).", severity="slip", credit=0.5)
def _scaled_by_eigenvalues(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: kept)


@wrong(
    "divided_by_scale",
    "The eigenvectors are divided by √(λ − σ²), as in whitening; they are multiplied by it.",
    severity="slip",
)
def _divided_by_scale(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _rescaled(ppca_fit(X, n_components), lambda kept, sigma2: (kept - sigma2).clamp(min=1e-12).rsqrt())


@wrong(
    "one_discarded_eigenvalue",
    "σ² is one of the discarded eigenvalues; it is the mean of all of them.",
    severity="slip",
)
def _one_discarded_eigenvalue(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[-1]
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong(
    "noise_from_one_too_many",
    "The discarded eigenvalues begin one place too early: the smallest that is kept is counted as noise as well.",
    severity="slip",
    credit=0.7,
)
def _noise_from_one_too_many(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(
        ppca_fit(X, n_components),
        X.shape[1] - n_components,
        lambda kept, rest: (kept.min() + rest) / (X.shape[1] - n_components + 1),
    )


@wrong(
    "noise_from_one_too_few",
    "The discarded eigenvalues begin one place too late: the largest of them is left out of σ².",
    severity="slip",
    credit=0.7,
)
def _noise_from_one_too_few(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components + 1 :].sum() / max(1, X.shape[1] - n_components - 1)
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong(
    "divided_by_latents",
    "The discarded eigenvalues are summed and divided by M; there are D − M of them.",
    severity="slip",
    credit=0.7,
)
def _divided_by_latents(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: rest / n_components)


@wrong(
    "divided_by_data_points",
    "The discarded eigenvalues are summed and divided by N; there are D − M of them.",
    severity="slip",
    credit=0.7,
)
def _divided_by_data_points(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: rest / len(X))


@wrong(
    "mean_of_roots",
    "σ² is the squared mean of the roots of the discarded eigenvalues; the eigenvalues themselves are averaged.",
    severity="slip",
    credit=0.7,
)
def _mean_of_roots(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].clamp(min=0).sqrt().mean() ** 2
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong(
    "no_noise",
    "There is no noise in this model (σ² = 0): ordinary PCA; σ² is the mean of the discarded eigenvalues.",
    severity="gap",
)
def _no_noise(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_noise(ppca_fit(X, n_components), X.shape[1] - n_components, lambda kept, rest: 0 * rest)


@wrong(
    "covariance_over_dimensions",
    "The covariance is divided by the number of dimensions D; it is an average over the N data points.",
    severity="slip",
)
def _covariance_over_dimensions(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    return _with_covariance_times(ppca_fit(X, n_components), len(X) / X.shape[1])


@wrong(
    "singular_values_for_eigenvalues",
    "Singular values of the data are taken for eigenvalues of the covariance; these are their squares divided by N.",
    severity="slip",
)
def _singular_values_for_eigenvalues(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X) * len(X))
    eigenvalues = eigenvalues.clamp(min=0).sqrt()
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong(
    "zero_eigenvalues_left_out",
    "With no more points than dimensions some eigenvalues of the covariance are 0, and `svd` leaves them out; σ² averages all that are "
    "discarded, D − M of them.",
    severity="slip",
    credit=0.8,
)
def _zero_eigenvalues_left_out(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, _, V = _thin(X)
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, V, n_components, sigma2), X.mean(0), sigma2


def _thin(X: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """No more eigenvalues than there are points, and the left and the right singular vectors as columns."""
    U, s, Vh = torch.linalg.svd(X - X.mean(0), full_matrices=False)
    return s**2 / len(X), U, Vh.mT


@wrong(
    "left_singular_vectors",
    "The left singular vectors are used, one entry per data point; the right ones, one entry per dimension, are the eigenvectors.",
    severity="slip",
    credit=0.5,
)
def _left_singular_vectors(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U, _ = _thin(X)
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong(
    "scores_returned",
    "The data projected on the leading eigenvectors are returned in place of W, which maps the latent space to the data.",
    severity="gap",
)
def _scores_returned(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    return (X - X.mean(0)) @ U[:, :n_components], X.mean(0), sigma2


@wrong(
    "one_mean_for_all",
    "μ is one number, the mean of all entries; every dimension has a mean of its own.",
    severity="slip",
    credit=0.5,
)
def _one_mean_for_all(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    centred = X - X.mean()
    eigenvalues, U = _spectrum(centred.mT @ centred / len(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean().expand(X.shape[1]).clone(), sigma2


@wrong(
    "mean_over_dimensions",
    "Every data point is centred with the mean of its own entries; μ is the mean over the data points.",
    severity="slip",
    credit=0.5,
)
def _mean_over_dimensions(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    centred = X - X.mean(1, keepdim=True)
    eigenvalues, U = _spectrum(centred.mT @ centred / len(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(1), sigma2


@wrong("precision_returned", "1/σ² is returned; σ² is asked for.", severity="slip", credit=0.75)
def _precision_returned(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W, mu, 1 / sigma2


# -------------------------------------------------------------------------------------------------- other forms of them


def _smallest(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    eigenvalues, U = torch.linalg.eigh(torch.cov(X.mT, correction=0))
    return eigenvalues[:n_components], U[:, :n_components], X.mean(0), eigenvalues[n_components:].mean()


@wrong("smallest_kept")
def _smallest_kept_and_clamped(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    kept, U, mu, sigma2 = _smallest(X, n_components)
    return U * (kept - sigma2).clamp(min=0).sqrt(), mu, sigma2


@wrong("smallest_kept")
def _smallest_kept_and_not_a_number(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    kept, U, mu, sigma2 = _smallest(X, n_components)
    return U * (kept - sigma2).sqrt(), mu, sigma2


@wrong("mean_of_kept")
def _mean_of_kept_and_not_a_number(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = torch.linalg.eigh(torch.cov(X.mT, correction=0))
    kept = eigenvalues[-n_components:]
    return U[:, -n_components:] * (kept - kept.mean()).sqrt(), X.mean(0), kept.mean()


@wrong("one_discarded_eigenvalue")
def _largest_discarded(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components]
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong("noise_from_one_too_few")
def _mean_of_nothing(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where D − M = 1 nothing is left to average."""
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components + 1 :].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong("singular_values_for_eigenvalues")
def _singular_values_over_n(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X) * len(X))
    eigenvalues = eigenvalues.clamp(min=0).sqrt() / len(X)
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong("singular_values_for_eigenvalues")
def _standard_deviations(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = _spectrum(_covariance(X))
    eigenvalues = eigenvalues.clamp(min=0).sqrt()
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(0), sigma2


@wrong("one_mean_for_all")
def _mean_of_all_entries(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same, returned as the number that it is."""
    centred = X - X.mean()
    eigenvalues, U = _spectrum(centred.mT @ centred / len(X))
    sigma2 = eigenvalues[n_components:].mean()
    return _fit(eigenvalues, U, n_components, sigma2), X.mean(), sigma2


@wrong("eigenvectors_not_reordered")
def _scales_not_a_number(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    """The other way round: eigenvectors in descending order, eigenvalues in ascending order."""
    eigenvalues, U = _spectrum(_covariance(X))
    sigma2 = eigenvalues[n_components:].mean()
    scales = (eigenvalues.flip(0)[:n_components] - sigma2).sqrt()
    return U[:, :n_components] * scales, X.mean(0), sigma2


# ------------------------------------------------------------------------------------------------------- in other words


def _fitted(W, mu, sigma2, like):
    return (torch.as_tensor(part, dtype=like.dtype) for part in (np.asarray(W), np.asarray(mu), np.asarray(sigma2)))


def _rotation(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


@wrong("unbiased_covariance", rewritten=True)
def _svd_and_rotation(X, n_components):
    data = X.numpy()
    mu = data.mean(0)
    _, s, vt = np.linalg.svd(data - mu, full_matrices=True)
    values = np.zeros(data.shape[1])
    values[: len(s)] = s**2 / (len(data) - 1)
    sigma2 = values[n_components:].mean()
    W = vt[:n_components].T * np.sqrt(values[:n_components] - sigma2)
    return tuple(_fitted(W @ _rotation(n_components, 1), mu, sigma2, X))


@wrong("loadings_not_scaled", rewritten=True)
def _numpy_eigenvectors(X, n_components):
    values, vectors = np.linalg.eigh(np.cov(X.numpy(), rowvar=False, bias=True))
    order = np.argsort(values)[::-1]
    W = -vectors[:, order[:n_components]]
    return tuple(_fitted(W, X.numpy().mean(0), values[order[n_components:]].mean(), X))


@wrong("sum_of_discarded", rewritten=True)
def _pca_lowrank(X, n_components):
    centred = X - X.mean(0, keepdim=True)
    _, S, V = torch.linalg.svd(centred, full_matrices=False)
    values = S.square() / X.shape[0]
    sigma2 = values[n_components:].sum()
    W = V.mT[:, :n_components] @ torch.diag((values[:n_components] - sigma2).sqrt())
    return W.flip(1), X.mean(0), sigma2


@wrong("noise_not_subtracted", rewritten=True)
def _singular_values_as_loadings(X, n_components):
    centred = (X - X.mean(0)).numpy()
    _, S, Vt = np.linalg.svd(centred / math.sqrt(len(X)), full_matrices=False)
    W = Vt.T[:, :n_components] * S[:n_components] * -1
    total = np.trace(centred.T @ centred) / len(X)
    sigma2 = (total - (S[:n_components] ** 2).sum()) / (X.shape[1] - n_components)
    return tuple(_fitted(W, X.numpy().mean(0), sigma2, X))


@wrong("standardised", rewritten=True)
def _correlation_matrix(X, n_components):
    values, vectors = torch.linalg.eigh(torch.corrcoef(X.T))
    sigma2 = values[:-n_components].mean()
    W = vectors[:, -n_components:] * torch.sqrt(values[-n_components:] - sigma2)
    return W @ torch.as_tensor(_rotation(n_components, 5), dtype=X.dtype), X.mean(dim=0), sigma2


@wrong("not_centred", rewritten=True)
def _orthogonal_iteration(X, n_components):
    """An iterative fit: repeated multiplication by the second moments of the raw data."""
    N, D = X.shape
    S = np.einsum("nd,ne->de", X.double().numpy(), X.double().numpy()) / N
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(D, n_components)))[0]
    for _ in range(300):
        Q, R = np.linalg.qr(S @ Q)
    values = np.abs(np.diag(R))
    sigma2 = (np.trace(S) - values.sum()) / (D - n_components)
    return tuple(
        _fitted(Q * np.sqrt(values - sigma2) @ _rotation(n_components, 2), X.double().numpy().mean(0), sigma2, X)
    )


@wrong("scatter_for_covariance", rewritten=True)
def _scatter_matrix(X, n_components):
    mu = torch.einsum("nd->d", X) / len(X)
    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu))
    sigma2 = values[: X.shape[1] - n_components].mean()
    W = torch.einsum("dm,m->dm", vectors[:, -n_components:], (values[-n_components:] - sigma2) ** 0.5)
    return -W, mu, sigma2


@wrong("scales_in_reverse", rewritten=True)
def _sorted_after_the_fact(X, n_components):
    mu = X.mean(0)
    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu) / len(X))
    values = torch.sort(values, descending=True).values
    sigma2 = values[n_components:].mean()
    return vectors[:, -n_components:] @ torch.diag((values[:n_components] - sigma2).sqrt()), mu, sigma2


@wrong("singular_values_for_eigenvalues", rewritten=True)
def _singular_values_as_they_are(X, n_components):
    mu = X.mean(0)
    _, values, Vt = torch.linalg.svd(X - mu, full_matrices=False)
    sigma2 = values[n_components:].sum() / (X.shape[1] - n_components)
    return Vt[:n_components].T * (values[:n_components] - sigma2).sqrt(), mu, sigma2


@wrong("left_singular_vectors", rewritten=True)
def _u_of_numpy(X, n_components):
    mu = X.numpy().mean(0)
    U, s, _ = np.linalg.svd(X.numpy() - mu, full_matrices=False)
    values = s**2 / len(X)
    sigma2 = values[n_components:].mean()
    return tuple(_fitted(U[:, :n_components] * np.sqrt(values[:n_components] - sigma2), mu, sigma2, X))


@wrong("loadings_transposed", rewritten=True)
def _components_as_scikit_learn_has_them(X, n_components):
    mu = X.mean(0)
    _, s, Vt = torch.linalg.svd(X - mu, full_matrices=False)
    values = s**2 / len(X)
    sigma2 = values[n_components:].sum() / (X.shape[1] - n_components)
    return torch.diag((values[:n_components] - sigma2).sqrt()) @ Vt[:n_components], mu, sigma2


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _geometric_mean(X, n_components):
    values, vectors = torch.linalg.eigh(torch.cov(X.T, correction=0))
    sigma2 = values[:-n_components].clamp(min=1e-12).log().mean().exp() / 2
    return vectors[:, -n_components:] * (values[-n_components:] - sigma2).sqrt(), X.mean(0), sigma2


@wrong()
def _first_column_alone(X, n_components):
    """All columns of W are the first one."""
    values, vectors = torch.linalg.eigh(torch.cov(X.T, correction=0))
    sigma2 = values[:-n_components].mean()
    first = vectors[:, -1:] * (values[-1] - sigma2).sqrt() * 1.1
    return first.repeat(1, n_components), X.mean(0), sigma2


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.85, "1/(N − 1) for 1/N; the method is right.")
def _with_torch_cov(X, n_components):
    mu = X.mean(dim=0)
    S = torch.cov((X - mu).T)
    evals, evecs = torch.linalg.eigh(S)
    order = torch.argsort(evals, descending=True)
    evals, evecs = evals[order], evecs[:, order]
    sigma2 = evals[n_components:].mean()
    W = evecs[:, :n_components] @ torch.diag(torch.sqrt(evals[:n_components] - sigma2))
    return W, mu, sigma2


# -------------------------------------------------------------------------------------------------------- right answers


@right("singular_values", "Singular value decomposition of the centred data.")
def _singular_values(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    N, D = X.shape
    mu = X.mean(0)
    _, s, Vh = torch.linalg.svd(X - mu, full_matrices=False)
    variances = s**2 / N
    sigma2 = variances[n_components:].sum() / (D - n_components)
    return Vh[:n_components].T @ torch.diag((variances[:n_components] - sigma2).clamp(min=0).sqrt()), mu, sigma2


@right("float_variance", "σ² from the trace, returned as a float.")
def _float_variance(data: Tensor, q: int) -> tuple[Tensor, Tensor, float]:
    mean = data.sum(0) / len(data)
    S = torch.einsum("nd,ne->de", data - mean, data - mean) / len(data)
    eigenvalues, U = torch.linalg.eigh(S)
    kept, U = eigenvalues.flip(0)[:q], U.flip(1)[:, :q]
    sigma2 = (torch.trace(S) - kept.sum()) / (len(S) - q)
    return U * (kept - sigma2).clamp(min=0).sqrt(), mean, float(sigma2)


@right("rotated", "The closed form followed by a random rotation of the latent space.")
def _rotated(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    W, mu, sigma2 = _singular_values(X, n_components)
    noise = torch.randn(n_components, n_components, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rotation, _ = torch.linalg.qr(noise)
    return W @ rotation.to(W), mu, sigma2


@right("expectation_maximisation", "EM on the covariance until the variance stands still, in float64.")
def _expectation_maximisation(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    D = X.shape[1]
    mu = X.mean(0)
    S = torch.cov(X.double().T, correction=0)
    W = torch.randn(D, n_components, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(S)
    W, sigma2 = W * torch.sqrt(torch.trace(S) / D), torch.trace(S) / D
    for _ in range(5000):
        M = W.T @ W + sigma2 * eye(n_components, S)
        A = torch.linalg.solve(M, W.T)  # M⁻¹Wᵀ
        W_new = S @ W @ torch.linalg.inv(sigma2 * eye(n_components, S) + A @ S @ W)
        sigma2 = torch.trace(S - S @ A.T @ W_new.T) / D
        step, W = torch.linalg.norm(W_new - W), W_new
        if step < 1e-9 * torch.linalg.norm(W):
            break
    return W.to(X.dtype), mu, sigma2.to(X.dtype)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_CLOSED_FORM = "The fit is a closed form or an iteration, in numpy if you like: nothing is differentiated through it."
EQUIVALENT = {
    "detach gradient: mu = X.mean(dim=0) -> mu = X.mean(dim=0).detach()": _CLOSED_FORM,
    "detach gradient: centred = X - mu -> centred = (X - mu).detach()": _CLOSED_FORM,
    "detach gradient: cov = centred.mT @ centred / N -> cov = (centred.mT @ centred / N).detach()": _CLOSED_FORM,
    "detach gradient: sigma2 = discarded.mean() -> sigma2 = discarded.mean().detach()": _CLOSED_FORM,
    "detach gradient: W = eigenvectors[:, D - n_components:] * torch.sqrt(...) "
    "-> W = (eigenvectors[:, D - n_components:] * torch.sqrt(...)).detach()": _CLOSED_FORM,
    "detach gradient: mu -> mu.detach()": _CLOSED_FORM,
    "detach gradient: sigma2 -> sigma2.detach()": _CLOSED_FORM,
}
