"""What is held against the checks of `kl_mixture_monte_carlo`."""

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import gaussian_log_density, mixture_log_density
from reference.divergences import kl_mixture_monte_carlo, kl_standard_normal

LOG_2PI = math.log(2 * math.pi)
Mixture = tuple[Tensor, Tensor, Tensor]
"""Logits, means and log-variances."""


def _log_q(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Shape (S, B)."""
    return gaussian_log_density(z, mean, log_var)


def _components(z: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """Shape (S, B, K)."""
    return gaussian_log_density(z[..., None, :], means, log_vars)


def _log_p(z: Tensor, *prior: Tensor) -> Tensor:
    """Shape (S, B)."""
    return mixture_log_density(z.flatten(0, 1), *prior).unflatten(0, z.shape[:2])


def _other_prior(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor, log_p: Tensor
) -> Tensor:
    """The estimate with another log-density of the prior, shape (S, B)."""
    right = kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars)
    return right + (_log_p(z, logits, means, log_vars) - log_p).mean(0)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "sign", "The sign is reversed: this is the mean of log p(z) − log q(z), as it stands in the ELBO.", severity="slip"
)
def _sign(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return -kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars)


@wrong(
    "standard_normal_prior",
    "The prior is the standard normal one: the mixture is never used.",
    severity="gap",
)
def _standard_normal_prior(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    zero = torch.zeros_like(z)
    return (_log_q(z, mean, log_var) - gaussian_log_density(z, zero, zero)).mean(0)


@wrong(
    "closed_form",
    "This is the closed form for the standard normal prior: neither the samples nor the mixture are used.",
    severity="empty",
    credit=0.2,
)
def _closed_form(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var)


@wrong("log_q_missing", "log q(z) is missing: only −log p(z) is averaged.", severity="gap")
def _log_q_missing(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return -_log_p(z, logits, means, log_vars).mean(0)


@wrong("log_p_missing", "log p(z) is missing: only log q(z) is averaged.", severity="gap")
def _log_p_missing(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _log_q(z, mean, log_var).mean(0)


@wrong("log_p_added", "log p(z) is added; it must be subtracted.", severity="slip")
def _log_p_added(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars) + 2 * _log_p(
        z, logits, means, log_vars
    ).mean(0)


@wrong("summed_over_samples", "The samples are summed; they are averaged.", severity="slip")
def _summed_over_samples(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return len(z) * kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars)


@wrong("one_sample", "Only one of the samples is used; all of them are averaged.", severity="slip")
def _one_sample(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_mixture_monte_carlo(z[:1], mean, log_var, logits, means, log_vars)


@wrong(
    "mean_of_samples_first",
    "The samples are averaged before their densities are taken; the logarithms are averaged.",
    severity="gap",
)
def _mean_of_samples_first(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z.mean(0, keepdim=True), mean, log_var, logits, means, log_vars)


@wrong(
    "log_of_mean_ratio",
    "The ratios q/p are averaged and the logarithm is taken of that; a divergence is the average of the logarithms.",
    severity="gap",
)
def _log_of_mean_ratio(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    ratios = _log_q(z, mean, log_var) - _log_p(z, logits, means, log_vars)
    return torch.logsumexp(ratios, 0) - math.log(len(z))


@wrong(
    "not_averaged",
    "One value for each sample is returned; the samples are averaged.",
    severity="slip",
    credit=0.7,
)
def _not_averaged(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _log_q(z, mean, log_var) - _log_p(z, logits, means, log_vars)


@wrong(
    "averaged_over_examples",
    "The average runs over the examples; it belongs over the samples, the first axis.",
    severity="slip",
)
def _averaged_over_examples(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return (_log_q(z, mean, log_var) - _log_p(z, logits, means, log_vars)).mean(1)


@wrong(
    "averaged_over_batch",
    "The batch is averaged or summed as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars).mean()


@wrong(
    "mean_over_latents",
    "The latent dimensions are averaged; their log-densities add up.",
    severity="slip",
)
def _mean_over_latents(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars) / z.shape[-1]


@wrong(
    "log_q_averaged_over_latents",
    "log q is averaged over the latent dimensions, log p is summed: both are sums.",
    severity="slip",
)
def _log_q_averaged_over_latents(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return (_log_q(z, mean, log_var) / z.shape[-1] - _log_p(z, logits, means, log_vars)).mean(0)


@wrong(
    "clamped_at_zero",
    "The estimate is kept from being negative; the divergence is not negative, an estimate of it from a few samples may be.",
    severity="slip",
    credit=0.75,
)
def _clamped_at_zero(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars).clamp(min=0)


@wrong(
    "absolute",
    "The absolute value is taken; an estimate may be negative.",
    severity="slip",
    credit=0.7,
)
def _absolute(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars).abs()


@wrong(
    "entropy_for_log_q",
    "The closed form of the entropy of q stands in place of the mean of log q(z): also an estimate of the divergence, but not the"
    " one that is asked for.",
    severity="form",
)
def _entropy_for_log_q(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    entropy = 0.5 * (1 + LOG_2PI + log_var).sum(-1)
    return -entropy - _log_p(z, logits, means, log_vars).mean(0)


@wrong(
    "posterior_at_mean",
    "log q is taken at its mean, not at the samples.",
    severity="gap",
)
def _posterior_at_mean(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return (_log_q(mean.expand_as(z), mean, log_var) - _log_p(z, logits, means, log_vars)).mean(0)


@wrong("arguments_swapped", "`mean` and `log_var` have changed places.", severity="slip")
def _arguments_swapped(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, log_var, mean, logits, means, log_vars)


@wrong(
    "log_var_read_as_log_std",
    "`log_var` of q is used as if it were log σ; it is log σ², so σ is exp(½ log_var).",
    severity="slip",
)
def _log_var_read_as_log_std(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, 2 * log_var, logits, means, log_vars)


@wrong(
    "log_vars_read_as_log_stds",
    "`log_vars` of the mixture are used as if they were log σ; they are log σ², so σ is exp(½ log_vars).",
    severity="slip",
)
def _log_vars_read_as_log_stds(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, 2 * log_vars)


@wrong(
    "both_read_as_log_stds",
    "The log-variances of q and of the mixture are used as if they were log σ; they are log σ².",
    severity="slip",
)
def _both_read_as_log_stds(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, 2 * log_var, logits, means, 2 * log_vars)


@wrong(
    "constant_in_one_only",
    "−½ log 2π of every dimension is there in one of the two densities only.",
    severity="slip",
    credit=0.7,
)
def _constant_in_one_only(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars) + 0.5 * z.shape[-1] * LOG_2PI


@wrong(
    "weights_not_normalised",
    "The logits are taken for log π as they are; their softmax is π, so that the weights add up to 1.",
    severity="slip",
)
def _weights_not_normalised(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars) - torch.logsumexp(logits, -1)


@wrong(
    "weights_equal",
    "All components have the weight 1/K, whatever the logits are.",
    severity="slip",
    credit=0.5,
)
def _weights_equal(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, 0 * logits, means, log_vars)


@wrong(
    "average_of_logs",
    "The logarithms of the components are averaged with their weights; log p(z) is the logarithm of the weighted sum.",
    severity="gap",
)
def _average_of_logs(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    log_p = (torch.softmax(logits, -1) * _components(z, means, log_vars)).sum(-1)
    return _other_prior(z, mean, log_var, logits, means, log_vars, log_p)


@wrong("largest_component", "Only the largest component of the prior counts; all of them add up.", severity="gap")
def _largest_component(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    log_p = (torch.log_softmax(logits, -1) + _components(z, means, log_vars)).amax(-1)
    return _other_prior(z, mean, log_var, logits, means, log_vars, log_p)


@wrong(
    "divergence_of_each_component",
    "The divergences from q to each component are averaged with their weights: an upper bound of what is asked for.",
    severity="gap",
)
def _divergence_of_each_component(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    standardised = (mean[:, None] - means) * torch.exp(-0.5 * log_vars), log_var[:, None] - log_vars
    each = 0.5 * (standardised[1].exp() + standardised[0] ** 2 - 1 - standardised[1]).sum(-1)
    return each @ torch.softmax(logits, -1)


@wrong(
    "ratio_of_densities",
    "The densities are divided before the logarithm is taken; far from the prior both underflow to 0.",
    severity="slip",
    credit=0.7,
)
def _ratio_of_densities(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    ratio = _log_q(z, mean, log_var).exp() / _log_p(z, logits, means, log_vars).exp()
    return torch.log(ratio).mean(0)


@wrong(
    "log_of_sum",
    "The densities of the components are added before the logarithm is taken: far from all of them they underflow to log 0 = −∞"
    " (torch.logsumexp does not).",
    severity="slip",
    credit=0.7,
)
def _log_of_sum(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    log_p = torch.log((torch.softmax(logits, -1) * _components(z, means, log_vars).exp()).sum(-1))
    return (_log_q(z, mean, log_var) - log_p).mean(0)


@wrong(
    "samples_detached",
    "The samples are detached from the graph, so that nothing is learnt through them: they depend on q (rsample).",
    severity="slip",
    credit=0.7,
)
def _samples_detached(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z.detach(), mean, log_var, logits, means, log_vars)


@wrong(
    "posterior_detached",
    "log q is detached from its mean and log-variance, so that they learn nothing directly.",
    severity="slip",
    credit=0.7,
)
def _posterior_detached(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean.detach(), log_var.detach(), logits, means, log_vars)


@wrong(
    "prior_detached",
    "The prior is detached from the graph, or parts of it are: the mixture cannot be learnt.",
    severity="slip",
    credit=0.7,
)
def _prior_detached(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits.detach(), means.detach(), log_vars.detach())


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("averaged_over_batch")
def _summed_over_batch(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars).sum()


@wrong("prior_detached")
def _weights_detached(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits.detach(), means, log_vars)


@wrong("prior_detached")
def _components_detached(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means.detach(), log_vars.detach())


@wrong("one_sample")
def _last_sample(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return kl_mixture_monte_carlo(z[-1:], mean, log_var, logits, means, log_vars)


@wrong("constant_in_one_only")
def _constant_in_log_q_only(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars) - 0.5 * z.shape[-1] * LOG_2PI


@wrong("clamped_at_zero")
def _every_sample_clamped(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return (_log_q(z, mean, log_var) - _log_p(z, logits, means, log_vars)).clamp(min=0).mean(0)


@wrong("absolute")
def _every_sample_absolute(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    return (_log_q(z, mean, log_var) - _log_p(z, logits, means, log_vars)).abs().mean(0)


# ------------------------------------------------------------------------------------------------------- in other words


def _prior_of(logits: Tensor, means: Tensor, log_vars: Tensor) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(logits=logits), Independent(Normal(means, torch.exp(log_vars / 2)), 1))


@wrong("sign", rewritten=True)
def _p_minus_q(z, mean, log_var, logits, means, log_vars):
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return torch.mean(_prior_of(logits, means, log_vars).log_prob(z) - q.log_prob(z), dim=0)


@wrong("standard_normal_prior", rewritten=True)
def _both_normal(z, mean, log_var, logits, means, log_vars):
    return (Normal(mean, log_var.exp().sqrt()).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1).mean(0)


@wrong("averaged_over_batch", rewritten=True)
def _mean_without_axis(z, mean, log_var, logits, means, log_vars):
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return torch.mean(q.log_prob(z) - _prior_of(logits, means, log_vars).log_prob(z))


@wrong("both_read_as_log_stds", rewritten=True)
def _exp_of_both(z, mean, log_var, logits, means, log_vars):
    prior = MixtureSameFamily(Categorical(logits=logits), Independent(Normal(means, log_vars.exp()), 1))
    return (Normal(mean, log_var.exp()).log_prob(z).sum(-1) - prior.log_prob(z)).mean(0)


@wrong("entropy_for_log_q", rewritten=True)
def _entropy_of_distribution(z, mean, log_var, logits, means, log_vars):
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return -q.entropy() - _prior_of(logits, means, log_vars).log_prob(z).mean(0)


@graded(0.60, "The samples are summed.")
def _sum_over_first_axis(z, mean, log_var, logits, means, log_vars):
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return (q.log_prob(z) - _prior_of(logits, means, log_vars).log_prob(z)).sum(0)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _last_sample_forgotten(z, mean, log_var, logits, means, log_vars):
    z = z[: max(1, len(z) - 1)]
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return (q.log_prob(z) - _prior_of(logits, means, log_vars).log_prob(z)).mean(0)


@wrong()
def _examples_mixed(z, mean, log_var, logits, means, log_vars):
    """Samples and examples are told apart in the wrong order."""
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    log_p = _prior_of(logits, means, log_vars).log_prob(z).reshape(z.shape[1], z.shape[0]).T
    return (q.log_prob(z) - log_p).mean(0)


@wrong()
def _own_samples(z, mean, log_var, logits, means, log_vars):
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    z = q.rsample((len(z),))
    return (q.log_prob(z) - _prior_of(logits, means, log_vars).log_prob(z)).mean(0)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "MixtureSameFamily and an Independent normal of torch.distributions.", second=True)
def _distributions(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    return (q.log_prob(z) - _prior_of(logits, means, log_vars).log_prob(z)).mean(dim=0)


@right("multivariate", "Multivariate normals with covariance matrices, for q and for the components.")
def _multivariate(z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    q = MultivariateNormal(mean, torch.diag_embed(log_var.exp()))
    components = MultivariateNormal(means, torch.diag_embed(log_vars.exp()))
    prior = MixtureSameFamily(Categorical(logits=logits), components)
    return torch.mean(q.log_prob(z) - prior.log_prob(z), 0)


@right("loop_over_samples", "A loop over the samples, with the densities of the tasks before.")
def _loop_over_samples(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    total = torch.zeros_like(mean[:, 0])
    for one in z:
        total = total + gaussian_log_density(one, mean, log_var) - mixture_log_density(one, logits, means, log_vars)
    return total / z.shape[0]


@right("without_constants", "log 2π stands in both densities and cancels: it is left out.")
def _without_constants(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    log_q = -0.5 * (log_var + (z - mean) ** 2 / log_var.exp()).sum(-1)
    each = -0.5 * (log_vars + (z[:, :, None] - means) ** 2 / log_vars.exp()).sum(-1)
    log_p = torch.logsumexp(each + torch.log_softmax(logits, 0), -1)
    return log_q.mean(0) - log_p.mean(0)


@right("loop_over_components", "A loop over the components, and einsum for the squares.")
def _loop_over_components(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    parts = []
    for k in range(len(logits)):
        away = z - means[k]
        squares = torch.einsum("sbm,sbm,m->sb", away, away, torch.exp(-log_vars[k]))
        parts.append(logits[k] - 0.5 * (squares + log_vars[k].sum() + z.shape[-1] * LOG_2PI))
    log_p = torch.logsumexp(torch.stack(parts), 0) - torch.logsumexp(logits, 0)
    return (Normal(mean, torch.exp(log_var / 2)).log_prob(z).sum(-1) - log_p).mean(0)


@right("examples_first", "The examples become the first axis, and the last one is averaged.")
def _examples_first(
    z: Tensor, mean: Tensor, log_var: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor
) -> Tensor:
    z = z.transpose(0, 1)
    log_q = gaussian_log_density(z, mean[:, None], log_var[:, None])
    B, S, M = z.shape
    log_p = mixture_log_density(z.reshape(B * S, M), logits, means, log_vars).view(B, S)
    return (log_q - log_p).mean(-1)
