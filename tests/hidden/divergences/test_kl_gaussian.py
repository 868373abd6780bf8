"""KL divergence between two Gaussians: agreement with the reference, gradients and numerical care."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Sizes, check, far_away, gradient_check, value_check
from tests.hidden.sizes import WIDE
from tests.public.divergences.test_kl_gaussian import kl_gaussian

ARGUMENTS = ("mean_q", "log_var_q", "mean_p", "log_var_p")
LEVELS = ((-80.0, 0.0), (-40.0, -40.0), (-80.0, -80.0), (20.0, 20.0), (40.0, 40.0), (0.0, 40.0))
"""log σ_q² and log σ_p²: the ratio of the variances never leaves what float32 holds, where the field's libraries fail."""

test_value = value_check(
    kl_gaussian,
    "KL(q ‖ p) = log(σ_p/σ_q) + (σ_q² + (μ_q − μ_p)²) / (2σ_p²) − ½, one value per pair.",
    help="log σ is half of log_var; the variance of p divides both σ_q² and the squared distance; q comes first.",
    sizes=WIDE,
    corners=[Sizes({"B": n}) for n in (1, 2, 5, 777, 2503)],
    moved=True,
    level=dict.fromkeys(ARGUMENTS, (0.0,)),
)
test_gradient = gradient_check(
    kl_gaussian,
    ARGUMENTS,
    "It can be differentiated with respect to the means and log-variances of both, q and p.",
    wide={"mean_q": (-7.0, 7.0), "log_var_q": (-9.0, 5.0), "mean_p": (-7.0, 7.0), "log_var_p": (-5.0, 7.0)},
)


@check("kl_gaussian", "extreme")
@given(dtype=st.sampled_from(DTYPES), levels=st.sampled_from(LEVELS), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, levels, seed):
    """The divergence stays finite and exact for variances as small as e⁻⁸⁰ and as large as e⁴⁰, in float32 too, and where both means lie
    far from 0.
    """
    draw = Draw(dtype, seed)
    log_var_q = levels[0] + draw.uniform(7, low=-0.5, high=0.5)
    log_var_p = levels[1] + draw.uniform(7, low=-0.5, high=0.5)
    means = [draw.normal(7) * torch.exp(0.5 * log_var_p) for _ in range(2)]  # about one standard deviation apart
    arguments = {"mean_q": means[0], "log_var_q": log_var_q, "mean_p": means[1], "log_var_p": log_var_p}
    case = Case("kl_gaussian", arguments)
    student.agrees(case, oracle.value(case), help="log σ² is log_var itself, and nothing need be added to a variance.")
    for far in far_away(kl_gaussian.build(None, dtype, seed), ["mean_q", "mean_p"]):
        student.agrees(far, oracle.value(far), help="Subtract the means before you square: large squares cancel badly.")
