"""Coordinates for a scatter plot: principal components of more than two latents, and fewer as they are."""

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Sizes, check, drawn_sizes
from tests.public.vae.test_project_2d import project_2d, require_scores

MANY = st.one_of(
    drawn_sizes(B=(4, 30), M=(3, 9)),
    drawn_sizes(B=(4, 30), M=(3, 9)),
    drawn_sizes(B=(4, 9), M=(40, 200)),  # more latents than points
    drawn_sizes(B=(513, 1100), M=(3, 5)),
)
CORNERS = [Sizes({"B": b, "M": m}) for b, m in ((9, 3), (4, 4), (5, 33), (777, 4), (40, 17))]
FEW = st.one_of(*[drawn_sizes(B=(1, 40), M=(m, m)) for m in (1, 2)])
FEW_CORNERS = [Sizes({"B": b, "M": m}) for b, m in ((6, 1), (7, 2), (2, 2), (1, 1), (1, 2), (640, 1), (2, 1), (701, 2))]


def at(sizes):
    """Ask for these sizes in any case."""

    def decorated(test):
        for turn, size in enumerate(reversed(sizes)):
            test = example(size=size, dtype=DTYPES[turn % 2], seed=turn)(test)
        return test

    return decorated


def kinds_of(case):
    """The call, and one with points of another kind, chosen by its seed: tiny, further from 0, centred, or with a latent that is the same
    for all, as where the decoder has learnt to ignore it.
    """
    z = case.arguments["z"]
    still = torch.cat([z, torch.full_like(z[:, :1], 3.0)], dim=1)
    return [case, case.but(z=(1e-2 * z, z + 30.0, z - z.mean(0), still)[case.seed % 4])]


@check("project_2d", "plane")
@at(CORNERS)
@settings(max_examples=12)
@given(size=MANY, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_plane(student, oracle, size, dtype, seed):
    """More than two latents: the scores of the centred points on the first two principal components; the sign of either is free."""
    for case in kinds_of(project_2d.build(size, dtype, seed)):
        require_scores(student, case, oracle.value(case))


@check("project_2d", "few")
@at(FEW_CORNERS)
@settings(max_examples=12)
@given(size=FEW, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_few(student, oracle, size, dtype, seed):
    """Two latents stay as they are; one gets a second column of zeros."""
    case = project_2d.build(size, dtype, seed)
    student.agrees(case, oracle.value(case), help="M = 2: z itself, not centred. M = 1: z, then a column of zeros.")
