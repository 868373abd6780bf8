"""Predict: what only the grader runs."""

from autograder.authoring import gradient_check, value_check
from tests.public.kalman.test_kalman_predict import kalman_predict

test_value = value_check(
    kalman_predict,
    "A m and A P Aᵀ + Q, for every state of the batch.",
    help="Is A transposed on the right side only? Is Q added, once?",
)
test_gradient = gradient_check(
    kalman_predict, ["mean", "A"], "The covariance can be differentiated by the transition.", part=1
)
