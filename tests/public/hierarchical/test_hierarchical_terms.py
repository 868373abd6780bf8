"""The three terms of the bound of a two-level VAE."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.hierarchical.networks import SIZES, two_levels


@inputs("hierarchical_terms", sizes=SIZES, scale=lambda draw: draw.size("D") + 10.0 * draw.size("M1"))
def hierarchical_terms(draw):
    """Binary images, samples of both levels that are those of no network, and networks with known weights."""
    return {
        "x": draw.binary("B", "D"),
        "z1": draw.normal("B", "M1", mean=0.5, std=1.5),
        "z2": draw.normal("B", "M2", mean=-0.5, std=1.5),
        **two_levels(draw),
    }


@check("hierarchical_terms", "golden")
def test_golden(student):
    """By hand: the decoder says ½ for one pixel and ¾ for another, whatever z₁ is. q(z₁ | x) = N(0, 1) and p(z₁ | z₂) = N(z₂, 1), so
    the ratio is ½ z₁² − ½ (z₁ − z₂)²: ½ for z₁ = z₂ = 1, and −2 for z₁ = 0 and z₂ = 2. q(z₂ | z₁) = N(z₁, 1), so kl is ½ z₁².
    """
    zero = torch.zeros(1, dtype=torch.float64)
    copy = [{"op": "affine", "weight": torch.ones(1, 1, dtype=torch.float64), "bias": zero}]
    logits = torch.tensor([0.0, math.log(3.0)], dtype=torch.float64)
    arguments = {
        "x": torch.tensor([[1.0, 1.0], [1.0, 0.0]], dtype=torch.float64),
        "z1": torch.tensor([[1.0], [0.0]], dtype=torch.float64),
        "z2": torch.tensor([[1.0], [2.0]], dtype=torch.float64),
        "q1": Probe({"layers": [], "heads": [[constant(zero, 2)], [constant(zero, 2)]]}),
        "q2": Probe({"layers": [], "heads": [copy, [constant(zero, 1)]]}),
        "p1": Probe({"layers": [], "heads": [copy, [constant(zero, 1)]]}),
        "decoder": Probe({"layers": [constant(logits, 1)]}),
    }
    recon = torch.tensor([1 / 2 * 3 / 4, 1 / 2 * 1 / 4], dtype=torch.float64).log()
    ratio = torch.tensor([0.5, -2.0], dtype=torch.float64)
    kl = torch.tensor([0.5, 0.0], dtype=torch.float64)
    help_text = (
        "recon = log p(x | z₁), ratio = log p(z₁ | z₂) − log q(z₁ | x), kl = KL(q(z₂ | z₁) ‖ N(0, I)), in this order."
    )
    student.agrees(Case("hierarchical_terms", arguments), (recon, ratio, kl), help=help_text)
