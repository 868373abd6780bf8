"""What is held against the checks of `kalman_update`."""

import torch

from autograder.authoring.candidates import right, wrong


def _column(matrix, vector):
    return (matrix @ vector[..., None])[..., 0]


def _gain(cov, C, R):
    return cov @ C.mT @ torch.linalg.inv(C @ cov @ C.mT + R)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("gain_without_noise", "R is missing in the covariance of the observation: S = C P Cᵀ + R.", severity="slip")
def _gain_without_noise(mean, cov, y, C, R):
    gain = cov @ C.mT @ torch.linalg.pinv(C @ cov @ C.mT)
    return mean + _column(gain, y - mean @ C.mT), cov - gain @ C @ cov


@wrong("noise_twice", "R is added twice: once in S, and again.", severity="slip")
def _noise_twice(mean, cov, y, C, R):
    gain = _gain(cov, C, R + R)
    return mean + _column(gain, y - mean @ C.mT), cov - gain @ C @ cov


@wrong("noise_squared", "R is taken for a standard deviation and squared: it is a covariance.", severity="slip")
def _noise_squared(mean, cov, y, C, R):
    gain = _gain(cov, C, R @ R)
    return mean + _column(gain, y - mean @ C.mT), cov - gain @ C @ cov


@wrong(
    "noise_only",
    "The gain is P Cᵀ R⁻¹: it needs S = C P Cᵀ + R, unless P is the covariance afterwards.",
    severity="gap",
)
def _noise_only(mean, cov, y, C, R):
    gain = cov @ C.mT @ torch.linalg.inv(R)
    return mean + _column(gain, y - mean @ C.mT), cov - gain @ C @ cov


@wrong("joseph_without_noise", "The Joseph form lacks G R Gᵀ: P' = (I - G C) P (I - G C)ᵀ + G R Gᵀ.", severity="slip")
def _joseph_without_noise(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    left = torch.eye(C.shape[1], dtype=C.dtype) - gain @ C
    return mean + _column(gain, y - mean @ C.mT), left @ cov @ left.mT


@wrong("joseph_one_sided", "The Joseph form is multiplied on one side only.", severity="slip")
def _joseph_one_sided(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    left = torch.eye(C.shape[1], dtype=C.dtype) - gain @ C
    return mean + _column(gain, y - mean @ C.mT), left @ cov + gain @ R @ gain.mT


@wrong(
    "cov_grows", "The covariance grows: an observation makes a state more certain, P' = P - G S Gᵀ.", severity="slip"
)
def _cov_grows(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    return mean + _column(gain, y - mean @ C.mT), cov + gain @ C @ cov


@wrong("residual_sign", "The residual has the wrong sign: it is y - C m.", severity="slip")
def _residual_sign(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    return mean + _column(gain, mean @ C.mT - y), cov - gain @ C @ cov


@wrong("residual_sign", rewritten=True)
def _residual_minus(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    error = y - torch.einsum("kd,bd->bk", C, mean)
    return mean - torch.einsum("bdk,bk->bd", gain, error), cov - gain @ C @ cov


@wrong("no_residual", "The gain is applied to y: it belongs to the residual y - C m.", severity="gap", credit=0.5)
def _no_residual(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    return mean + _column(gain, y), cov - gain @ C @ cov


@wrong(
    "cov_kept",
    "The covariance is returned as it was: an observation makes a state more certain.",
    severity="gap",
    credit=0.5,
)
def _cov_kept(mean, cov, y, C, R):
    return mean + _column(_gain(cov, C, R), y - mean @ C.mT), cov.clone()


@wrong("detached", "The gain is detached from the graph: it depends on C.", severity="slip", credit=0.75)
def _detached(mean, cov, y, C, R):
    gain = _gain(cov, C, R).detach()
    return mean + _column(gain, y - mean @ C.mT), cov - gain @ C @ cov


@wrong(
    "diagonal",
    "Only the diagonal of S is inverted: entries of an observation are correlated.",
    severity="gap",
    credit=0.5,
)
def _diagonal(mean, cov, y, C, R):
    S = C @ cov @ C.mT + R
    gain = cov @ C.mT / S.diagonal(dim1=-2, dim2=-1)[:, None, :]
    return mean + _column(gain, y - mean @ C.mT), cov - gain @ S @ gain.mT


@wrong()
def _capped(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    return mean + _column(gain, (y - mean @ C.mT).clamp(-3, 3)), cov - gain @ C @ cov


# -------------------------------------------------------------------------------------------------------- right answers


@right("joseph", "The Joseph form of the covariance, with an inverse.")
def _joseph(mean, cov, y, C, R):
    gain = _gain(cov, C, R)
    left = torch.eye(C.shape[1], dtype=C.dtype) - gain @ C
    return mean + _column(gain, y - mean @ C.mT), left @ cov @ left.mT + gain @ R @ gain.mT


@right("information", "The information form: precisions are added up.", second=True)
def _information(mean, cov, y, C, R):
    before = torch.linalg.inv(cov)
    seen = C.mT @ torch.linalg.inv(R)
    after = torch.linalg.inv(before + seen @ C)
    return _column(after, _column(before, mean) + y @ seen.mT), after


@right("cholesky", "S is decomposed, and the gain solved for.")
def _cholesky(mean, cov, y, C, R):
    L = torch.linalg.cholesky(C @ cov @ C.mT + R)
    half = torch.linalg.solve_triangular(L, C @ cov, upper=False)
    white = torch.linalg.solve_triangular(L, (y - mean @ C.mT)[..., None], upper=False)
    return mean + (half.mT @ white)[..., 0], cov - half.mT @ half
