"""What is held against the checks of `importance_log_weights`."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn.functional import gaussian_nll_loss, mse_loss, softplus

from autograder.authoring.candidates import right, wrong
from reference.densities import gaussian_log_density
from reference.divergences import kl_standard_normal
from reference.evidence import importance_log_weights
from reference.types import AnyDecoder

LOG_2PI = math.log(2 * math.pi)
Weights = Callable[..., Tensor]


# ------------------------------------------------------------------------------------------------------- named mistakes


def _tensor(sigma_p: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(sigma_p, dtype=like.dtype, device=like.device)


def _log_prior(z: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))


def _log_likelihood(x: Tensor, z: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor) -> Tensor:
    return gaussian_log_density(x, decoder(z), 2 * torch.log(_tensor(sigma_p, x)))


def _of_densities(combined: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Weights:
    """Log-weights from log p(z), log p(x | z) and log q(z | x), each of shape (S, B)."""

    def weights(
        x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
    ) -> Tensor:
        log_q = gaussian_log_density(z, mean, log_var)
        return combined(_log_prior(z), _log_likelihood(x, z, decoder, sigma_p), log_q)

    return weights


def _of_likelihood(log_likelihood: Callable[[Tensor, int, Tensor], Tensor]) -> Weights:
    """Log-weights with another p(x | z), which is given the squared errors of shape (S, B), the number of pixels and σ_p."""

    def weights(
        x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
    ) -> Tensor:
        squares = ((x - decoder(z)) ** 2).sum(-1)
        log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
        return log_ratio + log_likelihood(squares, x.shape[-1], _tensor(sigma_p, x))

    return weights


def _of_proposal(log_q: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Weights:
    """Log-weights with another log q, which is given z, mean and log_var."""

    def weights(
        x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
    ) -> Tensor:
        return _log_prior(z) + _log_likelihood(x, z, decoder, sigma_p) - log_q(z, mean, log_var)

    return weights


@wrong(
    "log_q_missing",
    "− log q(z | x) is missing: a weight is divided by the density that z was drawn from.",
    severity="gap",
)
@_of_densities
def _log_q_missing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_prior + log_likelihood


@wrong("log_prior_missing", "The prior p(z) is missing from the weights.", severity="gap")
@_of_densities
def _log_prior_missing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_likelihood - log_q


@wrong(
    "likelihood_missing",
    "p(x | z) is missing: only p(z)/q(z | x) is there.",
    severity="gap",
)
@_of_densities
def _likelihood_missing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_prior - log_q


@wrong(
    "only_likelihood",
    "Only log p(x | z) is there; p(z)/q(z | x), where the prior is N(0, I), is missing.",
    severity="gap",
    credit=0.3,
)
@_of_densities
def _only_likelihood(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_likelihood


@wrong(
    "log_q_added",
    "log q(z | x) is added; a weight is divided by q(z | x), so it must be subtracted.",
    severity="slip",
)
@_of_densities
def _log_q_added(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_prior + log_likelihood + log_q


@wrong("log_prior_subtracted", "log p(z) is subtracted; it must be added.", severity="slip")
@_of_densities
def _log_prior_subtracted(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_likelihood - log_prior - log_q


@wrong(
    "log_likelihood_subtracted",
    "log p(x | z) is subtracted: a loss stands where the log-likelihood belongs.",
    severity="slip",
)
@_of_densities
def _log_likelihood_subtracted(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_prior - log_likelihood - log_q


@wrong(
    "inverted_ratio",
    "The ratio of prior and proposal is inverted: it is p(z)/q(z | x), not q(z | x)/p(z).",
    severity="slip",
)
@_of_densities
def _inverted_ratio(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_likelihood + log_q - log_prior


@wrong("sign", "The sign is reversed: these are the logarithms of 1/w.", severity="slip")
def _sign(x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor) -> Tensor:
    return -importance_log_weights(x, z, mean, log_var, decoder, sigma_p)


@wrong(
    "log_missing",
    "The weights themselves are returned, which underflow to 0; their logarithms are asked for.",
    severity="gap",
)
def _log_missing(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return torch.exp(importance_log_weights(x, z, mean, log_var, decoder, sigma_p))


@wrong(
    "log_of_densities",
    "The densities are multiplied before the logarithm is taken: those of an image underflow to 0.",
    severity="slip",
)
@_of_densities
def _log_of_densities(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return torch.log(log_prior.exp() * log_likelihood.exp() / log_q.exp())


@wrong(
    "normalised",
    "The weights are normalised over the samples; they are asked for as they are.",
    severity="slip",
)
def _normalised(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return torch.log_softmax(importance_log_weights(x, z, mean, log_var, decoder, sigma_p), 0)


@wrong(
    "divided_by_s",
    "− log S is there already: it belongs to the mean over the samples, which is taken later.",
    severity="slip",
    credit=0.7,
)
def _divided_by_s(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p) - math.log(len(z))


@wrong(
    "kl_for_ratio",
    "The closed-form KL divergence is subtracted; every z has its own log p(z) − log q(z | x).",
    severity="gap",
)
def _kl_for_ratio(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return _log_likelihood(x, z, decoder, sigma_p) - kl_standard_normal(mean, log_var)


@wrong(
    "decoder_of_mean",
    "The decoder is given the mean of q(z | x); p(x | z) belongs to the sample z.",
    severity="gap",
)
def _decoder_of_mean(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
    return log_ratio + _log_likelihood(x, mean, decoder, sigma_p)


@wrong(
    "q_variance_in_prior",
    "The prior has the variance of q(z | x); its variance is 1.",
    severity="slip",
)
def _q_variance_in_prior(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    log_prior = gaussian_log_density(z, torch.zeros_like(mean), log_var)
    return log_prior + _log_likelihood(x, z, decoder, sigma_p) - gaussian_log_density(z, mean, log_var)


@wrong(
    "std_read_as_variance",
    "`sigma_p` is used as the variance; it is the standard deviation, the variance is σ_p².",
    severity="slip",
)
def _std_read_as_variance(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p**0.5)


@wrong(
    "variance_read_as_std",
    "`sigma_p` is squared once too often: its square is the variance.",
    severity="slip",
)
def _variance_read_as_std(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p**2)


@wrong(
    "sigma_p_ignored",
    "`sigma_p` is not used: another standard deviation is built in.",
    severity="slip",
    credit=0.5,
)
def _sigma_p_ignored(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, 1.0)


@wrong("normaliser_missing", "The normalising constant −(D/2) log 2πσ_p² of p(x | z) is missing.", severity="slip")
@_of_likelihood
def _normaliser_missing(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2)


@wrong(
    "normaliser_once",
    "The normalising constant −½ log 2πσ_p² is there once, but each of the D pixels has one.",
    severity="slip",
    credit=0.7,
)
@_of_likelihood
def _normaliser_once(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2) - 0.5 * LOG_2PI - torch.log(sigma)


@wrong(
    "std_in_normaliser",
    "The normalising constant is −(D/2) log 2πσ_p; it needs σ_p² under the logarithm.",
    severity="slip",
    credit=0.7,
)
@_of_likelihood
def _std_in_normaliser(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2) - 0.5 * pixels * (LOG_2PI + torch.log(sigma))


@wrong(
    "log_2pi_missing",
    "The constant −½ log 2π of every pixel is missing from p(x | z).",
    severity="slip",
    credit=0.7,
)
@_of_likelihood
def _log_2pi_missing(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2) - pixels * torch.log(sigma)


@wrong(
    "log_sigma_missing",
    "The term −log σ_p of every pixel is missing from p(x | z).",
    severity="slip",
    credit=0.65,
)
@_of_likelihood
def _log_sigma_missing(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2) - 0.5 * pixels * LOG_2PI


@wrong(
    "normaliser_added",
    "The normalising constant of p(x | z) is added; it must be subtracted.",
    severity="slip",
)
@_of_likelihood
def _normaliser_added(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2) + pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "half_of_normaliser_missing",
    "The normalising constant of p(x | z) is −D log 2πσ_p²; it has a factor ½.",
    severity="slip",
)
@_of_likelihood
def _half_of_normaliser_missing(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma**2) - pixels * (LOG_2PI + 2 * torch.log(sigma))


@wrong(
    "latent_dimension_in_normaliser",
    "The normalising constant of p(x | z) counts the latent dimensions; it belongs once to each pixel.",
    severity="slip",
    credit=0.7,
)
def _latent_dimension_in_normaliser(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    too_many = (x.shape[-1] - z.shape[-1]) * (0.5 * LOG_2PI + torch.log(_tensor(sigma_p, x)))
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p) + too_many


@wrong(
    "squared_error",
    "The squared error is used without its scale 1/(2σ_p²) and without the normalising constant.",
    severity="slip",
    credit=0.5,
)
@_of_likelihood
def _squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares


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
    "half_of_squared_error_missing",
    "The factor ½ in front of the squared error is missing: it is divided by 2σ_p².",
    severity="slip",
)
@_of_likelihood
def _half_of_squared_error_missing(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / sigma**2 - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "std_in_squared_error",
    "The squared error is divided by 2σ_p; it is 2σ_p² that belongs there.",
    severity="slip",
)
@_of_likelihood
def _std_in_squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / (2 * sigma) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong(
    "squared_error_added",
    "The squared error is added; the density falls with it, so it must be subtracted.",
    severity="slip",
)
@_of_likelihood
def _squared_error_added(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return squares / (2 * sigma**2) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong("averaged_over_pixels", "log p(x | z) is averaged over the pixels; it is their sum.", severity="slip")
@_of_likelihood
def _averaged_over_pixels(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / pixels / (2 * sigma**2) - 0.5 * LOG_2PI - torch.log(sigma)


@wrong(
    "averaged_over_latents",
    "log p(z) and log q(z | x) are averaged over the latent dimensions; they are sums.",
    severity="slip",
)
def _averaged_over_latents(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
    return log_ratio / z.shape[-1] + _log_likelihood(x, z, decoder, sigma_p)


@wrong(
    "averaged_everywhere",
    "Every log-density is averaged over its dimensions; they are sums, over the pixels and over the latent dimensions.",
    severity="slip",
    credit=0.5,
)
def _averaged_everywhere(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    log_ratio = _log_prior(z) - gaussian_log_density(z, mean, log_var)
    return log_ratio / z.shape[-1] + _log_likelihood(x, z, decoder, sigma_p) / x.shape[-1]


@wrong(
    "divided_by_pixels",
    "The log-weights are divided by the number of pixels; they are those of whole images.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p) / x.shape[-1]


@wrong(
    "prior_constant_missing",
    "p(z) lacks its constant −½ log 2π of every latent dimension, which q(z | x) has.",
    severity="slip",
    credit=0.7,
)
def _prior_constant_missing(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p) + 0.5 * z.shape[-1] * LOG_2PI


@wrong(
    "q_constant_missing",
    "q(z | x) lacks its constant −½ log 2π of every latent dimension, which p(z) has.",
    severity="slip",
    credit=0.7,
)
@_of_proposal
def _q_constant_missing(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(z, mean, log_var) + 0.5 * z.shape[-1] * LOG_2PI


@wrong("q_log_det_missing", "The term −½ log σ² is missing from log q(z | x).", severity="slip")
@_of_proposal
def _q_log_det_missing(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(z, mean, log_var) + 0.5 * log_var.sum(-1)


@wrong(
    "log_var_read_as_log_std",
    "The log-variance of q is used as if it were log σ; it is log σ² = 2 log σ.",
    severity="slip",
)
@_of_proposal
def _log_var_read_as_log_std(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(z, mean, 2 * log_var)


@wrong(
    "std_in_q",
    "The squared distance in log q(z | x) is divided by σ; it is σ² that belongs there.",
    severity="slip",
)
@_of_proposal
def _std_in_q(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (z - mean) ** 2 / torch.exp(0.5 * log_var)).sum(-1)


@wrong(
    "log_det_of_q_twice",
    "The term −½ log σ² of log q(z | x) has lost its ½.",
    severity="slip",
)
@_of_proposal
def _log_det_of_q_twice(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(z, mean, log_var) - 0.5 * log_var.sum(-1)


@wrong("mean_of_q_missing", "The mean of q(z | x) is not subtracted from z.", severity="slip")
@_of_proposal
def _mean_of_q_missing(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(mean), log_var)


@wrong("unit_q", "q(z | x) has the variance 1; it is e^{log_var}.", severity="slip", credit=0.5)
@_of_proposal
def _unit_q(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(z, mean, torch.zeros_like(log_var))


@wrong(
    "bernoulli_likelihood",
    "p(x | z) is a Bernoulli density of logits; it is a Gaussian here, whose mean the decoder gives.",
    severity="gap",
)
def _bernoulli_likelihood(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    logits = decoder(z)
    log_likelihood = (x * logits - softplus(logits)).sum(-1)
    return _log_prior(z) + log_likelihood - gaussian_log_density(z, mean, log_var)


@wrong(
    "sigmoid_of_decoder",
    "A sigmoid is applied to what the decoder returns, which is the mean of p(x | z) already.",
    severity="slip",
)
def _sigmoid_of_decoder(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    def with_sigmoid(z: Tensor) -> Tensor:
        return torch.sigmoid(decoder(z))

    return importance_log_weights(x, z, mean, log_var, with_sigmoid, sigma_p)


@wrong(
    "other_base",
    "The logarithm has another base than e: log-weights are asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p) / math.log(2)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("squared_error")
@_of_likelihood
def _half_squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -0.5 * squares


@wrong("squared_error")
@_of_likelihood
def _mean_squared_error(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / pixels


@wrong("averaged_over_pixels")
@_of_likelihood
def _squared_error_averaged(squares: Tensor, pixels: int, sigma: Tensor) -> Tensor:
    return -squares / pixels / (2 * sigma**2) - pixels * (0.5 * LOG_2PI + torch.log(sigma))


@wrong("log_of_densities")
@_of_densities
def _likelihood_underflows(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_prior + torch.log(log_likelihood.exp()) - log_q


@wrong("log_of_densities")
@_of_densities
def _log_of_almost_nothing(log_prior: Tensor, log_likelihood: Tensor, log_q: Tensor) -> Tensor:
    return log_prior + torch.log(log_likelihood.exp() + 1e-10) - log_q


@wrong("sigma_p_ignored")
def _sigma_p_of_the_handout(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, 0.4)


@wrong("other_base")
def _decimal_logarithm(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    return importance_log_weights(x, z, mean, log_var, decoder, sigma_p) / math.log(10)


# ------------------------------------------------------------------------------------------------------- in other words


def _parts(x, z, mean, log_var, decoder, sigma_p):
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    return prior.log_prob(z), Normal(decoder(z), sigma_p).log_prob(x).sum(-1), q.log_prob(z)


@wrong("log_q_missing", rewritten=True)
def _joint_of_distributions(x, z, mean, log_var, decoder, sigma_p):
    prior, likelihood, _ = _parts(x, z, mean, log_var, decoder, sigma_p)
    return prior + likelihood


@wrong("log_prior_missing", rewritten=True)
def _sample_by_sample(x, z, mean, log_var, decoder, sigma_p):
    rows = []
    for sample in z:
        log_q = -0.5 * (LOG_2PI + log_var + (sample - mean) ** 2 / log_var.exp()).sum(1)
        log_p = -(((x - decoder(sample)) / sigma_p) ** 2 + 2 * math.log(sigma_p) + LOG_2PI).sum(1) / 2
        rows.append(log_p - log_q)
    return torch.stack(rows)


@wrong("std_read_as_variance", rewritten=True)
def _normal_with_root(x, z, mean, log_var, decoder, sigma_p):
    prior, likelihood, q = _parts(x, z, mean, log_var, decoder, math.sqrt(sigma_p))
    return prior + likelihood - q


@wrong("variance_read_as_std", rewritten=True)
def _normal_with_square(x, z, mean, log_var, decoder, sigma_p):
    prior, likelihood, q = _parts(x, z, mean, log_var, decoder, sigma_p**2)
    return prior + likelihood - q


@wrong("normaliser_missing", rewritten=True)
def _squares_over_two_sigma_squared(x, z, mean, log_var, decoder, sigma_p):
    log_likelihood = -torch.sum((x - decoder(z)) ** 2, -1) / (2 * sigma_p**2)
    return log_likelihood + 0.5 * ((z - mean) ** 2 / log_var.exp() + log_var - z**2).sum(-1)


@wrong("squared_error", rewritten=True)
def _mse_loss(x, z, mean, log_var, decoder, sigma_p):
    decoded = decoder(z)
    loss = mse_loss(decoded, x.expand_as(decoded), reduction="none").sum(-1)
    return -loss + 0.5 * ((z - mean) ** 2 / log_var.exp() + log_var - z**2).sum(-1)


@wrong("log_var_read_as_log_std", rewritten=True)
def _normal_with_exp(x, z, mean, log_var, decoder, sigma_p):
    prior, likelihood, _ = _parts(x, z, mean, log_var, decoder, sigma_p)
    return prior + likelihood - Normal(mean, log_var.exp()).log_prob(z).sum(-1)


@wrong("log_q_added", rewritten=True)
def _sum_of_all(x, z, mean, log_var, decoder, sigma_p):
    return torch.stack(_parts(x, z, mean, log_var, decoder, sigma_p)).sum(0)


@wrong("averaged_everywhere", rewritten=True)
def _mean_for_sum(x, z, mean, log_var, decoder, sigma_p):
    log_prior = Normal(0.0, 1.0).log_prob(z).mean(-1)
    log_q = Normal(mean, torch.exp(log_var / 2)).log_prob(z).mean(-1)
    return log_prior + Normal(decoder(z), sigma_p).log_prob(x).mean(-1) - log_q


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_latent_forgotten(x, z, mean, log_var, decoder, sigma_p):
    _, likelihood, q = _parts(x, z, mean, log_var, decoder, sigma_p)
    return Normal(0.0, 1.0).log_prob(z[..., 1:]).sum(-1) + likelihood - q


@wrong()
def _clamped(x, z, mean, log_var, decoder, sigma_p):
    prior, likelihood, q = _parts(x, z, mean, log_var.clamp(-2.0, 2.0), decoder, sigma_p)
    return prior + likelihood - q


@wrong()
def _first_sample_for_all(x, z, mean, log_var, decoder, sigma_p):
    prior, likelihood, q = _parts(x, z[:1], mean, log_var, decoder, sigma_p)
    return (prior + likelihood - q).expand(len(z), -1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("loop_over_samples", "A loop over the samples, with constants that cancel left out.")
def _loop_over_samples(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    constant = 0.5 * x.shape[-1] * math.log(2 * math.pi * float(sigma_p) ** 2)
    rows = []
    for sample in z:
        log_ratio = 0.5 * ((sample - mean) ** 2 / log_var.exp() + log_var - sample**2).sum(-1)
        rows.append(log_ratio - ((x - decoder(sample)) ** 2).sum(-1) / (2 * float(sigma_p) ** 2) - constant)
    return torch.stack(rows)


@right("distributions", "torch.distributions.", second=True)
def _distributions(x, z, mean, log_var, decoder, sigma_p):
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    p = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    x_mean = decoder(z)
    std = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device).expand_as(x_mean)
    return p.log_prob(z) + Independent(Normal(x_mean, std), 1).log_prob(x) - q.log_prob(z)


@right("flattened", "Samples and batch in one axis, as a decoder for one batch needs it.")
def _flattened(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    n_samples = z.shape[0]
    zs = z.reshape(-1, z.shape[-1])
    mu, logvar, images = (t.repeat(n_samples, 1) for t in (mean, log_var, x))
    variance = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device) ** 2
    log_p = -0.5 * zs.square().sum(1) - 0.5 * zs.shape[1] * math.log(2 * math.pi)
    log_q = -0.5 * ((zs - mu).square() / logvar.exp() + logvar + math.log(2 * math.pi)).sum(1)
    log_px = -(images - decoder(zs)).square().sum(1) / (2 * variance)
    log_px = log_px - x.shape[1] / 2 * torch.log(2 * math.pi * variance)
    return (log_p + log_px - log_q).view(n_samples, -1)


@right("einsum", "Squared distances by einsum, constants collected.")
def _einsum(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    error, step = (x - decoder(z)) / sigma_p, (z - mean) * torch.exp(-0.5 * log_var)
    twice = torch.einsum("sbd,sbd->sb", error, error) + torch.einsum("sbm,sbm->sb", z, z)
    twice = twice - torch.einsum("sbm,sbm->sb", step, step) - log_var.sum(-1)
    constant = x.shape[-1] * (LOG_2PI + 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device)))
    return -0.5 * (twice + constant)


@right("multivariate", "Multivariate normals with covariance matrices.")
def _multivariate(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    latent, pixels = (torch.eye(n, dtype=x.dtype, device=x.device) for n in (z.shape[-1], x.shape[-1]))
    q = MultivariateNormal(mean, scale_tril=torch.diag_embed(torch.exp(0.5 * log_var)))
    p = MultivariateNormal(torch.zeros_like(mean), covariance_matrix=latent)
    log_likelihood = MultivariateNormal(decoder(z), scale_tril=sigma_p * pixels).log_prob(x)
    result: Tensor = p.log_prob(z) + log_likelihood - q.log_prob(z)
    return result


@right("loss_of_pytorch", "PyTorch's Gaussian loss with its constant, for p(x | z) and for q.")
def _loss_of_pytorch(
    x: Tensor, z: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, sigma_p: float | Tensor
) -> Tensor:
    def log_density(value: Tensor, centre: Tensor, variance: Tensor) -> Tensor:
        parts = (centre.expand_as(value), value, variance.expand_as(value))
        return -gaussian_nll_loss(*parts, full=True, reduction="none").sum(-1)

    decoded = decoder(z)
    variance = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device) ** 2
    log_prior = log_density(z, torch.zeros_like(z), torch.ones_like(z))
    return log_prior + log_density(x.expand_as(decoded), decoded, variance) - log_density(z, mean, log_var.exp())
