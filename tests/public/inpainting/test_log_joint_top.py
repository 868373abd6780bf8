"""Log joint density of one upper half and each of several latent vectors."""

import math

import torch

from autograder.authoring import DTYPES, Case, Probe, check, inputs
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER, mild_decoder
from tests.public.sizes import SIZES


@inputs("log_joint_top", sizes=SIZES, scale=float(UPPER))
def log_joint_top(draw):
    """One half with binary pixels, and latent vectors that are not all near 0."""
    return {
        "x_top": draw.binary(UPPER),
        "zs": draw.normal("S", "M", std=1.5).clamp(-2.5, 2.5),
        "decoder": mild_decoder(draw),
    }


@check("log_joint_top", "golden")
def test_golden(student):
    """By hand: a decoder whose upper logits are all z₁ log 3, and a half with 100 white pixels. z = (0, 0) has log p(z) = −log 2π and
    392 log ½, together −273.55; z = (1, 0) has ½ less and 100 log ¾ + 292 log ¼, together −435.91; z = (0, 2) has the likelihood of
    the first and 2 less.
    """
    one = torch.ones(UPPER, dtype=torch.float64)
    weight = torch.stack([torch.cat([one * math.log(3.0), one * -1.5]), 0 * one.repeat(2)], dim=1)
    x_top = torch.cat([one[:100], 0 * one[100:]])
    zs = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    half, quarters = 392 * math.log(1 / 2), 100 * math.log(3 / 4) + 292 * math.log(1 / 4)
    expected = torch.tensor([half, quarters - 0.5, half - 2.0], dtype=torch.float64) - math.log(2 * math.pi)
    help_text = "log p(z) = −½ Σ (z² + log 2π), plus log p of the upper pixels: one value for each z."
    for dtype in DTYPES:
        layer = {"op": "affine", "weight": weight.to(dtype), "bias": torch.zeros(PIXELS, dtype=dtype)}
        arguments = {"x_top": x_top.to(dtype), "zs": zs.to(dtype), "decoder": Probe({"layers": [layer]})}
        student.agrees(Case("log_joint_top", arguments, scale=float(UPPER)), expected.to(dtype), help=help_text)
