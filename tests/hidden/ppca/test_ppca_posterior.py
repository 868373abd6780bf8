"""The posterior: agreement with the reference, and gradients."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, check
from tests.hidden.ppca.arguments import around, at_corners, require_gradients_of, with_sigma2
from tests.hidden.sizes import NARROW
from tests.public.ppca.test_ppca_posterior import ppca_posterior


@check("ppca_posterior", "value")
@at_corners
@given(size=NARROW, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1), as_tensor=st.booleans())
def test_value(student, oracle, size, dtype, seed, as_tensor):
    """z | x ~ N(M⁻¹ Wᵀ (x − μ), σ² M⁻¹) with M = Wᵀ W + σ² I, as Tipping and Bishop have it."""
    case = with_sigma2(ppca_posterior.build(size, dtype, seed), as_tensor)
    help_text = "The mean is M⁻¹ Wᵀ (x − μ), the covariance σ² M⁻¹, both with M = Wᵀ W + σ² I (M × M)."
    for one in (case, *around(case)):
        student.agrees(one, oracle.value(one), help=help_text)


@check("ppca_posterior", "gradient", given=True)
def test_gradient(student, oracle):
    """The posterior mean can be differentiated with respect to x and W."""
    for dtype in DTYPES:
        case = ppca_posterior.build(None, dtype, student.lot(f"gradient {dtype}"))
        require_gradients_of(student, oracle, case, ["x", "W"], part=0)
