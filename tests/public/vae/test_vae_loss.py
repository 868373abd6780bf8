"""Loss of a VAE."""

from autograder.authoring import inputs
from tests.public.sizes import SIZES
from tests.public.vae.test_elbo import elbo


@inputs("vae_loss", sizes=SIZES, scale="D")
def vae_loss(draw):
    """The same as of the bound."""
    return elbo(draw)
