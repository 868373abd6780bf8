"""What is held against the checks of `latent_objective`."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.candidates._helpers import LOOP, rows
from reference.densities import sample_gaussian
from reference.divergences import kl_standard_normal
from reference.latent_optimization import latent_objective
from reference.types import AnyDecoder


def _error(x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None) -> Tensor:
    """The squared error of each pixel, at a sample of q."""
    return (x - decoder(sample_gaussian(mean, log_var, generator))) ** 2


def _kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """The KL divergence, summed over the examples as the loss is."""
    return kl_standard_normal(mean, log_var).sum()


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "kl_as_printed",
    "The KL divergence is HUJI's eq. (7) as printed, a misprint: the factor ½ is missing, and log σ stands where log σ² belongs.",
    severity="slip",
    credit=0.75,
)
def _kl_as_printed(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    printed = (mean**2 + log_var.exp() - 0.5 * log_var - 1).sum()
    return latent_objective(x, mean, log_var, decoder, generator) - _kl(mean, log_var) + printed


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, generator) + _kl(mean, log_var)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many.", severity="slip")
def _kl_half(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, generator) - 0.5 * _kl(mean, log_var)


@wrong("kl_subtracted", "The KL divergence is subtracted; a loss adds it to the error.", severity="slip")
def _kl_subtracted(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, generator) - 2 * _kl(mean, log_var)


@wrong("kl_missing", "Only the squared error is there; the KL divergence belongs to it.", severity="gap")
def _kl_missing(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum()


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; here it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, generator) - (1 - 1 / mean.shape[1]) * _kl(mean, log_var)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the examples while the error is averaged over them: both alike.",
    severity="slip",
)
def _kl_summed_over_batch(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum(-1).mean() + _kl(mean, log_var)


@wrong(
    "error_summed_over_batch",
    "The error is summed over the examples while the KL divergence is averaged over them: both alike.",
    severity="slip",
)
def _error_summed_over_batch(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum() + _kl(mean, log_var) / len(x)


@wrong(
    "log_std_in_kl",
    "In the KL divergence `log_var` is taken for log σ; it is log σ².",
    severity="slip",
)
def _log_std_in_kl(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, generator) - _kl(mean, log_var) + _kl(mean, 2 * log_var)


@wrong(
    "kl_at_the_sample",
    "The KL divergence is estimated at the sample, log q(z) − log p(z); its closed form is asked for.",
    severity="slip",
    credit=0.75,
)
def _kl_at_the_sample(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    z = sample_gaussian(mean, log_var, generator)
    log_ratio = 0.5 * (z**2 - log_var - (z - mean) ** 2 * torch.exp(-log_var))
    return ((x - decoder(z)) ** 2).sum() + log_ratio.sum()


@wrong(
    "averaged_over_pixels",
    "The squared error is averaged over the pixels (`mse_loss` and its default); here it is their sum.",
    severity="slip",
)
def _averaged_over_pixels(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).mean() + _kl(mean, log_var) / len(x)


@wrong(
    "averaged_over_everything",
    "Both terms are averaged, over the pixels and over the latent dimensions; of an example both are sums here.",
    severity="slip",
)
def _averaged_over_everything(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).mean() + _kl(mean, log_var) / mean.numel()


@wrong(
    "mean_error_summed_kl",
    "The error is averaged over pixels and examples, the KL divergence summed over all.",
    severity="slip",
)
def _mean_error_summed_kl(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).mean() + _kl(mean, log_var)


@wrong(
    "gaussian_likelihood",
    "The error has the factor ½ (or 1/(2σ²)) of a Gaussian log-likelihood; in eq. (6) it has none.",
    severity="slip",
    credit=0.75,
)
def _gaussian_likelihood(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return 0.5 * _error(x, mean, log_var, decoder, generator).sum() + _kl(mean, log_var)


@wrong("norm_not_squared", "The norm of the difference is not squared.", severity="slip")
def _norm_not_squared(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum(-1).sqrt().sum() + _kl(mean, log_var)


@wrong("absolute_error", "The absolute differences are summed; eq. (6) has their squares.", severity="slip")
def _absolute_error(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return (x - decoder(sample_gaussian(mean, log_var, generator))).abs().sum() + _kl(mean, log_var)


@wrong(
    "sigmoid_added",
    "The decoder's output goes through a sigmoid; it is compared with the image as it is.",
    severity="slip",
)
def _sigmoid_added(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, lambda z: torch.sigmoid(decoder(z)), generator)


@wrong("negative", "The sign is reversed: a loss is asked for, which is minimised.", severity="slip")
def _negative(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return -latent_objective(x, mean, log_var, decoder, generator)


@wrong("no_noise", "The decoder gets the mean; z is a sample, μ + σ ⊙ ε.", severity="gap")
def _no_noise(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return ((x - decoder(mean)) ** 2).sum() + _kl(mean, log_var)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, 2 * log_var, decoder, generator).sum() + _kl(mean, log_var)


@wrong(
    "log_std_convention",
    "`log_var` is taken for log σ, in the sample and in the KL divergence; it is log σ².",
    severity="slip",
)
def _log_std_convention(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, 2 * log_var, decoder, generator)


@wrong("prior_samples", "z is drawn from the prior; it must be drawn from q.", severity="gap")
def _prior_samples(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, 0 * mean, 0 * log_var, decoder, generator).sum() + _kl(mean, log_var)


@wrong(
    "std_missing_in_sample",
    "The noise is added to the mean as it is; it must be multiplied by σ = e^{½ log_var}.",
    severity="slip",
)
def _std_missing_in_sample(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, 0 * log_var, decoder, generator).sum() + _kl(mean, log_var)


@wrong(
    "log_var_as_std",
    "The noise is multiplied by `log_var` itself; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _log_var_as_std(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    z = mean + log_var * sample_gaussian(0 * mean, 0 * mean, generator)
    return ((x - decoder(z)) ** 2).sum() + _kl(mean, log_var)


@wrong("uniform_noise", "The noise is uniform (`rand`); it must be standard normal (`randn`).", severity="slip")
def _uniform_noise(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    noise = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return ((x - decoder(mean + torch.exp(0.5 * log_var) * noise)) ** 2).sum() + _kl(mean, log_var)


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    zero = torch.zeros_like(mean[:1])
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    return ((x - decoder(z)) ** 2).sum() + _kl(mean, log_var)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
)
def _same_noise_every_call(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, Generator(device=x.device).manual_seed(0))


@wrong(
    "detached_sample",
    "The sample is detached from the graph, so that mean and log_var get no gradient from the error.",
    severity="slip",
    credit=0.5,
)
def _detached_sample(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean.detach(), log_var.detach(), decoder, generator).sum() + _kl(mean, log_var)


@wrong(
    "detached_kl",
    "The KL divergence is detached from the graph, so that mean and log_var get no gradient from it.",
    severity="slip",
    credit=0.5,
)
def _detached_kl(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum() + _kl(mean, log_var).detach()


@wrong(
    "detached_reconstruction",
    "The reconstruction is detached from the graph, so that the decoder gets no gradient.",
    severity="slip",
    credit=0.5,
)
def _detached_reconstruction(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum().detach() + _kl(mean, log_var)


@wrong("detached", "The loss is cut from the graph, so that nothing can be learnt.", severity="slip", credit=0.5)
def _detached(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return latent_objective(x, mean, log_var, decoder, generator).detach()


@wrong(
    "per_example",
    "One value per example is returned; the loss is their sum or their average.",
    severity="form",
)
def _per_example(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _error(x, mean, log_var, decoder, generator).sum(-1) + kl_standard_normal(mean, log_var)


@wrong("loop_over_examples", LOOP, severity="form", credit=0.95)
def _loop_over_examples(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    parts = zip(rows(x), rows(mean), rows(log_var), strict=True)
    return torch.stack([latent_objective(*part, decoder, generator) for part in parts]).sum()


# -------------------------------------------------------------------------------------------------- other forms of them


def _scaled(factor, constant, x, mean, log_var, decoder, generator):
    error = _error(x, mean, log_var, decoder, generator)
    return (factor * error + constant).sum() + _kl(mean, log_var)


@wrong("gaussian_likelihood")
def _with_constant(x, mean, log_var, decoder, generator=None):
    return _scaled(0.5, 0.5 * math.log(2 * math.pi), x, mean, log_var, decoder, generator)


@wrong("gaussian_likelihood")
def _with_sigma_p(x, mean, log_var, decoder, generator=None):
    return _scaled(0.5 / 0.4**2, 0.0, x, mean, log_var, decoder, generator)


@wrong("gaussian_likelihood")
def _with_half_sigma_p(x, mean, log_var, decoder, generator=None):
    return _scaled(1 / 0.4**2, 0.0, x, mean, log_var, decoder, generator)


@wrong("kl_as_printed")
def _only_log_std(x, mean, log_var, decoder, generator=None):
    half = 0.5 * (mean**2 + log_var.exp() - 0.5 * log_var - 1).sum()
    return _error(x, mean, log_var, decoder, generator).sum() + half


@wrong("per_example")
def _per_example_of_one_pixel(x, mean, log_var, decoder, generator=None):
    return _error(x, mean, log_var, decoder, generator) + kl_standard_normal(mean, log_var)[:, None] / x.shape[1]


# the forms of a loss that is averaged over the examples


@wrong("kl_as_printed")
def _average_of_printed(x, mean, log_var, decoder, generator=None):
    return _kl_as_printed(x, mean, log_var, decoder, generator) / len(x)


@wrong("gaussian_likelihood")
def _average_likelihood(x, mean, log_var, decoder, generator=None):
    return _gaussian_likelihood(x, mean, log_var, decoder, generator) / len(x)


@wrong("kl_twice")
def _average_with_twice(x, mean, log_var, decoder, generator=None):
    return _kl_twice(x, mean, log_var, decoder, generator) / len(x)


@wrong("kl_half")
def _average_with_half(x, mean, log_var, decoder, generator=None):
    return _kl_half(x, mean, log_var, decoder, generator) / len(x)


@wrong("kl_subtracted")
def _average_with_minus(x, mean, log_var, decoder, generator=None):
    return _kl_subtracted(x, mean, log_var, decoder, generator) / len(x)


@wrong("kl_missing")
def _average_error(x, mean, log_var, decoder, generator=None):
    return _kl_missing(x, mean, log_var, decoder, generator) / len(x)


@wrong("no_noise")
def _average_at_mean(x, mean, log_var, decoder, generator=None):
    return _no_noise(x, mean, log_var, decoder, generator) / len(x)


@wrong("variance_as_std")
def _average_with_variance(x, mean, log_var, decoder, generator=None):
    return _variance_as_std(x, mean, log_var, decoder, generator) / len(x)


@wrong("log_std_convention")
def _average_with_log_std(x, mean, log_var, decoder, generator=None):
    return latent_objective(x, mean, 2 * log_var, decoder, generator) / len(x)


@wrong("kl_averaged_over_latents")
def _average_of_averages(x, mean, log_var, decoder, generator=None):
    return _kl_averaged_over_latents(x, mean, log_var, decoder, generator) / len(x)


@wrong("detached_sample")
def _average_of_detached(x, mean, log_var, decoder, generator=None):
    return _detached_sample(x, mean, log_var, decoder, generator) / len(x)


@wrong("negative")
def _average_negative(x, mean, log_var, decoder, generator=None):
    return -latent_objective(x, mean, log_var, decoder, generator) / len(x)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("kl_as_printed", rewritten=True)
def _equation_seven(x, mean, log_var, decoder):
    sigma = torch.exp(log_var / 2)
    recon = decoder(mean + sigma * torch.randn_like(mean))
    kl = mean.pow(2) + sigma.pow(2) - torch.log(sigma) - 1
    return F.mse_loss(recon, x, reduction="sum") + kl.sum()


@wrong("averaged_over_everything", rewritten=True)
def _as_for_the_network(x, mean, log_var, decoder):
    z = Normal(mean, (0.5 * log_var).exp()).rsample()
    return F.mse_loss(decoder(z), x) - 0.5 * torch.mean(1 + log_var - mean**2 - log_var.exp())


@wrong("averaged_over_pixels", rewritten=True)
def _default_mse_loss(x, mean, log_var, decoder):
    z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
    return F.mse_loss(decoder(z), x) - 0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1).mean()


@wrong("detached_sample", rewritten=True)
def _sample_for_rsample(x, mean, log_var, decoder):
    q = Normal(mean, (0.5 * log_var).exp())
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return (x - decoder(q.sample())).pow(2).sum() + kl_divergence(q, prior).sum()


@wrong("shared_noise", rewritten=True)
def _noise_of_one_row(x, mean, log_var, decoder):
    eps = torch.randn(mean.size(1), dtype=mean.dtype)
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)
    return ((x - decoder(mean + eps * (log_var / 2).exp())).pow(2).sum(1) + kl).sum()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _kl_annealed(x, mean, log_var, decoder, generator=None):
    return _error(x, mean, log_var, decoder, generator).sum() + 0.1 * _kl(mean, log_var)


@wrong()
def _wide_noise(x, mean, log_var, decoder, generator=None):
    return _error(x, mean, log_var + 0.3, decoder, generator).sum() + _kl(mean, log_var)


# -------------------------------------------------------------------------------------------------------- right answers


@right("averaged", "The average over the examples.")
def _averaged(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    std = torch.exp(log_var).sqrt()
    z = mean + std * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    error = F.mse_loss(decoder(z), x, reduction="sum") / x.size(0)
    return error - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp()) / x.size(0)


@right("distributions", "torch.distributions, summed; no generator.")
def _distributions(x: Tensor, mu: Tensor, logvar: Tensor, decoder: AnyDecoder) -> Tensor:
    q = Independent(Normal(mu, torch.exp(0.5 * logvar)), 1)
    prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    loss: Tensor = (torch.linalg.vector_norm(x - decoder(q.rsample()), dim=1) ** 2 + kl_divergence(q, prior)).sum()
    return loss


@right("averaged_distributions", "torch.distributions, averaged over the examples.")
def _averaged_distributions(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    q = Normal(mean, torch.exp(0.5 * log_var))
    difference = x - decoder(q.rsample())
    error = torch.einsum("bd,bd->b", difference, difference)
    return torch.mean(error + kl_divergence(q, Normal(0.0, 1.0)).sum(1))


@right("terms_apart", "The two sums over everything are added.")
def _terms_apart(
    x: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    noise = torch.empty_like(mean).normal_(generator=generator)
    reconstruction = decoder(torch.addcmul(mean, noise, (log_var / 2).exp()))
    error = torch.nn.MSELoss(reduction="none")(reconstruction, x).sum()
    return error + 0.5 * (mean.square().sum() + (torch.expm1(log_var) - log_var).sum())


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "sum and mean: torch.sum(error + kl_standard_normal(mean, log_var))"
    " -> torch.mean(error + kl_standard_normal(mean, log_var))": "The average over the examples is as right as their sum.",
}
