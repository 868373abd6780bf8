"""The bound and the picture of one upper half against loops over the same noise and quadrature; its checks decide right answers."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import torch
from reference_problems import CANDIDATES
from torch.distributions import Bernoulli, Normal, kl_divergence

from autograder.assignment.loading import Assignment
from autograder.authoring.cases import Case
from autograder.checking.statistics import FALSE_FAIL, smallest_tolerance
from autograder.sandbox.inside import probes
from reference.inpainting import complete_image, fit_top_posterior, svi_elbo

ROOT = Path(__file__).resolve().parents[3]
LOTS = range(0, 16_000_000, 2_000_003)


@pytest.fixture(scope="module")
def code():
    """The assignment's modules."""
    return Assignment(ROOT).code


def arguments_of(case: Case, dtype: torch.dtype = torch.float64):
    """Pixels, mean, log-variance and decoder of a call."""
    decoder = probes.build(case.arguments["decoder"].spec)
    return *(case.arguments[name].to(dtype) for name in ("x_top", "mean", "log_var")), decoder


def test_is_what_a_loop_over_the_same_noise_gives(code) -> None:
    """The bound is a plain sum over draws, latents and pixels, and the picture the decoder's at the first draw."""
    case = code.module("tests.hidden.inpainting.bound").with_noise(torch.float64, 5)
    x_top, mean, log_var, decoder = arguments_of(case)
    noise = torch.randn(7, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    total = 0.0
    for epsilon in noise.tolist():
        z = [m + math.exp(v / 2) * e for m, v, e in zip(mean.tolist(), log_var.tolist(), epsilon, strict=True)]
        logits = decoder(torch.tensor(z, dtype=torch.float64)).tolist()[:392]
        total += sum(0.5 * (e * e + v - s * s) for e, v, s in zip(epsilon, log_var.tolist(), z, strict=True))
        total -= sum(math.log1p(math.exp(v if x == 0 else -v)) for x, v in zip(x_top.tolist(), logits, strict=True))

    estimate = svi_elbo(x_top, mean, log_var, decoder, 7, torch.Generator().manual_seed(3))
    assert estimate.item() == pytest.approx(total / 7)

    (epsilon,) = torch.randn(1, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    means = Bernoulli(logits=decoder(mean + torch.exp(log_var / 2) * epsilon)).mean
    image = complete_image(x_top, mean, log_var, decoder, torch.Generator().manual_seed(3))
    assert torch.equal(image[:392], x_top)
    assert torch.allclose(image[392:], means[392:])


def test_exact_bound_is_that_of_quadrature(code) -> None:
    """What the checks take for exact is the bound over a grid of both latents, with torch.distributions."""
    bound, exact = (code.module(f"tests.hidden.{name}") for name in ("inpainting.bound", "exact"))
    case = bound.with_noise(torch.float64, 8)
    x_top, mean, log_var, decoder = arguments_of(case)
    nodes, weights = (torch.tensor(t) for t in np.polynomial.hermite_e.hermegauss(40))
    weight = (weights[:, None] * weights).flatten() / (2 * math.pi)
    q = Normal(mean, torch.exp(log_var / 2))
    logits = decoder(mean + torch.exp(log_var / 2) * torch.cartesian_prod(nodes, nodes))[:, :392]
    expected = weight @ Bernoulli(logits=logits).log_prob(x_top).sum(-1) - kl_divergence(q, Normal(0.0, 1.0)).sum()

    assert exact.mean_bernoulli_elbo(bound.as_elbo(case)) == pytest.approx(float(expected.detach()))


@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice(code, lot) -> None:
    """A right answer, in the noisiest valid form, is undecided less than once in a million times, whatever a submission's lot is."""
    bound, checks = (code.module(f"tests.hidden.inpainting.{name}") for name in ("bound", "test_svi_elbo"))
    last, looks = checks.STAGES[-1], len(checks.STAGES)
    for case, tolerance in (
        (bound.with_noise(torch.float64, lot), checks.UNBIASED_WITHIN),
        (bound.with_kl_only(torch.float64, lot), checks.DIVERGENCE_WITHIN),
    ):
        terms, _ = noisiest(case, lot, 4000)
        sd = 1.2 * float(terms.std(0).max()) / bound.DRAWS**0.5
        assert sd / last**0.5 / tolerance < checks.NOISE
        rate, power = FALSE_FAIL / 4, 1 - 1e-6
        needed = smallest_tolerance(sd, n=last, looks=looks, false_fail=rate, max_skewness=checks.SKEWNESS, power=power)
        assert needed < tolerance


@pytest.mark.parametrize("lot", LOTS)
def test_draws_suffice_for_gradients(code, lot) -> None:
    """The same of the gradients by mean and log-variance, of which each is far from 0."""
    bound, checks = (code.module(f"tests.hidden.inpainting.{name}") for name in ("bound", "test_svi_elbo"))
    case = bound.with_gradient(torch.float64, lot)
    of_q = np.abs(bound.gradient_of_q(bound.as_elbo(case, 392 - bound.LIVE)))
    _, gradients = noisiest(case, lot, 4000)
    sd = 1.2 * gradients.std(0) / bound.DRAWS**0.5
    for one, tolerance in zip(sd.tolist(), (checks.GRADIENT_WITHIN * of_q).tolist(), strict=True):
        needed = smallest_tolerance(
            one,
            n=checks.STAGES[-1],
            looks=len(checks.STAGES),
            false_fail=FALSE_FAIL / 48,
            max_skewness=checks.SKEWNESS,
            power=1 - 1e-6,
        )
        assert needed < tolerance


def test_best_posterior_is_that_of_scipy(code) -> None:
    """The bound that fits are judged by is that of `exact`, and scipy finds no better q; the reference comes close."""
    bound, exact, fitting = (
        code.module(f"tests.hidden.{name}") for name in ("inpainting.bound", "exact", "inpainting.fitting")
    )
    settings = {"steps": 200, "learning_rate": 0.05, "n_samples": 20, "seed": 2}
    case = fitting.image(torch.float64, 77, (0.2, 0.5), 0.5, (1.8, 2.4), settings)
    layer = case.arguments["decoder"].spec["layers"][0]

    def loss(q: np.ndarray) -> float:
        parts = torch.tensor(q[:2]), torch.tensor(q[2:])
        call = bound.call(torch.float64, 0, case.arguments["x_top"], parts, layer, 1)
        return -exact.mean_bernoulli_elbo(bound.as_elbo(call))

    found = scipy.optimize.minimize(loss, np.zeros(4), method="L-BFGS-B")
    best = fitting.optimum(case)
    assert float(fitting.bound_of(case, best)) == pytest.approx(-found.fun, abs=1e-4)
    assert np.allclose(torch.cat(best), found.x, atol=0.01)

    decoder = probes.build(case.arguments["decoder"].spec)
    fitted = fit_top_posterior(**{**case.arguments, "decoder": decoder})
    assert 0 <= fitting.lost(case, fitted, best) < 0.05
    assert all(weight.grad is None for weight in decoder.parameters())


@pytest.mark.parametrize("right", CANDIDATES.variants("fit_top_posterior"), ids=lambda right: right.name)
def test_fits_come_close_whatever_the_image_is(code, right) -> None:
    """Of three other images than the checks draw, a right answer comes close in at least two, and usually closer than it must."""
    fitting, checks = (code.module(f"tests.hidden.inpainting.{name}") for name in ("fitting", "test_fit_top_posterior"))
    missing = []
    for seed in range(3):
        case = fitting.steep_and_flat(torch.float64, 1000 + seed, {**checks.SETTINGS, "seed": seed})
        q = right.function(**{**case.arguments, "decoder": probes.build(case.arguments["decoder"].spec)})
        missing.append(fitting.lost(case, tuple(part.detach() for part in q), fitting.optimum(case)))
    assert sorted(missing)[1] < 0.7 * checks.WITHIN


def noisiest(case: Case, seed: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Single terms of the bound, with the analytic entropy and with log q, shape (n, 2); gradients of the first by mean and
    log-variance, shape (n, 2M).
    """
    x_top, mean, log_var, decoder = arguments_of(case)
    epsilon = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    each = [part.repeat(n, 1).requires_grad_() for part in (mean, log_var)]
    z = each[0] + torch.exp(0.5 * each[1]) * epsilon
    joint = Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(-1) - 0.5 * (z**2).sum(-1)
    gradients = torch.autograd.grad((joint + 0.5 * each[1].sum(-1)).sum(), each)
    return torch.stack([joint, joint + 0.5 * (epsilon**2).sum(-1)], -1).detach(), torch.cat(gradients, -1)
