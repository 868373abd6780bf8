"""KL divergence between two univariate Gaussians."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("kl_gaussian", sizes=SIZES)
def kl_gaussian(draw):
    """Pairs of Gaussians that differ in mean and variance."""
    return {
        "mean_q": draw.normal("B", std=2.0),
        "log_var_q": draw.uniform("B", low=-4.0, high=2.5),
        "mean_p": draw.normal("B", mean=1.0, std=1.5),
        "log_var_p": draw.uniform("B", low=-2.5, high=3.0),
    }


@check("kl_gaussian", "golden")
def test_golden(student):
    """KL(N(2, 4) ‖ N(2, 4)) = 0; KL(N(1, 1) ‖ N(0, 1)) = ½; KL(N(0, 1) ‖ N(0, 4)) = log 2 − ⅜ and KL(N(0, 4) ‖ N(0, 1)) = 3/2 − log 2;
    means 2 apart add ½ where σ_p = 2.
    """
    four, two = math.log(4.0), math.log(2.0)
    columns = {
        "mean_q": [2.0, 1.0, 0.0, 0.0, 3.0],
        "log_var_q": [four, 0.0, 0.0, four, 0.0],
        "mean_p": [2.0, 0.0, 0.0, 0.0, 1.0],
        "log_var_p": [four, 0.0, four, 0.0, four],
    }
    case = Case("kl_gaussian", {name: torch.tensor(column, dtype=torch.float64) for name, column in columns.items()})
    expected = torch.tensor([0.0, 0.5, two - 0.375, 1.5 - two, two - 0.375 + 0.5], dtype=torch.float64)
    student.agrees(case, expected, help="log(σ_p/σ_q) is ½ (log_var_p − log_var_q), and the variance of p divides.")
