"""What is held against the checks of `kalman_predict`."""

import torch

from autograder.authoring.candidates import right, wrong

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("no_noise", "Q is not added: a prediction is less certain than the state before.", severity="slip")
def _no_noise(mean, cov, A, Q):
    return mean @ A.mT, A @ cov @ A.mT


@wrong("transposed", "A is transposed: the mean is A m, and the covariance A P Aᵀ + Q.", severity="slip")
def _transposed(mean, cov, A, Q):
    return mean @ A, A.mT @ cov @ A + Q


@wrong("transposed", rewritten=True)
def _transposed_einsum(mean, cov, A, Q):
    return torch.einsum("bi,ij->bj", mean, A), torch.einsum("ki,bkl,lj->bij", A, cov, A) + Q


@wrong("transposed_mean", "A is transposed in the mean: for rows m, A m is `m @ A.mT`.", severity="slip")
def _transposed_mean(mean, cov, A, Q):
    return mean @ A, A @ cov @ A.mT + Q


@wrong("transposed_cov", "A is transposed in the covariance: it is A P Aᵀ + Q.", severity="slip")
def _transposed_cov(mean, cov, A, Q):
    return mean @ A.mT, A.mT @ cov @ A + Q


@wrong("one_sided", "The covariance is multiplied by A on one side only: it is A P Aᵀ + Q.", severity="gap", credit=0.5)
def _one_sided(mean, cov, A, Q):
    return mean @ A.mT, A @ cov + Q


@wrong("not_moved", "The covariance is P + Q: A acts on the uncertainty as well.", severity="gap", credit=0.5)
def _not_moved(mean, cov, A, Q):
    return mean @ A.mT, cov + Q


@wrong("noise_squared", "Q is taken for a standard deviation and squared: it is a covariance.", severity="slip")
def _noise_squared(mean, cov, A, Q):
    return mean @ A.mT, A @ cov @ A.mT + Q @ Q


@wrong("noise_in_mean", "Noise is added to the mean: the mean of the noise is 0.", severity="gap", credit=0.5)
def _noise_in_mean(mean, cov, A, Q):
    return mean @ A.mT + Q.diagonal(), A @ cov @ A.mT + Q


@wrong(
    "one_cov",
    "One covariance is returned for the whole batch: there is one for every state.",
    severity="gap",
    credit=0.5,
)
def _one_cov(mean, cov, A, Q):
    return mean @ A.mT, A @ cov[0] @ A.mT + Q


@wrong("detached", "A is detached from the graph, so no gradient reaches it.", severity="slip", credit=0.75)
def _detached(mean, cov, A, Q):
    fixed = A.detach()
    return mean @ A.mT, fixed @ cov @ fixed.mT + Q


@wrong()
def _first_in_batch(mean, cov, A, Q):
    return mean @ A.mT, (A @ cov[:1] @ A.mT + Q).expand_as(cov).clone()


# -------------------------------------------------------------------------------------------------------- right answers


@right("einsum", "Written with index sums.")
def _einsum(mean, cov, A, Q):
    return torch.einsum("ij,bj->bi", A, mean), torch.einsum("ik,bkl,jl->bij", A, cov, A) + Q


@right("stacked", "State and noise are stacked: one wide matrix [A I] and one block covariance.", second=True)
def _stacked(mean, cov, A, Q):
    wide = torch.cat([A, torch.eye(len(A), dtype=A.dtype)], dim=1)
    block = torch.zeros(len(mean), 2 * len(A), 2 * len(A), dtype=A.dtype)
    block[:, : len(A), : len(A)] = cov
    block[:, len(A) :, len(A) :] = Q
    both = torch.cat([mean, torch.zeros_like(mean)], dim=1)
    return both @ wide.mT, wide @ block @ wide.mT
