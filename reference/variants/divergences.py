"""Other right answers to the tasks of `divergences.py`."""

import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from reference.variants import variant


@variant("kl_standard_normal", "distributions", "Entropies and log-densities of torch.distributions.")
def _distributions(mean: Tensor, log_var: Tensor) -> Tensor:
    # kl_divergence(q, p) itself would not do: it squares σ before its logarithm, +inf at log_var = −110 in float32
    q = Normal(mean, torch.exp(0.5 * log_var))
    p = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    cross_entropy = q.variance / 2 - p.log_prob(mean)  # type: ignore[no-untyped-call]
    kl: Tensor = (cross_entropy - q.entropy()).sum(-1)  # type: ignore[no-untyped-call]
    return kl


@variant("kl_standard_normal", "kingma_welling", "−½ Σ (1 + log σ² − μ² − σ²), as Kingma and Welling print it.")
def _kingma_welling(mu: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)


@variant("kl_standard_normal", "log_std", "Rewritten with log-standard-deviations.")
def _log_std(mean: Tensor, log_var: Tensor) -> Tensor:
    log_std = 0.5 * log_var
    return ((mean.square() + torch.exp(2 * log_std)) / 2 - log_std).sum(-1) - mean.shape[-1] / 2


@variant("kl_standard_normal", "expm1", "expm1 for σ² − 1, which keeps digits near the prior.")
def _expm1(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (torch.einsum("bm,bm->b", mean, mean) + (torch.expm1(log_var) - log_var).sum(-1))


@variant("kl_standard_normal", "loop_over_latents", "A loop over the latent dimensions, never over the batch.")
def _loop_over_latents(mean: Tensor, log_var: Tensor) -> Tensor:
    kl = torch.zeros_like(mean[:, 0])
    for m in range(mean.shape[1]):
        kl = kl + (mean[:, m] ** 2 + log_var[:, m].exp() - 1 - log_var[:, m]) / 2
    return kl


@variant("kl_standard_normal", "cross_entropy_minus_entropy", "Cross-entropy of q and p minus the entropy of q.")
def _cross_entropy_minus_entropy(mean: Tensor, log_var: Tensor) -> Tensor:
    cross_entropy = 0.5 * (math.log(2 * math.pi) + mean**2 + log_var.exp())
    entropy = 0.5 * (math.log(2 * math.pi) + 1 + log_var)
    return (cross_entropy - entropy).sum(-1)


@variant("kl_standard_normal", "multivariate", "The general formula: trace, log-determinant and Mahalanobis distance.")
def _multivariate(mean: Tensor, log_var: Tensor) -> Tensor:
    identity = torch.eye(mean.shape[-1], dtype=mean.dtype, device=mean.device)
    q = MultivariateNormal(mean, scale_tril=torch.diag_embed(torch.exp(log_var / 2)))
    p = MultivariateNormal(torch.zeros_like(mean), scale_tril=identity)
    return kl_divergence(q, p)
