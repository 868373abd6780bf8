"""A convolutional encoder: what only the grader runs. Its architecture is free, so it is judged by what holds for any of them."""

import torch

from autograder.authoring import Case, Draw, check
from tests.hidden.convolutions import (
    in_blocks,
    network,
    noise_images,
    require_alone,
    require_bent,
    require_convolution,
    require_different_beginnings,
    require_different_parts,
    require_every_block,
    require_free,
    require_held,
    require_reached,
)

HELP = "Nothing stands behind the mean and the log-variance: no exp, no softplus, no tanh."
BASES = 2


def asked(student, n=6, seed=""):
    """An encoder in evaluation mode, and images."""
    draw = Draw(torch.float32, student.lot("images"))
    case = Case("ConvEncoder", {"latent_dim": int(draw.uniform(1, low=3, high=9))})
    return network(student, case, noise_images(draw, 2), "x", ("the mean", "the log-variance"), seed), noise_images(
        draw, n
    )


@check("ConvEncoder", "convolution")
def test_convolution(student):
    """There is at least one convolution: filters larger than a pixel and smaller than the image, on which the answer depends."""
    require_convolution(*asked(student))


@check("ConvEncoder", "outputs")
def test_outputs(student):
    """Mean and log-variance are of any sign and size."""
    require_free(*asked(student, 24), help=HELP)


@check("ConvEncoder", "heads")
def test_heads(student):
    """Mean and log-variance both depend on the image, and each has outputs of its own."""
    require_different_parts(*asked(student, 40))


@check("ConvEncoder", "image")
def test_image(student):
    """Every part of the image makes a difference to the mean or the log-variance."""
    made, rows = asked(student, BASES)
    rows = in_blocks(0.3 * rows, Draw(torch.float32, student.lot("blocks")))
    require_every_block(made, rows, BASES)


@check("ConvEncoder", "nonlinear")
def test_nonlinear(student):
    """It is no affine function of the image: there is a ReLU, or something like it, between its layers."""
    made, rows = asked(student, 12)
    a, b = (rows / 2).chunk(2)
    require_bent(made, a, b)


@check("ConvEncoder", "alone", given=True)
def test_alone(student):
    """In evaluation mode the answer to an image is the same every time, and depends on that image alone."""
    require_alone(*asked(student, 7))


@check("ConvEncoder", "parameters")
def test_parameters(student):
    """It is a module whose parameters are all learnt; all that an answer depends on is in its `state_dict`."""
    made, rows = asked(student)
    require_held(made, asked(student, seed="other")[0], rows)


@check("ConvEncoder", "gradient")
def test_gradient(student):
    """Mean and log-variance can be differentiated by every parameter that they are made of, both by the convolutions."""
    require_reached(*asked(student, 3))


@check("ConvEncoder", "initial")
def test_initial(student):
    """Weights begin different from each other, and another network begins with other ones."""
    made, rows = asked(student)
    require_different_beginnings(made, asked(student, seed="other")[0], rows)
