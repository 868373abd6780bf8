"""Smoother: what only the grader runs."""

from hypothesis import given, settings
from tests.hidden.kalman.gradients import agree_in_gradients, only
from tests.public.kalman.test_rts_smoother import rts_smoother

from autograder.authoring import check


@check("rts_smoother", "means")
@settings(max_examples=15)
@given(case=rts_smoother.drawn())
def test_means(student, oracle, case):
    """Smoothed means of all states."""
    help = "m_t + J (smoothed m_{t+1} - predicted m_{t+1}) with J = P_t Aᵀ (A P_t Aᵀ + Q)⁻¹."
    student.close(case, student.value(case)[0], oracle.value(case)[0], what="the smoothed means", help=help)


@check("rts_smoother", "covariances")
@settings(max_examples=15)
@given(case=rts_smoother.drawn())
def test_covariances(student, oracle, case):
    """Smoothed covariances of all states."""
    help = "P_t + J (smoothed P_{t+1} - predicted P_{t+1}) Jᵀ."
    student.close(case, student.value(case)[1], oracle.value(case)[1], what="the smoothed covariances", help=help)


@check("rts_smoother", "gradient", after=["means", "covariances"])
@settings(max_examples=4)
@given(case=only(rts_smoother))
def test_gradient(student, oracle, case):
    """Means and covariances can be differentiated by observations and parameters."""
    agree_in_gradients(student, oracle, case, ["y", "C", "R", "m0", "P0"], part=0)
    agree_in_gradients(student, oracle, case, ["C", "R", "P0"], part=1)
    if case.arguments["y"].shape[1] > 1:
        agree_in_gradients(student, oracle, case, ["A", "Q"], part=0)
        agree_in_gradients(student, oracle, case, ["A", "Q"], part=1)
