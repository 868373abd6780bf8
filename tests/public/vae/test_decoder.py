"""The decoder of a VAE: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [
    Sizes({"B": b, "M": m, "H": h, "D": d}) for b, m, h, d in ((1, 2, 3, 5), (4, 3, 6, 2), (5, 2, 9, 7), (3, 4, 7, 12))
]


@inputs("decoder", sizes=SIZES, dtypes=[torch.float32])  # networks of students have float32 weights
def decoder(draw):
    """A small decoder, and one batch of latent variables from all over the prior."""
    sizes = {"latent_dim": draw.size("M"), "data_dim": draw.size("D"), "hidden": draw.size("H")}
    return made(sizes, forward={"z": draw.normal("B", "M", std=2.0)})


@check("decoder", "golden")
def test_golden(student):
    """For 2 latent variables and 784 pixels there are 2 · 500 + 500 weights and biases below and 500 · 784 + 784 above: 394,284."""
    case = Case("decoder", {"latent_dim": 2, "data_dim": 784})
    made = student.make(case)
    made.value("forward", {"z": torch.zeros(3, 2)})
    count = made.inspect().count
    message = f"it has {count:,} parameters, but should have 394,284"
    student.require(count == 394_284, case, message, help="Two linear layers with biases, and 500 units between them.")
