"""KL divergence of Bernoullis: agreement with the reference, gradients, probabilities of 0 and 1."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.divergences.test_kl_bernoulli import kl_bernoulli

test_value = value_check(
    kl_bernoulli,
    "Σ θ log(θ/π) + (1 − θ) log((1 − θ)/(1 − π)), summed over the M latent dimensions, one value per example.",
    help="Both terms, natural logarithms, the prior in the denominator.",
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"probs": ()},
)
test_gradient = gradient_check(
    kl_bernoulli, ["probs"], "Its gradient is logit(θ) − logit(π).", wide={"probs": (0.001, 0.999)}
)


@check("kl_bernoulli", "extreme")
@given(dtype=st.sampled_from(DTYPES), prior=st.floats(0.1, 0.9), rare=st.booleans(), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, prior, rare, seed):
    """Probabilities of exactly 0 and 1 are finite, as 0 log 0 counts as 0; next to 0 and 1 the divergence is exact, also for the prior of
    what is rare, or nearly sure.
    """
    if rare:
        prior = 0.01 * prior if prior < 0.5 else 1 - 0.01 * (1 - prior)
    among = torch.tensor([0.0, 0.0, 1.0, 1.0, 1e-5, 1 - 1e-5, 1e-6, 0.25, 0.5, 0.75], dtype=dtype)
    probs = among[Draw(dtype, seed).labels(12, len(among)).reshape(4, 3)]
    probs[0] = torch.tensor([0.0, 1.0, 1e-5])
    case = Case("kl_bernoulli", {"probs": probs, "prior": prior})
    student.agrees(case, oracle.value(case), help="torch.xlogy, or leave out what has probability 0.")
