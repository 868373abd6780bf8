"""What is held against the checks of `rts_smoother`."""

import torch
from tests.hidden.kalman.joint import filtered, smoothed

from autograder.authoring.candidates import right, wrong


def _smooth(y, A, C, Q, R, m0, P0, gain=None, mean_of=None, cov_of=None):
    """The usual recursion, with parts that can be changed."""
    m, P = filtered(y, A, C, Q, R, m0, P0)
    mean, cov = m[:, -1], P[:, -1]
    steps = [(mean, cov)]
    for t in reversed(range(y.shape[1] - 1)):
        before, after = (m[:, t], P[:, t]), (m[:, t + 1], P[:, t + 1])
        ahead = (before[0] @ A.mT, A @ before[1] @ A.mT + Q)
        J = gain(before, ahead, after) if gain else before[1] @ A.mT @ torch.linalg.inv(ahead[1])
        step = mean_of(mean, before, ahead, after) if mean_of else mean - ahead[0]
        change = cov_of(cov, before, ahead, after) if cov_of else cov - ahead[1]
        mean = before[0] + (J @ step[..., None])[..., 0]
        cov = before[1] + J @ change @ J.mT
        steps.insert(0, (mean, cov))
    return tuple(torch.stack(each, 1) for each in zip(*steps, strict=True))


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("filtered", "The filtered distributions are returned: nothing is passed backwards.", severity="empty")
def _filtered(y, A, C, Q, R, m0, P0):
    return filtered(y, A, C, Q, R, m0, P0)


@wrong(
    "filtered_in_gain",
    "The gain is divided by the filtered covariance of t + 1: it is the predicted one.",
    severity="slip",
)
def _filtered_in_gain(y, A, C, Q, R, m0, P0):
    def gain(before, ahead, after):
        return before[1] @ A.mT @ torch.linalg.inv(after[1])

    return _smooth(y, A, C, Q, R, m0, P0, gain=gain)


@wrong("gain_ahead", "The gain starts from the filtered covariance of t + 1: it is that of t.", severity="slip")
def _gain_ahead(y, A, C, Q, R, m0, P0):
    def gain(before, ahead, after):
        return after[1] @ A.mT @ torch.linalg.inv(ahead[1])

    return _smooth(y, A, C, Q, R, m0, P0, gain=gain)


@wrong("gain_transposed", "A is transposed in the gain: J = P Aᵀ (A P Aᵀ + Q)⁻¹.", severity="slip")
def _gain_transposed(y, A, C, Q, R, m0, P0):
    def gain(before, ahead, after):
        return before[1] @ A @ torch.linalg.inv(ahead[1])

    return _smooth(y, A, C, Q, R, m0, P0, gain=gain)


@wrong("gain_without_transition", "The gain lacks A: J = P Aᵀ (A P Aᵀ + Q)⁻¹.", severity="slip")
def _gain_without_transition(y, A, C, Q, R, m0, P0):
    def gain(before, ahead, after):
        return before[1] @ torch.linalg.inv(ahead[1])

    return _smooth(y, A, C, Q, R, m0, P0, gain=gain)


@wrong("gain_without_noise", "Q is missing in the predicted covariance of the gain.", severity="slip")
def _gain_without_noise(y, A, C, Q, R, m0, P0):
    def gain(before, ahead, after):
        return before[1] @ A.mT @ torch.linalg.inv(ahead[1] - Q + 1e-6 * torch.eye(len(A), dtype=A.dtype))

    return _smooth(y, A, C, Q, R, m0, P0, gain=gain)


@wrong(
    "filtered_mean",
    "The smoothed mean is compared with the filtered mean of t + 1: it is the predicted one.",
    severity="slip",
)
def _filtered_mean(y, A, C, Q, R, m0, P0):
    def mean_of(mean, before, ahead, after):
        return mean - after[0]

    return _smooth(y, A, C, Q, R, m0, P0, mean_of=mean_of)


@wrong(
    "one_step",
    "The filtered mean of t + 1 is passed back: it is the smoothed one, so that all later data count.",
    severity="gap",
)
def _one_step(y, A, C, Q, R, m0, P0):
    def mean_of(mean, before, ahead, after):
        return after[0] - ahead[0]

    def cov_of(cov, before, ahead, after):
        return after[1] - ahead[1]

    return _smooth(y, A, C, Q, R, m0, P0, mean_of=mean_of, cov_of=cov_of)


