"""What is held against the checks of `prior_log_likelihood`."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn.functional import gaussian_nll_loss, softplus

from autograder.authoring.candidates import right, wrong
from reference.densities import gaussian_log_density
from reference.evidence import log_mean_exp, prior_log_likelihood
from reference.types import AnyDecoder

LOG_2PI = math.log(2 * math.pi)
Estimate = Callable[..., Tensor]


# ------------------------------------------------------------------------------------------------------- named mistakes


def _normal(n_samples: int, latent_dim: int, x: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(n_samples, 1, latent_dim, generator=generator, dtype=x.dtype, device=x.device)


def _log_var(log_var_x: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(log_var_x, dtype=like.dtype, device=like.device)


def _of_likelihoods(combined: Callable[[Tensor], Tensor]) -> Estimate:
    """An estimate from log p(x | z), shape (S, B)."""

    def estimate(
        x: Tensor,
        decoder: AnyDecoder,
        latent_dim: int,
        log_var_x: float | Tensor,
        n_samples: int,
        generator: Generator | None = None,
    ) -> Tensor:
        decoded = decoder(_normal(n_samples, latent_dim, x, generator))
        return combined(gaussian_log_density(x, decoded, _log_var(log_var_x, x)))

    return estimate


def _of_density(log_density: Callable[[Tensor, int, Tensor], Tensor]) -> Estimate:
    """An estimate with another log p(x | z), which is given the squared errors, shape (S, B), the number of pixels and log σ_x²."""

    def estimate(
        x: Tensor,
        decoder: AnyDecoder,
        latent_dim: int,
        log_var_x: float | Tensor,
        n_samples: int,
        generator: Generator | None = None,
    ) -> Tensor:
        squares = ((x - decoder(_normal(n_samples, latent_dim, x, generator))) ** 2).sum(-1)
        return log_mean_exp(log_density(squares, x.shape[-1], _log_var(log_var_x, x)))

    return estimate


def _of_draws(drawn: Callable[[Tensor], Tensor]) -> Estimate:
    """An estimate with other z, which are made of standard normal ones, shape (S, 1, M)."""

    def estimate(
        x: Tensor,
        decoder: AnyDecoder,
        latent_dim: int,
        log_var_x: float | Tensor,
        n_samples: int,
        generator: Generator | None = None,
    ) -> Tensor:
        z = drawn(_normal(n_samples, latent_dim, x, generator))
        return log_mean_exp(gaussian_log_density(x, decoder(z), _log_var(log_var_x, x)).expand(-1, len(x)))

    return estimate


@wrong(
    "mean_of_logs",
    "The log-likelihoods are averaged; the mean is taken of the likelihoods, inside the logarithm.",
    severity="gap",
)
@_of_likelihoods
def _mean_of_logs(log_p: Tensor) -> Tensor:
    return log_p.mean(0)


@wrong("exp_before_sum", "The likelihoods are exponentiated as they are and underflow to 0.", severity="slip")
@_of_likelihoods
def _exp_before_sum(log_p: Tensor) -> Tensor:
    return torch.log(torch.exp(log_p).mean(0))


@wrong("log_s_missing", "− log S is missing: the likelihoods are summed, not averaged.", severity="slip", credit=0.7)
@_of_likelihoods
def _log_s_missing(log_p: Tensor) -> Tensor:
    return torch.logsumexp(log_p, 0)


@wrong("log_s_added", "log S is added; the mean divides by S, so it must be subtracted.", severity="slip", credit=0.7)
@_of_likelihoods
def _log_s_added(log_p: Tensor) -> Tensor:
    return torch.logsumexp(log_p, 0) + math.log(len(log_p))


@wrong("divided_by_s", "The log-sum is divided by S; dividing the sum by S means subtracting log S.", severity="slip")
@_of_likelihoods
def _divided_by_s(log_p: Tensor) -> Tensor:
    return torch.logsumexp(log_p, 0) / len(log_p)


@wrong("maximum", "The largest log-likelihood is returned; the others count as well.", severity="gap")
@_of_likelihoods
def _maximum(log_p: Tensor) -> Tensor:
    return log_p.amax(0)


@wrong(
    "averaged_over_wrong_axis",
    "The mean runs over the examples; it belongs over the samples.",
    severity="slip",
)
@_of_likelihoods
def _averaged_over_wrong_axis(log_p: Tensor) -> Tensor:
    return torch.logsumexp(log_p, 1) - math.log(log_p.shape[1])


@wrong(
    "one_maximum_for_all",
    "One maximum is subtracted for all examples, so that unlikely ones underflow: each needs its own.",
    severity="slip",
)
@_of_likelihoods
def _one_maximum_for_all(log_p: Tensor) -> Tensor:
    return log_p.max() + torch.log(torch.exp(log_p - log_p.max()).mean(0))


@wrong("sign", "The sign is reversed: this is a negative log-likelihood.", severity="slip")
@_of_likelihoods
def _sign(log_p: Tensor) -> Tensor:
    return -log_mean_exp(log_p)


@wrong(
    "other_base",
    "The logarithm has another base than e: log p(x) is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
@_of_likelihoods
def _other_base(log_p: Tensor) -> Tensor:
    return log_mean_exp(log_p) / math.log(2)


@wrong(
    "prior_added",
    "log p(z) is added to log p(x | z): z is drawn from the prior already, which is its weight.",
    severity="gap",
)
def _prior_added(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _normal(n_samples, latent_dim, x, generator)
    log_prior = gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))
    return log_mean_exp(log_prior + gaussian_log_density(x, decoder(z), _log_var(log_var_x, x)))


@wrong(
    "shared_over_samples",
    "All `n_samples` samples are the same draw, so that averaging them averages nothing.",
    severity="gap",
)
@_of_draws
def _shared_over_samples(z: Tensor) -> Tensor:
    return z[:1].expand_as(z)


@wrong("no_noise", "z is 0, the mean of the prior: nothing is drawn.", severity="gap")
@_of_draws
def _no_noise(z: Tensor) -> Tensor:
    return 0 * z


@wrong("uniform_noise", "z is drawn uniformly from [0, 1); the prior is N(0, I).", severity="gap")
@_of_draws
def _uniform_noise(z: Tensor) -> Tensor:
    return torch.special.ndtr(z)


@wrong("shared_over_latents", "All latents of z are the same number; each is drawn by itself.", severity="slip")
@_of_draws
def _shared_over_latents(z: Tensor) -> Tensor:
    return z[..., :1].expand_as(z)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
    credit=0.7,
)
def _same_noise_every_call(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    fixed = Generator(device=x.device).manual_seed(0)
    return prior_log_likelihood(x, decoder, latent_dim, log_var_x, n_samples, fixed)


@wrong(
    "decoder_of_mean",
    "The decoder's outputs are averaged over z before p(x | z) is computed; it is p(x | z) that is averaged.",
    severity="gap",
)
def _decoder_of_mean(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    decoded = decoder(_normal(n_samples, latent_dim, x, generator)).mean(0)
    return gaussian_log_density(x, decoded, _log_var(log_var_x, x))


@wrong(
    "log_var_read_as_log_std",
    "`log_var_x` is used as if it were log σ; it is log σ² = 2 log σ.",
    severity="slip",
)
def _log_var_read_as_log_std(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return prior_log_likelihood(x, decoder, latent_dim, 2 * log_var_x, n_samples, generator)


@wrong(
    "variance_ignored",
    "`log_var_x` is not used: the variance is taken to be 1.",
    severity="slip",
    credit=0.5,
)
def _variance_ignored(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return prior_log_likelihood(x, decoder, latent_dim, 0.0, n_samples, generator)


@wrong("normaliser_missing", "The normalising constant −(D/2) log 2πσ_x² of p(x | z) is missing.", severity="slip")
@_of_density
def _normaliser_missing(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * squares * torch.exp(-log_var)


@wrong(
    "normaliser_once",
    "The normalising constant −½ log 2πσ_x² is there once, but each of the D pixels has one.",
    severity="slip",
    credit=0.7,
)
@_of_density
def _normaliser_once(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) + LOG_2PI + log_var)


@wrong(
    "log_2pi_missing",
    "The constant −½ log 2π of every pixel is missing from p(x | z).",
    severity="slip",
    credit=0.7,
)
@_of_density
def _log_2pi_missing(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) + pixels * log_var)


@wrong(
    "log_sigma_missing",
    "The term −½ log σ_x² of every pixel is missing from p(x | z).",
    severity="slip",
    credit=0.65,
)
@_of_density
def _log_sigma_missing(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) + pixels * LOG_2PI)


@wrong(
    "log_var_not_halved",
    "The term −½ log σ_x² of every pixel has lost its ½.",
    severity="slip",
    credit=0.7,
)
@_of_density
def _log_var_not_halved(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) + pixels * (LOG_2PI + 2 * log_var))


@wrong(
    "normaliser_added",
    "The normalising constant of p(x | z) is added; it must be subtracted.",
    severity="slip",
)
@_of_density
def _normaliser_added(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) - pixels * (LOG_2PI + log_var))


@wrong(
    "half_of_squared_error_missing",
    "The factor ½ in front of the squared error is missing: it is divided by 2σ_x².",
    severity="slip",
)
@_of_density
def _half_of_squared_error_missing(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -squares * torch.exp(-log_var) - 0.5 * pixels * (LOG_2PI + log_var)


@wrong(
    "std_in_squared_error",
    "The squared error is divided by 2σ_x; it is 2σ_x² that belongs there.",
    severity="slip",
)
@_of_density
def _std_in_squared_error(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-0.5 * log_var) + pixels * (LOG_2PI + log_var))


@wrong(
    "squared_error_multiplied",
    "The squared error is multiplied by σ_x²; it must be divided by it.",
    severity="slip",
)
@_of_density
def _squared_error_multiplied(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(log_var) + pixels * (LOG_2PI + log_var))


@wrong(
    "squared_error_not_divided",
    "The squared error is not divided by σ_x², which stands in the normalising constant only.",
    severity="slip",
    credit=0.5,
)
@_of_density
def _squared_error_not_divided(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares + pixels * (LOG_2PI + log_var))


@wrong(
    "squared_error",
    "The squared error is used without its scale 1/(2σ_x²) and without the normalising constant.",
    severity="slip",
    credit=0.5,
)
@_of_density
def _squared_error(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -squares


@wrong("averaged_over_pixels", "log p(x | z) is averaged over the pixels; it is their sum.", severity="slip")
@_of_density
def _averaged_over_pixels(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) / pixels + LOG_2PI + log_var)


@wrong(
    "bernoulli_likelihood",
    "p(x | z) is a Bernoulli density of logits; it is a Gaussian here, whose mean the decoder gives.",
    severity="gap",
)
def _bernoulli_likelihood(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    logits = decoder(_normal(n_samples, latent_dim, x, generator))
    return log_mean_exp((x * logits - softplus(logits)).sum(-1))


@wrong(
    "sigmoid_of_decoder",
    "A sigmoid is applied to what the decoder returns, which is the mean of p(x | z) already.",
    severity="slip",
)
def _sigmoid_of_decoder(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    def with_sigmoid(z: Tensor) -> Tensor:
        return torch.sigmoid(decoder(z))

    return prior_log_likelihood(x, with_sigmoid, latent_dim, log_var_x, n_samples, generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("exp_before_sum")
@_of_likelihoods
def _exp_in_float64(log_p: Tensor) -> Tensor:
    return torch.log(torch.exp(log_p.double()).mean(0)).to(log_p.dtype)


@wrong("squared_error")
@_of_density
def _half_squared_error(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * squares


@wrong("squared_error")
@_of_density
def _mean_squared_error(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -squares / pixels


@wrong("other_base")
@_of_likelihoods
def _decimal_logarithm(log_p: Tensor) -> Tensor:
    return log_mean_exp(log_p) / math.log(10)


@wrong("averaged_over_pixels")
@_of_density
def _squared_error_averaged(squares: Tensor, pixels: int, log_var: Tensor) -> Tensor:
    return -0.5 * (squares * torch.exp(-log_var) / pixels + pixels * (LOG_2PI + log_var))


@wrong("uniform_noise")
@_of_draws
def _uniform_around_0(z: Tensor) -> Tensor:
    return 2 * torch.special.ndtr(z) - 1


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("mean_of_logs", rewritten=True)
def _running_mean(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    total = torch.zeros(len(x), dtype=x.dtype)
    for _ in range(n_samples):
        z = torch.randn(len(x), latent_dim, dtype=x.dtype)
        total = total + Normal(decoder(z), math.exp(0.5 * log_var_x)).log_prob(x).sum(-1)
    return total / n_samples


@wrong("log_s_missing", rewritten=True)
def _distributions_without_log_s(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    z = Normal(0.0, 1.0).sample((n_samples, len(x), latent_dim)).to(x.dtype)
    return Normal(decoder(z), math.exp(0.5 * log_var_x)).log_prob(x).sum(-1).logsumexp(0)


@wrong("log_var_read_as_log_std", rewritten=True)
def _normal_with_exp(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    z = torch.randn(n_samples, len(x), latent_dim, dtype=x.dtype)
    return Normal(decoder(z), math.exp(log_var_x)).log_prob(x).sum(-1).logsumexp(0) - math.log(n_samples)


@wrong("no_noise", rewritten=True)
def _at_zero(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    decoded = decoder(torch.zeros(1, latent_dim, dtype=x.dtype))
    return Normal(decoded, math.exp(0.5 * log_var_x)).log_prob(x).sum(-1)


@wrong("uniform_noise", rewritten=True)
def _rand(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    z = torch.rand(n_samples, len(x), latent_dim, dtype=x.dtype)
    return Normal(decoder(z), math.exp(0.5 * log_var_x)).log_prob(x).sum(-1).logsumexp(0) - math.log(n_samples)


@wrong("shared_over_samples", rewritten=True)
def _one_draw_for_each_example(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    z = torch.randn(len(x), latent_dim, dtype=x.dtype).expand(n_samples, -1, -1)
    return Normal(decoder(z), math.exp(0.5 * log_var_x)).log_prob(x).sum(-1).logsumexp(0) - math.log(n_samples)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
@_of_draws
def _wide_noise(z: Tensor) -> Tensor:
    return 1.2 * z


@wrong()
@_of_likelihoods
def _first_sample_forgotten(log_p: Tensor) -> Tensor:
    return torch.logsumexp(log_p[1:], 0) - math.log(len(log_p))


# -------------------------------------------------------------------------------------------------------- right answers


@right("fresh_for_each_example", "Every example has draws of its own.")
def _fresh_for_each_example(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = torch.randn(n_samples, x.shape[0], latent_dim, generator=generator, dtype=x.dtype, device=x.device)
    log_var = torch.as_tensor(log_var_x, dtype=x.dtype, device=x.device)
    log_p = -0.5 * (math.log(2 * math.pi) + log_var + (x - decoder(z)) ** 2 / log_var.exp()).sum(-1)
    return torch.logsumexp(log_p, 0) - math.log(n_samples)


@right("loop_over_samples", "A running log-sum that never holds more than one sample.")
def _loop_over_samples(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    total = torch.full_like(x[:, 0], -math.inf)
    std = math.exp(0.5 * float(log_var_x))
    for _ in range(n_samples):
        z = torch.randn(1, latent_dim, generator=generator, dtype=x.dtype, device=x.device)
        total = torch.logaddexp(total, -0.5 * (((x - decoder(z)) / std) ** 2).sum(-1))
    return total - math.log(n_samples) - x.shape[-1] * (math.log(std) + 0.5 * math.log(2 * math.pi))


@right("distributions", "torch.distributions, without `generator` in the signature.")
def _distributions(
    x: Tensor, decoder: AnyDecoder, latent_dim: int, log_var_x: float | Tensor, n_samples: int
) -> Tensor:
    prior = MultivariateNormal(torch.zeros(latent_dim, dtype=x.dtype), torch.eye(latent_dim, dtype=x.dtype))
    decoded = decoder(prior.sample((n_samples,)))[:, None]
    std = torch.exp(0.5 * torch.as_tensor(log_var_x, dtype=x.dtype))
    log_p = Independent(Normal(decoded, std.expand_as(decoded)), 1).log_prob(x)
    return log_p.logsumexp(0) - math.log(n_samples)


@right("antithetic", "Draws in pairs z and −z, which are as right and vary less.")
def _antithetic(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    half = torch.randn((n_samples + 1) // 2, 1, latent_dim, generator=generator, dtype=x.dtype)
    decoded = decoder(torch.cat([half, -half])[:n_samples])
    std = torch.exp(0.5 * torch.as_tensor(log_var_x, dtype=x.dtype))
    return Normal(decoded, std).log_prob(x).sum(-1).logsumexp(0) - math.log(n_samples)


@right("flattened", "Samples and examples in one axis, with PyTorch's Gaussian loss.")
def _flattened(
    x: Tensor,
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Tensor,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    images = x.repeat(n_samples, 1)
    decoded = decoder(torch.randn(len(images), latent_dim, dtype=x.dtype, device=x.device))
    variance = torch.as_tensor(log_var_x, dtype=x.dtype).exp().expand_as(decoded)
    loss = gaussian_nll_loss(decoded, images, variance, full=True, reduction="none").sum(-1)
    return torch.logsumexp(-loss.view(n_samples, -1), 0) - math.log(n_samples)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "drop power in _CHUNK_ELEMENTS: 2 ** 23 -> 2": "Samples are drawn in smaller chunks: other draws from the same distribution.",
}
