"""Reparameterised sample of a diagonal Gaussian."""

from autograder.authoring import inputs
from tests.public.sizes import SIZES


@inputs("sample_gaussian", sizes=SIZES, scale="D")
def sample_gaussian(draw):
    """A mean and a log-variance for every example."""
    return {"mean": draw.normal("B", "M", std=2.0), "log_var": draw.uniform("B", "M", low=-4.0, high=2.5)}
