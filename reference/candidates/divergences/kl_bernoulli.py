"""Answers to `kl_bernoulli`."""

import math

import torch
from torch.distributions import Bernoulli, kl_divergence
from torch.nn.functional import binary_cross_entropy

from autograder.authoring.candidates import right, wrong
from reference.divergences import kl_bernoulli


@wrong("arguments_swapped", "This is KL(p ‖ q), from the prior to q; the other direction is asked for.", severity="gap")
def _swapped(probs, prior=0.5):
    p = torch.full_like(probs, prior)
    return (p * torch.log(p / probs) + (1 - p) * torch.log((1 - p) / (1 - probs))).sum(-1)


@wrong("zeros_missing", "Only the term of the ones is there; (1 − θ) log((1 − θ)/(1 − π)) is missing.", severity="gap")
def _zeros_missing(probs, prior=0.5):
    return (torch.xlogy(probs, probs) - probs * math.log(prior)).sum(-1)


@wrong("prior_ignored", "The prior is taken to be ½, whatever is passed.", severity="slip", credit=0.5)
def _prior_ignored(probs, prior=0.5):
    return kl_bernoulli(probs, 0.5)


@wrong(
    "zero_log_zero",
    "0 · log 0 gives NaN where a probability is 0 or 1; it counts as 0 (torch.xlogy).",
    severity="slip",
    credit=0.75,
)
def _zero_log_zero(probs, prior=0.5):
    return (probs * torch.log(probs / prior) + (1 - probs) * torch.log((1 - probs) / (1 - prior))).sum(-1)


@right("distributions", "kl_divergence of torch.distributions.", second=True)
def _distributions(probs, prior=0.5):
    return kl_divergence(Bernoulli(probs=probs), Bernoulli(probs=torch.full_like(probs, prior))).sum(-1)


@right("cross_entropy", "Cross-entropy minus entropy, both as binary cross-entropies.")
def _cross_entropy(theta, pi=0.5):
    cross = binary_cross_entropy(torch.full_like(theta, pi), theta, reduction="none")
    return (cross + torch.xlogy(theta, theta) + torch.xlogy(1 - theta, 1 - theta)).sum(dim=1)
