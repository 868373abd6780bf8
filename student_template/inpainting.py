"""The bottom half of an image, given its top half: inference of z without an encoder."""

import torch
from jaxtyping import Float
from torch import Tensor


def top_half(x: Float[Tensor, "B 784"]) -> Float[Tensor, "B 392"]:
    r"""The pixels of the upper half of every image: rows 0 to 13 of 28, one after the other.

    .. math::
        x_{28 r + c} \text{ is the pixel in row } r \text{ and column } c, \qquad
        \operatorname{top}(\mathbf{x}) = (x_{28 r + c})_{r = 0, \dots, 13,\ c = 0, \dots, 27}

    Row 0 is the uppermost one, and all 28 columns are kept: `x.reshape(-1, 28, 28)[b, r, c]` is the pixel of image b in
    row r and column c. The same function selects the logits of the upper pixels from a decoder's output, so it changes
    no value (there is no rounding and no sigmoid in it), and gradients pass through it.

    Args:
        x: images, or whatever has a number for each pixel, shape (B, 784).

    Returns:
        The first 14 rows of every image, shape (B, 392).

    Source:
        Toronto STA414 A3, 4(a)(a).
    """
    raise NotImplementedError
