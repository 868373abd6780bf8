"""Logarithm of a mean of exponentials."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("log_mean_exp", sizes=SIZES)
def log_mean_exp(draw):
    """Log-weights far below 0."""
    return {"log_w": draw.normal("S", "B", mean=-20.0, std=4.0)}


@check("log_mean_exp", "golden")
def test_golden(student):
    """The log-mean-exp of equal weights is that weight; of log 1 and log 3 it is log 2; adding a constant to all
    weights adds it to the result.
    """
    columns = [[0.0, 0.0], [math.log(1.0), math.log(3.0)], [-50.0, -50.0], [math.log(1.0) + 7, math.log(3.0) + 7]]
    log_w = torch.tensor(columns, dtype=torch.float64).T.contiguous()
    case = Case("log_mean_exp", {"log_w": log_w})
    student.agrees(
        case,
        torch.tensor([0.0, math.log(2.0), -50.0, math.log(2.0) + 7], dtype=torch.float64),
        help="log (1/S) Σ_s exp(log_w_s) over the first axis: is − log S there?",
    )
