"""Log-density of a diagonal Gaussian."""

from autograder.authoring import inputs
from tests.public.sizes import SIZES


@inputs("gaussian_log_density", sizes=SIZES, scale="D")
def gaussian_log_density(draw):
    """Points around a mean that is far from 0."""
    return {
        "x": draw.normal("B", "D", mean=3.0, std=2.0),
        "mean": draw.normal("B", "D", mean=2.0),
        "log_var": draw.uniform("B", "D", low=-2.0, high=3.0),
    }
