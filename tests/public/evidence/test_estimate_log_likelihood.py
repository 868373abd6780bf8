"""Log-likelihood by importance sampling."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.sizes import SIZES


@inputs("estimate_log_likelihood", sizes=SIZES, scale="D")
def estimate_log_likelihood(draw):
    """Images, and networks with known weights."""
    return {
        "x": draw.normal("B", "D", mean=1.0),
        "encoder": gaussian_encoder(draw),
        "decoder": affine_decoder(draw),
        "sigma_p": draw.number(0.4, 1.3),
        "n_samples": draw.size("S"),
    }


@check("estimate_log_likelihood", "golden")
def test_golden(student):
    """Where q is the prior and the decoder always returns c, it is log N(x; c, σ_p² I) for any number of samples: −log 2πσ_p² for two
    pixels that are c, and a pixel that is σ_p away costs ½. σ_p is 0.4 where it is left out.
    """
    c = torch.tensor([2.0, -1.0], dtype=torch.float64)
    zero = torch.zeros(6, dtype=torch.float64)
    encoder = Probe({"layers": [], "heads": [[constant(zero, 2)], [constant(zero, 2)]]})
    networks = {"encoder": encoder, "decoder": Probe({"layers": [constant(c, 6)]})}
    away = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, -1.0]], dtype=torch.float64)
    cost = torch.tensor([0.0, 0.5, 2.5], dtype=torch.float64)
    help_text = "Is the normalising constant of p(x | z) there, and − log S?"
    for sigma_p, n_samples in ((1.0, 1), (0.5, 5)):
        given = {"sigma_p": sigma_p, "n_samples": n_samples}
        case = Case("estimate_log_likelihood", {"x": c + sigma_p * away, **networks, **given})
        student.agrees(case, -math.log(2 * math.pi * sigma_p**2) - cost, help=help_text)
    default = Case("estimate_log_likelihood", {"x": c + 0.4 * away, **networks})
    expected = -math.log(2 * math.pi * 0.4**2) - cost
    student.close(default, student.value(default), expected, help="Is 0.4 the default of `sigma_p`?")
