"""The evidence lower bound, asked about encoders and decoders whose exact answer is known."""

from autograder.authoring import check
from tests.hidden.vae.bound import (
    judge_divergence,
    judge_extreme,
    judge_gradient,
    judge_reconstruction,
    judge_reparameterised,
    judge_unbiased,
)
from tests.hidden.vae.noise import judge_noise


@check("elbo", "reconstruction")
def test_reconstruction(student):
    """Where q(z | x) is the prior and the decoder ignores z, the ELBO is log p(x): summed over pixels, averaged over
    the batch.
    """
    judge_reconstruction(student, "elbo", "Sum the log-probabilities over pixels; average over examples only.")


@check("elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """The KL divergence to the prior is subtracted, summed over latent dimensions, with its full weight."""
    judge_divergence(student, "elbo")


@check("elbo", "unbiased", after=["reconstruction"])
def test_unbiased(student):
    """With noise, the mean of many estimates is the exact ELBO (found by Gauss-Hermite quadrature)."""
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    judge_unbiased(student, "elbo", help_text)


@check("elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every example and every one of the `n_samples` draws has noise of its own, so that averages over examples and
    samples are as exact as they should be.
    """
    judge_noise(student, "elbo")


@check("elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach the encoder's mean and log_var, through the sample and through the KL, and the decoder; on
    average they are the gradients of the exact ELBO.
    """
    judge_gradient(student, "elbo")


@check("elbo", "reparameterised", after=["gradient"])
def test_reparameterised(student):
    """The encoder's gradient comes through the sample, z = μ + σ ⊙ ε: a score-function (REINFORCE) estimate is right on average,
    but more than 60 times as noisy.
    """
    judge_reparameterised(student, "elbo")


@check("elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """The ELBO stays finite and exact where the decoder is certain (logits of ±800)."""
    judge_extreme(student, "elbo")
