"""The fitted mixture, judged by the likelihood that it reaches: the order of its components is free, and so is the way there."""

from dataclasses import replace

import torch

from autograder.authoring import DTYPES, CheckFailed, Draw, FailureKind, check
from tests.hidden.autoencoder.clusters import clusters, log_likelihood, trouble
from tests.public.autoencoder.test_fit_latent_mixture import in_order

WITHIN = 0.01
"""Nats per code that may be missing: EM that stops where a step gains less than 0.001 misses 0.0003. Codes that belong to the
nearest centre alone miss 0.03 or more, equal weights 0.06, diagonal covariances 0.15.
"""
STARTS = 4
"""Seeds of which the best counts: one start may end in a local optimum."""
KINDS = ((3, 3, 1.0), (5, 2, 1.0), (1, 2, 1.0), (2, 3, 0.05))
"""Latents, components, and what all codes are multiplied by: next to small codes, what is added to variances shows."""


@check("fit_latent_mixture", "value")
def test_value(student, oracle):
    """The log-likelihood of the codes is nearly the highest that a mixture of K Gaussians with full covariances has."""
    help_text = "Unequal weights, full covariances, soft responsibilities; until it has converged, from a good start."
    for turn, (M, K, scale) in enumerate(KINDS):
        seed = student.lot(f"codes {turn}")
        case = clusters(DTYPES[turn % 2], seed, 360 + 10 * turn + seed % 37, M, K, 6.0 if M == 1 else 3.5)
        case = case.but(codes=scale * case.arguments["codes"])
        best = log_likelihood(case.arguments["codes"], oracle.value(case))
        missing = min_missing(student, case, best)
        message = f"the log-likelihood is {missing:.3g} nats per code below the highest"
        student.require(missing <= WITHIN, case, message, help=help_text)


def min_missing(student, case, best):
    """How much of the log-likelihood is missing, at the best of several seeds."""
    least = float("inf")
    for start in range(STARTS):
        one = case.but(seed=case.arguments["seed"] + start)
        mixture = tuple(part.detach().double() for part in student.value(one))
        weights, means, covariances = in_order(mixture)
        if start == 0:
            for what, part in (("weights", weights), ("means", means), ("covariances", covariances)):
                student.sees(one, what, part, within=0.03)
        found = trouble(mixture)
        student.require(not found, one, found)
        least = min(least, best - log_likelihood(case.arguments["codes"], mixture))
        if least <= WITHIN:
            break
    return least


@check("fit_latent_mixture", "single")
def test_single(student):
    """One Gaussian is known: its weight is 1, its mean that of the codes, and its covariance theirs, divided by N."""
    for dtype in DTYPES:
        draw = Draw(torch.float64, student.lot(f"codes {dtype}"))
        case = clusters(dtype, student.lot(f"single {dtype}"), 9 + int(draw.uniform(1, low=0, high=6)), 3, 1, 0.0)
        codes = case.arguments["codes"].double()
        weights, means, covariances = (part.detach().double() for part in student.value(case))
        covariance = torch.cov(codes.mT, correction=0)
        for what, got, wanted, scale in (
            ("weight", weights[0], torch.tensor(1.0), 1.0),
            ("mean", means[0], codes.mean(0), float(codes.std())),
            ("covariance", covariances[0], covariance, float(covariance.abs().max())),
        ):
            student.sees(case, f"the {what}", got, within=0.01)
            off = float((got - wanted).abs().max()) / scale
            message = f"the {what} of one Gaussian is off by {off:.1%}"
            student.require(off < 0.01, case, message, help="Maximum likelihood divides by N, not by N − 1.")


@check("fit_latent_mixture", "seed", given=True)
def test_seed(student):
    """The same seed gives the same mixture, whatever was drawn before."""
    case = clusters(
        torch.float64, student.lot("seed"), 90, 2, 3, 2.5
    )  # few, and close together: there are several optima
    first, again = (student.value(replace(case, seed=k)) for k in (11, 12))
    apart = max(float((a.detach() - b.detach()).abs().max()) for a, b in zip(first, again, strict=True))
    message = f"two calls with the same seed differ by {apart:.3g}"
    if not apart < 1e-6:
        help_text = "torch.manual_seed(seed), or random_state=seed."
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake="not_seeded")
