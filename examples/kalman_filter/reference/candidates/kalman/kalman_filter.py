"""What is held against the checks of `kalman_filter`."""

import torch
from tests.hidden.kalman.joint import filtered

from autograder.authoring.candidates import right, wrong


def _predict(mean, cov, A, Q):
    return mean @ A.mT, A @ cov @ A.mT + Q


def _update(mean, cov, y, C, R):
    gain = cov @ C.mT @ torch.linalg.inv(C @ cov @ C.mT + R)
    return mean + (gain @ (y - mean @ C.mT)[..., None])[..., 0], cov - gain @ C @ cov


def _run(y, A, C, Q, R, m0, P0, predict=_predict, update=_update, first=False):
    """The usual recursion, with parts that can be changed."""
    mean, cov = m0.repeat(len(y), 1), P0.repeat(len(y), 1, 1)
    steps = []
    for t in range(y.shape[1]):
        if t or first:
            mean, cov = predict(mean, cov, A, Q)
        mean, cov = update(mean, cov, y[:, t], C, R)
        steps.append((mean, cov))
    return tuple(torch.stack(each, dim=1) for each in zip(*steps, strict=True))


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "predicted_first",
    "The first state is predicted before its observation: it is N(m0, P0) itself.",
    severity="slip",
    credit=0.7,
)
def _predicted_first(y, A, C, Q, R, m0, P0):
    return _run(y, A, C, Q, R, m0, P0, first=True)


@wrong("predicted_first", rewritten=True)
def _predicted_first_again(y, A, C, Q, R, m0, P0):
    return _run(y, A, C, Q, R, A @ m0, Q + A @ P0 @ A.T)


@wrong("predicted_returned", "What is returned is before the update: filtered means know y_t.", severity="slip")
def _predicted_returned(y, A, C, Q, R, m0, P0):
    mean, cov = m0.repeat(len(y), 1), P0.repeat(len(y), 1, 1)
    means, covs = [], []
    for t in range(y.shape[1]):
        means.append(mean)
        covs.append(cov)
        mean, cov = _predict(*_update(mean, cov, y[:, t], C, R), A, Q)
    return torch.stack(means, 1), torch.stack(covs, 1)


@wrong("predicted_after", "What is returned has been predicted for the next time already.", severity="slip")
def _predicted_after(y, A, C, Q, R, m0, P0):
    means, covs = _run(y, A, C, Q, R, m0, P0)
    return _predict(means, covs, A, Q)


@wrong("no_noise", "Q is forgotten between observations.", severity="slip")
def _no_noise(y, A, C, Q, R, m0, P0):
    return _run(y, A, C, 0 * Q, R, m0, P0)


@wrong("not_predicted", "Nothing is predicted between observations, as if the state stood still.", severity="gap")
def _not_predicted(y, A, C, Q, R, m0, P0):
    return _run(y, A, C, Q, R, m0, P0, predict=lambda mean, cov, A, Q: (mean, cov))


@wrong("transposed", "A is transposed.", severity="slip")
def _transposed(y, A, C, Q, R, m0, P0):
    return _run(y, A.mT, C, Q, R, m0, P0)


@wrong(
    "cov_restarts", "The covariance of every step is computed from P0: it goes on from the step before.", severity="gap"
)
def _cov_restarts(y, A, C, Q, R, m0, P0):
    mean = m0.repeat(len(y), 1)
    means, covs = [], []
    for t in range(y.shape[1]):
        cov = P0.repeat(len(y), 1, 1)
        if t:
            mean, cov = _predict(mean, cov, A, Q)
        mean, cov = _update(mean, cov, y[:, t], C, R)
        means.append(mean)
        covs.append(cov)
    return torch.stack(means, 1), torch.stack(covs, 1)


@wrong("noise_squared", "R is taken for a standard deviation and squared.", severity="slip")
def _noise_squared(y, A, C, Q, R, m0, P0):
    return _run(y, A, C, Q, R @ R, m0, P0)


@wrong("swapped_noise", "The start has the covariance Q: it is P0.", severity="slip", credit=0.7)
def _swapped_noise(y, A, C, Q, R, m0, P0):
    return _run(y, A, C, Q, R, m0, Q)


