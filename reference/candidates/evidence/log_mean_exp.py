"""What is held against the checks of `log_mean_exp`."""

import math

import torch
from torch import Tensor

from autograder.authoring.candidates import graded, right, wrong
from reference.evidence import log_mean_exp

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("exp_before_sum", "The weights are exponentiated as they are, and e^{−10 000} underflows to 0.", severity="gap")
def _exp_before_sum(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0))


@wrong("sum_for_mean", "− log S is missing: this is the log of the sum, not of the mean.", severity="slip")
def _sum_for_mean(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) + math.log(len(log_w))


@wrong("log_s_added", "log S is added; the mean divides by S, so it must be subtracted.", severity="slip")
def _log_s_added(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) + 2 * math.log(len(log_w))


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
    return log_mean_exp(log_w) + math.log(len(log_w) / log_w.shape[1])


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


@wrong(
    "log_missing",
    "The mean of the weights is returned; its logarithm is asked for.",
    severity="gap",
)
def _log_missing(log_w: Tensor) -> Tensor:
    return torch.exp(log_mean_exp(log_w))


@wrong(
    "log_s_twice",
    "log S is subtracted twice: the mean divides by S already.",
    severity="slip",
)
def _log_s_twice(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) - math.log(len(log_w))


@wrong(
    "s_subtracted",
    "S itself is subtracted; it is log S.",
    severity="slip",
)
def _s_subtracted(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) + math.log(len(log_w)) - len(log_w)


@wrong(
    "divided_by_log_s",
    "The log-sum is divided by log S; dividing the sum by S means subtracting log S.",
    severity="slip",
    credit=0.5,
)
def _divided_by_log_s(log_w: Tensor) -> Tensor:
    return (log_mean_exp(log_w) + math.log(len(log_w))) / math.log(len(log_w))


@wrong(
    "divided_inside",
    "The log-weights are divided by S before they are exponentiated; it is the sum of the weights that is divided by S.",
    severity="slip",
    credit=0.5,
)
def _divided_inside(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w / len(log_w), 0)


@wrong(
    "log_s_of_another_base",
    "The logarithm of S has another base than e.",
    severity="slip",
    credit=0.7,
)
def _log_s_of_another_base(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) + math.log(len(log_w)) - math.log2(len(log_w))


@wrong(
    "other_base",
    "The logarithm has another base than e: the result is asked for in nats, not in bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) / math.log(2)


@wrong(
    "averaged_over_wrong_axis",
    "The mean runs over the examples (the second axis); it belongs over the S samples, the first one.",
    severity="slip",
)
def _averaged_over_wrong_axis(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 1) - math.log(log_w.shape[1])


@wrong(
    "averaged_over_everything",
    "The mean runs over samples and examples together; every example has one of its own.",
    severity="slip",
)
def _averaged_over_everything(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w.flatten(), 0) - math.log(log_w.numel())


@wrong(
    "maximum_subtracted",
    "The maximum that was taken out for stability is subtracted once more; it must be added.",
    severity="slip",
)
def _maximum_subtracted(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) - 2 * log_w.amax(0)


@wrong(
    "weighted_mean_of_logs",
    "The log-weights are averaged with the normalised weights; the logarithm of the mean weight is asked for.",
    severity="gap",
    credit=0.3,
)
def _weighted_mean_of_logs(log_w: Tensor) -> Tensor:
    return (torch.softmax(log_w, 0) * torch.nan_to_num(log_w, neginf=0.0)).sum(0)


@wrong(
    "sum_of_logs",
    "The log-weights are added up, which multiplies the weights: it is the weights that are added.",
    severity="empty",
)
def _sum_of_logs(log_w: Tensor) -> Tensor:
    return log_w.sum(0)


@wrong(
    "shifted_by_one_sample",
    "The first log-weight is taken out for stability, where it should be the largest: others may still overflow.",
    severity="slip",
)
def _shifted_by_one_sample(log_w: Tensor) -> Tensor:
    return log_w[0] + torch.log(torch.exp(log_w - log_w[0]).mean(0))


@wrong(
    "clamped",
    "The log-weights are clamped: small weights then count for more than they are.",
    severity="slip",
)
def _clamped(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w.clamp(min=-100.0))


@wrong(
    "zero_weights_left_out",
    "Weights of zero are left out of the mean; they count as zeros, and S counts them too.",
    severity="slip",
)
def _zero_weights_left_out(log_w: Tensor) -> Tensor:
    kept = torch.isfinite(log_w).sum(0).clamp(min=1)
    return log_mean_exp(log_w) + torch.log(len(log_w) / kept.to(log_w.dtype))


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("exp_before_sum")
def _exp_in_float64(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w.double()).mean(0)).to(log_w.dtype)


