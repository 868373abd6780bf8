"""Wrong answers to the tasks of `densities.py`."""

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import logsigmoid

from reference.densities import bernoulli_log_density, gaussian_log_density
from reference.misconceptions import misconception

LOG_2PI = math.log(2 * math.pi)


@misconception("gaussian_log_density", "half_missing", "The factor ½ in front of the sum is missing.")
def _gaussian_half_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return 2 * gaussian_log_density(x, mean, log_var)


@misconception(
    "gaussian_log_density",
    "half_of_log_det_missing",
    "The factor ½ in front of log σ² is missing: the density has σ, not σ², in its denominator.",
)
def _gaussian_half_of_log_det_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * LOG_2PI - log_var - 0.5 * ((x - mean) / torch.exp(0.5 * log_var)) ** 2).sum(-1)


@misconception(
    "gaussian_log_density",
    "half_of_quadratic_missing",
    "The factor ½ in front of the squared distance (x − μ)²/σ² is missing.",
)
def _gaussian_half_of_quadratic_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * LOG_2PI - 0.5 * log_var - ((x - mean) / torch.exp(0.5 * log_var)) ** 2).sum(-1)


@misconception("gaussian_log_density", "log_det_missing", "The term −½ log σ² of the normalising constant is missing.")
def _gaussian_log_det_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * LOG_2PI - 0.5 * ((x - mean) / torch.exp(0.5 * log_var)) ** 2).sum(-1)


@misconception("gaussian_log_density", "log_2pi_missing", "The constant −½ log 2π of every dimension is missing.")
def _gaussian_log_2pi_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * x.shape[-1] * LOG_2PI


@misconception(
    "gaussian_log_density",
    "log_2pi_once",
    "The constant −½ log 2π is there once, but each of the D dimensions has one.",
)
def _gaussian_log_2pi_once(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (x.shape[-1] - 1) * LOG_2PI


@misconception(
    "gaussian_log_density",
    "mean_over_dimensions",
    "The terms of the D dimensions are averaged; the log-density of independent dimensions is their sum.",
)
def _gaussian_mean_over_dimensions(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) / x.shape[-1]


@misconception(
    "gaussian_log_density",
    "log_var_read_as_log_std",
    "`log_var` is used as if it were log σ; it is log σ², so σ is exp(½ log_var).",
)
def _gaussian_log_var_read_as_log_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, 2 * log_var)


@misconception(
    "gaussian_log_density",
    "log_var_read_as_variance",
    "`log_var` is used as if it were the variance itself; it is its logarithm.",
)
def _gaussian_log_var_read_as_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + torch.log(log_var) + (x - mean) ** 2 / log_var).sum(-1)


@misconception(
    "gaussian_log_density",
    "std_in_quadratic",
    "The squared distance is divided by the standard deviation σ; it belongs over the variance σ².",
)
def _gaussian_std_in_quadratic(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 / torch.exp(0.5 * log_var)).sum(-1)


@misconception(
    "gaussian_log_density",
    "multiplied_by_variance",
    "The squared distance is multiplied by the variance; it must be divided by it.",
)
def _gaussian_multiplied_by_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 * torch.exp(log_var)).sum(-1)


@misconception(
    "gaussian_log_density", "sign", "The sign is reversed: this is the negative log-density, as one would minimise it."
)
def _gaussian_sign(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -gaussian_log_density(x, mean, log_var)


@misconception("gaussian_log_density", "density", "The density itself is returned; its logarithm is asked for.")
def _gaussian_density(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var).exp()


@misconception(
    "gaussian_log_density",
    "log_of_product",
    "The densities are multiplied before the logarithm is taken, so far from the mean they underflow to log 0 = −∞.",
)
def _gaussian_log_of_product(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return torch.log(torch.prod(torch.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi)), dim=-1))


