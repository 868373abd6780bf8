"""The pixels of the upper half of every image."""

import torch

from autograder.authoring import DTYPES, Case, check, inputs
from tests.public.sizes import SIZES


@inputs("top_half", sizes=SIZES)
def top_half(draw):
    """Logits have any size, and grey pixels lie between 0 and 1: neither may be changed."""
    return {"x": draw.normal("B", 784, mean=0.5, std=2.0)}


@check("top_half", "golden")
def test_golden(student):
    """Where every pixel says where it is, row + column/100, the first is 0.00, the 28th 0.27, the 29th 1.00 and the last one 13.27."""
    place = torch.arange(28.0, dtype=torch.float64)[:, None] + torch.arange(28, dtype=torch.float64) / 100  # (28, 28)
    x = torch.stack([place, 100.0 + place]).reshape(2, 784)  # the second image has 100 more
    upper = torch.cat([row + torch.arange(28, dtype=torch.float64) / 100 for row in range(14)])
    expected = torch.stack([upper, 100.0 + upper])
    help_text = "x.reshape(-1, 28, 28) has the rows of an image on its second axis: keep the first 14 of them."
    for dtype in DTYPES:
        student.agrees(Case("top_half", {"x": x.to(dtype)}), expected.to(dtype), help=help_text)
