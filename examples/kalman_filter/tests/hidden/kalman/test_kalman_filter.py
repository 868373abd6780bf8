"""Filter: what only the grader runs."""

from hypothesis import given, settings
from tests.hidden.kalman.gradients import agree_in_gradients, only
from tests.public.kalman.test_kalman_filter import kalman_filter

from autograder.authoring import check, value_check

test_value = value_check(
    kalman_filter,
    "Filtered means and covariances of all states.",
    examples=15,
    help="Update at every t, predict between two observations; what is returned is after the update.",
)


@check("kalman_filter", "gradient")
@settings(max_examples=4)
@given(case=only(kalman_filter))
def test_gradient(student, oracle, case):
    """Means and covariances can be differentiated by observations and parameters."""
    agree_in_gradients(student, oracle, case, ["y", "C", "R", "m0", "P0"], part=0)
    agree_in_gradients(student, oracle, case, ["C", "R", "P0"], part=1)
    if case.arguments["y"].shape[1] > 1:
        agree_in_gradients(student, oracle, case, ["A", "Q"], part=0)
        agree_in_gradients(student, oracle, case, ["A", "Q"], part=1)
