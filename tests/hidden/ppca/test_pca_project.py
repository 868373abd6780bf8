"""Principal components and scores, judged with the sign of every component left free."""

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Sizes, check, drawn_sizes
from tests.public.ppca.test_pca_project import aligned, pca_project, within_one_percent

_FEW = {"D": (1, 14), "N": (2, 30), "M": (1, lambda sizes: min(5, sizes["D"], sizes["N"] - 1))}
SIZES = st.one_of(
    drawn_sizes(**_FEW),
    drawn_sizes(**_FEW),
    drawn_sizes(**{**_FEW, "D": (101, 330), "N": (2, 12)}),  # more dimensions than points
    drawn_sizes(**{**_FEW, "D": (3, 6), "N": (513, 1100)}),
)
CORNERS = [
    Sizes({"D": 7, "M": 3, "N": 12}),
    Sizes({"D": 1, "M": 1, "N": 5}),
    Sizes({"D": 4, "M": 4, "N": 9}),
    Sizes({"D": 6, "M": 1, "N": 2}),
    Sizes({"D": 403, "M": 3, "N": 11}),
    Sizes({"D": 27, "M": 17, "N": 40}),
    Sizes({"D": 5, "M": 2, "N": 777}),
    Sizes({"D": 5, "M": 4, "N": 5}),
]
"""All directions are kept, as few points as can be, more dimensions than points and many more points than dimensions."""
HELP = "Centre the columns, order by descending variance, one component per row; scores are the centred data times the components."


def kinds_of(case):
    """The call, and one with data of another kind, chosen by its seed: tiny, further from 0, centred, with a pixel that never varies, or
    with a pixel in other units, which has a direction of its own.
    """
    X, turn = case.arguments["X"], case.seed % 5
    if turn == 4:
        pixel = case.seed % X.shape[1]
        factors = torch.ones(X.shape[1], dtype=X.dtype)
        factors[pixel] = 90.0 / X[:, pixel].std()
        return [case, case.but(X=X * factors, n_components=1)]
    black = torch.cat([X, torch.full_like(X[:, :1], 7.0)], dim=1)
    return [case, case.but(X=(1e-3 * X, X + 40.0, X - X.mean(0), black)[turn])]


def at_corners(test):
    """Ask for the corners of the sizes in any case."""
    for turn, size in enumerate(reversed(CORNERS)):
        test = example(size=size, dtype=DTYPES[turn % 2], seed=turn)(test)
    return test


@check("pca_project", "components")
@at_corners
@settings(max_examples=12)
@given(size=SIZES, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_components(student, oracle, size, dtype, seed):
    """The rows are the unit vectors of largest variance of the centred data, the largest first; their signs are free."""
    for case in kinds_of(pca_project.build(size, dtype, seed)):
        expected, _ = oracle.value(case)
        components, _ = aligned(student, case, expected)
        within_one_percent(student, case, components, expected, "entries", HELP)


@check("pca_project", "scores")
@at_corners
@settings(max_examples=12)
@given(size=SIZES, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_scores(student, oracle, size, dtype, seed):
    """The scores are the centred data projected onto the components, each column with the sign of its component."""
    for case in kinds_of(pca_project.build(size, dtype, seed)):
        expected, scores = oracle.value(case)
        _, projected = aligned(student, case, expected)
        within_one_percent(student, case, projected.T, scores.T, "scores", HELP)
