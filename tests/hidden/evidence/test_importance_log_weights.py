"""Log-weights of importance sampling: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Draw, Sizes, check, gradient_check, levelled, siblings
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.evidence.test_importance_log_weights import importance_log_weights

LEVEL = {"x": (0.0,), "z": (0.0,), "mean": (0.0,), "log_var": (0.0,)}
HELP = "log p(z) + log p(x | z) − log q(z | x): sums over the latents and over the pixels, all constants included, σ_p² the variance."


def at_corners(test):
    """Ask for the corners of the sizes in any case."""
    for turn, size in enumerate(CORNERS):
        test = example(size=size, dtype=DTYPES[turn % 2], seed=turn, as_tensor=turn % 4 < 2)(test)
    return test


@check("importance_log_weights", "value")
@at_corners
@given(size=WIDE, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1), as_tensor=st.booleans())
def test_value(student, oracle, size, dtype, seed, as_tensor):
    """log p(z) + log p(x | z) − log q(z | x) for every sample of every example, constants included, for σ_p as a float or as a tensor."""
    case = importance_log_weights.build(size, dtype, seed)
    if as_tensor:
        case = case.but(sigma_p=torch.tensor(case.arguments["sigma_p"], dtype=dtype))
    for one in (case, *siblings(case), *levelled(case, LEVEL)):
        student.agrees(one, oracle.value(one), help=HELP)


test_gradient = gradient_check(
    importance_log_weights,
    ["z", "mean", "log_var", "decoder.trunk.0.weight"],
    "The log-weights can be differentiated with respect to z, mean and log_var, and to the decoder's weights.",
    help="z is in all three densities, also as the input of the decoder.",
)


@check("importance_log_weights", "extreme")
@settings(max_examples=4)
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([-13.0, -8.0, 8.0]),
    seed=st.integers(0, 2**31 - 1),
    latents=st.integers(150, 220),
)
def test_extreme(student, oracle, dtype, level, seed, latents):
    """They stay finite and exact for 200 latents, for variances of q from e⁻¹³ to e⁸, and for images whose probability underflows."""
    draw = Draw(dtype, seed)
    case = importance_log_weights.build(Sizes({"B": 3, "D": 600, "M": latents, "S": 2}), dtype, seed)
    mean = torch.zeros(3, latents, dtype=dtype)  # z − μ is then exact in every order of operations
    z = draw.normal(2, 3, latents).clamp(-2.0, 2.0) * torch.tensor(0.5 * level, dtype=dtype).exp()
    far = torch.tensor([[0.0], [10.0], [40.0]], dtype=dtype)
    case = case.but(x=case.arguments["x"] + far, z=z, mean=mean, log_var=torch.full_like(mean, level))
    student.agrees(
        case, oracle.value(case), help="Stay in the log domain: no product of densities, no log of an exponential."
    )
