"""Update: what only the grader runs."""

from hypothesis import given, settings
from tests.hidden.kalman.gradients import agree_in_gradients, only
from tests.public.kalman.test_kalman_update import kalman_update

from autograder.authoring import check, value_check

test_value = value_check(
    kalman_update,
    "Mean and covariance of the state, once its observation is known.",
    help="The gain is P Cᵀ S⁻¹ with S = C P Cᵀ + R; the covariance is P - G S Gᵀ.",
)


@check("kalman_update", "gradient")
@settings(max_examples=6)
@given(case=only(kalman_update))
def test_gradient(student, oracle, case):
    """Both results can be differentiated by what they depend on."""
    agree_in_gradients(student, oracle, case, ["mean", "cov", "y", "C", "R"], part=0)
    agree_in_gradients(student, oracle, case, ["cov", "C", "R"], part=1)
