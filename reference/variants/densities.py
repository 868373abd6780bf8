"""Other right answers to the tasks of `densities.py`."""

import math

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal
from torch.nn import functional

from reference.variants import variant


@variant("gaussian_log_density", "distributions_normal", "torch.distributions.Normal, summed.")
def _gaussian_distributions_normal(x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return Independent(Normal(mu, (logvar / 2).exp()), 1).log_prob(x)  # type: ignore[no-untyped-call, no-any-return]


@variant("gaussian_log_density", "multivariate_normal", "A multivariate normal with a diagonal Cholesky factor.")
def _gaussian_multivariate_normal(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    scale_tril = torch.diag_embed(torch.exp(0.5 * log_var))
    return MultivariateNormal(mean, scale_tril=scale_tril).log_prob(x)  # type: ignore[no-untyped-call, no-any-return]


@variant("gaussian_log_density", "log_std", "Rewritten with log-standard-deviations.")
def _gaussian_log_std(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    log_std = log_var / 2
    z = (x - mean) * torch.exp(-log_std)
    return -(z * z / 2 + log_std).sum(1) - x.size(1) / 2 * math.log(2 * math.pi)


@variant("gaussian_log_density", "loop_over_dimensions", "A loop over the dimensions, never over the batch.")
def _gaussian_loop_over_dimensions(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    total = x.new_zeros(x.shape[0])
    for d in range(x.shape[1]):
        std = log_var[:, d].exp().sqrt()
        total = total - torch.log(std * math.sqrt(2 * math.pi)) - ((x[:, d] - mean[:, d]) / std).pow(2) / 2
    return total


@variant("gaussian_log_density", "float64_inside", "Computed in float64 with einsum and cast back.")
def _gaussian_float64_inside(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    diff, lv = (x - mean).double(), log_var.double()
    quadratic = torch.einsum("bd,bd,bd->b", diff, diff, torch.exp(-lv))
    return (-0.5 * (quadratic + lv.sum(-1) + diff.shape[-1] * math.log(2 * math.pi))).to(x.dtype)


@variant("gaussian_log_density", "nll_loss", "PyTorch's Gaussian negative log-likelihood loss.")
def _gaussian_nll_loss(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    scaled = x * torch.exp(-log_var / 2), mean * torch.exp(-log_var / 2)
    loss = functional.gaussian_nll_loss(scaled[1], scaled[0], torch.ones_like(x), full=True, reduction="none")
    return -(loss + log_var / 2).sum(-1)


@variant("bernoulli_log_density", "bce_with_logits", "The negative of PyTorch's cross-entropy with logits.")
def _bernoulli_bce_with_logits(x: Tensor, logits: Tensor) -> Tensor:
    return -functional.binary_cross_entropy_with_logits(logits, x, reduction="none")


@variant(
    "bernoulli_log_density", "distributions_bernoulli", "torch.distributions.Bernoulli, which refuses grey pixels."
)
def _bernoulli_distributions_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    return Bernoulli(logits=logits).log_prob(x)  # type: ignore[no-untyped-call, no-any-return]


@variant("bernoulli_log_density", "softplus", "xℓ − softplus(ℓ).")
def _bernoulli_softplus(image: Tensor, logit_means: Tensor) -> Tensor:
    return image * logit_means - functional.softplus(logit_means)


@variant("bernoulli_log_density", "plus_minus_one", "The Toronto starter code's trick with b = 2x − 1.")
def _bernoulli_plus_minus_one(x: Tensor, logits: Tensor) -> Tensor:
    b = 2 * x - 1
    return -torch.logaddexp(torch.zeros_like(logits), -b * logits)


@variant("bernoulli_log_density", "log1p", "max(ℓ, 0) taken out, log1p of the rest.")
def _bernoulli_log1p(x: Tensor, logits: Tensor) -> Tensor:
    return x * logits - logits.clamp(min=0) - torch.log1p(torch.exp(-logits.abs()))


@variant("bernoulli_log_density", "where", "One of two log-sigmoids chosen per pixel.")
def _bernoulli_where(x: Tensor, logits: Tensor) -> Tensor:
    return torch.where(x > 0.5, functional.logsigmoid(logits), functional.logsigmoid(-logits))


@variant("sample_gaussian", "rsample", "Normal.rsample, which knows no generator.")
def _sample_rsample(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    return Normal(mean, torch.exp(log_var).sqrt()).rsample()


@variant("sample_gaussian", "generator_ignored", "randn_like; the generator is accepted and not used.")
def _sample_generator_ignored(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    std = torch.exp(0.5 * log_var)
    return mean + std * torch.randn_like(std)


@variant("sample_gaussian", "no_generator", "Without `generator` in the signature, and with other argument names.")
def _sample_no_generator(mu: Tensor, logvar: Tensor) -> Tensor:
    eps = torch.empty_like(mu).normal_()
    return torch.addcmul(mu, eps, torch.exp(logvar / 2))


@variant("sample_gaussian", "box_muller", "Normal noise made from uniform numbers by Box and Muller's transform.")
def _sample_box_muller(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    u, v = torch.rand((2, *mean.shape), generator=generator, dtype=torch.float64, device=mean.device)
    noise = torch.sqrt(-2 * torch.log1p(-u)) * torch.cos(2 * math.pi * v)
    return mean + torch.exp(log_var * 0.5) * noise.to(mean.dtype)


@variant(
    "sample_gaussian", "inverse_cdf", "Normal noise made from uniform numbers by the inverse distribution function."
)
def _sample_inverse_cdf(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    u = torch.rand(mean.shape, generator=generator, dtype=torch.float64, device=mean.device)
    noise = torch.special.ndtri(u.clamp(1e-15, 1 - 1e-15))
    result: Tensor = (mean.double() + torch.exp(log_var.double() / 2) * noise).to(mean.dtype)
    return result


@variant("sample_gaussian", "submodule", "A callable module, as many students write it.")
def _sample_submodule(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    class Reparameterise(nn.Module):
        def forward(self, mean: Tensor, log_var: Tensor) -> Tensor:
            eps = torch.randn(mean.size(), generator=generator, dtype=mean.dtype, device=mean.device)
            return eps.mul(log_var.mul(0.5).exp()).add(mean)

    z: Tensor = Reparameterise()(mean, log_var)
    return z
