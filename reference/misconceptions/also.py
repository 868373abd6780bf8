"""Other ways to make a named mistake: the same misunderstanding, but a check can tell it from the first form.

Another small constant, another branch that overflows, a root of a negative number that gives NaN where another form takes the
absolute value. The diagnosis gives all of them the one name; the matrix of `make validate` asks the first form only.
"""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli
from torch.nn.functional import binary_cross_entropy

from reference.misconceptions import also


@also("bernoulli_log_density", "log_of_sigmoid")
def _one_logarithm_per_pixel(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return torch.where(x > 0.5, torch.log(probs), torch.log(1 - probs))


@also("bernoulli_log_density", "log_of_sigmoid")
def _log_of_probability(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits)
    return torch.log(probs**x * (1 - probs) ** (1 - x))


@also("bernoulli_log_density", "clamped_sigmoid")
def _cross_entropy_of_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    """It clamps its logarithms at -100."""
    return -binary_cross_entropy(torch.sigmoid(logits), x, reduction="none")


@also("bernoulli_log_density", "clamped_sigmoid")
def _distribution_of_probabilities(x: Tensor, logits: Tensor) -> Tensor:
    """It clamps at the resolution of the dtype."""
    return Bernoulli(probs=torch.sigmoid(logits)).log_prob(x)  # type: ignore[no-untyped-call, no-any-return]


@also("bernoulli_log_density", "clamped_sigmoid")
def _clamped_at_1e_7(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


@also("bernoulli_log_density", "clamped_sigmoid")
def _clamped_at_1e_8(x: Tensor, logits: Tensor) -> Tensor:
    probs = torch.sigmoid(logits).clamp(1e-8, 1 - 1e-8)
    return x * torch.log(probs) + (1 - x) * torch.log(1 - probs)


def _epsilon_inside_log(x: Tensor, logits: Tensor, epsilon: float) -> Tensor:
    probs = torch.sigmoid(logits)
    return x * torch.log(probs + epsilon) + (1 - x) * torch.log(1 - probs + epsilon)


@also("bernoulli_log_density", "epsilon_inside_log")
def _epsilon_1e_6(x: Tensor, logits: Tensor) -> Tensor:
    return _epsilon_inside_log(x, logits, 1e-6)


@also("bernoulli_log_density", "epsilon_inside_log")
def _epsilon_1e_7(x: Tensor, logits: Tensor) -> Tensor:
    return _epsilon_inside_log(x, logits, 1e-7)


@also("bernoulli_log_density", "epsilon_inside_log")
def _epsilon_1e_8(x: Tensor, logits: Tensor) -> Tensor:
    return _epsilon_inside_log(x, logits, 1e-8)


@also("bernoulli_log_density", "epsilon_inside_log")
def _epsilon_1e_10(x: Tensor, logits: Tensor) -> Tensor:
    return _epsilon_inside_log(x, logits, 1e-10)


@also("sample_gaussian", "scaled_noise")
def _a_tenth_of_the_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * 0.1 * noise


def _smallest(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    eigenvalues, U = torch.linalg.eigh(torch.cov(X.mT, correction=0))
    return eigenvalues[:n_components], U[:, :n_components], X.mean(0), eigenvalues[n_components:].mean()


@also("ppca_fit", "smallest_kept")
def _smallest_kept_and_clamped(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    kept, U, mu, sigma2 = _smallest(X, n_components)
    return U * (kept - sigma2).clamp(min=0).sqrt(), mu, sigma2


@also("ppca_fit", "smallest_kept")
def _smallest_kept_and_not_a_number(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    kept, U, mu, sigma2 = _smallest(X, n_components)
    return U * (kept - sigma2).sqrt(), mu, sigma2


@also("ppca_fit", "mean_of_kept")
def _mean_of_kept_and_not_a_number(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Tensor]:
    eigenvalues, U = torch.linalg.eigh(torch.cov(X.mT, correction=0))
    kept = eigenvalues[-n_components:]
    return U[:, -n_components:] * (kept - kept.mean()).sqrt(), X.mean(0), kept.mean()


@also("log_mean_exp", "epsilon_inside_log")
def _mean_epsilon_1e_10(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-10)


@also("log_mean_exp", "epsilon_inside_log")
def _mean_epsilon_1e_12(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-12)


@also("ppca_log_likelihood", "log_of_determinant")
def _log_of_the_density(X: Tensor, W: Tensor, mu: Tensor, sigma2: float | Tensor) -> Tensor:
    """Density and logarithm apart: the exponential underflows as well."""
    D = W.shape[0]
    C = W @ W.mT + sigma2 * torch.eye(D, dtype=W.dtype, device=W.device)
    quadratic = ((X - mu) @ torch.linalg.inv(C) * (X - mu)).sum(-1)
    return torch.log(torch.exp(-0.5 * quadratic) / torch.sqrt((2 * math.pi) ** D * torch.linalg.det(C)))
