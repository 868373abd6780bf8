"""What is held against the checks of `gaussian_log_density`."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import gaussian_log_density

LOG_2PI = math.log(2 * math.pi)
TWO_PI = 2 * math.pi


# ------------------------------------------------------------------------------------------------------- named mistakes


def _squares(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """(x − μ)²/σ² of every dimension."""
    return ((x - mean) / torch.exp(0.5 * log_var)) ** 2


@wrong("half_missing", "The factor ½ in front of the sum is missing.", severity="slip")
def _half_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return 2 * gaussian_log_density(x, mean, log_var)


@wrong(
    "half_of_log_det_missing",
    "The factor ½ in front of log σ² is missing: the density has σ, not σ², in its denominator.",
    severity="slip",
)
def _half_of_log_det_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) - 0.5 * log_var.sum(-1)


@wrong(
    "half_of_quadratic_missing",
    "The factor ½ in front of the squared distance (x − μ)²/σ² is missing.",
    severity="slip",
)
def _half_of_quadratic_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) - 0.5 * _squares(x, mean, log_var).sum(-1)


@wrong(
    "half_of_log_2pi_missing",
    "The factor ½ in front of log 2π is missing: the density has √(2π), not 2π, in its denominator.",
    severity="slip",
    credit=0.7,
)
def _half_of_log_2pi_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) - 0.5 * x.shape[-1] * LOG_2PI


@wrong(
    "half_of_normaliser_missing",
    "The normalising constant is −log 2πσ²; it has a factor ½, for the density is divided by the root of 2πσ².",
    severity="slip",
)
def _half_of_normaliser_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) - 0.5 * (LOG_2PI + log_var).sum(-1)


@wrong(
    "normaliser_halved_twice",
    "The normalising constant −½ log 2πσ² is halved once more: the ½ in front and the square root are the same thing.",
    severity="slip",
)
def _normaliser_halved_twice(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.25 * (LOG_2PI + log_var).sum(-1)


@wrong(
    "quadratic_halved_twice",
    "The squared distance is divided by 2σ² and by 2 once more; one factor ½ belongs there.",
    severity="slip",
)
def _quadratic_halved_twice(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.25 * _squares(x, mean, log_var).sum(-1)


@wrong("log_std", "log σ stands where log σ² belongs: the term is −½ log σ², with log σ² = log_var.", severity="slip")
def _log_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.25 * log_var.sum(-1)


@wrong("log_det_missing", "The term −½ log σ² of the normalising constant is missing.", severity="gap")
def _log_det_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * log_var.sum(-1)


@wrong("log_2pi_missing", "The constant −½ log 2π of every dimension is missing.", severity="slip", credit=0.7)
def _log_2pi_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * x.shape[-1] * LOG_2PI


@wrong(
    "normaliser_missing",
    "Only the squared distance is there; the normalising constant −½ log 2πσ² of every dimension is missing.",
    severity="gap",
)
def _normaliser_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (LOG_2PI + log_var).sum(-1)


@wrong(
    "quadratic_missing",
    "Only the normalising constant is there; the squared distance (x − μ)²/σ² is missing.",
    severity="empty",
    credit=0.25,
)
def _quadratic_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * _squares(x, mean, log_var).sum(-1)


@wrong("log_pi", "The constant has log π where log 2π belongs: the factor 2 is missing.", severity="slip", credit=0.75)
def _log_pi(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * x.shape[-1] * math.log(2)


@wrong(
    "constant_rounded",
    "π or log 2π is rounded to a few digits, which shows in the result; `math.pi` has all of them.",
    severity="form",
)
def _constant_rounded(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * x.shape[-1] * (LOG_2PI - math.log(2 * 3.14))


@wrong(
    "log_2pi_once",
    "The constant −½ log 2π is there once, but each of the D dimensions has one.",
    severity="slip",
    credit=0.75,
)
def _log_2pi_once(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (x.shape[-1] - 1) * LOG_2PI


@wrong(
    "log_2pi_too_often",
    "The constant D/2 log 2π of all dimensions stands inside the sum over dimensions, which counts it D times.",
    severity="slip",
    credit=0.7,
)
def _log_2pi_too_often(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) - 0.5 * x.shape[-1] * (x.shape[-1] - 1) * LOG_2PI


@wrong(
    "log_2pi_for_every_example",
    "The constant is B/2 log 2π with the size B of the batch; D/2 log 2π belongs there, D being the dimensions.",
    severity="slip",
    credit=0.7,
)
def _log_2pi_for_every_example(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (x.shape[-1] - x.shape[0]) * LOG_2PI


@wrong("log_2pi_added", "½ log 2π is added; it must be subtracted.", severity="slip")
def _log_2pi_added(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + x.shape[-1] * LOG_2PI


@wrong("log_det_added", "½ log σ² is added; it must be subtracted.", severity="slip")
def _log_det_added(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + log_var.sum(-1)


@wrong(
    "quadratic_added",
    "The squared distance is added; it must be subtracted, for the density falls with the distance from the mean.",
    severity="slip",
)
def _quadratic_added(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + _squares(x, mean, log_var).sum(-1)


@wrong(
    "mean_over_dimensions",
    "The terms of the D dimensions are averaged; the log-density of independent dimensions is their sum.",
    severity="slip",
)
def _mean_over_dimensions(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) / x.shape[-1]


@wrong(
    "quadratic_averaged",
    "The squared distance is averaged over the dimensions; all terms are summed.",
    severity="slip",
)
def _quadratic_averaged(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    squares = _squares(x, mean, log_var)
    return gaussian_log_density(x, mean, log_var) + 0.5 * (squares.sum(-1) - squares.mean(-1))


@wrong("log_det_averaged", "log σ² is averaged over the dimensions; all terms are summed.", severity="slip")
def _log_det_averaged(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (log_var.sum(-1) - log_var.mean(-1))


@wrong(
    "not_summed", "One value per dimension is returned; each example has one, their sum.", severity="slip", credit=0.7
)
def _not_summed(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + _squares(x, mean, log_var))


@wrong(
    "summed_over_wrong_axis",
    "The sum runs over the examples (`dim=0`); it belongs over the dimensions (`dim=-1`).",
    severity="slip",
)
def _summed_over_wrong_axis(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + _squares(x, mean, log_var)).sum(0)


@wrong(
    "sums_without_axis",
    "The sums have no `dim`, so they run over the whole batch; one value per example is asked for.",
    severity="slip",
)
def _sums_without_axis(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (x.shape[-1] * LOG_2PI + log_var.sum() + _squares(x, mean, log_var).sum())


@wrong(
    "log_det_of_batch",
    "The sum of log σ² has no `dim`, so every example is charged with those of the whole batch.",
    severity="slip",
)
def _log_det_of_batch(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) - 0.5 * (log_var.sum() - log_var.sum(-1))


@wrong(
    "quadratic_of_batch",
    "The sum of squared distances has no `dim`, so every example is charged with those of the whole batch.",
    severity="slip",
)
def _quadratic_of_batch(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    squares = _squares(x, mean, log_var)
    return gaussian_log_density(x, mean, log_var) - 0.5 * (squares.sum() - squares.sum(-1))


@wrong(
    "log_var_read_as_log_std",
    "`log_var` is used as if it were log σ; it is log σ², so σ is exp(½ log_var).",
    severity="slip",
)
def _log_var_read_as_log_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, 2 * log_var)


@wrong(
    "std_read_as_variance",
    "The standard deviation σ is used as if it were the variance, throughout: the variance is exp(log_var).",
    severity="slip",
)
def _std_read_as_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, 0.5 * log_var)


@wrong(
    "log_var_read_as_variance",
    "`log_var` is used as if it were the variance itself; it is its logarithm.",
    severity="gap",
)
def _log_var_read_as_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + torch.log(log_var) + (x - mean) ** 2 / log_var).sum(-1)


@wrong(
    "log_var_read_as_std",
    "`log_var` is used as if it were the standard deviation σ; σ is exp(½ log_var).",
    severity="gap",
)
def _log_var_read_as_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -(0.5 * LOG_2PI + torch.log(log_var) + 0.5 * ((x - mean) / log_var) ** 2).sum(-1)


@wrong(
    "log_taken_twice",
    "The logarithm of `log_var` is taken, which is the logarithm of the variance already.",
    severity="slip",
)
def _log_taken_twice(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + torch.log(log_var) + _squares(x, mean, log_var)).sum(-1)


@wrong(
    "variance_for_log_variance",
    "The variance σ² stands in the normalising constant where its logarithm belongs.",
    severity="slip",
)
def _variance_for_log_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (log_var - log_var.exp()).sum(-1)


@wrong(
    "std_in_quadratic",
    "The squared distance is divided by the standard deviation σ; it belongs over the variance σ².",
    severity="slip",
)
def _std_in_quadratic(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 / torch.exp(0.5 * log_var)).sum(-1)


@wrong(
    "variance_in_standardised",
    "x − μ is divided by the variance and then squared, which divides by σ⁴; it is divided by σ before it is squared.",
    severity="slip",
)
def _variance_in_standardised(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + ((x - mean) / torch.exp(log_var)) ** 2).sum(-1)


@wrong(
    "multiplied_by_variance",
    "The squared distance is multiplied by the variance; it must be divided by it.",
    severity="slip",
)
def _multiplied_by_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 * torch.exp(log_var)).sum(-1)


@wrong(
    "quadratic_not_divided",
    "The squared distance (x − μ)² is not divided by the variance.",
    severity="slip",
    credit=0.5,
)
def _quadratic_not_divided(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2).sum(-1)


@wrong("not_squared", "The distance x − μ is not squared.", severity="slip")
def _not_squared(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) / torch.exp(log_var)).sum(-1)


@wrong("mean_ignored", "The mean is never used: the density is centred at 0.", severity="gap")
def _mean_ignored(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, 0 * mean, log_var)


@wrong(
    "variance_ignored",
    "The variance is never used: this is the log-density for σ = 1.",
    severity="empty",
    credit=0.3,
)
def _variance_ignored(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, 0 * log_var)


@wrong(
    "squared_error",
    "This is a squared error: variance and normalising constant of the Gaussian are missing.",
    severity="empty",
    credit=0.25,
)
def _squared_error(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -((x - mean) ** 2).sum(-1)


@wrong(
    "arguments_swapped",
    "`mean` and `log_var` have changed places.",
    severity="slip",
)
def _arguments_swapped(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, log_var, mean)


@wrong("sign", "The sign is reversed: this is the negative log-density, as one would minimise it.", severity="slip")
def _sign(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -gaussian_log_density(x, mean, log_var)


@wrong(
    "loss",
    "This is a loss: the negative log-density, averaged over the batch; the log-density of every example is asked for.",
    severity="slip",
    credit=0.5,
)
def _loss(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -gaussian_log_density(x, mean, log_var).mean()


@wrong(
    "loss_without_constant",
    "This is the Gaussian loss of a library: the sign is reversed, and log 2π is missing (`full=True` adds it).",
    severity="slip",
    credit=0.5,
)
def _loss_without_constant(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -gaussian_log_density(x, mean, log_var) - 0.5 * x.shape[-1] * LOG_2PI


@wrong(
    "other_base",
    "The logarithm has another base than e: the log-density is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) / math.log(2)


@wrong("density", "The density itself is returned; its logarithm is asked for.", severity="gap")
def _density(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var).exp()


@wrong(
    "log_of_product",
    "The densities are multiplied before the logarithm is taken, so far from the mean they underflow to log 0 = −∞.",
    severity="slip",
)
def _log_of_product(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return torch.log(torch.prod(torch.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi)), dim=-1))


@wrong(
    "log_of_density",
    "The density of each dimension is computed before its logarithm is taken: far from the mean it underflows to 0.",
    severity="slip",
    credit=0.7,
)
def _log_of_density(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return torch.log(torch.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))).sum(-1)


def _log_of_density_and(epsilon: float, x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    density = torch.exp(-0.5 * _squares(x, mean, log_var)) / torch.sqrt(TWO_PI * torch.exp(log_var))
    return torch.log(density + epsilon).sum(-1)


@wrong(
    "epsilon_inside_log",
    "A small number is added to the density before its logarithm is taken: it hides how improbable a point is.",
    severity="slip",
)
def _epsilon_inside_log(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _log_of_density_and(1e-8, x, mean, log_var)


@wrong(
    "log_of_determinant",
    "The variances are multiplied before the logarithm is taken: the determinant of many dimensions leaves the range of"
    " floating point numbers, the sum of their logarithms does not.",
    severity="form",
)
def _log_of_determinant(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    log_det = torch.log(torch.prod(torch.exp(log_var), dim=-1))
    return -0.5 * (x.shape[-1] * LOG_2PI + log_det + _squares(x, mean, log_var).sum(-1))


@wrong(
    "epsilon_added",
    "A small constant is added to the variance, or `log_var` is clamped, to keep it from zero: it decides the result where the"
    " variance is small.",
    severity="form",
)
def _epsilon_added(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, torch.log(log_var.exp() + 1e-6))


@wrong(
    "variance_detached",
    "The variance is detached from the graph, so no gradient reaches `log_var`.",
    severity="slip",
)
def _variance_detached(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var.detach())


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


def _with_constant(x: Tensor, mean: Tensor, log_var: Tensor, log_2pi: float) -> Tensor:
    return -0.5 * (log_2pi + log_var + _squares(x, mean, log_var)).sum(-1)


@wrong("constant_rounded")
def _pi_of_four_decimals(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _with_constant(x, mean, log_var, math.log(2 * 3.1416))


@wrong("constant_rounded")
def _pi_of_five_decimals(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _with_constant(x, mean, log_var, math.log(2 * 3.14159))


@wrong("constant_rounded")
def _log_2pi_of_four_decimals(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _with_constant(x, mean, log_var, 1.8379)


@wrong("constant_rounded")
def _half_log_2pi_of_four_decimals(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _with_constant(x, mean, log_var, 2 * 0.9189)


@wrong("log_var_read_as_variance")
def _normal_of_log_var_as_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """It refuses what is no positive number."""
    return Normal(mean, torch.sqrt(log_var)).log_prob(x).sum(-1)


@wrong("log_var_read_as_std")
def _normal_of_log_var(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """It refuses what is not positive."""
    return Normal(mean, log_var).log_prob(x).sum(-1)


@wrong("multiplied_by_variance")
def _multiplied_by_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 * torch.exp(0.5 * log_var)).sum(-1)


@wrong("not_squared")
def _standardised_not_squared(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) / torch.exp(0.5 * log_var)).sum(-1)


@wrong("not_squared")
def _absolute_distance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean).abs() / torch.exp(log_var)).sum(-1)


@wrong("squared_error")
def _half_squared_error(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * ((x - mean) ** 2).sum(-1)


@wrong("squared_error")
def _mean_squared_error(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -((x - mean) ** 2).mean(-1)


@wrong("squared_error")
def _positive_squared_error(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return ((x - mean) ** 2).sum(-1)


@wrong("loss")
def _summed_loss(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -gaussian_log_density(x, mean, log_var).sum()


@wrong("loss_without_constant")
def _mean_loss_without_constant(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return F.gaussian_nll_loss(mean, x, log_var.exp())


@wrong("loss_without_constant")
def _summed_loss_without_constant(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return F.gaussian_nll_loss(mean, x, log_var.exp(), reduction="sum")


@wrong("other_base")
def _decimal_logarithm(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) / math.log(10)


@wrong("epsilon_added")
def _epsilon_1e_8(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, torch.log(log_var.exp() + 1e-8))


@wrong("epsilon_added")
def _epsilon_1e_10(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, torch.log(log_var.exp() + 1e-10))


@wrong("epsilon_added")
def _clamped_at_10(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var.clamp(-10, 10))


@wrong("epsilon_added")
def _clamped_at_20(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var.clamp(-20, 20))


@wrong("epsilon_added")
def _epsilon_of_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, 2 * torch.log(torch.exp(0.5 * log_var) + 1e-6))


@wrong("epsilon_added")
def _epsilon_in_quadratic_only(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 / (torch.exp(log_var) + 1e-6)).sum(-1)


@wrong("epsilon_added")
def _epsilon_1e_8_in_quadratic_only(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 / (torch.exp(log_var) + 1e-8)).sum(-1)


@wrong("epsilon_inside_log")
def _epsilon_1e_6_inside_log(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _log_of_density_and(1e-6, x, mean, log_var)


@wrong("epsilon_inside_log")
def _epsilon_1e_10_inside_log(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _log_of_density_and(1e-10, x, mean, log_var)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("half_missing", rewritten=True)
def _einsum(x, mean, log_var):
    d = x - mean
    return -(torch.einsum("bd,bd,bd->b", d, d, torch.exp(-log_var)) + log_var.sum(1) + x.shape[1] * math.log(TWO_PI))


@wrong("log_det_missing", rewritten=True)
def _standardised_first(x, mean, log_var):
    standard = Normal(torch.zeros_like(x), torch.ones_like(x))
    return standard.log_prob((x - mean) / log_var.exp().sqrt()).sum(dim=1)


@wrong("log_of_product", rewritten=True)
def _product_of_densities(x, mean, log_var):
    densities = Normal(mean, torch.exp(log_var / 2)).log_prob(x).exp()
    return densities.prod(dim=1).log()


@wrong("log_var_read_as_log_std", rewritten=True)
def _normal_with_exp_log_var(x, mean, log_var):
    return Independent(Normal(mean, log_var.exp()), 1).log_prob(x)


@wrong("density", rewritten=True)
def _multivariate_density(x, mean, log_var):
    q = MultivariateNormal(mean.double(), torch.diag_embed(log_var.double().exp()))
    return q.log_prob(x.double()).exp().to(x.dtype)


@wrong("log_2pi_once", rewritten=True)
def _loop_with_one_constant(x, mean, log_var):
    total = -0.5 * torch.log(torch.tensor(TWO_PI, dtype=x.dtype)) * torch.ones(len(x), dtype=x.dtype)
    for d in range(x.shape[1]):
        total = total - 0.5 * log_var[:, d] - 0.5 * (x[:, d] - mean[:, d]).pow(2) * (-log_var[:, d]).exp()
    return total


@wrong("loss_without_constant", rewritten=True)
def _neither_constant_nor_sign(x, mean, log_var):
    return 0.5 * (log_var + (x - mean) ** 2 / log_var.exp()).sum(-1)


@wrong("other_base", rewritten=True)
def _log10(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1) / math.log(10)


@wrong("log_var_read_as_variance", rewritten=True)
def _covariance_of_log_var(x, mean, log_var):
    return MultivariateNormal(mean, torch.diag_embed(log_var)).log_prob(x)


@wrong("log_var_read_as_std", rewritten=True)
def _independent_of_log_var(x, mean, log_var):
    return Independent(Normal(mean, log_var), 1).log_prob(x)


@wrong("std_read_as_variance", rewritten=True)
def _covariance_of_std(x, mean, log_var):
    return MultivariateNormal(mean, torch.diag_embed(torch.exp(log_var / 2))).log_prob(x)


@wrong("not_summed", rewritten=True)
def _log_prob_of_normal(x, mean, log_var):
    return Normal(mean, log_var.exp().sqrt()).log_prob(x)


@wrong("variance_in_standardised", rewritten=True)
def _divided_by_squared_variance(x, mean, log_var):
    var = torch.exp(log_var)
    return (-torch.log(torch.sqrt(TWO_PI * var)) - (x - mean).pow(2) / (2 * var**2)).sum(dim=1)


@wrong("half_of_log_2pi_missing", rewritten=True)
def _two_pi_std(x, mean, log_var):
    std = torch.exp(0.5 * log_var)
    return (-torch.log(TWO_PI * std) - (x - mean) ** 2 / (2 * std**2)).sum(-1)


@wrong("log_of_determinant", rewritten=True)
def _determinant(x, mean, log_var):
    covariance = torch.diag_embed(log_var.exp())
    squares = ((x - mean) ** 2 / log_var.exp()).sum(-1)
    return -0.5 * (x.shape[-1] * math.log(TWO_PI) + torch.log(torch.det(covariance)) + squares)


@graded(0.70, "D/2 log 2π is dropped.")
def _without_log_2pi(x, mean, log_var):
    var = torch.exp(log_var)
    return -0.5 * torch.sum(log_var + (x - mean) ** 2 / var, dim=1)


@graded(0.35, "The density is returned, not its logarithm: a product over the dimensions.")
def _product_of_normal_densities(x, mean, log_var):
    var = torch.exp(log_var)
    pdf = torch.exp(-((x - mean) ** 2) / (2 * var)) / torch.sqrt(2 * math.pi * var)
    return torch.prod(pdf, dim=1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _offset(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1) + 0.01


@wrong()
def _first_dimension_forgotten(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x)[:, 1:].sum(-1)


@wrong()
def _last_variance_for_all(x, mean, log_var):
    return Normal(mean, torch.exp(log_var[:, -1:] / 2)).log_prob(x).sum(-1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions_normal", "torch.distributions.Normal, summed.", second=True)
def _distributions_normal(x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return Independent(Normal(mu, (logvar / 2).exp()), 1).log_prob(x)


@right("multivariate_normal", "A multivariate normal with a diagonal Cholesky factor.")
def _multivariate_normal(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    scale_tril = torch.diag_embed(torch.exp(0.5 * log_var))
    return MultivariateNormal(mean, scale_tril=scale_tril).log_prob(x)


@right("log_std", "Rewritten with log-standard-deviations.")
def _log_std_inside(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    log_std = log_var / 2
    z = (x - mean) * torch.exp(-log_std)
    return -(z * z / 2 + log_std).sum(1) - x.size(1) / 2 * math.log(2 * math.pi)


@right("loop_over_dimensions", "A loop over the dimensions, never over the batch.")
def _loop_over_dimensions(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    total = x.new_zeros(x.shape[0])
    for d in range(x.shape[1]):
        std = log_var[:, d].exp().sqrt()
        total = total - torch.log(std * math.sqrt(2 * math.pi)) - ((x[:, d] - mean[:, d]) / std).pow(2) / 2
    return total


@right("float64_inside", "Computed in float64 with einsum and cast back.")
def _float64_inside(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    diff, lv = (x - mean).double(), log_var.double()
    quadratic = torch.einsum("bd,bd,bd->b", diff, diff, torch.exp(-lv))
    return (-0.5 * (quadratic + lv.sum(-1) + diff.shape[-1] * math.log(2 * math.pi))).to(x.dtype)


@right("nll_loss", "PyTorch's Gaussian negative log-likelihood loss.")
def _nll_loss(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    scaled = x * torch.exp(-log_var / 2), mean * torch.exp(-log_var / 2)
    loss = F.gaussian_nll_loss(scaled[1], scaled[0], torch.ones_like(x), full=True, reduction="none")
    return -(loss + log_var / 2).sum(-1)


@right("independent", "torch.distributions: an Independent normal, which sums by itself.")
def _independent(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return Independent(Normal(loc=mean, scale=torch.sqrt(torch.exp(log_var))), 1).log_prob(x)


@right("covariance_matrix", "A multivariate normal with a diagonal covariance matrix.")
def _covariance_matrix(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return MultivariateNormal(mean, covariance_matrix=torch.diag_embed(torch.exp(log_var))).log_prob(x)


@right("gaussian_nll_loss", "PyTorch's Gaussian loss with its constant; it keeps variances above 1e-6.")
def _gaussian_nll_loss(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -F.gaussian_nll_loss(mean, x, log_var.exp(), full=True, reduction="none").sum(dim=-1)
