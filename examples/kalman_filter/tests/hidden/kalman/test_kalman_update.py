"""Update: what only the grader runs."""

from autograder.authoring import gradient_check, value_check
from tests.public.kalman.test_kalman_update import kalman_update

test_value = value_check(
    kalman_update,
    "Mean and covariance of the state, once its observation is known.",
    help="The gain is P Cᵀ S⁻¹ with S = C P Cᵀ + R; the covariance is P - G S Gᵀ.",
)
test_gradient = gradient_check(
    kalman_update, ["mean", "y", "C"], "The mean can be differentiated by state, observation and C.", part=0
)
