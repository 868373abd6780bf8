"""The bound of binary latents against torch.distributions and adaptive quadrature; its checks decide right answers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import integrate, special
from torch.distributions import Bernoulli, kl_divergence
from torch.nn import functional as F

from autograder.assignment.loading import Assignment
from autograder.authoring import Sizes
from autograder.checking.statistics import FALSE_FAIL, smallest_tolerance
from reference.discrete import binary_elbo

ROOT = Path(__file__).resolve().parents[3]
LOTS = range(0, 16_000_000, 2_000_003)
KINDS = ((2, (0.3, 0.5)), (2, (1.8, 2.6)), (1, (0.3, 0.5)))
UNDECIDED = 1e-6


@pytest.fixture(scope="module")
def bound():
    """The calls whose exact bound is known."""
    return Assignment(ROOT).code.module("tests.hidden.discrete.bound")


@pytest.fixture(scope="module")
def checks():
    """What is asked about them."""
    return Assignment(ROOT).code.module("tests.hidden.discrete.test_binary_elbo")


def estimate(bound, case, n: int, noise: torch.Tensor) -> torch.Tensor:
    """The bound at given uniform noise, with torch.distributions, one value per example."""
    q = Bernoulli(logits=bound.network(case, "encoder_logits")(case.arguments["x"]))
    z = torch.sigmoid((q.logits + torch.logit(noise)) / case.arguments["temperature"])
    prior = Bernoulli(probs=torch.full_like(q.logits, 0.5))
    recon = Bernoulli(logits=bound.network(case, "decoder")(z)).log_prob(case.arguments["x"]).sum(-1)
    return recon.reshape(n, -1).mean(0) - kl_divergence(q, prior).sum(-1)


@pytest.mark.parametrize(("latents", "temperatures"), KINDS)
def test_is_what_distributions_give_at_the_same_noise(bound, latents, temperatures) -> None:
    """Every sample, example and latent has a uniform number of its own."""
    case = bound.with_noise(5, torch.float64, latents, temperatures, n_samples=7, repeats=1)
    networks = {name: bound.network(case, name) for name in bound.NETWORKS}
    arguments = {**case.arguments, **networks, "generator": torch.Generator().manual_seed(3)}
    shape = (7, len(case.arguments["x"]), latents)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    assert binary_elbo(**arguments).item() == pytest.approx(estimate(bound, case, 7, noise).mean().item())


@pytest.mark.parametrize("temperature", [0.02, 0.4, 2.0])
def test_the_grid_is_fine_enough(bound, temperature) -> None:
    """For one latent the mean of the estimate is an integral over its noise, split where z is ½."""
    case = bound.with_noise(8, torch.float64, 1, (0.3, 0.5)).but(temperature=temperature)
    x = case.arguments["x"][: bound.DISTINCT]
    logits = bound.network(case, "encoder_logits")(x).detach()
    decoder = bound.network(case, "decoder")
    values = []
    for row, ell in zip(x, logits[:, 0].tolist(), strict=True):

        def at(u: float, row=row, ell=ell) -> float:
            z = special.expit((ell + special.logit(u)) / temperature)
            out = decoder(torch.tensor([z], dtype=torch.float64)).detach()
            return float((row * out - F.softplus(out)).sum())

        middle = float(special.expit(-ell))
        values.append(sum(integrate.quad(at, *ends, limit=100)[0] for ends in ((0, middle), (middle, 1))))
    exact = np.mean(values) - float(bound.divergence(logits).mean())

    assert bound.mean_bound(case) == pytest.approx(exact, abs=6e-3)


def test_gradients_at_extremes(bound) -> None:
    """Where encoder and decoder are certain, the gradients of the reference are finite."""
    for dtype in (torch.float64, torch.float32):
        case, expected = bound.without_samples(Sizes({"B": 4, "D": 5, "M": 3, "S": 2}), dtype, 1, 800.0, 800.0)
        networks = {name: bound.probes.build(case.arguments[name].spec) for name in bound.NETWORKS}
        value = binary_elbo(**{**case.arguments, **networks})
        value.backward()
        assert value.item() == pytest.approx(expected.item())
        assert all(w.grad.isfinite().all() for network in networks.values() for w in network.parameters())


@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice(bound, checks, lot) -> None:
    """A right answer is undecided less than once in a million times, whatever a submission's lot is."""
    for latents, temperatures in KINDS:
        case = bound.with_noise(lot, torch.float64, latents, temperatures)
        terms = len(case.arguments["x"]) * case.arguments["n_samples"]
        for one in (case, case.but(temperature=bound.COLD)):
            sd = (bound.variance_of_term(one) / terms) ** 0.5
            assert sd / checks.STAGES[-1] ** 0.5 / checks.WITHIN < checks.NOISE
            assert needed(checks, sd, FALSE_FAIL / 6, 1) < checks.WITHIN


@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice_for_gradients(bound, checks, lot) -> None:
    """The same of gradients by encoder and decoder."""
    for latents in (1, 2):
        case = bound.with_gradient(lot, torch.float64, latents)
        recon, kl = bound.bound_gradient(case)
        rows = []
        for _ in range(60):
            networks = {name: bound.network(case, name) for name in bound.NETWORKS}
            value = binary_elbo(**{**case.arguments, **networks})
            biases = [network.trunk[0].bias for network in networks.values()]
            rows.append(torch.cat(torch.autograd.grad(value, biases)).numpy())
        tolerance = bound.gradient_tolerance(recon - kl)
        for sd, within in zip(1.25 * np.std(rows, axis=0), tolerance, strict=True):
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
