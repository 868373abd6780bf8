"""The three terms of a two-level bound, each by itself: who has one of them wrong keeps the points of the others."""

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, check, constant, levelled, require_gradients, siblings
from tests.hidden.hierarchical.sizes import CORNERS, WIDE
from tests.public.hierarchical.test_hierarchical_terms import hierarchical_terms

NAMES = ("recon", "ratio", "kl")
LEVELS = {"x": (), "z1": (0.0,), "z2": (0.0,)}


def term_check(part, sentence, help_text):
    """Return the check of one of the three terms, on calls that differ in what an answer might have been kept for."""

    @settings(max_examples=12)
    @given(sizes=WIDE, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
    def test(student, oracle, sizes, dtype, seed):
        case = hierarchical_terms.build(sizes, dtype, seed)
        for asked in (case, *siblings(case), *levelled(case, LEVELS)):
            got, expected = student.value(asked)[part], oracle.value(asked)[part]
            student.close(asked, got, expected, what=f"`{NAMES[part]}`", help=help_text)

    for turn, sizes in enumerate(reversed(CORNERS)):
        test = example(sizes=sizes, dtype=DTYPES[turn % 2], seed=turn)(test)
    test.__doc__ = sentence
    test.__name__ = test.__qualname__ = f"test_{NAMES[part]}"
    return check("hierarchical_terms", NAMES[part])(test)


test_recon = term_check(
    0,
    "recon is log p(x | z₁), summed over the pixels: one value per example.",
    "The decoder is applied to z₁ and returns logits; sum over pixels, not over examples.",
)
test_ratio = term_check(
    1,
    "ratio is log p(z₁ | z₂) − log q(z₁ | x) at the given samples, summed over the M1 dimensions: one value per example.",
    "Both densities are evaluated at z₁: p's mean and log-variance are p1(z2), those of q are q1(x).",
)
test_kl = term_check(
    2,
    "kl is KL(q(z₂ | z₁) ‖ N(0, I)) in closed form, summed over the M2 dimensions: one value per example.",
    "½ Σ (σ² + μ² − 1 − log σ²) with mean and log-variance from q2(z1); z2 is not needed for it.",
)

ARGUMENTS = (["z1"], ["z1", "z2"], ["z1"])
WEIGHTS = (
    ["decoder.trunk.0.weight", "decoder.trunk.0.bias"],
    ["q1.heads.0.0.bias", "q1.heads.1.0.bias", "p1.heads.0.0.bias", "p1.heads.1.0.bias"],
    ["q2.heads.0.0.bias", "q2.heads.1.0.bias"],
)


@check("hierarchical_terms", "gradient", given=True)
@settings(max_examples=6)
@given(seed=st.integers(0, 2**31 - 1), dtype=st.sampled_from(DTYPES))
def test_gradient(student, oracle, seed, dtype):
    """Every term can be differentiated by the samples that it depends on, and by the weights of its networks."""
    case = hierarchical_terms.build(None, dtype, seed)
    help_text = "No detach, .data, .item() or no_grad between samples, networks and result."
    for part, (arguments, weights) in enumerate(zip(ARGUMENTS, WEIGHTS, strict=True)):
        require_gradients(student, oracle, case, arguments, part, help_text)
        if student.same(case, oracle.value(case)[part], part):  # a wrong value is charged already
            require_gradients(student, oracle, case, weights, part, help_text)


def constants(draw, dtype, level, upper):
    """A call whose networks ignore what they get: logits of ±800, log-variances near `level` of both Gaussians of z₁, which lies
    within their reach, and near `upper` of q(z₂ | z₁).
    """
    D, M1, M2 = 31, 23, 5
    near1, near2 = level + draw.uniform(M1, low=-0.4, high=0.0), upper + draw.uniform(M2, low=-0.4, high=0.0)
    zero = torch.zeros(M1, dtype=dtype)
    arguments = {
        "x": draw.binary(4, D),
        "z1": draw.normal(4, M1).clamp(-2.0, 2.0) * torch.exp(0.5 * near1),
        "z2": draw.normal(4, M2),
        "q1": Probe({"layers": [], "heads": [[constant(zero, D)], [constant(near1, D)]]}),
        "q2": Probe({"layers": [], "heads": [[constant(draw.normal(M2), M1)], [constant(near2, M1)]]}),
        "p1": Probe({"layers": [], "heads": [[constant(zero, M2)], [constant(near1.flip(0), M2)]]}),
        "decoder": Probe({"layers": [constant(800.0 * (2 * draw.binary(D) - 1), M1)]}),
    }
    return Case("hierarchical_terms", arguments, scale=M1 * abs(level))


@check("hierarchical_terms", "extreme")
@settings(max_examples=12)
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([-13.0, -8.0, 8.0]),
    upper=st.sampled_from([-80.0, -40.0, 20.0]),
    seed=st.integers(0, 2**31 - 1),
)
def test_extreme(student, oracle, dtype, level, upper, seed):
    """All terms stay finite and exact for logits of ±800, for variances of z₁ from e⁻¹³ to e⁸ and of z₂ from e⁻⁸⁰ to e²⁰."""
    case = constants(Draw(dtype, seed), dtype, level, upper)
    student.agrees(
        case, oracle.value(case), help="Stay in the log domain: no log of a sigmoid, no log of an exponential."
    )
