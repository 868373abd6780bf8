"""Log-probability of binary images given their latent variables."""

import math

import torch

from autograder.authoring import Case, Probe, check, inputs
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


@inputs("log_likelihood", sizes=SIZES, scale="D")
def log_likelihood(draw):
    """Binary images, a latent vector for each, and a decoder with known weights."""
    return {"x": draw.binary("B", "D"), "z": draw.normal("B", "M", mean=0.5), "decoder": affine_decoder(draw)}


@check("log_likelihood", "golden")
def test_golden(student):
    """The decoder's logits are 0 and z · log 3: the first pixel is white with probability ½, the second with ½ for z = 0, ¾ for z = 1
    and ¼ for z = −1. Two white pixels have log ½ + log ¾ at z = 1, and log ½ + log ¼ at z = −1.
    """
    layer = {
        "op": "affine",
        "weight": torch.tensor([[0.0], [math.log(3.0)]], dtype=torch.float64),
        "bias": torch.zeros(2, dtype=torch.float64),
    }
    z = torch.tensor([[0.0], [1.0], [-1.0], [1.0]], dtype=torch.float64)
    x = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    case = Case("log_likelihood", {"x": x, "z": z, "decoder": Probe({"layers": [layer]})})
    expected = torch.tensor([1 / 4, 3 / 8, 1 / 8, 1 / 8], dtype=torch.float64).log()
    student.agrees(
        case, expected, help="Decode z to logits, then sum the log-probabilities over the pixels of each image."
    )
