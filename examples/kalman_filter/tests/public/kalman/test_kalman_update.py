"""Update: how calls are drawn, and what students can check themselves."""

import torch
from tests.public.kalman.shared import STEP_SIZES, covariance, covariances

from autograder.authoring import Case, check, inputs


@inputs("kalman_update", sizes=STEP_SIZES, scale="D")
def kalman_update(draw):
    """States far from 0, and observations that disagree with them."""
    return {
        "mean": draw.normal("B", "D", mean=2.0),
        "cov": covariances(draw, "B", "D"),
        "y": draw.normal("B", "K", mean=-1.0),
        "C": draw.normal("K", "D"),
        "R": covariance(draw, "K"),
    }


@check("kalman_update", "golden")
def test_golden(student):
    """A state N(1, 3), seen as y = 5 with C = 1 and R = 1, becomes N(4, 3/4)."""
    one = torch.ones(1, 1, dtype=torch.float64)
    case = Case("kalman_update", {"mean": one, "cov": 3 * one[None], "y": 5 * one, "C": one, "R": one})
    student.agrees(case, (4 * one, 0.75 * one[None]), help="The gain is 3 / (3 + 1).")
