"""Log-probability of binary pixels from logits."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("bernoulli_log_density", sizes=SIZES)
def bernoulli_log_density(draw):
    """Binary images and logits."""
    return {"x": draw.binary("B", "D"), "logits": draw.normal("B", "D", std=3.0).clamp(-8.0, 8.0)}


@check("bernoulli_log_density", "golden")
def test_golden(student):
    """Logit 0 means λ = ½: either pixel has log ½. Logit log 3 means λ = ¾: a 1 has log ¾, a 0 has log ¼; −log 3 is the reverse."""
    three = math.log(3.0)
    logits = torch.tensor([[0.0, three, three], [0.0, -three, -three]], dtype=torch.float64)
    x = torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[0.5, 0.75, 0.25], [0.5, 0.25, 0.75]], dtype=torch.float64).log()
    case = Case("bernoulli_log_density", {"x": x, "logits": logits})
    student.agrees(case, expected, help="x log λ + (1 − x) log(1 − λ) with λ = 1/(1 + e^−ℓ), one value per pixel.")
