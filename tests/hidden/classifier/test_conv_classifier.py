"""A convolutional classifier: what only the grader runs. Its architecture is free, so it is judged by what holds for any of them."""

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
    require_every_block,
    require_free,
    require_held,
    require_reached,
)

HELP = "Logits come out: nothing stands behind the last layer. Cross-entropy has the softmax in it."
BASES = 2


def asked(student, n=6, seed=""):
    """A classifier in evaluation mode, and images."""
    rows = noise_images(Draw(torch.float32, student.lot("images")), n)
    return network(student, Case("ConvClassifier", {}), rows, "x", ("the logits",), seed), rows


@check("ConvClassifier", "convolution")
def test_convolution(student):
    """There is at least one convolution: filters larger than a pixel and smaller than the image, on which the logits depend."""
    require_convolution(*asked(student))


@check("ConvClassifier", "logits")
def test_logits(student):
    """What comes out is of any sign and size: logits, no probabilities and not their logarithms."""
    require_free(*asked(student, 24), help=HELP)


@check("ConvClassifier", "image")
def test_image(student):
    """Every part of the image makes a difference to the logits."""
    made, rows = asked(student, BASES)
    rows = in_blocks(0.3 * rows, Draw(torch.float32, student.lot("blocks")))
    require_every_block(made, rows, BASES)


@check("ConvClassifier", "nonlinear")
def test_nonlinear(student):
    """It is no affine function of the image: there is a ReLU, or something like it, between its layers."""
    made, rows = asked(student, 12)
    a, b = (rows / 2).chunk(2)
    require_bent(made, a, b)


@check("ConvClassifier", "alone", given=True)
def test_alone(student):
    """In evaluation mode the answer to an image is the same every time, and depends on that image alone."""
    require_alone(*asked(student, 7))


@check("ConvClassifier", "parameters")
def test_parameters(student):
    """It is a module whose parameters are all learnt; all that an answer depends on is in its `state_dict`."""
    made, rows = asked(student)
    require_held(made, asked(student, seed="other")[0], rows)


@check("ConvClassifier", "gradient")
def test_gradient(student):
    """The logits can be differentiated by every parameter."""
    require_reached(*asked(student, 3))


@check("ConvClassifier", "initial")
def test_initial(student):
    """Weights begin different from each other, and another network begins with other ones."""
    made, rows = asked(student)
    require_different_beginnings(made, asked(student, seed="other")[0], rows)
