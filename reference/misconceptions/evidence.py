"""Wrong answers to the tasks of `evidence.py`."""

import math

import torch
from torch import Generator, Tensor

from reference.densities import gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import estimate_log_likelihood, log_mean_exp
from reference.misconceptions import misconception
from reference.types import Decoder, Encoder

LOG_2PI = math.log(2 * math.pi)


@misconception(
    "log_mean_exp", "exp_before_sum", "The weights are exponentiated as they are, and e^{−10 000} underflows to 0."
)
def _mean_exp_before_sum(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0))


@misconception("log_mean_exp", "sum_for_mean", "− log S is missing: this is the log of the sum, not of the mean.")
def _mean_sum_for_mean(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0)


@misconception("log_mean_exp", "log_s_added", "log S is added; the mean divides by S, so it must be subtracted.")
def _mean_log_s_added(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) + math.log(len(log_w))


@misconception(
    "log_mean_exp", "divided_by_s", "The log-sum is divided by S; dividing the sum by S means subtracting log S."
)
def _mean_divided_by_s(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) / len(log_w)


@misconception(
    "log_mean_exp", "batch_size_for_s", "The logarithm of the batch size is subtracted; it is log S that belongs there."
)
def _mean_batch_size_for_s(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[1])


@misconception(
    "log_mean_exp", "mean_of_logs", "The logarithms are averaged: the mean must be taken of the weights themselves."
)
def _mean_of_logs(log_w: Tensor) -> Tensor:
    return log_w.mean(0)


@misconception("log_mean_exp", "maximum", "The largest log-weight is returned; the others count as well.")
def _mean_maximum(log_w: Tensor) -> Tensor:
    return log_w.amax(0)


@misconception(
    "log_mean_exp", "maximum_not_added_back", "The maximum that was subtracted for stability is not added back."
)
def _mean_maximum_not_added_back(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) - log_w.amax(0)


@misconception(
    "log_mean_exp",
    "one_maximum_for_all",
    "One maximum is subtracted from the whole array, so small examples underflow: each needs its own.",
)
def _mean_one_maximum_for_all(log_w: Tensor) -> Tensor:
    maximum = log_w.max()
    return maximum + torch.log(torch.exp(log_w - maximum).mean(0))


@misconception(
    "log_mean_exp", "epsilon_inside_log", "A small number is added inside the logarithm, which hides small weights."
)
def _mean_epsilon_inside_log(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-8)


@misconception(
    "log_mean_exp",
    "shifted_by_average",
    "The average is subtracted for stability where the maximum should be: one weight of zero makes it −∞.",
)
def _mean_shifted_by_average(log_w: Tensor) -> Tensor:
    average = log_w.mean(0)
    return average + torch.log(torch.exp(log_w - average).mean(0))


def _log_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor,
    n_samples: int,
    generator: Generator | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """log p(z), log p(x | z) and log q(z | x), each of shape (S, B)."""
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    z = sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)
    zero = torch.zeros_like(mean)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    return (
        gaussian_log_density(z, zero, zero),
        gaussian_log_density(x, decoder(z), log_var_x),
        gaussian_log_density(z, mean, log_var),
    )


@misconception(
    "estimate_log_likelihood",
    "exp_before_sum",
    "The weights are exponentiated as they are and underflow to 0, so the estimate is −∞.",
)
def _estimate_exp_before_sum(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return torch.log(torch.exp(log_prior + log_likelihood - log_q).mean(0))


@misconception("estimate_log_likelihood", "log_s_missing", "− log S is missing: the weights are summed, not averaged.")
def _estimate_log_s_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + math.log(n_samples)


@misconception(
    "estimate_log_likelihood", "log_q_missing", "The weights are not divided by q(z | x), the density z was drawn from."
)
def _estimate_log_q_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, _ = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_prior + log_likelihood)


@misconception("estimate_log_likelihood", "log_prior_missing", "The prior p(z) is missing from the weights.")
def _estimate_log_prior_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    _, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_likelihood - log_q)


@misconception(
    "estimate_log_likelihood",
    "no_importance_weights",
    "p(x | z) is averaged over draws from q without the weights p(z)/q(z | x), as if z came from the prior.",
)
def _estimate_no_importance_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return log_mean_exp(_log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[1])


