"""Evidence lower bound of a two-level VAE."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.hierarchical.networks import SIZES, two_levels


@inputs("hierarchical_elbo", sizes=SIZES, scale=lambda draw: draw.size("D") + 10.0 * draw.size("M1"))
def hierarchical_elbo(draw):
    """Binary images, and networks with known weights."""
    return {"x": draw.binary("B", "D"), **two_levels(draw), "n_samples": draw.size("S")}


@check("hierarchical_elbo", "golden")
def test_golden(student):
    """By hand: the decoder says ¾ for the only pixel, which is white, whatever z₁ is. Where all Gaussians are N(0, 1) the bound is
    log ¾. With q(z₁ | x) = N(2, 1) it is 2 less, since p(z₁ | z₂) is N(0, 1) all the same; with q(z₂ | z₁) = N(2, 1) 2 less again.
    """
    zero = torch.zeros(1, dtype=torch.float64)
    standard = Probe({"layers": [], "heads": [[constant(zero, 1)], [constant(zero, 1)]]})
    shifted = Probe({"layers": [], "heads": [[constant(zero + 2, 1)], [constant(zero, 1)]]})
    help_text = (
        "log p(x | z₁) + log p(z₁ | z₂) − log q(z₁ | x) − KL(q(z₂ | z₁) ‖ N(0, I)), averaged over images and samples."
    )
    for q1, q2, kl in ((standard, standard, 0.0), (shifted, standard, 2.0), (shifted, shifted, 4.0)):
        arguments = {
            "x": torch.ones(200, 1, dtype=torch.float64),
            "q1": q1,
            "q2": q2,
            "p1": standard,
            "decoder": Probe({"layers": [constant(zero + math.log(3.0), 1)]}),
            "n_samples": 100,
        }
        case = Case("hierarchical_elbo", arguments, seed=1)
        got, expected = float(student.value(case)), math.log(3 / 4) - kl
        message = (
            f"the bound is {got:.4f}, but should be {expected:.4f}"  # where terms are sampled, it scatters by 0.02
        )
        student.require(abs(got - expected) < 0.15, case, message, help=help_text, expected=f"{expected:.4f}")
