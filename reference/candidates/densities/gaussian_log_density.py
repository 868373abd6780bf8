"""What is held against the checks of `gaussian_log_density`."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.densities import gaussian_log_density

LOG_2PI = math.log(2 * math.pi)
TWO_PI = 2 * math.pi


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("half_missing", "The factor ½ in front of the sum is missing.", severity="slip")
def _half_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return 2 * gaussian_log_density(x, mean, log_var)


@wrong(
    "half_of_log_det_missing",
    "The factor ½ in front of log σ² is missing: the density has σ, not σ², in its denominator.",
    severity="slip",
)
def _half_of_log_det_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * LOG_2PI - log_var - 0.5 * ((x - mean) / torch.exp(0.5 * log_var)) ** 2).sum(-1)


@wrong(
    "half_of_quadratic_missing",
    "The factor ½ in front of the squared distance (x − μ)²/σ² is missing.",
    severity="slip",
)
def _half_of_quadratic_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * LOG_2PI - 0.5 * log_var - ((x - mean) / torch.exp(0.5 * log_var)) ** 2).sum(-1)


@wrong("log_det_missing", "The term −½ log σ² of the normalising constant is missing.", severity="gap")
def _log_det_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return (-0.5 * LOG_2PI - 0.5 * ((x - mean) / torch.exp(0.5 * log_var)) ** 2).sum(-1)


@wrong("log_2pi_missing", "The constant −½ log 2π of every dimension is missing.", severity="slip", credit=0.7)
def _log_2pi_missing(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * x.shape[-1] * LOG_2PI


@wrong(
    "log_2pi_once",
    "The constant −½ log 2π is there once, but each of the D dimensions has one.",
    severity="slip",
    credit=0.75,
)
def _log_2pi_once(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) + 0.5 * (x.shape[-1] - 1) * LOG_2PI


@wrong(
    "mean_over_dimensions",
    "The terms of the D dimensions are averaged; the log-density of independent dimensions is their sum.",
    severity="slip",
)
def _mean_over_dimensions(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, log_var) / x.shape[-1]


@wrong(
    "log_var_read_as_log_std",
    "`log_var` is used as if it were log σ; it is log σ², so σ is exp(½ log_var).",
    severity="slip",
)
def _log_var_read_as_log_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, 2 * log_var)


@wrong(
    "log_var_read_as_variance",
    "`log_var` is used as if it were the variance itself; it is its logarithm.",
    severity="gap",
)
def _log_var_read_as_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + torch.log(log_var) + (x - mean) ** 2 / log_var).sum(-1)


@wrong(
    "std_in_quadratic",
    "The squared distance is divided by the standard deviation σ; it belongs over the variance σ².",
    severity="slip",
)
def _std_in_quadratic(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 / torch.exp(0.5 * log_var)).sum(-1)


@wrong(
    "multiplied_by_variance",
    "The squared distance is multiplied by the variance; it must be divided by it.",
    severity="slip",
)
def _multiplied_by_variance(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + log_var + (x - mean) ** 2 * torch.exp(log_var)).sum(-1)


@wrong("sign", "The sign is reversed: this is the negative log-density, as one would minimise it.", severity="slip")
def _sign(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -gaussian_log_density(x, mean, log_var)


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
    "epsilon_added",
    "A small constant is added to the variance to keep it from zero: where the variance is smaller, it decides the result.",
    severity="form",
)
def _epsilon_added(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, torch.log(log_var.exp() + 1e-10))


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


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _offset(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1) + 0.01


@wrong()
def _first_dimension_forgotten(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x)[:, 1:].sum(-1)


@wrong()
def _two_mistakes(x, mean, log_var):
    """Neither log 2π nor the sign."""
    return 0.5 * (log_var + (x - mean) ** 2 / log_var.exp()).sum(-1)


@wrong()
def _log10(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1) / math.log(10)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions_normal", "torch.distributions.Normal, summed.", second=True)
def _distributions_normal(x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return Independent(Normal(mu, (logvar / 2).exp()), 1).log_prob(x)


@right("multivariate_normal", "A multivariate normal with a diagonal Cholesky factor.")
def _multivariate_normal(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    scale_tril = torch.diag_embed(torch.exp(0.5 * log_var))
    return MultivariateNormal(mean, scale_tril=scale_tril).log_prob(x)


@right("log_std", "Rewritten with log-standard-deviations.")
def _log_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
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
