"""Log-density of a diagonal Gaussian."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("gaussian_log_density", sizes=SIZES, scale="D")
def gaussian_log_density(draw):
    """Points around a mean that is far from 0."""
    return {
        "x": draw.normal("B", "D", mean=3.0, std=2.0),
        "mean": draw.normal("B", "D", mean=2.0),
        "log_var": draw.uniform("B", "D", low=-2.0, high=3.0),
    }


@check("gaussian_log_density", "golden")
def test_golden(student):
    """In two dimensions it is −log 2π = −1.8379 at the mean for σ = 1; one standard deviation away in one of them costs ½; σ = 2
    in one of them costs log 2.
    """
    mean = torch.tensor([[3.0, -1.0]], dtype=torch.float64).expand(4, 2).clone()
    away = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [-1.0, 2.0]], dtype=torch.float64)
    log_var = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 1.0]], dtype=torch.float64) * math.log(4.0)
    case = Case("gaussian_log_density", {"x": mean + away, "mean": mean, "log_var": log_var})
    cost = torch.tensor([0.0, 0.5, math.log(2.0), 1.0 + math.log(2.0)], dtype=torch.float64)
    student.agrees(case, -math.log(2 * math.pi) - cost, help="log_var is log σ²: it is log 4 for σ = 2.")