@wrong("joseph_without_noise", "The Joseph form lacks G R Gᵀ.", severity="slip")
def _joseph_without_noise(y, A, C, Q, R, m0, P0):
    def update(mean, cov, seen, C, R):
        gain = cov @ C.mT @ torch.linalg.inv(C @ cov @ C.mT + R)
        left = torch.eye(len(A), dtype=A.dtype) - gain @ C
        return mean + (gain @ (seen - mean @ C.mT)[..., None])[..., 0], left @ cov @ left.mT

    return _run(y, A, C, Q, R, m0, P0, update=update)


@wrong("first_observation", "Every update uses the first observation.", severity="slip")
def _first_observation(y, A, C, Q, R, m0, P0):
    return _run(y[:, :1].expand_as(y), A, C, Q, R, m0, P0)


@wrong("backwards", "The sequence is run through from its end.", severity="slip", credit=0.5)
def _backwards(y, A, C, Q, R, m0, P0):
    return tuple(each.flip(1) for each in _run(y.flip(1), A, C, Q, R, m0, P0))


@wrong("one_cov", "Covariances are returned once, not for every sequence: the shape is (B, T, D, D).", severity="form")
def _one_cov(y, A, C, Q, R, m0, P0):
    means, covs = _run(y, A, C, Q, R, m0, P0)
    return means, covs[0]


@wrong("time_first", "Time is the first axis of the results: it is the second.", severity="form", credit=0.75)
def _time_first(y, A, C, Q, R, m0, P0):
    return tuple(each.transpose(0, 1) for each in _run(y, A, C, Q, R, m0, P0))


@wrong("detached", "States are detached from the graph between steps.", severity="slip", credit=0.75)
def _detached(y, A, C, Q, R, m0, P0):
    def predict(mean, cov, A, Q):
        return _predict(mean.detach(), cov.detach(), A, Q)

    return _run(y, A, C, Q, R, m0, P0, predict=predict)


@wrong()
def _noise_grows(y, A, C, Q, R, m0, P0):
    mean, cov = m0.repeat(len(y), 1), P0.repeat(len(y), 1, 1)
    means, covs = [], []
    for t in range(y.shape[1]):
        if t:
            mean, cov = _predict(mean, cov, A, Q * t)
        mean, cov = _update(mean, cov, y[:, t], C, R)
        means.append(mean)
        covs.append(cov)
    return torch.stack(means, 1), torch.stack(covs, 1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("joint", "The joint Gaussian of all states and observations is conditioned.", second=True)
def _joint(y, A, C, Q, R, m0, P0):
    return filtered(y, A, C, Q, R, m0, P0)


@right("information", "Precisions are carried on, in place of covariances.")
def _information(y, A, C, Q, R, m0, P0):
    seen = C.mT @ torch.linalg.inv(R)
    precision = torch.linalg.inv(P0)
    weighted = (precision @ m0).repeat(len(y), 1)
    means, covs = [], []
    for t in range(y.shape[1]):
        if t:
            cov = torch.linalg.inv(precision)
            mean = weighted @ cov @ A.mT
            precision = torch.linalg.inv(A @ cov @ A.mT + Q)
            weighted = mean @ precision
        precision = precision + seen @ C
        weighted = weighted + y[:, t] @ seen.mT
        means.append(torch.linalg.solve(precision, weighted.mT).mT)
        covs.append(torch.linalg.inv(precision))
    return torch.stack(means, 1), torch.stack(covs)[None].repeat(len(y), 1, 1, 1)


@right("joseph", "The Joseph form, and results written into tensors.")
def _joseph(y, A, C, Q, R, m0, P0):
    B, T, _ = y.shape
    mean, cov = m0.expand(B, -1), P0
    all_means, all_covs = [], []
    for t, seen in enumerate(y.unbind(1)):
        if t != 0:
            mean, cov = torch.einsum("ij,bj->bi", A, mean), torch.linalg.multi_dot([A, cov, A.T]) + Q
        gain = torch.linalg.solve(C @ cov @ C.T + R, C @ cov).T
        left = torch.eye(len(A), dtype=A.dtype) - gain @ C
        mean = mean @ left.T + seen @ gain.T
        cov = left @ cov @ left.T + gain @ R @ gain.T
        all_means.append(mean)
        all_covs.append(cov)
    return torch.stack(all_means, 1), torch.stack(all_covs).expand(B, T, -1, -1)
