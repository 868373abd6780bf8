"""Log-likelihood by importance sampling."""

from autograder.authoring import inputs
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.sizes import SIZES


@inputs("estimate_log_likelihood", sizes=SIZES, scale="D")
def estimate_log_likelihood(draw):
    """Images, and networks with known weights."""
    return {
        "x": draw.normal("B", "D", mean=1.0),
        "encoder": gaussian_encoder(draw),
        "decoder": affine_decoder(draw),
        "sigma_p": float(draw.uniform(1, low=0.4, high=1.3)),
        "n_samples": draw.size("S"),
    }
