"""Evidence lower bound of a Bernoulli VAE."""

from autograder.authoring import inputs
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.sizes import SIZES


@inputs("elbo", sizes=SIZES, scale="D")
def elbo(draw):
    """Binary images, and networks with known weights."""
    return {
        "x": draw.binary("B", "D"),
        "encoder": gaussian_encoder(draw),
        "decoder": affine_decoder(draw),
        "n_samples": draw.size("S"),
    }
