"""Predict: how calls are drawn, and what students can check themselves."""

import torch
from tests.public.kalman.shared import STEP_SIZES, covariance, covariances, transition

from autograder.authoring import Case, check, inputs


@inputs("kalman_predict", sizes=STEP_SIZES, scale="D")
def kalman_predict(draw):
    """States far from 0, and a transition that is not symmetric."""
    return {
        "mean": draw.normal("B", "D", mean=2.0),
        "cov": covariances(draw, "B", "D"),
        "A": transition(draw),
        "Q": covariance(draw, "D"),
    }


@check("kalman_predict", "golden")
def test_golden(student):
    """A state N(3, 2) goes to N(6, 9) by A = 2 and Q = 1."""
    mean, cov = torch.tensor([[3.0]], dtype=torch.float64), torch.tensor([[[2.0]]], dtype=torch.float64)
    A, Q = torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([[1.0]], dtype=torch.float64)
    case = Case("kalman_predict", {"mean": mean, "cov": cov, "A": A, "Q": Q})
    student.agrees(case, (2 * mean, 4 * cov + 1), help="The variance is multiplied by A twice, and Q is added once.")
