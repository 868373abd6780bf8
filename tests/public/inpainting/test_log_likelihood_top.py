"""Log-probability of the upper half of an image, given z."""

import math

import torch

from autograder.authoring import DTYPES, Case, Probe, check, inputs
from tests.public.sizes import SIZES

PIXELS, UPPER = 784, 392


def mild_decoder(draw):
    """z ↦ W z + b, logits of 784 pixels: within ±14 for |z| up to 2 in every latent, so that no sigmoid rounds to 1."""
    return Probe({"layers": [draw.affine(PIXELS, "M", std=0.8, bias=1.0)]})


@inputs("log_likelihood_top", sizes=SIZES, scale=float(UPPER))
def log_likelihood_top(draw):
    """Binary pixels, and a z of its own for every example."""
    return {
        "x_top": draw.binary("B", UPPER),
        "z": draw.normal("B", "M").clamp(-2.0, 2.0),
        "decoder": mild_decoder(draw),
    }


@check("log_likelihood_top", "golden")
def test_golden(student):
    """By hand: a decoder whose upper logits are all z log 3. For z = 0 every pixel has log ½, whatever it is: 392 log ½ = −271.71; for
    z = 1 a white one has log ¾ and a black one log ¼: 392 log ¾ = −112.77 for a white half, 100 log ¾ + 292 log ¼ = −433.57 for one
    with 100 white pixels. What the decoder says of the lower pixels makes no difference.
    """
    one = torch.ones(UPPER, dtype=torch.float64)
    weight = torch.cat([one * math.log(3.0), one * -1.5])[:, None]
    few = torch.cat([one[:100], 0 * one[100:]])
    x_top, z = torch.stack([few, one, few]), torch.tensor([[0.0], [1.0], [1.0]])
    half, white, black = (math.log(share) for share in (1 / 2, 3 / 4, 1 / 4))
    expected = torch.tensor([392 * half, 392 * white, 100 * white + 292 * black], dtype=torch.float64)
    help_text = "Only the first 392 logits matter: log p of the upper pixels, summed over them."
    for dtype in DTYPES:
        layer = {"op": "affine", "weight": weight.to(dtype), "bias": torch.zeros(PIXELS, dtype=dtype)}
        arguments = {"x_top": x_top.to(dtype), "z": z.to(dtype), "decoder": Probe({"layers": [layer]})}
        case = Case("log_likelihood_top", arguments, scale=float(UPPER))
        student.agrees(case, expected.to(dtype), help=help_text)
