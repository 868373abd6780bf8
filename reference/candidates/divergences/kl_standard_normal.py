"""What is held against the checks of `kl_standard_normal`."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.divergences import kl_standard_normal

LOG_2PI = math.log(2 * math.pi)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("half_missing", "The factor ½ in front of the sum is missing.", severity="slip")
def _half_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return 2 * kl_standard_normal(mean, log_var)


@wrong(
    "huji_equation_7",
    "This is HUJI's eq. (7) as printed, which is a misprint: the factor ½ is missing and log σ should be log σ².",
    severity="gap",
)
def _huji_equation_7(mean: Tensor, log_var: Tensor) -> Tensor:
    return 2 * kl_standard_normal(mean, log_var) + 0.5 * log_var.sum(-1)


@wrong(
    "half_on_squares_only",
    "The factor ½ stands in front of μ² + σ² only; it belongs to −1 − log σ² as well.",
    severity="slip",
)
def _half_on_squares_only(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * (1 + log_var).sum(-1)


@wrong("half_missing_on_squares", "The factor ½ in front of μ² + σ² is missing.", severity="slip")
def _half_missing_on_squares(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean**2 + log_var.exp()).sum(-1)


@wrong(
    "log_std",
    "log σ stands where log σ² belongs: half of `log_var` is subtracted instead of all of it.",
    severity="slip",
)
def _log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.25 * log_var.sum(-1)


@wrong(
    "square_of_log",
    "log σ² is read as (log σ)²; it is the logarithm of the square, 2 log σ.",
    severity="slip",
    credit=0.5,
)
def _square_of_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() - 1 - (0.5 * log_var) ** 2).sum(-1)


@wrong("plus_log", "log σ² is added; it must be subtracted.", severity="slip")
def _plus_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + log_var.sum(-1)


@wrong("plus_one", "1 is added in every dimension; it must be subtracted.", severity="slip")
def _plus_one(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + mean.shape[-1]


@wrong(
    "log_var_read_as_log_std",
    "`log_var` is used as if it were log σ; it is log σ², so σ² is exp(log_var).",
    severity="slip",
)
def _log_var_read_as_log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, 2 * log_var)


@wrong("std_for_variance", "The standard deviation σ stands where the variance σ² belongs.", severity="slip")
def _std_for_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (torch.exp(0.5 * log_var) - log_var.exp()).sum(-1)


@wrong("mean_not_squared", "The mean μ is not squared.", severity="slip")
def _mean_not_squared(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean - mean**2).sum(-1)


@wrong("mean_over_latents", "The latent dimensions are averaged; their divergences add up.", severity="slip")
def _mean_over_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) / mean.shape[-1]


@wrong(
    "one_for_all_latents", "−1 is there once for all latent dimensions; every dimension has its own.", severity="slip"
)
def _one_for_all_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean.shape[-1] - 1)


@wrong(
    "sign", "The sign is reversed: this is −KL, the term of the bound; a divergence is never negative.", severity="slip"
)
def _sign(mean: Tensor, log_var: Tensor) -> Tensor:
    return -kl_standard_normal(mean, log_var)


@wrong("arguments_swapped", "This is KL(p ‖ q), from the prior to q; the other direction is asked for.", severity="gap")
def _arguments_swapped(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * ((1 + mean**2) * torch.exp(-log_var) - 1 + log_var).sum(-1)


@wrong(
    "averaged_over_batch",
    "The batch is averaged as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var).mean().expand(mean.shape[0])


@wrong("variance_detached", "σ² is detached from the graph, so its gradient is missing.", severity="slip")
def _variance_detached(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (torch.exp(log_var.detach()) + mean**2 - 1 - log_var).sum(-1)


@wrong(
    "half_missing_on_mean",
    "The factor ½ in front of μ² is missing.",
    severity="slip",
)
def _half_missing_on_mean(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean**2).sum(-1)


@wrong(
    "half_missing_on_variance",
    "The factor ½ in front of σ² is missing.",
    severity="slip",
)
def _half_missing_on_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * log_var.exp().sum(-1)


@wrong(
    "half_missing_on_log",
    "The factor ½ in front of log σ² is missing.",
    severity="slip",
)
def _half_missing_on_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * log_var.sum(-1)


@wrong(
    "half_missing_on_one",
    "1 is subtracted in every dimension; it is halved as everything else, so ½ for each.",
    severity="slip",
    credit=0.7,
)
def _half_missing_on_one(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * mean.shape[-1]


@wrong(
    "halved_twice",
    "The sum is halved twice: one factor ½ stands in front of it.",
    severity="slip",
)
def _halved_twice(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * kl_standard_normal(mean, log_var)


@wrong(
    "only_means",
    "Only ½ Σ μ² is there; everything that depends on the variance is missing.",
    severity="empty",
    credit=0.25,
)
def _only_means(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2).sum(-1)


@wrong(
    "mean_missing",
    "The term μ² is missing.",
    severity="gap",
    credit=0.45,
)
def _mean_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * (mean**2).sum(-1)


@wrong(
    "variance_missing",
    "The term σ² is missing.",
    severity="gap",
    credit=0.45,
)
def _variance_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * log_var.exp().sum(-1)


@wrong(
    "log_missing",
    "The term −log σ² is missing.",
    severity="gap",
    credit=0.45,
)
def _log_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * log_var.sum(-1)


@wrong(
    "one_missing",
    "The −1 of every dimension is missing, so that KL(p ‖ p) is not 0.",
    severity="slip",
)
def _one_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * mean.shape[-1]


@wrong(
    "only_squares",
    "Only ½ Σ (μ² + σ²) is there; −1 − log σ² is missing.",
    severity="gap",
)
def _only_squares(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (1 + log_var).sum(-1)


@wrong(
    "variance_at_the_mean",
    "The terms σ² − 1 are missing: log q − log p is taken at the mean only, not on average over q.",
    severity="gap",
)
def _variance_at_the_mean(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * torch.expm1(log_var).sum(-1)


@wrong(
    "entropy_missing",
    "This is the cross-entropy −E log p; the entropy of q is to be subtracted from it.",
    severity="gap",
)
def _entropy_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (LOG_2PI + 1 + log_var).sum(-1)


@wrong(
    "log_2pi_left",
    "log 2π does not belong here: it cancels between the two densities.",
    severity="slip",
)
def _log_2pi_left(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * mean.shape[-1] * LOG_2PI


@wrong(
    "minus_mean",
    "μ² is subtracted; it must be added.",
    severity="slip",
)
def _minus_mean(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - (mean**2).sum(-1)


@wrong(
    "minus_variance",
    "σ² is subtracted; it must be added.",
    severity="slip",
)
def _minus_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - log_var.exp().sum(-1)


@wrong(
    "exp_missing",
    "The same quantity stands for σ² and for log σ², so that they cancel: σ² is exp(log_var).",
    severity="slip",
    credit=0.5,
)
def _exp_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 - 1).sum(-1)


@wrong(
    "log_var_read_as_variance",
    "`log_var` is used as if it were the variance itself; it is its logarithm.",
    severity="gap",
)
def _log_var_read_as_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (log_var + mean**2 - 1 - torch.log(log_var)).sum(-1)


@wrong(
    "log_var_read_as_std",
    "`log_var` is used as if it were the standard deviation σ; σ is exp(½ log_var).",
    severity="gap",
)
def _log_var_read_as_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (log_var**2 + mean**2 - 1 - torch.log(log_var**2)).sum(-1)


@wrong(
    "log_taken_twice",
    "The logarithm of `log_var` is taken, which is the logarithm of the variance already.",
    severity="slip",
)
def _log_taken_twice(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (log_var.exp() + mean**2 - 1 - torch.log(log_var)).sum(-1)


@wrong(
    "std_read_as_variance",
    "The standard deviation σ is used as if it were the variance, throughout: the variance is exp(log_var).",
    severity="slip",
)
def _std_read_as_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, 0.5 * log_var)


@wrong(
    "variance_squared",
    "σ⁴ stands where σ² belongs: exp(log_var) is the variance already.",
    severity="slip",
)
def _variance_squared(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (torch.exp(2 * log_var) - log_var.exp()).sum(-1)


@wrong(
    "precision_for_variance",
    "1/σ² stands where σ² belongs: the sign in the exponential is reversed.",
    severity="slip",
)
def _precision_for_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (torch.exp(-log_var) - log_var.exp()).sum(-1)


@wrong(
    "log_precision",
    "`log_var` has the wrong sign throughout: the variance is e^{log_var}, not e^{−log_var}.",
    severity="slip",
)
def _log_precision(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, -log_var)


@wrong(
    "square_of_sum",
    "The means are summed and then squared; each is squared, then they are summed.",
    severity="slip",
)
def _square_of_sum(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean.sum(-1) ** 2 - (mean**2).sum(-1))


@wrong(
    "norm_not_squared",
    "The norm ‖μ‖ is not squared.",
    severity="slip",
)
def _norm_not_squared(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean.norm(dim=-1) - (mean**2).sum(-1))


@wrong(
    "means_of_batch",
    "The sum of μ² (or the norm) has no `dim`, so every example is charged with those of the whole batch.",
    severity="slip",
)
def _means_of_batch(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * ((mean**2).sum() - (mean**2).sum(-1))


@wrong(
    "variances_of_batch",
    "The sum of σ² has no `dim`, so every example is charged with those of the whole batch.",
    severity="slip",
)
def _variances_of_batch(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (log_var.exp().sum() - log_var.exp().sum(-1))


@wrong(
    "logs_of_batch",
    "The sum of log σ² has no `dim`, so every example is charged with those of the whole batch.",
    severity="slip",
)
def _logs_of_batch(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * (log_var.sum() - log_var.sum(-1))


@wrong(
    "one_too_often",
    "The number M of latent dimensions is subtracted inside the sum over them, which counts it M times; 1 belongs there.",
    severity="slip",
    credit=0.7,
)
def _one_too_often(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) - 0.5 * mean.shape[-1] * (mean.shape[-1] - 1)


@wrong(
    "one_for_every_example",
    "The number B of examples is subtracted where that of the latent dimensions, M, belongs.",
    severity="slip",
    credit=0.7,
)
def _one_for_every_example(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (mean.shape[-1] - mean.shape[0])


@wrong(
    "not_summed",
    "One value per latent dimension is returned; each example has one, their sum.",
    severity="slip",
    credit=0.7,
)
def _not_summed(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (torch.exp(log_var) + mean**2 - 1 - log_var)


@wrong(
    "summed_over_wrong_axis",
    "The sum runs over the examples (`dim=0`); it belongs over the latent dimensions (`dim=-1`).",
    severity="slip",
)
def _summed_over_wrong_axis(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (torch.exp(log_var) + mean**2 - 1 - log_var).sum(0)


@wrong(
    "divided_by_batch",
    "The sum is divided by the size of the batch; each example keeps its own value.",
    severity="slip",
    credit=0.7,
)
def _divided_by_batch(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) / mean.shape[0]


@wrong(
    "other_base",
    "The logarithm has another base than e: the divergence is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) / math.log(2)


@wrong(
    "epsilon_added",
    "A small constant is added to the variance, or `log_var` is clamped, to keep it from zero: it decides the result where the"
    " variance is small.",
    severity="form",
)
def _epsilon_added(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, torch.log(log_var.exp() + 1e-6))


@wrong(
    "mean_detached",
    "The mean is detached from the graph, so its gradient is missing.",
    severity="slip",
)
def _mean_detached(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean.detach(), log_var)


@wrong(
    "log_detached",
    "log σ² is detached from the graph, so a part of its gradient is missing.",
    severity="slip",
)
def _log_detached(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (log_var - log_var.detach()).sum(-1)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("epsilon_added")
def _epsilon_1e_8(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, torch.log(log_var.exp() + 1e-8))


@wrong("epsilon_added")
def _epsilon_1e_10(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, torch.log(log_var.exp() + 1e-10))


@wrong("epsilon_added")
def _epsilon_inside_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (log_var - torch.log(log_var.exp() + 1e-6)).sum(-1)


@wrong("epsilon_added")
def _epsilon_1e_8_inside_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) + 0.5 * (log_var - torch.log(log_var.exp() + 1e-8)).sum(-1)


@wrong("epsilon_added")
def _epsilon_of_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, 2 * torch.log(torch.exp(0.5 * log_var) + 1e-6))


@wrong("epsilon_added")
def _epsilon_1e_8_of_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, 2 * torch.log(torch.exp(0.5 * log_var) + 1e-8))


@wrong("epsilon_added")
def _clamped_at_10(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var.clamp(-10, 10))


@wrong("epsilon_added")
def _clamped_at_20(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var.clamp(-20, 20))


@wrong("epsilon_added")
def _clamped_at_30(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var.clamp(-30, 20))


@wrong("other_base")
def _decimal_logarithm(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) / math.log(10)


@wrong("only_means")
def _sum_of_squared_means(mean: Tensor, log_var: Tensor) -> Tensor:
    return (mean**2).sum(-1)


@wrong("only_means")
def _norm_of_means(mean: Tensor, log_var: Tensor) -> Tensor:
    return mean.norm(dim=-1)


@wrong("log_var_read_as_variance")
def _normal_of_log_var_as_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_divergence(Normal(mean, torch.sqrt(log_var)), Normal(0, 1)).sum(-1)


@wrong("log_var_read_as_std")
def _normal_of_log_var(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_divergence(Normal(mean, log_var), Normal(0, 1)).sum(-1)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("half_missing", rewritten=True)
def _expm1(mean, log_var):
    return (mean.square() + torch.expm1(log_var) - log_var).sum(dim=1)


@wrong("arguments_swapped", rewritten=True)
def _distributions_swapped(mean, log_var):
    q = Normal(mean, torch.exp(0.5 * log_var))
    return kl_divergence(Normal(torch.zeros_like(mean), torch.ones_like(mean)), q).sum(-1)


@wrong("square_of_log", rewritten=True)
def _loop_over_latents(mean, log_var):
    std = log_var.exp().sqrt()
    return sum(
        0.5 * (std[:, m] ** 2 + mean[:, m] ** 2 - 1 - std[:, m].log() ** 2) for m in range(mean.shape[1])
    ) + torch.zeros(len(mean), dtype=mean.dtype)


@wrong("huji_equation_7", rewritten=True)
def _as_printed_with_log_sigma(mean, log_var):
    sigma = torch.exp(log_var / 2)
    return torch.sum(sigma**2, -1) + torch.norm(mean, dim=-1) ** 2 - mean.shape[1] - (log_var / 2).sum(-1)


@wrong("averaged_over_batch", rewritten=True)
def _mean_of_everything(mean, log_var):
    per_entry = torch.exp(log_var) / 2 + mean * mean / 2 - 0.5 - log_var / 2
    return torch.full((mean.shape[0],), mean.shape[1], dtype=mean.dtype) * per_entry.mean()


@wrong("variance_detached", rewritten=True)
def _variance_without_graph(mean, log_var):
    with torch.no_grad():
        variance = torch.exp(log_var)
    return -0.5 * (1 + log_var - mean.pow(2) - variance).sum(1)


@wrong("half_missing_on_log", rewritten=True)
def _with_log_var_for_log_std(mean, log_var):
    std = torch.exp(log_var / 2)
    return (0.5 * (mean**2 + std**2 - 1) - log_var).sum(1)


@wrong("norm_not_squared", rewritten=True)
def _euclidean_norm(mean, log_var):
    return 0.5 * (torch.linalg.vector_norm(mean, dim=1) + (log_var.exp() - log_var).sum(1) - mean.shape[1])


@wrong("means_of_batch", rewritten=True)
def _norm_of_the_batch(mean, log_var):
    return 0.5 * (torch.norm(mean) ** 2 + torch.sum(log_var.exp() - log_var, dim=1) - mean.shape[1])


@wrong("not_summed", rewritten=True)
def _kl_divergence_of_normals(mean, log_var):
    return kl_divergence(Normal(mean, torch.exp(log_var / 2)), Normal(0.0, 1.0))


@wrong("log_precision", rewritten=True)
def _precision(mean, log_var):
    precision = torch.exp(log_var)
    return 0.5 * (mean**2 + 1 / precision - 1 + torch.log(precision)).sum(-1)


@wrong("entropy_missing", rewritten=True)
def _minus_expected_log_prior(mean, log_var):
    return (0.5 * math.log(2 * math.pi) + 0.5 * (mean**2 + log_var.exp())).sum(-1)


@wrong("detached", rewritten=True)
def _without_graph(mean, log_var):
    with torch.no_grad():
        return -0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum(1)


# ------------------------------------------------------------------------------------------------------------- graded


@graded(1.00, "Right, with a result in float64 for inputs in float32.")
def _in_float64(mu, logvar):
    mu, logvar = mu.double(), logvar.double()
    return 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)


@graded(1.00, "Right, with a Python loop over the examples.")
def _loop_over_examples(mean, log_var):
    kls = []
    for m, lv in zip(mean, log_var, strict=True):
        kls.append(0.5 * torch.sum(torch.exp(lv) + m**2 - 1.0 - lv))
    return torch.stack(kls)


@graded(0.85, "Right, of shape (B, 1).")
def _column(mean, log_var):
    return 0.5 * torch.sum(log_var.exp() + mean.pow(2) - 1 - log_var, dim=1, keepdim=True)


@graded(0.70, "Averaged over the batch, to one number.")
def _one_number(mean, log_var):
    return torch.mean(-0.5 * torch.sum(1 + log_var - mean**2 - log_var.exp(), dim=1))


@graded(0.60, "The factor ½ is missing.")
def _no_half(mean, log_var):
    return torch.sum(torch.exp(log_var) + mean**2 - 1 - log_var, dim=-1)


@graded(0.25, "Only ½ Σ μ².")
def _half_of_squared_means(mean, log_var):
    return 0.5 * torch.sum(mean**2, dim=1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _absolute_mean(mean, log_var):
    return 0.5 * (torch.exp(log_var) + mean.abs() - 1 - log_var).sum(-1)


@wrong()
def _largest_latent(mean, log_var):
    return (0.5 * (torch.exp(log_var) + mean**2 - 1 - log_var)).amax(-1)


@wrong()
def _gradient_of_mean_twice(mean, log_var):
    """The value is right, the gradient is wrong in a way that nobody has foreseen."""
    twice = 2 * mean - mean.detach()
    return 0.5 * (torch.exp(log_var) + twice**2 - 1 - log_var).sum(-1)


@wrong()
def _first_variance_for_all(mean, log_var):
    lv = log_var[:, :1].expand_as(log_var)
    return 0.5 * (torch.exp(lv) + mean**2 - 1 - log_var).sum(-1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "Entropies and log-densities of torch.distributions.", second=True)
def _right_distributions(mean: Tensor, log_var: Tensor) -> Tensor:
    q = Normal(mean, torch.exp(0.5 * log_var))
    p = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    cross_entropy = q.variance / 2 - p.log_prob(mean)
    kl: Tensor = (cross_entropy - q.entropy()).sum(-1)
    return kl


@right("kl_divergence", "PyTorch's own: it takes the logarithm of a ratio of variances.")
def _kl_divergence(mean: Tensor, log_var: Tensor) -> Tensor:
    q = Normal(mean, torch.exp(0.5 * log_var))
    return kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)


@right("log_of_exp", "The variance first, its logarithm afterwards: right in all that floating point numbers hold.")
def _log_of_exp(mean: Tensor, log_var: Tensor) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return 0.5 * (std**2 + mean**2 - 1 - torch.log(std**2)).sum(-1)


@right("kingma_welling", "−½ Σ (1 + log σ² − μ² − σ²), as Kingma and Welling print it.")
def _kingma_welling(mu: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)


@right("log_std", "Rewritten with log-standard-deviations.")
def _right_log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    log_std = 0.5 * log_var
    return ((mean.square() + torch.exp(2 * log_std)) / 2 - log_std).sum(-1) - mean.shape[-1] / 2


@right("expm1", "expm1 for σ² − 1, which keeps digits near the prior.")
def _right_expm1(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (torch.einsum("bm,bm->b", mean, mean) + (torch.expm1(log_var) - log_var).sum(-1))


@right("loop_over_latents", "A loop over the latent dimensions, never over the batch.")
def _right_loop_over_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    kl = torch.zeros_like(mean[:, 0])
    for m in range(mean.shape[1]):
        kl = kl + (mean[:, m] ** 2 + log_var[:, m].exp() - 1 - log_var[:, m]) / 2
    return kl


@right("cross_entropy_minus_entropy", "Cross-entropy of q and p minus the entropy of q.")
def _cross_entropy_minus_entropy(mean: Tensor, log_var: Tensor) -> Tensor:
    cross_entropy = 0.5 * (math.log(2 * math.pi) + mean**2 + log_var.exp())
    entropy = 0.5 * (math.log(2 * math.pi) + 1 + log_var)
    return (cross_entropy - entropy).sum(-1)


@right("multivariate", "The general formula: trace, log-determinant and Mahalanobis distance.")
def _multivariate(mean: Tensor, log_var: Tensor) -> Tensor:
    identity = torch.eye(mean.shape[-1], dtype=mean.dtype, device=mean.device)
    q = MultivariateNormal(mean, scale_tril=torch.diag_embed(torch.exp(log_var / 2)))
    p = MultivariateNormal(torch.zeros_like(mean), scale_tril=identity)
    return kl_divergence(q, p)


@right("independent", "kl_divergence of two Independent normals, which sums by itself.")
def _independent(mean: Tensor, log_var: Tensor) -> Tensor:
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    p = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    return kl_divergence(q, p)


@right(
    "loss_of_pytorch",
    "The cross-entropy by PyTorch's Gaussian loss with its constant, minus the entropy of torch.distributions.",
)
def _loss_of_pytorch(mean: Tensor, log_var: Tensor) -> Tensor:
    variance = torch.exp(log_var)
    one = torch.ones_like(mean)
    cross_entropy = F.gaussian_nll_loss(mean, torch.zeros_like(mean), one, full=True, reduction="none") + variance / 2
    return (cross_entropy - Normal(mean, variance.sqrt()).entropy()).sum(-1)
