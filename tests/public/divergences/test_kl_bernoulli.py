"""KL divergence of Bernoullis to a Bernoulli prior."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("kl_bernoulli", sizes=SIZES, scale="M")
def kl_bernoulli(draw):
    """Probabilities away from 0 and 1, and a prior that is not ½."""
    return {"probs": draw.uniform("B", "M", low=0.05, high=0.95), "prior": draw.number(0.1, 0.9)}


@check("kl_bernoulli", "golden")
def test_golden(student):
    """At the prior it is 0; a sure 1 costs −log π nats, log 2 at π = ½; two dimensions add; π is ½ where it is left out."""
    case = Case("kl_bernoulli", {"probs": torch.tensor([[0.5, 0.5], [1.0, 0.5], [0.0, 1.0]], dtype=torch.float64)})
    expected = torch.tensor([0.0, math.log(2.0), 2 * math.log(2.0)], dtype=torch.float64)
    student.agrees(case, expected, help="0 log 0 counts as 0 (torch.xlogy); the default of `prior` is 0.5.")
