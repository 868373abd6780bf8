"""A convolutional decoder: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [Sizes({"B": b, "M": m}) for b, m in ((2, 1), (3, 2), (5, 7), (8, 4))]  # some layers need more than one vector


@inputs("ConvDecoder", sizes=SIZES, dtypes=[torch.float32])  # networks of students have float32 weights
def conv_decoder(draw):
    """A decoder, and one batch of latent variables from all over the prior."""
    return made({"latent_dim": draw.size("M")}, forward={"z": draw.normal("B", "M", std=2.0)})


@check("ConvDecoder", "golden", given=True)
def test_golden(student):
    """In evaluation mode z = (1, 2, 3) has the logits that it has beside z = 0, in whatever order they come."""
    made = student.make(Case("ConvDecoder", {"latent_dim": 3}))
    z, zero = torch.tensor([[1.0, 2.0, 3.0]]), torch.zeros(1, 3)
    call = made.call("forward", {"z": z})
    alone = made.value("forward", {"z": z}, evaluate=True)
    for place, batch in enumerate(([z, zero], [zero, z])):
        logits = made.value("forward", {"z": torch.cat(batch)}, evaluate=True)[place : place + 1]
        what = f"beside z = 0, at place {place},"
        student.close(call, logits, alone, what=what, help="Nothing in `forward` may mix the rows of a batch.")
