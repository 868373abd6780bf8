"""What is held against the checks of `em_step`."""

import torch
from tests.hidden.kalman.joint import filtered, posterior

from autograder.authoring.candidates import right, wrong


def _moments(y, A, C, Q, R, m0, P0):
    """Smoothed means (B, T, D), covariances (T, D, D) and covariances with the time before (T - 1, D, D)."""
    B, T, _ = y.shape
    D = len(A)
    mean, cov = posterior(y, A, C, Q, R, m0, P0)
    blocks = cov.reshape(T, D, T, D)
    own = torch.stack([blocks[t, :, t] for t in range(T)])
    crossed = torch.stack([blocks[t, :, t - 1] for t in range(1, T)])
    return mean.reshape(B, T, D), own, crossed


def _sums(means, own, crossed):
    """Σ M_{t,t-1}, and M_t for every time, both added up over sequences."""
    B = len(means)
    cross = torch.einsum("bti,btj->ij", means[:, 1:], means[:, :-1]) + B * crossed.sum(0)
    return cross, torch.einsum("bti,btj->tij", means, means) + B * own


def _maximise(y, means, cross, M, A=None, C=None):
    """The M-step, from moments; A and C for Q and R may be given."""
    B, T, _ = y.shape
    new_A = cross @ torch.linalg.inv(M[:-1].sum(0))
    seen = torch.einsum("btk,btd->kd", y, means)
    new_C = seen @ torch.linalg.inv(M.sum(0))
    for_Q, for_R = new_A if A is None else A, new_C if C is None else C
    Q = (M[1:].sum(0) - for_Q @ cross.mT) / (B * (T - 1))
    R = (torch.einsum("btk,btl->kl", y, y) - for_R @ seen.mT) / (B * T)
    return new_A, new_C, Q, R


