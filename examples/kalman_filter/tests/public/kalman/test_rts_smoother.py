"""Smoother: how calls are drawn, and what students can check themselves."""

import torch
from tests.public.kalman.shared import SIZES
from tests.public.kalman.test_kalman_filter import kalman_filter, scalars

from autograder.authoring import check, inputs


@inputs("rts_smoother", sizes=SIZES, scale="D")
def rts_smoother(draw):
    """The calls of the filter."""
    return kalman_filter(draw)


@check("rts_smoother", "golden")
def test_golden(student):
    """A random walk of three steps: the precision of its states is (3, -1, 0), (-1, 3, -1), (0, -1, 2)."""
    precision = torch.tensor([[3.0, -1.0, 0.0], [-1.0, 3.0, -1.0], [0.0, -1.0, 2.0]], dtype=torch.float64)
    cov = torch.linalg.inv(precision)
    means = cov @ torch.tensor([2.0, 8.0, 1.0], dtype=torch.float64)
    expected = (means.reshape(1, 3, 1), cov.diagonal().reshape(1, 3, 1, 1))
    student.agrees(scalars("rts_smoother"), expected, help="Start at the last state, which is as filtered.")
