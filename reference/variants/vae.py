"""Other right answers to the tasks of `vae.py`."""

import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from reference.types import Decoder, Encoder
from reference.variants import variant


def _gaussian(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * torch.exp(-log_var))).sum(-1)


def _normal(mean: Tensor, std: Tensor) -> Any:
    return Independent(Normal(mean, std), 1)


@variant("elbo", "joint_minus_log_q", "The mean of log p(x, z) − log q(z | x), with no closed form.")
def _elbo_joint_minus_log_q(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * eps
    logits = decoder(z)
    log_likelihood = (x * logits - softplus(logits)).sum(-1)
    log_prior = _gaussian(z, torch.zeros_like(z), torch.zeros_like(z))
    return (log_likelihood + log_prior - _gaussian(z, mean, log_var)).mean()


@variant("elbo", "loop_over_samples", "A loop over the samples, never over the batch.")
def _elbo_loop_over_samples(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = encoder(x)
    total = x.new_zeros(())
    for _ in range(n_samples):
        z = mu + (logvar * 0.5).exp() * torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=mu.device)
        total = total - binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / len(x)
    kl = -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp()) / len(x)
    return total / n_samples - kl


@variant("elbo", "distributions", "torch.distributions throughout, as in the DTU code; the generator is not used.")
def _elbo_distributions(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    q = _normal(mean, torch.exp(0.5 * log_var))
    prior = _normal(torch.zeros_like(mean), torch.ones_like(mean))
    z = q.rsample(torch.Size([n_samples]))
    p = Independent(Bernoulli(logits=decoder(z)), 1)
    elbo: Tensor = torch.mean(p.log_prob(x) - kl_divergence(q, prior), dim=(0, 1))  # type: ignore[no-untyped-call]
    return elbo


@variant("elbo", "flattened", "Samples and batch in one axis, without `generator` in the signature.")
def _elbo_flattened(x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1) -> Tensor:
    mean, log_var = encoder(x)
    mean, log_var = mean.repeat_interleave(n_samples, 0), log_var.repeat_interleave(n_samples, 0)
    images = x.repeat_interleave(n_samples, 0)
    z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
    bce = binary_cross_entropy_with_logits(decoder(z), images, reduction="none").sum(1)
    kl = 0.5 * (mean.pow(2) + log_var.exp() - log_var - 1).sum(1)
    return -(bce + kl).mean()


@variant(
    "elbo",
    "sticking_the_landing",
    "log q with detached parameters (Roeder et al. 2017): same value, same mean gradient.",
)
def _elbo_sticking_the_landing(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * eps
    log_likelihood = -binary_cross_entropy_with_logits(logits := decoder(z), x.expand_as(logits), reduction="none")
    log_ratio = _gaussian(z, torch.zeros_like(z), torch.zeros_like(z)) - _gaussian(z, mean.detach(), log_var.detach())
    return (log_likelihood.sum(-1) + log_ratio).mean()


@variant("elbo", "entropy", "E[log p(x, z)] by sampling plus the closed-form entropy of q.")
def _elbo_entropy(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * eps
    log_likelihood = -softplus((1 - 2 * x) * decoder(z)).sum(-1)
    log_prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)
    entropy = 0.5 * (1 + math.log(2 * math.pi) + log_var).sum(-1)
    return (log_likelihood + log_prior).mean(0).add(entropy).mean()


@variant(
    "elbo", "antithetic", "Noise in pairs ε and −ε over the samples: unbiased, and less noisy than independent draws."
)
def _elbo_antithetic(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    half = (n_samples + 1) // 2
    eps = torch.randn((half, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * torch.stack([eps, -eps], dim=1).flatten(0, 1)[:n_samples]
    log_likelihood = -binary_cross_entropy_with_logits(logits := decoder(z), x.expand_as(logits), reduction="none")
    return (log_likelihood.sum(-1).mean(0) + 0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(-1)).mean()


@variant("vae_loss", "cross_entropy_plus_kl", "Summed cross-entropy plus KL, divided by the batch size.")
def _loss_cross_entropy_plus_kl(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = encoder(x)
    eps = torch.randn((n_samples, *mu.shape), generator=generator, dtype=mu.dtype, device=mu.device)
    logits = decoder(mu + eps * torch.exp(0.5 * logvar))
    bce = binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="sum") / n_samples
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kld) / x.size(0)


@variant("vae_loss", "minus_negative_kl", "The negative of the KL divergence is subtracted in place.")
def _loss_minus_negative_kl(
    images: Tensor, enc: Encoder, dec: Decoder, samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = enc(images)
    loss = images.new_zeros(len(images))
    for _ in range(samples):
        z = mu + torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=mu.device) * logvar.exp().sqrt()
        loss = loss + softplus((1 - 2 * images) * dec(z)).sum(1) / samples
    loss -= 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)
    return loss.mean()


@variant("vae_loss", "log_ratio", "log q(z | x) − log p(z) − log p(x | z), sampled, with torch.distributions.")
def _loss_log_ratio(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    q = _normal(mean, torch.exp(0.5 * log_var))
    z = q.rsample((n_samples,))
    log_p = _normal(torch.zeros_like(mean), torch.ones_like(mean)).log_prob(z)
    log_likelihood = Bernoulli(logits=decoder(z)).log_prob(x).sum(-1)  # type: ignore[no-untyped-call]
    loss: Tensor = (q.log_prob(z) - log_p - log_likelihood).mean()
    return loss


@variant("vae_loss", "antithetic", "Noise in pairs ε and −ε when the number of samples is even: unbiased all the same.")
def _loss_antithetic(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    half = (n_samples + 1) // 2
    eps = torch.randn((half, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * torch.cat([eps, -eps])[:n_samples]
    kl = 0.5 * (torch.expm1(log_var) - log_var + mean**2).sum(-1)
    return (softplus((1 - 2 * x) * decoder(z)).sum(-1).mean(0) + kl).mean()
