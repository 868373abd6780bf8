"""What is held against the checks of `binarize`."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import binarize


def _over(x: Tensor, threshold: float | Tensor) -> Tensor:
    return (x > threshold).to(x.dtype)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "at_least",
    "A pixel of exactly 0.5 becomes 1; only what is strictly over 0.5 does.",
    severity="form",
)
def _at_least(x: Tensor) -> Tensor:
    return (x >= 0.5).to(x.dtype)


@wrong("inverted", "Black and white are swapped: bright pixels become 1.", severity="slip")
def _inverted(x: Tensor) -> Tensor:
    return 1 - binarize(x)


@wrong("not_black", "Every pixel that is not black becomes 1; it takes more than 0.5.", severity="slip")
def _not_black(x: Tensor) -> Tensor:
    return _over(x, 0)


@wrong(
    "decimals_cut_off",
    "The decimals are cut off (`int`, `floor`), so that only a pixel of exactly 1 stays white.",
    severity="slip",
    credit=0.5,
)
def _decimals_cut_off(x: Tensor) -> Tensor:
    return torch.floor(x)


@wrong("other_threshold", "The threshold is another number than 0.5.", severity="slip")
def _other_threshold(x: Tensor) -> Tensor:
    return _over(x, 0.3)


@wrong(
    "threshold_of_image",
    "The threshold is taken from the pixels themselves, a mean or a median; it is 0.5 for every image.",
    severity="slip",
    credit=0.5,
)
def _threshold_of_image(x: Tensor) -> Tensor:
    return _over(x, x.mean())


@wrong(
    "stretched",
    "The pixels are rescaled first, by the largest or from the smallest to the largest; they lie in [0, 1] already.",
    severity="slip",
)
def _stretched(x: Tensor) -> Tensor:
    return _over(x / x.amax(), 0.5)


@wrong(
    "dark_pixels_kept",
    "Bright pixels become 1, but dark ones keep their grey values; they become 0.",
    severity="gap",
)
def _dark_pixels_kept(x: Tensor) -> Tensor:
    return torch.where(x > 0.5, torch.ones_like(x), x)


@wrong(
    "bright_pixels_kept",
    "Dark pixels become 0, but bright ones keep their grey values; they become 1.",
    severity="gap",
)
def _bright_pixels_kept(x: Tensor) -> Tensor:
    return F.threshold(x, 0.5, 0.0)


@wrong(
    "other_values",
    "The two values are not 0 and 1: a sign (−1 and 1), or 0 and 255.",
    severity="slip",
    credit=0.7,
)
def _other_values(x: Tensor) -> Tensor:
    return torch.sign(x - 0.5)


@wrong(
    "smooth",
    "A smooth curve, such as a sigmoid, stands in place of the threshold: pixels near 0.5 stay grey.",
    severity="gap",
)
def _smooth(x: Tensor) -> Tensor:
    return torch.sigmoid(100 * (x - 0.5))


@wrong("unchanged", "The pixels come back as they are: nothing is binarised.", severity="empty", credit=0)
def _unchanged(x: Tensor) -> Tensor:
    return x.clone()


@wrong(
    "flattened",
    "The images come back in another shape than they have; the shape stays.",
    severity="slip",
    credit=0.7,
)
def _flattened(x: Tensor) -> Tensor:
    return binarize(x).flatten()


@wrong(
    "made_flat_images",
    "The result is reshaped to (B, 784) or the like; images of any shape keep theirs.",
    severity="form",
)
def _made_flat_images(x: Tensor) -> Tensor:
    return binarize(x).reshape(x.shape[0], -1)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("other_threshold")
def _a_tenth(x: Tensor) -> Tensor:
    return _over(x, 0.1)


@wrong("other_threshold")
def _a_quarter(x: Tensor) -> Tensor:
    return _over(x, 0.25)


@wrong("other_threshold")
def _four_tenths(x: Tensor) -> Tensor:
    return _over(x, 0.4)


@wrong("other_threshold")
def _six_tenths(x: Tensor) -> Tensor:
    return _over(x, 0.6)


@wrong("other_threshold")
def _seven_tenths(x: Tensor) -> Tensor:
    return _over(x, 0.7)


@wrong("other_threshold")
def _three_quarters(x: Tensor) -> Tensor:
    return _over(x, 0.75)


@wrong("threshold_of_image")
def _mean_of_each_image(x: Tensor) -> Tensor:
    return _over(x, x.mean(-1, keepdim=True))


@wrong("threshold_of_image")
def _median_of_all(x: Tensor) -> Tensor:
    return _over(x, x.median())


@wrong("threshold_of_image")
def _median_of_each_image(x: Tensor) -> Tensor:
    return _over(x, x.median(-1, keepdim=True).values)


@wrong("stretched")
def _stretched_on_both_sides(x: Tensor) -> Tensor:
    return _over((x - x.amin()) / (x.amax() - x.amin()), 0.5)


@wrong("stretched")
def _each_image_stretched(x: Tensor) -> Tensor:
    return _over(x / x.amax(-1, keepdim=True), 0.5)


@wrong("other_values")
def _up_to_255(x: Tensor) -> Tensor:
    return 255 * binarize(x)


@wrong("other_values")
def _minus_one_and_one(x: Tensor) -> Tensor:
    return 2 * binarize(x) - 1


@wrong("smooth")
def _sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x - 0.5)


@wrong("smooth")
def _steeper(x: Tensor) -> Tensor:
    return torch.sigmoid(1000 * (x - 0.5))


@wrong("smooth")
def _less_steep(x: Tensor) -> Tensor:
    return torch.sigmoid(10 * (x - 0.5))


@wrong("inverted")
def _under_the_threshold(x: Tensor) -> Tensor:
    return (x < 0.5).to(x.dtype)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("at_least", rewritten=True)
def _floor_of_sum(x):
    return torch.where(x < 0.5, 0.0, 1.0).to(x.dtype)


@wrong("not_black", rewritten=True)
def _ceiling(x):
    return torch.ceil(x)


@wrong("decimals_cut_off", rewritten=True)
def _as_integers(x):
    return x.int().to(x.dtype)


@wrong("dark_pixels_kept", rewritten=True)
def _only_bright_pixels_set(x):
    x = x.clone()
    x[x > 0.5] = 1.0
    return x


@wrong("bright_pixels_kept", rewritten=True)
def _times_the_mask(x):
    return x * (x > 0.5)


@wrong("smooth", rewritten=True)
def _steep_logistic(x):
    return 1 / (1 + torch.exp(-100 * (x - 0.5)))


@graded(0.85, "x >= 0.5.")
def _greater_or_equal(x):
    return torch.ge(x, 0.5).to(x.dtype)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _bytes(x):
    """Pixels from 0 to 255 are expected, so that all of these are black."""
    return (x > 127).to(x.dtype)


@wrong()
def _rounded_first(x):
    return (torch.round(10 * x) / 10 > 0.5).to(x.dtype)


@wrong()
def _drawn(x):
    """Dynamic binarisation: what is drawn differs from run to run, so that no value can be recognised."""
    return torch.bernoulli(x)


@wrong()
def _compared_with_noise(x):
    return (torch.rand_like(x) < x).to(x.dtype)


@wrong()
def _all_white(x):
    return torch.ones_like(x)


# -------------------------------------------------------------------------------------------------------- right answers


@right("where", "torch.where with a comparison.", second=True)
def _where(x: Tensor) -> Tensor:
    return torch.where(x > 0.5, torch.ones_like(x), torch.zeros_like(x))


@right("type_as", "As the courses' own code has it: a comparison, made a number.")
def _type_as(x: Tensor) -> Tensor:
    return torch.gt(x, 0.5).type_as(x)


@right("round", "Rounding: it rounds to even numbers, 0.5 to 0.")
def _round(x: Tensor) -> Tensor:
    return x.round()


@right("ceiling", "The ceiling of x − 0.5, without the sign of its zeros.")
def _ceiling_of_difference(x: Tensor) -> Tensor:
    return torch.ceil(x - 0.5).abs()


@right("heaviside", "A step function that is 0 at 0.")
def _heaviside(x: Tensor) -> Tensor:
    return torch.heaviside(x.detach() - 0.5, torch.zeros((), dtype=x.dtype))


@right("masks", "A copy whose pixels are set by two masks.")
def _masks(images: Tensor) -> Tensor:
    result = images.clone()
    result[images > 0.5] = 1
    result[images <= 0.5] = 0
    return result


@right("bucketize", "Which of two buckets a pixel falls into.")
def _bucketize(x: Tensor) -> Tensor:
    return torch.bucketize(x, torch.tensor([0.5], dtype=x.dtype)).to(x.dtype)


@right("sign", "The sign of what is over the threshold.")
def _sign(x: Tensor) -> Tensor:
    return torch.sign(F.relu(x - 0.5))


@right("numpy_inside", "Compared by NumPy.")
def _numpy_inside(x: Tensor) -> Tensor:
    return torch.as_tensor(np.where(x.detach().numpy() > math.sqrt(0.25), 1.0, 0.0)).to(x.dtype)
