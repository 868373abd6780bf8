"""Sizes that the hidden checks draw: every axis from 1 on, and beyond what the public checks show."""

from autograder.authoring import drawn_sizes

WIDE = drawn_sizes(B=(1, 11), D=(1, 14), M=(1, 6), S=(1, 11), N=(1, 37), C=(2, 12))
"""Any combination: fewer data points than dimensions, more latent than observed ones."""
NARROW = drawn_sizes(B=(1, 11), D=(1, 14), M=(1, lambda sizes: sizes["D"]), S=(1, 11), N=(1, 37), C=(2, 12))
"""No more latent dimensions than observed ones."""
FIT = drawn_sizes(
    B=(1, 11), D=(2, 18), M=(1, lambda sizes: min(6, sizes["D"] - 1)), N=(lambda sizes: sizes["M"] + 6, 37), S=(1, 11)
)
"""Something is discarded, and σ² is not so small that EM takes thousands of steps; fewer points than dimensions are among them."""
