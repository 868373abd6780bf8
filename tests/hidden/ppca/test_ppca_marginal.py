"""The marginal distribution: agreement with the reference, and gradients."""

from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Draw, check, require_gradients
from tests.hidden.ppca.arguments import around, at_corners, require_gradients_of, with_sigma2
from tests.hidden.sizes import NARROW
from tests.public.ppca.test_ppca_marginal import ppca_marginal


@check("ppca_marginal", "value")
@at_corners
@given(size=NARROW, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1), as_tensor=st.booleans())
def test_value(student, oracle, size, dtype, seed, as_tensor):
    """x ~ N(μ, W Wᵀ + σ² I): the mean has shape (D,), the covariance (D, D), for σ² as a float or as a tensor."""
    case = with_sigma2(ppca_marginal.build(size, dtype, seed), as_tensor)
    for one in (case, *around(case)):
        student.agrees(
            one, oracle.value(one), help="W is (D, M): W Wᵀ is (D, D), Wᵀ W is (M, M). The argument is σ², not σ."
        )


@check("ppca_marginal", "gradient", given=True)
def test_gradient(student, oracle):
    """The covariance can be differentiated with respect to W, also where its columns are orthonormal as at the start of a training, and
    the mean with respect to μ.
    """
    for dtype in DTYPES:
        seed = student.lot(f"gradient {dtype}")
        case = ppca_marginal.build(None, dtype, seed)
        even = Draw(dtype, seed).orthogonal(*case.arguments["W"].shape)
        for one in (case, case.but(W=even)):
            require_gradients_of(student, oracle, one, ["W"], part=1)
        require_gradients(student, oracle, case, ["mu"], part=0)