def _step(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    return _maximise(y, means, *_sums(means, own, crossed))


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("filtered_moments", "The moments are those of the filter: the E-step smooths.", severity="gap", credit=0.5)
def _filtered_moments(y, A, C, Q, R, m0, P0):
    _, _, crossed = _moments(y, A, C, Q, R, m0, P0)
    means, covs = filtered(y, A, C, Q, R, m0, P0)
    return _maximise(y, means, *_sums(means, covs[0], crossed))


@wrong("no_covariance", "The covariances are missing in the moments: M = P + m mᵀ.", severity="gap")
def _no_covariance(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    return _maximise(y, means, *_sums(means, 0 * own, 0 * crossed))


@wrong("cross_without_covariance", "The covariance of neighbouring states is missing in M_{t,t-1}.", severity="slip")
def _cross_without_covariance(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    return _maximise(y, means, *_sums(means, own, 0 * crossed))


@wrong("cross_transposed", "M_{t,t-1} is transposed.", severity="slip")
def _cross_transposed(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    cross, M = _sums(means, own, crossed)
    return _maximise(y, means, cross.mT, M)


@wrong("all_times", "The second sum of A' runs to T: it ends at T - 1.", severity="slip", credit=0.7)
def _all_times(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    cross, M = _sums(means, own, crossed)
    _, new_C, _, new_R = _maximise(y, means, cross, M)
    new_A = cross @ torch.linalg.inv(M.sum(0))
    return new_A, new_C, (M[1:].sum(0) - new_A @ cross.mT) / (len(y) * (y.shape[1] - 1)), new_R


@wrong("later_times", "The second sum of A' starts at 2: it runs from 1 to T - 1.", severity="slip", credit=0.7)
def _later_times(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    cross, M = _sums(means, own, crossed)
    _, new_C, _, new_R = _maximise(y, means, cross, M)
    new_A = cross @ torch.linalg.inv(M[1:].sum(0))
    return new_A, new_C, (M[1:].sum(0) - new_A @ cross.mT) / (len(y) * (y.shape[1] - 1)), new_R


@wrong("divided_by_T", "Q' is divided by B T: there are T - 1 transitions.", severity="form")
def _divided_by_T(y, A, C, Q, R, m0, P0):
    new_A, new_C, new_Q, new_R = _step(y, A, C, Q, R, m0, P0)
    return new_A, new_C, new_Q * (y.shape[1] - 1) / y.shape[1], new_R


@wrong("divided_by_transitions", "R' is divided by B (T - 1): there are T observations.", severity="form")
def _divided_by_transitions(y, A, C, Q, R, m0, P0):
    new_A, new_C, new_Q, new_R = _step(y, A, C, Q, R, m0, P0)
    return new_A, new_C, new_Q, new_R * y.shape[1] / (y.shape[1] - 1)


@wrong("old_A", "Q' is computed with the old A.", severity="slip", credit=0.7)
def _old_A(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    return _maximise(y, means, *_sums(means, own, crossed), A=A)


@wrong("old_C", "R' is computed with the old C.", severity="slip", credit=0.7)
def _old_C(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    return _maximise(y, means, *_sums(means, own, crossed), C=C)


@wrong(
    "residuals_only",
    "R' is the covariance of the residuals: the uncertainty C P Cᵀ of the states is missing.",
    severity="slip",
)
def _residuals_only(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    new_A, new_C, new_Q, _ = _maximise(y, means, *_sums(means, own, crossed))
    residual = y - means @ new_C.mT
    return new_A, new_C, new_Q, torch.einsum("btk,btl->kl", residual, residual) / (len(y) * y.shape[1])


@wrong("unchanged", "The old parameters are returned.", severity="empty", credit=0.0)
def _unchanged(y, A, C, Q, R, m0, P0):
    return A.clone(), C.clone(), Q.clone(), R.clone()


@wrong("diagonal", "Only the diagonals of Q' and R' are kept.", severity="slip")
def _diagonal(y, A, C, Q, R, m0, P0):
    new_A, new_C, new_Q, new_R = _step(y, A, C, Q, R, m0, P0)
    return new_A, new_C, torch.diag(new_Q.diagonal()), torch.diag(new_R.diagonal())


@wrong("first_sequence", "Only the first sequence is used.", severity="gap", credit=0.5)
def _first_sequence(y, A, C, Q, R, m0, P0):
    return _step(y[:1], A, C, Q, R, m0, P0)


@wrong("other_order", "The order is A, Q, C, R: it is A, C, Q, R.", severity="form")
def _other_order(y, A, C, Q, R, m0, P0):
    new_A, new_C, new_Q, new_R = _step(y, A, C, Q, R, m0, P0)
    return new_A, new_Q, new_C, new_R


@wrong("detached", "The moments are detached from the graph.", severity="form")
def _detached(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    return _maximise(y, means.detach(), *_sums(means, own.detach(), crossed.detach()))


@wrong("divided_by_T", rewritten=True)
def _mean_of_moments(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    cross, M = _sums(means, own, crossed)
    new_A, new_C, _, new_R = _maximise(y, means, cross, M)
    total = M[1:].sum(0) - new_A @ cross.mT
    return new_A, new_C, total / means[..., 0].numel(), new_R


@wrong()
def _half_way(y, A, C, Q, R, m0, P0):
    new = _step(y, A, C, Q, R, m0, P0)
    return tuple(0.5 * old + 0.5 * each for old, each in zip((A, C, Q, R), new, strict=True))


# -------------------------------------------------------------------------------------------------------- right answers


@right("joint", "The moments come from the joint Gaussian of all states.", second=True)
def _joint(y, A, C, Q, R, m0, P0):
    return _step(y, A, C, Q, R, m0, P0)


@right("long_form", "Q' and R' as expected squares of residuals, with all terms.")
def _long_form(y, A, C, Q, R, m0, P0):
    B, T, _ = y.shape
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    cross, M = _sums(means, own, crossed)
    new_A, new_C, _, _ = _maximise(y, means, cross, M)
    old = M[:-1].sum(0)
    new_Q = M[1:].sum(0) - new_A @ cross.mT - cross @ new_A.mT + new_A @ old @ new_A.mT
    residual = y - means @ new_C.mT
    new_R = torch.einsum("btk,btl->kl", residual, residual) / (B * T) + new_C @ own.mean(0) @ new_C.mT
    return new_A, new_C, new_Q / (B * (T - 1)), new_R


@right("loop", "Moments are added up in a loop over sequences and times.")
def _loop(y, A, C, Q, R, m0, P0):
    means, own, crossed = _moments(y, A, C, Q, R, m0, P0)
    cross, M = torch.zeros_like(A), [torch.zeros_like(A) for _ in own]
    for one in means:
        for t, m in enumerate(one):
            M[t] = M[t] + torch.outer(m, m) + own[t]
            if t:
                cross = cross + torch.outer(m, one[t - 1]) + crossed[t - 1]
    return _maximise(y, means, cross, torch.stack(M))


EQUIVALENT = {
    "transpose: new_Q.mT -> new_Q": "It is symmetric but for rounding, which the mean with its transpose removes.",
    "transpose: new_R.mT -> new_R": "It is symmetric but for rounding, which the mean with its transpose removes.",
}
