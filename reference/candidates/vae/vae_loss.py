"""What is held against the checks of `vae_loss`."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from autograder.authoring.candidates import right, wrong
from reference.candidates._helpers import rows
from reference.candidates.vae import elbo as of_the_bound
from reference.candidates.vae._helpers import (
    LOG_2PI,
    bce,
    changed,
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
from reference.types import AnyDecoder, AnyEncoder
from reference.vae import vae_loss

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "sign",
    "The sign is reversed: this is the bound itself, and minimising it makes the model worse.",
    severity="slip",
    credit=0.5,
)
def _sign(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -vae_loss(x, encoder, decoder, n_samples, generator)


@wrong("minus_kl", "The KL divergence is subtracted; in the loss it is added.", severity="slip", credit=0.5)
def _minus_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - 2 * kl(x, encoder)


@wrong("kl_missing", "Only the reconstruction term is there; the KL divergence is missing.", severity="gap")
def _kl_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - kl(x, encoder)


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + kl(x, encoder)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).", severity="slip")
def _kl_half(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - 0.5 * kl(x, encoder)


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - (1 - 1 / encoder(x)[0].shape[-1]) * kl(x, encoder)


@wrong(
    "mean_reduction",
    'The cross-entropy is averaged over the pixels (`reduction="mean"`); per image it is their sum.',
    severity="slip",
)
def _mean_reduction(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / x.shape[-1] + (1 - 1 / x.shape[-1]) * kl(x, encoder)


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) * len(x)


@wrong(
    "detached_sample",
    "The sample is detached from the graph, so the encoder gets no gradient from the reconstruction.",
    severity="slip",
    credit=0.5,
)
def _detached_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._detached_sample(x, encoder, decoder, n_samples, generator)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, lambda z: torch.sigmoid(decoder(z)), n_samples, generator)


@wrong("no_noise", "The mean of q is decoded; z must be drawn from q.", severity="gap")
def _no_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._no_noise(x, encoder, decoder, n_samples, generator)


@wrong(
    "per_example",
    "One value per example, or per sample, is returned; a loss is the mean of all, a single number.",
    severity="slip",
    credit=0.75,
)
def _per_example(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._per_example(x, encoder, decoder, n_samples, generator)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the reconstruction is averaged over it.",
    severity="slip",
)
def _kl_summed_over_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + (len(x) - 1) * kl(x, encoder)


@wrong(
    "divided_by_pixels",
    "The loss is divided by the number of pixels; nats per image are asked for.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / x.shape[-1]


@wrong("samples_summed", "The reconstruction is summed over the samples of z; it must be averaged.", severity="slip")
def _samples_summed(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return n_samples * vae_loss(x, encoder, decoder, n_samples, generator) - (n_samples - 1) * kl(x, encoder)


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the negative ELBO.",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._averaged_inside_log(x, encoder, decoder, n_samples, generator)


@wrong("log_q_missing", "log q(z | x) is missing: this is the average of −log p(x, z) alone.", severity="gap")
def _log_q_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + half_sum(1 + LOG_2PI + encoder(x)[1])


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._shared_noise(x, encoder, decoder, n_samples, generator)


@wrong(
    "shared_over_samples",
    "One draw of an example stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, 1, generator)


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same noise.", severity="slip")
def _same_noise_every_call(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, Generator(device=x.device).manual_seed(0))


@wrong(
    "score_function",
    "The encoder's gradient is that of log q(z | x), weighted (REINFORCE): right on average, but far too noisy to learn from.",
    severity="slip",
    credit=0.7,
)
def _score_function(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._score_function(x, encoder, decoder, n_samples, generator)


@wrong(
    "detached_kl",
    "The KL divergence is detached from the graph, so the encoder gets no gradient from it.",
    severity="slip",
    credit=0.5,
)
def _detached_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - kl(x, encoder) + kl(x, encoder).detach()


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (mean, 2 * log_var))
    return vae_loss(x, other, decoder, n_samples, generator) - kl(x, other) + kl(x, encoder)


@wrong("prior_samples", "z is drawn from the prior; it must be drawn from q(z | x).", severity="gap")
def _prior_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (torch.zeros_like(mean), torch.zeros_like(log_var)))
    return vae_loss(x, other, decoder, n_samples, generator) - kl(x, other) + kl(x, encoder)


@wrong(
    "squared_error",
    "The reconstruction is a squared error; binary pixels have a Bernoulli log-probability.",
    severity="gap",
)
def _squared_error(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._squared_error(x, encoder, decoder, n_samples, generator)


@wrong(
    "loop_over_examples",
    "A Python loop goes over the examples of the batch; operations on whole tensors do all of them at once.",
    severity="form",
    credit=0.95,
)
def _loop_over_examples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([vae_loss(row, encoder, decoder, n_samples, generator) for row in rows(x)]).mean()


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._log_of_sigmoid(x, encoder, decoder, n_samples, generator)


@wrong(
    "kl_divided_by_pixels",
    "The KL divergence is divided by the number of pixels; it counts in full beside a sum over pixels.",
    severity="slip",
)
def _kl_divided_by_pixels(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - (1 - 1 / x.shape[-1]) * kl(x, encoder)


@wrong("kl_divided_by_batch", "The KL divergence is averaged over the batch twice.", severity="slip")
def _kl_divided_by_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - (1 - 1 / len(x)) * kl(x, encoder)


@wrong(
    "kl_summed_over_samples",
    "The KL divergence is summed over the samples of z; it counts once for every example.",
    severity="slip",
)
def _kl_summed_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + (n_samples - 1) * kl(x, encoder)


@wrong("kl_mean_missing", "The term ½ Σ μ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_mean_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - half_sum(encoder(x)[0] ** 2)


@wrong("kl_variance_missing", "The term ½ Σ σ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_variance_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - half_sum(encoder(x)[1].exp())


@wrong("kl_log_variance_missing", "The term −½ Σ log σ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_log_variance_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + half_sum(encoder(x)[1])


@wrong(
    "kl_one_missing",
    "The constant −½ in every dimension of the KL divergence is missing, so that it is never 0.",
    severity="slip",
    credit=0.7,
)
def _kl_one_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + 0.5 * encoder(x)[0].shape[-1]


@wrong(
    "kl_one_for_all_latents",
    "The constant −½ of the KL divergence is there once; every latent dimension has one.",
    severity="slip",
    credit=0.7,
)
def _kl_one_for_all_latents(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + 0.5 * (encoder(x)[0].shape[-1] - 1)


@wrong("kl_log_variance_sign", "In the KL divergence log σ² is added; it must be subtracted.", severity="slip")
def _kl_log_variance_sign(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + 2 * half_sum(encoder(x)[1])


@wrong(
    "kl_std_for_variance", "In the KL divergence σ stands where the variance σ² = e^{log_var} belongs.", severity="slip"
)
def _kl_std_for_variance(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    _, log_var = encoder(x)
    return vae_loss(x, encoder, decoder, n_samples, generator) - half_sum(log_var.exp() - (0.5 * log_var).exp())


@wrong(
    "kl_log_std_for_log_variance",
    "In the KL divergence log σ stands where log σ², twice that, belongs.",
    severity="slip",
)
def _kl_log_std_for_log_variance(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) + 0.5 * half_sum(encoder(x)[1])


@wrong(
    "kl_log_variance_twice",
    "In the KL divergence log σ² counts twice: `log_var` is log σ² already, not log σ.",
    severity="slip",
)
def _kl_log_variance_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) - half_sum(encoder(x)[1])


@wrong("kl_mean_not_squared", "In the KL divergence μ stands where μ² belongs.", severity="slip")
def _kl_mean_not_squared(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, _ = encoder(x)
    return vae_loss(x, encoder, decoder, n_samples, generator) - half_sum(mean**2 - mean)


@wrong("kl_with_log_std", "In the KL divergence `log_var` is taken for log σ; it is log σ².", severity="slip")
def _kl_with_log_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return (
        vae_loss(x, encoder, decoder, n_samples, generator)
        - kl(x, encoder)
        + kl(x, changed(encoder, lambda mean, log_var: (mean, 2 * log_var)))
    )


@wrong(
    "kl_reversed",
    "This is the divergence of the prior from q, KL(p(z) ‖ q(z | x)); the loss has KL(q(z | x) ‖ p(z)).",
    severity="slip",
)
def _kl_reversed(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return (
        vae_loss(x, encoder, decoder, n_samples, generator)
        - kl(x, encoder)
        + half_sum(log_var + (1 + mean**2) / log_var.exp() - 1)
    )


@wrong(
    "reconstruction_missing",
    "Only the KL divergence is there; −log p(x | z) is missing, and with it the decoder.",
    severity="gap",
    credit=0.3,
)
def _reconstruction_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return kl(x, encoder)


@wrong(
    "reconstruction_sign",
    "The reconstruction has the wrong sign: a minimised loss has −log p(x | z), which a cross-entropy is already.",
    severity="slip",
    credit=0.5,
)
def _reconstruction_sign(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -vae_loss(x, encoder, decoder, n_samples, generator) + 2 * kl(x, encoder)


@wrong(
    "reconstruction_summed_over_batch",
    "The reconstruction is summed over the batch while the KL divergence is averaged over it.",
    severity="slip",
)
def _reconstruction_summed_over_batch(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return len(x) * vae_loss(x, encoder, decoder, n_samples, generator) - (len(x) - 1) * kl(x, encoder)


@wrong("averaged_over_batch_twice", "The result is divided by the batch size twice.", severity="slip", credit=0.7)
def _averaged_over_batch_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / len(x)


@wrong(
    "summed_over_samples",
    "Everything is summed over the samples of z; it must be averaged.",
    severity="slip",
    credit=0.7,
)
def _summed_over_samples(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return n_samples * vae_loss(x, encoder, decoder, n_samples, generator)


@wrong(
    "divided_by_samples_twice",
    "The reconstruction is averaged over the samples of z, and divided by their number once more.",
    severity="slip",
    credit=0.7,
)
def _divided_by_samples_twice(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / n_samples + (1 - 1 / n_samples) * kl(x, encoder)


@wrong(
    "log_prior_missing",
    "log p(z) is missing: this is the average of log q(z | x) − log p(x | z) alone.",
    severity="gap",
)
def _log_prior_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    return vae_loss(x, encoder, decoder, n_samples, generator) - half_sum(mean**2 + log_var.exp() + LOG_2PI)


@wrong(
    "std_missing_in_sample",
    "The noise is added to the mean as it is; it must be multiplied by σ = e^{½ log_var}.",
    severity="slip",
)
def _std_missing_in_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (mean, torch.zeros_like(log_var)))
    return vae_loss(x, other, decoder, n_samples, generator) - kl(x, other) + kl(x, encoder)


@wrong("mean_missing_in_sample", "The mean of q is missing in z = μ + σ ⊙ ε.", severity="slip", credit=0.5)
def _mean_missing_in_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (torch.zeros_like(mean), log_var))
    return vae_loss(x, other, decoder, n_samples, generator) - kl(x, other) + kl(x, encoder)


@wrong("reciprocal_std", "The noise is multiplied by e^{−½ log_var} = 1/σ; σ is e^{½ log_var}.", severity="slip")
def _reciprocal_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    other = changed(encoder, lambda mean, log_var: (mean, -log_var))
    return vae_loss(x, other, decoder, n_samples, generator) - kl(x, other) + kl(x, encoder)


@wrong(
    "log_var_as_std", "The noise is multiplied by `log_var` itself; it belongs to σ = e^{½ log_var}.", severity="slip"
)
def _log_var_as_std(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -with_other_noise(x, encoder, decoder, n_samples, times_log_var)


@wrong(
    "uniform_noise", "The noise is uniform (`torch.rand`); it must be standard normal (`torch.randn`).", severity="slip"
)
def _uniform_noise(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -with_other_noise(x, encoder, decoder, n_samples, uniform)


@wrong(
    "log_std_convention",
    "`log_var` is taken for log σ, in the sample and in the KL divergence; it is log σ².",
    severity="slip",
)
def _log_std_convention(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, changed(encoder, lambda mean, log_var: (mean, 2 * log_var)), decoder, n_samples, generator)


@wrong(
    "outputs_swapped",
    "The encoder's results are taken in the wrong order: the mean comes first, then the log-variance.",
    severity="slip",
)
def _outputs_swapped(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, changed(encoder, lambda mean, log_var: (log_var, mean)), decoder, n_samples, generator)


@wrong(
    "black_pixels_missing",
    "The part (1 − x) log(1 − p) of the log-probability is missing, so that black pixels say nothing.",
    severity="slip",
    credit=0.5,
)
def _black_pixels_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -with_other_likelihood(x, encoder, decoder, n_samples, generator, lambda x, logits: x * logsigmoid(logits))


@wrong(
    "log_missing",
    "The probability of every pixel is summed; the logarithm of it is missing.",
    severity="slip",
    credit=0.5,
)
def _log_missing(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -with_other_likelihood(x, encoder, decoder, n_samples, generator, probability)


@wrong(
    "arguments_swapped",
    "Image and reconstruction have changed places in the cross-entropy: the reconstruction is scored by the image.",
    severity="slip",
)
def _arguments_swapped(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -with_other_likelihood(x, encoder, decoder, n_samples, generator, swapped)


@wrong("bits", "The result is in bits (a logarithm to base 2); nats are asked for.", severity="slip", credit=0.75)
def _bits(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / math.log(2)


@wrong(
    "detached_reconstruction",
    "The reconstruction is detached from the graph, so the decoder gets no gradient.",
    severity="slip",
    credit=0.5,
)
def _detached_reconstruction(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    reconstruction = vae_loss(x, encoder, decoder, n_samples, generator) - kl(x, encoder)
    return kl(x, encoder) + reconstruction.detach()


@wrong("detached", "The result is cut from the graph, so no gradient flows through it.", severity="slip", credit=0.5)
def _detached(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator).detach()


@wrong(
    "averaged_over_everything",
    "Everything is averaged, over the pixels and over the latent dimensions as well; both are sums for every example.",
    severity="slip",
    credit=0.5,
)
def _averaged_over_everything(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / x.shape[-1] - (
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
    return vae_loss(x, encoder, decoder, n_samples, generator) / x.shape[-1] + (len(x) - 1 / x.shape[-1]) * kl(
        x, encoder
    )


@wrong(
    "only_mean_cross_entropy",
    "Only the cross-entropy is there, averaged over the pixels; it is summed over them, and the KL divergence belongs to it.",
    severity="gap",
    credit=0.3,
)
def _only_mean_cross_entropy(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return vae_loss(x, encoder, decoder, n_samples, generator) / x.shape[-1] - kl(x, encoder) / x.shape[-1]


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("per_example")
def _per_sample(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._per_sample(x, encoder, decoder, n_samples, generator)


@wrong("squared_error")
def _half_the_squared_error(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._half_the_squared_error(x, encoder, decoder, n_samples, generator)


@wrong("squared_error")
def _gaussian_with_unit_variance(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._gaussian_with_unit_variance(x, encoder, decoder, n_samples, generator)


@wrong("squared_error")
def _squared_error_of_logits(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._squared_error_of_logits(x, encoder, decoder, n_samples, generator)


@wrong("squared_error")
def _mean_squared_error(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return -of_the_bound._mean_squared_error(x, encoder, decoder, n_samples, generator)


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


@wrong("shared_noise", rewritten=True)
def _one_draw_for_the_batch(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    loss = 0.0
    for _ in range(n_samples):
        z = mu + torch.exp(0.5 * logvar) * torch.randn(mu.shape[1], dtype=mu.dtype)
        loss = loss + F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / n_samples
    return (loss + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()) / len(x)


@wrong("prior_samples", rewritten=True)
def _decode_noise(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    return (bce(decoder(prior.sample((n_samples,))), x) + kl_divergence(q, prior)).mean()


@wrong("averaged_over_everything", rewritten=True)
def _means_of_both(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    loss = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        loss = loss + F.binary_cross_entropy_with_logits(decoder(z), x) / n_samples
    return loss - 0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp())


@wrong("detached", rewritten=True)
@torch.no_grad()
def _no_grad_left_over(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    return (bce(decoder(q.rsample((n_samples,))), x) + kl_divergence(q, prior)).mean()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _kl_annealed(x, encoder, decoder, n_samples=1):
    q, prior = q_and_prior(x, encoder)
    return (bce(decoder(q.rsample((n_samples,))), x) + 0.1 * kl_divergence(q, prior)).mean()


# -------------------------------------------------------------------------------------------------------- right answers


@right("cross_entropy_plus_kl", "Summed cross-entropy plus KL, divided by the batch size.")
def _cross_entropy_plus_kl(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mu, logvar = encoder(x)
    eps = torch.randn((n_samples, *mu.shape), generator=generator, dtype=mu.dtype, device=mu.device)
    logits = decoder(mu + eps * torch.exp(0.5 * logvar))
    bce = binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="sum") / n_samples
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kld) / x.size(0)


@right("minus_negative_kl", "The negative of the KL divergence is subtracted in place.")
def _minus_negative_kl(
    images: Tensor, enc: AnyEncoder, dec: AnyDecoder, samples: int = 1, generator: Generator | None = None
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
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
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
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, n_samples: int = 1, generator: Generator | None = None
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
