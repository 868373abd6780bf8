"""The upper half of every image: agreement with the reference, and gradients."""

from autograder.authoring import gradient_check, value_check
from tests.hidden.sizes import IMAGES, WIDE_IMAGES
from tests.public.inpainting.test_top_half import top_half

test_value = value_check(
    top_half,
    "Rows 0 to 13 of every image, one after the other, with the values that they have.",
    help="Rows, not columns: the pixel in row r and column c is number 28 r + c.",
    sizes=WIDE_IMAGES,
    corners=IMAGES,
    moved=True,
    level={"x": (0.0, 1.0)},
)
test_gradient = gradient_check(
    top_half, ["x"], "Gradients pass through to the upper pixels; those of the lower pixels are 0."
)
