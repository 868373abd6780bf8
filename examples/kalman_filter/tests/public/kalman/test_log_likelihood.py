"""Log likelihood: how calls are drawn, and what students can check themselves."""

import math

import torch
from tests.public.kalman.shared import SIZES
from tests.public.kalman.test_kalman_filter import kalman_filter, scalars

from autograder.authoring import check, inputs


@inputs("log_likelihood", sizes=SIZES, scale="T")
def log_likelihood(draw):
    """The calls of the filter."""
    return kalman_filter(draw)


@check("log_likelihood", "golden")
def test_golden(student):
    """A random walk of three steps: the residuals 2, 7 and -4.2 have the variances 2, 5/2 and 13/5."""
    terms = [(2.0, 2.0), (7.0, 2.5), (-4.2, 2.6)]
    total = sum(-0.5 * (r * r / v + math.log(2 * math.pi * v)) for r, v in terms)
    expected = torch.tensor([total], dtype=torch.float64)
    student.agrees(scalars("log_likelihood"), expected, help="A sum over time of log N(y_t; predicted mean, S_t).")
