"""One step of EM: what only the grader runs."""

import torch
from hypothesis import given, settings
from tests.hidden.kalman.gradients import only
from tests.hidden.kalman.joint import log_density
from tests.public.kalman.test_em_step import em_step

from autograder.authoring import check


def part(index, name, sentence, help):
    """The check that one of the four parameters is the reference's."""

    @check("em_step", name)
    @settings(max_examples=12)
    @given(case=em_step.drawn())
    def test(student, oracle, case):
        student.close(case, student.value(case)[index], oracle.value(case)[index], what=f"the new {name}", help=help)

    test.__doc__ = sentence
    return test


test_A = part(0, "A", "The new transition matrix.", "Σ M_{t,t-1} (Σ M_{t-1})⁻¹: the second sum ends one step earlier.")
test_C = part(1, "C", "The new observation matrix.", "Σ y mᵀ (Σ M)⁻¹ with M = P + m mᵀ, both smoothed.")
test_Q = part(2, "Q", "The new covariance of the transition.", "With the new A, divided by B (T - 1).")
test_R = part(3, "R", "The new covariance of the observations.", "With the new C, divided by B T.")


@check("em_step", "rises")
@settings(max_examples=8)
@given(case=only(em_step))
def test_rises(student, case):
    """The likelihood of the sequences does not fall."""
    A, C, Q, R = student.value(case)
    old = dict(case.arguments)
    for name, cov in (("Q", Q), ("R", R)):
        flat = torch.linalg.eigvalsh((cov + cov.mT) / 2).min()
        student.require(
            bool(flat > 0), case, f"the new {name} is no covariance: it has an eigenvalue that is not positive"
        )
    before = log_density(**old).sum()
    after = log_density(**{**old, "A": A, "C": C, "Q": (Q + Q.mT) / 2, "R": (R + R.mT) / 2}).sum()
    student.require(
        bool(after >= before - 1e-6 * (1 + before.abs())),
        case,
        "the log likelihood falls",
        got=f"{float(after):.6f}",
        expected=f"at least {float(before):.6f}",
        help="A step of EM never lowers the likelihood: are the moments those of the old parameters?",
    )


@check("em_step", "gradient", after=["A", "C", "Q", "R"])
@settings(max_examples=3)
@given(case=only(em_step))
def test_gradient(student, oracle, case):
    """All results can be differentiated by the observations and the old parameters."""
    for index, of in enumerate("ACQR"):
        ours = oracle.gradients(case, ["y", "A", "C"], part=index)
        theirs = student.gradients(case, ["y", "A", "C"], part=index)
        for name in ours:
            student.close(case, theirs[name], ours[name], what=f"the gradient of the new {of} by `{name}`")
