"""Log-likelihood by plain Monte Carlo."""

import math

import torch

from autograder.authoring import DTYPES, Case, Probe, check, constant, inputs
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


@inputs("prior_log_likelihood", sizes=SIZES, scale="D")
def prior_log_likelihood(draw):
    """Images, and a decoder with known weights."""
    return {
        "x": draw.normal("B", "D", mean=1.0),
        "decoder": affine_decoder(draw),
        "latent_dim": draw.size("M"),
        "log_var_x": draw.number(-1.5, 1.5),
        "n_samples": draw.size("S"),
    }


@check("prior_log_likelihood", "golden")
def test_golden(student):
    """By hand: where the decoder always returns c, it is log N(x; c, σ_x² I) for any number of samples: −log 2πσ_x² for two pixels that
    are c, and a pixel that is σ_x away costs ½.
    """
    cost = torch.tensor([0.0, 0.5, 2.5], dtype=torch.float64)
    help_text = "Is the normalising constant of p(x | z) there, and − log S?"
    for dtype in DTYPES:
        c = torch.tensor([2.0, -1.0], dtype=dtype)
        away = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, -1.0]], dtype=dtype)
        given = {"decoder": Probe({"layers": [constant(c, 4)]}), "latent_dim": 4}
        for std, n_samples in ((1.0, 1), (0.5, 5)):
            more = {"log_var_x": 2 * math.log(std), "n_samples": n_samples}
            case = Case("prior_log_likelihood", {"x": c + std * away, **given, **more})
            student.agrees(case, -math.log(2 * math.pi * std**2) - cost, help=help_text)
