"""The bound of two levels against torch.distributions at the same noise and on a finer grid; its checks decide right answers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from autograder.assignment.loading import Assignment
from autograder.authoring.cases import Case
from autograder.checking.statistics import FALSE_FAIL, smallest_tolerance
from reference.hierarchical import hierarchical_elbo

ROOT = Path(__file__).resolve().parents[3]
LOTS = range(0, 16_000_000, 2_000_003)
LEVELS = ((2, 1), (1, 2), (1, 1))
UNDECIDED = 1e-6


@pytest.fixture(scope="module")
def bound():
    """The calls whose exact bound is known."""
    return Assignment(ROOT).code.module("tests.hidden.hierarchical.bound")


@pytest.fixture(scope="module")
def checks():
    """What is asked about them."""
    return Assignment(ROOT).code.module("tests.hidden.hierarchical.test_hierarchical_elbo")


def normal(mean: torch.Tensor, log_var: torch.Tensor) -> Independent:
    """A diagonal Gaussian."""
    return Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)


def forms(networks, x: torch.Tensor, lower: torch.Tensor, upper: torch.Tensor) -> list[torch.Tensor]:
    """The bound at given noise, in three valid forms: as it is printed, all of it at the samples, and with the entropy of q(z₁ | x)."""
    q = normal(*networks["q1"](x))
    z1 = q.mean + q.stddev * lower
    above = normal(*networks["q2"](z1))
    z2 = above.mean + above.stddev * upper
    prior = normal(torch.zeros_like(z2), torch.zeros_like(z2))
    joint = Bernoulli(logits=networks["decoder"](z1)).log_prob(x).sum(-1) + normal(*networks["p1"](z2)).log_prob(z1)
    kl = kl_divergence(above, prior)
    return [
        joint - q.log_prob(z1) - kl,
        joint - q.log_prob(z1) + prior.log_prob(z2) - above.log_prob(z2),
        joint + q.entropy() - kl,
    ]


@pytest.mark.parametrize(("below", "above"), LEVELS)
def test_is_what_distributions_give_at_the_same_noise(bound, below, above) -> None:
    """z₁ is drawn before z₂, for every sample and example."""
    case = bound.with_noise(5, torch.float64, below, above, repeats=1)
    x, networks = case.arguments["x"], bound.networks_of(case)
    generator = torch.Generator().manual_seed(3)
    noise = [torch.randn(7, len(x), size, generator=generator, dtype=torch.float64) for size in (below, above)]
    expected = forms(networks, x, *noise)[0].mean()
    estimate = hierarchical_elbo(x, **networks, n_samples=7, generator=torch.Generator().manual_seed(3))

    assert estimate.item() == pytest.approx(expected.item())


@pytest.mark.parametrize(("below", "above"), LEVELS)
def test_exact_bound_is_that_of_a_finer_grid(bound, below, above) -> None:
    """In every form, with torch.distributions."""
    case = bound.with_gradient(8, torch.float64, below, above)
    points, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(24))
    eps = torch.cartesian_prod(*[points] * (below + above))[:, None]
    share = torch.cartesian_prod(*[weights / weights.sum()] * (below + above)).prod(-1)
    x = case.arguments["x"][: bound.DISTINCT]
    means = [
        float((share @ form).mean().detach())
        for form in forms(bound.networks_of(case), x, eps[..., :below], eps[..., below:])
    ]

    assert means == pytest.approx(3 * [bound.mean_bound(case)], abs=1e-3)


def scatter(bound, case: Case, calls: int, names: tuple[str, ...] = ()) -> np.ndarray:
    """The standard deviation of what calls return in the noisiest form, or of the gradients by some parameters, with room for its error."""
    networks, x = bound.networks_of(case), case.arguments["x"].double()
    found = {f"{at}.{name}": value for at, network in networks.items() for name, value in network.named_parameters()}
    by = [found[name].requires_grad_() for name in names]
    rows: list[list[np.ndarray]] = [[], [], []]
    for _ in range(calls):
        below = len(case.arguments["q1"].spec["heads"][0][0]["bias"])
        noise = torch.randn(case.arguments["n_samples"], len(x), bound.latents(case), dtype=torch.float64)
        for row, form in zip(rows, forms(networks, x, noise[..., :below], noise[..., below:]), strict=True):
            values = torch.autograd.grad(form.mean(), by, retain_graph=True) if by else [form.mean()]
            row.append(torch.cat([value.detach().reshape(-1) for value in values]).numpy())
    return 1.25 * np.std(rows, axis=1).max(axis=0)


@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice(bound, checks, lot) -> None:
    """A right answer is undecided less than once in a million times, whatever a submission's lot is."""
    for below, above in LEVELS:
        case = bound.with_noise(lot, torch.float64, below, above)
        (sd,) = scatter(bound, case, 100)
        assert sd / checks.STAGES[-1] ** 0.5 / checks.UNBIASED_WITHIN < checks.NOISE
        assert needed(checks, sd, FALSE_FAIL / 6, 1) < checks.UNBIASED_WITHIN


@pytest.mark.parametrize("lot", LOTS[::2])
def test_draws_suffice_for_gradients(bound, checks, lot) -> None:
    """The same of gradients by every network."""
    for below, above in LEVELS[:2]:
        case = bound.with_gradient(lot, torch.float64, below, above)
        tolerance = bound.gradient_tolerance(bound.bound_gradient(case))
        scattered = scatter(bound, case, 60, bound.PARTS)
        for sd, within in zip(scattered, tolerance, strict=True):
            assert sd / checks.STAGES[-1] ** 0.5 / within < checks.NOISE
            assert needed(checks, sd, FALSE_FAIL / 2, len(tolerance)) < within


def needed(checks, sd: float, false_fail: float, coordinates: int) -> float:
    """Which tolerance can be decided."""
    return smallest_tolerance(
        sd,
        n=checks.STAGES[-1],
        looks=len(checks.STAGES),
        false_fail=false_fail,
        max_skewness=checks.SKEWNESS,
        power=1 - UNDECIDED / coordinates,
        coordinates=coordinates,
    )
