"""What is held against the checks of `log_likelihood`."""

import math

import torch
from tests.hidden.kalman.joint import log_density, smoothed

from autograder.authoring.candidates import right, wrong


def _steps(y, A, C, Q, R, m0, P0, first=False):
    """Residuals, predicted covariances of the observations, and filtered states, step by step."""
    mean, cov = m0.repeat(len(y), 1), P0
    for t in range(y.shape[1]):
        if t or first:
            mean, cov = mean @ A.mT, A @ cov @ A.mT + Q
        S = C @ cov @ C.mT + R
        residual = y[:, t] - mean @ C.mT
        gain = cov @ C.mT @ torch.linalg.inv(S)
        mean, cov = mean + residual @ gain.mT, cov - gain @ C @ cov
        yield residual, S, mean, cov


def _terms(residual, S):
    """Distance, log determinant and constant of one step."""
    distance = torch.einsum("bi,ij,bj->b", residual, torch.linalg.inv(S), residual)
    return distance, torch.logdet(S), residual.shape[1] * math.log(2 * math.pi)


def _total(steps, density=lambda d, logdet, c: -0.5 * (d + logdet + c)):
    return sum(density(*_terms(residual, S)) for residual, S, *_ in steps)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("no_logdet", "The log determinant of S is missing.", severity="slip", credit=0.5)
def _no_logdet(y, A, C, Q, R, m0, P0):
    return _total(_steps(y, A, C, Q, R, m0, P0), lambda d, logdet, c: -0.5 * (d + c))


@wrong("no_logdet", rewritten=True)
def _identity_normaliser(y, A, C, Q, R, m0, P0):
    distances = [(r * torch.linalg.solve(S, r.mT).mT).sum(-1) for r, S, *_ in _steps(y, A, C, Q, R, m0, P0)]
    return -torch.stack(distances, 1).sum(1) / 2 - y.shape[1] * y.shape[2] / 2 * math.log(2 * math.pi)


@wrong("logdet_sign", "The log determinant has the wrong sign.", severity="slip")
def _logdet_sign(y, A, C, Q, R, m0, P0):
    return _total(_steps(y, A, C, Q, R, m0, P0), lambda d, logdet, c: -0.5 * (d - logdet + c))


@wrong("logdet_whole", "log det S is not halved.", severity="slip")
def _logdet_whole(y, A, C, Q, R, m0, P0):
    return _total(_steps(y, A, C, Q, R, m0, P0), lambda d, logdet, c: -0.5 * (d + c) - logdet)


@wrong("no_constant", "K log 2π is missing.", severity="slip", credit=0.7)
def _no_constant(y, A, C, Q, R, m0, P0):
    return _total(_steps(y, A, C, Q, R, m0, P0), lambda d, logdet, c: -0.5 * (d + logdet))


@wrong("constant_of_one", "log 2π is counted once per step, not K times.", severity="slip", credit=0.7)
def _constant_of_one(y, A, C, Q, R, m0, P0):
    return _total(_steps(y, A, C, Q, R, m0, P0), lambda d, logdet, c: -0.5 * (d + logdet + math.log(2 * math.pi)))


@wrong("time_mean", "It is a mean over time: the log likelihood is the sum.", severity="slip", credit=0.7)
def _time_mean(y, A, C, Q, R, m0, P0):
    return log_density(y, A, C, Q, R, m0, P0) / y.shape[1]


@wrong("negative", "The sign is that of a loss: the log likelihood is asked for.", severity="slip", credit=0.7)
def _negative(y, A, C, Q, R, m0, P0):
    return -log_density(y, A, C, Q, R, m0, P0)


@wrong("bits", "It is in bits: natural logarithms are asked for.", severity="slip", credit=0.75)
def _bits(y, A, C, Q, R, m0, P0):
    return log_density(y, A, C, Q, R, m0, P0) / math.log(2)


@wrong(
    "filtered_residual",
    "The residual is that of the filtered mean, which has seen y_t: it is that of the predicted mean.",
    severity="gap",
)
def _filtered_residual(y, A, C, Q, R, m0, P0):
    steps = _steps(y, A, C, Q, R, m0, P0)
    return _total([(y[:, t] - mean @ C.mT, S) for t, (_, S, mean, _) in enumerate(steps)])


