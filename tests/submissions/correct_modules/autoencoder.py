"""Part H: a generative model made of an autoencoder."""
import math

import torch


def fit_latent_mixture(codes, n_components, seed):
    """EM, started from random codes, a few times; the best one is kept."""
    gen = torch.Generator().manual_seed(seed)
    X = codes.double()
    N, M = X.shape
    best, best_ll = None, -float("inf")
    for _ in range(2):
        mu = X[torch.randperm(N, generator=gen)[:n_components]]
        cov = torch.cov(X.T, correction=0).reshape(M, M).repeat(n_components, 1, 1)
        pi = torch.full((n_components,), 1.0 / n_components, dtype=X.dtype)
        for _ in range(60):
            # E step
            L = torch.linalg.cholesky(cov)  # (K, M, M)
            white = torch.linalg.solve_triangular(L, (X.unsqueeze(1) - mu).unsqueeze(-1), upper=False).squeeze(-1)
            logdet = 2 * torch.log(torch.diagonal(L, dim1=-2, dim2=-1)).sum(-1)
            logp = -0.5 * (white.square().sum(-1) + logdet + M * math.log(2 * math.pi)) + pi.log()
            r = torch.softmax(logp, dim=1)
            # M step
            Nk = r.sum(0)
            pi = Nk / N
            mu = (r.t() @ X) / Nk[:, None]
            diff = X.unsqueeze(1) - mu  # (N, K, M)
            cov = torch.einsum("nk,nki,nkj->kij", r, diff, diff) / Nk[:, None, None]
            cov = cov + 1e-6 * torch.eye(M, dtype=X.dtype)
        ll = torch.logsumexp(logp, dim=1).mean()
        if ll > best_ll:
            best, best_ll = (pi, mu, cov), ll
    return tuple(t.to(codes.dtype) for t in best)


def sample_latent_mixture(n, weights, means, covariances, decoder, generator=None):
    which = torch.multinomial(weights, n, replacement=True, generator=generator)
    L = torch.linalg.cholesky(covariances)[which]
    eps = torch.randn(n, means.shape[1], 1, generator=generator, dtype=means.dtype)
    z = means[which] + (L @ eps).squeeze(-1)
    return decoder(z)
