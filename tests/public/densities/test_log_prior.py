"""Log-density of the standard normal prior."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("log_prior", sizes=SIZES, scale="M")
def log_prior(draw):
    """Latent representations, not centred at 0."""
    return {"z": draw.normal("B", "M", mean=0.5, std=1.5)}


@check("log_prior", "golden")
def test_golden(student):
    """In two dimensions it is −log 2π = −1.8379 at 0; it falls by ½ at (1, 0) and by ½ (3² + 4²) = 12.5 at (3, −4)."""
    z = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, -4.0]], dtype=torch.float64)
    cost = torch.tensor([0.0, 0.5, 12.5], dtype=torch.float64)
    student.agrees(
        Case("log_prior", {"z": z}),
        -math.log(2 * math.pi) - cost,
        help="−½ Σ (log 2π + z²): the constant and the square of every dimension, both with the ½.",
    )
