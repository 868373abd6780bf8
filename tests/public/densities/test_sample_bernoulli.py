"""Binary pixels drawn from logits."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs(
    "sample_bernoulli", sizes=SIZES, dtypes=(torch.float32,)
)  # zeros and ones lose nothing where they come as float32
def sample_bernoulli(draw):
    """A logit for every pixel of every image."""
    return {"logits": draw.normal("B", "D", std=2.0)}


@check("sample_bernoulli", "golden")
def test_golden(student):
    """Logits of ±100 leave no doubt: 1 for +100, 0 for −100. Of 10,000 pixels with logit log 3, so λ = ¾, from 72 % to 78 % are 1 and
    all others 0.
    """
    sure = torch.tensor([[100.0, -100.0], [-100.0, 100.0], [100.0, 100.0]], dtype=torch.float64)
    help_text = "A pixel is 1 with probability λ = sigmoid(logit), and 0 otherwise."
    student.agrees(Case("sample_bernoulli", {"logits": sure}), (sure > 0).double(), help=help_text)
    many = Case("sample_bernoulli", {"logits": torch.full((10_000, 1), math.log(3.0), dtype=torch.float64)}, seed=1)
    x = student.value(many)
    student.sees(many, "the pixels", x, interchangeable=True)
    binary = bool(((x - (x > 0.5).double()).abs() < 1e-6).all())
    student.require(binary, many, "some pixels are neither 0 nor 1", help=help_text)
    share = float(x.mean())  # its standard error is 0.0043
    student.require(0.72 < share < 0.78, many, f"{share:.1%} of 10,000 pixels are 1, not 75 %", help=help_text)
