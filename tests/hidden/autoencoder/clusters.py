"""Codes in clusters that are elongated, each in a direction of its own, and of unequal weights."""

import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from autograder.authoring import Case, Draw

NARROW, WIDE = 0.35, 1.6
"""Standard deviations along the shortest and the longest axis of a cluster."""


def clusters(dtype: torch.dtype, seed: int, N: int, M: int, K: int, apart: float) -> Case:
    """N codes around K centres on a circle (for M = 1, on a line); neighbours are `apart` from each other, and the last cluster is 2.5
    times as large as the first.
    """
    draw = Draw(torch.float64, seed)
    weights = torch.linspace(1.0, 2.5, K, dtype=torch.float64)
    sizes = (N * weights / weights.sum()).round().long().clamp(min=1)
    sizes[-1] += N - sizes.sum()
    angle = 2 * math.pi * torch.arange(K, dtype=torch.float64) / K
    circle = torch.stack([angle.cos(), angle.sin()], dim=1) * apart / (2 * math.sin(math.pi / max(K, 2)))
    centres = circle @ draw.orthogonal(M, 2).mT if M > 1 else apart * torch.arange(K, dtype=torch.float64)[:, None]
    spread = torch.logspace(math.log10(NARROW), math.log10(WIDE), M, dtype=torch.float64) if M > 1 else torch.ones(1)
    parts = [
        centre + draw.normal(int(size), M) * spread @ draw.orthogonal(M, M).mT
        for centre, size in zip(centres, sizes, strict=True)
    ]
    codes = torch.cat(parts)[torch.randperm(N, generator=torch.Generator().manual_seed(seed))]
    codes = codes + draw.normal(M, mean=4.0, std=2.0)
    return Case("fit_latent_mixture", {"codes": codes.to(dtype), "n_components": K, "seed": 1 + seed % 97}, seed=seed)


def trouble(mixture: tuple[Tensor, Tensor, Tensor]) -> str:
    """What keeps finite numbers from being a mixture; empty where nothing does."""
    weights, _, covariances = mixture
    if bool((weights < 0).any()) or abs(float(weights.sum()) - 1) > 1e-3:
        return "the weights are no probabilities that add up to 1"
    size = covariances.abs().amax(dim=(1, 2))
    if bool(((covariances - covariances.mT).abs().amax(dim=(1, 2)) > 1e-3 * size).any()):
        return "a covariance is not symmetric"
    if bool(torch.linalg.cholesky_ex(covariances).info.any()):
        return "a covariance is not positive definite"
    return ""


def log_likelihood(codes: Tensor, mixture: tuple[Tensor, Tensor, Tensor]) -> float:
    """Nats per code."""
    weights, means, covariances = (part.detach().double() for part in mixture)
    each = MultivariateNormal(means, 0.5 * (covariances + covariances.mT)).log_prob(codes.double()[:, None])
    return float(torch.logsumexp(weights.log() + each, dim=1).mean())
