"""What is held against the checks of `mixture_log_density`."""

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import gaussian_log_density, mixture_log_density

LOG_2PI = math.log(2 * math.pi)


def _components(z: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """log N(z; m_k, diag σ_k²), shape (B, K)."""
    return gaussian_log_density(z[:, None, :], means, log_vars)


def _squares(z: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """(z − m_k)²/σ_k² of every dimension, shape (B, K, M)."""
    return ((z[:, None, :] - means) / torch.exp(0.5 * log_vars)) ** 2


def _mixed(logits: Tensor, components: Tensor) -> Tensor:
    return torch.logsumexp(torch.log_softmax(logits, -1) + components, -1)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "weights_not_normalised",
    "The logits are taken for log π as they are; their softmax is π, so that the weights add up to 1.",
    severity="slip",
)
def _weights_not_normalised(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(logits + _components(z, means, log_vars), -1)


@wrong("weights_missing", "The components are added up without their weights π.", severity="gap")
def _weights_missing(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(_components(z, means, log_vars), -1)


@wrong(
    "weights_equal",
    "All components have the weight 1/K, whatever the logits are.",
    severity="slip",
    credit=0.5,
)
def _weights_equal(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, 0 * logits, means, log_vars)


@wrong(
    "weights_without_log",
    "π itself is added to log N; it is log π.",
    severity="slip",
)
def _weights_without_log(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(torch.softmax(logits, -1) + _components(z, means, log_vars), -1)


@wrong(
    "softmax_twice",
    "The softmax is taken twice: the probabilities are passed on where logits are expected.",
    severity="slip",
)
def _softmax_twice(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, torch.softmax(logits, -1), means, log_vars)


@wrong(
    "sigmoid_for_softmax",
    "Each logit passes through a sigmoid; the weights are a softmax, over all components together.",
    severity="slip",
)
def _sigmoid_for_softmax(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(torch.nn.functional.logsigmoid(logits) + _components(z, means, log_vars), -1)


@wrong(
    "logits_read_as_probabilities",
    "The logits are used as if they were the weights π; they pass through a softmax first.",
    severity="gap",
)
def _logits_read_as_probabilities(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(torch.log(logits) + _components(z, means, log_vars), -1)


@wrong(
    "average_of_logs",
    "The logarithms of the components are averaged with their weights; the logarithm is that of the weighted sum.",
    severity="gap",
)
def _average_of_logs(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return (torch.softmax(logits, -1) * _components(z, means, log_vars)).sum(-1)


@wrong(
    "product_of_components",
    "The logarithms of the weighted components are added up: this is their product; a mixture is their sum.",
    severity="gap",
)
def _product_of_components(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return (torch.log_softmax(logits, -1) + _components(z, means, log_vars)).sum(-1)


@wrong(
    "largest_component",
    "Only the largest component counts; all of them add up.",
    severity="gap",
)
def _largest_component(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return (torch.log_softmax(logits, -1) + _components(z, means, log_vars)).amax(-1)


@wrong(
    "mean_over_components",
    "The sum over the components is divided by K as well; the weights add up to 1 already.",
    severity="slip",
)
def _mean_over_components(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars) - math.log(len(logits))


@wrong(
    "mixture_in_every_dimension",
    "Every dimension has a mixture of its own, and their log-densities are added; one component is chosen for all"
    " dimensions of z together: sum over the dimensions first.",
    severity="gap",
)
def _mixture_in_every_dimension(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    each = -0.5 * (LOG_2PI + log_vars + _squares(z, means, log_vars))
    return torch.logsumexp(torch.log_softmax(logits, -1)[:, None] + each, 1).sum(-1)


@wrong(
    "single_gaussian",
    "This is one Gaussian with the weighted means and log-variances; a mixture is a sum of Gaussians.",
    severity="empty",
    credit=0.2,
)
def _single_gaussian(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    weights = torch.softmax(logits, -1)
    return gaussian_log_density(z, weights @ means, weights @ log_vars)


@wrong(
    "standard_normal",
    "This is the standard normal density: the mixture is never used.",
    severity="empty",
)
def _standard_normal(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))


@wrong("means_ignored", "All components are centred at 0: the means are never used.", severity="gap")
def _means_ignored(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, 0 * means, log_vars)


@wrong("variances_ignored", "All components have the variance 1: `log_vars` is never used.", severity="gap")
def _variances_ignored(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, 0 * log_vars)


@wrong("arguments_swapped", "`means` and `log_vars` have changed places.", severity="slip")
def _arguments_swapped(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, log_vars, means)


@wrong(
    "log_var_read_as_log_std",
    "`log_vars` are used as if they were log σ; they are log σ², so σ is exp(½ log_vars).",
    severity="slip",
)
def _log_var_read_as_log_std(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, 2 * log_vars)


@wrong(
    "std_read_as_variance",
    "The standard deviation σ is used as if it were the variance: the variance is exp(log_vars).",
    severity="slip",
)
def _std_read_as_variance(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, 0.5 * log_vars)


@wrong(
    "log_vars_read_as_stds",
    "`log_vars` are used as if they were the standard deviations or variances themselves; they are the logarithms of the variances.",
    severity="gap",
)
def _log_vars_read_as_stds(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, 2 * torch.log(log_vars))


@wrong("log_2pi_missing", "The constant −½ log 2π of every dimension is missing.", severity="slip", credit=0.7)
def _log_2pi_missing(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars) + 0.5 * z.shape[-1] * LOG_2PI


@wrong(
    "log_2pi_once",
    "The constant −½ log 2π is there once, but each of the M dimensions has one.",
    severity="slip",
    credit=0.75,
)
def _log_2pi_once(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars) + 0.5 * (z.shape[-1] - 1) * LOG_2PI


@wrong(
    "log_det_missing",
    "The term −½ log σ² of the normalising constants is missing, so that components of another width count too much or too"
    " little.",
    severity="gap",
)
def _log_det_missing(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _mixed(logits, _components(z, means, log_vars) + 0.5 * log_vars.sum(-1))


@wrong(
    "half_of_log_det_missing",
    "The factor ½ in front of log σ² is missing: a density has σ, not σ², in its denominator.",
    severity="slip",
)
def _half_of_log_det_missing(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _mixed(logits, _components(z, means, log_vars) - 0.5 * log_vars.sum(-1))


@wrong("log_std", "log σ stands where log σ² belongs: the term is −½ log σ², with log σ² = log_vars.", severity="slip")
def _log_std(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _mixed(logits, _components(z, means, log_vars) + 0.25 * log_vars.sum(-1))


@wrong(
    "half_of_square_missing",
    "The factor ½ in front of the squared distance (z − m)²/σ² is missing.",
    severity="slip",
)
def _half_of_square_missing(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _mixed(logits, _components(z, means, log_vars) - 0.5 * _squares(z, means, log_vars).sum(-1))


@wrong(
    "half_missing",
    "The factor ½ in front of the sum over the dimensions is missing.",
    severity="slip",
)
def _half_missing(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _mixed(logits, 2 * _components(z, means, log_vars))


@wrong(
    "mean_over_dimensions",
    "The terms of the M dimensions are averaged; the log-density of independent dimensions is their sum.",
    severity="slip",
)
def _mean_over_dimensions(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _mixed(logits, _components(z, means, log_vars) / z.shape[-1])


@wrong(
    "components_returned",
    "One value per component is returned; each example has one, the logarithm of their sum.",
    severity="gap",
)
def _components_returned(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.log_softmax(logits, -1) + _components(z, means, log_vars)


@wrong(
    "summed_over_examples",
    "The logsumexp runs over the examples; it belongs over the components.",
    severity="slip",
)
def _summed_over_examples(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(torch.log_softmax(logits, -1) + _components(z, means, log_vars), 0)


@wrong(
    "summed_over_batch",
    "The batch is summed or averaged as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _summed_over_batch(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars).sum()


@wrong("sign", "The sign is reversed: this is the negative log-density, as one would minimise it.", severity="slip")
def _sign(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return -mixture_log_density(z, logits, means, log_vars)


@wrong(
    "other_base",
    "The logarithm has another base than e: the log-density is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars) / math.log(2)


@wrong("density", "The density itself is returned; its logarithm is asked for.", severity="gap")
def _density(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars).exp()


@wrong(
    "log_of_sum",
    "The densities are added before the logarithm is taken: far from all components they underflow to log 0 = −∞"
    " (torch.logsumexp does not).",
    severity="slip",
)
def _log_of_sum(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.log((torch.softmax(logits, -1) * _components(z, means, log_vars).exp()).sum(-1))


@wrong(
    "epsilon_inside_log",
    "A small number is added to the density before its logarithm is taken: it hides how improbable a point is.",
    severity="slip",
)
def _epsilon_inside_log(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.log((torch.softmax(logits, -1) * _components(z, means, log_vars).exp()).sum(-1) + 1e-8)


@wrong(
    "overflow",
    "exp(logits) overflows for large logits before it is normalised; softmax and log_softmax do not.",
    severity="form",
)
def _overflow(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    weights = torch.exp(logits) / torch.exp(logits).sum()
    return torch.logsumexp(torch.log(weights) + _components(z, means, log_vars), -1)


@wrong(
    "weights_detached",
    "The weights are detached from the graph, so that no gradient reaches `logits`: the prior cannot learn them.",
    severity="slip",
    credit=0.7,
)
def _weights_detached(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits.detach(), means, log_vars)


@wrong(
    "components_detached",
    "The means or log-variances are detached from the graph, so that the components cannot be learnt.",
    severity="slip",
    credit=0.7,
)
def _components_detached(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means.detach(), log_vars.detach())


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("log_vars_read_as_stds")
def _log_vars_read_as_variances(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, torch.log(log_vars))


@wrong("log_vars_read_as_stds")
def _normal_of_log_vars(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """It refuses what is not positive."""
    return MixtureSameFamily(Categorical(logits=logits), Independent(Normal(means, log_vars), 1)).log_prob(z)


@wrong("logits_read_as_probabilities")
def _categorical_of_logits(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    """It refuses negative ones, and normalises the others."""
    components = Independent(Normal(means, torch.exp(0.5 * log_vars)), 1)
    return MixtureSameFamily(Categorical(probs=logits), components).log_prob(z)


@wrong("logits_read_as_probabilities")
def _weighted_by_logits(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.log((logits * _components(z, means, log_vars).exp()).sum(-1))


@wrong("average_of_logs")
def _average_of_logs_with_equal_weights(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _components(z, means, log_vars).mean(-1)


@wrong("largest_component")
def _largest_density(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return _components(z, means, log_vars).amax(-1)


@wrong("largest_component")
def _most_probable_component(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    k = int(logits.argmax())
    return _components(z, means, log_vars)[:, k]


@wrong("summed_over_batch")
def _averaged_over_batch(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars).mean()


@wrong("other_base")
def _decimal_logarithm(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars) / math.log(10)


@wrong("single_gaussian")
def _gaussian_of_the_same_moments(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    weights = torch.softmax(logits, -1)
    mean = weights @ means
    return gaussian_log_density(z, mean, torch.log(weights @ (log_vars.exp() + (means - mean) ** 2)))


@wrong("components_detached")
def _means_detached(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means.detach(), log_vars)


@wrong("components_detached")
def _log_vars_detached(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return mixture_log_density(z, logits, means, log_vars.detach())


@wrong("epsilon_inside_log")
def _epsilon_1e_10(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.log(mixture_log_density(z, logits, means, log_vars).exp() + 1e-10)


@wrong("log_of_sum")
def _log_of_sum_of_products(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    densities = Normal(means, torch.exp(0.5 * log_vars)).log_prob(z[:, None, :]).exp().prod(-1)
    return torch.log(densities @ torch.softmax(logits, -1))


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("mixture_in_every_dimension", rewritten=True)
def _without_independent(z, logits, means, log_vars):
    mixing = Categorical(logits=logits.expand(z.shape[1], len(logits)))
    return MixtureSameFamily(mixing, Normal(means.T, torch.exp(0.5 * log_vars.T))).log_prob(z).sum(-1)


@wrong("softmax_twice", rewritten=True)
def _probabilities_as_logits(z, logits, means, log_vars):
    components = Independent(Normal(means, log_vars.exp().sqrt()), 1)
    return MixtureSameFamily(Categorical(logits=logits.softmax(0)), components).log_prob(z)


@wrong("weights_equal", rewritten=True)
def _mean_of_densities(z, logits, means, log_vars):
    each = Normal(means, torch.exp(log_vars / 2)).log_prob(z.unsqueeze(1)).sum(-1)
    return torch.logsumexp(each, dim=1) - math.log(means.shape[0])


@wrong("log_var_read_as_log_std", rewritten=True)
def _normal_with_exp_log_vars(z, logits, means, log_vars):
    return MixtureSameFamily(Categorical(logits=logits), Independent(Normal(means, log_vars.exp()), 1)).log_prob(z)


@wrong("average_of_logs", rewritten=True)
def _expected_log_density(z, logits, means, log_vars):
    each = Independent(Normal(means, torch.exp(log_vars / 2)), 1).log_prob(z[:, None])
    return each @ torch.softmax(logits, 0)


@wrong("log_of_sum", rewritten=True)
def _exponentials(z, logits, means, log_vars):
    each = Independent(Normal(means, torch.exp(log_vars / 2)), 1).log_prob(z[:, None]) + torch.log_softmax(logits, 0)
    return each.exp().sum(1).log()


@graded(0.60, "The weights are not normalised.")
def _logits_added(z, logits, means, log_vars):
    each = Normal(means, torch.exp(log_vars / 2)).log_prob(z.unsqueeze(1)).sum(-1)
    return torch.logsumexp(each + logits, dim=1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _one_variance_for_all(z, logits, means, log_vars):
    return MixtureSameFamily(
        Categorical(logits=logits), Independent(Normal(means, torch.exp(log_vars[:1] / 2).expand_as(means)), 1)
    ).log_prob(z)


@wrong()
def _last_component_forgotten(z, logits, means, log_vars):
    return torch.logsumexp(
        (torch.log_softmax(logits, -1) + _components(z, means, log_vars))[:, : max(1, len(logits) - 1)], -1
    )


@wrong()
def _weights_in_reverse(z, logits, means, log_vars):
    return _mixed(logits.flip(0), _components(z, means, log_vars))


@wrong()
def _first_example_for_all(z, logits, means, log_vars):
    return _mixed(logits, _components(z[:1], means, log_vars)).expand(len(z))


# -------------------------------------------------------------------------------------------------------- right answers


@right("mixture_same_family", "MixtureSameFamily of torch.distributions, as the course recommends.", second=True)
def _mixture_same_family(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    components = Independent(Normal(means, torch.exp(0.5 * log_vars)), 1)
    return MixtureSameFamily(Categorical(logits=logits), components).log_prob(z)


@right("categorical_of_probabilities", "The same, of a Categorical of probabilities.")
def _categorical_of_probabilities(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    components = Independent(Normal(means, torch.sqrt(torch.exp(log_vars))), 1)
    return MixtureSameFamily(Categorical(probs=torch.softmax(logits, -1)), components).log_prob(z)


@right("multivariate_components", "Components that are multivariate normals, with covariance matrices.")
def _multivariate_components(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    components = MultivariateNormal(means, torch.diag_embed(log_vars.exp()))
    return MixtureSameFamily(Categorical(logits=logits), components).log_prob(z)


@right("log_of_softmax", "The logarithm of a softmax, and Normal.log_prob.")
def _log_of_softmax(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    weights = logits.softmax(dim=0)
    each = Normal(means, torch.exp(log_vars / 2)).log_prob(z.unsqueeze(1)).sum(-1)
    return torch.logsumexp(weights.log() + each, dim=1)


@right("loop_over_components", "A loop over the components, never over the batch.")
def _loop_over_components(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    terms = []
    for log_weight, mean, log_var in zip(logits - torch.logsumexp(logits, 0), means, log_vars, strict=True):
        squares = (z - mean) ** 2 / log_var.exp()
        terms.append(log_weight - 0.5 * (squares + log_var + LOG_2PI).sum(-1))
    return torch.logsumexp(torch.stack(terms), dim=0)


@right("largest_taken_out", "logsumexp by hand: the largest term is taken out first.")
def _largest_taken_out(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    terms = torch.log_softmax(logits, 0)[None] + _components(z, means, log_vars)
    largest = terms.max(dim=1, keepdim=True).values
    return largest[:, 0] + torch.log(torch.exp(terms - largest).sum(1))


@right("expanded", "All arguments are expanded to (B, K, M), the components first.")
def _expanded(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    B, K = len(z), len(means)
    shape = (K, B, z.shape[1])
    mean, log_var = means[:, None].expand(shape), log_vars[:, None].expand(shape)
    each = gaussian_log_density(z.expand(shape), mean, log_var)
    return torch.logsumexp(each + torch.log_softmax(logits, 0)[:, None], 0)


@right("normalised_afterwards", "The weights are normalised afterwards.")
def _normalised_afterwards(z: Tensor, logits: Tensor, means: Tensor, log_vars: Tensor) -> Tensor:
    return torch.logsumexp(logits + _components(z, means, log_vars), -1) - torch.logsumexp(logits, -1)
