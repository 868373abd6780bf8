"""Part C: probabilistic PCA.

x = W z + mu + noise,  z ~ N(0, I),  noise ~ N(0, sigma2 I)
"""
import math

import torch


def ppca_marginal(W, mu, sigma2):
    D = W.size(0)
    C = torch.matmul(W, W.transpose(0, 1)) + sigma2 * torch.eye(D, dtype=W.dtype, device=W.device)
    return mu, C


def ppca_posterior(x, W, mu, sigma2):
    k = W.size(1)
    M = W.t() @ W + sigma2 * torch.eye(k, dtype=W.dtype, device=W.device)
    M_inv = torch.linalg.inv(M)
    mean = (x - mu) @ W @ M_inv  # M is symmetric, so no transpose needed
    cov = sigma2 * M_inv
    return mean, cov


def ppca_log_likelihood(X, W, mu, sigma2):
    """log N(x_n | mu, C) for every row of X, with a Cholesky factor of C"""
    D = X.shape[1]
    mean, C = ppca_marginal(W, mu, sigma2)
    L = torch.linalg.cholesky(C)
    white = torch.linalg.solve_triangular(L, (X - mean).t(), upper=False)  # (D, N)
    maha = (white ** 2).sum(0)
    log_det = 2 * torch.log(torch.diagonal(L)).sum()
    return -0.5 * (D * math.log(2 * math.pi) + log_det + maha)


def ppca_fit(X, n_components):
    N, D = X.shape
    mu = X.mean(0)
    _, s, Vt = torch.linalg.svd(X - mu, full_matrices=False)
    eigvals = s ** 2 / N  # variances along the principal directions, largest first
    sigma2 = eigvals[n_components:].sum() / (D - n_components)
    scale = torch.sqrt(torch.clamp(eigvals[:n_components] - sigma2, min=0.0))
    W = Vt[:n_components].t() * scale
    return W, mu, sigma2


def ppca_sample(n, W, mu, sigma2, generator=None):
    D, k = W.shape
    z = torch.randn(n, k, generator=generator, dtype=W.dtype, device=W.device)
    noise = torch.randn(n, D, generator=generator, dtype=W.dtype, device=W.device)
    return z @ W.t() + mu + noise * sigma2 ** 0.5


def pca_project(X, n_components):
    """plain PCA: rows of Vt are the directions, largest variance first"""
    centred = X - X.mean(0)
    _, _, Vt = torch.linalg.svd(centred, full_matrices=False)
    components = Vt[:n_components]
    return components, centred @ components.t()