@wrong(
    "filtered_both",
    "Mean and covariance are the filtered ones, which have seen y_t: they are the predicted ones.",
    severity="gap",
)
def _filtered_both(y, A, C, Q, R, m0, P0):
    steps = _steps(y, A, C, Q, R, m0, P0)
    return _total([(y[:, t] - mean @ C.mT, C @ cov @ C.mT + R) for t, (_, _, mean, cov) in enumerate(steps)])


@wrong(
    "smoothed_residual", "The residual is that of the smoothed mean: it is that of the predicted mean.", severity="gap"
)
def _smoothed_residual(y, A, C, Q, R, m0, P0):
    means, _ = smoothed(y, A, C, Q, R, m0, P0)
    steps = _steps(y, A, C, Q, R, m0, P0)
    return _total([(y[:, t] - means[:, t] @ C.mT, S) for t, (_, S, *_) in enumerate(steps)])


@wrong(
    "noise_only",
    "The covariance of y_t is taken to be R: the state is uncertain as well, S = C P Cᵀ + R.",
    severity="gap",
)
def _noise_only(y, A, C, Q, R, m0, P0):
    return _total([(residual, R) for residual, *_ in _steps(y, A, C, Q, R, m0, P0)])


@wrong(
    "predicted_first",
    "The first state is predicted before its observation: it is N(m0, P0) itself.",
    severity="slip",
    credit=0.7,
)
def _predicted_first(y, A, C, Q, R, m0, P0):
    return _total(_steps(y, A, C, Q, R, m0, P0, first=True))


@wrong(
    "independent",
    "Observations are treated as independent: the density of y_t is given y_1 ... y_{t-1}.",
    severity="gap",
    credit=0.3,
)
def _independent(y, A, C, Q, R, m0, P0):
    mean, cov, pairs = m0, P0, []
    for t in range(y.shape[1]):
        if t:
            mean, cov = A @ mean, A @ cov @ A.mT + Q
        pairs.append((y[:, t] - C @ mean, C @ cov @ C.mT + R))
    return _total(pairs)


@wrong(
    "underflow", "Densities are multiplied before the logarithm: for long sequences the product is 0.", severity="slip"
)
def _underflow(y, A, C, Q, R, m0, P0):
    total = torch.ones(len(y), dtype=y.dtype)
    for residual, S, *_ in _steps(y, A, C, Q, R, m0, P0):
        distance, logdet, constant = _terms(residual, S)
        total = total * torch.exp(-0.5 * (distance + logdet + constant))
    return torch.log(total.clamp_min(torch.finfo(total.dtype).tiny))


@wrong("added_up", "All sequences are added up: there is one number per sequence.", severity="slip", credit=0.7)
def _added_up(y, A, C, Q, R, m0, P0):
    return log_density(y, A, C, Q, R, m0, P0).sum()


@wrong("detached", "S is detached from the graph.", severity="slip", credit=0.75)
def _detached(y, A, C, Q, R, m0, P0):
    return _total([(residual, S.detach()) for residual, S, *_ in _steps(y, A, C, Q, R, m0, P0)])


@wrong()
def _last_missing(y, A, C, Q, R, m0, P0):
    steps = list(_steps(y, A, C, Q, R, m0, P0))
    return _total(steps[:-1] or steps)


# -------------------------------------------------------------------------------------------------------- right answers


@right("joint", "The density of all observations at once.", second=True)
def _joint(y, A, C, Q, R, m0, P0):
    return log_density(y, A, C, Q, R, m0, P0)


@right("distributions", "torch.distributions, step by step.")
def _distributions(y, A, C, Q, R, m0, P0):
    densities = []
    for residual, S, *_ in _steps(y, A, C, Q, R, m0, P0):
        centre = torch.zeros(y.shape[2], dtype=y.dtype)
        densities.append(torch.distributions.MultivariateNormal(centre, S).log_prob(residual))
    return torch.stack(densities).sum(0)


@right("cholesky", "S is decomposed: the determinant is read off the diagonal.")
def _cholesky(y, A, C, Q, R, m0, P0):
    total = 0.0
    for residual, S, *_ in _steps(y, A, C, Q, R, m0, P0):
        L = torch.linalg.cholesky(S)
        z = torch.linalg.solve_triangular(L, residual.mT, upper=False)
        total = total - z.square().sum(0) / 2 - L.diagonal().log().sum() - y.shape[2] / 2 * math.log(2 * math.pi)
    return total
