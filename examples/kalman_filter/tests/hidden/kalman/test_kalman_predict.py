"""Predict: what only the grader runs."""

from hypothesis import given, settings
from tests.hidden.kalman.gradients import agree_in_gradients, only
from tests.public.kalman.test_kalman_predict import kalman_predict

from autograder.authoring import check, value_check

test_value = value_check(
    kalman_predict,
    "A m and A P Aᵀ + Q, for every state of the batch.",
    help="Is A transposed on the right side only? Is Q added, once?",
)


@check("kalman_predict", "gradient")
@settings(max_examples=6)
@given(case=only(kalman_predict))
def test_gradient(student, oracle, case):
    """Both results can be differentiated by what they depend on."""
    agree_in_gradients(student, oracle, case, ["mean", "A"], part=0)
    agree_in_gradients(student, oracle, case, ["cov", "A", "Q"], part=1)
