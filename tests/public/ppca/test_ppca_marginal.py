"""Marginal distribution of probabilistic PCA."""

from autograder.authoring import inputs
from tests.public.ppca.parameters import ppca_parameters
from tests.public.sizes import SIZES


@inputs("ppca_marginal", sizes=SIZES, scale="D")
def ppca_marginal(draw):
    """The parameters alone."""
    return ppca_parameters(draw)
