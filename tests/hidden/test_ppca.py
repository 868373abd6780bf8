"""Probabilistic PCA, judged on distributions and likelihoods, never on the signs or the rotation of W."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import check
from tests.hidden.gradients import require_gradients
from tests.public import cases

GENERIC = cases.SIZES[4]


def with_sigma2(case, as_tensor):
    """σ² as a float or as a 0-d tensor: a function takes both."""
    return case.but(sigma2=torch.tensor(case.arguments["sigma2"], dtype=case.dtype())) if as_tensor else case


@check("ppca_marginal", "value")
@given(case=cases.drawn("ppca_marginal"), as_tensor=st.booleans())
def test_marginal_value(student, oracle, case, as_tensor):
    """x ~ N(μ, W Wᵀ + σ² I): the mean has shape (D,), the covariance (D, D), for σ² as a float or as a tensor."""
    case = with_sigma2(case, as_tensor)
    student.agrees(
        case, oracle.value(case), help="W is (D, M): W Wᵀ is (D, D), Wᵀ W is (M, M). The argument is σ², not σ."
    )


@check("ppca_marginal", "gradient")
def test_marginal_gradient(student, oracle):
    """The covariance can be differentiated with respect to W."""
    require_gradients(student, oracle, cases.build("ppca_marginal", GENERIC, torch.float64, 1), ["W"], part=1)


@check("ppca_posterior", "value")
@given(case=cases.drawn("ppca_posterior"), as_tensor=st.booleans())
def test_posterior_value(student, oracle, case, as_tensor):
    """z | x ~ N(M⁻¹ Wᵀ (x − μ), σ² M⁻¹) with M = Wᵀ W + σ² I, as Tipping and Bishop have it."""
    case = with_sigma2(case, as_tensor)
    help_text = "Bishop's (12.42) is misprinted: the covariance is σ² M⁻¹, not σ⁻² M. Is x centred with μ?"
    student.agrees(case, oracle.value(case), help=help_text)


@check("ppca_posterior", "gradient")
def test_posterior_gradient(student, oracle):
    """The posterior mean can be differentiated with respect to x and W."""
    require_gradients(student, oracle, cases.build("ppca_posterior", GENERIC, torch.float64, 2), ["x", "W"], part=0)


@check("ppca_log_likelihood", "value")
@given(case=cases.drawn("ppca_log_likelihood"), as_tensor=st.booleans())
def test_log_likelihood_value(student, oracle, case, as_tensor):
    """log N(x; μ, C) with C = W Wᵀ + σ² I, one value per data point, constants included."""
    case = with_sigma2(case, as_tensor)
    student.agrees(
        case, oracle.value(case), help="−½ (D log 2π + log det C + (x − μ)ᵀ C⁻¹ (x − μ)), for each point by itself."
    )


@check("ppca_log_likelihood", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_log_likelihood_gradient(student, oracle, seed):
    """It can be differentiated with respect to X, W and mu."""
    sizes = GENERIC.but(M=GENERIC["D"] - 1)  # C then has no eigenvalue twice: right work may differentiate through eigh
    case = cases.build("ppca_log_likelihood", sizes, torch.float64, seed)
    require_gradients(student, oracle, case, ["X", "W", "mu"])


@check("ppca_log_likelihood", "images")
def test_log_likelihood_images(student, oracle):
    """It stays finite and exact for images (D = 784), where the determinant of C is no floating point number any more."""
    case = cases.build("ppca_log_likelihood", cases.Sizes({"N": 6, "D": 784, "M": 10, "B": 1}), torch.float64, 3)
    case = case.but(sigma2=0.02)
    student.agrees(
        case, oracle.value(case), help="Use slogdet or a Cholesky factor: det(C) underflows to 0 or overflows."
    )


@check("ppca_fit", "value")
@settings(max_examples=12)
@given(case=cases.drawn("ppca_fit", dtypes=[torch.float64]))
def test_fit_value(student, oracle, case):
    """The fitted W Wᵀ + σ² I is the maximum-likelihood one: leading eigenvectors scaled by (Λ − σ² I)^½, σ² the mean
    of the discarded eigenvalues of the 1/N covariance.
    """
    W, mu, sigma2 = student.value(case)
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
    message = f"{what} is {got:.5g}, the maximum-likelihood value is {best:.5g} ({ratio:.4g} times that)"
    student.require(abs(ratio - 1) <= 0.01, case, message, help=help_text, got=f"{got:.8g}", expected=f"{best:.8g}")
