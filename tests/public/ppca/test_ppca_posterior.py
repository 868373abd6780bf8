"""Posterior of the latent variable in probabilistic PCA."""

from autograder.authoring import inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_posterior", sizes=SIZES, scale="D")
def ppca_posterior(draw):
    """Points around the mean."""
    parameters = ppca_parameters(draw)
    return {"x": parameters["mu"] + draw.normal("B", "D", std=2.0), **parameters}
