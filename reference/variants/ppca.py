"""Other right answers to the tasks of `ppca.py`."""

import math

import torch
from torch import Tensor
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal

from reference.variants import variant

Variance = float | Tensor


def _scalar(sigma2: Variance, like: Tensor) -> Tensor:
    return torch.as_tensor(sigma2, dtype=like.dtype, device=like.device)


def _eye(n: int, like: Tensor) -> Tensor:
    return torch.eye(n, dtype=like.dtype, device=like.device)


@variant("ppca_marginal", "einsum", "einsum and a diagonal matrix.")
def _marginal_einsum(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    noise = torch.diag(_scalar(sigma2, W).expand(W.shape[0]))
    return mu, torch.einsum("dm,em->de", W, W) + noise


@variant("ppca_marginal", "sum_of_outer_products", "A sum of outer products, one per latent dimension.")
def _marginal_sum_of_outer_products(weights: Tensor, mean: Tensor, variance: Variance) -> tuple[Tensor, Tensor]:
    cov = variance * _eye(len(weights), weights)
    for column in weights.T:
        cov = cov + torch.outer(column, column)
    return mean, cov


@variant("ppca_marginal", "joint_factor", "C = A Aᵀ with A = [W, σI].")
def _marginal_joint_factor(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    A = torch.cat([W, torch.sqrt(_scalar(sigma2, W)) * _eye(len(W), W)], dim=1)
    return mu.clone(), A @ A.T


@variant("ppca_marginal", "diagonal_in_place", "σ² is added in place to the diagonal of a fresh matrix.")
def _marginal_diagonal_in_place(W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    cov = torch.matmul(W, W.transpose(0, 1))
    cov.diagonal().add_(_scalar(sigma2, W))
    return 1 * mu, cov


@variant("ppca_posterior", "cholesky", "Cholesky factor of M and triangular solves.")
def _posterior_cholesky(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    L = torch.linalg.cholesky(W.T @ W + sigma2 * _eye(W.shape[1], W))
    mean = torch.cholesky_solve(((x - mu) @ W).T, L).T
    return mean, sigma2 * torch.cholesky_inverse(L)


@variant(
    "ppca_posterior", "conditioning", "Conditioning of the joint Gaussian on x, with the D × D inverse, in float64."
)
def _posterior_conditioning(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    V = W.double()
    gain = torch.linalg.solve(V @ V.T + _scalar(sigma2, V) * _eye(len(V), V), V).T  # WᵀC⁻¹
    return ((x - mu).double() @ gain.T).to(x.dtype), (_eye(V.shape[1], V) - gain @ V).to(x.dtype)


@variant("ppca_posterior", "precision_form", "Posterior precision I + WᵀW/σ².")
def _posterior_precision_form(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    cov = torch.linalg.inv(_eye(W.shape[1], W) + W.T @ W / sigma2)
    return torch.einsum("mk,dk,bd->bm", cov, W, x - mu) / sigma2, cov


@variant("ppca_posterior", "singular_values", "Singular value decomposition of W.")
def _posterior_singular_values(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    U, s, Vh = torch.linalg.svd(W, full_matrices=False)
    mean = ((x - mu) @ U * (s / (s**2 + sigma2))) @ Vh
    return mean, (Vh.T * (sigma2 / (s**2 + sigma2))) @ Vh


@variant("ppca_posterior", "ridge_regression", "The mean as least squares with σI stacked under W.")
def _posterior_ridge_regression(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    M = W.shape[1]
    stacked = torch.cat([W, torch.sqrt(_scalar(sigma2, W)) * _eye(M, W)])
    Q, R = torch.linalg.qr(stacked)
    target = torch.cat([x - mu, x.new_zeros(len(x), M)], dim=1)
    inverse = torch.linalg.solve_triangular(R, _eye(M, W), upper=True)
    return target @ Q @ inverse.T, sigma2 * inverse @ inverse.T


@variant("ppca_log_likelihood", "multivariate_normal", "torch.distributions with the D × D covariance.")
def _likelihood_multivariate_normal(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    C = W @ W.T + sigma2 * _eye(len(W), W)
    return MultivariateNormal(mu, C).log_prob(X)  # type: ignore[no-untyped-call, no-any-return]


@variant("ppca_log_likelihood", "low_rank", "torch.distributions' low-rank Gaussian.")
def _likelihood_low_rank(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    noise = _scalar(sigma2, W).expand(len(W))
    return LowRankMultivariateNormal(mu, W, noise).log_prob(X)  # type: ignore[no-untyped-call, no-any-return]


@variant("ppca_log_likelihood", "slogdet", "slogdet and solve with the D × D covariance.")
def _likelihood_slogdet(data: Tensor, W: Tensor, mean: Tensor, noise: Variance) -> Tensor:
    C = W @ W.T + noise * _eye(W.shape[0], W)
    _, log_det = torch.linalg.slogdet(2 * math.pi * C)
    diff = data - mean
    result: Tensor = -0.5 * (log_det + (diff.T * torch.linalg.solve(C, diff.T)).sum(0))
    return result


@variant("ppca_log_likelihood", "eigenbasis", "Independent coordinates in the eigenbasis of C.")
def _likelihood_eigenbasis(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    eigenvalues, U = torch.linalg.eigh(W @ W.T + sigma2 * _eye(len(W), W))
    coordinates = (X - mu) @ U
    result: Tensor = -0.5 * (torch.log(2 * math.pi * eigenvalues) + coordinates**2 / eigenvalues).sum(-1)
    return result


@variant("ppca_log_likelihood", "woodbury", "Woodbury's identity as in the books, in float64.")
def _likelihood_woodbury(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    V, diff, s2 = W.double(), (X - mu).double(), _scalar(sigma2, W.double())
    D, M = V.shape
    L = torch.linalg.cholesky(V.T @ V + s2 * _eye(M, V))
    projected = torch.linalg.solve_triangular(L, (diff @ V).T, upper=False)
    log_det = (D - M) * torch.log(s2) + 2 * torch.log(L.diagonal()).sum()
    quadratic = ((diff**2).sum(-1) - (projected**2).sum(0)) / s2
    result: Tensor = (-0.5 * (D * math.log(2 * math.pi) + log_det + quadratic)).to(X.dtype)
    return result


@variant("ppca_fit", "singular_values", "Singular value decomposition of the centred data.")
def _fit_singular_values(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    N, D = X.shape
    mu = X.mean(0)
    _, s, Vh = torch.linalg.svd(X - mu, full_matrices=False)
    variances = s**2 / N
    sigma2 = variances[n_components:].sum() / (D - n_components)
    return Vh[:n_components].T @ torch.diag((variances[:n_components] - sigma2).clamp(min=0).sqrt()), mu, sigma2


@variant("ppca_fit", "float_variance", "σ² from the trace, returned as a float.")
def _fit_float_variance(data: Tensor, q: int) -> tuple[Tensor, Tensor, float]:
    mean = data.sum(0) / len(data)
    S = torch.einsum("nd,ne->de", data - mean, data - mean) / len(data)
    eigenvalues, U = torch.linalg.eigh(S)
    kept, U = eigenvalues.flip(0)[:q], U.flip(1)[:, :q]
    sigma2 = (torch.trace(S) - kept.sum()) / (len(S) - q)
    return U * (kept - sigma2).clamp(min=0).sqrt(), mean, float(sigma2)


@variant("ppca_fit", "rotated", "The closed form followed by a random rotation of the latent space.")
def _fit_rotated(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    W, mu, sigma2 = _fit_singular_values(X, n_components)
    noise = torch.randn(n_components, n_components, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rotation, _ = torch.linalg.qr(noise)
    return W @ rotation.to(W), mu, sigma2


@variant("ppca_fit", "expectation_maximisation", "EM on the covariance until the variance stands still, in float64.")
def _fit_expectation_maximisation(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    D = X.shape[1]
    mu = X.mean(0)
    S = torch.cov(X.double().T, correction=0)
    W = torch.randn(D, n_components, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(S)
    W, sigma2 = W * torch.sqrt(torch.trace(S) / D), torch.trace(S) / D
    for _ in range(5000):
        M = W.T @ W + sigma2 * _eye(n_components, S)
        A = torch.linalg.solve(M, W.T)  # M⁻¹Wᵀ
        W_new = S @ W @ torch.linalg.inv(sigma2 * _eye(n_components, S) + A @ S @ W)
        sigma2 = torch.trace(S - S @ A.T @ W_new.T) / D
        step, W = torch.linalg.norm(W_new - W), W_new
        if step < 1e-9 * torch.linalg.norm(W):
            break
    return W.to(X.dtype), mu, sigma2.to(X.dtype)
