"""Marginal distribution of probabilistic PCA."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_marginal", sizes=SIZES, scale="M")
def ppca_marginal(draw):
    """The parameters alone."""
    return ppca_parameters(draw)


@check("ppca_marginal", "golden")
def test_golden(student):
    """By hand: for W = [[1], [2]], μ = (3, −1) and σ² = 0.5 the mean is (3, −1) and the covariance [[1.5, 2], [2, 4.5]]."""
    W, mu = torch.tensor([[1.0], [2.0]], dtype=torch.float64), torch.tensor([3.0, -1.0], dtype=torch.float64)
    case = Case("ppca_marginal", {"W": W, "mu": mu, "sigma2": 0.5})
    cov = torch.tensor([[1.5, 2.0], [2.0, 4.5]], dtype=torch.float64)
    student.agrees(case, (mu, cov), help="W Wᵀ is [[1, 2], [2, 4]] here; σ² is added on its diagonal.")
