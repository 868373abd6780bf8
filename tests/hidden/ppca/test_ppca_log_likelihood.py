"""The log-likelihood: agreement with the reference, gradients, and images."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Sizes, check, far_away
from tests.hidden.ppca.arguments import around, at_corners, require_gradients_of, with_sigma2
from tests.hidden.sizes import NARROW
from tests.public.ppca.test_ppca_log_likelihood import ppca_log_likelihood


@check("ppca_log_likelihood", "value")
@at_corners
@given(size=NARROW, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1), as_tensor=st.booleans())
def test_value(student, oracle, size, dtype, seed, as_tensor):
    """log N(x; μ, C) with C = W Wᵀ + σ² I, one value per data point, constants included."""
    case = with_sigma2(ppca_log_likelihood.build(size, dtype, seed), as_tensor)
    for one in (case, *around(case)):
        student.agrees(
            one, oracle.value(one), help="−½ (D log 2π + log det C + (x − μ)ᵀ C⁻¹ (x − μ)), for each point by itself."
        )


GENERIC = ppca_log_likelihood.generic_sizes


@check("ppca_log_likelihood", "gradient", given=True)
@settings(max_examples=8)
@given(seed=st.integers(0, 2**31 - 1), dtype=st.sampled_from(DTYPES))
def test_gradient(student, oracle, seed, dtype):
    """It can be differentiated with respect to X, W and mu."""
    sizes = GENERIC.but(M=GENERIC["D"] - 1)  # C then has no eigenvalue twice: right work may differentiate through eigh
    require_gradients_of(student, oracle, ppca_log_likelihood.build(sizes, dtype, seed), ["X", "W", "mu"])


@check("ppca_log_likelihood", "images")
def test_images(student, oracle):
    """It stays finite and exact for images (D = 784) and more than a hundred components, where the determinants of C and M are no floating
    point numbers any more, and in float32 for pixels of about 250.
    """
    seed = student.lot("images")
    case = ppca_log_likelihood.build(Sizes({"N": 6, "D": 784, "M": 115 + seed % 17, "B": 1}), torch.float64, seed)
    case = case.but(sigma2=0.01 + 0.002 * (seed % 9))
    student.agrees(
        case, oracle.value(case), help="Use slogdet or a Cholesky factor: det(C) underflows to 0 or overflows."
    )
    for far in far_away(ppca_log_likelihood.build(GENERIC, torch.float32, seed), ["X", "mu"]):
        student.agrees(far, oracle.value(far), help="Subtract the mean before you square: large squares cancel badly.")
