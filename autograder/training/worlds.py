"""How images look in one grading: drawn in secret for each submission, the same for every grading of it.

A learner does not notice. Weights that were made elsewhere, and tables of known images, have seen another world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

Sort = Literal["plain", "turned", "bent"]
BEND = 0.1
"""By how much a dot is moved at most, as a share of half the side of an image."""
_CONTRAST = 0.5
"""Of the logarithm of the power that brightness is raised to, at most."""
_WAVES = 2
SAID: dict[Sort, str] = {
    "plain": "images as they are",
    "turned": "images turned by quarters and mirrored, in a way that is drawn for each submission",
    "bent": "images turned by quarters, mirrored, slightly bent and in another contrast, in a way that is drawn for each submission",
}
"""What a reader of the report is told."""


@dataclass(frozen=True)
class World:
    """One way to look at images.

    Attributes:
        sort: What is done to them.
        turns: By how many quarters they are turned.
        flipped: Whether they are mirrored after that.
        bend: Where each dot is looked up, less its own place, in halves of the side of an image, shape (height, width, 2).
        power: What brightness is raised to.
    """

    sort: Sort
    turns: int = 0
    flipped: bool = False
    bend: Tensor | None = None
    power: float = 1.0

    @classmethod
    def drawn(cls, sort: Sort, generator: torch.Generator, side: int) -> World:
        """Return a world for images with sides of so many dots."""
        if sort == "plain":
            return cls(sort)
        turns = int(torch.randint(0, 4, (), generator=generator))
        flipped = bool(torch.randint(0, 2, (), generator=generator))
        if sort == "turned":
            return cls(sort, turns, flipped)
        bend = torch.stack([_wave(side, generator) for _ in range(2)], dim=-1)
        power = math.exp(_CONTRAST * (2 * float(torch.rand((), generator=generator)) - 1))
        return cls(sort, turns, flipped, BEND * bend / bend.abs().amax(), power)

    def seen(self, images: Tensor) -> Tensor:
        """Return images in [0, 1] (N, 1, height, width), whose sides are equal, as they look here."""
        turned = torch.rot90(images, self.turns, dims=(-2, -1))
        turned = turned.flip(-1) if self.flipped else turned
        if self.bend is None:
            return turned
        rows, columns = (torch.linspace(-1, 1, side) for side in turned.shape[-2:])
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        places = (torch.stack([x, y], dim=-1) + self.bend).to(turned.dtype).expand(len(turned), -1, -1, -1)
        bent = grid_sample(turned, places, mode="bilinear", padding_mode="border", align_corners=True)
        return bent.clamp(0, 1) ** self.power

    def upright(self, images: Tensor) -> Tensor:
        """Return images (..., height, width) that were turned and mirrored as they were; what is bent stays so."""
        return torch.rot90(images.flip(-1) if self.flipped else images, -self.turns, dims=(-2, -1))


def _wave(side: int, generator: torch.Generator) -> Tensor:
    """Return a smooth function over an image, shape (side, side): a few waves longer than half of its side."""
    axis = torch.linspace(-1, 1, side)
    total = torch.zeros(side, side)
    for i in range(1, _WAVES + 1):
        for j in range(1, _WAVES + 1):
            phases = 2 * math.pi * torch.rand(2, generator=generator)
            height = torch.randn((), generator=generator) / math.hypot(i, j)
            across = torch.sin(math.pi * j * axis / 1.5 + phases[1])
            total += height * torch.sin(math.pi * i * axis / 1.5 + phases[0])[:, None] * across
    return total
