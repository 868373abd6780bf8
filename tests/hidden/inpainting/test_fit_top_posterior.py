"""The fitted posterior, judged by the bound that it reaches: never by its parameters, nor by the way there."""

from dataclasses import replace

import numpy as np
import torch

from autograder.authoring import DTYPES, check
from tests.hidden.inpainting.fitting import image, lost, optimum, steep_and_flat

WITHIN = 0.5
"""Nats of the bound that may be missing, over six latents: with Adam 0.01 are, with momentum 0.13, with a learning rate that falls to
0 another 0.05."""
IMAGES = ("image", "image.again")
"""One is enough: with momentum, or from a random start, one image in 50 ends 0.6 below; whoever is wrong fails at both."""
SETTINGS = {"steps": 260, "learning_rate": 0.035, "n_samples": 40}
FRESH_WITHIN = 1.9
"""The same with 2 draws in every step and a small learning rate: 0.2 are missing, with momentum up to 1.4. If it is the same 2 draws in
every step, 2.2 or more are, whatever the learning rate."""
OWN_WITHIN = 0.6
"""The same with 40 draws, for latents that go together: 0.01 to 0.3 are missing; with one number for all latents 1.3."""
MANY_WITHIN = 0.1
MANY_SHARE = 0.4
"""With a large learning rate more is missing with one draw in every step than with 40: 5 times as much with Adam, 50 times with plain
gradients. Where less than MANY_WITHIN is missing with 40, nothing is compared."""
SEEDS = 2
LARGEST_LOG_VAR = 50.0
"""Of a log-variance that is computed with; whoever returns another one is as wrong as with this."""


def fitted(student, case, finite=True):
    """Return mean and log-variance in float64, told to the diagnosis."""
    mean, log_var = (part.detach().double() for part in student.value(case, finite=finite))
    student.sees(case, "the mean", mean, within=0.12)
    student.sees(case, "the log-variance", log_var, within=0.12)
    return mean.clamp(-1e3, 1e3), log_var.clamp(-LARGEST_LOG_VAR, LARGEST_LOG_VAR)


@check("fit_top_posterior", "value")
def test_value(student):
    """The bound that the fitted q reaches is nearly the highest that any diagonal Gaussian has (found by quadrature)."""
    help_text = "Reparameterised draws, the upper logits only, summed over pixels, less the KL divergence; both μ and log σ² move."
    for lot in IMAGES:
        seed = student.lot(lot)
        case = steep_and_flat(DTYPES[seed % 2], seed, {**SETTINGS, "seed": seed % 1000})
        missing = lost(case, fitted(student, case), optimum(case))
        if missing < WITHIN:
            return
    message = f"the bound of the fitted q is {missing:.3g} nats below the best, for a second image too"
    student.require(False, case, message, help=help_text)


@check("fit_top_posterior", "noise", after=["value"])
def test_noise(student):
    """The draws are fresh in every step and for every latent, and there are `n_samples` of them."""
    seed = student.lot("noise") % 1000
    settings = {"steps": 180, "learning_rate": 0.02, "n_samples": 2, "seed": seed}
    case = image(torch.float64, student.lot("fresh"), (0.2,) * 6, 0.5, (0.3, 0.8), settings)
    missing = lost(case, fitted(student, case), optimum(case))
    message = f"with 2 draws in every step the bound is {missing:.3g} nats below the best"
    help_text = "Draw inside the loop: a fit to a few numbers that stay the same is no fit to q."
    student.require(missing < FRESH_WITHIN, case, message, help=help_text)
    settings = {"steps": 90, "learning_rate": 0.07, "n_samples": 40, "seed": seed}
    case = image(torch.float64, student.lot("own"), (0.15,) * 6, 1.5, (0.5, 1.0), settings)
    missing = lost(case, fitted(student, case), optimum(case))
    message = f"for latents that go together the bound is {missing:.3g} nats below the best"
    help_text = "Draw a number of its own for every latent dimension."
    student.require(missing < OWN_WITHIN, case, message, help=help_text)
    settings = {"steps": 80, "learning_rate": 0.1, "n_samples": 1, "seed": seed}
    case = image(torch.float64, student.lot("many"), (0.2,) * 6, 0.5, (1.0, 1.5), settings)
    many = missing_on_average(student, case.but(n_samples=40, seed=seed + SEEDS))
    one = missing_on_average(student, case) if many >= MANY_WITHIN else 0.0
    message = f"with 40 draws in every step the bound is {many:.3g} nats below the best, with one {one:.3g}"
    help_text = "Average over `n_samples` draws in every step: the gradient of one is much noisier."
    student.require(many < max(MANY_WITHIN, MANY_SHARE * one), case, message, help=help_text)


def missing_on_average(student, case):
    """Return what is missing on average over a few seeds; momentum may well end nowhere with one draw in every step."""
    seeds = range(case.arguments["seed"], case.arguments["seed"] + SEEDS)
    return float(np.mean([lost(case, fitted(student, case.but(seed=k), finite=False), optimum(case)) for k in seeds]))


@check("fit_top_posterior", "settings", given=True)
def test_settings(student):
    """Without steps, and with next to no learning rate, nothing is learnt: whatever the image, the result is the same."""
    none, slow = {"steps": 0, "learning_rate": 0.05}, {"steps": 4, "learning_rate": 1e-9}
    for turn, (what, settings) in enumerate((("steps=0", none), ("learning_rate=1e-9", slow))):
        one, other = (
            image(
                DTYPES[turn],
                student.lot(f"{what} {k}"),
                (0.4,) * 3,
                0.3,
                (1.8, 2.4),
                {"n_samples": 4, "seed": 5, **settings},
            )
            for k in range(2)
        )
        first, second = (student.value(case) for case in (one, replace(other, seed=one.seed)))
        apart = max(float((a - b).detach().abs().max()) for a, b in zip(first, second, strict=True))
        message = f"with {what} two images have results that differ by {apart:.3g}"
        student.require(apart < 1e-4, one, message, help=f"Is `{what.partition('=')[0]}` used?")


@check("fit_top_posterior", "seed", given=True)
def test_seed(student):
    """The same seed gives the same result, whatever was drawn before; another seed gives another one."""
    settings = {"steps": 5, "learning_rate": 0.05, "n_samples": 2, "seed": 1 + student.lot("seed") % 1000}
    case = image(torch.float64, student.lot("image"), (0.4,) * 3, 0.3, (1.8, 2.4), settings)
    first, again = (torch.cat(list(student.value(replace(case, seed=k)))).detach() for k in (11, 12))
    other = torch.cat(list(student.value(case.but(seed=settings["seed"] + 1)))).detach()
    student.sees(case, "whether all is 0", float(bool((first == 0).all())))  # as where nothing reaches the parameters
    apart = float((first - again).abs().max())
    message = f"two calls with the same seed differ by {apart:.3g}"
    student.require(apart < 1e-9, case, message, help="torch.manual_seed(seed), or a torch.Generator with that seed.")
    message = "two calls with different seeds have the same result"
    student.require(float((first - other).abs().max()) > 1e-9, case, message, help="Seed with `seed`, not a constant.")
