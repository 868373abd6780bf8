"""The mixture as a prior against torch.distributions, and the grid by which its check judges any density."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from autograder.assignment.loading import Assignment
from reference.networks import MixturePrior

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def density():
    """What a density is asked with."""
    return Assignment(ROOT).code.module("tests.hidden.vae.density")


def known(latents: int) -> MixtureSameFamily:
    """A mixture with unequal weights and components of all sizes."""
    generator = torch.Generator().manual_seed(latents)
    means = 2.0 * torch.randn(4, latents, generator=generator).double()
    stds = torch.linspace(0.3, 2.0, 4 * latents).reshape(4, latents).double()
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4]).double()
    return MixtureSameFamily(Categorical(weights), Independent(Normal(means, stds), 1))


def asked(mixture: MixtureSameFamily) -> SimpleNamespace:
    """The mixture as what a check asks."""
    return SimpleNamespace(value=lambda _, arguments: mixture.log_prob(arguments["z"].double()))


def test_is_what_distributions_give() -> None:
    """With any parameters, along any leading axes."""
    prior = MixturePrior(4, 3).double()
    for parameter in prior.parameters():
        torch.nn.init.normal_(parameter)
    components = Independent(Normal(prior.means, torch.exp(0.5 * prior.log_vars)), 1)
    z = 3.0 * torch.randn(5, 7, 3).double()

    expected = MixtureSameFamily(Categorical(logits=prior.logits), components).log_prob(z)
    assert torch.allclose(prior.log_prob(z), expected)


@pytest.mark.parametrize("latents", [1, 2])
def test_a_grid_knows_integral_and_distribution_function(density, latents) -> None:
    """A density integrates to 1, and its own draws become uniform numbers that do not depend on each other."""
    torch.manual_seed(3)
    mixture = known(latents)
    grid = density.Grid.of(asked(mixture), latents)
    drawn = mixture.sample((20_000,)).numpy()
    fine = grid.near(asked(mixture))

    assert grid.resolved()
    assert grid.integral() == pytest.approx(1.0, abs=1e-4)
    assert fine.integral() == pytest.approx(1.0, abs=1e-4)
    for u in fine.uniform(drawn):
        assert np.abs(np.sort(u) - (np.arange(20_000) + 0.5) / 20_000).max() < 0.015
    if latents == 2:
        assert abs(np.corrcoef(*fine.uniform(drawn))[0, 1]) < 0.03


def test_a_density_that_is_too_narrow_is_not_believed(density) -> None:
    """Its integral depends on where the nodes are."""
    narrow = Independent(Normal(torch.full((2,), 9.0).double(), torch.full((2,), 0.01).double()), 1)

    assert not density.Grid.of(asked(narrow), 2).resolved()


def test_latent_variables_of_their_own_are_told_from_those_of_a_mixture(density) -> None:
    """A mixture for each of them has a logarithm that is a sum."""
    alone = Independent(known(2).component_distribution.base_dist, 0)
    each = MixtureSameFamily(Categorical(torch.ones(2, 4).double()), Normal(alone.mean.mT, alone.stddev.mT))
    apart = SimpleNamespace(value=lambda _, arguments: each.log_prob(arguments["z"].double()).sum(-1))

    assert density.Grid.of(apart, 2).together() < 1e-6
    assert density.Grid.of(asked(known(2)), 2).together() > 0.1
