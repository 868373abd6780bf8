"""Log-weights of importance sampling."""

import math

import torch

from autograder.authoring import DTYPES, Case, Probe, check, constant, inputs
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


@inputs("importance_log_weights", sizes=SIZES, scale=lambda draw: draw.size("D") + draw.size("M"), batch="B")
def importance_log_weights(draw):
    """Images, samples that need not come from q, and a decoder with known weights."""
    return {
        "x": draw.normal("B", "D", mean=1.0),
        "z": draw.normal("S", "B", "M", mean=0.3, std=1.2),
        "mean": draw.normal("B", "M"),
        "log_var": draw.normal("B", "M", mean=-0.5),
        "decoder": affine_decoder(draw),
        "sigma_p": draw.number(0.5, 1.7),
    }


@check("importance_log_weights", "golden")
def test_golden(student):
    """By hand: where q is the prior, its density and that of the prior cancel, and log N(x; c, σ_p² I) is left for a decoder that always
    returns c: −log 2πσ_p² for two pixels that are c, and a pixel that is σ_p away costs ½. Where the variance of q is 4, log q is less
    by log 2, and so the weight of z = 0 larger.
    """
    help_text = "Are the normalising constants of all three densities there?"
    for dtype in DTYPES:
        c = torch.tensor([2.0, -1.0], dtype=dtype)
        zero, wide = torch.zeros(3, 1, dtype=dtype), torch.full((3, 1), math.log(4.0), dtype=dtype)
        away = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, -1.0]], dtype=dtype)
        z = torch.tensor([[[0.0], [0.0], [0.0]], [[1.0], [-2.0], [0.5]]], dtype=dtype)
        decoder = Probe({"layers": [constant(c, 1)]})
        given = {"x": c + 0.5 * away, "mean": zero, "decoder": decoder, "sigma_p": 0.5}
        log_likelihood = -math.log(2 * math.pi * 0.25) - torch.tensor([0.0, 0.5, 2.5], dtype=torch.float64)
        prior = Case("importance_log_weights", {**given, "z": z, "log_var": zero})
        student.agrees(prior, log_likelihood.expand(2, 3), help=help_text)
        wider = Case("importance_log_weights", {**given, "z": z[:1], "log_var": wide})
        student.agrees(wider, log_likelihood[None] + math.log(2.0), help=help_text)
