"""What is held against the checks of `kl_standard_normal`."""

import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from autograder.authoring.candidates import right, wrong
from reference.divergences import kl_standard_normal

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
    return (mean**2 + log_var.exp() - 0.5 * log_var - 1).sum(-1)


@wrong(
    "half_on_squares_only",
    "The factor ½ stands in front of μ² + σ² only; it belongs to −1 − log σ² as well.",
    severity="slip",
)
def _half_on_squares_only(mean: Tensor, log_var: Tensor) -> Tensor:
    return (0.5 * (mean**2 + log_var.exp()) - 1 - log_var).sum(-1)


@wrong("half_missing_on_squares", "The factor ½ in front of μ² + σ² is missing.", severity="slip")
def _half_missing_on_squares(mean: Tensor, log_var: Tensor) -> Tensor:
    return (mean**2 + log_var.exp() - 0.5 - 0.5 * log_var).sum(-1)


@wrong(
    "log_std",
    "log σ stands where log σ² belongs: half of `log_var` is subtracted instead of all of it.",
    severity="slip",
)
def _log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() - 1 - 0.5 * log_var).sum(-1)


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
    return 0.5 * (mean**2 + log_var.exp() - 1 + log_var).sum(-1)


@wrong("plus_one", "1 is added in every dimension; it must be subtracted.", severity="slip")
def _plus_one(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() + 1 - log_var).sum(-1)


@wrong(
    "log_var_read_as_log_std",
    "`log_var` is used as if it were log σ; it is log σ², so σ² is exp(log_var).",
    severity="slip",
)
def _log_var_read_as_log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, 2 * log_var)


@wrong("std_for_variance", "The standard deviation σ stands where the variance σ² belongs.", severity="slip")
def _std_for_variance(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + torch.exp(0.5 * log_var) - 1 - log_var).sum(-1)


@wrong("mean_not_squared", "The mean μ is not squared.", severity="slip")
def _mean_not_squared(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean + log_var.exp() - 1 - log_var).sum(-1)


@wrong("mean_over_latents", "The latent dimensions are averaged; their divergences add up.", severity="slip")
def _mean_over_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var) / mean.shape[-1]


@wrong(
    "one_for_all_latents", "−1 is there once for all latent dimensions; every dimension has its own.", severity="slip"
)
def _one_for_all_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * ((mean**2 + log_var.exp() - log_var).sum(-1) - 1)


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
