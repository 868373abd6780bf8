"""What is held against the checks of `ppca_sample`."""

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, Normal

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates.ppca._helpers import eye, scalar
from reference.ppca import ppca_sample

# ------------------------------------------------------------------------------------------------------- named mistakes


def _z(n: int, W: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(n, W.shape[1], generator=generator, dtype=W.dtype)


def _noise(n: int, W: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(n, W.shape[0], generator=generator, dtype=W.dtype)


def _cov(W: Tensor, sigma2: float | Tensor) -> Tensor:
    return W @ W.mT + sigma2 * eye(W.shape[0], W)


@wrong(
    "means_only",
    "These are the decoded means W z + μ; draws of x have noise with the variance σ² as well.",
    severity="slip",
)
def _means_only(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu


@wrong("variance_as_std", "The noise is multiplied by the variance σ²; it belongs to σ, its root.", severity="slip")
def _variance_as_std(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, mu, sigma2**2, generator)


@wrong("noise_of_variance_one", "The noise has standard deviation 1 whatever `sigma2` is.", severity="slip", credit=0.5)
def _noise_of_variance_one(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, mu, 1.0, generator)


@wrong("root_taken_twice", "The root is taken twice: σ is the root of `sigma2`.", severity="slip")
def _root_taken_twice(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, mu, sigma2**0.5, generator)


@wrong("noise_divided", "The noise is divided by σ; it is multiplied by it.", severity="slip")
def _noise_divided(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return ppca_sample(n, W, mu, 1 / sigma2, generator)


@wrong(
    "log_variance", "`sigma2` is taken for a log-variance, or for log σ; it is the variance itself.", severity="slip"
)
def _log_variance(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return ppca_sample(n, W, mu, torch.exp(scalar(sigma2, W)), generator)


@wrong("sigma_added", "σ is added as a number; the noise is drawn, and multiplied by it.", severity="slip", credit=0.5)
def _sigma_added(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2**0.5


@wrong("latent_missing", "The latent variable is missing: this is μ + σ ε.", severity="gap")
def _latent_missing(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return mu + sigma2**0.5 * _noise(n, W, generator)


@wrong("mean_missing", "The mean μ is not added.", severity="slip")
def _mean_missing(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return ppca_sample(n, W, 0 * mu, sigma2, generator)


@wrong("mean_subtracted", "The mean μ is subtracted; it is added.", severity="slip")
def _mean_subtracted(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, -mu, sigma2, generator)


@wrong("no_noise", "Nothing is drawn: every row is the mean μ.", severity="empty", credit=0)
def _no_noise(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return mu.expand(n, -1).clone()


@wrong(
    "shared_latent", "One latent variable z is shared by all draws; each needs its own.", severity="slip", credit=0.5
)
def _shared_latent(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return W @ _z(1, W, generator)[0] + mu + sigma2**0.5 * _noise(n, W, generator)


@wrong("shared_noise", "One noise vector ε is shared by all draws; each needs its own.", severity="slip", credit=0.5)
def _shared_noise(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2**0.5 * _noise(1, W, generator)


@wrong("one_draw_repeated", "One point is drawn and repeated; n independent draws are asked for.", severity="gap")
def _one_draw_repeated(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(1, W, mu, sigma2, generator).expand(n, -1).clone()


@wrong(
    "shared_over_dimensions",
    "One noise value is shared by all dimensions of a draw; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_dimensions(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2**0.5 * _noise(n, W, generator)[:, :1]


@wrong(
    "shared_over_latents",
    "One value is shared by all latent dimensions of a draw; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_latents(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return _z(n, W, generator)[:, :1] @ W.sum(1, keepdim=True).mT + mu + sigma2**0.5 * _noise(n, W, generator)


@wrong(
    "one_noise_for_all",
    "A single noise value is shared by all draws and all dimensions; every entry needs its own.",
    severity="slip",
    credit=0.5,
)
def _one_noise_for_all(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2**0.5 * _noise(n, W, generator)[:1, :1]


@wrong(
    "noise_in_latent", "The noise is added to z, before W: it is then no noise in every dimension of x.", severity="gap"
)
def _noise_in_latent(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return (_z(n, W, generator) + sigma2**0.5 * _z(n, W, generator)) @ W.mT + mu


@wrong("latent_scaled", "z is multiplied by σ; its variance is 1.", severity="slip")
def _latent_scaled(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return sigma2**0.5 * (_z(n, W, generator) @ W.mT + _noise(n, W, generator)) + mu


@wrong("everything_scaled", "The mean is multiplied by σ as well as the noise.", severity="slip")
def _everything_scaled(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return _z(n, W, generator) @ W.mT + sigma2**0.5 * (mu + _noise(n, W, generator))


@wrong(
    "correlations_missing",
    "Every dimension has the right variance, but they are drawn independently: the covariance of x is not diagonal.",
    severity="gap",
)
def _correlations_missing(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return mu + _cov(W, sigma2).diagonal().sqrt() * _noise(n, W, generator)


@wrong(
    "covariance_for_root",
    "The noise is multiplied by the covariance; it belongs to a root of it, such as its Cholesky factor.",
    severity="slip",
    credit=0.5,
)
def _covariance_for_root(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return mu + _noise(n, W, generator) @ _cov(W, sigma2)


@wrong(
    "cholesky_transposed", "The Cholesky factor is transposed: x = μ + L ε with C = L Lᵀ.", severity="slip", credit=0.7
)
def _cholesky_transposed(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return mu + _noise(n, W, generator) @ torch.linalg.cholesky(_cov(W, sigma2))


@wrong("uniform_latent", "z is uniform (`rand`); it should be standard normal (`randn`).", severity="gap", credit=0.5)
def _uniform_latent(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return (
        torch.rand(n, W.shape[1], generator=generator, dtype=W.dtype) @ W.mT
        + mu
        + sigma2**0.5 * _noise(n, W, generator)
    )


@wrong(
    "uniform_noise",
    "The noise is uniform (`rand`); it should be standard normal (`randn`).",
    severity="gap",
    credit=0.5,
)
def _uniform_noise(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2**0.5 * torch.rand(n, W.shape[0], generator=generator, dtype=W.dtype)


@wrong(
    "positive_noise",
    "The noise is never negative: half of the standard normal distribution is missing.",
    severity="slip",
)
def _positive_noise(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2**0.5 * _noise(n, W, generator).abs()


@wrong("clamped", "Draws are clamped to [0, 1]; nothing keeps Gaussian draws there.", severity="slip", credit=0.7)
def _clamped(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return ppca_sample(n, W, mu, sigma2, generator).clamp(0, 1)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same points.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, mu, sigma2, Generator().manual_seed(0))


@wrong("noise_reused", "z and ε are the same random numbers; they are independent.", severity="slip")
def _noise_reused(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    D, M = W.shape
    both = torch.randn(n, max(D, M), generator=generator, dtype=W.dtype)
    return both[:, :M] @ W.mT + mu + sigma2**0.5 * both[:, :D]


@wrong("noise_added_twice", "Noise is added twice, so that its variance is 2σ².", severity="slip")
def _noise_added_twice(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, mu, 2 * sigma2, generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("uniform_noise")
def _uniform_around_zero(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return (
        _z(n, W, generator) @ W.mT
        + mu
        + sigma2**0.5 * (2 * torch.rand(n, W.shape[0], generator=generator, dtype=W.dtype) - 1)
    )


@wrong("uniform_latent")
def _latent_around_zero(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return (
        (2 * torch.rand(n, W.shape[1], generator=generator, dtype=W.dtype) - 1) @ W.mT
        + mu
        + sigma2**0.5 * _noise(n, W, generator)
    )


@wrong("sigma_added")
def _sigma2_added(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    return _z(n, W, generator) @ W.mT + mu + sigma2


@wrong("log_variance")
def _log_variance_halved(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return ppca_sample(n, W, mu, torch.exp(2 * scalar(sigma2, W)), generator)


@wrong("noise_reused")
def _reseeded(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    seed = int(torch.randint(2**31, (1,), generator=generator))
    z, e = (torch.randn(n, k, generator=Generator().manual_seed(seed), dtype=W.dtype) for k in (W.shape[1], W.shape[0]))
    return z @ W.mT + mu + sigma2**0.5 * e


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("means_only", rewritten=True)
def _decoded(n, W, mu, sigma2, generator=None):
    z = torch.randn(n, W.shape[1], dtype=W.dtype)
    return torch.einsum("nm,dm->nd", z, W) + mu


@wrong("variance_as_std", rewritten=True)
def _normal_with_variance(n, W, mu, sigma2, generator=None):
    z = torch.randn(n, W.shape[1], dtype=W.dtype)
    centre = mu + z @ W.T
    return Normal(centre, sigma2).sample()


@wrong("shared_latent", rewritten=True)
def _one_z(n, W, mu, sigma2, generator=None):
    z = torch.randn(W.shape[1], dtype=W.dtype)
    return Normal((W @ z + mu).expand(n, -1), sigma2**0.5).sample()


@wrong("mean_missing", rewritten=True)
def _around_zero(n, W, mu, sigma2, generator=None):
    return MultivariateNormal(torch.zeros_like(mu), _cov(W, sigma2)).sample((n,))


@wrong("noise_of_variance_one", rewritten=True)
def _randn_like(n, W, mu, sigma2, generator=None):
    means = torch.randn(n, W.shape[1], dtype=W.dtype) @ W.T + mu
    return means + torch.randn_like(means)


@wrong("latent_missing", rewritten=True)
def _without_loadings(n, W, mu, sigma2, generator=None):
    return Normal(mu.expand(n, -1), sigma2**0.5).sample()


@wrong("same_noise_every_call", rewritten=True)
def _seeded_inside(n, W, mu, sigma2, generator=None):
    torch.manual_seed(42)
    means = torch.randn(n, W.shape[1], dtype=W.dtype) @ W.T + mu
    return means + sigma2**0.5 * torch.randn_like(means)


@wrong("variance_as_std", rewritten=True)
def _covariance_with_squared(n, W, mu, sigma2, generator=None):
    cov = W @ W.T + sigma2**2 * torch.eye(len(mu), dtype=W.dtype)
    return MultivariateNormal(mu, cov).sample((n,))


# ------------------------------------------------------------------------------------------------------------- graded


@graded(0.60, "The decoded means: the observation noise is missing.")
def _means(n, W, mu, sigma2):
    return mu + (W @ torch.randn(W.shape[1], n, dtype=W.dtype)).T


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _slightly_wide(n, W, mu, sigma2, generator=None):
    means = torch.randn(n, W.shape[1], dtype=W.dtype) @ W.T + mu
    return means + 1.15 * sigma2**0.5 * torch.randn_like(means)


@wrong()
def _first_latent_only(n, W, mu, sigma2, generator=None):
    means = torch.randn(n, 1, dtype=W.dtype) @ W[:, :1].T + mu
    return means + sigma2**0.5 * torch.randn_like(means)


@wrong()
def _antithetic_draws(n, W, mu, sigma2, generator=None):
    x = MultivariateNormal(mu, _cov(W, sigma2)).sample(((n + 1) // 2,))
    return torch.cat([x, 2 * mu - x])[:n]


# -------------------------------------------------------------------------------------------------------- right answers


@right("covariance_matrix", "torch.distributions.MultivariateNormal with the marginal covariance.")
def _covariance_matrix(
    n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return MultivariateNormal(mu, W @ W.T + sigma2 * torch.eye(len(mu), dtype=W.dtype)).sample(torch.Size([n]))


@right("low_rank", "torch.distributions.LowRankMultivariateNormal, which knows no generator.")
def _low_rank(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor) -> Tensor:
    return LowRankMultivariateNormal(mu, W, sigma2 * torch.ones_like(mu)).sample(torch.Size([n]))


@right("cholesky", "The Cholesky factor of the marginal covariance times noise.")
def _cholesky(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    L = torch.linalg.cholesky(_cov(W, sigma2))
    return mu + torch.randn(n, len(mu), generator=generator, dtype=W.dtype) @ L.T


@right("torch_normal", "torch.normal around the decoded means.")
def _torch_normal(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    means = torch.einsum("dm,nm->nd", W, torch.randn(n, W.shape[1], generator=generator, dtype=W.dtype)) + mu
    return torch.normal(means, scalar(sigma2, W).sqrt().expand_as(means), generator=generator)


@right("together", "z and ε are drawn in one, for the loadings (W, σ I).")
def _together(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    loadings = torch.cat([W, scalar(sigma2, W) ** 0.5 * eye(W.shape[0], W)], dim=1)
    return mu + torch.randn(n, loadings.shape[1], generator=generator, dtype=W.dtype) @ loadings.mT


@right("numpy", "Drawn by numpy.")
def _numpy(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor) -> Tensor:
    z = np.random.randn(W.shape[1], n)
    means = mu.numpy()[:, None] + W.numpy() @ z
    return torch.tensor((means + np.sqrt(float(sigma2)) * np.random.normal(size=means.shape)).T, dtype=W.dtype)


@right("noise_first", "The noise is drawn before z, each by the distribution of its own.")
def _noise_first(n: int, W: Tensor, mu: Tensor, sigma2: float | Tensor, generator: Generator | None = None) -> Tensor:
    x = Normal(mu, scalar(sigma2, W).sqrt()).sample(torch.Size([n]))
    z = Normal(torch.zeros(W.shape[1], dtype=W.dtype), 1.0).sample(torch.Size([n]))
    return torch.addmm(x, z, W.mT)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_SYMMETRIC = "The noise is symmetric: with the other sign it has the same distribution."
_DRAWS = "Draws are looked at, and nothing is learnt through them: right work comes from numpy or from `sample`, without gradients."
EQUIVALENT = {
    "flip sign: z @ W.mT + mu + sigma2 ** 0.5 * noise -> z @ W.mT + mu - sigma2 ** 0.5 * noise": _SYMMETRIC,
    "detach gradient: W -> W.detach()": _DRAWS,
    "detach gradient: mu -> mu.detach()": _DRAWS,
}
