"""The noise inside the bound of one upper half: recovered from the gradient that flows through the sample, as that of `elbo` is."""

import numpy as np
import torch

from autograder.authoring import DTYPES
from autograder.checking.statistics import noise_test, share_of, spread_sequence_test, spread_test
from tests.hidden import exact
from tests.hidden.inpainting import bound
from tests.hidden.vae.noise import ANTITHETIC, ROUNDING, recovered
from tests.public.inpainting.test_log_likelihood_top import UPPER

CALLS = 64
MANNERS = (
    (500, 12, {"prior": False}, True),
    (500, 12, {"prior": True}, True),
    (199, 2, {"prior": False}, False),
)
"""Calls, latents, which q, and whether a generator is passed; the last number of calls is prime, so that what comes round after so many
does not come round with it."""
SHARE = share_of(8)
HELP = "One ε for every draw and every latent, fresh at every call: shape (n_samples, M)."


def judge_noise(student):
    """Require that calls, latents and draws have noise of their own, drawn from N(0, I), as much as `n_samples` says."""
    judge_scatter(student)
    if slopes_of(student, bound.revealing(torch.float64, student.lot("any"), 1, prior=True), 1) is None:
        return  # no gradient comes through a sample: other checks look at that
    for turn, (calls, latents, q, own_generator) in enumerate(MANNERS):
        dtype, seed = DTYPES[turn % 2], student.lot(f"draws {turn}")
        judge_draws(student, [bound.revealing(dtype, seed, latents, **q, turn=k) for k in (0, 1)], calls, own_generator)
    for turn, n_samples in enumerate((8, 64)):
        dtype, seed = DTYPES[turn], student.lot(f"samples {turn}")
        judge_samples(student, [bound.revealing(dtype, seed, 3, n_samples, prior=True, turn=k) for k in (0, 1)])


def judge_scatter(student):
    """Require that the variance of the result falls with the number of draws, and that no call repeats another."""
    case = bound.with_noise(torch.float64, student.lot("scatter"), n_samples=64)
    term, _ = exact.noisiest_form(bound.as_elbo(case, UPPER - bound.LIVE))
    verdict = spread_sequence_test(student.draws(case), term / 64, forms=ANTITHETIC, false_fail=SHARE)
    # what is allowed and what one draw has are far apart: no chance decides it, and it rules out most other mistakes at once
    student.sees(case, "whether the draws are one", float(verdict.decision == "fail"))
    student.judge(verdict, case, "64 draws of z are not 64 draws", help=HELP)
    one = case.but(n_samples=1)
    # of 32 numbers with standard deviation s > 1, two are within d of each other with probability 32²/2 · d / (s √π) < 1e-8, either way
    for manner in ({}, {"one_generator": True}, {"evaluate": True}, {"evaluate": True, "own_generator": False}):
        closest = float(np.diff(np.sort(student.draws(one, **manner)(0, 32))).min())
        student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")


def slopes_of(student, case, calls, own_generator=True):
    """Return the gradients of the bound by the mean, shape (calls, 1, latents); None where there are none."""
    found = student.ask(case, repeat=calls, gradients=["mean"], own_generator=own_generator).gradients.get("mean")
    if found is None or not bool(found.isfinite().all()) or not bool(found.any()):
        return None
    return found.double().reshape(calls, 1, -1).numpy()


def judge_draws(student, cases, calls, own_generator):
    """Require that the noise of calls and latents is that of independent draws from N(0, 1); of two decoders one is asked."""
    case = cases[0]
    slopes = slopes_of(student, case, calls, own_generator)
    if slopes is None or not through_sample(student, cases, slopes[:CALLS], own_generator):
        return
    noise, _, _ = recovered(bound.as_elbo(case), slopes)
    student.sees(case, "the noise of calls", noise[:, 0], interchangeable=True)
    verdict = noise_test(noise, false_fail=SHARE, rounding=ROUNDING[case.dtype()])
    student.judge(verdict, case, "the noise is not that of independent draws from N(0, I)", help=HELP)


def through_sample(student, cases, first, own_generator=True):
    """Whether the gradient comes through the sample, so that noise can be recovered from it: two decoders tell of the same noise.

    `first` are the slopes of the first calls. Where calls with one seed differ from each other, nothing can be said against it.
    """
    case, other = cases
    again, second = (slopes_of(student, c, len(first), own_generator) for c in (case, other))
    if second is None or not np.array_equal(first, again):
        return True
    one, two = recovered(bound.as_elbo(case), first)[0], recovered(bound.as_elbo(other), second)[0]
    return bool(np.quantile(np.abs(one - two), 0.9) < 1e-2)


def judge_samples(student, cases):
    """Require that the mean over `n_samples` draws varies as little as it should; of two decoders one is asked."""
    case = cases[0]
    slopes = slopes_of(student, case, 2 * CALLS)
    if slopes is None:
        return
    single = [one.but(n_samples=1) for one in cases]
    of_one = slopes_of(student, single[0], CALLS)
    if of_one is None:
        return
    _, centre, spread = recovered(bound.as_elbo(single[0]), of_one)
    n_samples = case.arguments["n_samples"]
    values = ((slopes - centre) / spread).reshape(-1)
    verdict = spread_test(values, 1.0 / n_samples, false_fail=SHARE)
    if verdict.decision == "fail" and not through_sample(student, single, of_one):
        return
    message = f"the mean over n_samples={n_samples} draws varies too much: they are not {n_samples} independent draws"
    student.judge(verdict, case, message, help=HELP)
