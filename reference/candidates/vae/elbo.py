"""What is held against the checks of `elbo`."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates._helpers import rows
from reference.candidates.vae._helpers import (
    LOG_2PI,
    bce,
    changed,
    draw,
    half_sum,
    kl,
    normal,
    probability,
    q_and_prior,
    swapped,
    times_log_var,
    uniform,
    with_other_likelihood,
    with_other_noise,
)
from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import log_mean_exp
from reference.types import AnyDecoder, AnyEncoder
from reference.vae import elbo

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("plus_kl", "The KL divergence is added; the bound subtracts it.", severity="slip")
def _plus_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + 2 * kl(x, encoder)


@wrong("kl_missing", "Only the reconstruction term is there; the KL divergence must be subtracted.", severity="gap")
def _kl_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + kl(x, encoder)


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - kl(x, encoder)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).", severity="slip")
def _kl_half(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + 0.5 * kl(x, encoder)


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + (1 - 1 / encoder(x)[0].shape[-1]) * kl(x, encoder)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the reconstruction is averaged over it.",
    severity="slip",
)
def _kl_summed_over_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - (len(x) - 1) * kl(x, encoder)


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / x.shape[-1] - (1 - 1 / x.shape[-1]) * kl(x, encoder)


@wrong(
    "divided_by_pixels",
    "The whole bound is divided by the number of pixels; nats per image are asked for.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / x.shape[-1]


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) * len(x)


@wrong("samples_summed", "The reconstruction is summed over the samples of z; it must be averaged.", severity="slip")
def _samples_summed(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return n_samples * elbo(x, encoder, decoder, n_samples, generator) + (n_samples - 1) * kl(x, encoder)


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the ELBO.",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator)
    zero = torch.zeros_like(mean)
    log_w = gaussian_log_density(z, zero, zero) - gaussian_log_density(z, mean, log_var)
    return log_mean_exp(log_w + bernoulli_log_density(x, decoder(z)).sum(-1)).mean()


@wrong("log_q_missing", "−log q(z | x) is missing: this is the average of log p(x, z) alone.", severity="gap")
def _log_q_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - half_sum(1 + LOG_2PI + encoder(x)[1])


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    zero = torch.zeros(n_samples, 1, mean.shape[-1], dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "shared_over_samples",
    "One draw of an example stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, 1, generator)


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same noise.", severity="slip")
def _same_noise_every_call(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, Generator(device=x.device).manual_seed(0))


@wrong(
    "score_function",
    "The encoder's gradient is that of log q(z | x), weighted (REINFORCE): right on average, but far too noisy to learn from.",
    severity="slip",
    credit=0.7,
)
def _score_function(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator).detach()
    reconstruction, log_q = bernoulli_log_density(x, decoder(z)).sum(-1), gaussian_log_density(z, mean, log_var)
    score = reconstruction.detach() * (log_q - log_q.detach())  # 0 in value
    return (reconstruction + score - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "detached_sample",
    "The sample is detached from the graph, so the encoder gets no gradient from the reconstruction.",
    severity="slip",
    credit=0.5,
)
def _detached_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator).detach()
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "detached_kl",
    "The KL divergence is detached from the graph, so the encoder gets no gradient from it.",
    severity="slip",
    credit=0.5,
)
def _detached_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + kl(x, encoder) - kl(x, encoder).detach()


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (mean, 2 * log_var))
    return elbo(x, other, decoder, n_samples, generator) + kl(x, other) - kl(x, encoder)


@wrong("no_noise", "The mean of q is decoded; z must be drawn from q.", severity="gap")
def _no_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return (bernoulli_log_density(x, decoder(mean)).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong("prior_samples", "z is drawn from the prior; it must be drawn from q(z | x).", severity="gap")
def _prior_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (torch.zeros_like(mean), torch.zeros_like(log_var)))
    return elbo(x, other, decoder, n_samples, generator) + kl(x, other) - kl(x, encoder)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, lambda z: torch.sigmoid(decoder(z)), n_samples, generator)


@wrong(
    "squared_error",
    "The reconstruction is a squared error; binary pixels have a Bernoulli log-probability.",
    severity="gap",
)
def _squared_error(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    error = (x - torch.sigmoid(decoder(draw(mean, log_var, n_samples, generator)))) ** 2
    return (-error.sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong("negative", "The sign is reversed: this is the loss, the negative of the bound.", severity="slip")
def _negative(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -elbo(x, encoder, decoder, n_samples, generator)


@wrong(
    "loop_over_examples",
    "A Python loop goes over the examples of the batch; operations on whole tensors do all of them at once.",
    severity="form",
    credit=0.95,
)
def _loop_over_examples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([elbo(row, encoder, decoder, n_samples, generator) for row in rows(x)]).mean()


@wrong(
    "per_example", "One value per example, or per sample, is returned; the mean of all is asked for.", severity="form"
)
def _per_example(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    log_likelihood = bernoulli_log_density(x, decoder(draw(mean, log_var, n_samples, generator))).sum(-1)
    return log_likelihood.mean(0) - kl_standard_normal(mean, log_var)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    probs = torch.sigmoid(decoder(sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)))
    reconstruction = (x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1)
    return (reconstruction - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "kl_divided_by_pixels",
    "The KL divergence is divided by the number of pixels; it counts in full beside a sum over pixels.",
    severity="slip",
)
def _kl_divided_by_pixels(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + (1 - 1 / x.shape[-1]) * kl(x, encoder)


@wrong("kl_divided_by_batch", "The KL divergence is averaged over the batch twice.", severity="slip")
def _kl_divided_by_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + (1 - 1 / len(x)) * kl(x, encoder)


@wrong(
    "kl_summed_over_samples",
    "The KL divergence is summed over the samples of z; it counts once for every example.",
    severity="slip",
)
def _kl_summed_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - (n_samples - 1) * kl(x, encoder)


@wrong("kl_mean_missing", "The term ½ Σ μ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_mean_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + half_sum(encoder(x)[0] ** 2)


@wrong("kl_variance_missing", "The term ½ Σ σ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_variance_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + half_sum(encoder(x)[1].exp())


@wrong("kl_log_variance_missing", "The term −½ Σ log σ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_log_variance_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - half_sum(encoder(x)[1])


@wrong(
    "kl_one_missing",
    "The constant −½ in every dimension of the KL divergence is missing, so that it is never 0.",
    severity="slip",
    credit=0.7,
)
def _kl_one_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - 0.5 * encoder(x)[0].shape[-1]


@wrong(
    "kl_one_for_all_latents",
    "The constant −½ of the KL divergence is there once; every latent dimension has one.",
    severity="slip",
    credit=0.7,
)
def _kl_one_for_all_latents(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - 0.5 * (encoder(x)[0].shape[-1] - 1)


@wrong("kl_log_variance_sign", "In the KL divergence log σ² is added; it must be subtracted.", severity="slip")
def _kl_log_variance_sign(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - 2 * half_sum(encoder(x)[1])


@wrong(
    "kl_std_for_variance", "In the KL divergence σ stands where the variance σ² = e^{log_var} belongs.", severity="slip"
)
def _kl_std_for_variance(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    _, log_var = encoder(x)
    return elbo(x, encoder, decoder, n_samples, generator) + half_sum(log_var.exp() - (0.5 * log_var).exp())


@wrong(
    "kl_log_std_for_log_variance",
    "In the KL divergence log σ stands where log σ², twice that, belongs.",
    severity="slip",
)
def _kl_log_std_for_log_variance(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) - 0.5 * half_sum(encoder(x)[1])


@wrong(
    "kl_log_variance_twice",
    "In the KL divergence log σ² counts twice: `log_var` is log σ² already, not log σ.",
    severity="slip",
)
def _kl_log_variance_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) + half_sum(encoder(x)[1])


@wrong("kl_mean_not_squared", "In the KL divergence μ stands where μ² belongs.", severity="slip")
def _kl_mean_not_squared(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, _ = encoder(x)
    return elbo(x, encoder, decoder, n_samples, generator) + half_sum(mean**2 - mean)


@wrong("kl_with_log_std", "In the KL divergence `log_var` is taken for log σ; it is log σ².", severity="slip")
def _kl_with_log_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return (
        elbo(x, encoder, decoder, n_samples, generator)
        + kl(x, encoder)
        - kl(x, changed(encoder, lambda mean, log_var: (mean, 2 * log_var)))
    )


@wrong(
    "kl_reversed",
    "This is the divergence of the prior from q, KL(p(z) ‖ q(z | x)); the bound has KL(q(z | x) ‖ p(z)).",
    severity="slip",
)
def _kl_reversed(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return (
        elbo(x, encoder, decoder, n_samples, generator)
        + kl(x, encoder)
        - half_sum(log_var + (1 + mean**2) / log_var.exp() - 1)
    )


@wrong(
    "reconstruction_missing",
    "Only the KL divergence is there; log p(x | z) is missing, and with it the decoder.",
    severity="gap",
    credit=0.3,
)
def _reconstruction_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -kl(x, encoder)


@wrong(
    "reconstruction_sign",
    "The reconstruction has the wrong sign: a cross-entropy is the negative of log p(x | z).",
    severity="slip",
    credit=0.5,
)
def _reconstruction_sign(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -elbo(x, encoder, decoder, n_samples, generator) - 2 * kl(x, encoder)


@wrong(
    "reconstruction_summed_over_batch",
    "The reconstruction is summed over the batch while the KL divergence is averaged over it.",
    severity="slip",
)
def _reconstruction_summed_over_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return len(x) * elbo(x, encoder, decoder, n_samples, generator) + (len(x) - 1) * kl(x, encoder)


@wrong("averaged_over_batch_twice", "The result is divided by the batch size twice.", severity="slip", credit=0.7)
def _averaged_over_batch_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / len(x)


@wrong(
    "summed_over_samples",
    "Everything is summed over the samples of z; it must be averaged.",
    severity="slip",
    credit=0.7,
)
def _summed_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return n_samples * elbo(x, encoder, decoder, n_samples, generator)


@wrong(
    "divided_by_samples_twice",
    "The reconstruction is averaged over the samples of z, and divided by their number once more.",
    severity="slip",
    credit=0.7,
)
def _divided_by_samples_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / n_samples - (1 - 1 / n_samples) * kl(x, encoder)


@wrong(
    "log_prior_missing",
    "log p(z) is missing: this is the average of log p(x | z) − log q(z | x) alone.",
    severity="gap",
)
def _log_prior_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return elbo(x, encoder, decoder, n_samples, generator) + half_sum(mean**2 + log_var.exp() + LOG_2PI)


@wrong(
    "std_missing_in_sample",
    "The noise is added to the mean as it is; it must be multiplied by σ = e^{½ log_var}.",
    severity="slip",
)
def _std_missing_in_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (mean, torch.zeros_like(log_var)))
    return elbo(x, other, decoder, n_samples, generator) + kl(x, other) - kl(x, encoder)


@wrong("mean_missing_in_sample", "The mean of q is missing in z = μ + σ ⊙ ε.", severity="slip", credit=0.5)
def _mean_missing_in_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (torch.zeros_like(mean), log_var))
    return elbo(x, other, decoder, n_samples, generator) + kl(x, other) - kl(x, encoder)


@wrong("reciprocal_std", "The noise is multiplied by e^{−½ log_var} = 1/σ; σ is e^{½ log_var}.", severity="slip")
def _reciprocal_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (mean, -log_var))
    return elbo(x, other, decoder, n_samples, generator) + kl(x, other) - kl(x, encoder)


@wrong(
    "log_var_as_std", "The noise is multiplied by `log_var` itself; it belongs to σ = e^{½ log_var}.", severity="slip"
)
def _log_var_as_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_noise(x, encoder, decoder, n_samples, times_log_var)


@wrong(
    "uniform_noise", "The noise is uniform (`torch.rand`); it must be standard normal (`torch.randn`).", severity="slip"
)
def _uniform_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_noise(x, encoder, decoder, n_samples, uniform)


@wrong(
    "log_std_convention",
    "`log_var` is taken for log σ, in the sample and in the KL divergence; it is log σ².",
    severity="slip",
)
def _log_std_convention(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, changed(encoder, lambda mean, log_var: (mean, 2 * log_var)), decoder, n_samples, generator)


@wrong(
    "outputs_swapped",
    "The encoder's results are taken in the wrong order: the mean comes first, then the log-variance.",
    severity="slip",
)
def _outputs_swapped(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, changed(encoder, lambda mean, log_var: (log_var, mean)), decoder, n_samples, generator)


@wrong(
    "black_pixels_missing",
    "The part (1 − x) log(1 − p) of the log-probability is missing, so that black pixels say nothing.",
    severity="slip",
    credit=0.5,
)
def _black_pixels_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_likelihood(x, encoder, decoder, n_samples, generator, lambda x, logits: x * logsigmoid(logits))


@wrong(
    "log_missing",
    "The probability of every pixel is summed; the logarithm of it is missing.",
    severity="slip",
    credit=0.5,
)
def _log_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_likelihood(x, encoder, decoder, n_samples, generator, probability)


@wrong(
    "arguments_swapped",
    "Image and reconstruction have changed places in the cross-entropy: the reconstruction is scored by the image.",
    severity="slip",
)
def _arguments_swapped(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_likelihood(x, encoder, decoder, n_samples, generator, swapped)


@wrong("bits", "The result is in bits (a logarithm to base 2); nats are asked for.", severity="slip", credit=0.75)
def _bits(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / math.log(2)


@wrong(
    "detached_reconstruction",
    "The reconstruction is detached from the graph, so the decoder gets no gradient.",
    severity="slip",
    credit=0.5,
)
def _detached_reconstruction(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction = elbo(x, encoder, decoder, n_samples, generator) + kl(x, encoder)
    return reconstruction.detach() - kl(x, encoder)


@wrong("detached", "The result is cut from the graph, so no gradient flows through it.", severity="slip", credit=0.5)
def _detached(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator).detach()


@wrong(
    "averaged_over_everything",
    "Everything is averaged, over the pixels and over the latent dimensions as well; both are sums for every example.",
    severity="slip",
    credit=0.5,
)
def _averaged_over_everything(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / x.shape[-1] + (
        1 / x.shape[-1] - 1 / encoder(x)[0].shape[-1]
    ) * kl(x, encoder)


@wrong(
    "mean_reconstruction_summed_kl",
    'The reconstruction is averaged over pixels and batch (the default `reduction="mean"`), the KL divergence summed over all.',
    severity="slip",
    credit=0.5,
)
def _mean_reconstruction_summed_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / x.shape[-1] - (len(x) - 1 / x.shape[-1]) * kl(x, encoder)


@wrong(
    "only_mean_cross_entropy",
    "Only the cross-entropy is there, averaged over the pixels; it is summed over them, and the KL divergence belongs to it.",
    severity="gap",
    credit=0.3,
)
def _only_mean_cross_entropy(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return elbo(x, encoder, decoder, n_samples, generator) / x.shape[-1] + kl(x, encoder) / x.shape[-1]


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("averaged_over_pixels")
def _averaged_over_pixels_with_sampled_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    z, log_ratio = _sampled_ratio(x, encoder, n_samples, generator)
    return (bernoulli_log_density(x, decoder(z)).mean(-1) + log_ratio).mean()


@wrong("negative")
def _negative_with_sampled_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    z, log_ratio = _sampled_ratio(x, encoder, n_samples, generator)
    return -(bernoulli_log_density(x, decoder(z)).sum(-1) + log_ratio).mean()


def _sampled_ratio(
    x: Tensor, encoder: AnyEncoder, n_samples: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draws from q, and log p(z) − log q(z | x) for each."""
    mean, log_var = encoder(x)
    mean, log_var = (part.expand(n_samples, *part.shape) for part in (mean, log_var))
    z = sample_gaussian(mean, log_var, generator)
    zeros = torch.zeros_like(z)
    return z, gaussian_log_density(z, zeros, zeros) - gaussian_log_density(z, mean, log_var)


