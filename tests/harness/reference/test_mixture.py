"""The bound with a mixture as prior against torch.distributions and a finer grid; its checks decide right answers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily, Normal

from autograder.assignment.loading import Assignment
from autograder.authoring import Probe
from autograder.authoring.cases import Case
from autograder.checking.statistics import FALSE_FAIL, smallest_tolerance
from autograder.sandbox.inside import probes
from reference.vae import mixture_elbo

ROOT = Path(__file__).resolve().parents[3]
LOTS = range(0, 16_000_000, 2_000_003)
KINDS = ((2, 3), (2, 2), (1, 4))
UNDECIDED = 1e-6


@pytest.fixture(scope="module")
def bound():
    """The calls whose exact bound is known."""
    return Assignment(ROOT).code.module("tests.hidden.vae.mixture")


@pytest.fixture(scope="module")
def checks():
    """What is asked about them."""
    return Assignment(ROOT).code.module("tests.hidden.vae.test_mixture_elbo")


def forms(bound, case: Case, eps: torch.Tensor, prior=None) -> list[torch.Tensor]:
    """The bound at given noise, with torch.distributions: as it is printed, and with the entropy of q."""
    networks, x = bound.networks_of(case), case.arguments["x"].double()
    mean, log_var = networks["encoder"](x)
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    z = q.mean + q.stddev * eps
    joint = Bernoulli(logits=networks["decoder"](z)).log_prob(x).sum(-1) + (prior or networks["prior"]).log_prob(z)
    return [joint - q.log_prob(z), joint + q.entropy()]


def test_the_prior_is_a_mixture() -> None:
    """A probe made of squares and the log of a sum is what torch.distributions calls a mixture."""
    module = Assignment(ROOT).code.module("tests.public.vae.prior")
    logits, means, log_vars = torch.randn(4).double(), torch.randn(4, 3).double(), torch.randn(4, 3).double()
    prior: Probe = module.mixture_prior(logits, means, log_vars)
    components = Independent(Normal(means, torch.exp(0.5 * log_vars)), 1)
    z = 3.0 * torch.randn(5, 7, 3).double()

    expected = MixtureSameFamily(Categorical(logits=logits), components).log_prob(z)
    assert torch.allclose(probes.build(prior.spec).log_prob(z), expected)


@pytest.mark.parametrize(("latents", "components"), KINDS)
def test_is_what_distributions_give_at_the_same_noise(bound, latents, components) -> None:
    """Every sample and example has noise of its own."""
    case = bound.with_noise(5, torch.float64, latents, components, n_samples=7, repeats=1)
    arguments = {**case.arguments, **bound.networks_of(case), "generator": torch.Generator().manual_seed(3)}
    shape = (7, len(case.arguments["x"]), latents)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    assert mixture_elbo(**arguments).item() == pytest.approx(forms(bound, case, noise)[0].mean().item())


@pytest.mark.parametrize(("latents", "components"), KINDS)
def test_exact_bound_is_that_of_a_finer_grid(bound, latents, components) -> None:
    """In both forms."""
    case = bound.with_gradient(8, torch.float64, latents, components)
    points, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(60))
    eps = torch.cartesian_prod(*[points] * latents).reshape(-1, 1, latents)
    share = torch.cartesian_prod(*[weights / weights.sum()] * latents).reshape(-1, latents).prod(-1)
    distinct = case.but(x=case.arguments["x"][: bound.DISTINCT])
    means = [float((share @ form).mean().detach()) for form in forms(bound, distinct, eps)]

    assert means == pytest.approx(2 * [bound.mean_bound(case)], abs=5e-3)


@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice(bound, checks, lot) -> None:
    """A right answer is undecided less than once in a million times, whatever a submission's lot is."""
    for latents, components in KINDS:
        case = bound.with_noise(lot, torch.float64, latents, components)
        sd = (bound.variance_of_term(case) / (len(case.arguments["x"]) * case.arguments["n_samples"])) ** 0.5
        assert sd / checks.STAGES[-1] ** 0.5 / checks.DIVERGENCE_WITHIN < checks.NOISE
        assert needed(checks, sd, FALSE_FAIL / 6, 1) < checks.DIVERGENCE_WITHIN


@pytest.mark.parametrize("lot", LOTS[::2])
def test_draws_suffice_for_gradients(bound, checks, lot) -> None:
    """The same of gradients by every network."""
    for latents, components in ((2, 2), (1, 3)):
        case = bound.with_gradient(lot, torch.float64, latents, components)
        tolerance = bound.gradient_tolerance(bound.bound_gradient(case))
        rows = []
        for _ in range(60):
            networks = bound.networks_of(case)
            named = {
                f"{at}.{name}": value for at, network in networks.items() for name, value in network.named_parameters()
            }
            value = mixture_elbo(**{**case.arguments, **networks})
            found = torch.autograd.grad(value, [named[part] for part in bound.PARTS])
            rows.append(torch.cat([gradient.reshape(-1) for gradient in found]).numpy())
        for sd, within in zip(1.25 * np.std(rows, axis=0), tolerance, strict=True):
            assert sd / checks.STAGES[-1] ** 0.5 / within < checks.NOISE
            assert needed(checks, sd, FALSE_FAIL / 2, len(tolerance)) < within


@pytest.mark.parametrize(("terms", "within"), [(24, 0.8), (300, 0.3)])
def test_draws_suffice_without_divergence(checks, terms, within) -> None:
    """Where q is the prior, log p(z) has the variance M / 2, and M is 5 at most: with the entropy of q it is all the noise there is."""
    assert needed(checks, (2.5 / terms) ** 0.5, FALSE_FAIL / 5, 1, checks.FEW) < within


def needed(checks, sd: float, false_fail: float, coordinates: int, stages=None) -> float:
    """Which tolerance can be decided."""
    stages = checks.STAGES if stages is None else stages
    return smallest_tolerance(
        sd,
        n=stages[-1],
        looks=len(stages),
        false_fail=false_fail,
        max_skewness=checks.SKEWNESS,
        power=1 - UNDECIDED / coordinates,
        coordinates=coordinates,
    )
