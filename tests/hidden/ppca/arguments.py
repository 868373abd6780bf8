"""What three tasks have in common: a noise variance comes in two forms."""

import torch
from hypothesis import example

from autograder.authoring import DTYPES
from tests.hidden.sizes import CORNERS


def with_sigma2(case, as_tensor):
    """σ² as a float or as a 0-d tensor: a function takes both."""
    return case.but(sigma2=torch.tensor(case.arguments["sigma2"], dtype=case.dtype())) if as_tensor else case


def at_corners(test):
    """Ask for the corners of the sizes in any case."""
    for turn, size in enumerate(CORNERS):
        test = example(size=size, dtype=DTYPES[turn % 2], seed=turn, as_tensor=turn % 4 < 2)(test)
    return test
