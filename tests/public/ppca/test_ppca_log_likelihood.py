"""Log-likelihood of probabilistic PCA."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_log_likelihood", sizes=SIZES, scale="D")
def ppca_log_likelihood(draw):
    """Data around the mean."""
    parameters = ppca_parameters(draw)
    return {"X": parameters["mu"] + draw.normal("N", "D", std=2.0), **parameters}


@check("ppca_log_likelihood", "golden")
def test_golden(student):
    """By hand, with D = M = 1: for W = 2, μ = 1 and σ² = 5 the density of x is N(x; 1, 9). At x = 1 its logarithm is
    −½ log 2π − log 3 = −2.0176, and at x = 4, one standard deviation away, it is ½ less.
    """
    X, W, mu = (torch.tensor(v, dtype=torch.float64) for v in ([[1.0], [4.0]], [[2.0]], [1.0]))
    top = -0.5 * math.log(2 * math.pi) - math.log(3.0)
    case = Case("ppca_log_likelihood", {"X": X, "W": W, "mu": mu, "sigma2": 5.0})
    expected = torch.tensor([top, top - 0.5], dtype=torch.float64)
    student.agrees(case, expected, help="C = W² + σ² = 9 here, and log C = 2 log 3.")
