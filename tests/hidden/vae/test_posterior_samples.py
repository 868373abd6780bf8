"""Draws of q(z | x): what the encoder says of every image, and noise of its own for each of them."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check, siblings
from autograder.authoring.cases import probe_dtype
from autograder.checking.statistics import combine, gaussian_sample_test, noise_test, share_of
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.vae.test_posterior_samples import posterior_samples

NARROW = -80.0
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
SHAPES = ((2, 3000, 6), (2, 40, 50), (61, 12, 2), (61, 1, 12))
"""Calls, images and latents; the number of calls is prime, so that what comes round does not come round with it."""
MANNERS = ({}, {"one_generator": True}, {"own_generator": False}, {"own_generator": False, "evaluate": True})
PIXELS = 4
HELP = "z = μ + σ ⊙ ε with σ = exp(½ log_var), and noise of its own for every image and every latent."


def at_corners(test):
    """Ask for the corners of the sizes in any case."""
    for turn, size in enumerate(CORNERS):
        test = example(size=size, dtype=DTYPES[turn % 2], seed=turn)(test)
    return test


@check("posterior_samples", "value")
@at_corners
@given(size=WIDE, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_value(student, oracle, size, dtype, seed):
    """Where σ is next to nothing, the draw for each image is the mean that the encoder has for it."""
    if size["B"] * size["M"] == 1:
        size = Sizes({**size.values, "M": 2})  # of one entry nothing tells the axes apart
    case = posterior_samples.build(size, dtype, seed)
    (to_mean,), (to_spread,) = case.arguments["encoder"].spec["heads"]
    weight, bias = to_spread["weight"], to_spread["bias"]
    narrow = {"op": "affine", "weight": torch.zeros_like(weight), "bias": torch.full_like(bias, NARROW)}
    case = case.but(encoder=Probe({"layers": [], "heads": [[to_mean], [narrow]]}))
    for one in (case, *siblings(case)):
        student.agrees(one, oracle.value(one), help="The encoder returns the mean first, then log σ².")


def telling(n: int, seed: int, dtype: torch.dtype, latents: int) -> Case:
    """A call whose means and log-variances depend on the image; every latent has a level of its own, from e⁻² to e^0.9 of σ."""
    draw = Draw(torch.float64, seed)
    levels = torch.linspace(-4.0, 1.8, latents, dtype=torch.float64) + draw.uniform(latents, low=-0.2, high=0.2)
    levels = levels[torch.randperm(latents, generator=torch.Generator().manual_seed(seed))]
    to_mean = {
        "op": "affine",
        "weight": draw.normal(latents, PIXELS, std=0.4),
        "bias": draw.normal(latents, mean=1.0),
    }
    to_spread = {"op": "affine", "weight": draw.normal(latents, PIXELS, std=0.3), "bias": levels}
    encoder = probe_dtype(Probe({"layers": [], "heads": [[to_mean], [to_spread]]}), dtype)
    return Case("posterior_samples", {"x": draw.normal(n, PIXELS).to(dtype), "encoder": encoder}, seed=seed)


def noise_of(case: Case, z: torch.Tensor) -> np.ndarray:
    """The standardised draws of one call or of several, shape (..., B, M)."""
    (to_mean,), (to_spread,) = probe_dtype(case.arguments["encoder"], torch.float64).spec["heads"]
    x = case.arguments["x"].double()
    mean, log_var = (x @ layer["weight"].mT + layer["bias"] for layer in (to_mean, to_spread))
    return ((z.double() - mean) * torch.exp(-0.5 * log_var)).numpy()


@check("posterior_samples", "distribution", after=["value"])
def test_distribution(student):
    """The draw for an image follows N(μ, σ²) with σ = exp(½ log_var), as the encoder says of this image."""
    for dtype in DTYPES:
        case = telling(4000, student.lot(str(dtype)), dtype, 3)
        noise = noise_of(case, student.value(case))
        student.sees(case, "the noise", noise, interchangeable=True)
        verdict = combine(*(gaussian_sample_test(noise[:, m], false_fail=share_of(6)) for m in range(3)))
        student.judge(verdict, case, "the draws do not follow N(mean, exp(log_var))", help=HELP)


@check("posterior_samples", "independence", after=["distribution"])
def test_independence(student):
    """Every image, every latent dimension and every call has noise of its own."""
    first = telling(4000, student.lot("names"), torch.float64, 3)
    noise, second = (noise_of(first, student.value(replace(first, seed=first.seed + turn))) for turn in (0, 77))
    student.sees(first, "the noise", noise, interchangeable=True)
    student.sees(first, "the noise of two calls", np.stack([noise[:, 0], second[:, 0]], axis=1), interchangeable=True)
    apart = np.round(noise[:, 0] - noise[:, 1], 6)  # nothing where all latents share their noise
    student.sees(first, "what sets two latents apart", apart, interchangeable=True)
    for turn, ((calls, rows, latents), manner) in enumerate(zip(SHAPES, MANNERS, strict=True)):
        case = telling(rows, student.lot(f"noise {turn}"), DTYPES[turn % 2], latents)
        found = noise_of(case, student.many(case, calls, **manner).reshape(calls, rows, latents))
        rounding = ROUNDING[case.dtype()]
        verdict = noise_test(found, independent=True, rounding=rounding, false_fail=share_of(len(SHAPES)))
        student.judge(verdict, case, "images, latent dimensions or calls share their noise", help=HELP)
