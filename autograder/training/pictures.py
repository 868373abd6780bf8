"""Pictures of what a trained model does, as data for the report: drawn by the trusted process, the same way for everyone."""

from __future__ import annotations

import base64

import torch
from torch import Tensor

from autograder.records import Grid, Layer, Scatter

_MOST_POINTS = 500
_LOWEST = -1000.0


def grid(title: str, images: Tensor, columns: int) -> Grid:
    """Return grey images (N, height, width), white where they are 1, as they stand in rows of `columns`."""
    _, height, width = images.shape
    levels = (255 * images.clamp(0, 1)).round().byte().contiguous()
    encoded = base64.b64encode(levels.numpy().tobytes()).decode()
    return Grid(title=title, columns=columns, width=width, height=height, levels=encoded)


def scatter(title: str, points: Tensor, classes: Tensor) -> Scatter:
    """Return points (N, M) in the plane of their first two principal components; as they are for M = 2, on a line for M = 1.

    The first 500 are shown.
    """
    shown = points.double()
    if shown.shape[1] > 2:
        centred = shown - shown.mean(dim=0)
        shown = centred @ centred.svd().V[:, :2]
    elif shown.shape[1] == 1:
        shown = shown.expand(-1, 2) * shown.new_tensor([1.0, 0.0])
    x, y = (tuple(round(value, 3) for value in column.tolist()) for column in shown[:_MOST_POINTS].T)
    return Scatter(title=title, x=x, y=y, classes=tuple(classes[:_MOST_POINTS].tolist()))


def layer(label: str, logarithm: Tensor) -> Layer:
    """Return a function over a plane, given its logarithm (height, width), less the largest value."""
    shown = torch.nan_to_num(logarithm.double() - logarithm.max(), nan=_LOWEST).clamp(min=_LOWEST)
    return Layer(label=label, values=tuple(tuple(round(value, 2) for value in row) for row in shown.tolist()))
