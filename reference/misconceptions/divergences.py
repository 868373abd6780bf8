"""Wrong answers to the tasks of `divergences.py`."""

import torch
from torch import Tensor

from reference.divergences import kl_standard_normal
from reference.misconceptions import misconception


@misconception("kl_standard_normal", "half_missing", "The factor ½ in front of the sum is missing.")
def _half_missing(mean: Tensor, log_var: Tensor) -> Tensor:
    return 2 * kl_standard_normal(mean, log_var)


@misconception(
    "kl_standard_normal",
    "huji_equation_7",
    "This is HUJI's eq. (7) as printed, which is a misprint: the factor ½ is missing and log σ should be log σ².",
)
def _huji_equation_7(mean: Tensor, log_var: Tensor) -> Tensor:
    return (mean**2 + log_var.exp() - 0.5 * log_var - 1).sum(-1)


@misconception(
    "kl_standard_normal",
    "half_on_squares_only",
    "The factor ½ stands in front of μ² + σ² only; it belongs to −1 − log σ² as well.",
)
def _half_on_squares_only(mean: Tensor, log_var: Tensor) -> Tensor:
    return (0.5 * (mean**2 + log_var.exp()) - 1 - log_var).sum(-1)


@misconception(
    "kl_standard_normal",
    "half_missing_on_squares",
    "The factor ½ in front of μ² + σ² is missing.",
)
def _half_missing_on_squares(mean: Tensor, log_var: Tensor) -> Tensor:
    return (mean**2 + log_var.exp() - 0.5 - 0.5 * log_var).sum(-1)


@misconception(
    "kl_standard_normal",
    "log_std",
    "log σ stands where log σ² belongs: half of `log_var` is subtracted instead of all of it.",
)
def _log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() - 1 - 0.5 * log_var).sum(-1)


@misconception(
    "kl_standard_normal", "square_of_log", "log σ² is read as (log σ)²; it is the logarithm of the square, 2 log σ."
)
def _square_of_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() - 1 - (0.5 * log_var) ** 2).sum(-1)


@misconception("kl_standard_normal", "plus_log", "log σ² is added; it must be subtracted.")
def _plus_log(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() - 1 + log_var).sum(-1)


@misconception("kl_standard_normal", "plus_one", "1 is added in every dimension; it must be subtracted.")
def _plus_one(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() + 1 - log_var).sum(-1)


@misconception(
    "kl_standard_normal",
    "log_var_read_as_log_std",
    "`log_var` is used as if it were log σ; it is log σ², so σ² is exp(log_var).",
)
def _log_var_read_as_log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, 2 * log_var)


@misconception(
    "kl_standard_normal", "std_for_variance", "The standard deviation σ stands where the variance σ² belongs."
)
def _std_for_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + torch.exp(0.5 * log_var) - 1 - log_var).sum(-1)


@misconception("kl_standard_normal", "mean_not_squared", "The mean μ is not squared.")
def _mean_not_squared(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean + log_var.exp() - 1 - log_var).sum(-1)


@misconception(
    "kl_standard_normal", "mean_over_latents", "The latent dimensions are averaged; their divergences add up."
)
def _mean_over_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) / mean.shape[-1]


@misconception(
    "kl_standard_normal",
    "one_for_all_latents",
    "−1 is there once for all latent dimensions; every dimension has its own.",
)
def _one_for_all_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * ((mean**2 + log_var.exp() - log_var).sum(-1) - 1)


@misconception(
    "kl_standard_normal",
    "sign",
    "The sign is reversed: this is −KL, the term of the bound; a divergence is never negative.",
)
def _sign(mean: Tensor, log_var: Tensor) -> Tensor:
    return -kl_standard_normal(mean, log_var)


@misconception(
    "kl_standard_normal",
    "arguments_swapped",
    "This is KL(p ‖ q), from the prior to q; the other direction is asked for.",
)
def _arguments_swapped(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * ((1 + mean**2) * torch.exp(-log_var) - 1 + log_var).sum(-1)


@misconception(
    "kl_standard_normal",
    "averaged_over_batch",
    "The batch is averaged as well; one value per example is asked for.",
)
def _averaged_over_batch(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var).mean().expand(mean.shape[0])


@misconception(
    "kl_standard_normal",
    "log_of_exp",
    "The logarithm is taken of a variance that has underflowed to 0: use `log_var` itself where log σ² is needed.",
)
def _log_of_exp(mean: Tensor, log_var: Tensor) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return 0.5 * (std**2 + mean**2 - 1 - torch.log(std**2)).sum(-1)


@misconception("kl_standard_normal", "variance_detached", "σ² is detached from the graph, so its gradient is missing.")
def _variance_detached(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (torch.exp(log_var.detach()) + mean**2 - 1 - log_var).sum(-1)
