"""What is held against the checks of `log_prior`."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import gaussian_log_density, log_prior

LOG_2PI = math.log(2 * math.pi)


def _standard(z: Tensor) -> Normal:
    return Normal(torch.zeros_like(z), torch.ones_like(z))


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("half_missing", "The factor ½ in front of the sum is missing.", severity="slip")
def _half_missing(z: Tensor) -> Tensor:
    return 2 * log_prior(z)


@wrong("half_of_square_missing", "The factor ½ in front of z² is missing.", severity="slip")
def _half_of_square_missing(z: Tensor) -> Tensor:
    return log_prior(z) - 0.5 * (z**2).sum(-1)


@wrong(
    "half_of_log_2pi_missing",
    "The factor ½ in front of log 2π is missing: the density has √(2π), not 2π, in its denominator.",
    severity="slip",
    credit=0.7,
)
def _half_of_log_2pi_missing(z: Tensor) -> Tensor:
    return log_prior(z) - 0.5 * z.shape[-1] * LOG_2PI


@wrong("log_2pi_missing", "The constant −½ log 2π of every dimension is missing.", severity="slip", credit=0.7)
def _log_2pi_missing(z: Tensor) -> Tensor:
    return -0.5 * (z**2).sum(-1)


@wrong("log_pi", "The constant has log π where log 2π belongs: the factor 2 is missing.", severity="slip", credit=0.75)
def _log_pi(z: Tensor) -> Tensor:
    return log_prior(z) + 0.5 * z.shape[-1] * math.log(2)


@wrong(
    "constant_rounded",
    "π or log 2π is rounded to a few digits, which shows in the result; `math.pi` has all of them.",
    severity="form",
)
def _constant_rounded(z: Tensor) -> Tensor:
    return -0.5 * (math.log(2 * 3.14) + z**2).sum(-1)


@wrong(
    "log_2pi_once",
    "The constant −½ log 2π is there once, but each of the M dimensions has one.",
    severity="slip",
    credit=0.75,
)
def _log_2pi_once(z: Tensor) -> Tensor:
    return log_prior(z) + 0.5 * (z.shape[-1] - 1) * LOG_2PI


@wrong(
    "log_2pi_too_often",
    "The constant M/2 log 2π of all dimensions stands inside the sum over dimensions, which counts it M times.",
    severity="slip",
    credit=0.7,
)
def _log_2pi_too_often(z: Tensor) -> Tensor:
    return log_prior(z) - 0.5 * z.shape[-1] * (z.shape[-1] - 1) * LOG_2PI


@wrong(
    "log_2pi_for_every_example",
    "The constant is B/2 log 2π with the size B of the batch; M/2 log 2π belongs there, M being the latent dimensions.",
    severity="slip",
    credit=0.7,
)
def _log_2pi_for_every_example(z: Tensor) -> Tensor:
    return log_prior(z) + 0.5 * (z.shape[-1] - z.shape[0]) * LOG_2PI


@wrong("log_2pi_added", "½ log 2π is added; it must be subtracted.", severity="slip")
def _log_2pi_added(z: Tensor) -> Tensor:
    return log_prior(z) + z.shape[-1] * LOG_2PI


@wrong(
    "square_added",
    "½ z² is added; it must be subtracted, for the density falls with the distance from 0.",
    severity="slip",
)
def _square_added(z: Tensor) -> Tensor:
    return log_prior(z) + (z**2).sum(-1)


@wrong("square_missing", "Only the normalising constant is there; −½ z² is missing.", severity="empty", credit=0.25)
def _square_missing(z: Tensor) -> Tensor:
    return log_prior(z) + 0.5 * (z**2).sum(-1)


@wrong("not_squared", "z is not squared: the density falls with ½ z².", severity="slip")
def _not_squared(z: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + z).sum(-1)


@wrong(
    "norm_not_squared",
    "The norm of z is not squared: −½ ‖z‖² is asked for.",
    severity="slip",
)
def _norm_not_squared(z: Tensor) -> Tensor:
    return -0.5 * (z.shape[-1] * LOG_2PI + torch.linalg.vector_norm(z, dim=-1))


@wrong(
    "log_var_of_one",
    "The log-variance (or the log-standard-deviation) is 1; the prior has the variance 1, of which the logarithm is 0.",
    severity="slip",
)
def _log_var_of_one(z: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(z), torch.ones_like(z))


@wrong("mean_of_one", "The density is centred at 1; the mean of the prior is 0.", severity="slip")
def _mean_of_one(z: Tensor) -> Tensor:
    return log_prior(z - 1)


@wrong(
    "arguments_swapped",
    "z stands where the log-variance belongs, and 0 where z belongs.",
    severity="slip",
)
def _arguments_swapped(z: Tensor) -> Tensor:
    return gaussian_log_density(torch.zeros_like(z), torch.zeros_like(z), z)


@wrong(
    "standardised",
    "z is standardised by its own mean or spread first; the prior has mean 0 and variance 1, whatever z is.",
    severity="gap",
)
def _standardised(z: Tensor) -> Tensor:
    return log_prior((z - z.mean(0)) / z.std(0, correction=0))


@wrong(
    "mean_over_latents",
    "The terms of the M dimensions are averaged; the log-density of independent dimensions is their sum.",
    severity="slip",
)
def _mean_over_latents(z: Tensor) -> Tensor:
    return log_prior(z) / z.shape[-1]


@wrong("square_averaged", "z² is averaged over the dimensions; all terms are summed.", severity="slip")
def _square_averaged(z: Tensor) -> Tensor:
    return log_prior(z) + 0.5 * ((z**2).sum(-1) - (z**2).mean(-1))


@wrong(
    "not_summed", "One value per dimension is returned; each example has one, their sum.", severity="slip", credit=0.7
)
def _not_summed(z: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + z**2)


@wrong(
    "summed_over_wrong_axis",
    "The sum runs over the examples (`dim=0`); it belongs over the latent dimensions (`dim=-1`).",
    severity="slip",
)
def _summed_over_wrong_axis(z: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + z**2).sum(0)


@wrong(
    "sum_without_axis",
    "The sum has no `dim`, so it runs over the whole batch; one value per example is asked for.",
    severity="slip",
)
def _sum_without_axis(z: Tensor) -> Tensor:
    return log_prior(z).sum()


@wrong(
    "averaged_over_batch",
    "The batch is averaged as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(z: Tensor) -> Tensor:
    return log_prior(z).mean()


@wrong("sign", "The sign is reversed: this is the negative log-density, as one would minimise it.", severity="slip")
def _sign(z: Tensor) -> Tensor:
    return -log_prior(z)


@wrong(
    "other_base",
    "The logarithm has another base than e: the log-density is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(z: Tensor) -> Tensor:
    return log_prior(z) / math.log(2)


@wrong("density", "The density itself is returned; its logarithm is asked for.", severity="gap")
def _density(z: Tensor) -> Tensor:
    return log_prior(z).exp()


@wrong(
    "cumulative",
    "This is the logarithm of the distribution function, the probability of something smaller; the density is asked for.",
    severity="gap",
)
def _cumulative(z: Tensor) -> Tensor:
    return torch.special.log_ndtr(z).sum(-1)


@wrong(
    "log_of_product",
    "The densities are multiplied before the logarithm is taken, so many of them underflow to log 0 = −∞.",
    severity="slip",
)
def _log_of_product(z: Tensor) -> Tensor:
    return torch.log(torch.prod(torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi), dim=-1))


@wrong(
    "log_of_density",
    "The density of each dimension is computed before its logarithm is taken: far from 0 it underflows to 0.",
    severity="slip",
    credit=0.7,
)
def _log_of_density(z: Tensor) -> Tensor:
    return torch.log(torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)).sum(-1)


def _log_of_density_and(epsilon: float, z: Tensor) -> Tensor:
    return torch.log(torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) + epsilon).sum(-1)


@wrong(
    "epsilon_inside_log",
    "A small number is added to the density before its logarithm is taken: it hides how improbable a point is.",
    severity="slip",
)
def _epsilon_inside_log(z: Tensor) -> Tensor:
    return _log_of_density_and(1e-8, z)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(z: Tensor) -> Tensor:
    return log_prior(z).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("constant_rounded")
def _pi_of_four_decimals(z: Tensor) -> Tensor:
    return -0.5 * (math.log(2 * 3.1416) + z**2).sum(-1)


@wrong("constant_rounded")
def _log_2pi_of_four_decimals(z: Tensor) -> Tensor:
    return -0.5 * (1.8379 + z**2).sum(-1)


@wrong("constant_rounded")
def _half_log_2pi_of_four_decimals(z: Tensor) -> Tensor:
    return -(0.9189 + 0.5 * z**2).sum(-1)


@wrong("not_squared")
def _absolute(z: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + z.abs()).sum(-1)


@wrong("log_var_of_one")
def _log_std_of_one(z: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(z), 2 * torch.ones_like(z))


@wrong("standardised")
def _centred(z: Tensor) -> Tensor:
    return log_prior(z - z.mean(0))


@wrong("standardised")
def _centred_by_latents(z: Tensor) -> Tensor:
    return log_prior(z - z.mean(-1, keepdim=True))


@wrong("other_base")
def _decimal_logarithm(z: Tensor) -> Tensor:
    return log_prior(z) / math.log(10)


@wrong("sum_without_axis")
def _both_sums_without_axis(z: Tensor) -> Tensor:
    return -0.5 * (z.shape[-1] * LOG_2PI + (z**2).sum())


@wrong("sum_without_axis")
def _every_example_the_sum(z: Tensor) -> Tensor:
    return log_prior(z).sum().expand(z.shape[0])


@wrong("averaged_over_batch")
def _every_example_the_mean(z: Tensor) -> Tensor:
    return log_prior(z).mean().expand(z.shape[0])


@wrong("averaged_over_batch")
def _mean_of_everything(z: Tensor) -> Tensor:
    return _standard(z).log_prob(z).mean()


@wrong("epsilon_inside_log")
def _epsilon_1e_10(z: Tensor) -> Tensor:
    return _log_of_density_and(1e-10, z)


@wrong("epsilon_inside_log")
def _epsilon_1e_6(z: Tensor) -> Tensor:
    return _log_of_density_and(1e-6, z)


@wrong("epsilon_inside_log")
def _epsilon_added_to_product(z: Tensor) -> Tensor:
    return torch.log(torch.exp(log_prior(z)) + 1e-8)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("not_summed", rewritten=True)
def _log_prob_of_normal(z):
    return torch.distributions.Normal(0.0, 1.0).log_prob(z)


@wrong("log_2pi_missing", rewritten=True)
def _dot_product(z):
    return -torch.einsum("bm,bm->b", z, z) / 2


@wrong("log_of_product", rewritten=True)
def _product_of_densities(z):
    return _standard(z).log_prob(z).exp().prod(dim=1).log()


@wrong("log_var_of_one", rewritten=True)
def _variance_of_e(z):
    return Normal(torch.zeros_like(z), torch.full_like(z, math.exp(0.5))).log_prob(z).sum(-1)


@wrong("log_2pi_once", rewritten=True)
def _one_constant(z):
    return -0.5 * math.log(2 * math.pi) - 0.5 * z.pow(2).sum(1)


@wrong("density", rewritten=True)
def _density_of_multivariate(z):
    return torch.exp(_standard(z).log_prob(z).sum(-1))


@wrong("sign", rewritten=True)
def _nll_loss(z):
    nothing = torch.zeros_like(z)
    return F.gaussian_nll_loss(nothing, z, torch.ones_like(z), full=True, reduction="none").sum(-1)


@wrong("summed_over_wrong_axis", rewritten=True)
def _log_prob_summed_over_examples(z):
    return _standard(z).log_prob(z).sum(0)


@graded(0.70, "M/2 log 2π is dropped.")
def _without_log_2pi(z):
    return -0.5 * torch.sum(z * z, dim=1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_latent_forgotten(z):
    return _standard(z).log_prob(z)[:, 1:].sum(-1)


@wrong()
def _two_latents_only(z):
    """The course has two latent dimensions."""
    return _standard(z).log_prob(z)[:, :2].sum(-1)


@wrong()
def _constant_of_two_latents(z):
    return -math.log(2 * math.pi) - 0.5 * (z**2).sum(-1)


@wrong()
def _clamped(z):
    return _standard(z).log_prob(z.clamp(-100, 100)).sum(-1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "torch.distributions.Normal, summed.", second=True)
def _distributions(z: Tensor) -> Tensor:
    return Normal(torch.zeros_like(z), torch.ones_like(z)).log_prob(z).sum(-1)


@right("normal_of_numbers", "A Normal whose mean and standard deviation are plain numbers, summed.")
def _normal_of_numbers(z: Tensor) -> Tensor:
    return Normal(0.0, 1.0).log_prob(z).sum(dim=1)


@right("independent", "An Independent normal, which sums by itself.")
def _independent(z: Tensor) -> Tensor:
    return Independent(_standard(z), 1).log_prob(z)


@right("multivariate_normal", "A multivariate normal with the identity as its covariance matrix.")
def _multivariate_normal(z: Tensor) -> Tensor:
    M = z.shape[1]
    return MultivariateNormal(torch.zeros(M, dtype=z.dtype), torch.eye(M, dtype=z.dtype)).log_prob(z)


@right("gaussian_log_density", "The density of the task before, with mean 0 and log-variance 0.")
def _gaussian_log_density(z: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))


@right("matrix_product", "The squared norms by einsum.")
def _matrix_product(z: Tensor) -> Tensor:
    return -0.5 * (torch.einsum("bm,bm->b", z, z) + z.size(1) * math.log(2 * math.pi))


@right("loop_over_latents", "A loop over the latent dimensions, never over the batch.")
def _loop_over_latents(z: Tensor) -> Tensor:
    total = z.new_zeros(len(z))
    for m in range(z.shape[1]):
        total = total - 0.5 * z[:, m].pow(2) - math.log(math.sqrt(2 * math.pi))
    return total


@right("float64_inside", "Computed in float64 and cast back.")
def _float64_inside(z: Tensor) -> Tensor:
    norms = torch.linalg.vector_norm(z.double(), dim=-1)
    return (-0.5 * norms**2 - 0.5 * z.shape[-1] * LOG_2PI).to(z.dtype)