@misconception(
    "bernoulli_log_density",
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
)
def _bernoulli_log_of_sigmoid(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@misconception(
    "bernoulli_log_density",
    "clamped_sigmoid",
    "Clamping the sigmoid away from 0 and 1 keeps the logarithm finite but makes it wrong for large logits.",
)
def _bernoulli_clamped_sigmoid(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@misconception(
    "bernoulli_log_density",
    "epsilon_inside_log",
    "A small number is added inside the logarithm: that changes every value a little and large logits a lot.",
)
def _bernoulli_epsilon_inside_log(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return x * torch.log(probs + 1e-3) + (1 - x) * torch.log(1 - probs + 1e-3)


@misconception(
    "bernoulli_log_density",
    "log_one_plus_exp",
    "log(1 + exp(ℓ)) overflows for large logits ℓ; a softplus or logsigmoid function does not.",
)
def _bernoulli_log_one_plus_exp(x: Tensor, logits: Tensor) -> Tensor:
    return x * logits - torch.log(1 + torch.exp(logits))


@misconception(
    "bernoulli_log_density",
    "sigmoid_twice",
    "The sigmoid is applied twice, so the probabilities are confined to the range from 0.5 to 0.73.",
)
def _bernoulli_sigmoid_twice(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, torch.sigmoid(logits))


@misconception(
    "bernoulli_log_density",
    "logits_read_as_probabilities",
    "The logits are used as if they were probabilities; they pass through a sigmoid first.",
)
def _bernoulli_logits_read_as_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    probs = logits.clamp(1e-6, 1 - 1e-6)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@misconception(
    "bernoulli_log_density",
    "sign",
    "The sign is reversed: this is the binary cross-entropy, a log-probability is never positive.",
)
def _bernoulli_sign(x: Tensor, logits: Tensor) -> Tensor:
    return -bernoulli_log_density(x, logits)


@misconception("bernoulli_log_density", "classes_swapped", "λ and 1 − λ are swapped: λ is the probability that x = 1.")
def _bernoulli_classes_swapped(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(1 - x, logits)


@misconception(
    "bernoulli_log_density",
    "arguments_swapped",
    "The two arguments are swapped: x is the pixel, `logits` the parameter.",
)
def _bernoulli_arguments_swapped(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(logits, x)


@misconception(
    "bernoulli_log_density",
    "black_pixels_ignored",
    "The term (1 − x) log(1 − λ) is missing, so black pixels cost nothing.",
)
def _bernoulli_black_pixels_ignored(x: Tensor, logits: Tensor) -> Tensor:
    return x * logsigmoid(logits)


@misconception("bernoulli_log_density", "probability", "The probability is returned; its logarithm is asked for.")
def _bernoulli_probability(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).exp()


@misconception(
    "bernoulli_log_density",
    "squared_error",
    "A squared error is used; binary pixels have a Bernoulli log-probability.",
)
def _bernoulli_squared_error(x: Tensor, logits: Tensor) -> Tensor:
    return -((x - torch.sigmoid(logits)) ** 2)


@misconception(
    "bernoulli_log_density",
    "averaged_over_pixels",
    "The pixels are averaged together; one value per pixel is asked for.",
)
def _bernoulli_averaged_over_pixels(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).mean(-1, keepdim=True).expand_as(logits)


def _noise(mean: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)


@misconception(
    "sample_gaussian",
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
)
def _sample_variance_as_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(log_var) * _noise(mean, generator)


@misconception(
    "sample_gaussian",
    "log_var_as_std",
    "The noise is multiplied by `log_var` itself; the standard deviation is e^{½ log_var}.",
)
def _sample_log_var_as_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + log_var * _noise(mean, generator)


@misconception(
    "sample_gaussian", "half_log_var_as_std", "The noise is multiplied by ½ log_var; the exponential of it is missing."
)
def _sample_half_log_var_as_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0.5 * log_var * _noise(mean, generator)


@misconception("sample_gaussian", "no_noise", "The mean is returned: no noise is added.")
def _sample_no_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0 * log_var


@misconception("sample_gaussian", "standard_normal", "The noise has standard deviation 1 whatever `log_var` is.")
def _sample_standard_normal(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0 * log_var + _noise(mean, generator)


@misconception(
    "sample_gaussian",
    "shared_over_batch",
    "One noise vector is shared by the whole batch; every example needs its own.",
)
def _sample_shared_over_batch(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean[..., :1, :], generator)


@misconception(
    "sample_gaussian",
    "shared_over_dimensions",
    "One noise value is shared by all dimensions of an example; each needs its own.",
)
def _sample_shared_over_dimensions(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean[..., :1], generator)


@misconception(
    "sample_gaussian",
    "detached",
    "The sample is detached from the graph (sample instead of rsample, or no_grad): no gradient flows.",
)
def _sample_detached(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return (mean + torch.exp(0.5 * log_var) * _noise(mean, generator)).detach()


@misconception(
    "sample_gaussian",
    "std_detached",
    "The standard deviation is detached from the graph, so no gradient reaches `log_var`.",
)
def _sample_std_detached(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var.detach()) * _noise(mean, generator)


@misconception(
    "sample_gaussian",
    "uniform_noise",
    "The noise is uniform on [0, 1] (`rand`); it should be standard normal (`randn`).",
)
def _sample_uniform_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * uniform


@misconception(
    "sample_gaussian", "scaled_noise", "The noise is scaled down by a constant, which leaves too small a spread."
)
def _sample_scaled_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * 0.01 * _noise(mean, generator)


@misconception(
    "sample_gaussian", "same_noise_every_call", "A seed is set inside, so that every call draws the same noise."
)
def _sample_same_noise_every_call(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean, Generator(device=mean.device).manual_seed(0))


@misconception("sample_gaussian", "inputs_modified", "An in-place operation changes the caller's `log_var`.")
def _sample_inputs_modified(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + log_var.mul_(0.5).exp() * _noise(mean, generator)
