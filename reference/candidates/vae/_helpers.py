"""What candidates for the bound and for the loss are made of."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, Normal
from torch.nn import functional as F

from reference.densities import bernoulli_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.types import AnyDecoder, AnyEncoder

LOG_2PI = math.log(2 * math.pi)


def draw(mean: Tensor, log_var: Tensor, n_samples: int, generator: Generator | None) -> Tensor:
    """Samples of q, shape (S, B, M)."""
    shape = (n_samples, *mean.shape)
    return sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)


def terms(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """log p(x | z), shape (S, B), and the KL divergence, shape (B,)."""
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator)
    return bernoulli_log_density(x, decoder(z)).sum(-1), kl_standard_normal(mean, log_var)


def kl(x: Tensor, encoder: AnyEncoder) -> Tensor:
    """The KL divergence, averaged over the batch: what is added to a bound or a loss to make its share another."""
    return kl_standard_normal(*encoder(x)).mean()


def half_sum(terms_of_kl: Tensor) -> Tensor:
    """½ Σ over the latent dimensions, averaged over the batch, as the terms of the KL divergence are."""
    return 0.5 * terms_of_kl.sum(-1).mean()


def with_other_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int, noise: Callable[..., Tensor]
) -> Tensor:
    """The bound with z = `noise(mean, log_var, shape)` in place of samples of q."""
    mean, log_var = encoder(x)
    z = noise(mean, log_var, (n_samples, *mean.shape))
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


def with_other_likelihood(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None,
    log_p: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """The bound with `log_p(x, logits)`, summed over the pixels, for log p(x | z)."""
    mean, log_var = encoder(x)
    logits = decoder(draw(mean, log_var, n_samples, generator))
    return (log_p(x.expand_as(logits), logits).sum(-1) - kl_standard_normal(mean, log_var)).mean()


def changed(encoder: AnyEncoder, change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> AnyEncoder:
    """An encoder that says something else."""
    return lambda x: change(*encoder(x))


def times_log_var(mean: Tensor, log_var: Tensor, shape: tuple[int, ...]) -> Tensor:
    """z with `log_var` for the standard deviation."""
    return mean + log_var * torch.randn(shape, dtype=mean.dtype, device=mean.device)


def uniform(mean: Tensor, log_var: Tensor, shape: tuple[int, ...]) -> Tensor:
    """z with uniform noise."""
    return mean + torch.exp(0.5 * log_var) * torch.rand(shape, dtype=mean.dtype, device=mean.device)


def probability(x: Tensor, logits: Tensor) -> Tensor:
    """The probability of a pixel."""
    return torch.sigmoid((2 * x - 1) * logits)


def swapped(x: Tensor, logits: Tensor) -> Tensor:
    """The cross-entropy with its arguments swapped: PyTorch's own takes −100 for log 0, and has no gradient for its target."""
    return -F.binary_cross_entropy(x, torch.sigmoid(logits), reduction="none")


# ----------------------------------------------------------------- without the reference, for what is written in other words


def normal(mean: Tensor, std: Tensor) -> Any:
    """A diagonal Gaussian of torch.distributions."""
    return Independent(Normal(mean, std), 1)


def q_and_prior(x, encoder):
    """q(z | x) and p(z), as distributions."""
    mean, log_var = encoder(x)
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return q, Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)


def bce(logits, x):
    """The cross-entropy of each image, summed over its pixels."""
    return F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
