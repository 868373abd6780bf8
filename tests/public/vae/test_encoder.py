"""The encoder of a VAE: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [
    Sizes({"B": b, "D": d, "H": h, "M": m}) for b, d, h, m in ((1, 5, 3, 2), (4, 2, 6, 3), (5, 7, 9, 2), (3, 12, 7, 4))
]


@inputs("encoder", sizes=SIZES, dtypes=[torch.float32])  # networks of students have float32 weights
def encoder(draw):
    """A small encoder, and one batch of binary images."""
    sizes = {"data_dim": draw.size("D"), "latent_dim": draw.size("M"), "hidden": draw.size("H")}
    return made(sizes, forward={"x": draw.binary("B", "D")})


@check("encoder", "golden")
def test_golden(student):
    """For 784 pixels and 2 latent variables there are 784 · 500 + 500 weights and biases below and 2 · (500 · 2 + 2) above: 394,504."""
    case = Case("encoder", {"data_dim": 784, "latent_dim": 2})
    made = student.make(case)
    made.value("forward", {"x": torch.zeros(3, 784)})
    count = made.inspect().count
    message = f"it has {count:,} parameters, but should have 394,504"
    help_text = "Linear layers with biases: one below the 500 hidden units, and above them what gives 2 means and 2 log-variances."
    student.require(count == 394_504, case, message, help=help_text)
