"""What three tasks have in common: the parameters of a model."""

from typing import Any

from autograder.authoring import Draw


def ppca_parameters(draw: Draw) -> dict[str, Any]:
    """Generic loadings, a mean far from 0 and a noise variance that is not 1."""
    return {
        "W": draw.normal("D", "M", std=1.3),
        "mu": draw.normal("D", mean=5.0, std=2.0),
        "sigma2": draw.number(0.3, 2.5),
    }