@wrong("epsilon_inside_log")
def _epsilon_1e_6(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-6)


@wrong("epsilon_inside_log")
def _epsilon_1e_20(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w).mean(0) + 1e-20)


@wrong("clamped")
def _clamped_at_50(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w.clamp(min=-50.0))


@wrong("clamped")
def _clamped_at_20(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w.clamp(min=-20.0))


@wrong("clamped")
def _clamped_at_700(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w.clamp(min=-700.0))


@wrong("clamped")
def _clamped_between_80(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w.clamp(-80.0, 80.0)).mean(0))


@wrong("clamped")
def _clamped_between_50(log_w: Tensor) -> Tensor:
    return torch.log(torch.exp(log_w.clamp(-50.0, 50.0)).mean(0))


@wrong("shifted_by_average")
def _shifted_by_minimum(log_w: Tensor) -> Tensor:
    least = log_w.amin(0)
    return least + torch.log(torch.exp(log_w - least).mean(0))


@wrong("averaged_over_wrong_axis")
def _other_axis_and_log_s(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 1) - math.log(log_w.shape[0])


@wrong("averaged_over_everything")
def _sum_over_everything_and_log_s(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w.flatten(), 0) - math.log(len(log_w))


@wrong("log_s_of_another_base")
def _log10_of_s(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) + math.log(len(log_w)) - math.log10(len(log_w))


@wrong("other_base")
def _decimal_logarithm(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w) / math.log(10)


@wrong("log_missing")
def _sum_of_weights(log_w: Tensor) -> Tensor:
    return torch.exp(log_mean_exp(log_w) + math.log(len(log_w)))


@wrong("one_maximum_for_all")
def _one_maximum_and_epsilon(log_w: Tensor) -> Tensor:
    largest = log_w.max()
    shifted = torch.exp(log_w - largest)
    return largest + torch.log(shifted.mean(0) + 1e-10)


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
    top = log_w.max(dim=0, keepdim=True)[0].clamp(min=torch.finfo(log_w.dtype).min)
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


@wrong("log_s_twice", rewritten=True)
def _mean_and_log_s(log_w):
    top = log_w.max(0).values.clamp(min=torch.finfo(log_w.dtype).min)
    return top + torch.log(torch.exp(log_w - top).mean(0)) - math.log(log_w.shape[0])


@wrong("averaged_over_wrong_axis", rewritten=True)
def _rows_for_columns(log_w):
    top = log_w.max(dim=1, keepdim=True).values
    return (top + torch.log(torch.mean(torch.exp(log_w - top), dim=1, keepdim=True)))[:, 0]


@wrong("shifted_by_average", rewritten=True)
def _centred(log_w):
    centre = log_w.mean(dim=0, keepdim=True)
    return (centre + (log_w - centre).exp().mean(0, keepdim=True).log())[0]


@graded(0.40, "log(mean(exp)), as it stands.")
def _log_of_mean_of_exp(log_w):
    return torch.log(torch.mean(torch.exp(log_w), dim=0))


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_sample_forgotten(log_w):
    return torch.logsumexp(log_w[1:], 0) - math.log(len(log_w))


@wrong()
def _bessel(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w) - 1)


@wrong(
    "nothing_but_zero_weights",
    "Where every weight of an example is zero (log-weights −∞), −∞ is subtracted from −∞, which is NaN; the mean is 0, its logarithm −∞.",
    severity="slip",
    credit=0.9,
)
def _nothing_but_zero_weights(log_w: Tensor) -> Tensor:
    largest = log_w.max(dim=0).values
    return largest + torch.log(torch.exp(log_w - largest).mean(0))


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


@right("special", "torch.special.logsumexp minus log S, which is a tensor.")
def _special(log_w: Tensor) -> Tensor:
    return torch.special.logsumexp(log_w, 0) - torch.log(torch.tensor(len(log_w), dtype=log_w.dtype))


@right(
    "log_softmax",
    "log S and the log-softmax taken from the largest log-weight, with room for an example without any weight.",
)
def _log_softmax(log_w: Tensor) -> Tensor:
    largest, where = log_w.max(dim=0)
    result = largest - torch.log_softmax(log_w, 0).gather(0, where[None])[0] - math.log(len(log_w))
    return torch.where(largest == -torch.inf, largest, result)


@right("logaddexp_tree", "logaddexp of halves of the samples.")
def _logaddexp_tree(log_w: Tensor) -> Tensor:
    def total(rows: Tensor) -> Tensor:
        half = len(rows) // 2
        return rows[0] if half == 0 else torch.logaddexp(total(rows[:half]), total(rows[half:]))

    return total(log_w) - math.log(len(log_w))
