"""Maximum likelihood, judged on the covariance, never on the signs or the rotation of W."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import check
from tests.hidden.sizes import FIT, FIT_FEW, FIT_MANY
from tests.public.ppca.test_ppca_fit import fitted, ppca_fit


@check("ppca_fit", "value")
@settings(max_examples=12)
@given(case=ppca_fit.drawn(sizes=st.one_of(FIT, FIT, FIT_FEW, FIT_MANY)))
def test_value(student, oracle, case):
    """The fitted W Wᵀ + σ² I is the maximum-likelihood one: leading eigenvectors scaled by (Λ − σ² I)^½, σ² the mean
    of the discarded eigenvalues of the 1/N covariance.
    """
    X = case.arguments["X"]
    centre, away = X.mean(0), X - X.mean(0)
    first = torch.linalg.svd(away.double(), full_matrices=False).Vh[0].to(X.dtype)
    small = 0.15 * (centre + away)  # σ² is then about 0.01
    wide = (
        centre + 1.5 * away + 3.0 * (away @ first)[:, None] * first
    )  # the same means; one direction dwarfs the others
    black = X.clone()
    black[:, case.seed % X.shape[1]] = 0.0  # a pixel that never varies counts as the others do
    others = (small, wide, black) if X.shape[1] > case.arguments["n_components"] + 2 else (small, wide)
    for data in (X, others[case.seed % len(others)]):
        judge_covariance(student, oracle, case.but(X=data))


def judge_covariance(student, oracle, case):
    """Require σ² and W Wᵀ + σ² I, which no rotation of W changes."""
    W, mu, sigma2 = fitted(student, case)
    W = W.double()
    best_W, _, best_sigma2 = oracle.value(case)
    s, t = float(sigma2), float(best_sigma2)
    help_text = (
        "Divide by N, not N − 1; average the discarded eigenvalues, not the kept ones; any rotation of W is fine."
    )
    within_one_percent(student, case, s, t, "sigma2", help_text)
    identity = torch.eye(len(mu), dtype=torch.float64)
    got, best = W @ W.T + s * identity, best_W @ best_W.T + t * identity
    worst = float((got - best).abs().max() / best.abs().max())
    student.sees(case, "the covariance", got, within=0.01)
    message = f"W Wᵀ + σ² I is off by {worst:.1%} of its largest entry from the maximum-likelihood covariance"
    student.require(worst <= 0.01, case, message, help=help_text)


def within_one_percent(student, case, got, best, what, help_text):
    """An iterative fit is not judged digit by digit: 1 % is allowed, far more than a converged EM needs."""
    ratio = got / best
    student.sees(case, what, got, within=0.01)
    message = f"{what} is {ratio:.4g} times the maximum-likelihood value"
    student.require(abs(ratio - 1) <= 0.01, case, message, help=help_text, got=f"{got:.8g}", expected=f"{best:.8g}")
