"""KL divergence to the standard normal prior."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("kl_standard_normal", sizes=SIZES, scale="M")
def kl_standard_normal(draw):
    """A mean and a log-variance for every example."""
    return {"mean": draw.normal("B", "M", std=2.0), "log_var": draw.uniform("B", "M", low=-4.0, high=2.5)}


@check("kl_standard_normal", "golden")
def test_golden(student):
    """KL(N(0, I) ‖ N(0, I)) = 0; KL(N(1, 1) ‖ N(0, 1)) = ½; at μ = 0, σ = 1/√2 it is ½(½ − 1 + log 2) = 0.0966 per
    dimension; two dimensions add.
    """
    half = math.log(0.5)
    mean = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, -2.0]], dtype=torch.float64)
    log_var = torch.tensor([[0.0, 0.0], [0.0, 0.0], [half, half], [0.0, half]], dtype=torch.float64)
    one = 0.5 * (0.5 - 1 - half)
    case = Case("kl_standard_normal", {"mean": mean, "log_var": log_var})
    student.agrees(
        case,
        torch.tensor([0.0, 0.5, 2 * one, 0.5 + one + 2.0], dtype=torch.float64),
        help="½ stands in front of the whole sum, and log σ² is log_var.",
    )
