"""What several tasks share: sizes, and how models are drawn."""

import torch

from autograder.authoring import Sizes

# B sequences of T steps; D numbers in a state, K in an observation. Pairwise different, so that mixing axes up shows.
STEP_SIZES = [Sizes({"B": b, "D": d, "K": k}) for b, d, k in ((2, 1, 1), (2, 1, 3), (4, 2, 3), (5, 3, 2), (3, 4, 2))]
SIZES = [
    Sizes({"B": b, "T": t, "D": d, "K": k})
    for b, t, d, k in ((2, 3, 1, 1), (3, 1, 2, 4), (2, 4, 3, 1), (5, 6, 3, 2), (4, 5, 2, 3))
]
LONG_SIZES = [sizes for sizes in SIZES if sizes["T"] > 1]


def covariance(draw, axis, floor=0.4):
    """A covariance that is not diagonal, and far from singular."""
    factor = 0.6 * draw.normal(axis, axis)
    return factor @ factor.mT + floor * torch.eye(draw.size(axis), dtype=factor.dtype)


def covariances(draw, batch, axis, floor=0.4):
    """One covariance for every entry of a batch."""
    factor = 0.6 * draw.normal(batch, axis, axis)
    return factor @ factor.mT + floor * torch.eye(draw.size(axis), dtype=factor.dtype)


def transition(draw):
    """A matrix that is not symmetric, and neither explodes nor forgets."""
    size = draw.size("D")
    noise = draw.normal("D", "D")
    return 0.5 * torch.eye(size, dtype=noise.dtype) + 0.6 * noise / size**0.5


def model(draw):
    """A, C, Q, R, m0 and P0 of one model."""
    return {
        "A": transition(draw),
        "C": draw.normal("K", "D"),
        "Q": covariance(draw, "D"),
        "R": covariance(draw, "K"),
        "m0": draw.normal("D", mean=2.0),
        "P0": covariance(draw, "D", floor=1.0),
    }
