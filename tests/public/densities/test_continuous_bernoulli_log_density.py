"""Log-density of grey pixels from logits."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("continuous_bernoulli_log_density", sizes=SIZES)
def continuous_bernoulli_log_density(draw):
    """Grey pixels, some of them black or white, and logits that keep away from 0: λ = ½ is a check of its own."""
    logits = draw.normal("B", "D", std=3.0).clamp(-8.0, 8.0)
    x = draw.uniform("B", "D", low=-0.2, high=1.2).clamp(0.0, 1.0)
    return {"x": x, "logits": logits + torch.where(logits < 0, -0.1, 0.1).to(logits.dtype)}


@check("continuous_bernoulli_log_density", "golden")
def test_golden(student):
    """λ = ½ is the uniform density: its logarithm is 0 for every pixel. Logit log 3 means λ = ¾, where C is 2 log 3, so that the density
    is 3/2 log 3 at x = 1, ½ log 3 at x = 0 and ½ √3 log 3 at x = ½; logit −log 3 is the reverse.
    """
    three = math.log(3.0)
    logits = torch.tensor([[0.0, three, three, three], [0.0, -three, -three, -three]], dtype=torch.float64)
    x = torch.tensor([[0.3, 1.0, 0.0, 0.5], [1.0, 0.0, 1.0, 0.5]], dtype=torch.float64)
    density = torch.tensor([1 / three, 1.5, 0.5, 0.5 * math.sqrt(3.0)], dtype=torch.float64) * three
    case = Case("continuous_bernoulli_log_density", {"x": x, "logits": logits})
    student.agrees(
        case,
        density.log().expand(2, -1),
        help="log C(λ) is added for every pixel, also where λ is ½: there it is log 2.",
    )
