"""Evidence lower bound of a VAE with Gaussian pixels."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.sizes import SIZES
from tests.public.vae.known import WITHIN


@inputs("gaussian_elbo", sizes=SIZES, scale="D")
def gaussian_elbo(draw):
    """Images with real pixels, networks with known weights, and a variance that is a number, a tensor, or one for each pixel."""
    log_var_x = draw.uniform("D", low=-0.5, high=1.0)
    kinds = (log_var_x, log_var_x[0], float(log_var_x[0].float()))
    return {
        "x": draw.normal("B", "D", mean=1.0),
        "encoder": gaussian_encoder(draw),
        "decoder": affine_decoder(draw, std=0.5),
        "log_var_x": kinds[int(draw.labels(1, 3))],
        "n_samples": draw.size("S"),
    }


@check("gaussian_elbo", "golden")
def test_golden(student):
    """By hand: a decoder that always returns c, and two pixels, of which the first is 0 and the second 2 away from it. With σ_x = 2 the
    log-density is −log 2π − log 4 − ½ = −3.7242; with σ_x² = (1, 4) it is −log 2π − log 2 − ½ = −3.0310. That is the bound if q(z | x)
    is the prior; if it is N(2, 1) it is 2 less, since KL = ½ · 2².
    """
    c, zero = torch.tensor([3.0, -1.0], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    each = torch.tensor([0.0, math.log(4.0)], dtype=torch.float64)
    for mean, kl in ((0.0, 0.0), (2.0, 2.0)):
        for log_var_x, half_log_var in ((math.log(4.0), math.log(4.0)), (each, math.log(2.0))):
            arguments = {
                "x": (c + torch.tensor([0.0, 2.0])).expand(200, 2).clone(),
                "encoder": Probe({"layers": [], "heads": [[constant(zero + mean, 2)], [constant(zero, 2)]]}),
                "decoder": Probe({"layers": [constant(c, 1)]}),
                "log_var_x": log_var_x,
                "n_samples": 100,
            }
            case = Case("gaussian_elbo", arguments, seed=1)
            got, expected = float(student.value(case)), -math.log(2 * math.pi) - half_log_var - 0.5 - kl
            message = f"with q(z | x) = N({mean:g}, 1) the result is {got:.4f}, but should be {expected:.4f}"
            help_text = "Sum log N(x; decoder(z), σ_x²) over pixels, constants included; average; then subtract the KL."
            student.require(abs(got - expected) < WITHIN, case, message, help=help_text, expected=f"{expected:.4f}")
