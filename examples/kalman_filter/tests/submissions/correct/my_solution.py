"""State-space models, homework 7. Everything is built on one function that does a whole pass."""

import numpy as np
import torch

LOG_2PI = float(np.log(2 * np.pi))


def kalman_predict(mean, cov, A, Q):
    new_mean = torch.einsum("ij,nj->ni", A, mean)
    new_cov = torch.einsum("ij,njk,lk->nil", A, cov, A)
    return new_mean, new_cov + Q[None]


def kalman_update(mean, cov, y, C, R):
    PCt = cov @ C.T
    S = C @ PCt + R
    K = PCt @ torch.linalg.inv(S)
    I_KC = torch.eye(mean.shape[1], dtype=mean.dtype) - K @ C
    innovation = (y - mean @ C.T).unsqueeze(2)
    # Joseph form
    return mean + (K @ innovation).squeeze(2), I_KC @ cov @ I_KC.transpose(1, 2) + K @ R @ K.transpose(1, 2)


def forward_pass(y, A, C, Q, R, m0, P0):
    """Predicted and filtered moments, and the innovations' log densities."""
    n, T, k = y.shape
    m, P = torch.stack([m0] * n), torch.stack([P0] * n)
    out = {"mp": [], "Pp": [], "mf": [], "Pf": [], "ll": []}
    for t in range(T):
        out["mp"].append(m)
        out["Pp"].append(P)
        L = torch.linalg.cholesky(C @ P @ C.T + R)
        white = torch.linalg.solve_triangular(L, (y[:, t] - m @ C.T)[..., None], upper=False)[..., 0]
        logdet = 2 * torch.diagonal(L, dim1=1, dim2=2).log().sum(1)
        out["ll"].append(-0.5 * ((white**2).sum(1) + logdet + k * LOG_2PI))
        m, P = kalman_update(m, P, y[:, t], C, R)
        out["mf"].append(m)
        out["Pf"].append(P)
        m, P = kalman_predict(m, P, A, Q)
    return {name: torch.stack(values, dim=1) for name, values in out.items()}


def kalman_filter(y, A, C, Q, R, m0, P0):
    run = forward_pass(y, A, C, Q, R, m0, P0)
    return run["mf"], run["Pf"]


def log_likelihood(y, A, C, Q, R, m0, P0):
    return forward_pass(y, A, C, Q, R, m0, P0)["ll"].sum(1)


def backward_pass(run, A):
    T = run["mf"].shape[1]
    ms, Ps, gains = [None] * T, [None] * T, [None] * T
    ms[-1], Ps[-1] = run["mf"][:, -1], run["Pf"][:, -1]
    for t in range(T - 2, -1, -1):
        G = run["Pf"][:, t] @ A.T @ torch.linalg.inv(run["Pp"][:, t + 1])
        ms[t] = run["mf"][:, t] + torch.einsum("nij,nj->ni", G, ms[t + 1] - run["mp"][:, t + 1])
        Ps[t] = run["Pf"][:, t] + G @ (Ps[t + 1] - run["Pp"][:, t + 1]) @ G.transpose(1, 2)
        gains[t] = G
    return torch.stack(ms, 1), torch.stack(Ps, 1), gains[:-1]


def rts_smoother(y, A, C, Q, R, m0, P0):
    ms, Ps, _ = backward_pass(forward_pass(y, A, C, Q, R, m0, P0), A)
    return ms, Ps


def sample_states(n, length, A, C, Q, R, m0, P0, *, generator=None):
    def gaussian(cov, *shape):
        eps = torch.randn(*shape, cov.shape[0], generator=generator, dtype=cov.dtype)
        return torch.einsum("ij,...j->...i", torch.linalg.cholesky(cov), eps)

    z = torch.zeros(n, length, A.shape[0], dtype=A.dtype)
    z[:, 0] = m0 + gaussian(P0, n)
    for t in range(1, length):
        z[:, t] = torch.einsum("ij,nj->ni", A, z[:, t - 1]) + gaussian(Q, n)
    return z, torch.einsum("ij,ntj->nti", C, z) + gaussian(R, n, length)


def em_step(y, A, C, Q, R, m0, P0):
    n, T, k = y.shape
    run = forward_pass(y, A, C, Q, R, m0, P0)
    m, P, gains = backward_pass(run, A)
    Ezz = P + m[..., None] @ m[..., None, :]
    lagged = torch.stack([P[:, t] @ gains[t - 1].transpose(1, 2) for t in range(1, T)], 1)
    Ezz1 = (lagged + m[:, 1:, :, None] @ m[:, :-1, None, :]).sum((0, 1))
    before, after = Ezz[:, :-1].sum((0, 1)), Ezz[:, 1:].sum((0, 1))
    A2 = Ezz1 @ torch.linalg.inv(before)
    Q2 = (after - A2 @ Ezz1.T - Ezz1 @ A2.T + A2 @ before @ A2.T) / (n * (T - 1))
    Y, M = y.reshape(-1, k), m.reshape(n * T, -1)
    C2 = Y.T @ M @ torch.linalg.inv(Ezz.sum((0, 1)))
    E = Y - M @ C2.T
    R2 = (E.T @ E + C2 @ P.sum((0, 1)) @ C2.T) / (n * T)
    return A2, C2, Q2, R2


class Fitted:
    def __init__(self, A, C, Q, R, m0, P0):
        self.params = [A, C, Q, R, m0, P0]

    def filter(self, y):
        return kalman_filter(y, *self.params)

    def log_likelihood(self, y):
        return log_likelihood(y, *self.params)

    def predict(self, y, steps):
        A, C = self.params[0], self.params[1]
        z = self.filter(y)[0][:, -1].T
        out = []
        for _ in range(steps):
            z = A @ z
            out.append((C @ z).T)
        return torch.stack(out, 1)


def fit_kalman(y, n_states, iterations=50, seed=0):
    rng = np.random.default_rng(seed)
    k = y.shape[2]
    C = torch.tensor(rng.normal(size=(k, n_states)), dtype=y.dtype)
    A, Q = 0.7 * torch.eye(n_states, dtype=y.dtype), 0.5 * torch.eye(n_states, dtype=y.dtype)
    R = y.reshape(-1, k).var(0).diag() / 2
    m0, P0 = torch.zeros(n_states, dtype=y.dtype), torch.eye(n_states, dtype=y.dtype)
    for _ in range(iterations):
        A, C, Q, R = em_step(y, A, C, Q, R, m0, P0)
    return Fitted(A, C, Q, R, m0, P0)
