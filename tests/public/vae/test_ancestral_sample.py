"""Images drawn from the model, latent variables first."""

import math

import torch

from autograder.authoring import Case, Probe, check, constant, inputs
from tests.public.networks import affine_decoder
from tests.public.sizes import SIZES


# no argument says another dtype; two images at least, since of one it is not clear which axis of size 1 is one too many
@inputs("ancestral_sample", sizes=SIZES[1:], dtypes=(torch.float32,))
def ancestral_sample(draw):
    """A decoder with known weights."""
    return {"n": draw.size("B"), "decoder": affine_decoder(draw), "latent_dim": draw.size("M")}


@check("ancestral_sample", "golden")
def test_golden(student):
    """A decoder that returns the logits 0 and log 3 for every z: all means are ½ and ¾. Of 4,000 images 46 to 54 % have a white first
    pixel, and 71 to 79 % a white second one.
    """
    decoder = Probe({"layers": [constant(torch.tensor([0.0, math.log(3.0)]), 2)]})
    case = Case("ancestral_sample", {"n": 4000, "decoder": decoder, "latent_dim": 2}, seed=1)
    means, images = student.value(case)
    expected = torch.tensor([0.5, 0.75]).expand(4000, 2)
    student.close(case, means, expected, what="the means", help="λ = sigmoid(decoder(z)), not yet drawn from.")
    share = images.double().mean(0)  # 0.008 is its standard error
    message = f"the shares of white pixels are {float(share[0]):.3g} and {float(share[1]):.3g}, not 0.5 and 0.75"
    near = bool(((share - torch.tensor([0.5, 0.75])).abs() < 0.04).all())
    student.require(near, case, message, help="Each pixel is white with the probability that its mean says.")
    binary = bool(((images == 0) | (images == 1)).all())
    student.require(binary, case, "the images have pixels that are neither 0 nor 1", help="Draw from the Bernoullis.")
