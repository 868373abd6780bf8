"""PCA and its probabilistic form."""

import torch
import torch.distributions as td


def pca_project(X, n_components):
    centred = X - X.mean(0)
    components = torch.linalg.svd(centred, full_matrices=False).Vh[:n_components]
    return components, centred @ components.mT


def ppca_marginal(W, mu, sigma2):
    return mu.clone(), W.mm(W.T) + torch.diag_embed(torch.ones_like(mu) * sigma2)


def ppca_posterior(x, W, mu, sigma2):
    M = W.T @ W + sigma2 * torch.eye(W.shape[-1]).to(W)
    L = torch.linalg.cholesky(M)
    mean = torch.cholesky_solve(W.T @ (x - mu).T, L).T
    return mean, sigma2 * torch.cholesky_inverse(L)


def ppca_log_likelihood(X, W, mu, sigma2):
    m, C = ppca_marginal(W, mu, sigma2)
    return td.MultivariateNormal(m, covariance_matrix=C).log_prob(X)


def ppca_fit(X, n_components):
    """EM did the job as well, but the eigenvectors are shorter."""
    mu = torch.mean(X, 0)
    S = torch.cov(X.T, correction=0)
    S = S.reshape(len(mu), len(mu))
    values, vectors = torch.linalg.eigh(S)
    values, vectors = values.flip(0), vectors.flip(1)
    s2 = values[n_components:].mean()
    W = vectors[:, :n_components] @ torch.diag((values[:n_components] - s2).clamp_min(0).sqrt())
    R = torch.linalg.qr(torch.randn(n_components, n_components, dtype=X.dtype))[0]  # any rotation is fine
    return W @ R, mu, float(s2)


def ppca_sample(n, W, mu, sigma2):
    return td.LowRankMultivariateNormal(mu, W, torch.ones_like(mu) * sigma2).sample((n,))


def project_2d(z):
    if z.shape[1] <= 2:
        return torch.column_stack([z, z.new_zeros(len(z), 2 - z.shape[1])])
    from sklearn.decomposition import PCA

    return torch.as_tensor(PCA(2).fit_transform(z.numpy())).to(z)
