"""Black-and-white images."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs(
    "binarize", sizes=SIZES, dtypes=(torch.float32,), batch="B"
)  # images are float32: `.float()` is as good as `.to(x.dtype)`
def binarize(draw):
    """Dark and bright images, with pixels of 0 and of 1 among the grey ones."""
    grey = draw.uniform("B", "D", low=0.0, high=1.0) ** draw.uniform("B", 1, low=0.2, high=4.0)
    stretched = 1.2 * draw.uniform("B", "D", low=0.0, high=1.0) - 0.1
    return {"x": torch.where(stretched == stretched.clamp(0.0, 1.0), grey, stretched.clamp(0.0, 1.0))}


@check("binarize", "golden")
def test_golden(student):
    """0, 0.2, 0.49 and 0.5 become 0; 0.51, 0.8 and 1 become 1."""
    x = torch.tensor([[0.0, 0.2, 0.49, 0.5], [0.51, 0.8, 1.0, 0.2]], dtype=torch.float32)
    expected = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]], dtype=torch.float32)
    student.agrees(Case("binarize", {"x": x}), expected, help="x > 0.5, as numbers: 0.5 itself becomes 0.")
