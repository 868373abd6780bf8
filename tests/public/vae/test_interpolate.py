"""Points between two latent vectors."""

import torch

from autograder.authoring import DTYPES, Case, check, inputs
from tests.public.sizes import SIZES


@inputs("interpolate", sizes=SIZES)
def interpolate(draw):
    """Two points that are far from 0 and from each other, and shares in no order."""
    return {
        "z_a": draw.normal("M", mean=1.0, std=2.0),
        "z_b": draw.normal("M", mean=-2.0, std=2.0),
        "alphas": draw.uniform("S", low=0.0, high=1.0),
    }


@check("interpolate", "golden")
def test_golden(student):
    """Between (4, −2) and (0, 2): the first for α = 1, the second for α = 0, and (1, 1) for α = ¼."""
    for dtype in DTYPES:
        z_a, z_b = torch.tensor([[4.0, -2.0], [0.0, 2.0]], dtype=dtype)
        case = Case("interpolate", {"z_a": z_a, "z_b": z_b, "alphas": torch.tensor([1.0, 0.0, 0.25], dtype=dtype)})
        expected = torch.tensor([[4.0, -2.0], [0.0, 2.0], [1.0, 1.0]], dtype=dtype)
        student.agrees(case, expected, help="z_α = α z_a + (1 − α) z_b: α is the share of z_a, and α = 0 gives z_b.")
