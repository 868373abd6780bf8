"""A convolutional encoder: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [Sizes({"B": b, "M": m}) for b, m in ((2, 1), (3, 2), (5, 7), (8, 4))]  # some layers need more than one image


@inputs("ConvEncoder", sizes=SIZES, dtypes=[torch.float32])  # networks of students have float32 weights
def conv_encoder(draw):
    """An encoder, and one batch of images."""
    return made({"latent_dim": draw.size("M")}, forward={"x": draw.uniform("B", 1, 28, 28, low=0.0, high=1.0)})


@check("ConvEncoder", "golden", given=True)
def test_golden(student):
    """In evaluation mode a white image has the mean and log-variance that it has beside a black one, in whatever order they come."""
    made = student.make(Case("ConvEncoder", {"latent_dim": 3}))
    white, black = torch.ones(1, 1, 28, 28), torch.zeros(1, 1, 28, 28)
    call = made.call("forward", {"x": white})
    alone = made.value("forward", {"x": white}, evaluate=True)
    for place, batch in enumerate(([white, black], [black, white])):
        both = made.value("forward", {"x": torch.cat(batch)}, evaluate=True)
        for name, part, wanted in zip(("the mean", "the log-variance"), both, alone, strict=True):
            what = f"{name} beside a black image, at place {place},"
            help_text = "Nothing in `forward` may mix the images of a batch."
            student.close(call, part[place : place + 1], wanted, what=what, help=help_text)
