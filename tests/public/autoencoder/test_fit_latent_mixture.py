"""A mixture of Gaussians with full covariances, fitted to codes."""

import math

import torch
from hypothesis import given, settings

from autograder.authoring import Case, Sizes, check, inputs

SIZES = [
    Sizes({"N": n, "M": m, "K": k})
    for n, m, k in ((60, 1, 1), (80, 2, 1), (90, 1, 2), (120, 2, 3), (150, 3, 2), (200, 5, 2), (250, 2, 4))
]


@inputs("fit_latent_mixture", sizes=SIZES, scale="N")
def fit_latent_mixture(draw):
    """Codes in K clusters, the first K of them in one each, with a mean far from 0."""
    order = torch.arange(draw.size("N")) % draw.size("K")
    centres = 6.0 * torch.arange(draw.size("K"), dtype=draw.dtype)[:, None] + draw.normal("M", mean=5.0)
    codes = centres[order] + draw.normal("N", "M") @ draw.normal("M", "M", std=0.7)
    return {"codes": codes, "n_components": draw.size("K"), "seed": 1}


@check("fit_latent_mixture", "contract")
@settings(max_examples=4)
@given(case=fit_latent_mixture.drawn())
def test_contract(student, case):
    """`fit_latent_mixture` exists, takes the documented arguments, and returns finite weights, means and covariances of the documented
    shapes and dtype, without changing the codes.
    """
    student.value(case, form=True)


def in_order(mixture):
    """The components by falling weight: their order is free."""
    order = mixture[0].argsort(descending=True)
    return tuple(part[order] for part in mixture)


@check("fit_latent_mixture", "golden")
def test_golden(student):
    """By hand: 40 codes lie on an ellipse around (10, 0), 20 on another one around (−10, 3), each the image L u of equally spaced points
    u of a circle of radius √2, whose covariance is I. So the weights are ⅔ and ⅓, and the covariances, divided by 40 and 20, are L Lᵀ.
    """
    centres = torch.tensor([[10.0, 0.0], [-10.0, 3.0]], dtype=torch.float64)
    factors = torch.tensor([[[1.5, 0.0], [0.5, 1.0]], [[1.0, 0.0], [-1.0, 1.0]]], dtype=torch.float64)
    ellipses = []
    for centre, factor, n in zip(centres, factors, (40, 20), strict=True):
        angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
        ellipses.append(centre + 2**0.5 * torch.stack([angle.cos(), angle.sin()], dim=1) @ factor.mT)
    codes = torch.cat(ellipses)
    case = Case("fit_latent_mixture", {"codes": codes, "n_components": 2, "seed": 0})
    found = in_order(student.value(case))
    covariances = factors @ factors.mT  # [[2.25, 0.75], [0.75, 1.25]] and [[1, −1], [−1, 2]]
    expected = (torch.tensor([2 / 3, 1 / 3], dtype=torch.float64), centres, covariances)
    help_text = "Responsibilities add up to 1 over the components; covariances are full, divided by the sum of them."
    for what, got, wanted in zip(("weights", "means", "covariances"), found, expected, strict=True):
        student.sees(case, what, got, within=0.01)
        off = float((got - wanted).abs().max())
        message = f"the largest deviation of the {what} is {off:.3g}"
        student.require(off < 0.02 * float(wanted.abs().max()), case, message, help=help_text)
