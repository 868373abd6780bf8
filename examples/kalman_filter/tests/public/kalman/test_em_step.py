"""One step of EM: how calls are drawn, and what students can check themselves."""

import torch
from tests.public.kalman.shared import LONG_SIZES
from tests.public.kalman.test_kalman_filter import kalman_filter

from autograder.authoring import Case, check, inputs


@inputs("em_step", sizes=LONG_SIZES, scale="T")
def em_step(draw):
    """The calls of the filter, with two steps or more."""
    return kalman_filter(draw)


@check("em_step", "golden")
def test_golden(student):
    """Two steps of a random walk, seen as 2 and 3: the smoothed states have the means 7/5 and 11/5."""
    one = torch.ones(1, 1, dtype=torch.float64)
    y = torch.tensor([[[2.0], [3.0]]], dtype=torch.float64)
    # Precision (3, -1; -1, 2): covariances (2, 1; 1, 3) / 5, means (7/5, 11/5).
    first, second, crossed = 2 / 5 + 49 / 25, 3 / 5 + 121 / 25, 1 / 5 + 77 / 25
    seen = 2 * 7 / 5 + 3 * 11 / 5
    A, C = crossed / first, seen / (first + second)
    Q, R = second - A * crossed, (4 + 9 - C * seen) / 2
    case = Case("em_step", {"y": y, "A": one, "C": one, "Q": one, "R": one, "m0": 0 * one[0], "P0": one})
    student.agrees(case, (A * one, C * one, Q * one, R * one), help="Which moments are smoothed together?")
