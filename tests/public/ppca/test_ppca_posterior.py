"""Posterior of the latent variable in probabilistic PCA."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_posterior", sizes=SIZES, scale="D")
def ppca_posterior(draw):
    """Points around the mean."""
    parameters = ppca_parameters(draw)
    return {"x": parameters["mu"] + draw.normal("B", "D", std=2.0), **parameters}


@check("ppca_posterior", "golden")
def test_golden(student):
    """By hand, with D = M = 1: for W = 2, μ = 1 and σ² = 4 we have M = 8, so that x = 5 and x = −1 give the means 1 and −0.5, and
    the covariance is 0.5.
    """
    x, W, mu = (torch.tensor(v, dtype=torch.float64) for v in ([[5.0], [-1.0]], [[2.0]], [1.0]))
    mean, cov = (torch.tensor(v, dtype=torch.float64) for v in ([[1.0], [-0.5]], [[0.5]]))
    case = Case("ppca_posterior", {"x": x, "W": W, "mu": mu, "sigma2": 4.0})
    student.agrees(case, (mean, cov), help="The mean of z is W (x − μ) / 8 here, and its variance σ² / 8.")
