"""Noise is no way around a statistical test: a check that cannot be decided earns its points, so draws must not be to blame."""

from decimal import Decimal

import numpy as np

from autograder.checking.statistics import combine, mean_test
from autograder.records import Outcome

from .tools import explain, task, write

NOISE = """
import torch

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    networks = mean.sum() + log_var.sum() + decoder(mean).sum()
    return (1e4 + networks) * torch.randn((), generator=generator, dtype=x.dtype)

def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    return -elbo(x, encoder, decoder, n_samples, generator)
"""


def test_pure_noise_earns_nothing_but_its_form(grade, tmp_path):
    """A function that ignores its inputs and returns large noise fails, although no number of draws proves its mean wrong."""
    record = grade(write(tmp_path, {"vae.py": NOISE}), ("elbo",))
    elbo = task(record, "elbo")
    passed = {check.id for check in elbo.checks if check.outcome in (Outcome.PASSED, Outcome.INCONCLUSIVE)}
    assert passed <= {"elbo.contract", "elbo.vectorised"}, explain(record)
    assert Decimal(elbo.points) < Decimal(elbo.max_points) / 5
    assert any("far noisier" in check.message for check in elbo.checks), explain(record)


def test_noise_is_told_from_a_small_budget():
    """A test that would need some more draws is undecided; one whose draws say nothing is undecided with much noise."""

    def verdict(sd, tolerance):
        rng = np.random.default_rng(1)
        return mean_test(lambda start, n: sd * rng.standard_normal(n), 0.0, tolerance=tolerance)

    close, hopeless = verdict(1.0, 0.02), verdict(1000.0, 0.1)
    assert (close.decision, hopeless.decision) == ("inconclusive", "inconclusive")
    assert close.noise < 1 < hopeless.noise
    assert combine(close, hopeless).noise == hopeless.noise
    assert verdict(1.0, 0.5).noise == 0.0
