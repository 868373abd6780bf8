"""One draw of q(z | x) for every image."""

import math

import torch

from autograder.authoring import DTYPES, Case, Probe, check, constant, inputs
from tests.public.networks import gaussian_encoder
from tests.public.sizes import SIZES


@inputs("posterior_samples", sizes=SIZES[1:], scale="D")  # the first has one entry only, whose axes nothing tells apart
def posterior_samples(draw):
    """Images, and an encoder whose means and log-variances depend on them."""
    return {"x": draw.uniform("B", "D", low=0.0, high=1.0), "encoder": gaussian_encoder(draw)}


@check("posterior_samples", "golden")
def test_golden(student):
    """Where σ is next to nothing (log_var = −80) every draw is the encoder's mean, x₁ + x₂ and 2 x₁ here; for μ = 5 and σ = 2
    (log_var = log 4) the draws for 10,000 images have a mean from 4.8 to 5.2 and a standard deviation from 1.8 to 2.2.
    """
    for dtype in DTYPES:
        weight, zero = torch.tensor([[1.0, 1.0], [2.0, 0.0]], dtype=dtype), torch.zeros(2, dtype=dtype)
        to_mean = {"op": "affine", "weight": weight, "bias": zero}
        still = Probe({"layers": [], "heads": [[to_mean], [constant(zero - 80.0, 2)]]})
        x = torch.tensor([[1.0, 3.0], [0.5, -1.0], [0.0, 2.0]], dtype=dtype)
        case = Case("posterior_samples", {"x": x, "encoder": still})
        expected = torch.tensor([[4.0, 2.0], [-0.5, 1.0], [2.0, 0.0]], dtype=dtype)
        help_text = "z = μ + σ ⊙ ε with what the encoder says of each image: first μ, then log σ²."
        student.agrees(case, expected, help=help_text)
    heads = [[constant(torch.tensor([value], dtype=torch.float64), 1)] for value in (5.0, math.log(4.0))]
    many = torch.linspace(0.0, 1.0, 10_000, dtype=torch.float64)[:, None]
    wide = Case("posterior_samples", {"x": many, "encoder": Probe({"layers": [], "heads": heads})}, seed=1)
    z = student.value(wide)
    student.sees(wide, "the draws", z, interchangeable=True)
    centre, spread = z.mean().item(), z.std().item()  # of right draws: 0.02 and 0.014 are the standard errors
    help_text = (
        "z = μ + σ ⊙ ε with fresh noise for every image; the encoder returns log σ², and log σ² = log 4 is σ = 2."
    )
    student.require(4.8 < centre < 5.2, wide, f"the mean of 10,000 draws is {centre:.3g}, not 5", help=help_text)
    student.require(1.8 < spread < 2.2, wide, f"their standard deviation is {spread:.3g}, not 2", help=help_text)
