"""Samples: what only the grader runs. Draws are turned back into the noise that made them, which must be standard normal."""

from dataclasses import replace

import torch
from tests.public.kalman.test_sample_states import SIZES, sample_states

from autograder.authoring import check
from autograder.checking.statistics import combine, gaussian_sample_test, independence_test, share_of

DRAWN = sample_states.build(SIZES[2], torch.float64, 11, n=600, length=5)
# Covariances that are far from the identity and far from diagonal: neither Q Qᵀ nor Lᵀ L may be near Q.
CASE = DRAWN.but(
    Q=torch.tensor([[0.4, 0.6], [0.6, 2.5]], dtype=torch.float64),
    R=torch.tensor([[0.3, 0.3, 0.1], [0.3, 1.0, 0.8], [0.1, 0.8, 4.0]], dtype=torch.float64),
    P0=torch.tensor([[4.0, 1.5], [1.5, 1.0]], dtype=torch.float64),
)


def white(residual, cov):
    """Residuals whose covariance should be `cov`, turned into standard normal numbers."""
    factor = torch.linalg.cholesky(cov)
    flat = residual.reshape(-1, residual.shape[-1])
    return torch.linalg.solve_triangular(factor, flat.mT, upper=False).mT.reshape(residual.shape)


def first_noise(case, states):
    """What must have been drawn for the first states."""
    return white(states[:, 0] - case.arguments["m0"], case.arguments["P0"])


def state_noise(case, states):
    """What must have been drawn for the later states."""
    return white(states[:, 1:] - states[:, :-1] @ case.arguments["A"].mT, case.arguments["Q"])


def seen_noise(case, states, observations):
    """What must have been drawn for the observations."""
    return white(observations - states @ case.arguments["C"].mT, case.arguments["R"])


def flat(tensor):
    """All numbers, for the tests."""
    return tensor.reshape(-1).numpy()


def is_white(noise, false_fail):
    """Standard normal throughout, entries of a vector independent, sequences independent."""
    verdicts = [gaussian_sample_test(flat(noise), false_fail=false_fail / 3)]
    verdicts.append(independence_test(flat(noise[1:]), flat(noise[:-1]), false_fail=false_fail / 3))
    if noise.shape[-1] > 1:
        verdicts.append(independence_test(flat(noise[..., 1:]), flat(noise[..., :-1]), false_fail=false_fail / 3))
    return combine(*verdicts)


@check("sample_states", "first")
def test_first(student):
    """The first states are independent draws from N(m0, P0)."""
    noise = first_noise(CASE, student.value(CASE)[0])
    student.sees(CASE, "the first states", noise, interchangeable=True)
    help = "P0 is a covariance: multiply standard normal noise by its Cholesky factor. Nothing is predicted before."
    student.judge(is_white(noise, share_of(1)), CASE, "the first states do not follow N(m0, P0)", help=help)


@check("sample_states", "transitions")
def test_transitions(student):
    """z_t - A z_{t-1} are independent draws from N(0, Q)."""
    noise = state_noise(CASE, student.value(CASE)[0])
    student.sees(CASE, "the noise of the states", noise, interchangeable=True)
    verdicts = [
        is_white(noise, share_of(2)),
        independence_test(flat(noise[:, 1:]), flat(noise[:, :-1]), false_fail=share_of(2)),
    ]
    help = "Q is a covariance: multiply standard normal noise by its Cholesky factor, new noise in every step."
    student.judge(combine(*verdicts), CASE, "the states do not follow N(A z, Q)", help=help)


@check("sample_states", "observations")
def test_observations(student):
    """y_t - C z_t are independent draws from N(0, R), and have nothing to do with the noise of the states."""
    states, observations = student.value(CASE)
    noise = seen_noise(CASE, states, observations)
    student.sees(CASE, "the noise of the observations", noise, interchangeable=True)
    verdicts = [
        is_white(noise, share_of(3)),
        independence_test(flat(noise[:, 1:]), flat(noise[:, :-1]), false_fail=share_of(3)),
        independence_test(flat(noise[:, 1:, 0]), flat(state_noise(CASE, states)[..., 0]), false_fail=share_of(3)),
    ]
    help = "R is a covariance: multiply standard normal noise by its Cholesky factor; y_t belongs to z_t."
    student.judge(combine(*verdicts), CASE, "the observations do not follow N(C z, R)", help=help)


@check("sample_states", "fresh", given=True)
def test_fresh(student):
    """Every call has noise of its own."""
    first = student.value(CASE)
    second = student.value(replace(CASE, seed=77))
    same = torch.equal(first[0], second[0]) or torch.equal(first[1], second[1])
    student.require(not same, CASE, "two calls return the same draws", help="Set no seed inside the function.")
