"""What is held against the checks of `estimate_log_likelihood`."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn.functional import gaussian_nll_loss, softplus

from autograder.authoring.candidates import right, wrong
from reference.densities import gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import estimate_log_likelihood, log_mean_exp
from reference.types import AnyDecoder, AnyEncoder

LOG_2PI = math.log(2 * math.pi)
TWO_PI = 2 * math.pi
Estimate = Callable[..., Tensor]


# ------------------------------------------------------------------------------------------------------- named mistakes


def _log_weights(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
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


def _of_weights(combined: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Estimate:
    """An estimate from log p(z), log p(x | z) and log q(z | x)."""

    def estimate(
        x: Tensor,
        encoder: AnyEncoder,
        decoder: AnyDecoder,
        sigma_p: float | Tensor = 0.4,
        n_samples: int = 1000,
        generator: Generator | None = None,
    ) -> Tensor:
        return combined(*_log_weights(x, encoder, decoder, sigma_p, n_samples, generator))

    return estimate


def _of_likelihood(log_likelihood: Callable[[Tensor, int, Tensor], Tensor]) -> Estimate:
    """An estimate with another p(x | z), which is given the squared errors of shape (S, B), the number of pixels and σ_p."""

    def estimate(
        x: Tensor,
        encoder: AnyEncoder,
        decoder: AnyDecoder,
        sigma_p: float | Tensor = 0.4,
        n_samples: int = 1000,
        generator: Generator | None = None,
    ) -> Tensor:
        mean, log_var, z = _samples(x, encoder, n_samples, generator)
        squares = ((x - decoder(z)) ** 2).sum(-1)
        sigma = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device)
        log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
        return log_mean_exp(log_ratio + log_likelihood(squares, x.shape[-1], sigma))

    return estimate


def _samples(
    x: Tensor, encoder: AnyEncoder, n_samples: int, generator: Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    return mean, log_var, sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)


def _log_prior(z: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))


def _log_normaliser(x: Tensor, sigma_p: float | Tensor) -> Tensor:
    """½ log 2πσ_p² of one pixel."""
    return 0.5 * LOG_2PI + torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))


@wrong(
    "exp_before_sum",
    "The weights are exponentiated as they are and underflow to 0, so the estimate is −∞.",
    severity="slip",
)
@_of_weights
def _exp_before_sum(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return torch.log(torch.exp(log_prior + log_likelihood - log_q).mean(0))


@wrong("log_s_missing", "− log S is missing: the weights are summed, not averaged.", severity="slip", credit=0.7)
def _log_s_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + math.log(n_samples)


@wrong("log_q_missing", "The weights are not divided by q(z | x), the density z was drawn from.", severity="gap")
@_of_weights
def _log_q_missing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_prior + log_likelihood)


@wrong("log_prior_missing", "The prior p(z) is missing from the weights.", severity="gap")
@_of_weights
def _log_prior_missing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_likelihood - log_q)


@wrong(
    "no_importance_weights",
    "p(x | z) is averaged over draws from q without the weights p(z)/q(z | x), as if z came from the prior.",
    severity="gap",
    credit=0.3,
)
@_of_weights
def _no_importance_weights(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_likelihood)


@wrong(
    "inverted_weights",
    "The importance weight is inverted: it is p(z)/q(z | x), not q(z | x)/p(z).",
    severity="slip",
    credit=0.5,
)
@_of_weights
def _inverted_weights(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_likelihood + log_q - log_prior)


@wrong(
    "mean_of_logs",
    "The logarithms of the weights are averaged: that is the ELBO, which is smaller than log p(x).",
    severity="gap",
)
@_of_weights
def _mean_of_logs(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return (log_prior + log_likelihood - log_q).mean(0)


@wrong(
    "kl_for_weights",
    "The closed-form KL divergence is subtracted; inside the logarithm every z has its own weight p(z)/q(z | x).",
    severity="gap",
)
def _kl_for_weights(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_likelihood = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[1]
    return log_mean_exp(log_likelihood) - kl_standard_normal(*encoder(x))


@wrong(
    "std_read_as_variance",
    "`sigma_p` is used as the variance; it is the standard deviation, the variance is σ_p².",
    severity="slip",
)
def _std_read_as_variance(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p**0.5, n_samples, generator)


@wrong("normaliser_missing", "The normalising constant −(D/2) log 2πσ_p² of p(x | z) is missing.", severity="slip")
def _normaliser_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_std = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    estimate = estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
    return estimate + x.shape[-1] * (0.5 * LOG_2PI + log_std)


@wrong(
    "normaliser_once",
    "The normalising constant −½ log 2πσ_p² is there once, but each of the D pixels has one.",
    severity="slip",
    credit=0.7,
)
def _normaliser_once(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_std = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    estimate = estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
    return estimate + (x.shape[-1] - 1) * (0.5 * LOG_2PI + log_std)


@wrong(
    "std_in_normaliser",
    "The normalising constant is −(D/2) log 2πσ_p; it needs σ_p² under the logarithm.",
    severity="slip",
    credit=0.7,
)
def _std_in_normaliser(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_std = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    estimate = estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
    return estimate + 0.5 * x.shape[-1] * log_std


@wrong(
    "squared_error",
    "The squared error is used without its scale 1/(2σ_p²) and without the normalising constant.",
    severity="slip",
    credit=0.5,
)
def _squared_error(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    estimate = estimate_log_likelihood(x, encoder, decoder, 0.5**0.5, n_samples, generator)
    return estimate + 0.5 * x.shape[-1] * math.log(math.pi)


@wrong("averaged_over_pixels", "log p(x | z) is averaged over the pixels; it is their sum.", severity="slip")
def _averaged_over_pixels(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_prior + log_likelihood / x.shape[-1] - log_q)


@wrong(
    "variance_as_std",
    "z is drawn with the variance e^{log_var} as its standard deviation; q(z | x) has σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
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


@wrong(
    "shared_noise",
    "One set of noise vectors is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.75,
)
def _shared_noise(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
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


@wrong(
    "shared_over_samples",
    "All `n_samples` samples of an example are the same draw, so that averaging them averages nothing.",
    severity="gap",
)
def _shared_over_samples(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, 1, generator)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
    credit=0.7,
)
def _same_noise_every_call(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    fixed = Generator(device=x.device).manual_seed(0)
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, fixed)


@wrong(
    "log_s_added",
    "log S is added; the mean divides by S, so it must be subtracted.",
    severity="slip",
    credit=0.7,
)
def _log_s_added(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + 2 * math.log(n_samples)


@wrong(
    "log_s_twice",
    "log S is subtracted twice: the mean divides by S already.",
    severity="slip",
    credit=0.7,
)
def _log_s_twice(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) - math.log(n_samples)


@wrong(
    "divided_by_s",
    "The log-sum is divided by S; dividing the sum by S means subtracting log S.",
    severity="slip",
)
def _divided_by_s(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return (
        estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + math.log(n_samples)
    ) / n_samples


@wrong(
    "batch_size_for_s",
    "The logarithm of the batch size is subtracted; it is log S that belongs there.",
    severity="slip",
    credit=0.7,
)
def _batch_size_for_s(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + math.log(n_samples / len(x))


@wrong(
    "maximum_not_added_back",
    "The maximum that was subtracted for stability is not added back.",
    severity="slip",
)
@_of_weights
def _maximum_not_added_back(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    log_w = log_prior + log_likelihood - log_q
    return log_mean_exp(log_w - log_w.amax(0))


@wrong(
    "averaged_over_wrong_axis",
    "The mean runs over the examples; it belongs over the samples.",
    severity="slip",
)
@_of_weights
def _averaged_over_wrong_axis(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    log_w = log_prior + log_likelihood - log_q
    return torch.logsumexp(log_w, 1) - math.log(log_w.shape[1])


@wrong(
    "likelihood_missing",
    "p(x | z) is missing from the weights: only p(z)/q(z | x) is averaged.",
    severity="empty",
    credit=0.2,
)
@_of_weights
def _likelihood_missing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_prior - log_q)


@wrong(
    "log_q_added",
    "log q(z | x) is added; the weight is divided by q(z | x), so it must be subtracted.",
    severity="slip",
)
@_of_weights
def _log_q_added(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_prior + log_likelihood + log_q)


@wrong(
    "log_prior_subtracted",
    "log p(z) is subtracted; it must be added.",
    severity="slip",
)
@_of_weights
def _log_prior_subtracted(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_likelihood - log_prior - log_q)


@wrong(
    "log_likelihood_subtracted",
    "log p(x | z) is subtracted: a loss stands where the log-likelihood belongs.",
    severity="slip",
)
@_of_weights
def _log_likelihood_subtracted(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_prior - log_likelihood - log_q)


@wrong(
    "mean_of_each_factor",
    "p(x | z) and p(z)/q(z | x) are averaged each for itself; it is their product that is averaged.",
    severity="gap",
)
@_of_weights
def _mean_of_each_factor(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_mean_exp(log_likelihood) + log_mean_exp(log_prior - log_q)


@wrong(
    "weighted_mean_of_logs",
    "The log-likelihoods are averaged with the normalised weights; the logarithm of the mean weight is asked for.",
    severity="gap",
)
@_of_weights
def _weighted_mean_of_logs(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return (torch.softmax(log_prior + log_likelihood - log_q, 0) * log_likelihood).sum(0)


@wrong(
    "half_of_squared_error_missing",
    "The factor ½ in front of the squared error is missing: it is divided by 2σ_p².",
    severity="slip",
)
@_of_likelihood
def _half_of_squared_error_missing(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / sigma**2 - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "squared_error_halved_twice",
    "The squared error is divided by 4σ_p²: one factor ½ belongs there.",
    severity="slip",
)
@_of_likelihood
def _squared_error_halved_twice(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (4 * sigma**2) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "std_in_squared_error",
    "The squared error is divided by 2σ_p; it is 2σ_p² that belongs there.",
    severity="slip",
)
@_of_likelihood
def _std_in_squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "squared_error_multiplied",
    "The squared error is multiplied by σ_p²; it must be divided by it.",
    severity="slip",
)
@_of_likelihood
def _squared_error_multiplied(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -0.5 * squares * sigma**2 - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "squared_error_not_divided",
    "The squared error is not divided by σ_p², which stands in the normalising constant only.",
    severity="slip",
    credit=0.5,
)
@_of_likelihood
def _squared_error_not_divided(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -0.5 * squares - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "squared_error_added",
    "The squared error is added; the density falls with it, so it must be subtracted.",
    severity="slip",
)
@_of_likelihood
def _squared_error_added(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return squares / (2 * sigma**2) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "log_2pi_missing",
    "The constant −½ log 2π of every pixel is missing from p(x | z).",
    severity="slip",
    credit=0.7,
)
def _log_2pi_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + 0.5 * x.shape[-1] * LOG_2PI


@wrong(
    "log_sigma_missing",
    "The term −log σ_p of every pixel is missing from p(x | z).",
    severity="slip",
    credit=0.65,
)
def _log_sigma_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + x.shape[-1] * (
        _log_normaliser(x, sigma_p) - 0.5 * LOG_2PI
    )


@wrong(
    "normaliser_added",
    "The normalising constant of p(x | z) is added; it must be subtracted.",
    severity="slip",
)
def _normaliser_added(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + 2 * x.shape[
        -1
    ] * _log_normaliser(x, sigma_p)


@wrong(
    "half_of_normaliser_missing",
    "The normalising constant is −D log 2πσ_p²; it has a factor ½.",
    severity="slip",
)
def _half_of_normaliser_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) - x.shape[-1] * _log_normaliser(
        x, sigma_p
    )


@wrong(
    "latent_dimension_in_normaliser",
    "The normalising constant of p(x | z) counts the latent dimensions; it belongs once to each pixel.",
    severity="slip",
    credit=0.7,
)
def _latent_dimension_in_normaliser(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + (
        x.shape[-1] - encoder(x)[0].shape[-1]
    ) * _log_normaliser(x, sigma_p)


@wrong(
    "prior_constant_missing",
    "p(z) lacks its constant −½ log 2π of every latent dimension, which q(z | x) has.",
    severity="slip",
    credit=0.7,
)
def _prior_constant_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return (
        estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
        + 0.5 * encoder(x)[0].shape[-1] * LOG_2PI
    )


@wrong(
    "q_constant_missing",
    "q(z | x) lacks its constant −½ log 2π of every latent dimension, which p(z) has.",
    severity="slip",
    credit=0.7,
)
def _q_constant_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return (
        estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator)
        - 0.5 * encoder(x)[0].shape[-1] * LOG_2PI
    )


@wrong(
    "q_log_det_missing",
    "The term −½ log σ² is missing from log q(z | x).",
    severity="slip",
)
def _q_log_det_missing(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) - 0.5 * encoder(x)[1].sum(-1)


@wrong(
    "averaged_over_latents",
    "log p(z) and log q(z | x) are averaged over the latent dimensions; they are sums.",
    severity="slip",
)
def _averaged_over_latents(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var, z = _samples(x, encoder, n_samples, generator)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
    return log_mean_exp(log_ratio / z.shape[-1] + gaussian_log_density(x, decoder(z), log_var_x))


@wrong(
    "averaged_everywhere",
    "Every log-density is averaged over its dimensions; they are sums, over the pixels and over the latent dimensions.",
    severity="slip",
    credit=0.5,
)
def _averaged_everywhere(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var, z = _samples(x, encoder, n_samples, generator)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
    log_likelihood = gaussian_log_density(x, decoder(z), log_var_x)
    return log_mean_exp(log_ratio / z.shape[-1] + log_likelihood / x.shape[-1])


@wrong(
    "divided_by_pixels",
    "The estimate is divided by the number of pixels; log p(x) is that of a whole image.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) / x.shape[-1]


@wrong(
    "other_base",
    "The logarithm has another base than e: log p(x) is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) / math.log(2)


@wrong(
    "variance_read_as_std",
    "`sigma_p` is squared once too often: its square is the variance.",
    severity="slip",
)
def _variance_read_as_std(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p**2, n_samples, generator)


@wrong(
    "sigma_p_ignored",
    "`sigma_p` is not used: another standard deviation is built in.",
    severity="slip",
    credit=0.5,
)
def _sigma_p_ignored(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, 1.0, n_samples, generator)


@wrong(
    "log_var_read_as_log_std",
    "The encoder's log-variance is used as if it were log σ: z is drawn from a wider or narrower q(z | x) than it means.",
    severity="slip",
)
def _log_var_read_as_log_std(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    def wrong_encoder(images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = encoder(images)
        return mean, 2 * log_var

    return estimate_log_likelihood(x, wrong_encoder, decoder, sigma_p, n_samples, generator)


@wrong(
    "q_of_another_scale",
    "z is drawn with σ = e^{½ log_var}, but log q(z | x) is that of a Gaussian with σ = e^{log_var}.",
    severity="slip",
)
def _q_of_another_scale(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var, z = _samples(x, encoder, n_samples, generator)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_w = _log_prior(z) + gaussian_log_density(x, decoder(z), log_var_x)
    return log_mean_exp(log_w - gaussian_log_density(z, mean, 2 * log_var))


@wrong(
    "prior_proposal",
    "z is drawn from the prior; it is to be drawn from q(z | x), where the likelihood is large.",
    severity="gap",
)
def _prior_proposal(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    zero = torch.zeros_like(encoder(x)[0])

    def prior(images: Tensor) -> tuple[Tensor, Tensor]:
        return zero, zero

    return estimate_log_likelihood(x, prior, decoder, sigma_p, n_samples, generator)


@wrong(
    "prior_samples_with_weights",
    "z is drawn from the prior, but weighted with p(z)/q(z | x) as if it came from q.",
    severity="gap",
)
def _prior_samples_with_weights(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    zero = torch.zeros((n_samples, *mean.shape), dtype=mean.dtype, device=mean.device)
    z = sample_gaussian(zero, zero, generator)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_w = _log_prior(z) + gaussian_log_density(x, decoder(z), log_var_x)
    return log_mean_exp(log_w - gaussian_log_density(z, mean, log_var))


@wrong(
    "no_noise",
    "z is the mean of q(z | x): nothing is drawn.",
    severity="gap",
)
def _no_noise(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_w = _log_prior(mean) + gaussian_log_density(x, decoder(mean), log_var_x)
    return log_w - gaussian_log_density(mean, mean, log_var)


@wrong(
    "another_z_for_each_density",
    "p(z), p(x | z) and q(z | x) are evaluated at different draws of z; a weight belongs to one z.",
    severity="gap",
)
def _another_z_for_each_density(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[0]
    log_likelihood = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[1]
    log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[2]
    return log_mean_exp(log_prior + log_likelihood - log_q)


@wrong(
    "bernoulli_likelihood",
    "p(x | z) is a Bernoulli density of logits; it is a Gaussian here, whose mean the decoder gives.",
    severity="gap",
)
def _bernoulli_likelihood(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var, z = _samples(x, encoder, n_samples, generator)
    logits = decoder(z)
    log_likelihood = (x * logits - softplus(logits)).sum(-1)
    return log_mean_exp(_log_prior(z) + log_likelihood - gaussian_log_density(z, mean, log_var))


@wrong(
    "sigmoid_of_decoder",
    "A sigmoid is applied to what the decoder returns, which is the mean of p(x | z) already.",
    severity="slip",
)
def _sigmoid_of_decoder(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    def with_sigmoid(z: Tensor) -> Tensor:
        return torch.sigmoid(decoder(z))

    return estimate_log_likelihood(x, encoder, with_sigmoid, sigma_p, n_samples, generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("exp_before_sum")
@_of_weights
def _exp_in_float64(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    log_w = log_prior + log_likelihood - log_q
    return torch.log(torch.exp(log_w.double()).mean(0)).to(log_w.dtype)


@wrong("squared_error")
@_of_likelihood
def _half_squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -0.5 * squares


@wrong("squared_error")
@_of_likelihood
def _mean_squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / pixels


@wrong("sigma_p_ignored")
def _sigma_p_of_the_handout(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, 0.4, n_samples, generator)


@wrong("other_base")
def _decimal_logarithm(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) / math.log(10)


@wrong("averaged_over_pixels")
@_of_likelihood
def _squared_error_averaged(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / pixels / (2 * sigma**2) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong("averaged_over_wrong_axis")
@_of_weights
def _other_axis_and_log_s(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return torch.logsumexp(log_prior + log_likelihood - log_q, 1) - math.log(len(log_q))


# ------------------------------------------------------------------------------------------------------- in other words


def _q_and_prior(x, encoder):
    mean, log_var = encoder(x)
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return q, Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)


def _parts(x, encoder, decoder, sigma_p, n_samples):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return prior.log_prob(z), Normal(decoder(z), sigma_p).log_prob(x).sum(-1), q.log_prob(z)


@wrong("log_s_missing", rewritten=True)
def _distributions_without_log_s(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0)


@wrong("mean_of_logs", rewritten=True)
def _running_elbo(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    total = torch.zeros(len(x), dtype=x.dtype)
    for _ in range(n_samples):
        prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, 1)
        total = total + (prior + likelihood - q)[0]
    return total / n_samples


@wrong("log_prior_missing", rewritten=True)
def _logaddexp_loop(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_var = encoder(x)
    result = None
    for _ in range(n_samples):
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
        log_q = -0.5 * (math.log(TWO_PI) + log_var + (z - mean) ** 2 / log_var.exp()).sum(1)
        log_p = -(((x - decoder(z)) / sigma_p) ** 2 + 2 * math.log(sigma_p) + math.log(TWO_PI)).sum(1) / 2
        result = log_p - log_q if result is None else torch.logaddexp(result, log_p - log_q)
    return result - math.log(n_samples)


@wrong("std_read_as_variance", rewritten=True)
def _normal_with_root(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, math.sqrt(sigma_p), n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples)


@wrong("normaliser_missing", rewritten=True)
def _squares_over_two_sigma_squared(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), dtype=mean.dtype)
    z = mean + eps * torch.exp(0.5 * log_var)
    log_likelihood = -((x - decoder(z)) ** 2).sum(-1) / (2 * sigma_p**2)
    log_ratio = 0.5 * (eps**2 - z**2 + log_var).sum(-1)  # the constants of p(z) and q(z | x) are the same
    return torch.logsumexp(log_likelihood + log_ratio, 0) - math.log(n_samples)


@wrong("shared_over_samples", rewritten=True)
def _one_draw_expanded(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample().expand(n_samples, -1, -1)
    log_w = prior.log_prob(z) + Normal(decoder(z), sigma_p).log_prob(x).sum(-1) - q.log_prob(z)
    return torch.logsumexp(log_w, dim=0) - math.log(n_samples)


@wrong("prior_proposal", rewritten=True)
def _simple_monte_carlo(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    shape = (n_samples, *encoder(x)[0].shape)
    z = torch.randn(shape, dtype=x.dtype)
    log_likelihood = Normal(decoder(z), sigma_p).log_prob(x).sum(-1)
    return torch.logsumexp(log_likelihood, 0) - math.log(n_samples)


@wrong("log_sigma_missing", rewritten=True)
def _unit_normaliser(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), dtype=mean.dtype)
    z = mean + eps * torch.exp(0.5 * log_var)
    log_likelihood = (-((x - decoder(z)) ** 2) / (2 * sigma_p**2) - 0.5 * math.log(TWO_PI)).sum(-1)
    log_ratio = 0.5 * (eps**2 - z**2 + log_var).sum(-1)
    return torch.logsumexp(log_likelihood + log_ratio, 0) - math.log(n_samples)


@wrong("variance_read_as_std", rewritten=True)
def _normal_with_square(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p**2, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples)


@wrong("log_var_read_as_log_std", rewritten=True)
def _normal_with_exp(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_std = encoder(x)
    q = Independent(Normal(mean, log_std.exp()), 1)
    z = q.rsample((n_samples,))
    prior = Normal(torch.zeros_like(mean), 1.0).log_prob(z).sum(-1)
    return torch.logsumexp(prior + Normal(decoder(z), sigma_p).log_prob(x).sum(-1) - q.log_prob(z), 0) - math.log(
        n_samples
    )


@wrong("log_q_added", rewritten=True)
def _plus_log_q(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood + q, dim=0) - math.log(n_samples)


@wrong("no_noise", rewritten=True)
def _at_the_mean(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    q, prior = _q_and_prior(x, encoder)
    return prior.log_prob(q.mean) + Normal(decoder(q.mean), sigma_p).log_prob(x).sum(-1) - q.log_prob(q.mean)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _another_default(x, encoder, decoder, sigma_p=1.0, n_samples=1000):
    """Seen only where `sigma_p` is left out."""
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples)


@wrong()
def _half_of_the_samples(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    """S + 1 for S."""
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples + 1)


@wrong()
def _likelihood_scaled(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, 1.1 * sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples)


# -------------------------------------------------------------------------------------------------------- right answers


@right("loop_over_samples", "A loop over the samples that keeps only S × B numbers.")
def _loop_over_samples(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    log_2pi, log_sigma = math.log(2 * math.pi), torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    log_weights = []
    for _ in range(n_samples):
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        z = mean + torch.exp(log_var / 2) * eps
        log_ratio = 0.5 * (eps**2 + log_var - z**2).sum(-1)  # log p(z) − log q(z | x): the constants cancel
        log_likelihood = -0.5 * (((x - decoder(z)) / sigma_p) ** 2 + log_2pi).sum(-1) - x.shape[-1] * log_sigma
        log_weights.append(log_ratio + log_likelihood)
    return torch.stack(log_weights).logsumexp(0) - math.log(n_samples)


@right("distributions", "torch.distributions; the generator is not used.")
def _distributions(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    p = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    z = q.rsample(torch.Size([n_samples]))
    x_mean = decoder(z)
    std = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device).expand_as(x_mean)
    likelihood = Independent(Normal(x_mean, std), 1)
    log_w: Tensor = p.log_prob(z) + likelihood.log_prob(x) - q.log_prob(z)
    return torch.logsumexp(log_w, 0) - math.log(n_samples)


@right("flattened", "Samples and batch in one axis, without `generator` in the signature.")
def _flattened(
    x: Tensor, encoder: AnyEncoder, decoder: AnyDecoder, sigma_p: float | Tensor = 0.4, n_samples: int = 1000
) -> Tensor:
    mu, logvar = encoder(x)
    mu, logvar, images = (t.repeat(n_samples, 1) for t in (mu, logvar, x))
    variance = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device) ** 2
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    log_p = -0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
    log_q = -0.5 * ((z - mu).square() / logvar.exp() + logvar + math.log(2 * math.pi)).sum(1)
    log_px = -(images - decoder(z)).square().sum(1) / (2 * variance)
    log_px = log_px - x.shape[1] / 2 * torch.log(2 * math.pi * variance)
    return torch.logsumexp((log_p + log_px - log_q).view(n_samples, -1), 0) - math.log(n_samples)


@right("running_sum", "A running log-sum that never holds more than one sample.")
def _running_sum(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    total = torch.full_like(mean[:, 0], -math.inf)
    constant = x.shape[-1] * (
        0.5 * math.log(2 * math.pi) + torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device).log()
    )
    for _ in range(n_samples):
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        z = mean + eps * torch.exp(log_var / 2)
        log_w = 0.5 * (eps.square() + log_var - z.square()).sum(-1)
        log_w = log_w - 0.5 * ((x - decoder(z)) / sigma_p).square().sum(-1) - constant
        total = torch.logaddexp(total, log_w)
    return total - math.log(n_samples)


@right("multivariate", "Multivariate normals with covariance matrices.")
def _multivariate(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    q = MultivariateNormal(mean, scale_tril=torch.diag_embed(torch.exp(0.5 * log_var)))
    latent, pixels = (torch.eye(n, dtype=x.dtype, device=x.device) for n in (mean.shape[-1], x.shape[-1]))
    p = MultivariateNormal(torch.zeros_like(mean), covariance_matrix=latent)
    z = q.rsample((n_samples,))
    log_likelihood = MultivariateNormal(decoder(z), covariance_matrix=sigma_p**2 * pixels).log_prob(x)
    return torch.logsumexp(p.log_prob(z) + log_likelihood - q.log_prob(z), 0) - math.log(n_samples)


@right("loss_of_pytorch", "PyTorch's Gaussian loss with its constant for p(x | z).")
def _loss_of_pytorch(
    x: Tensor,
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    q, p = Normal(mean, torch.exp(0.5 * log_var)), Normal(torch.zeros_like(mean), torch.ones_like(mean))
    z = q.rsample((n_samples,))
    x_mean = decoder(z)
    variance = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device).expand(x_mean.shape) ** 2
    loss = gaussian_nll_loss(x_mean, x.expand_as(x_mean), variance, full=True, reduction="none")
    log_w = (p.log_prob(z) - q.log_prob(z)).sum(-1) - loss.sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(n_samples)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_EVALUATION = "The evidence is evaluated, never trained on: right answers may compute it under no_grad."
EQUIVALENT = {
    "drop power in _CHUNK_ELEMENTS: 2 ** 23 -> 2": "Samples are drawn in smaller chunks: other draws from the same distribution.",
    "detach gradient: z = sample_gaussian(..., ..., generator) "
    "-> z = sample_gaussian(..., ..., generator).detach()": _EVALUATION,
    "detach gradient: log_prior = gaussian_log_density(z, zero, zero) "
    "-> log_prior = gaussian_log_density(z, zero, zero).detach()": _EVALUATION,
    "detach gradient: log_likelihood = gaussian_log_density(x, decoder(z), log_var_x) "
    "-> log_likelihood = gaussian_log_density(x, decoder(z), log_var_x).detach()": _EVALUATION,
}
