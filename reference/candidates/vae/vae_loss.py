"""What is held against the checks of `vae_loss`."""

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from autograder.authoring.candidates import right, wrong
from reference.candidates._helpers import rows
from reference.candidates.vae._helpers import bce, draw, normal, q_and_prior, terms
from reference.densities import bernoulli_log_density
from reference.divergences import kl_standard_normal
from reference.types import Decoder, Encoder
from reference.vae import elbo, vae_loss

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "sign",
    "The sign is reversed: this is the bound itself, and minimising it makes the model worse.",
    severity="slip",
    credit=0.5,
)
def _sign(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator)


@wrong("minus_kl", "The KL divergence is subtracted; in the loss it is added.", severity="slip", credit=0.5)
def _minus_kl(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = terms(x, encoder, decoder, n_samples, generator)
    return -reconstruction.mean() - kl.mean()


@wrong("kl_missing", "Only the reconstruction term is there; the KL divergence is missing.", severity="gap")
def _kl_missing(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -terms(x, encoder, decoder, n_samples, generator)[0].mean()


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = terms(x, encoder, decoder, n_samples, generator)
    return -(reconstruction.mean(0) - 2 * kl).mean()


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).", severity="slip")
def _kl_half(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = terms(x, encoder, decoder, n_samples, generator)
    return -(reconstruction.mean(0) - 0.5 * kl).mean()


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = terms(x, encoder, decoder, n_samples, generator)
    return -(reconstruction.mean(0) - kl / encoder(x)[0].shape[-1]).mean()


@wrong(
    "mean_reduction",
    'The cross-entropy is averaged over the pixels (`reduction="mean"`); per image it is their sum.',
    severity="slip",
)
def _mean_reduction(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = terms(x, encoder, decoder, n_samples, generator)
    return -(reconstruction.mean(0) / x.shape[-1] - kl).mean()


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -elbo(x, encoder, decoder, n_samples, generator) * len(x)


@wrong(
    "detached_sample",
    "The sample is detached from the graph, so the encoder gets no gradient from the reconstruction.",
    severity="slip",
    credit=0.5,
)
def _detached_sample(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator).detach()
    return -(bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -elbo(x, encoder, lambda z: torch.sigmoid(decoder(z)), n_samples, generator)


@wrong("no_noise", "The mean of q is decoded; z must be drawn from q.", severity="gap")
def _no_noise(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return -(bernoulli_log_density(x, decoder(mean)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "per_example",
    "One value per example is returned; a loss is their mean, a single number.",
    severity="slip",
    credit=0.75,
)
def _per_example(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([vae_loss(row, encoder, decoder, n_samples, generator) for row in rows(x)])


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("sign", rewritten=True)
def _monte_carlo_bound(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return (Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) + prior.log_prob(z) - q.log_prob(z)).mean()


@wrong("mean_reduction", rewritten=True)
def _default_reduction(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    loss = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        loss = loss + F.binary_cross_entropy_with_logits(decoder(z), x) / n_samples
    return loss - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()


@wrong("summed_over_batch", rewritten=True)
def _sum_of_everything(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    z = Normal(mu, torch.exp(logvar / 2)).rsample((n_samples,))
    return bce(decoder(z), x).sum() / n_samples - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


@wrong("detached_sample", rewritten=True)
def _sample_not_rsample(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    return (bce(decoder(q.sample((n_samples,))), x) + kl_divergence(q, prior)).mean()


@wrong("minus_kl", rewritten=True)
def _kl_of_wrong_sign(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return bce(decoder(z), x).mean() + (prior.log_prob(z) - q.log_prob(z)).mean()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _kl_annealed(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    return (bce(decoder(q.rsample((n_samples,))), x) + 0.1 * kl_divergence(q, prior)).mean()


# -------------------------------------------------------------------------------------------------------- right answers


@right("cross_entropy_plus_kl", "Summed cross-entropy plus KL, divided by the batch size.")
def _cross_entropy_plus_kl(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = encoder(x)
    eps = torch.randn((n_samples, *mu.shape), generator=generator, dtype=mu.dtype, device=mu.device)
    logits = decoder(mu + eps * torch.exp(0.5 * logvar))
    bce = binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="sum") / n_samples
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kld) / x.size(0)


@right("minus_negative_kl", "The negative of the KL divergence is subtracted in place.")
def _minus_negative_kl(
    images: Tensor, enc: Encoder, dec: Decoder, samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = enc(images)
    loss = images.new_zeros(len(images))
    for _ in range(samples):
        z = mu + torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=mu.device) * logvar.exp().sqrt()
        loss = loss + softplus((1 - 2 * images) * dec(z)).sum(1) / samples
    loss -= 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)
    return loss.mean()


@right("log_ratio", "log q(z | x) − log p(z) − log p(x | z), sampled, with torch.distributions.")
def _log_ratio(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    q = normal(mean, torch.exp(0.5 * log_var))
    z = q.rsample((n_samples,))
    log_p = normal(torch.zeros_like(mean), torch.ones_like(mean)).log_prob(z)
    log_likelihood = Bernoulli(logits=decoder(z)).log_prob(x).sum(-1)
    loss: Tensor = (q.log_prob(z) - log_p - log_likelihood).mean()
    return loss


@right("antithetic", "Noise in pairs ε and −ε when the number of samples is even: unbiased all the same.")
def _antithetic(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    half = (n_samples + 1) // 2
    eps = torch.randn((half, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * torch.cat([eps, -eps])[:n_samples]
    kl = 0.5 * (torch.expm1(log_var) - log_var + mean**2).sum(-1)
    return (softplus((1 - 2 * x) * decoder(z)).sum(-1).mean(0) + kl).mean()


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x -> x.detach()": "Images are data: nothing is differentiated with respect to them.",
}
