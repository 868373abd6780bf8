"""The mixture on codes against EM by hand, and the noise that its samples are judged by against scipy."""

from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from reference_problems import CANDIDATES

from autograder.assignment.loading import Assignment
from reference.autoencoder import fit_latent_mixture, sample_latent_mixture

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def code():
    """The assignment's modules."""
    return Assignment(ROOT).code


@pytest.mark.parametrize("seed", range(3))
def test_fit_is_that_of_other_people(code, seed) -> None:
    """EM with densities of scipy, and with those of torch, reaches the same likelihood at its best start, and no higher one."""
    clusters = code.module("tests.hidden.autoencoder.clusters")
    case = clusters.clusters(torch.float64, 100 + seed, 380, 3, 3, 4.0)
    codes = case.arguments["codes"]
    mixture = fit_latent_mixture(**case.arguments)
    reached = clusters.log_likelihood(codes, mixture)

    assert not clusters.trouble(mixture)
    for right in CANDIDATES.variants("fit_latent_mixture"):
        found = [right.function(**{**case.arguments, "seed": start}) for start in range(3)]
        assert max(clusters.log_likelihood(codes, one) for one in found) == pytest.approx(reached, abs=1e-3)
    weights, means, covariances = (part.numpy() for part in mixture)
    each = [
        scipy.stats.multivariate_normal(m, S).logpdf(codes.numpy()) for m, S in zip(means, covariances, strict=True)
    ]
    assert scipy.special.logsumexp(np.stack(each, 1) + np.log(weights), axis=1).mean() == pytest.approx(reached)


def test_noise_of_samples_is_standard_normal(code) -> None:
    """Draws of scipy become N(0, I), whatever component they are from, and draws of another mixture do not."""
    checks = code.module("tests.hidden.autoencoder.test_sample_latent_mixture")
    case = checks.revealing(torch.float64, 3, 1, 2, 3)
    weights, means, covariances = (case.arguments[name].numpy() for name in ("weights", "means", "covariances"))
    rng = np.random.default_rng(0)
    which = rng.choice(3, size=4000, p=weights)
    z = np.stack([scipy.stats.multivariate_normal.rvs(means[k], covariances[k], random_state=rng) for k in which])

    noise = checks.noise_of(case, z)
    assert min(scipy.stats.kstest(column, "norm").pvalue for column in noise.T) > 1e-3
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.06
    equal = case.but(weights=torch.full((3,), 1 / 3, dtype=torch.float64))
    assert min(scipy.stats.kstest(column, "norm").pvalue for column in checks.noise_of(equal, z).T) < 1e-6


def test_samples_have_the_moments_of_the_mixture(code) -> None:
    """Mean and covariance of many images are those of the mixture, decoded."""
    checks = code.module("tests.hidden.autoencoder.test_sample_latent_mixture")
    case = checks.revealing(torch.float64, 4, 20_000, 2, 3)
    decoder = torch.nn.Linear(2, 4).double()
    arguments = {**case.arguments, "decoder": decoder, "generator": torch.Generator().manual_seed(1)}
    images = sample_latent_mixture(**arguments).detach()
    weights, means, covariances = (case.arguments[name] for name in ("weights", "means", "covariances"))
    centre = weights @ means
    second = torch.einsum("k,kij->ij", weights, covariances + means[:, :, None] * means[:, None])
    whole = decoder.weight.detach() @ (second - torch.outer(centre, centre)) @ decoder.weight.detach().mT

    torch.testing.assert_close(images.mean(0), decoder(centre).detach(), atol=0.1, rtol=0)
    torch.testing.assert_close(torch.cov(images.mT), whole, atol=0.05 * float(whole.abs().max()), rtol=0)
