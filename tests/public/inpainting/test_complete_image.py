"""The true upper half of an image above a plausible lower half."""

import math

import torch

from autograder.authoring import DTYPES, Case, Probe, check, inputs
from tests.public.inpainting.test_log_likelihood_top import UPPER, mild_decoder
from tests.public.sizes import SIZES

NARROW = -80.0
"""A log-variance that leaves nothing of the noise."""


@inputs("complete_image", sizes=SIZES)
def complete_image(draw):
    """Binary pixels above, and a posterior with a mean and a log-variance for every latent dimension."""
    return {
        "x_top": draw.binary(UPPER),
        "mean": draw.normal("M").clamp(-2.0, 2.0),
        "log_var": draw.uniform("M", low=-4.0, high=0.5),
        "decoder": mild_decoder(draw),
    }


@check("complete_image", "golden")
def test_golden(student):
    """By hand: σ is next to nothing (log_var = −80), so z is the mean, 2, and the lower logits are z log 3 and −z log 3 in turn: the
    lower pixels are 9/10 and 1/10. The upper ones are those given, whatever the decoder says of them.
    """
    one = torch.ones(UPPER, dtype=torch.float64)
    signs = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(UPPER // 2)
    x_top = (torch.arange(UPPER) % 5 == 0).double()
    layer = {
        "op": "affine",
        "weight": math.log(3.0) * torch.cat([0.5 * one, signs])[:, None],
        "bias": 0 * one.repeat(2),
    }
    expected = torch.cat([x_top, 0.5 + 0.4 * signs])
    help_text = "x_top as it is, then sigmoid(decoder(z)) of the last 392 pixels."
    for dtype in DTYPES:
        arguments = {
            "x_top": x_top.to(dtype),
            "mean": torch.tensor([2.0], dtype=dtype),
            "log_var": torch.tensor([NARROW], dtype=dtype),
            "decoder": Probe(
                {"layers": [{name: part if name == "op" else part.to(dtype) for name, part in layer.items()}]}
            ),
        }
        student.agrees(Case("complete_image", arguments, seed=1), expected.to(dtype), help=help_text)
