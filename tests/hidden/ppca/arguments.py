"""What three tasks have in common: a noise variance comes in two forms."""

import torch


def with_sigma2(case, as_tensor):
    """σ² as a float or as a 0-d tensor: a function takes both."""
    return case.but(sigma2=torch.tensor(case.arguments["sigma2"], dtype=case.dtype())) if as_tensor else case
