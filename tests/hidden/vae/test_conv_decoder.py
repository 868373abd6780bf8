"""A convolutional decoder: what only the grader runs. Its architecture is free, so it is judged by what holds for any of them."""

import torch

from autograder.authoring import Case, Draw, check
from tests.hidden.convolutions import (
    PIXELS,
    moved_by,
    network,
    require_alone,
    require_bent,
    require_convolution,
    require_different_beginnings,
    require_free,
    require_held,
    require_reached,
)

HELP = "Logits come out: no sigmoid stands behind the last layer, and no tanh."
BASES, BORDER = 3, 2
FEW = 28
"""Pixels that may stay dark by chance, behind a ReLU, which is charged elsewhere."""


def asked(student, n=6, seed=""):
    """A decoder in evaluation mode, and latent variables."""
    draw = Draw(torch.float32, student.lot("latents"))
    case = Case("ConvDecoder", {"latent_dim": int(draw.uniform(1, low=3, high=9))})
    z = draw.normal(n, case.arguments["latent_dim"])
    return network(student, case, z, "z", ("the logits",), seed), z


@check("ConvDecoder", "convolution")
def test_convolution(student):
    """There is at least one convolution: filters larger than a pixel and smaller than the image, on which the logits depend."""
    require_convolution(*asked(student))


@check("ConvDecoder", "logits")
def test_logits(student):
    """What comes out is of any sign and size: logits, no probabilities."""
    require_free(*asked(student, 24), help=HELP)


@check("ConvDecoder", "latents")
def test_latents(student):
    """Every latent variable makes a difference to the image."""
    made, z = asked(student, BASES)
    changed = (z[:, None] + 2 * torch.eye(z.shape[1])).flatten(0, 1)
    (moved,) = moved_by(made, torch.cat([z, changed]), BASES)
    felt = moved.any(1)
    student.sees(made.call(z), "which latents are felt", torch.stack([felt.any(), felt.all(), *felt[:2]]).double())
    message = f"{int((~felt).sum())} of {len(felt)} latent variables make no difference to the image"
    student.require(bool(felt.all()), made.call(z), message, help="All of z goes into the network.")


@check("ConvDecoder", "pixels")
def test_pixels(student):
    """Pixels all over the image depend on z; a border of two rows and columns is left out, where layers may not reach."""
    made, z = asked(student, 12)
    (moved,) = moved_by(made, z, 1)
    image = moved.any(0).unflatten(0, (PIXELS, PIXELS))
    blocks = image.unflatten(0, (4, 7)).unflatten(2, (4, 7)).double().mean((1, 3))
    student.sees(made.call(z), "which pixels are reached", blocks.round())
    left = int((~image[BORDER:-BORDER, BORDER:-BORDER]).sum())
    message = f"{left} of the 576 pixels inside a border of two rows and columns are the same whatever z is"
    student.require(left <= FEW, made.call(z), message)


@check("ConvDecoder", "nonlinear")
def test_nonlinear(student):
    """It is no affine function of z: there is a ReLU, or something like it, between its layers."""
    made, z = asked(student, 12)
    require_bent(made, *z.chunk(2))


@check("ConvDecoder", "alone", given=True)
def test_alone(student):
    """In evaluation mode the answer to a latent vector is the same every time, and depends on that vector alone."""
    require_alone(*asked(student, 7))


@check("ConvDecoder", "parameters")
def test_parameters(student):
    """It is a module whose parameters are all learnt; all that an answer depends on is in its `state_dict`."""
    made, z = asked(student)
    require_held(made, asked(student, seed="other")[0], z)


@check("ConvDecoder", "gradient")
def test_gradient(student):
    """The logits can be differentiated by z and by every parameter."""
    made, z = asked(student, 3)
    by_z = made.made.ask("forward", {"z": z}, gradients=["z"]).gradients["z"]
    student.sees(made.call(z), "whether z gets a gradient", torch.tensor(float(by_z is not None)))
    require_reached(made, z)
    help_text = "Without it the encoder learns nothing: z must not be detached."
    student.require(by_z is not None, made.call(z), "no gradient reaches z", help=help_text)


@check("ConvDecoder", "initial")
def test_initial(student):
    """Weights begin different from each other, and another network begins with other ones."""
    made, z = asked(student)
    require_different_beginnings(made, asked(student, seed="other")[0], z)
