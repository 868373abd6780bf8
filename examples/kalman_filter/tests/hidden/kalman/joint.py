"""The exact oracle: one Gaussian for all states and observations, conditioned with dense linear algebra. No recursion."""

import torch


def joint(A, C, Q, R, m0, P0, T):
    """Mean and covariance of (z_1, ..., z_T, y_1, ..., y_T), stacked."""
    D = len(A)
    steps = torch.eye(T * D, dtype=A.dtype)  # (I - shifted A) z = (z_1, w_2, ..., w_T)
    noise = torch.zeros(T * D, T * D, dtype=A.dtype)
    start = torch.zeros(T * D, dtype=A.dtype)
    start[:D] = m0
    for t in range(T):
        at = slice(t * D, t * D + D)
        noise[at, at] = P0 if t == 0 else Q
        if t:
            steps[at, t * D - D : t * D] = -A
    unrolled = torch.linalg.inv(steps)
    seen = torch.block_diag(*[C] * T)
    every = torch.cat([unrolled, seen @ unrolled])
    mean, cov = every @ start, every @ noise @ every.mT
    extra = torch.block_diag(torch.zeros(T * D, T * D, dtype=A.dtype), *[R] * T)
    return mean, cov + extra


def posterior(y, A, C, Q, R, m0, P0):
    """Mean (B, T D) and covariance (T D, T D) of all states given all observations y, shape (B, T, K)."""
    B, T, _ = y.shape
    mean, cov = joint(A, C, Q, R, m0, P0, T)
    n = T * A.shape[0]
    gain = cov[:n, n:] @ torch.linalg.inv(cov[n:, n:])
    return mean[:n] + (y.reshape(B, -1) - mean[n:]) @ gain.mT, cov[:n, :n] - gain @ cov[n:, :n]


def smoothed(y, A, C, Q, R, m0, P0):
    """Marginals of every state given all observations: (B, T, D) and (B, T, D, D)."""
    B, T, _ = y.shape
    D = len(A)
    mean, cov = posterior(y, A, C, Q, R, m0, P0)
    blocks = torch.stack([cov[t * D : t * D + D, t * D : t * D + D] for t in range(T)])
    return mean.reshape(B, T, D), blocks.expand(B, T, D, D).clone()


def filtered(y, A, C, Q, R, m0, P0):
    """Marginals of every state given the observations up to its time: the last of every beginning."""
    ends = [smoothed(y[:, : t + 1], A, C, Q, R, m0, P0) for t in range(y.shape[1])]
    return torch.stack([m[:, -1] for m, _ in ends], 1), torch.stack([P[:, -1] for _, P in ends], 1)


def log_density(y, A, C, Q, R, m0, P0):
    """The log density of every sequence."""
    B, T, _ = y.shape
    mean, cov = joint(A, C, Q, R, m0, P0, T)
    n = T * A.shape[0]
    return torch.distributions.MultivariateNormal(mean[n:], cov[n:, n:]).log_prob(y.reshape(B, -1))
