"""Log-density of a mixture: agreement with the reference, gradients and numerical care."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, gradient_check, value_check
from tests.hidden.mixtures import CORNERS, WIDE
from tests.public.densities.test_mixture_log_density import mixture_log_density

test_value = value_check(
    mixture_log_density,
    "log Σ_k π_k N(z; m_k, diag σ_k²) with π = softmax(logits), one value per example, for any number of components.",
    help="Normalise the weights; sum over M inside of each component, then over the components, in the log domain.",
    sizes=WIDE,
    corners=CORNERS,
    moved=True,
    level={"z": (0.0,), "logits": (0.0,), "means": (0.0,), "log_vars": (0.0,)},
)
test_gradient = gradient_check(
    mixture_log_density,
    ["z", "logits", "means", "log_vars"],
    "It can be differentiated by z and by all that a prior learns: weights, means and log-variances.",
    wide={"z": (-6.0, 6.0), "logits": (-6.0, 6.0), "means": (-6.0, 6.0), "log_vars": (-2.0, 4.0)},
)


@check("mixture_log_density", "extreme")
@settings(max_examples=12)
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([0.0, 1000.0, -1000.0]),
    away=st.sampled_from([1.0, 40.0]),
    M=st.integers(150, 250),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, level, away, M, seed):
    """It stays exact for 200 dimensions, 40 standard deviations from every component, where the logits are as large as ±1000, and for
    variances from e⁻⁹ to e⁹.
    """
    draw = Draw(dtype, seed)
    help_text = "torch.logsumexp over the components of log π_k + log N_k, with log_softmax for the weights."
    for dimensions, spread in ((M, 0.0), (2, 0.0), (2, 9.0 if seed % 2 else -9.0)):
        noise, deviation = draw.normal(3, dimensions), math.exp(spread / 2)
        arguments = {
            "z": deviation
            * away
            * torch.sign(noise)
            * noise.abs().clamp(1.0, 2.0),  # 40 standard deviations in each dimension
            "logits": level + draw.normal(4),
            "means": draw.normal(4, dimensions, std=0.1 * deviation),
            "log_vars": spread + draw.uniform(4, dimensions, low=-0.5, high=0.5),
        }
        case = Case("mixture_log_density", arguments, scale=float(dimensions))
        student.agrees(case, oracle.value(case), help=help_text)
