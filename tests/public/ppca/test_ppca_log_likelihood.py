"""Log-likelihood of probabilistic PCA."""

from autograder.authoring import inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_log_likelihood", sizes=SIZES, scale="D")
def ppca_log_likelihood(draw):
    """Data around the mean."""
    parameters = ppca_parameters(draw)
    return {"X": parameters["mu"] + draw.normal("N", "D", std=2.0), **parameters}
