"""Joint log-density of images and latent variables."""

import math

import torch

from autograder.authoring import Case, Probe, check, inputs
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


@inputs("joint_log_density", sizes=SIZES, scale=lambda draw: draw.size("D") + draw.size("M"))
def joint_log_density(draw):
    """Binary images, a latent vector for each that is not near 0, and a decoder with known weights."""
    return {"x": draw.binary("B", "D"), "z": draw.normal("B", "M", mean=0.8, std=1.5), "decoder": affine_decoder(draw)}


@check("joint_log_density", "golden")
def test_golden(student):
    """log p(z) is −½ log 2π = −0.9189 at z = 0, and ½ less at z = ±1. The decoder's logit is z · log 3: a white pixel has ½ at z = 0, ¾ at
    z = 1 and ¼ at z = −1.
    """
    layer = {"op": "affine", "weight": torch.tensor([[math.log(3.0)]], dtype=torch.float64)}
    decoder = Probe({"layers": [layer | {"bias": torch.zeros(1, dtype=torch.float64)}]})
    z = torch.tensor([[0.0], [1.0], [-1.0]], dtype=torch.float64)
    case = Case("joint_log_density", {"x": torch.ones(3, 1, dtype=torch.float64), "z": z, "decoder": decoder})
    log_prior = torch.tensor([0.0, -0.5, -0.5], dtype=torch.float64) - 0.5 * math.log(2 * math.pi)
    expected = log_prior + torch.tensor([1 / 2, 3 / 4, 1 / 4], dtype=torch.float64).log()
    student.agrees(case, expected, help="log p(x, z) = log p(z) + log p(x | z); log p(z) has its constant −½ log 2π.")
