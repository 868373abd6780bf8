"""Maximum likelihood, judged on the covariance, never on the signs or the rotation of W."""

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Sizes, check
from tests.hidden.sizes import FIT, FIT_FEW, FIT_MANY
from tests.public.ppca.test_ppca_fit import fitted, ppca_fit

ROOMY = Sizes({"B": 1, "D": 7, "M": 2, "N": 23, "S": 1})
"""More than one direction is discarded: every kind of data can be made."""
OUTLYING = 12.0
"""How far the point lies, in standard deviations of the first direction."""


@check("ppca_fit", "value")
@example(size=ROOMY, dtype=torch.float64, seed=0)
@example(size=ROOMY, dtype=torch.float32, seed=1)
@example(size=ROOMY, dtype=torch.float64, seed=2)
@example(size=ROOMY, dtype=torch.float32, seed=3)
@example(size=ROOMY, dtype=torch.float64, seed=4)
@settings(max_examples=12)
@given(size=st.one_of(FIT, FIT, FIT_FEW, FIT_MANY), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_value(student, oracle, size, dtype, seed):
    """The fitted W Wᵀ + σ² I is the maximum-likelihood one: leading eigenvectors scaled by (Λ − σ² I)^½, σ² the mean
    of the discarded eigenvalues of the 1/N covariance.
    """
    case = ppca_fit.build(size, dtype, seed)
    for one in (case, case.but(X=other_data(case))):
        judge_covariance(student, oracle, one)


def other_data(case):
    """Data of another kind, chosen by the case's seed: little noise, next to none, one direction that dwarfs the others, a pixel that never
    varies, or a point far away from all others. Eigenvalues that are kept are never close to those that are not: EM would not get there.
    """
    X, M = case.arguments["X"], case.arguments["n_components"]
    centre, away = X.mean(0), X - X.mean(0)
    first = torch.linalg.svd(away.double(), full_matrices=False).Vh[0].to(X.dtype)
    small = 0.15 * (centre + away)  # σ² is then about 0.01
    wide = (
        centre + 1.5 * away + 3.0 * (away @ first)[:, None] * first
    )  # the same means; one direction dwarfs the others
    outlying = X.clone()
    outlying[case.seed % len(X)] += OUTLYING * (away @ first).std() * first  # the order of the directions stays
    tiny = 0.04 * (centre + away)  # σ² is then about 0.0007, and much more than the 1e-6 that keep a logarithm finite
    others = [small, wide, outlying, tiny]
    if X.shape[1] > M + 2:
        black = X.clone()
        black[:, case.seed % X.shape[1]] = 0.0  # it counts as the other pixels do
        others.append(black)
    return others[case.seed % len(others)]


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
