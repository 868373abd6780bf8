"""Relaxed Bernoulli draws."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("relaxed_bernoulli_sample", sizes=SIZES)
def relaxed_bernoulli_sample(draw):
    """Logits, and a temperature on either side of 1: a number or a tensor without axes."""
    temperature = draw.uniform(1, low=0.4, high=1.8)[0]
    as_tensor = bool(draw.binary(1))
    return {
        "logits": draw.normal("B", "M", std=2.0),
        "temperature": temperature if as_tensor else float(temperature),
    }


@check("relaxed_bernoulli_sample", "golden")
def test_golden(student):
    """For ℓ = log 3 and τ = ½, of 40,000 samples 90 % are over 0.1, 75 % over 0.5 and 50 % over 0.9: log u − log(1 − u) is over t with
    probability sigmoid(−t), and z is over c where it is over τ logit(c) − ℓ.
    """
    logits = torch.full((40_000, 1), math.log(3.0), dtype=torch.float64)
    case = Case("relaxed_bernoulli_sample", {"logits": logits, "temperature": 0.5}, seed=1)
    z = student.value(case)
    student.sees(case, "the samples", z, interchangeable=True)
    for bound, share in ((0.1, 0.9), (0.5, 0.75), (0.9, 0.5)):
        found = float((z > bound).double().mean())  # of right samples: 0.0025 is the largest standard error
        message = f"{found:.1%} of the samples are over {bound}, not {share:.0%}"
        help_text = "sigmoid((ℓ + log u − log(1 − u)) / τ): the temperature divides logits and noise."
        student.require(abs(found - share) < 0.02, case, message, help=help_text)
