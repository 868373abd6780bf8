"""Samples: how calls are drawn."""

import torch
from tests.public.kalman.shared import model

from autograder.authoring import Sizes, check, inputs

SIZES = [Sizes({"D": 1, "K": 1}), Sizes({"D": 3, "K": 1}), Sizes({"D": 2, "K": 3})]


@inputs("sample_states", sizes=SIZES)
def sample_states(draw, n=3, length=4):
    """A model with correlated noise."""
    return {"n": n, "length": length, **model(draw)}


@check("sample_states", "one", given=True)
def test_one(student):
    """One sequence of one step can be drawn, too."""
    case = sample_states.build(SIZES[2], torch.float64, 1, n=1, length=1)
    student.value(case)
