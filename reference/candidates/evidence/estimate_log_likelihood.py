"""What is held against the checks of `estimate_log_likelihood`."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, Normal

from autograder.authoring.candidates import right, wrong
from reference.densities import gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import estimate_log_likelihood, log_mean_exp
from reference.types import Decoder, Encoder

LOG_2PI = math.log(2 * math.pi)
TWO_PI = 2 * math.pi


# ------------------------------------------------------------------------------------------------------- named mistakes


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


@wrong(
    "exp_before_sum",
    "The weights are exponentiated as they are and underflow to 0, so the estimate is −∞.",
    severity="slip",
)
def _exp_before_sum(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return torch.log(torch.exp(log_prior + log_likelihood - log_q).mean(0))


@wrong("log_s_missing", "− log S is missing: the weights are summed, not averaged.", severity="slip", credit=0.7)
def _log_s_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, generator) + math.log(n_samples)


@wrong("log_q_missing", "The weights are not divided by q(z | x), the density z was drawn from.", severity="gap")
def _log_q_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, _ = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_prior + log_likelihood)


@wrong("log_prior_missing", "The prior p(z) is missing from the weights.", severity="gap")
def _log_prior_missing(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    _, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_likelihood - log_q)


@wrong(
    "no_importance_weights",
    "p(x | z) is averaged over draws from q without the weights p(z)/q(z | x), as if z came from the prior.",
    severity="gap",
    credit=0.3,
)
def _no_importance_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return log_mean_exp(_log_weights(x, encoder, decoder, sigma_p, n_samples, generator)[1])


@wrong(
    "inverted_weights",
    "The importance weight is inverted: it is p(z)/q(z | x), not q(z | x)/p(z).",
    severity="slip",
    credit=0.5,
)
def _inverted_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return log_mean_exp(log_likelihood + log_q - log_prior)


@wrong(
    "mean_of_logs",
    "The logarithms of the weights are averaged: that is the ELBO, which is smaller than log p(x).",
    severity="gap",
)
def _mean_of_logs(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    log_prior, log_likelihood, log_q = _log_weights(x, encoder, decoder, sigma_p, n_samples, generator)
    return (log_prior + log_likelihood - log_q).mean(0)


@wrong(
    "kl_for_weights",
    "The closed-form KL divergence is subtracted; inside the logarithm every z has its own weight p(z)/q(z | x).",
    severity="gap",
)
def _kl_for_weights(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
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
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    return estimate_log_likelihood(x, encoder, decoder, sigma_p**0.5, n_samples, generator)


@wrong("normaliser_missing", "The normalising constant −(D/2) log 2πσ_p² of p(x | z) is missing.", severity="slip")
def _normaliser_missing(
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


@wrong(
    "normaliser_once",
    "The normalising constant −½ log 2πσ_p² is there once, but each of the D pixels has one.",
    severity="slip",
    credit=0.7,
)
def _normaliser_once(
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


@wrong(
    "std_in_normaliser",
    "The normalising constant is −(D/2) log 2πσ_p; it needs σ_p² under the logarithm.",
    severity="slip",
    credit=0.7,
)
def _std_in_normaliser(
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


@wrong(
    "squared_error",
    "The squared error is used without its scale 1/(2σ_p²) and without the normalising constant.",
    severity="slip",
    credit=0.5,
)
def _squared_error(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    estimate = estimate_log_likelihood(x, encoder, decoder, 0.5**0.5, n_samples, generator)
    return estimate + 0.5 * x.shape[-1] * math.log(math.pi)


@wrong("averaged_over_pixels", "log p(x | z) is averaged over the pixels; it is their sum.", severity="slip")
def _averaged_over_pixels(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
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


@wrong(
    "shared_noise",
    "One set of noise vectors is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.75,
)
def _shared_noise(
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


@wrong(
    "shared_over_samples",
    "All `n_samples` samples of an example are the same draw, so that averaging them averages nothing.",
    severity="gap",
)
def _shared_over_samples(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
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
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    fixed = Generator(device=x.device).manual_seed(0)
    return estimate_log_likelihood(x, encoder, decoder, sigma_p, n_samples, fixed)


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


# ------------------------------------------------------------------------------------------------------- without a name


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
    encoder: Encoder,
    decoder: Decoder,
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
    encoder: Encoder,
    decoder: Decoder,
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
    x: Tensor, encoder: Encoder, decoder: Decoder, sigma_p: float | Tensor = 0.4, n_samples: int = 1000
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
    encoder: Encoder,
    decoder: Decoder,
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
