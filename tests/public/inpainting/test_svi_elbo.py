"""Evidence lower bound of one upper half, for an approximate posterior of its own."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.inpainting.test_log_likelihood_top import UPPER, mild_decoder
from tests.public.sizes import SIZES

WITHIN = 0.25
"""Nats. A bound with the closed form of the KL divergence is exact here; one that samples log p(z) or log q(z) scatters by 0.034."""


@inputs("svi_elbo", sizes=SIZES, scale=float(UPPER))
def svi_elbo(draw):
    """Binary pixels, and a posterior with a mean and a log-variance for every latent dimension."""
    return {
        "x_top": draw.binary(UPPER),
        "mean": draw.normal("M").clamp(-2.0, 2.0),
        "log_var": draw.uniform("M", low=-4.0, high=0.5),
        "decoder": mild_decoder(draw),
        "n_samples": draw.size("S"),
    }


@check("svi_elbo", "golden")
def test_golden(student):
    """By hand: a decoder that ignores z and says ¾ for every upper pixel, of which 100 are white. If q is the prior, the bound is
    100 log ¾ + 292 log ¼ = −433.57; if q is N(2, 1) it is 2 less, since KL = ½ · 2². What the decoder says of the lower pixels makes
    no difference.
    """
    one = torch.ones(UPPER, dtype=torch.float64)
    logits = torch.cat([math.log(3.0) * one, -1.5 * one])
    log_p = 100 * math.log(3 / 4) + 292 * math.log(1 / 4)
    for mean, kl in ((0.0, 0.0), (2.0, 2.0)):
        arguments = {
            "x_top": torch.cat([one[:100], 0 * one[100:]]),
            "mean": torch.tensor([mean], dtype=torch.float64),
            "log_var": torch.zeros(1, dtype=torch.float64),
            "decoder": Probe({"layers": [constant(logits, 1)]}),
            "n_samples": 4000,
        }
        case, expected = Case("svi_elbo", arguments, seed=1), log_p - kl
        got = float(student.value(case))
        message = f"with q = N({mean:g}, 1) the result is {got:.4f}, but should be {expected:.4f}"
        help_text = "Sum over the upper pixels, average over the draws of z, and subtract the KL divergence."
        student.require(abs(got - expected) < WITHIN, case, message, help=help_text, expected=f"{expected:.4f}")
