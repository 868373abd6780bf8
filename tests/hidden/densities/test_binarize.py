"""Black-and-white images: agreement with the reference, images of any shape, and pixels next to the threshold."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, check, value_check
from tests.hidden.sizes import ELEMENTWISE, WIDE
from tests.public.densities.test_binarize import binarize

SHAPES = [(3, 1, 28, 28), (28, 28), (1, 28, 28), (784,), (2, 3, 4, 5), (1, 1), (1,)]
"""A batch for a convolutional network, single images with and without their channel, one pixel."""

test_value = value_check(
    binarize,
    "Pixels strictly over 0.5 become 1, all others 0, whatever the rest of the image is.",
    help="The threshold is 0.5 for every image: neither its mean nor a random number.",
    dtypes=DTYPES,
    sizes=WIDE,
    corners=ELEMENTWISE,
    moved=True,
    level={"x": ()},
)


@check("binarize", "shapes")
@settings(max_examples=12)
@given(shape=st.sampled_from(SHAPES), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_shapes(student, oracle, shape, dtype, seed):
    """Images of any shape come back in the same shape."""
    case = Case("binarize", {"x": Draw(dtype, seed).uniform(*shape, low=0.0, high=1.0)})
    student.agrees(case, oracle.value(case), help="Compare the whole tensor with 0.5: nothing depends on its shape.")


@check("binarize", "threshold")
@settings(max_examples=8)
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_threshold(student, oracle, dtype, seed):
    """A pixel of exactly 0.5 becomes 0, also those that are next to it fall on the right side, and black-and-white images stay."""
    half = torch.tensor(0.5, dtype=dtype)
    beside = [torch.nextafter(half, torch.tensor(side, dtype=dtype)).item() for side in (0.0, 1.0)]
    among = torch.tensor([0.5, *beside, 127 / 255, 128 / 255, 0.0, 1.0, 1e-6, 1 - 1e-6], dtype=dtype)
    draw = Draw(dtype, seed)
    mixed = among[draw.labels(20, len(among)).reshape(4, 5)]
    mixed[0] = among[:5]
    for x in (mixed, draw.binary(4, 5)):
        case = Case("binarize", {"x": x})
        student.agrees(case, oracle.value(case), help="Strictly over 0.5: x > 0.5, not x >= 0.5.")
