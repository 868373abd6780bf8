"""What is held against the checks of `kl_bernoulli`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Independent, kl_divergence
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy

from autograder.authoring.candidates import right, wrong
from reference.divergences import kl_bernoulli

# ------------------------------------------------------------------------------------------------------- named mistakes


def _entropy(probs: Tensor) -> Tensor:
    """Of every dimension."""
    return -torch.xlogy(probs, probs) - torch.xlogy(1 - probs, 1 - probs)


def _cross_entropy(probs: Tensor, prior: float) -> Tensor:
    """Of every dimension."""
    return -probs * math.log(prior) - (1 - probs) * math.log(1 - prior)


def _ones(probs: Tensor, prior: float) -> Tensor:
    """θ log(θ/π)."""
    return torch.xlogy(probs, probs) - probs * math.log(prior)


def _zeros(probs: Tensor, prior: float) -> Tensor:
    """(1 − θ) log((1 − θ)/(1 − π))."""
    return _ones(1 - probs, 1 - prior)


@wrong(
    "arguments_swapped",
    "This is KL(p ‖ q), from the prior to q; the other direction is asked for.",
    severity="gap",
)
def _arguments_swapped(probs: Tensor, prior: float = 0.5) -> Tensor:
    p = torch.full_like(probs, prior)
    return (p * torch.log(p / probs) + (1 - p) * torch.log((1 - p) / (1 - probs))).sum(-1)


@wrong(
    "sign",
    "The sign is reversed: this is −KL; a divergence is never negative.",
    severity="slip",
)
def _sign(probs: Tensor, prior: float = 0.5) -> Tensor:
    return -kl_bernoulli(probs, prior)


@wrong(
    "zeros_missing",
    "Only the term of the ones is there; (1 − θ) log((1 − θ)/(1 − π)) is missing.",
    severity="gap",
)
def _zeros_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) - _zeros(probs, prior).sum(-1)


@wrong(
    "ones_missing",
    "Only the term of the zeros is there; θ log(θ/π) is missing.",
    severity="gap",
)
def _ones_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) - _ones(probs, prior).sum(-1)


@wrong(
    "minus_between_terms",
    "The second term is subtracted; the terms of the ones and of the zeros add up.",
    severity="slip",
)
def _minus_between_terms(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) - 2 * _zeros(probs, prior).sum(-1)


@wrong(
    "prior_in_both",
    "π is the denominator of both terms; in the second one it is 1 − π.",
    severity="slip",
)
def _prior_in_both(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) + ((1 - probs) * (math.log(1 - prior) - math.log(prior))).sum(-1)


@wrong(
    "prior_of_zero",
    "π and 1 − π are swapped: π is the prior probability of a 1.",
    severity="slip",
)
def _prior_of_zero(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, 1 - prior)


@wrong(
    "same_numerator",
    "θ is the numerator of both terms; in the second one it is 1 − θ.",
    severity="slip",
)
def _same_numerator(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (_ones(probs, prior) + torch.xlogy(1 - probs, probs) - (1 - probs) * math.log(1 - prior)).sum(-1)


@wrong(
    "weights_swapped",
    "The factors θ and 1 − θ in front of the logarithms are swapped.",
    severity="slip",
)
def _weights_swapped(probs: Tensor, prior: float = 0.5) -> Tensor:
    ones, zeros = torch.log(probs / prior), torch.log((1 - probs) / (1 - prior))
    return ((1 - probs) * ones + probs * zeros).sum(-1)


@wrong(
    "weights_missing",
    "The factors θ and 1 − θ in front of the logarithms are missing: a divergence is an average over q.",
    severity="gap",
)
def _weights_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (torch.log(probs / prior) + torch.log((1 - probs) / (1 - prior))).sum(-1)


@wrong(
    "weighted_by_prior",
    "The logarithms are weighted by π and 1 − π; the average is taken over q, with θ and 1 − θ.",
    severity="gap",
)
def _weighted_by_prior(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (prior * torch.log(probs / prior) + (1 - prior) * torch.log((1 - probs) / (1 - prior))).sum(-1)


@wrong(
    "prior_ignored",
    "The prior is taken to be ½, whatever is passed.",
    severity="slip",
    credit=0.5,
)
def _prior_ignored(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, 0.5)


@wrong(
    "prior_missing",
    "Only the negative entropy of q is there; the prior is missing.",
    severity="gap",
)
def _prior_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) - _cross_entropy(probs, prior).sum(-1)


@wrong(
    "entropy_missing",
    "This is the cross-entropy with the prior; the entropy of q is to be subtracted from it.",
    severity="gap",
)
def _entropy_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) + _entropy(probs).sum(-1)


@wrong(
    "entropy_added",
    "The entropy of q is added to the cross-entropy; it must be subtracted.",
    severity="slip",
)
def _entropy_added(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) + 2 * _entropy(probs).sum(-1)


@wrong(
    "cross_entropy_swapped",
    "This is the cross-entropy of the prior and q, in this order: the entropy is missing, and the average is taken over the prior.",
    severity="gap",
    credit=0.3,
)
def _cross_entropy_swapped(probs: Tensor, prior: float = 0.5) -> Tensor:
    return -(prior * torch.log(probs) + (1 - prior) * torch.log(1 - probs)).sum(-1)


@wrong(
    "division_outside_log",
    "log θ is divided by π; the logarithm is that of the ratio θ/π.",
    severity="slip",
)
def _division_outside_log(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (torch.xlogy(probs, probs) / prior + torch.xlogy(1 - probs, 1 - probs) / (1 - prior)).sum(-1)


@wrong(
    "prior_without_log",
    "π is subtracted from log θ; it is log π.",
    severity="slip",
)
def _prior_without_log(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (
        torch.xlogy(probs, probs) - probs * prior + torch.xlogy(1 - probs, 1 - probs) - (1 - probs) * (1 - prior)
    ).sum(-1)


@wrong(
    "one_minus_log",
    "1 − log(θ/π) stands where log((1 − θ)/(1 − π)) belongs: 1 is subtracted inside the logarithm.",
    severity="slip",
)
def _one_minus_log(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (_ones(probs, prior) + (1 - probs) * (1 - torch.log(probs / prior))).sum(-1)


@wrong(
    "log_missing",
    "The logarithms are missing: the ratios themselves are averaged.",
    severity="gap",
)
def _log_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (probs * probs / prior + (1 - probs) * (1 - probs) / (1 - prior)).sum(-1)


@wrong(
    "probs_read_as_logits",
    "A sigmoid is applied to `probs`, which are probabilities already.",
    severity="slip",
    credit=0.5,
)
def _probs_read_as_logits(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(torch.sigmoid(probs), prior)


@wrong(
    "prior_read_as_logit",
    "A sigmoid is applied to `prior`, which is a probability already.",
    severity="slip",
    credit=0.5,
)
def _prior_read_as_logit(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, 1 / (1 + math.exp(-prior)))


@wrong(
    "squared_difference",
    "This is a squared difference of the probabilities; a divergence compares them by their logarithms.",
    severity="empty",
)
def _squared_difference(probs: Tensor, prior: float = 0.5) -> Tensor:
    return ((probs - prior) ** 2).sum(-1)


@wrong(
    "mean_over_latents",
    "The latent dimensions are averaged; their divergences add up.",
    severity="slip",
)
def _mean_over_latents(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) / probs.shape[-1]


@wrong(
    "not_summed",
    "One value per latent dimension is returned; each example has one, their sum.",
    severity="slip",
    credit=0.7,
)
def _not_summed(probs: Tensor, prior: float = 0.5) -> Tensor:
    return _ones(probs, prior) + _zeros(probs, prior)


@wrong(
    "summed_over_wrong_axis",
    "The sum runs over the examples (`dim=0`); it belongs over the latent dimensions (`dim=-1`).",
    severity="slip",
)
def _summed_over_wrong_axis(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (_ones(probs, prior) + _zeros(probs, prior)).sum(0)


@wrong(
    "averaged_over_batch",
    "The batch is averaged as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior).mean().expand(probs.shape[0])


@wrong(
    "divided_by_batch",
    "The sum is divided by the size of the batch; each example keeps its own value.",
    severity="slip",
    credit=0.7,
)
def _divided_by_batch(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) / probs.shape[0]


@wrong(
    "other_base",
    "The logarithm has another base than e: the divergence is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) / math.log(2)


@wrong(
    "zero_log_zero",
    "0 · log 0 gives NaN where a probability is 0 or 1; it counts as 0 (torch.xlogy).",
    severity="slip",
    credit=0.75,
)
def _zero_log_zero(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (probs * torch.log(probs / prior) + (1 - probs) * torch.log((1 - probs) / (1 - prior))).sum(-1)


@wrong(
    "epsilon_added",
    "Probabilities are clamped away from 0 and 1, or a small number is added to them, which shows in the result.",
    severity="form",
)
def _epsilon_added(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs.clamp(1e-6, 1 - 1e-6), prior)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


def _with_epsilon(probs: Tensor, prior: float, epsilon: float) -> Tensor:
    ones = probs * (torch.log(probs + epsilon) - math.log(prior))
    return (ones + (1 - probs) * (torch.log(1 - probs + epsilon) - math.log(1 - prior))).sum(-1)


def _with_epsilon_below(probs: Tensor, prior: float, epsilon: float) -> Tensor:
    ones = probs * torch.log(probs / (prior + epsilon) + epsilon)
    return (ones + (1 - probs) * torch.log((1 - probs) / (1 - prior + epsilon) + epsilon)).sum(-1)


@wrong("epsilon_added")
def _clamped_at_1e_3(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs.clamp(1e-3, 1 - 1e-3), prior)


@wrong("epsilon_added")
def _clamped_at_1e_4(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs.clamp(1e-4, 1 - 1e-4), prior)


@wrong("epsilon_added")
def _clamped_at_1e_5(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs.clamp(1e-5, 1 - 1e-5), prior)


@wrong("epsilon_added")
def _clamped_at_1e_7(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs.clamp(1e-7, 1 - 1e-7), prior)


@wrong("epsilon_added")
def _epsilon_1e_3(probs: Tensor, prior: float = 0.5) -> Tensor:
    return _with_epsilon(probs, prior, 1e-3)


@wrong("epsilon_added")
def _epsilon_1e_5(probs: Tensor, prior: float = 0.5) -> Tensor:
    return _with_epsilon(probs, prior, 1e-5)


@wrong("epsilon_added")
def _epsilon_1e_6(probs: Tensor, prior: float = 0.5) -> Tensor:
    return _with_epsilon(probs, prior, 1e-6)


@wrong("epsilon_added")
def _epsilon_1e_7(probs: Tensor, prior: float = 0.5) -> Tensor:
    return _with_epsilon(probs, prior, 1e-7)


@wrong("epsilon_added")
def _epsilon_below_1e_6(probs: Tensor, prior: float = 0.5) -> Tensor:
    return _with_epsilon_below(probs, prior, 1e-6)


@wrong("zero_log_zero")
def _clamped_too_little(probs: Tensor, prior: float = 0.5) -> Tensor:
    probs = probs.clamp(1e-10, 1 - 1e-10)  # which is 1 in float32
    return (probs * torch.log(probs / prior) + (1 - probs) * torch.log((1 - probs) / (1 - prior))).sum(-1)


@wrong("other_base")
def _decimal_logarithm(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_bernoulli(probs, prior) / math.log(10)


@wrong("cross_entropy_swapped")
def _binary_cross_entropy_swapped(probs: Tensor, prior: float = 0.5) -> Tensor:
    """It clamps its logarithms at -100."""
    return F.binary_cross_entropy(probs, torch.full_like(probs, prior), reduction="none").sum(-1)


@wrong("squared_difference")
def _absolute_difference(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (probs - prior).abs().sum(-1)


@wrong("weights_missing")
def _first_weight_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (torch.log(probs / prior) + (1 - probs) * torch.log((1 - probs) / (1 - prior))).sum(-1)


@wrong("weights_missing")
def _second_weight_missing(probs: Tensor, prior: float = 0.5) -> Tensor:
    return (probs * torch.log(probs / prior) + torch.log((1 - probs) / (1 - prior))).sum(-1)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("arguments_swapped", rewritten=True)
def _distributions_swapped(probs, prior=0.5):
    prior = Bernoulli(probs=torch.full_like(probs, prior))
    return kl_divergence(prior, Bernoulli(probs=probs)).sum(-1)


@wrong("prior_missing", rewritten=True)
def _minus_entropy(probs, prior=0.5):
    return -Bernoulli(probs=probs).entropy().sum(-1)


@wrong("entropy_missing", rewritten=True)
def _binary_cross_entropy(probs, prior=0.5):
    return F.binary_cross_entropy(torch.full_like(probs, prior), probs, reduction="none").sum(-1)


@wrong("probs_read_as_logits", rewritten=True)
def _bernoulli_of_logits(probs, prior=0.5):
    return kl_divergence(Bernoulli(logits=probs), Bernoulli(torch.tensor(prior, dtype=probs.dtype))).sum(-1)


@wrong("prior_in_both", rewritten=True)
def _two_ratios(probs, prior=0.5):
    return (torch.xlogy(probs, probs / prior) + torch.xlogy(1 - probs, (1 - probs) / prior)).sum(-1)


@wrong("sign", rewritten=True)
def _minus_the_sum(probs, prior=0.5):
    return -(torch.xlogy(probs, probs / prior) + torch.xlogy(1 - probs, (1 - probs) / (1 - prior))).sum(1)


@wrong("other_base", rewritten=True)
def _log2_of_e(probs, prior=0.5):
    return (torch.xlogy(probs, probs / prior) + torch.xlogy(1 - probs, (1 - probs) / (1 - prior))).sum(1) * math.log2(
        math.e
    )


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _another_default(probs, prior=0.3):
    """Seen only where the prior is left out."""
    return kl_divergence(Bernoulli(probs=probs), Bernoulli(probs=torch.full_like(probs, prior))).sum(-1)


@wrong()
def _first_latent_forgotten(probs, prior=0.5):
    return kl_divergence(Bernoulli(probs=probs), Bernoulli(probs=torch.full_like(probs, prior)))[:, 1:].sum(-1)


@wrong()
def _largest_latent(probs, prior=0.5):
    return kl_divergence(Bernoulli(probs=probs), Bernoulli(probs=torch.full_like(probs, prior))).amax(-1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "kl_divergence of torch.distributions.", second=True)
def _distributions(probs: Tensor, prior: float = 0.5) -> Tensor:
    return kl_divergence(Bernoulli(probs=probs), Bernoulli(probs=torch.full_like(probs, prior))).sum(-1)


@right("independent", "kl_divergence of two Independent Bernoullis, which sums by itself.")
def _independent(probs: Tensor, prior: float = 0.5) -> Tensor:
    p = Independent(Bernoulli(probs=torch.full_like(probs, prior)), 1)
    return kl_divergence(Independent(Bernoulli(probs=probs), 1), p)


@right("cross_entropy", "Cross-entropy minus entropy, both as binary cross-entropies.")
def _cross_entropy_minus_entropy(theta: Tensor, pi: float = 0.5) -> Tensor:
    cross = binary_cross_entropy(torch.full_like(theta, pi), theta, reduction="none")
    return (cross + torch.xlogy(theta, theta) + torch.xlogy(1 - theta, 1 - theta)).sum(dim=1)


@right("entropy_of_pytorch", "Cross-entropy minus the entropies of torch.special.")
def _entropy_of_pytorch(probs: Tensor, prior: float = 0.5) -> Tensor:
    entropy = torch.special.entr(probs) + torch.special.entr(1 - probs)
    return (-probs * math.log(prior) - (1 - probs) * math.log1p(-prior) - entropy).sum(-1)


@right("kl_div", "PyTorch's kl_div with both probabilities as classes.")
def _kl_div(probs: Tensor, prior: float = 0.5) -> Tensor:
    q = torch.stack([probs, 1 - probs], -1)
    log_p = torch.tensor([prior, 1 - prior], dtype=probs.dtype).log().expand_as(q)
    return F.kl_div(log_p, q, reduction="none").sum((-1, -2))


@right("categorical", "kl_divergence of two Categoricals with two classes.")
def _categorical(probs: Tensor, prior: float = 0.5) -> Tensor:
    p = torch.full_like(probs, prior)
    q = Categorical(probs=torch.stack([probs, 1 - probs], -1))
    return kl_divergence(q, Categorical(probs=torch.stack([p, 1 - p], -1))).sum(-1)


@right("ratios", "Logarithms of ratios, with xlogy.")
def _ratios(theta: Tensor, pi: float = 0.5) -> Tensor:
    return (torch.xlogy(theta, theta / pi) + torch.xlogy(1 - theta, (1 - theta) / (1 - pi))).sum(1)


@right("where", "What has probability 0 is left out.")
def _where(probs: Tensor, prior: float = 0.5) -> Tensor:
    def term(q: Tensor, p: float) -> Tensor:
        safe = torch.where(q > 0, q, torch.ones_like(q))
        return torch.where(q > 0, q * torch.log(safe / p), torch.zeros_like(q))

    return (term(probs, prior) + term(1 - probs, 1 - prior)).sum(-1)
