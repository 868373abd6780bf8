"""The loss: the negative bound, on average."""

from autograder.authoring import check
from autograder.checking.statistics import share_of
from tests.hidden.vae.bound import (
    judge_divergence,
    judge_extreme,
    judge_gradient,
    judge_reconstruction,
    judge_reparameterised,
    judge_unbiased,
)
from tests.hidden.vae.noise import judge_noise


@check("vae_loss", "value")
def test_value(student):
    """The loss is the negative ELBO: where q(z | x) is the prior and the decoder ignores z, it is −log p(x)."""
    judge_reconstruction(student, "vae_loss", "loss = −elbo: summed over pixels, averaged over examples.")


@check("vae_loss", "unbiased", after=["value"])
def test_unbiased(student):
    """With noise and a KL, the mean of many losses is the exact negative ELBO."""
    help_text = "loss = KL − reconstruction: a minimised loss adds the KL. z is a sample, not the mean."
    judge_divergence(student, "vae_loss", share_of(2))
    judge_unbiased(student, "vae_loss", help_text, share_of(2))


@check("vae_loss", "gradient", after=["value"])
def test_gradient(student):
    """The loss can be minimised: on average its gradients are those of the exact negative ELBO."""
    judge_gradient(student, "vae_loss")


@check("vae_loss", "noise", after=["value"])
def test_noise(student):
    """Every call, every example and every one of the `n_samples` draws has noise of its own."""
    judge_noise(student, "vae_loss")


@check("vae_loss", "reparameterised", after=["gradient"])
def test_reparameterised(student):
    """The encoder's gradient comes through the sample, z = μ + σ ⊙ ε, not through log q(z | x)."""
    judge_reparameterised(student, "vae_loss")


@check("vae_loss", "extreme", after=["value"])
def test_extreme(student):
    """The loss stays finite and exact where the decoder is certain (logits of ±800)."""
    judge_extreme(student, "vae_loss")