@misconception(
    "estimate_log_likelihood",
    "inverted_weights",
    "The importance weight is inverted: it is p(z)/q(z | x), not q(z | x)/p(z).",
)
def _estimate_inverted_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_likelihood + log_q - log_prior)


@misconception(
    "estimate_log_likelihood",
    "mean_of_logs",
    "The logarithms of the weights are averaged: that is the ELBO, which is smaller than log p(x).",
)
def _estimate_mean_of_logs(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return (log_prior + log_likelihood - log_q).mean(0)


@misconception(
    "estimate_log_likelihood",
    "kl_for_weights",
    "The closed-form KL divergence is subtracted; inside the logarithm every z has its own weight p(z)/q(z | x).",
)
def _estimate_kl_for_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_likelihood = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[1]
    return log_mean_exp(log_likelihood) - kl_standard_normal(*encoder(x))


@misconception(
    "estimate_log_likelihood",
    "std_read_as_variance",
    "`sigma_p` is used as the variance; it is the standard deviation, the variance is σ_p².",
)
def _estimate_std_read_as_variance(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p**0.5, n_samples, generator)


@misconception(
    "estimate_log_likelihood",
    "normaliser_missing",
    "The normalising constant −(D/2) log 2πσ_p² of p(x | z) is missing.",
)
def _estimate_normaliser_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_std = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    estimate = estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
    return estimate + x.shape[-1] * (0.5 * LOG_2PI + log_std)


@misconception(
    "estimate_log_likelihood",
    "normaliser_once",
    "The normalising constant −½ log 2πσ_p² is there once, but each of the D pixels has one.",
)
def _estimate_normaliser_once(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_std = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    estimate = estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
    return estimate + (x.shape[-1] - 1) * (0.5 * LOG_2PI + log_std)


@misconception(
    "estimate_log_likelihood",
    "std_in_normaliser",
    "The normalising constant is −(D/2) log 2πσ_p; it needs σ_p² under the logarithm.",
)
def _estimate_std_in_normaliser(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_std = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    estimate = estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
    return estimate + 0.5 * x.shape[-1] * log_std


@misconception(
    "estimate_log_likelihood",
    "squared_error",
    "The squared error is used without its scale 1/(2σ_p²) and without the normalising constant.",
)
def _estimate_squared_error(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    estimate = estimate_log_likelihood(x, encoder, decoder, 0.5**0.5, n_samples, generator)
    return estimate + 0.5 * x.shape[-1] * math.log(math.pi)


@misconception(
    "estimate_log_likelihood", "averaged_over_pixels", "log p(x | z) is averaged over the pixels; it is their sum."
)
def _estimate_averaged_over_pixels(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_prior + log_likelihood / x.shape[-1] - log_q)


@misconception(
    "estimate_log_likelihood",
    "variance_as_std",
    "z is drawn with the variance e^{log_var} as its standard deviation; q(z | x) has σ = e^{½ log_var}.",
)
def _estimate_variance_as_std(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    z = sample_gaussian(mean.expand(shape), 2 * log_var.expand(shape), generator)
    zero = torch.zeros_like(mean)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_w = gaussian_log_density(z, zero, zero) + gaussian_log_density(x, decoder(z), log_var_x)
    return log_mean_exp(log_w - gaussian_log_density(z, mean, log_var))


@misconception(
    "estimate_log_likelihood",
    "shared_noise",
    "One set of noise vectors is shared by the whole batch; every example needs its own.",
)
def _estimate_shared_noise(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    zero = torch.zeros(n_samples, 1, mean.shape[-1], dtype=mean.dtype, device=mean.device)
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_prior = gaussian_log_density(z, torch.zeros_like(mean), torch.zeros_like(mean))
    log_w = log_prior + gaussian_log_density(x, decoder(z), log_var_x) - gaussian_log_density(z, mean, log_var)
    return log_mean_exp(log_w)


@misconception(
    "estimate_log_likelihood",
    "shared_over_samples",
    "All `n_samples` samples of an example are the same draw, so that averaging them averages nothing.",
)
def _estimate_shared_over_samples(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, 1, generator)


@misconception(
    "estimate_log_likelihood", "same_noise_every_call", "A seed is set inside, so that every call draws the same noise."
)
def _estimate_same_noise_every_call(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    fixed = Generator(device=x.device).manual_seed(0)
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, fixed)
