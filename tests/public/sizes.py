"""Sizes of the axes, from small to large: pairwise different wherever a mix-up could hide, and M = 1 occurs.

B examples in a batch, N in a data set, D dimensions of one, M latent dimensions, S samples, C classes. Data have a mean far from 0;
log-variances reach ±4.
"""

from autograder.authoring import Sizes

SIZES = [
    Sizes({"B": b, "D": d, "M": m, "S": s, "N": n, "C": 10})
    for b, d, m, s, n in (
        (1, 2, 1, 3, 7),
        (2, 3, 1, 4, 8),
        (3, 5, 2, 4, 11),
        (2, 6, 3, 5, 13),
        (5, 4, 2, 3, 12),
        (4, 7, 5, 2, 17),
        (7, 9, 4, 6, 23),
        (6, 12, 5, 8, 31),
    )
]
