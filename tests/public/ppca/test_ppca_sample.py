"""Draws from probabilistic PCA."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_sample", sizes=SIZES, scale="M")
def ppca_sample(draw):
    """The parameters, and how many points are drawn."""
    return {"n": draw.size("N"), **ppca_parameters(draw)}


@check("ppca_sample", "golden")
def test_golden(student):
    """For W = [[3], [−1]], μ = (5, −2) and σ² = 4 the covariance is [[13, −3], [−3, 5]]: 10,000 draws come within 0.3 of the mean, within
    10 % of both variances and within 0.7 of the covariance.
    """
    W, mu = torch.tensor([[3.0], [-1.0]], dtype=torch.float64), torch.tensor([5.0, -2.0], dtype=torch.float64)
    case = Case("ppca_sample", {"n": 10_000, "W": W, "mu": mu, "sigma2": 4.0}, seed=1)
    x = student.value(case)
    student.sees(case, "the draws", x, interchangeable=True)
    # of right draws the standard errors are 0.04 of the mean, 1.4 % of the variances and 0.09 of the covariance
    off = float((x.mean(0) - mu).abs().max())
    student.require(off < 0.3, case, f"the mean of 10,000 draws is {off:.3g} away from μ", help="W z + μ + σ ε.")
    (first, both), (_, second) = torch.cov(x.T).tolist()
    help_text = "x = W z + μ + σ ε with noise ε in every dimension, whose standard deviation σ is the root of sigma2."
    for name, found, wanted in (("first", first, 13.0), ("second", second, 5.0)):
        message = f"the variance of the {name} dimension is {found:.3g}, not {wanted:.3g}"
        student.require(abs(found / wanted - 1) < 0.1, case, message, help=help_text)
    student.require(abs(both + 3) < 0.7, case, f"the covariance is {both:.3g}, not −3", help=help_text)
