"""Reparameterised sample of a diagonal Gaussian."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("sample_gaussian", sizes=SIZES, scale="D")
def sample_gaussian(draw):
    """A mean and a log-variance for every example."""
    return {"mean": draw.normal("B", "M", std=2.0), "log_var": draw.uniform("B", "M", low=-4.0, high=2.5)}


@check("sample_gaussian", "golden")
def test_golden(student):
    """Where σ is next to nothing (log_var = −80) every sample is its mean; for μ = 5 and σ = 2 (log_var = log 4) 10,000 samples have a
    mean from 4.8 to 5.2 and a standard deviation from 1.8 to 2.2.
    """
    mean = torch.tensor([[1.0, -2.0], [0.0, 3.0], [100.0, 0.5]], dtype=torch.float64)
    still = Case("sample_gaussian", {"mean": mean, "log_var": torch.full_like(mean, -80.0)})
    student.agrees(still, mean, help="z = μ + σ ⊙ ε: the noise is scaled by σ = exp(½ log_var).")
    many = torch.full((10_000, 1), 5.0, dtype=torch.float64)
    wide = Case("sample_gaussian", {"mean": many, "log_var": torch.full_like(many, math.log(4.0))}, seed=1)
    z = student.value(wide)
    student.sees(wide, "the samples", z, interchangeable=True)
    centre, spread = float(z.mean()), float(z.std())  # of right samples: 0.02 and 0.014 are the standard errors
    help_text = "z = μ + σ ⊙ ε with fresh noise for every example; log_var is log σ², and log σ² = log 4 is σ = 2."
    student.require(4.8 < centre < 5.2, wide, f"the mean of 10,000 samples is {centre:.3g}, not 5", help=help_text)
    student.require(1.8 < spread < 2.2, wide, f"their standard deviation is {spread:.3g}, not 2", help=help_text)
