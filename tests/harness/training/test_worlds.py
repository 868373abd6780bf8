"""Secret worlds: the same for every grading, smooth, and not so different that a person would not read them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from autograder.training.data import load_images
from autograder.training.worlds import SAID, World


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Some digits."""
    return load_images("digits").test_images[:200]


def drawn(sort: str, seed: int) -> World:
    """A world for images of 28 dots."""
    return World.drawn(sort, torch.Generator().manual_seed(seed), 28)  # type: ignore[arg-type]


def test_a_plain_world_is_as_it_is(images: Tensor) -> None:
    """Nothing is drawn, nothing changes."""
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()

    assert World.drawn("plain", generator, 28).seen(images).equal(images)
    assert generator.get_state().equal(before)


@pytest.mark.parametrize("seed", range(12))
def test_a_turned_world_can_be_turned_back(images: Tensor, seed: int) -> None:
    """All eight ways to look at a square, and back."""
    world = drawn("turned", seed)

    assert world.upright(world.seen(images)).equal(images)


def test_every_way_to_look_at_a_square_is_drawn() -> None:
    """Sixty submissions see all of them."""
    assert len({(world.turns, world.flipped) for world in (drawn("bent", seed) for seed in range(60))}) == 8


@pytest.mark.parametrize("seed", range(12))
def test_a_bent_world_is_near_and_smooth(images: Tensor, seed: int) -> None:
    """Numbers from 0 to 1, no dot moved by more than a tenth of half a side, neighbours by nearly the same; and something is changed."""
    world = drawn("bent", seed)
    seen = world.upright(world.seen(images))
    assert world.bend is not None
    steps = max(float(world.bend.diff(dim=axis).norm(dim=-1).max()) for axis in (0, 1))

    assert 0 <= float(seen.min()) <= float(seen.max()) <= 1
    assert float(world.bend.abs().max()) == pytest.approx(0.1)
    assert steps < 0.06
    assert 0.6 < world.power < 1.7
    assert float((seen - images).abs().mean()) > 0.02
    correlation = torch.corrcoef(torch.stack([seen.flatten(), images.flatten()]))[0, 1]
    assert correlation > 0.6


def test_the_same_secret_is_the_same_world(images: Tensor) -> None:
    """A grading that is repeated sees what the first one saw; another submission does not."""
    first, again, other = (drawn("bent", seed).seen(images) for seed in (5, 5, 6))

    assert first.equal(again)
    assert not first.equal(other)


def test_every_sort_is_said() -> None:
    """The report has a sentence for each."""
    assert all(SAID[sort] for sort in ("plain", "turned", "bent"))
