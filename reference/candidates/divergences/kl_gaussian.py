"""What is held against the checks of `kl_gaussian`."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.divergences import kl_gaussian

LOG_2PI = math.log(2 * math.pi)

# ------------------------------------------------------------------------------------------------------- named mistakes


def _squares(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    """½ (μ_q − μ_p)² / σ_p²."""
    return 0.5 * (mean_q - mean_p) ** 2 * torch.exp(-log_var_p)


def _ratio(log_var_q: Tensor, log_var_p: Tensor) -> Tensor:
    """½ σ_q² / σ_p²."""
    return 0.5 * torch.exp(log_var_q - log_var_p)


def _log(log_var_q: Tensor, log_var_p: Tensor) -> Tensor:
    """log(σ_p / σ_q)."""
    return 0.5 * (log_var_p - log_var_q)


@wrong("sign", "The sign is reversed: this is −KL; a divergence is never negative.", severity="slip")
def _sign(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return -kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)


@wrong("arguments_swapped", "This is KL(p ‖ q); the other direction, KL(q ‖ p), is asked for.", severity="gap")
def _arguments_swapped(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_p, log_var_p, mean_q, log_var_q)


@wrong(
    "symmetrised",
    "Both directions are added up, or averaged; a divergence is not symmetric, and KL(q ‖ p) alone is asked for.",
    severity="gap",
)
def _symmetrised(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + kl_gaussian(mean_p, log_var_p, mean_q, log_var_q)


@wrong(
    "prior_ignored",
    "The mean and the variance of p are not used: this is the divergence to the standard normal distribution.",
    severity="gap",
)
def _prior_ignored(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, 0 * mean_p, 0 * log_var_p)


@wrong("mean_of_p_ignored", "The mean of p is not used.", severity="slip", credit=0.5)
def _mean_of_p_ignored(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, 0 * mean_p, log_var_p)


@wrong("variance_of_p_ignored", "The variance of p is not used, as if it were 1.", severity="gap", credit=0.45)
def _variance_of_p_ignored(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, 0 * log_var_p)


@wrong("half_missing", "The whole is twice as large as it should be: a factor ½ is missing.", severity="slip")
def _half_missing(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return 2 * kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)


@wrong(
    "half_missing_on_log",
    "log σ² stands where log σ belongs: the factor ½ of log σ_p² − log σ_q² is missing.",
    severity="slip",
)
def _half_missing_on_log(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + _log(log_var_q, log_var_p)


@wrong("half_missing_on_squares", "The factor ½ of (σ_q² + (μ_q − μ_p)²)/σ_p² is missing.", severity="slip")
def _half_missing_on_squares(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        + _ratio(log_var_q, log_var_p)
        + _squares(mean_q, log_var_q, mean_p, log_var_p)
    )


@wrong("half_missing_on_ratio", "The factor ½ of σ_q²/σ_p² is missing.", severity="slip")
def _half_missing_on_ratio(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + _ratio(log_var_q, log_var_p)


@wrong("half_missing_on_means", "The factor ½ of (μ_q − μ_p)²/σ_p² is missing.", severity="slip")
def _half_missing_on_means(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + _squares(mean_q, log_var_q, mean_p, log_var_p)


@wrong("one_for_half", "1 is subtracted where ½ belongs.", severity="slip", credit=0.7)
def _one_for_half(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - 0.5


@wrong("half_not_subtracted", "The −½ at the end is missing, so that KL(p ‖ p) is not 0.", severity="slip")
def _half_not_subtracted(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + 0.5


@wrong("plus_half", "½ is added; it must be subtracted.", severity="slip")
def _plus_half(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + 1.0


@wrong("log_reversed", "This is log(σ_q/σ_p); it is log(σ_p/σ_q).", severity="slip")
def _log_reversed(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - 2 * _log(log_var_q, log_var_p)


@wrong("log_missing", "The term log(σ_p/σ_q) is missing.", severity="gap", credit=0.45)
def _log_missing(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - _log(log_var_q, log_var_p)


@wrong("ratio_missing", "The term σ_q²/(2σ_p²) is missing.", severity="gap", credit=0.45)
def _ratio_missing(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - _ratio(log_var_q, log_var_p)


@wrong("means_missing", "The term (μ_q − μ_p)²/(2σ_p²) is missing.", severity="gap", credit=0.45)
def _means_missing(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - _squares(mean_q, log_var_q, mean_p, log_var_p)


@wrong(
    "only_means",
    "Only (μ_q − μ_p)²/(2σ_p²) is there; everything that compares the variances is missing.",
    severity="empty",
    credit=0.25,
)
def _only_means(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return _squares(mean_q, log_var_q, mean_p, log_var_p)


@wrong("minus_means", "The squared distance of the means is subtracted; it must be added.", severity="slip")
def _minus_means(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - 2 * _squares(mean_q, log_var_q, mean_p, log_var_p)


@wrong("minus_ratio", "σ_q² is subtracted; it must be added.", severity="slip")
def _minus_ratio(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - 2 * _ratio(log_var_q, log_var_p)


@wrong("means_added", "The means are added to one another; it is their difference that is squared.", severity="slip")
def _means_added(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, -mean_p, log_var_p)


@wrong("means_not_squared", "The difference of the means is not squared.", severity="slip")
def _means_not_squared(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _squares(mean_q, log_var_q, mean_p, log_var_p)
        + 0.5 * (mean_q - mean_p) * torch.exp(-log_var_p)
    )


@wrong(
    "squared_apart",
    "Each mean is squared by itself, μ_q² − μ_p²; it is their difference that is squared.",
    severity="slip",
)
def _squared_apart(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _squares(mean_q, log_var_q, mean_p, log_var_p)
        + 0.5 * (mean_q**2 - mean_p**2) * torch.exp(-log_var_p)
    )


@wrong("divided_by_q", "The variance of q divides; it is that of p.", severity="slip")
def _divided_by_q(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    quadratic = 0.5 * (1 + (mean_q - mean_p) ** 2 * torch.exp(-log_var_q))
    return _log(log_var_q, log_var_p) + quadratic - 0.5


@wrong(
    "means_divided_by_q",
    "The squared distance of the means is divided by the variance of q; it is that of p.",
    severity="slip",
)
def _means_divided_by_q(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _squares(mean_q, log_var_q, mean_p, log_var_p)
        + 0.5 * (mean_q - mean_p) ** 2 * torch.exp(-log_var_q)
    )


@wrong("ratio_inverted", "σ_p²/σ_q² stands where σ_q²/σ_p² belongs.", severity="slip")
def _ratio_inverted(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - _ratio(log_var_q, log_var_p) + _ratio(log_var_p, log_var_q)
    )


@wrong("means_not_divided", "The squared distance of the means is not divided by the variance of p.", severity="slip")
def _means_not_divided(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _squares(mean_q, log_var_q, mean_p, log_var_p)
        + 0.5 * (mean_q - mean_p) ** 2
    )


@wrong("variance_not_divided", "The variance of q is not divided by that of p.", severity="slip")
def _variance_not_divided(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) - _ratio(log_var_q, log_var_p) + 0.5 * log_var_q.exp()


@wrong(
    "nothing_divided",
    "Neither σ_q² nor the squared distance of the means is divided by the variance of p.",
    severity="slip",
    credit=0.5,
)
def _nothing_divided(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return _log(log_var_q, log_var_p) + 0.5 * (log_var_q.exp() + (mean_q - mean_p) ** 2) - 0.5


@wrong("divided_by_std", "The denominator is 2σ_p; it is 2σ_p².", severity="slip")
def _divided_by_std(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        _log(log_var_q, log_var_p)
        + (_ratio(log_var_q, log_var_p) + _squares(mean_q, log_var_q, mean_p, log_var_p)) * torch.exp(0.5 * log_var_p)
        - 0.5
    )


@wrong("std_for_variance", "The standard deviation σ_q stands where the variance σ_q² belongs.", severity="slip")
def _std_for_variance(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _ratio(log_var_q, log_var_p)
        + 0.5 * torch.exp(0.5 * log_var_q - log_var_p)
    )


@wrong("ratio_not_squared", "σ_q/σ_p stands where σ_q²/σ_p² belongs.", severity="slip")
def _ratio_not_squared(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _ratio(log_var_q, log_var_p)
        + 0.5 * torch.exp(0.5 * (log_var_q - log_var_p))
    )


@wrong(
    "log_var_read_as_log_std",
    "`log_var_q` and `log_var_p` are used as if they were log σ; they are log σ², so σ² is exp(log_var).",
    severity="slip",
)
def _log_var_read_as_log_std(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, 2 * log_var_q, mean_p, 2 * log_var_p)


@wrong(
    "std_read_as_variance",
    "The standard deviations are used as if they were the variances, throughout: the variance is exp(log_var).",
    severity="slip",
)
def _std_read_as_variance(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, 0.5 * log_var_q, mean_p, 0.5 * log_var_p)


@wrong(
    "log_var_read_as_variance",
    "The log-variances are used as if they were the variances themselves; they are their logarithms.",
    severity="gap",
)
def _log_var_read_as_variance(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return 0.5 * (torch.log(log_var_p / log_var_q) + (log_var_q + (mean_q - mean_p) ** 2) / log_var_p - 1)


@wrong(
    "log_var_read_as_std",
    "The log-variances are used as if they were the standard deviations; σ is exp(½ log_var).",
    severity="gap",
)
def _log_var_read_as_std(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return torch.log(log_var_p / log_var_q) + (log_var_q**2 + (mean_q - mean_p) ** 2) / (2 * log_var_p**2) - 0.5


@wrong(
    "square_of_log",
    "log σ² is read as (log σ)²; it is the logarithm of the square, 2 log σ.",
    severity="slip",
    credit=0.5,
)
def _square_of_log(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (
        kl_gaussian(mean_q, log_var_q, mean_p, log_var_p)
        - _log(log_var_q, log_var_p)
        + 0.125 * (log_var_p**2 - log_var_q**2)
    )


@wrong(
    "at_the_mean",
    "log q − log p is taken at the mean of q only, not on average over q: the terms σ_q²/σ_p² − 1 are missing.",
    severity="gap",
)
def _at_the_mean(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return _log(log_var_q, log_var_p) + _squares(mean_q, log_var_q, mean_p, log_var_p)


@wrong(
    "entropy_missing",
    "This is the cross-entropy −E log p; the entropy of q is to be subtracted from it.",
    severity="gap",
)
def _entropy_missing(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + 0.5 * (LOG_2PI + 1 + log_var_q)


@wrong(
    "cross_entropy_missing", "Only the negative entropy of q is there; p does not occur.", severity="gap", credit=0.3
)
def _cross_entropy_missing(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + 1 + log_var_q) + 0 * mean_p


@wrong("log_2pi_left", "log 2π does not belong here: it cancels between the two densities.", severity="slip")
def _log_2pi_left(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + 0.5 * LOG_2PI


@wrong(
    "averaged_over_batch",
    "The pairs are averaged; one value for each of them is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p).mean().expand(mean_q.shape[0])


@wrong(
    "summed_over_batch", "The pairs are added up; one value for each of them is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p).sum()


@wrong(
    "divided_by_batch",
    "The result is divided by the number of pairs; each keeps its own value.",
    severity="slip",
    credit=0.7,
)
def _divided_by_batch(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) / mean_q.shape[0]


@wrong(
    "other_base",
    "The logarithm has another base than e: the divergence is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) / math.log(2)


@wrong(
    "epsilon_added",
    "A small constant is added to a variance, or a log-variance is clamped: it decides the result where the variance is small.",
    severity="form",
)
def _epsilon_added(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, torch.log(log_var_q.exp() + 1e-6), mean_p, torch.log(log_var_p.exp() + 1e-6))


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p).detach()


@wrong(
    "prior_detached",
    "The mean and the variance of p are detached from the graph: a prior that is learnt needs their gradients.",
    severity="slip",
    credit=0.75,
)
def _prior_detached(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p.detach(), log_var_p.detach())


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("epsilon_added")
def _epsilon_1e_8(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, torch.log(log_var_q.exp() + 1e-8), mean_p, torch.log(log_var_p.exp() + 1e-8))


@wrong("epsilon_added")
def _epsilon_1e_10(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, torch.log(log_var_q.exp() + 1e-10), mean_p, torch.log(log_var_p.exp() + 1e-10))


@wrong("epsilon_added")
def _epsilon_below(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    variance_p = log_var_p.exp() + 1e-8
    return _log(log_var_q, log_var_p) + (log_var_q.exp() + (mean_q - mean_p) ** 2) / (2 * variance_p) - 0.5


@wrong("epsilon_added")
def _epsilon_of_std(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    std_q, std_p = torch.exp(0.5 * log_var_q) + 1e-6, torch.exp(0.5 * log_var_p) + 1e-6
    return kl_gaussian(mean_q, 2 * std_q.log(), mean_p, 2 * std_p.log())


@wrong("epsilon_added")
def _clamped_at_10(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q.clamp(-10, 10), mean_p, log_var_p.clamp(-10, 10))


@wrong("epsilon_added")
def _clamped_at_20(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q.clamp(-20, 20), mean_p, log_var_p.clamp(-20, 20))


@wrong("epsilon_added")
def _clamped_at_30(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q.clamp(-30, 20), mean_p, log_var_p.clamp(-30, 20))


@wrong("other_base")
def _decimal_logarithm(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) / math.log(10)


@wrong("symmetrised")
def _averaged_directions(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return 0.5 * (kl_gaussian(mean_q, log_var_q, mean_p, log_var_p) + kl_gaussian(mean_p, log_var_p, mean_q, log_var_q))


@wrong("only_means")
def _squared_distance(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return (mean_q - mean_p) ** 2


@wrong("only_means")
def _half_squared_distance(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    return 0.5 * (mean_q - mean_p) ** 2


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("arguments_swapped", rewritten=True)
def _distributions_swapped(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return kl_divergence(Normal(mean_p, std_p), Normal(mean_q, std_q))


@wrong()  # log_var_read_as_log_std in other words, for which there is no name of its own yet, or a second one
def _exp_for_std(mean_q, log_var_q, mean_p, log_var_p):
    return kl_divergence(Normal(mean_q, log_var_q.exp()), Normal(mean_p, log_var_p.exp()))


@wrong("half_missing_on_log", rewritten=True)
def _log_of_variances(mean_q, log_var_q, mean_p, log_var_p):
    variance_q, variance_p = log_var_q.exp(), log_var_p.exp()
    return torch.log(variance_p / variance_q) + (variance_q + (mean_q - mean_p) ** 2) / (2 * variance_p) - 0.5


@wrong("log_reversed", rewritten=True)
def _log_of_q_over_p(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return torch.log(std_q / std_p) + (std_q**2 + (mean_q - mean_p).square()) / (2 * std_p**2) - 1 / 2


@wrong("one_for_half", rewritten=True)
def _minus_one(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return torch.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p).square()) / (2 * std_p**2) - 1


@wrong("half_missing_on_squares", rewritten=True)
def _without_two(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return torch.log(std_p) - torch.log(std_q) + (std_q**2 + (mean_q - mean_p) ** 2) / std_p**2 - 0.5


@wrong("divided_by_std", rewritten=True)
def _std_below(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return torch.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p) ** 2) / (2 * std_p) - 0.5


@wrong("prior_ignored", rewritten=True)
def _standard_normal(mean_q, log_var_q, mean_p, log_var_p):
    return -0.5 * (1 + log_var_q - mean_q**2 - log_var_q.exp())


@wrong("entropy_missing", rewritten=True)
def _minus_expected_log(mean_q, log_var_q, mean_p, log_var_p):
    return 0.5 * (LOG_2PI + log_var_p + (log_var_q.exp() + (mean_q - mean_p) ** 2) / log_var_p.exp())


@wrong("detached", rewritten=True)
def _without_graph(mean_q, log_var_q, mean_p, log_var_p):
    with torch.no_grad():
        return kl_divergence(Normal(mean_q, log_var_q.exp().sqrt()), Normal(mean_p, log_var_p.exp().sqrt()))


@wrong("at_the_mean", rewritten=True)
def _log_ratio_at_the_mean(mean_q, log_var_q, mean_p, log_var_p):
    q, p = Normal(mean_q, torch.exp(log_var_q / 2)), Normal(mean_p, torch.exp(log_var_p / 2))
    return q.log_prob(mean_q) - p.log_prob(mean_q)


# ------------------------------------------------------------------------------------------------------------- graded


@graded(1.00, "Right, with a Python loop over the pairs.")
def _loop_over_pairs(mean_q, log_var_q, mean_p, log_var_p):
    kls = []
    for m, v, n, w in zip(mean_q, log_var_q, mean_p, log_var_p, strict=True):
        kls.append(0.5 * (w - v) + (v.exp() + (m - n) ** 2) / (2 * w.exp()) - 0.5)
    return torch.stack(kls)


@graded(0.60, "log σ² for log σ.")
def _log_variances(mu1, lv1, mu2, lv2):
    return lv2 - lv1 + (lv1.exp() + (mu1 - mu2) ** 2) / (2 * lv2.exp()) - 0.5


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _absolute_distance(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return torch.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p).abs()) / (2 * std_p**2) - 0.5


@wrong()
def _neighbouring_pair(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p.roll(1), std_p))


@wrong()
def _first_prior_for_all(mean_q, log_var_q, mean_p, log_var_p):
    std_q, std_p = torch.exp(log_var_q / 2), torch.exp(log_var_p / 2)
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p[0], std_p[0]))


@wrong()
def _gradient_of_mean_twice(mean_q, log_var_q, mean_p, log_var_p):
    twice = 2 * mean_q - mean_q.detach()
    return kl_divergence(Normal(twice, torch.exp(log_var_q / 2)), Normal(mean_p, torch.exp(log_var_p / 2)))


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "kl_divergence of two normals of torch.distributions.", second=True)
def _distributions(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    q, p = Normal(mean_q, torch.exp(0.5 * log_var_q)), Normal(mean_p, torch.exp(0.5 * log_var_p))
    kl: Tensor = kl_divergence(q, p)
    return kl


@right("equation_11", "DTU's eq. (11) as it is printed, with standard deviations.")
def _equation_11(mu_1: Tensor, log_var_1: Tensor, mu_2: Tensor, log_var_2: Tensor) -> Tensor:
    sigma_1, sigma_2 = torch.sqrt(torch.exp(log_var_1)), torch.sqrt(torch.exp(log_var_2))
    return torch.log(sigma_2 / sigma_1) + (sigma_1**2 + (mu_1 - mu_2) ** 2) / (2 * sigma_2**2) - 1 / 2


@right("variances", "With variances, and the logarithm of each by itself.")
def _variances(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    q, p = log_var_q.exp(), log_var_p.exp()
    return 0.5 * (p.log() - q.log() + (q + (mean_p - mean_q).pow(2)) / p - 1)


@right("to_the_standard_normal", "Both are shifted and scaled until p is the standard normal distribution.")
def _to_the_standard_normal(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    mean, log_var = (mean_q - mean_p) * torch.exp(-0.5 * log_var_p), log_var_q - log_var_p
    return -0.5 * (1 + log_var - mean**2 - torch.exp(log_var))


@right("expm1", "expm1 for σ_q²/σ_p² − 1, which keeps digits where q is near p.")
def _expm1(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    ratio = log_var_q - log_var_p
    return (torch.expm1(ratio) - ratio + (mean_q - mean_p).square() / log_var_p.exp()) / 2


@right("cross_entropy_minus_entropy", "Cross-entropy of q and p minus the entropy of q.")
def _cross_entropy_minus_entropy(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    cross = 0.5 * (LOG_2PI + log_var_p + (torch.exp(log_var_q) + (mean_q - mean_p) ** 2) / torch.exp(log_var_p))
    return cross - Normal(mean_q, torch.exp(0.5 * log_var_q)).entropy()


@right("multivariate", "The general formula with matrices of size 1.")
def _multivariate(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    q = MultivariateNormal(mean_q[:, None], scale_tril=torch.exp(log_var_q / 2)[:, None, None])
    p = MultivariateNormal(mean_p[:, None], scale_tril=torch.exp(log_var_p / 2)[:, None, None])
    return kl_divergence(q, p)


@right("independent", "Independent normals in one dimension, stacked in a column.")
def _independent(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    q = Independent(Normal(mean_q.unsqueeze(-1), torch.exp(log_var_q / 2).unsqueeze(-1)), 1)
    return kl_divergence(q, Independent(Normal(mean_p.unsqueeze(-1), torch.exp(log_var_p / 2).unsqueeze(-1)), 1))


@right("rounded_up_to_zero", "What rounding makes negative is 0.")
def _rounded_up_to_zero(mean_q: Tensor, log_var_q: Tensor, mean_p: Tensor, log_var_p: Tensor) -> Tensor:
    quadratic = (torch.exp(log_var_q) + (mean_q - mean_p) ** 2) / torch.exp(log_var_p)
    return F.relu(0.5 * (log_var_p - log_var_q + quadratic - 1))
