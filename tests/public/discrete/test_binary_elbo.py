"""Evidence lower bound of a VAE with binary latent variables."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


@inputs("binary_elbo", sizes=SIZES, scale="D")
def binary_elbo(draw):
    """Binary images, networks with known weights, and a temperature on either side of 1: a number or a tensor without axes."""
    temperature = draw.uniform(1, low=0.4, high=1.8)[0]
    as_tensor = bool(draw.binary(1))
    return {
        "x": draw.binary("B", "D"),
        "encoder_logits": Probe({"layers": [draw.affine("M", "D")]}),
        "decoder": affine_decoder(draw),
        "n_samples": draw.size("S"),
        "temperature": temperature if as_tensor else float(temperature),
    }


@check("binary_elbo", "golden")
def test_golden(student):
    """By hand, for one white pixel and one latent at a temperature next to 0: the decoder says ½ where z = 0, and ¾ where z = 1. For
    θ = ½ the bound is ½ (log ½ + log ¾) = −0.4904; for θ = ¾ it is ¼ log ½ + ¾ log ¾ = −0.3890, less KL = ¾ log 3/2 + ¼ log ½ = 0.1308.
    """
    steep = {"op": "affine", "weight": torch.tensor([[math.log(3.0)]]).double(), "bias": torch.zeros(1).double()}
    for logit, expected in ((0.0, -0.4904), (math.log(3.0), -0.3890 - 0.1308)):
        arguments = {
            "x": torch.ones(200, 1, dtype=torch.float64),
            "encoder_logits": Probe({"layers": [constant(torch.tensor([logit], dtype=torch.float64), 1)]}),
            "decoder": Probe({"layers": [steep]}),
            "n_samples": 100,
            "temperature": 0.001,
        }
        case = Case("binary_elbo", arguments, seed=1)
        got = float(student.value(case))  # scatters by 0.0014
        message = f"for ℓ = {logit:.4f} the result is {got:.4f}, but should be {expected:.4f}"
        help_text = (
            "Average log p(x | z) over images and samples; then subtract KL(Ber(θ) ‖ Ber(½)), once for each latent."
        )
        student.require(abs(got - expected) < 0.02, case, message, help=help_text, expected=f"{expected:.4f}")
