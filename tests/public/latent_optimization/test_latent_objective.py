"""What latent optimisation minimises."""

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.latent_optimization.either import require_either
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


@inputs("latent_objective", sizes=SIZES, scale="D")
def latent_objective(draw):
    """Images, parameters of q for each, and a decoder with known weights."""
    return {
        "x": draw.normal("B", "D", mean=0.5),
        "mean": draw.normal("B", "M"),
        "log_var": draw.uniform("B", "M", low=-3.0, high=1.0),
        "decoder": affine_decoder(draw),
    }


@check("latent_objective", "golden")
def test_golden(student):
    """By hand: a decoder that always returns (1, 0) is 1 off for the image (1, 1), 4 + 1 for (−1, 1) and 1 for (2, 0). The first image has
    KL(N(2, 1) ‖ N(0, 1)) = 2, and for the other two images it is 0: together 1 + 2 + 5 + 0 + 1 + 0 = 9, or 3 on average.
    """
    zero = torch.zeros(3, 1, dtype=torch.float64)
    arguments = {
        "x": torch.tensor([[1.0, 1.0], [-1.0, 1.0], [2.0, 0.0]], dtype=torch.float64),
        "mean": torch.tensor([[2.0], [0.0], [0.0]], dtype=torch.float64),
        "log_var": zero,
        "decoder": Probe({"layers": [constant(torch.tensor([1.0, 0.0], dtype=torch.float64), 1)]}),
    }
    case = Case("latent_objective", arguments, seed=1)
    help_text = "Squared error, summed over the pixels, plus KL = ½ Σ (σ² + μ² − 1 − log σ²)."
    require_either(student, case, 3.0, help_text)