@wrong("cov_sign", "The change of the covariance has the wrong sign: it is smoothed minus predicted.", severity="slip")
def _cov_sign(y, A, C, Q, R, m0, P0):
    def cov_of(cov, before, ahead, after):
        return ahead[1] - cov

    return _smooth(y, A, C, Q, R, m0, P0, cov_of=cov_of)


@wrong(
    "cov_filtered_ahead", "The filtered covariance of t + 1 is subtracted: it is the predicted one.", severity="slip"
)
def _cov_filtered_ahead(y, A, C, Q, R, m0, P0):
    def cov_of(cov, before, ahead, after):
        return cov - after[1]

    return _smooth(y, A, C, Q, R, m0, P0, cov_of=cov_of)


@wrong("cov_kept", "Only the means are smoothed; the covariances are the filtered ones.", severity="slip")
def _cov_kept(y, A, C, Q, R, m0, P0):
    return smoothed(y, A, C, Q, R, m0, P0)[0], filtered(y, A, C, Q, R, m0, P0)[1]


@wrong("cov_kept", rewritten=True)
def _cov_unchanged(y, A, C, Q, R, m0, P0):
    def cov_of(cov, before, ahead, after):
        return 0 * cov

    return _smooth(y, A, C, Q, R, m0, P0, cov_of=cov_of)


@wrong(
    "backwards",
    "The results are in the order in which they are computed, the last time first.",
    severity="slip",
    credit=0.7,
)
def _backwards(y, A, C, Q, R, m0, P0):
    return tuple(each.flip(1) for each in _smooth(y, A, C, Q, R, m0, P0))


@wrong(
    "last_missing",
    "The last state is left out: it is as filtered, and belongs to the result.",
    severity="slip",
    credit=0.75,
)
def _last_missing(y, A, C, Q, R, m0, P0):
    return tuple(each[:, :-1] for each in _smooth(y, A, C, Q, R, m0, P0))


@wrong("detached", "The gain is detached from the graph.", severity="slip", credit=0.75)
def _detached(y, A, C, Q, R, m0, P0):
    def gain(before, ahead, after):
        return (before[1] @ A.mT @ torch.linalg.inv(ahead[1])).detach()

    return _smooth(y, A, C, Q, R, m0, P0, gain=gain)


@wrong()
def _first_forgotten(y, A, C, Q, R, m0, P0):
    means, covs = _smooth(y, A, C, Q, R, m0, P0)
    early, _ = filtered(y, A, C, Q, R, m0, P0)
    return torch.cat([early[:, :1], means[:, 1:]], 1), covs


# -------------------------------------------------------------------------------------------------------- right answers


@right("joint", "The joint Gaussian of all states and observations is conditioned.", second=True)
def _joint(y, A, C, Q, R, m0, P0):
    return smoothed(y, A, C, Q, R, m0, P0)


@right("recursion", "The recursion over a filter of its own, with inverses.")
def _recursion(y, A, C, Q, R, m0, P0):
    return _smooth(y, A, C, Q, R, m0, P0)


@right("precision", "The precision of all states is block tridiagonal; one linear system per sequence.")
def _precision(y, A, C, Q, R, m0, P0):
    B, T, _ = y.shape
    D = len(A)
    inverse = torch.linalg.inv(Q)
    rows = []
    for t in range(T):
        row = [torch.zeros_like(A) for _ in range(T)]
        row[t] = C.T @ torch.linalg.inv(R) @ C + (inverse if t else torch.linalg.inv(P0))
        if t:
            row[t - 1] = -inverse @ A
        if t < T - 1:
            row[t] = row[t] + A.T @ inverse @ A
            row[t + 1] = -A.T @ inverse
        rows.append(torch.cat(row, 1))
    cov = torch.linalg.inv(torch.cat(rows))
    means = []
    for one in y:
        pull = one @ torch.linalg.inv(R) @ C
        pull = torch.cat([pull[:1] + torch.linalg.inv(P0) @ m0, pull[1:]])
        means.append((cov @ pull.reshape(-1)).reshape(T, D))
    blocks = torch.stack([cov[t * D : t * D + D, t * D : t * D + D] for t in range(T)])
    return torch.stack(means), torch.stack([blocks] * B)
