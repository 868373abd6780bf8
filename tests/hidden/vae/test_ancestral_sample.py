"""Ancestral samples: z from the prior, means that belong to it, and images drawn from these means."""

from dataclasses import replace

import numpy as np
import torch
from scipy import special

from autograder.authoring import Case, Draw, Probe, check
from autograder.checking.statistics import noise_test, share_of

ROUNDING = 1e-5
SHAPES = ((2, 2000, 3), (2, 60, 24), (61, 12, 2))
"""Calls, images and latent dimensions; the number of calls is prime, so that what comes round does not come round with it."""
MORE = 3
"""Pixels more than latent dimensions: the logits tell of z, and that they come from one."""
STEEP = 0.8
"""Size of what one latent dimension does to the logits: in float32 z is found again for logits up to 7."""


def revealing(seed: int, n: int, latents: int) -> Case:
    """A call whose means tell z: the decoder's weights have orthogonal columns."""
    draw = Draw(torch.float64, seed)
    weight = STEEP * draw.orthogonal(latents + MORE, latents)
    layer = {"op": "affine", "weight": weight.float(), "bias": draw.normal(latents + MORE, std=0.6).float()}
    return Case("ancestral_sample", {"n": n, "decoder": Probe({"layers": [layer]}), "latent_dim": latents}, seed=seed)


def latents_of(case: Case, means: torch.Tensor) -> tuple[np.ndarray, float]:
    """z of every image, and how far logits are from those of a z."""
    layer = case.arguments["decoder"].spec["layers"][0]
    weight, bias = layer["weight"].double().numpy(), layer["bias"].double().numpy()
    logits = special.logit(means.double().numpy()) - bias
    z = logits @ weight / STEEP**2
    return z, float(np.abs(logits - z @ weight.T).max())


@check("ancestral_sample", "means")
def test_means(student):
    """The means are sigmoid(decoder(z)) for z ~ N(0, I), with fresh noise for every image, latent dimension and call."""
    for turn, (calls, n, latents) in enumerate(SHAPES):
        case = revealing(student.lot(f"means {turn}"), n, latents)
        manner = {"own_generator": turn != 2, "evaluate": turn == 1}
        drawn = [student.value(replace(case, seed=case.seed + call), **manner)[0] for call in range(calls)]
        means = torch.stack([part.detach() for part in drawn])
        student.sees(case, "the range of the means", torch.stack([means.min(), means.max()]).double(), within=0.05)
        inside = bool(((means > 0) & (means < 1)).all())
        student.require(inside, case, "the means are no probabilities", help="A sigmoid makes probabilities of logits.")
        z, off = latents_of(case, means)
        student.sees(case, "the latent variables", z.reshape(-1, latents), interchangeable=True)
        student.require(off < 0.01, case, "the means are not the sigmoid of what the decoder returns for any z")
        verdict = noise_test(z, independent=True, rounding=ROUNDING, false_fail=share_of(len(SHAPES)))
        student.judge(verdict, case, "z is not drawn from the prior N(0, I), fresh for every image")


@check("ancestral_sample", "images", given=True)
def test_images(student):
    """Every image is drawn from the means in the same row: each of its pixels is 1 with that probability, independently of the others."""
    for turn, (calls, n, latents) in enumerate(SHAPES):
        case = revealing(student.lot(f"images {turn}"), n, latents)
        layer = case.arguments["decoder"].spec["layers"][0]
        steeper = {**layer, "weight": 2.5 * layer["weight"]}  # dark and light pixels beside undecided ones
        case = case.but(decoder=Probe({"layers": [steeper]}))
        drawn = [student.value(replace(case, seed=case.seed + call)) for call in range(calls)]
        means, images = (torch.stack([pair[k].detach() for pair in drawn]).double().numpy() for k in (0, 1))
        binary = bool(np.isin(images, (0.0, 1.0)).all())
        student.require(binary, case, "the images have pixels that are neither 0 nor 1")
        probable = bool(((means >= 0) & (means <= 1)).all())
        if not probable:
            return  # the means are judged by another check
        student.sees(case, "white pixels", images.reshape(-1, images.shape[2]), interchangeable=True)
        student.sees(case, "white pixels beside their means", float((images * means).mean()), within=0.02)
        noise = normal_noise(images, means, np.random.default_rng(student.lot(f"uniform {turn}")))
        verdict = noise_test(noise, independent=True, rounding=0.0, false_fail=share_of(len(SHAPES)))
        help_text = "torch.bernoulli(means): the means of the very same z, and a draw of its own for every pixel."
        student.judge(
            verdict, case, "the images are not independent draws from the means in the same row", help=help_text
        )


def normal_noise(images: np.ndarray, means: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What is N(0, 1) and independent if and only if pixels are independent with these probabilities: a white one becomes a uniform number
    below its mean, a black one a uniform number above it, and both are then made normal.
    """
    u = rng.uniform(size=means.shape)
    uniform = np.where(images > 0.5, u * means, means + u * (1.0 - means))
    return special.ndtri(np.clip(uniform, 1e-12, 1.0 - 1e-12))


@check("ancestral_sample", "extreme")
def test_extreme(student):
    """Where the decoder is certain (logits of ±800), the means are 0 and 1, and so are the pixels."""
    draw = Draw(torch.float32, student.lot("extreme"))
    white = draw.binary(30)
    layer = {"op": "affine", "weight": draw.normal(30, 3), "bias": 800.0 * (2 * white - 1)}
    case = Case("ancestral_sample", {"n": 7, "decoder": Probe({"layers": [layer]}), "latent_dim": 3}, seed=5)
    help_text = "torch.sigmoid is finite for all logits; exp(ℓ) / (1 + exp(ℓ)) is not."
    student.agrees(case, (white.expand(7, 30), white.expand(7, 30)), help=help_text)
