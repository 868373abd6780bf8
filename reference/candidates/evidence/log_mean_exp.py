"""What is held against the checks of `log_mean_exp`."""

import math

import torch
from torch import Tensor

from autograder.authoring.candidates import right, wrong
from reference.evidence import log_mean_exp

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("exp_before_sum", "The weights are exponentiated as they are, and e^{−10 000} underflows to 0.", severity="gap")
def _exp_before_sum(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0))


@wrong("sum_for_mean", "− log S is missing: this is the log of the sum, not of the mean.", severity="slip")
def _sum_for_mean(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0)


@wrong("log_s_added", "log S is added; the mean divides by S, so it must be subtracted.", severity="slip")
def _log_s_added(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) + math.log(len(log_w))


@wrong(
    "divided_by_s",
    "The log-sum is divided by S; dividing the sum by S means subtracting log S.",
    severity="slip",
    credit=0.5,
)
def _divided_by_s(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) / len(log_w)


@wrong(
    "batch_size_for_s",
    "The logarithm of the batch size is subtracted; it is log S that belongs there.",
    severity="slip",
)
def _batch_size_for_s(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[1])


@wrong(
    "mean_of_logs", "The logarithms are averaged: the mean must be taken of the weights themselves.", severity="empty"
)
def _mean_of_logs(log_w: Tensor) -> Tensor:
    return log_w.mean(0)


@wrong("maximum", "The largest log-weight is returned; the others count as well.", severity="empty", credit=0.2)
def _maximum(log_w: Tensor) -> Tensor:
    return log_w.amax(0)


@wrong("maximum_not_added_back", "The maximum that was subtracted for stability is not added back.", severity="slip")
def _maximum_not_added_back(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) - log_w.amax(0)


@wrong(
    "one_maximum_for_all",
    "One maximum is subtracted from the whole array, so small examples underflow: each needs its own.",
    severity="slip",
)
def _one_maximum_for_all(log_w: Tensor) -> Tensor:
    maximum = log_w.max()
    return maximum + torch.log(torch.exp(log_w - maximum).mean(0))


@wrong(
    "epsilon_inside_log",
    "A small number is added inside the logarithm, which hides small weights.",
    severity="gap",
    credit=0.3,
)
def _epsilon_inside_log(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-8)


@wrong(
    "shifted_by_average",
    "The average is subtracted for stability where the maximum should be: one weight of zero makes it −∞.",
    severity="slip",
)
def _shifted_by_average(log_w: Tensor) -> Tensor:
    average = log_w.mean(0)
    return average + torch.log(torch.exp(log_w - average).mean(0))


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("epsilon_inside_log")
def _epsilon_1e_10(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-10)


@wrong("epsilon_inside_log")
def _epsilon_1e_12(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-12)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("exp_before_sum", rewritten=True)
def _log_of_average(log_w):
    return log_w.exp().sum(0).div(log_w.size(0)).log()


@wrong("sum_for_mean", rewritten=True)
def _own_log_sum_exp(log_w):
    top = log_w.max(dim=0, keepdim=True)[0]
    return (top + (log_w - top).exp().sum(0, keepdim=True).log()).squeeze(0)


@wrong("mean_of_logs", rewritten=True)
def _einsum_mean(log_w):
    return torch.einsum("sb->b", log_w) / log_w.shape[0]


@wrong("one_maximum_for_all", rewritten=True)
def _global_shift(log_w):
    top = torch.max(log_w)
    return torch.log(torch.sum(torch.exp(log_w - top), axis=0)) + top - math.log(len(log_w))


@wrong("maximum_not_added_back", rewritten=True)
def _softmax_normaliser(log_w):
    shifted = log_w - log_w.max(0)[0]
    return torch.log(shifted.exp().mean(0))


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_sample_forgotten(log_w):
    return torch.logsumexp(log_w[1:], 0) - math.log(len(log_w))


@wrong()
def _bessel(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w) - 1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("maximum_taken_out", "The maximum of each column is taken out by hand.")
def _maximum_taken_out(log_w: Tensor) -> Tensor:
    maximum = log_w.max(dim=0).values.detach()
    maximum = torch.where(torch.isfinite(maximum), maximum, torch.zeros_like(maximum))
    return maximum + torch.log(torch.exp(log_w - maximum).mean(dim=0))


@right("logaddexp", "A loop over the samples with logaddexp.", second=True)
def _logaddexp(log_weights: Tensor) -> Tensor:
    total = log_weights[0]
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(len(log_weights))


@right("shifted_first", "log S is subtracted before the log-sum-exp.")
def _shifted_first(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w - math.log(log_w.size(0)), dim=0)


@right("cumulative", "The last entry of a cumulative log-sum-exp, in float64.")
def _cumulative(log_w: Tensor) -> Tensor:
    return (torch.logcumsumexp(log_w.double(), dim=0)[-1] - math.log(len(log_w))).to(log_w.dtype)
