"""What is held against the checks of `top_half`."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.inpainting import top_half

# ------------------------------------------------------------------------------------------------------- named mistakes


def _images(x: Tensor) -> Tensor:
    """The pixels as rows and columns."""
    return x.reshape(-1, 28, 28)


@wrong(
    "left_half",
    "This is the left half: columns 0 to 13 of all rows. The upper half has all columns of rows 0 to 13.",
    severity="slip",
    credit=0.5,
)
def _left_half(x: Tensor) -> Tensor:
    return _images(x)[:, :, :14].flatten(1)


@wrong("right_half", "This is the right half of the image; the upper one is asked for.", severity="slip", credit=0.5)
def _right_half(x: Tensor) -> Tensor:
    return _images(x)[:, :, 14:].flatten(1)


@wrong("bottom_half", "This is the lower half: row 0 is the uppermost one.", severity="slip")
def _bottom_half(x: Tensor) -> Tensor:
    return x[:, 392:]


@wrong(
    "columns_first",
    "The pixels of the upper half are there, column by column; they are asked for row by row, as they lie in `x`.",
    severity="slip",
)
def _columns_first(x: Tensor) -> Tensor:
    return _images(x)[:, :14].transpose(1, 2).flatten(1)


@wrong(
    "transposed",
    "The image is transposed first (rows taken for columns), so this is the left half, column by column.",
    severity="slip",
    credit=0.5,
)
def _transposed(x: Tensor) -> Tensor:
    return _images(x).transpose(1, 2)[:, :14].flatten(1)


@wrong(
    "upside_down",
    "The rows are turned upside down: they stay in the order in which they lie in `x`, the uppermost one first.",
    severity="slip",
)
def _upside_down(x: Tensor) -> Tensor:
    return _images(x)[:, :14].flip(1).flatten(1)


@wrong(
    "padded",
    "The lower pixels are set to 0, and are still there; the result has the 392 upper ones only.",
    severity="gap",
    credit=0.5,
)
def _padded(x: Tensor) -> Tensor:
    return F.pad(top_half(x), (0, 392))


@wrong(
    "as_pictures",
    "The upper half is there as pictures of 14 × 28; it is asked for as vectors of 392 pixels (`flatten(1)`).",
    severity="form",
)
def _as_pictures(x: Tensor) -> Tensor:
    return _images(x)[:, :14]


@wrong(
    "half_of_the_batch",
    "The first half of the images is returned; the first half of the pixels of every image is asked for.",
    severity="gap",
)
def _half_of_the_batch(x: Tensor) -> Tensor:
    return x[: (len(x) + 1) // 2]


@wrong(
    "examples_mixed",
    "The pixels of several images are mixed: in memory the batch comes first, so it is `reshape(-1, 28, 28)`.",
    severity="slip",
)
def _examples_mixed(x: Tensor) -> Tensor:
    return x.reshape(28, 28, -1)[:14].reshape(392, -1).T


@wrong(
    "one_row_off",
    "Rows 1 to 14 are returned: the uppermost row is number 0.",
    severity="slip",
)
def _one_row_off(x: Tensor) -> Tensor:
    return x[:, 28:420]


@wrong("one_pixel_off", "The pixels 1 to 392 are returned: the first one is number 0.", severity="slip")
def _one_pixel_off(x: Tensor) -> Tensor:
    return x[:, 1:393]


@wrong(
    "one_row_more",
    "This has 15 rows: `[:14]` are rows 0 to 13, 14 of them.",
    severity="slip",
)
def _one_row_more(x: Tensor) -> Tensor:
    return x[:, : 15 * 28]


@wrong(
    "quarter",
    "This is the upper left quarter: all 28 columns belong to the upper half.",
    severity="slip",
    credit=0.5,
)
def _quarter(x: Tensor) -> Tensor:
    return _images(x)[:, :14, :14].flatten(1)


@wrong(
    "every_other_row",
    "Every other row is taken, from all over the image; the upper half is rows 0 to 13.",
    severity="gap",
)
def _every_other_row(x: Tensor) -> Tensor:
    return _images(x)[:, ::2].flatten(1)


@wrong(
    "every_other_pixel",
    "Every other pixel is taken, from all over the image; the upper half is rows 0 to 13.",
    severity="gap",
)
def _every_other_pixel(x: Tensor) -> Tensor:
    return x[:, ::2]


@wrong(
    "binarised",
    "The values are rounded to 0 and 1; the half of an image has the values that the image has.",
    severity="slip",
)
def _binarised(x: Tensor) -> Tensor:
    return (top_half(x) > 0.5).to(x.dtype)


@wrong(
    "sigmoid_applied",
    "A sigmoid is applied; the pixels are only selected.",
    severity="slip",
)
def _sigmoid_applied(x: Tensor) -> Tensor:
    return torch.sigmoid(top_half(x))


@wrong(
    "first_image_only",
    "Every row is the upper half of the first image; each image has its own.",
    severity="slip",
)
def _first_image_only(x: Tensor) -> Tensor:
    return x[:1, :392].expand(len(x), -1).clone()


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor) -> Tensor:
    return top_half(x).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("padded")
def _padded_pictures(x: Tensor) -> Tensor:
    upper = _images(x).clone()
    upper[:, 14:] = 0
    return upper


@wrong("half_of_the_batch")
def _half_without_the_middle(x: Tensor) -> Tensor:
    return x[: len(x) // 2]


@wrong("first_image_only")
def _one_image(x: Tensor) -> Tensor:
    return x[0, :392]


@wrong("one_row_more")
def _one_row_less(x: Tensor) -> Tensor:
    return x[:, : 13 * 28]


@wrong("upside_down")
def _all_upside_down(x: Tensor) -> Tensor:
    return _images(x).flip(1)[:, :14].flatten(1)


@wrong("binarised")
def _clamped(x: Tensor) -> Tensor:
    return top_half(x).clamp(0, 1)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("left_half", rewritten=True)
def _columns_by_number(x):
    left = [28 * r + c for r in range(28) for c in range(14)]
    return x[:, left]


@wrong("transposed", rewritten=True)
def _permuted(x):
    return x.view(len(x), 28, 28).permute(0, 2, 1).reshape(len(x), 784)[:, :392]


@wrong("bottom_half", rewritten=True)
def _second_chunk(x):
    return x.chunk(2, dim=-1)[1]


@wrong("padded", rewritten=True)
def _masked(x):
    mask = torch.zeros(784, dtype=x.dtype)
    mask[:392] = 1
    return x * mask


@wrong("half_of_the_batch", rewritten=True)
def _wrong_axis_of_chunk(x):
    return torch.chunk(x, 2)[0]


@wrong("as_pictures", rewritten=True)
def _split_rows(x):
    return torch.split(x.view(-1, 28, 28), 14, dim=1)[0]


@wrong("examples_mixed", rewritten=True)
def _batch_behind(x):
    return torch.stack([image.flatten() for image in x.view(28, 28, len(x))[:14].permute(2, 0, 1)])


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _last_row_repeated(x):
    upper = x[:, :392].clone()
    upper[:, 364:] = x[:, 336:364]
    return upper


@wrong()
def _first_half_of_memory(x):
    return x.flatten()[: x.numel() // 2].reshape(len(x), 392)


@wrong()
def _mean_of_both_halves(x):
    return (x[:, :392] + x[:, 392:]) / 2


# -------------------------------------------------------------------------------------------------------- right answers


@right("rows", "As rows and columns: the first 14 rows, flattened again.", second=True)
def _rows(x: Tensor) -> Tensor:
    return x.view(-1, 28, 28)[:, :14, :].flatten(1)


@right("chunk", "The first of two chunks.")
def _chunk(x: Tensor) -> Tensor:
    return x.chunk(2, dim=1)[0]


@right("index_select", "The pixels by their numbers.")
def _index_select(images: Tensor) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(14), torch.arange(28), indexing="ij")
    return torch.index_select(images, 1, (28 * rows + columns).flatten())


@right("selected_by_matrix", "A product with the upper rows of the identity.")
def _selected_by_matrix(x: Tensor) -> Tensor:
    return x @ torch.eye(784, dtype=x.dtype)[:, : x.shape[1] // 2]


@right("masked", "A mask of the upper rows.")
def _masked_select(x: Tensor) -> Tensor:
    mask = torch.zeros(28, 28, dtype=torch.bool)
    mask[:14] = True
    return x[:, mask.flatten()]


@right("split", "`split` gives two halves; a copy of the first is returned.")
def _split(x: Tensor) -> Tensor:
    upper, _ = torch.split(x, [392, 392], dim=-1)
    return upper.clone()


@right("numpy_split", "The numbers of the upper pixels are found by numpy.")
def _numpy_split(x: Tensor) -> Tensor:
    numbers = np.arange(784).reshape(28, 28)
    return x[..., torch.from_numpy(np.vsplit(numbers, 2)[0].ravel())]
