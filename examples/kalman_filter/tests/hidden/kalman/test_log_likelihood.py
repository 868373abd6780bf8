"""Log likelihood: what only the grader runs."""

import torch
from hypothesis import given, settings
from tests.hidden.kalman.gradients import agree_in_gradients, only
from tests.public.kalman.test_log_likelihood import log_likelihood

from autograder.authoring import Sizes, check, value_check

test_value = value_check(
    log_likelihood,
    "The log likelihood of every sequence.",
    examples=15,
    help="Σ_t log N(y_t; C m, C P Cᵀ + R) with the predicted m and P: log det S, the distance and K log 2π.",
)


@check("log_likelihood", "long")
def test_long(student, oracle):
    """Long sequences, whose densities are too small for a float."""
    case = log_likelihood.build(Sizes({"B": 2, "T": 300, "D": 2, "K": 3}), torch.float64, 5)
    student.agrees(case, oracle.value(case), help="Add up logarithms: a product of densities becomes 0.")


@check("log_likelihood", "gradient")
@settings(max_examples=4)
@given(case=only(log_likelihood))
def test_gradient(student, oracle, case):
    """It can be differentiated by observations and parameters."""
    agree_in_gradients(student, oracle, case, ["y", "C", "R", "m0", "P0"])
    if case.arguments["y"].shape[1] > 1:
        agree_in_gradients(student, oracle, case, ["A", "Q"])
