"""What is held against the checks of `sample_gaussian`."""

import math

import torch
from torch import Generator, Tensor, nn
from torch.distributions import AffineTransform, Independent, MultivariateNormal, Normal, TransformedDistribution
from torch.nn.functional import softplus

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import sample_gaussian

# ------------------------------------------------------------------------------------------------------- named mistakes


def _noise(mean: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, 2 * log_var, generator)


@wrong(
    "log_var_as_std",
    "The noise is multiplied by `log_var` itself; the standard deviation is e^{½ log_var}.",
    severity="gap",
)
def _log_var_as_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + log_var * _noise(mean, generator)


@wrong("half_log_var_as_std", "The noise is multiplied by ½ log_var; the exponential of it is missing.", severity="gap")
def _half_log_var_as_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0.5 * log_var * _noise(mean, generator)


@wrong("no_noise", "The mean is returned: no noise is added.", severity="empty", credit=0)
def _no_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0 * log_var


@wrong("standard_normal", "The noise has standard deviation 1 whatever `log_var` is.", severity="gap")
def _standard_normal(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, 0 * log_var, generator)


@wrong("mean_missing", "The mean is not added: the sample is σ ⊙ ε.", severity="gap")
def _mean_missing(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(0 * mean, log_var, generator)


@wrong(
    "mean_scaled",
    "The mean is multiplied by σ as well: z = μ + σ ⊙ ε, not (μ + ε) ⊙ σ.",
    severity="slip",
)
def _mean_scaled(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean * torch.exp(0.5 * log_var), log_var, generator)


@wrong(
    "mean_subtracted",
    "The mean is subtracted; it is added: z = μ + σ ⊙ ε.",
    severity="slip",
)
def _mean_subtracted(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(-mean, log_var, generator)


@wrong(
    "std_added",
    "The standard deviation is added to the noise; the noise is multiplied by it.",
    severity="slip",
    credit=0.5,
)
def _std_added(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) + _noise(mean, generator)


@wrong(
    "mean_and_std_swapped",
    "The noise multiplies the mean, and σ is added: z = μ + σ ⊙ ε.",
    severity="slip",
)
def _mean_and_std_swapped(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.exp(0.5 * log_var) + mean * _noise(mean, generator)


@wrong("arguments_swapped", "`mean` and `log_var` have changed places.", severity="slip")
def _arguments_swapped(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(log_var, mean, generator)


@wrong(
    "inverse_std",
    "The noise is divided by σ (e^{−½ log_var}); it is multiplied by σ = e^{½ log_var}.",
    severity="slip",
)
def _inverse_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, -log_var, generator)


@wrong(
    "root_of_std",
    "The square root is taken twice: e^{½ log_var} is σ already.",
    severity="slip",
)
def _root_of_std(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, 0.5 * log_var, generator)


@wrong(
    "log_var_read_as_variance",
    "The root of `log_var` itself is taken; `log_var` is the logarithm of the variance.",
    severity="gap",
)
def _log_var_read_as_variance(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.sqrt(log_var) * _noise(mean, generator)


@wrong(
    "softplus_for_exp",
    "The standard deviation is softplus(log_var); the inverse of a logarithm is the exponential.",
    severity="slip",
    credit=0.5,
)
def _softplus_for_exp(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + softplus(log_var) * _noise(mean, generator)


@wrong(
    "std_kept_from_zero",
    "A small constant is added to σ, or `log_var` is clamped, which keeps a spread where there is next to none.",
    severity="form",
)
def _std_kept_from_zero(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + (torch.exp(0.5 * log_var) + 1e-6) * _noise(mean, generator)


@wrong(
    "one_noise_for_all",
    "A single noise value is shared by the whole batch and all dimensions; every entry needs its own.",
    severity="gap",
)
def _one_noise_for_all(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean[..., :1, :1], generator)


@wrong(
    "positive_noise",
    "The noise is never negative: half of the standard normal distribution is missing.",
    severity="slip",
)
def _positive_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean, generator).abs()


@wrong(
    "mean_detached",
    "The mean is detached from the graph, so no gradient reaches it.",
    severity="slip",
    credit=0.5,
)
def _mean_detached(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean.detach(), log_var, generator)


@wrong(
    "shared_over_batch",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_batch(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean[..., :1, :], generator)


@wrong(
    "shared_over_dimensions",
    "One noise value is shared by all dimensions of an example; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_dimensions(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean[..., :1], generator)


@wrong(
    "detached",
    "The sample is detached from the graph (sample instead of rsample, or no_grad): no gradient flows.",
    severity="gap",
)
def _detached(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, log_var, generator).detach()


@wrong(
    "std_detached",
    "The standard deviation is detached from the graph, so no gradient reaches `log_var`.",
    severity="slip",
    credit=0.5,
)
def _std_detached(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, log_var.detach(), generator)


@wrong("uniform_noise", "The noise is uniform (`rand`); it should be standard normal (`randn`).", severity="gap")
def _uniform_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * uniform


@wrong("scaled_noise", "The noise is scaled down by a constant, which leaves too small a spread.", severity="slip")
def _scaled_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * 0.01 * _noise(mean, generator)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, log_var, Generator(device=mean.device).manual_seed(0))


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("scaled_noise")
def _a_tenth_of_the_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * 0.1 * noise


@wrong("scaled_noise")
def _half_of_the_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + 0.5 * torch.exp(0.5 * log_var) * _noise(mean, generator)


@wrong("uniform_noise")
def _uniform_from_minus_one_to_one(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * (2 * uniform - 1)


@wrong("uniform_noise")
def _uniform_around_zero(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * (uniform - 0.5)


@wrong("positive_noise")
def _squared_noise(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.exp(0.5 * log_var) * _noise(mean, generator) ** 2


@wrong("detached")
def _normal_without_gradient(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    """Its gradient is zero, not missing."""
    return torch.normal(mean, torch.exp(0.5 * log_var), generator=generator)


@wrong("std_kept_from_zero")
def _clamped_log_var(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, log_var.clamp(-10, 10), generator)


@wrong("std_kept_from_zero")
def _clamped_log_var_at_20(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_gaussian(mean, log_var.clamp(-20, 20), generator)


@wrong("std_kept_from_zero")
def _epsilon_in_variance(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return mean + torch.sqrt(torch.exp(log_var) + 1e-8) * _noise(mean, generator)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("variance_as_std", rewritten=True)
def _rsample_with_variance(mean, log_var, generator=None):
    return Normal(mean, torch.exp(log_var)).rsample()


@wrong("root_of_std", rewritten=True)
def _root_of_exp_of_half(mean, log_var):
    return Normal(mean, torch.sqrt(torch.exp(log_var / 2))).rsample()


@wrong("mean_scaled", rewritten=True)
def _noise_around_mean_scaled(mean, log_var):
    return (mean + torch.randn_like(mean)) * torch.exp(log_var / 2)


@wrong("mean_missing", rewritten=True)
def _centred(mean, log_var):
    std = torch.exp(0.5 * log_var)
    return Normal(torch.zeros_like(mean), std).rsample()


@wrong("one_noise_for_all", rewritten=True)
def _single_number(mean, log_var):
    return mean + torch.randn(1, dtype=mean.dtype) * torch.exp(0.5 * log_var)


@graded(0.55, "The noise is multiplied by σ² in place of σ.")
def _noise_times_variance(mean, log_var, generator=None):
    var = torch.exp(log_var)
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    return mean + var * eps


@graded(0.10, "The mean is returned.")
def _returns_the_mean(mean, log_var, generator=None):
    return mean


@wrong("no_noise", rewritten=True)
def _only_the_mean(mean, log_var):
    return mean.clone()


@wrong("standard_normal", rewritten=True)
def _log_var_forgotten(mean, log_var):
    return mean + torch.randn_like(mean)


@wrong("shared_over_dimensions", rewritten=True)
def _one_column_of_noise(mean, log_var):
    eps = torch.empty(mean.shape[0], 1, dtype=mean.dtype).normal_()
    return torch.addcmul(mean, eps, (log_var / 2).exp())


@wrong("uniform_noise", rewritten=True)
def _rand_like(mean, log_var):
    return mean + torch.rand_like(mean) * log_var.exp().sqrt()


@wrong("detached", rewritten=True)
def _torch_normal(mean, log_var):
    return torch.normal(mean, torch.exp(0.5 * log_var))


@wrong("detached", rewritten=True)
def _sample_for_rsample(mean, log_var):
    return Normal(mean, torch.exp(0.5 * log_var)).sample()


@wrong("std_detached", rewritten=True)
def _std_without_graph(mean, log_var):
    with torch.no_grad():
        noise = torch.normal(torch.zeros_like(mean), (log_var / 2).exp())
    return mean + noise


@wrong("same_noise_every_call", rewritten=True)
def _seeded_inside(mean, log_var):
    torch.manual_seed(42)
    return mean + torch.randn(mean.shape, dtype=mean.dtype) * torch.exp(log_var * 0.5)


@wrong("shared_over_batch", rewritten=True)
def _noise_of_one_row(mean, log_var, generator=None):
    eps = torch.randn(mean.size(1), generator=generator, dtype=mean.dtype)
    return mean + eps.expand_as(mean) * log_var.div(2).exp()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _slightly_wide(mean, log_var):
    return mean + 1.1 * torch.randn_like(mean) * torch.exp(0.5 * log_var)


_STATE: dict[torch.Size, Tensor] = {}


@wrong()
def _noise_of_the_last_call(mean, log_var):
    """Stale state: each noise is half that of the call before."""
    last = _STATE.get(mean.shape, torch.randn_like(mean)).to(mean.dtype)
    _STATE[mean.shape] = (torch.randn_like(mean) + last) / math.sqrt(2)
    return mean + _STATE[mean.shape] * torch.exp(0.5 * log_var)


@wrong()
def _laplace_noise(mean, log_var):
    eps = torch.distributions.Laplace(torch.zeros_like(mean), torch.ones_like(mean) / math.sqrt(2)).sample()
    return mean + eps * torch.exp(0.5 * log_var)


# -------------------------------------------------------------------------------------------------------- right answers


@right("rsample", "Normal.rsample, which knows no generator.")
def _rsample(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return Normal(mean, torch.exp(log_var).sqrt()).rsample()


@right("generator_ignored", "randn_like; the generator is accepted and not used.")
def _generator_ignored(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return mean + std * torch.randn_like(std)


@right("no_generator", "Without `generator` in the signature, and with other argument names.")
def _no_generator(mu: Tensor, logvar: Tensor) -> Tensor:
    eps = torch.empty_like(mu).normal_()
    return torch.addcmul(mu, eps, torch.exp(logvar / 2))


@right("box_muller", "Normal noise made from uniform numbers by Box and Muller's transform.")
def _box_muller(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    u, v = torch.rand((2, *mean.shape), generator=generator, dtype=torch.float64, device=mean.device)
    noise = torch.sqrt(-2 * torch.log1p(-u)) * torch.cos(2 * math.pi * v)
    return mean + torch.exp(log_var * 0.5) * noise.to(mean.dtype)


@right("inverse_cdf", "Normal noise made from uniform numbers by the inverse distribution function.")
def _inverse_cdf(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    u = torch.rand(mean.shape, generator=generator, dtype=torch.float64, device=mean.device)
    noise = torch.special.ndtri(u.clamp(1e-15, 1 - 1e-15))
    result: Tensor = (mean.double() + torch.exp(log_var.double() / 2) * noise).to(mean.dtype)
    return result


@right("submodule", "A callable module, as many students write it.")
def _submodule(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    class Reparameterise(nn.Module):
        def forward(self, mean: Tensor, log_var: Tensor) -> Tensor:
            eps = torch.randn(mean.size(), generator=generator, dtype=mean.dtype, device=mean.device)
            return eps.mul(log_var.mul(0.5).exp()).add(mean)

    z: Tensor = Reparameterise()(mean, log_var)
    return z


@right("multivariate_rsample", "torch.distributions.MultivariateNormal with a diagonal Cholesky factor.")
def _multivariate_rsample(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return MultivariateNormal(mean, scale_tril=torch.diag_embed(torch.exp(0.5 * log_var))).rsample()


@right("covariance_matrix", "torch.distributions.MultivariateNormal with a diagonal covariance matrix.")
def _covariance_matrix(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return MultivariateNormal(mean, covariance_matrix=torch.diag_embed(log_var.exp())).rsample()


@right("transformed", "A standard normal, shifted and scaled by torch.distributions.")
def _transformed(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    standard = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    return TransformedDistribution(standard, [AffineTransform(mean, (log_var / 2).exp(), event_dim=1)]).rsample()


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_SYMMETRIC = "The noise is symmetric: μ − σ ⊙ ε has the distribution and the gradients of μ + σ ⊙ ε."
EQUIVALENT = {
    "flip sign: mean + torch.exp(0.5 * log_var) * noise -> mean - torch.exp(0.5 * log_var) * noise": _SYMMETRIC,
}
