"""Where latent optimisation starts: the law of mean and log-variance, and that nothing is shared."""

from dataclasses import replace

import numpy as np
from scipy import special

from autograder.authoring import Case, check
from autograder.checking.statistics import gaussian_sample_test, independence_test, noise_test, share_of

FLOOR = 1e-3
"""A σ below it may be kept from 0, by a small number under the logarithm, say."""
ROUNDING = 1e-6
FAR = 40.0
"""No N(0, 1) comes near it."""
SHAPES = ((3, (2700, 3000), (5, 6)), (2, (36, 44), (62, 74)), (64, (10, 14), (2, 3)), (64, (1, 1), (10, 15)))
"""Calls, and from how many to how many images and dimensions."""


def half_normal_scores(log_var, rng):
    """Return numbers that are N(0, 1) if σ is, from |σ| alone: Φ⁻¹(2Φ(|σ|) − 1). What lies below `FLOOR` is drawn anew below it."""
    sigma = np.exp(0.5 * np.minimum(log_var, 8.0))
    upper = 2.0 * special.ndtr(-sigma)  # the probability of a larger |σ|
    below = 1.0 - 2.0 * special.ndtr(-FLOOR)
    drawn = 1.0 - below * (1.0 - rng.random(sigma.shape))
    return np.clip(-special.ndtri(np.where(sigma < FLOOR, drawn, upper)), -FAR, FAR)


def drawn_by(student, case, **manner):
    """Return the means of a call and its scores of σ, each of shape (n, latent_dim)."""
    mean, log_var = (part.double().numpy() for part in student.value(case, finite=False, **manner))
    rng = np.random.default_rng(case.seed)
    return np.clip(np.nan_to_num(mean), -FAR, FAR), half_normal_scores(np.nan_to_num(log_var, nan=99.0), rng)


@check("init_latents", "mean")
def test_mean(student):
    """The means are standard normal."""
    rng = np.random.default_rng(student.lot("mean"))
    case = Case("init_latents", {"n": int(rng.integers(1500, 2500)), "latent_dim": 3}, seed=student.lot("seed"))
    mean, _ = drawn_by(student, case)
    student.sees(case, "the means", mean, interchangeable=True)
    verdict = gaussian_sample_test(mean.reshape(-1))
    student.judge(verdict, case, "the means do not follow N(0, 1)", help="μ comes from torch.randn.")


@check("init_latents", "log_variance")
def test_log_variance(student):
    """log_var is the logarithm of the square of a σ that is standard normal."""
    rng = np.random.default_rng(student.lot("log_var"))
    case = Case("init_latents", {"n": int(rng.integers(1500, 2500)), "latent_dim": 3}, seed=student.lot("seed"))
    log_var = student.value(case, finite=False)[1].double().numpy()
    student.sees(case, "the log-variances", log_var, interchangeable=True)
    _, scores = drawn_by(student, case)
    verdict = gaussian_sample_test(scores.reshape(-1))
    help_text = "r = log σ² with σ ~ N(0, 1): neither r itself nor log |σ|."
    student.judge(verdict, case, "log_var is not log σ² for a standard normal σ", help=help_text)


@check("init_latents", "independence", after=["mean", "log_variance"])
def test_independence(student):
    """Every image and every dimension has numbers of its own, σ others than μ, and every call others than the one before."""
    share = share_of(2 * len(SHAPES) + 2)
    rng = np.random.default_rng(student.lot("shapes"))
    for turn, (calls, *ranges) in enumerate(SHAPES):
        n, latent_dim = (int(rng.integers(least, most, endpoint=True)) for least, most in ranges)
        case = Case("init_latents", {"n": n, "latent_dim": latent_dim}, seed=student.lot(f"noise {turn}"))
        manner = {"own_generator": turn != 3, "evaluate": turn % 2 == 0}
        drawn = [drawn_by(student, replace(case, seed=case.seed + call), **manner) for call in range(calls)]
        means, scores = (np.stack(parts) for parts in zip(*drawn, strict=True))
        student.sees(case, "means and log-variances", np.stack([means, scores], -1), interchangeable=True)
        for name, found in (("the means", means), ("the log-variances", scores)):
            verdict = noise_test(found, independent=True, rounding=ROUNDING, false_fail=share)
            student.judge(verdict, case, f"{name} of images, dimensions or calls are not drawn independently")
        if turn == 0:
            folded = -special.ndtri(2.0 * special.ndtr(-np.abs(means)))
            for found in (means, folded):
                verdict = independence_test(found.reshape(-1), scores.reshape(-1), false_fail=share)
                student.judge(verdict, case, "σ is not drawn independently of the mean", help="Draw σ by itself.")
