"""Evidence lower bound of a Bernoulli VAE."""

from autograder.authoring import check, inputs
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.sizes import SIZES
from tests.public.vae.known import require_by_hand


@inputs("elbo", sizes=SIZES, scale="D")
def elbo(draw):
    """Binary images, and networks with known weights."""
    return {
        "x": draw.binary("B", "D"),
        "encoder": gaussian_encoder(draw),
        "decoder": affine_decoder(draw),
        "n_samples": draw.size("S"),
    }


@check("elbo", "golden")
def test_golden(student):
    """By hand: a decoder that ignores z and says ½ for the first of two pixels and ¾ for the second, which is white in half of the
    images. If q(z | x) is the prior, the bound is log ½ + ½ (log ¾ + log ¼) = −1.5301; if q is N(2, 1) it is 2 less, since
    KL = ½ · 2².
    """
    require_by_hand(student, "elbo", 1.0, "Sum over pixels, average over images and samples; then subtract the KL.")
