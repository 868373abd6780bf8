"""What a report shows of a model with latent variables: reconstructions, samples, interpolations, and where images lie among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.records import Grid, Scatter
from autograder.training.pictures import grid, scatter

COLUMNS = 10


@dataclass(frozen=True)
class Shown:
    """Held-out images that the model was asked about, and how to show images.

    Attributes:
        images: Shape (N, D).
        labels: Shape (N,).
        mean: Means of q(z | x), shape (N, M).
        drawn: Draws of z from the prior, shape (10, M).
        decode: Gives logits of any number of z.
        upright: Makes pictures (N, height, width) of rows (N, D).
    """

    images: Tensor
    labels: Tensor
    mean: Tensor
    drawn: Tensor
    decode: Callable[[Tensor], Tensor]
    upright: Callable[[Tensor], Tensor]


def grids(shown: Shown, generator: torch.Generator) -> tuple[Grid, ...]:
    """Return reconstructions of one image of each class, two rows of samples, and three interpolations."""
    firsts = torch.stack([(shown.labels == c).nonzero()[0, 0] for c in shown.labels.unique()[:COLUMNS]])  # type: ignore[no-untyped-call]
    codes = shown.mean[firsts]
    share = torch.linspace(0, 1, COLUMNS, dtype=codes.dtype)[:, None]
    steps = [(1 - share) * codes[i % len(codes)] + share * codes[(i + 1) % len(codes)] for i in (0, 2, 4)]
    decoded = torch.sigmoid(shown.decode(torch.cat([codes, shown.drawn, *steps])))
    again, sampled, between = decoded.split([len(codes), len(shown.drawn), 3 * COLUMNS])  # type: ignore[no-untyped-call]
    pictures = (
        (
            "held-out images, and below them what is decoded from the mean of q(z | x)",
            [shown.images[firsts], again],
            len(codes),
        ),
        (
            "samples: Bernoulli means for z drawn from the prior, and below them a binary draw from each",
            [sampled, torch.bernoulli(sampled, generator=generator)],
            len(shown.drawn),
        ),
        ("on straight lines between the codes of two images, three pairs", [between], COLUMNS),
    )
    return tuple(grid(title, shown.upright(torch.cat(rows)), columns) for title, rows, columns in pictures)


def latents(shown: Shown) -> tuple[Scatter, ...]:
    """Return where the held-out images lie among the latent variables."""
    plane = "themselves" if shown.mean.shape[1] == 2 else "in the plane of their first two principal components"
    return (scatter(f"means of q(z | x) of held-out images by class, {plane}", shown.mean, shown.labels),)
