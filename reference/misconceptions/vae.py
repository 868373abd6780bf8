"""Wrong answers to the tasks of `vae.py`."""

import torch
from torch import Generator, Tensor

from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import log_mean_exp
from reference.misconceptions import misconception
from reference.types import Decoder, Encoder
from reference.vae import elbo


def _draw(mean: Tensor, log_var: Tensor, n_samples: int, generator: Generator | None) -> Tensor:
    shape = (n_samples, *mean.shape)
    return sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)


def _terms(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    mean, log_var = encoder(x)
    z = _draw(mean, log_var, n_samples, generator)
    return bernoulli_log_density(x, decoder(z)).sum(-1), kl_standard_normal(mean, log_var)  # (S, B) and (B,)


@misconception("elbo", "plus_kl", "The KL divergence is added; the bound subtracts it.")
def _elbo_plus_kl(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.mean(0) + kl).mean()


@misconception("elbo", "kl_missing", "Only the reconstruction term is there; the KL divergence must be subtracted.")
def _elbo_kl_missing(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return _terms(x, encoder, decoder, n_samples, generator)[0].mean()


@misconception("elbo", "kl_twice", "The KL divergence counts twice: its factor ½ is missing.")
def _elbo_kl_twice(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.mean(0) - 2 * kl).mean()


@misconception("elbo", "kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).")
def _elbo_kl_half(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.mean(0) - 0.5 * kl).mean()


@misconception(
    "elbo", "kl_averaged_over_latents", "The KL divergence is averaged over the latent dimensions; it is their sum."
)
def _elbo_kl_averaged_over_latents(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.mean(0) - kl / encoder(x)[0].shape[-1]).mean()


@misconception(
    "elbo",
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the reconstruction is averaged over it.",
)
def _elbo_kl_summed_over_batch(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return reconstruction.mean() - kl.sum()


@misconception(
    "elbo", "averaged_over_pixels", "The log-probabilities are averaged over the pixels; log p(x | z) is their sum."
)
def _elbo_averaged_over_pixels(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.mean(0) / x.shape[-1] - kl).mean()


@misconception(
    "elbo", "divided_by_pixels", "The whole bound is divided by the number of pixels; nats per image are asked for."
)
def _elbo_divided_by_pixels(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / x.shape[-1]


@misconception("elbo", "summed_over_batch", "The batch is summed; the mean over the examples is asked for.")
def _elbo_summed_over_batch(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) * len(x)


@misconception("elbo", "samples_summed", "The reconstruction is summed over the samples of z; it must be averaged.")
def _elbo_samples_summed(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.sum(0) - kl).mean()


@misconception(
    "elbo",
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the ELBO.",
)
def _elbo_averaged_inside_log(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = _draw(mean, log_var, n_samples, generator)
    zero = torch.zeros_like(mean)
    log_w = gaussian_log_density(z, zero, zero) - gaussian_log_density(z, mean, log_var)
    return log_mean_exp(log_w + bernoulli_log_density(x, decoder(z)).sum(-1)).mean()


@misconception("elbo", "log_q_missing", "−log q(z | x) is missing: this is the average of log p(x, z) alone.")
def _elbo_log_q_missing(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = _draw(mean, log_var, n_samples, generator)
    zero = torch.zeros_like(mean)
    return (gaussian_log_density(z, zero, zero) + bernoulli_log_density(x, decoder(z)).sum(-1)).mean()


@misconception("elbo", "shared_noise", "One noise vector is shared by the whole batch; every example needs its own.")
def _elbo_shared_noise(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    zero = torch.zeros(n_samples, 1, mean.shape[-1], dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@misconception(
    "elbo",
    "shared_over_samples",
    "All `n_samples` samples of an example are the same draw, so that averaging them averages nothing.",
)
def _elbo_shared_over_samples(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, 1, generator)


@misconception("elbo", "same_noise_every_call", "A seed is set inside, so that every call draws the same noise.")
def _elbo_same_noise_every_call(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, Generator(device=x.device).manual_seed(0))


@misconception(
    "elbo",
    "score_function",
    "The encoder's gradient is that of log q(z | x), weighted (REINFORCE): right on average, but far too noisy to learn from.",
)
def _elbo_score_function(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = _draw(mean, log_var, n_samples, generator).detach()
    reconstruction, log_q = bernoulli_log_density(x, decoder(z)).sum(-1), gaussian_log_density(z, mean, log_var)
    score = reconstruction.detach() * (log_q - log_q.detach())  # 0 in value
    return (reconstruction + score - kl_standard_normal(mean, log_var)).mean()


@misconception(
    "elbo",
    "detached_sample",
    "The sample is detached from the graph, so the encoder gets no gradient from the reconstruction.",
)
def _elbo_detached_sample(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = _draw(mean, log_var, n_samples, generator).detach()
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@misconception(
    "elbo", "detached_kl", "The KL divergence is detached from the graph, so the encoder gets no gradient from it."
)
def _elbo_detached_kl(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return (reconstruction.mean(0) - kl.detach()).mean()


@misconception(
    "elbo", "variance_as_std", "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}."
)
def _elbo_variance_as_std(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = _draw(mean, 2 * log_var, n_samples, generator)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@misconception("elbo", "no_noise", "The mean of q is decoded; z must be drawn from q.")
def _elbo_no_noise(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return (bernoulli_log_density(x, decoder(mean)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@misconception("elbo", "prior_samples", "z is drawn from the prior; it must be drawn from q(z | x).")
def _elbo_prior_samples(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = _draw(torch.zeros_like(mean), torch.zeros_like(mean), n_samples, generator)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@misconception(
    "elbo", "sigmoid_twice", "The decoder's logits go through a sigmoid before a function that applies another one."
)
def _elbo_sigmoid_twice(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, lambda z: torch.sigmoid(decoder(z)), n_samples, generator)


@misconception(
    "elbo", "squared_error", "The reconstruction is a squared error; binary pixels have a Bernoulli log-probability."
)
def _elbo_squared_error(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    error = (x - torch.sigmoid(decoder(_draw(mean, log_var, n_samples, generator)))) ** 2
    return (-error.sum(-1) - kl_standard_normal(mean, log_var)).mean()


@misconception("elbo", "negative", "The sign is reversed: this is the loss, the negative of the bound.")
def _elbo_negative(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -elbo(x, encoder, decoder, n_samples, generator)


@misconception(
    "vae_loss", "sign", "The sign is reversed: this is the bound itself, and minimising it makes the model worse."
)
def _loss_sign(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator)


@misconception("vae_loss", "minus_kl", "The KL divergence is subtracted; in the loss it is added.")
def _loss_minus_kl(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction, kl = _terms(x, encoder, decoder, n_samples, generator)
    return -reconstruction.mean() - kl.mean()


@misconception("vae_loss", "kl_missing", "Only the reconstruction term is there; the KL divergence is missing.")
def _loss_kl_missing(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_terms(x, encoder, decoder, n_samples, generator)[0].mean()


@misconception("vae_loss", "kl_twice", "The KL divergence counts twice: its factor ½ is missing.")
def _loss_kl_twice(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_kl_twice(x, encoder, decoder, n_samples, generator)


@misconception("vae_loss", "kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).")
def _loss_kl_half(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_kl_half(x, encoder, decoder, n_samples, generator)


@misconception(
    "vae_loss", "kl_averaged_over_latents", "The KL divergence is averaged over the latent dimensions; it is their sum."
)
def _loss_kl_averaged_over_latents(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_kl_averaged_over_latents(x, encoder, decoder, n_samples, generator)


@misconception(
    "vae_loss",
    "mean_reduction",
    'The cross-entropy is averaged over the pixels (`reduction="mean"`); per image it is their sum.',
)
def _loss_mean_reduction(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_averaged_over_pixels(x, encoder, decoder, n_samples, generator)


@misconception("vae_loss", "summed_over_batch", "The batch is summed; the mean over the examples is asked for.")
def _loss_summed_over_batch(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -elbo(x, encoder, decoder, n_samples, generator) * len(x)


@misconception(
    "vae_loss",
    "detached_sample",
    "The sample is detached from the graph, so the encoder gets no gradient from the reconstruction.",
)
def _loss_detached_sample(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_detached_sample(x, encoder, decoder, n_samples, generator)


@misconception(
    "vae_loss", "sigmoid_twice", "The decoder's logits go through a sigmoid before a function that applies another one."
)
def _loss_sigmoid_twice(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_sigmoid_twice(x, encoder, decoder, n_samples, generator)


@misconception("vae_loss", "no_noise", "The mean of q is decoded; z must be drawn from q.")
def _loss_no_noise(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -_elbo_no_noise(x, encoder, decoder, n_samples, generator)
