"""Images that anybody can make, and that are soon learnt."""

import torch


def stripes(n: int, seed: int):
    """Return n binary images of 64 pixels: one row in three or one column in three is black, ink moved by one pixel in ten."""
    generator = torch.Generator().manual_seed(seed)
    place, across = torch.randint(0, 3, (n,), generator=generator), torch.randint(0, 2, (n,), generator=generator)
    lines = (torch.arange(8)[None, :] % 3 == place[:, None]).float()
    images = torch.where(
        across[:, None, None] == 1, lines[:, None, :].expand(n, 8, 8), lines[:, :, None].expand(n, 8, 8)
    )
    moved = torch.rand(n, 8, 8, generator=generator) < 0.1
    return torch.where(moved, 1 - images, images).reshape(n, 64)
