"""How long the message is that tells images through a model, and whether two models are the same one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal

ACTIVE = 0.05
"""Nats that a latent variable tells of an image, on average, to count as used."""

WIDTHS: dict[str, Callable[[Tensor], Tensor]] = {
    "as encoded": lambda log_var: log_var,
    "twice": lambda log_var: 2 * log_var,
    "-1": lambda log_var: log_var - 1,
    "-2": lambda log_var: log_var - 2,
    "+1": lambda log_var: log_var + 1,
}
"""Other log-variances of q that a bound is asked about: "as encoded", "twice" where they are doubled, or a number that is added to them."""


@dataclass(frozen=True)
class Code:
    """How long the message is that tells images through a model. All in nats per image.

    Attributes:
        likelihood: Mean of log p(x | z), z drawn from q(z | x).
        divergences: Mean of KL(q(z | x) || p(z)) by latent variable, shape (M,).
        at_mean: Mean of log p(x | z) where z is the mean of q(z | x): what a model that ignores its noise believes in.
        decoded: What was decoded, in the order of the images, one draw each, shape (N, D).
    """

    likelihood: float
    divergences: Tensor
    at_mean: float
    decoded: Tensor

    @property
    def divergence(self) -> float:
        """KL(q(z | x) || p(z))."""
        return float(self.divergences.sum())

    @property
    def bound(self) -> float:
        """The evidence lower bound."""
        return self.likelihood - self.divergence

    @property
    def active(self) -> int:
        """How many latent variables tell anything."""
        return int((self.divergences > ACTIVE).sum())


def unused(divergences: Tensor) -> tuple[str, ...]:
    """Return a sentence about the latent variables that tell nothing; none where all tell something.

    Args:
        divergences: KL(q(z | x) || p(z)) by latent variable, shape (M,), in nats per image.
    """
    idle, latents = int((divergences <= ACTIVE).sum()), len(divergences)
    if idle == 0:
        return ()
    if idle == latents:
        return (
            f"Posterior collapse: the KL divergence of all {latents} latent variables is {ACTIVE} nats at most, so z tells nothing",
        )
    return (f"The KL divergence of {idle} of {latents} latent variables is {ACTIVE} nats at most: they are not used",)


def log_likelihood(images: Tensor, decoded: Tensor, likelihood: str) -> Tensor:
    """Return log p(x | z) in nats, one per image, shape (N,).

    Args:
        images: Shape (N, D), in [0, 1].
        decoded: Logits, or means for a Gaussian, shape (N, D).
        likelihood: `"bernoulli"`, `"continuous_bernoulli"`, or `"gaussian"`: then all pixels have one variance, the best for these images.
    """
    x = images.double()
    if likelihood == "gaussian":
        deviation = ((x - decoded) ** 2).mean().sqrt().clamp(min=1e-3)
        return torch.as_tensor(Normal(decoded, deviation).log_prob(x).sum(dim=-1))  # type: ignore[no-untyped-call]
    law = {"bernoulli": Bernoulli, "continuous_bernoulli": ContinuousBernoulli}[likelihood]
    return torch.as_tensor(law(logits=decoded).log_prob(x).sum(dim=-1))


def without_latents(training: Tensor, test: Tensor, likelihood: str) -> float:
    """Return how well the best model without latent variables tells test images (N, D): every pixel by itself, in nats per image."""
    share = training.double().mean(dim=0, keepdim=True).clamp(1e-3, 1 - 1e-3)
    decoded = share if likelihood == "gaussian" else torch.logit(share)
    return float(log_likelihood(test, decoded.expand(len(test), -1), likelihood).mean())


def nats(value: float) -> str:
    """Return a bound as messages have it."""
    return f"{value:.1f} nats" if math.isfinite(value) else str(value)
