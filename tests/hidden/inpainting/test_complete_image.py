"""A completed image: its parts where q is next to a point, and the law of the z that its lower half tells."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check, drawn_sizes, siblings
from autograder.authoring.cases import probe_dtype
from autograder.checking.statistics import combine, gaussian_sample_test, noise_test, share_of
from tests.public.inpainting.test_complete_image import NARROW, complete_image
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER

LATENTS = drawn_sizes(M=(1, 24))
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
APART = {torch.float64: 1e-6, torch.float32: 2e-3}
"""How far (in logits) the lower half may be from the decoder's means at the z that is nearest to it: rounding is a tenth of it."""
FIRST, CALLS = 40, 300
"""A few calls first: most mistakes are told from another by them."""
MANNERS = (
    (200, 12, {}),
    (150, 2, {"one_generator": True}),
    (150, 3, {"own_generator": False}),
    (150, 2, {"own_generator": False, "evaluate": True}),
)
"""Calls, latent dimensions, and how the calls are made."""
HELP = "z = μ + σ ⊙ ε with σ = exp(½ log_var): one z, with noise of its own for every latent, drawn anew at every call."


@check("complete_image", "value")
@given(sizes=LATENTS, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_value(student, oracle, sizes, dtype, seed):
    """Where σ is next to nothing: the upper half as given, below it the Bernoulli means that the decoder has at the mean of q."""
    case = complete_image.build(sizes, dtype, seed)
    case = case.but(log_var=torch.full_like(case.arguments["log_var"], NARROW))
    help_text = "x_top as it is, then sigmoid(decoder(z)) of the last 392 pixels: means, no samples of pixels."
    for one in (case, *siblings(case)):
        expected = oracle.value(one)
        student.agrees(one, expected, help=help_text)
        # what a mistake makes of the pixels, for the diagnosis: of a random function's result only the first few are compared
        image, right = student.value(one, finite=False).double(), expected.double()
        halves = torch.stack([image[:UPPER], image[UPPER:], right[:UPPER], right[UPPER:]], dim=1)
        student.sees(one, "the pixels of both halves", halves, interchangeable=True)


def telling(dtype: torch.dtype, seed: int, latents: int) -> Case:
    """A call whose lower half tells z: its logits are affine in z, within ±6 for noise up to five standard deviations.

    Every latent has a mean and a deviation of its own, from e⁻² to e^0.75.
    """
    draw = Draw(torch.float64, seed, Sizes({"M": latents}))
    order = torch.randperm(latents, generator=torch.Generator().manual_seed(seed))
    levels = torch.linspace(-4.0, 1.5, latents, dtype=torch.float64)[order] + draw.uniform("M", low=-0.2, high=0.2)
    deviation = torch.exp(0.5 * levels)
    mean = deviation * draw.normal("M", mean=2.0)
    weight = draw.normal(PIXELS, "M").clamp(-1.5, 1.5) * 0.6 / latents**0.5 / deviation
    layer = {"op": "affine", "weight": weight, "bias": draw.uniform(PIXELS, low=-1.0, high=1.0) - weight @ mean}
    arguments = {
        "x_top": draw.binary(UPPER).to(dtype),
        "mean": mean.to(dtype),
        "log_var": levels.to(dtype),
        "decoder": probe_dtype(Probe({"layers": [layer]}), dtype),
    }
    return Case("complete_image", arguments, seed=seed)


def noise_of(student, case: Case, calls: int, **manner) -> np.ndarray:
    """Return the noise of every call and latent; require that every lower half is the decoder's at some z."""
    images = student.many(case, calls, **manner)
    layer = probe_dtype(case.arguments["decoder"], torch.float64).spec["layers"][0]
    weight, bias = layer["weight"][UPPER:], layer["bias"][UPPER:]
    logits = torch.logit(images[:, UPPER:], eps=1e-9) - bias
    z = torch.linalg.lstsq(weight, logits.T).solution.T  # (calls, M)
    mean, log_var = (case.arguments[name].double() for name in ("mean", "log_var"))
    noise = ((z - mean) * torch.exp(-0.5 * log_var)).numpy()
    apart = (z @ weight.T - logits).abs().amax(1)
    student.sees(case, "the noise", noise, interchangeable=True)
    student.sees(case, "how far the lower half is from any z", apart.numpy()[:, None], interchangeable=True)
    message = "the lower half is not what the decoder says at any one z"
    student.require(float(apart.max()) < APART[case.dtype()], case, message, help=HELP)
    return noise


@check("complete_image", "distribution", after=["value"])
def test_distribution(student):
    """The lower half comes from one z, which follows N(μ, σ²) with σ = exp(½ log_var) in every latent dimension."""
    for dtype in DTYPES:
        case = telling(dtype, student.lot(str(dtype)), 3)
        noise_of(student, case, FIRST)
        noise = noise_of(student, case, CALLS)
        verdict = combine(*(gaussian_sample_test(noise[:, m], false_fail=share_of(6)) for m in range(3)))
        student.judge(verdict, case, "z does not follow N(mean, exp(log_var))", help=HELP)


@check("complete_image", "noise", after=["distribution"])
def test_noise(student):
    """Every call and every latent dimension has noise of its own."""
    for turn, (calls, latents, manner) in enumerate(MANNERS):
        case = telling(DTYPES[turn % 2], student.lot(f"noise {turn}"), latents)
        noise = noise_of(student, case, calls, **manner)[:, None]
        rounding = ROUNDING[case.dtype()]
        verdict = noise_test(noise, independent=True, rounding=rounding, false_fail=share_of(len(MANNERS)))
        student.judge(verdict, case, "latent dimensions or calls share their noise", help=HELP)


@check("complete_image", "extreme", after=["value"])
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, seed):
    """Where the decoder is certain (logits of ±800) the lower pixels are 0 or 1."""
    draw = Draw(dtype, seed)
    logits = 800.0 * draw.uniform(PIXELS, low=0.8, high=1.0) * (2 * draw.binary(PIXELS) - 1)
    layer = {"op": "affine", "weight": draw.normal(PIXELS, 2), "bias": logits}
    arguments = {
        "x_top": draw.binary(UPPER),
        "mean": draw.normal(2),
        "log_var": draw.normal(2),
        "decoder": Probe({"layers": [layer]}),
    }
    case = Case("complete_image", arguments, seed=seed)
    help_text = "e^ℓ / (1 + e^ℓ) overflows for large ℓ: torch.sigmoid does not."
    student.agrees(case, oracle.value(case), help=help_text)