@wrong("per_example")
def _per_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([elbo(x, encoder, decoder, 1, generator) for _ in range(n_samples)])


@wrong("squared_error")
def _half_the_squared_error(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    """A Gaussian with variance 1, without its constant."""
    return with_other_likelihood(
        x, encoder, decoder, n_samples, generator, lambda x, logits: -0.5 * (x - torch.sigmoid(logits)) ** 2
    )


@wrong("squared_error")
def _gaussian_with_unit_variance(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_likelihood(
        x, encoder, decoder, n_samples, generator, lambda x, logits: -0.5 * ((x - torch.sigmoid(logits)) ** 2 + LOG_2PI)
    )


@wrong("squared_error")
def _squared_error_of_logits(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_likelihood(x, encoder, decoder, n_samples, generator, lambda x, logits: -((x - logits) ** 2))


@wrong("squared_error")
def _mean_squared_error(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return with_other_likelihood(
        x, encoder, decoder, n_samples, generator, lambda x, logits: -((x - torch.sigmoid(logits)) ** 2) / x.shape[-1]
    )


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("kl_twice", rewritten=True)
def _monte_carlo_kl_twice(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return (-bce(decoder(z), x) - 2 * (q.log_prob(z) - prior.log_prob(z))).mean()


@wrong("plus_kl", rewritten=True)
def _loop_over_samples(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    total = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        total = total - F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (total / n_samples + kl) / x.shape[0]


@wrong("averaged_over_pixels", rewritten=True)
def _bce_mean_with_sampled_kl(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    log_ratio = prior.log_prob(z) - q.log_prob(z)
    logits = decoder(z)
    return log_ratio.mean() - F.binary_cross_entropy_with_logits(logits, x.expand_as(logits))


@wrong("no_noise", rewritten=True)
def _decode_the_mean(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    log_likelihood = Bernoulli(logits=decoder(mu)).log_prob(x).sum(-1)
    return torch.mean(log_likelihood + 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1))


@wrong("detached_sample", rewritten=True)
def _drawn_by_torch_normal(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    z = torch.normal(mu.expand(n_samples, -1, -1), torch.exp(0.5 * logvar).expand(n_samples, -1, -1))
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return -(bce(decoder(z), x).mean(0) + kl).mean()


@wrong("averaged_inside_log", rewritten=True)
def _importance_weighted(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    log_w = prior.log_prob(z) - bce(decoder(z), x) - q.log_prob(z)
    top = log_w.max(0).values
    return (top + torch.log(torch.exp(log_w - top).sum(0) / n_samples)).mean()


@wrong("shared_noise", rewritten=True)
def _one_noise_vector_per_sample(x, encoder, decoder, n_samples=1):
    mean, log_var = encoder(x)
    kl = kl_divergence(Normal(mean, torch.exp(0.5 * log_var)), Normal(0.0, 1.0)).sum(-1)
    bounds = []
    for _ in range(n_samples):
        eps = torch.randn(mean.shape[-1], dtype=mean.dtype)
        bounds.append(-bce(decoder(mean + eps * torch.exp(0.5 * log_var)), x) - kl)
    return torch.stack(bounds).mean()


@wrong("negative", rewritten=True)
def _loss_with_entropy(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    energy = bce(decoder(z), x) - prior.log_prob(z)
    return energy.mean() - q.entropy().mean()


@wrong("kl_mean_missing", rewritten=True)
def _closed_form_without_mean(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    z = mu + torch.randn(n_samples, *mu.shape, dtype=mu.dtype) * torch.exp(0.5 * logvar)
    return -bce(decoder(z), x).mean() + 0.5 * (1 + logvar - logvar.exp()).sum(1).mean()


@wrong("log_prior_missing", rewritten=True)
def _likelihood_minus_log_q(x, encoder, decoder, n_samples=1):
    q, _ = q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return (Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) - q.log_prob(z)).mean()


@wrong("log_std_convention", rewritten=True)
def _scale_is_exp(x, encoder, decoder, n_samples=1):
    mean, log_scale = encoder(x)
    q, prior = normal(mean, log_scale.exp()), normal(torch.zeros_like(mean), torch.ones_like(mean))
    z = q.rsample((n_samples,))
    return (-bce(decoder(z), x) + prior.log_prob(z) - q.log_prob(z)).mean()


@wrong("mean_reconstruction_summed_kl", rewritten=True)
def _two_reductions(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    reconstruction = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        reconstruction = reconstruction - F.binary_cross_entropy_with_logits(decoder(z), x)
    return reconstruction / n_samples + 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


@wrong("arguments_swapped", rewritten=True)
def _target_first(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    probs = torch.sigmoid(decoder(q.rsample((n_samples,))))
    scored = F.binary_cross_entropy(x.expand_as(probs), probs, reduction="none").sum(-1)
    return -(scored + kl_divergence(q, prior)).mean()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _best_sample(x, encoder, decoder, n_samples=1):
    """The maximum over the samples where the mean belongs."""
    q, prior = q_and_prior(x, encoder)
    return (-bce(decoder(q.rsample((n_samples,))), x).amax(0) - kl_divergence(q, prior)).mean()


@wrong()
def _logits_cooled(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    return (-bce(0.6 * decoder(q.rsample((n_samples,))), x) - kl_divergence(q, prior)).mean()


@wrong()
def _noise_a_third_too_wide(x, encoder, decoder, n_samples=1):
    mean, log_var = encoder(x)
    z = mean + 1.3 * torch.exp(0.5 * log_var) * torch.randn((n_samples, *mean.shape), dtype=mean.dtype)
    kl = 0.5 * (mean**2 + log_var.exp() - log_var - 1).sum(-1)
    return -(bce(decoder(z), x) + kl).mean()


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.7, "Summed over the batch for averaged.")
def _sum_over_the_batch(x, encoder, decoder, n_samples=1, generator=None):
    mu, log_var = encoder(x)
    total = 0.0
    for _ in range(n_samples):
        eps = torch.randn(mu.shape, generator=generator, dtype=mu.dtype)
        logits = decoder(mu + torch.exp(0.5 * log_var) * eps)
        total = total - F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp())
    return total / n_samples - kl


# -------------------------------------------------------------------------------------------------------- right answers


def _gaussian(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * torch.exp(-log_var))).sum(-1)


@right("joint_minus_log_q", "The mean of log p(x, z) − log q(z | x), with no closed form.")
def _joint_minus_log_q(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * eps
    logits = decoder(z)
    log_likelihood = (x * logits - softplus(logits)).sum(-1)
    log_prior = _gaussian(z, torch.zeros_like(z), torch.zeros_like(z))
    return (log_likelihood + log_prior - _gaussian(z, mean, log_var)).mean()


@right("loop_over_samples", "A loop over the samples, never over the batch.")
def _right_loop_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = encoder(x)
    total = x.new_zeros(())
    for _ in range(n_samples):
        z = mu + (logvar * 0.5).exp() * torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=mu.device)
        total = total - binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / len(x)
    kl = -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp()) / len(x)
    return total / n_samples - kl


@right("distributions", "torch.distributions throughout, as in the DTU code; the generator is not used.")
def _distributions(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    q = normal(mean, torch.exp(0.5 * log_var))
    prior = normal(torch.zeros_like(mean), torch.ones_like(mean))
    z = q.rsample(torch.Size([n_samples]))
    p = Independent(Bernoulli(logits=decoder(z)), 1)
    elbo: Tensor = torch.mean(p.log_prob(x) - kl_divergence(q, prior), dim=(0, 1))
    return elbo


@right("flattened", "Samples and batch in one axis, without `generator` in the signature.")
def _flattened(x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1) -> Tensor:
    mean, log_var = encoder(x)
    mean, log_var = mean.repeat_interleave(n_samples, 0), log_var.repeat_interleave(n_samples, 0)
    images = x.repeat_interleave(n_samples, 0)
    z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
    bce = binary_cross_entropy_with_logits(decoder(z), images, reduction="none").sum(1)
    kl = 0.5 * (mean.pow(2) + log_var.exp() - log_var - 1).sum(1)
    return -(bce + kl).mean()


@right("sticking_the_landing", "log q with detached parameters (Roeder et al. 2017): same value, same mean gradient.")
def _sticking_the_landing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * eps
    log_likelihood = -binary_cross_entropy_with_logits(logits := decoder(z), x.expand_as(logits), reduction="none")
    log_ratio = _gaussian(z, torch.zeros_like(z), torch.zeros_like(z)) - _gaussian(z, mean.detach(), log_var.detach())
    return (log_likelihood.sum(-1) + log_ratio).mean()


@right("entropy", "E[log p(x, z)] by sampling plus the closed-form entropy of q.")
def _entropy(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * eps
    log_likelihood = -softplus((1 - 2 * x) * decoder(z)).sum(-1)
    log_prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)
    entropy = 0.5 * (1 + math.log(2 * math.pi) + log_var).sum(-1)
    return (log_likelihood + log_prior).mean(0).add(entropy).mean()


@right("antithetic", "Noise in pairs ε and −ε over the samples: unbiased, and less noisy than independent draws.")
def _antithetic(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    half = (n_samples + 1) // 2
    eps = torch.randn((half, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(log_var / 2) * torch.stack([eps, -eps], dim=1).flatten(0, 1)[:n_samples]
    log_likelihood = -binary_cross_entropy_with_logits(logits := decoder(z), x.expand_as(logits), reduction="none")
    return (log_likelihood.sum(-1).mean(0) + 0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(-1)).mean()
