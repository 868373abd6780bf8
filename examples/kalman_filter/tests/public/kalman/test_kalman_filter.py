"""Filter: how calls are drawn, and what students can check themselves."""

import torch
from tests.public.kalman.shared import SIZES, model

from autograder.authoring import Case, check, inputs


@inputs("kalman_filter", sizes=SIZES, scale="D")
def kalman_filter(draw):
    """A model, and sequences that do not come from it."""
    return {"y": draw.normal("B", "T", "K", mean=1.0, std=2.0), **model(draw)}


def scalars(task):
    """A random walk with variance 1, seen with variance 1: y = 2, 8, 1 from N(0, 1)."""
    one = torch.ones(1, 1, dtype=torch.float64)
    y = torch.tensor([[[2.0], [8.0], [1.0]]], dtype=torch.float64)
    return Case(task, {"y": y, "A": one, "C": one, "Q": one, "R": one, "m0": 0 * one[0], "P0": one})


@check("kalman_filter", "golden")
def test_golden(student):
    """A random walk of three steps: the gains are 1/2, 3/5 and 8/13."""
    means = torch.tensor([1.0, 5.2, 5.2 + 8 / 13 * (1 - 5.2)], dtype=torch.float64)
    covs = torch.tensor([1 / 2, 3 / 5, 8 / 13], dtype=torch.float64)
    student.agrees(
        scalars("kalman_filter"),
        (means.reshape(1, 3, 1), covs.reshape(1, 3, 1, 1)),
        help="The first state is N(m0, P0) before its observation: update first, predict between observations.",
    )
