"""What is held against the checks of `init_latents`."""

import math

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.distributions import Chi2, Normal

from autograder.authoring.candidates import right, wrong
from reference.latent_optimization import init_latents

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "log_variance_standard_normal",
    "`log_var` itself is drawn from N(0, 1); it is σ that is, and log_var = log σ².",
    severity="form",
)
def _log_variance_standard_normal(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = torch.randn((2, n, latent_dim), generator=generator)
    return mean, log_var


@wrong("log_std", "The logarithm of |σ| is returned; log σ² is twice that.", severity="slip", credit=0.7)
def _log_std(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return mean, 0.5 * log_var


@wrong("squared_twice", "The logarithm is doubled although σ is squared already.", severity="slip", credit=0.7)
def _squared_twice(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return mean, 2 * log_var


@wrong("std_returned", "σ is returned in place of log σ².", severity="slip", credit=0.7)
def _std_returned(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return mean, torch.exp(0.5 * log_var)


@wrong("variance_returned", "σ² is returned; its logarithm is asked for.", severity="slip", credit=0.7)
def _variance_returned(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return mean, log_var.exp()


@wrong(
    "unit_variance",
    "All log-variances are 0 (σ = 1); σ is to be drawn from N(0, 1).",
    severity="gap",
    credit=0.5,
)
def _unit_variance(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    return torch.randn((n, latent_dim), generator=generator), torch.zeros(n, latent_dim)


@wrong("zero_mean", "All means are 0; they are to be drawn from N(0, 1).", severity="gap", credit=0.5)
def _zero_mean(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    return torch.zeros(n, latent_dim), init_latents(n, latent_dim, generator)[1]


@wrong("all_zero", "Means and log-variances are all 0: nothing is drawn.", severity="empty", credit=0)
def _all_zero(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    return torch.zeros(n, latent_dim), torch.zeros(n, latent_dim)


@wrong("uniform_std", "σ is drawn uniformly (`rand`); it is standard normal (`randn`).", severity="slip", credit=0.7)
def _uniform_std(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, _ = init_latents(n, latent_dim, generator)
    return mean, torch.log(1.0 - torch.rand((n, latent_dim), generator=generator)) * 2


@wrong("uniform_mean", "The means are drawn uniformly (`rand`); they are standard normal.", severity="slip", credit=0.7)
def _uniform_mean(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    _, log_var = init_latents(n, latent_dim, generator)
    return torch.rand((n, latent_dim), generator=generator), log_var


@wrong("std_is_mean", "The same numbers serve as μ and as σ; each is drawn by itself.", severity="slip", credit=0.7)
def _std_is_mean(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, _ = init_latents(n, latent_dim, generator)
    return mean, torch.log(mean**2)


@wrong(
    "shared_over_images",
    "All images start from the same numbers; each has its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_images(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(1, latent_dim, generator)
    return mean.repeat(n, 1), log_var.repeat(n, 1)


@wrong(
    "one_std_for_each_image",
    "An image has one σ for all of its dimensions; each dimension has its own.",
    severity="slip",
    credit=0.7,
)
def _one_std_for_each_image(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return mean, log_var[:, :1].repeat(1, latent_dim)


@wrong(
    "same_numbers_every_call",
    "A seed is set inside, so that every call draws the same numbers.",
    severity="slip",
    credit=0.7,
)
def _same_numbers_every_call(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    return init_latents(n, latent_dim, Generator().manual_seed(0))


@wrong(
    "logarithm_of_negative",
    "The logarithm of σ itself is taken, which is NaN for half of the draws; σ is squared first.",
    severity="slip",
)
def _logarithm_of_negative(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, sigma = torch.randn((2, n, latent_dim), generator=generator)
    return mean, 2 * torch.log(sigma)


@wrong("swapped", "`log_var` comes first; the mean does.", severity="form")
def _swapped(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return log_var, mean


@wrong("scaled_mean", "The means are scaled down by a constant; they are standard normal.", severity="slip", credit=0.7)
def _scaled_mean(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, log_var = init_latents(n, latent_dim, generator)
    return 0.01 * mean, log_var


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("scaled_mean")
def _a_tenth_of_the_mean(n, latent_dim, generator=None):
    mean, log_var = init_latents(n, latent_dim, generator)
    return 0.1 * mean, log_var


@wrong("logarithm_of_negative")
def _log_of_std(n, latent_dim, generator=None):
    mean, sigma = torch.randn((2, n, latent_dim), generator=generator)
    return mean, torch.log(sigma)


@wrong("uniform_std")
def _log_of_uniform(n, latent_dim, generator=None):
    mean, _ = init_latents(n, latent_dim, generator)
    return mean, torch.log(1.0 - torch.rand((n, latent_dim), generator=generator))


@wrong("uniform_mean")
def _uniform_around_zero(n, latent_dim, generator=None):
    _, log_var = init_latents(n, latent_dim, generator)
    return 2 * torch.rand((n, latent_dim), generator=generator) - 1, log_var


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("log_variance_standard_normal", rewritten=True)
def _two_normals(n, latent_dim):
    return torch.empty(n, latent_dim).normal_(), Normal(0.0, 1.0).sample((n, latent_dim))


@wrong("log_std", rewritten=True)
def _log_abs(n, latent_dim):
    return torch.randn(n, latent_dim), torch.randn(n, latent_dim).abs().log()


@wrong("unit_variance", rewritten=True)
def _zeros_like(n, latent_dim):
    mu = torch.randn(n, latent_dim)
    return mu, torch.zeros_like(mu)


@wrong("std_is_mean", rewritten=True)
def _one_draw(n, latent_dim, generator=None):
    q = torch.randn(n, latent_dim, generator=generator)
    return q, 2 * q.abs().log()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _wide_means(n, latent_dim):
    return 1.2 * torch.randn(n, latent_dim), torch.randn(n, latent_dim).square().log()


@wrong()
def _small_variances(n, latent_dim):
    return torch.randn(n, latent_dim), torch.randn(n, latent_dim).square().log() - 1.0


@wrong()
def _kept_far_from_zero(n, latent_dim):
    return torch.randn(n, latent_dim), torch.log(torch.randn(n, latent_dim) ** 2 + 0.01)


# -------------------------------------------------------------------------------------------------------- right answers


@right("absolute", "2 log |σ|, each from a draw of its own.")
def _absolute(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mu = torch.randn(n, latent_dim, generator=generator)
    sigma = torch.randn(n, latent_dim, generator=generator)
    return mu, 2 * sigma.abs().log()


@right("parameters", "Parameters that can be learnt, without `generator`.")
def _parameters(count: int, dim: int) -> tuple[Tensor, Tensor]:
    return nn.Parameter(torch.randn(count, dim)), nn.Parameter(torch.randn(count, dim).pow(2).log())


@right("kept_from_zero", "A small number under the logarithm, which keeps it finite.")
def _kept_from_zero(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean, sigma = torch.randn((2, n, latent_dim), generator=generator)
    return mean, torch.log(sigma**2 + 1e-8)


@right("clamped", "The variance is clamped at 1e-8.")
def _clamped(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    mean = torch.normal(0.0, 1.0, (n, latent_dim), generator=generator)
    sigma = torch.normal(0.0, 1.0, (n, latent_dim), generator=generator)
    return mean, torch.log(torch.clamp(sigma.square(), min=1e-8))


@right("chi_square", "σ² is drawn from the χ² distribution with one degree of freedom.")
def _chi_square(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    shape = (n, latent_dim)
    return Normal(0.0, 1.0).sample(shape), Chi2(torch.ones(shape, dtype=torch.float64)).sample().log().float()


@right("numpy_noise", "Drawn by numpy, seeded by PyTorch.")
def _numpy_noise(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    seed = int(torch.randint(2**31, (1,), generator=generator))
    mean, sigma = np.random.default_rng(seed).standard_normal((2, n, latent_dim))
    return torch.from_numpy(mean), torch.from_numpy(np.log(sigma**2))


@right("box_muller", "Normal noise made from uniform numbers by Box and Muller's transform: one pair for μ and σ.")
def _box_muller(n: int, latent_dim: int, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    u, v = torch.rand((2, n, latent_dim), generator=generator, dtype=torch.float64)
    radius, angle = torch.sqrt(-2 * torch.log1p(-u)), 2 * math.pi * v
    return (radius * torch.cos(angle)).float(), torch.log((radius * torch.sin(angle)) ** 2).float()
