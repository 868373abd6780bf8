"""What is held against the checks of `log_likelihood_by_digit`."""

import math

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from autograder.authoring.candidates import right, wrong
from reference.evidence import log_likelihood_by_digit

# ------------------------------------------------------------------------------------------------------- named mistakes


def _sums(log_p: Tensor, labels: Tensor) -> Tensor:
    """The sum over the images of each digit."""
    return torch.zeros(10, dtype=log_p.dtype).index_add(0, labels, log_p)


def _counts(labels: Tensor) -> Tensor:
    """The number of images of each digit."""
    return torch.bincount(labels, minlength=10)


@wrong("sum_for_mean", "The log-likelihoods of a digit are added up; their mean is asked for.", severity="slip")
def _sum_for_mean(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels) * _counts(labels)


@wrong(
    "divided_by_all",
    "The sum over the images of a digit is divided by the number of all images; its own number belongs there.",
    severity="slip",
)
def _divided_by_all(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels) * _counts(labels) / len(labels)


@wrong(
    "equally_many",
    "Every digit is taken to have N/10 images; their numbers differ.",
    severity="slip",
)
def _equally_many(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels) * _counts(labels) / (len(labels) / 10)


@wrong(
    "divided_by_ten",
    "The sum over the images of a digit is divided by the number of digits; the number of its images belongs there.",
    severity="slip",
)
def _divided_by_ten(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels) * _counts(labels) / 10


@wrong(
    "one_less",
    "The sum over the N_c images of a digit is divided by N_c − 1; a mean divides by N_c.",
    severity="slip",
)
def _one_less(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels) * _counts(labels) / (_counts(labels) - 1).clamp(min=1)


@wrong(
    "zero_for_missing",
    "A digit without any image gets a number; it has no mean, so NaN is asked for.",
    severity="slip",
    credit=0.75,
)
def _zero_for_missing(log_p: Tensor, labels: Tensor) -> Tensor:
    return torch.nan_to_num(log_likelihood_by_digit(log_p, labels), nan=0.0)


@wrong(
    "only_those_that_occur",
    "There are entries only for the digits that occur; ten are asked for, with NaN for the others.",
    severity="slip",
)
def _only_those_that_occur(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels)[labels.unique()]


@wrong(
    "in_order_of_appearance",
    "The means stand in the order in which the digits first occur; entry c belongs to digit c.",
    severity="slip",
)
def _in_order_of_appearance(log_p: Tensor, labels: Tensor) -> Tensor:
    first = list(dict.fromkeys(labels.tolist()))
    rest = [digit for digit in range(10) if digit not in first]
    return log_likelihood_by_digit(log_p, labels)[first + rest]


@wrong(
    "sorted_means",
    "The means are sorted by their size; entry c belongs to digit c.",
    severity="slip",
)
def _sorted_means(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels).sort().values


@wrong(
    "one_digit_on",
    "The digits are counted from 1: entry 0 belongs to digit 0.",
    severity="slip",
)
def _one_digit_on(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels).roll(-1)


@wrong(
    "labels_taken_for_sorted",
    "The images are cut into ten parts in the order in which they come; the labels say which digit an image shows.",
    severity="gap",
)
def _labels_taken_for_sorted(log_p: Tensor, labels: Tensor) -> Tensor:
    ends = _counts(labels).tolist()
    return torch.stack([part.mean() for part in log_p.split(ends)])


@wrong(
    "mean_of_all",
    "Every entry is the mean over all images; each digit has one of its own.",
    severity="empty",
    credit=0.2,
)
def _mean_of_all(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_p.mean().expand(10).clone()


@wrong(
    "others_counted_as_zeros",
    "The images of other digits are set to 0 and counted in the mean; they must be left out.",
    severity="slip",
)
def _others_counted_as_zeros(log_p: Tensor, labels: Tensor) -> Tensor:
    means = [torch.where(labels == digit, log_p, torch.zeros_like(log_p)).mean() for digit in range(10)]
    return torch.where(_counts(labels) > 0, torch.stack(means), torch.nan)


@wrong("median", "The median of each digit is returned; the mean is asked for.", severity="slip")
def _median(log_p: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([log_p[labels == digit].nanmedian() for digit in range(10)])


@wrong(
    "log_of_mean_likelihood",
    "This is the logarithm of the mean of p(x); the mean of log p(x) is asked for.",
    severity="gap",
)
def _log_of_mean_likelihood(log_p: Tensor, labels: Tensor) -> Tensor:
    means = [torch.logsumexp(log_p[labels == digit], 0) - math.log((labels == digit).sum() or 1) for digit in range(10)]
    return torch.where(_counts(labels) > 0, torch.stack(means), torch.nan)


@wrong(
    "likelihoods_averaged",
    "The mean of p(x) is returned, which underflows to 0; the mean of log p(x) is asked for.",
    severity="gap",
)
def _likelihoods_averaged(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p.exp(), labels)


@wrong("sign", "The sign is reversed: these are negative log-likelihoods.", severity="slip")
def _sign(log_p: Tensor, labels: Tensor) -> Tensor:
    return -log_likelihood_by_digit(log_p, labels)


@wrong(
    "last_image",
    "The entry of a digit is that of its last image, which overwrites those before it.",
    severity="gap",
)
def _last_image(log_p: Tensor, labels: Tensor) -> Tensor:
    none = log_p.new_full((1,), torch.nan)
    return torch.stack([torch.cat([none, log_p[labels == digit]])[-1] for digit in range(10)])


@wrong(
    "largest",
    "The largest log-likelihood of each digit is returned; the mean is asked for.",
    severity="gap",
    credit=0.3,
)
def _largest(log_p: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([torch.cat([log_p[labels == d], log_p.new_tensor([-torch.inf])]).max() for d in range(10)])


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("zero_for_missing")
def _lowest_for_missing(log_p: Tensor, labels: Tensor) -> Tensor:
    return torch.nan_to_num(log_likelihood_by_digit(log_p, labels), nan=-math.inf)


@wrong("only_those_that_occur")
def _up_to_the_largest(log_p: Tensor, labels: Tensor) -> Tensor:
    return torch.bincount(labels, weights=log_p).to(log_p.dtype) / torch.bincount(labels)


@wrong("only_those_that_occur")
def _moved_together(log_p: Tensor, labels: Tensor) -> Tensor:
    means = _only_those_that_occur(log_p, labels)
    return torch.cat([means, means.new_full((10 - len(means),), torch.nan)])


@wrong("likelihoods_averaged")
def _likelihoods_in_float64(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p.double().exp(), labels).to(log_p.dtype)


@wrong("last_image")
def _first_image(log_p: Tensor, labels: Tensor) -> Tensor:
    return _last_image(log_p.flip(0), labels.flip(0))


@wrong("largest")
def _smallest(log_p: Tensor, labels: Tensor) -> Tensor:
    return -_largest(-log_p, labels)


@wrong("one_digit_on")
def _one_digit_back(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_likelihood_by_digit(log_p, labels).roll(1)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("sum_for_mean", rewritten=True)
def _one_hot_sum(log_p, labels):
    sums = log_p @ one_hot(labels, 10).to(log_p.dtype)
    return torch.where(torch.bincount(labels, minlength=10) > 0, sums, torch.nan)


@wrong("zero_for_missing", rewritten=True)
def _count_of_at_least_one(log_p, labels):
    return torch.zeros(10, dtype=log_p.dtype).scatter_add(0, labels, log_p) / _counts(labels).clamp(min=1)


@wrong("zero_for_missing", rewritten=True)
def _only_where_there_are_some(log_p, labels):
    result = torch.zeros(10, dtype=log_p.dtype)
    for digit in labels.unique():
        result[digit] = log_p[labels == digit].mean()
    return result


@wrong("only_those_that_occur", rewritten=True)
def _unique(log_p, labels):
    return torch.stack([log_p[labels == digit].mean() for digit in torch.unique(labels)])


@wrong()  # others_counted_as_zeros in other words, for which there is no name of its own yet, or a second one
def _mean_of_masked(log_p, labels):
    return ((labels == torch.arange(10)[:, None]) * log_p).mean(1) / (_counts(labels) > 0)


@wrong("mean_of_all", rewritten=True)
def _the_same_for_all(log_p, labels):
    return torch.full((10,), float(log_p.sum()) / len(log_p), dtype=log_p.dtype)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_image_forgotten(log_p, labels):
    return _sums(log_p[1:], labels[1:]) / _counts(labels[1:])


@wrong()
def _trimmed(log_p, labels):
    return log_likelihood_by_digit(log_p.clamp(min=-400.0), labels)


@wrong()
def _halfway_to_every_image(log_p, labels):
    """Image by image, the mean so far and the image are averaged, as if both weighed the same."""
    result = torch.full((10,), torch.nan, dtype=log_p.dtype)
    for digit, value in zip(labels.tolist(), log_p, strict=True):
        result[digit] = value if result[digit].isnan() else (result[digit] + value) / 2
    return result


# -------------------------------------------------------------------------------------------------------- right answers


@right("loop_over_digits", "The mean of each digit's own log-likelihoods, digit by digit.", second=True)
def _loop_over_digits(log_p: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([log_p[labels == digit].mean() for digit in range(10)])


@right("nan_first", "NaN everywhere, and then the means of the digits that occur.")
def _nan_first(log_p: Tensor, labels: Tensor) -> Tensor:
    result = torch.full((10,), float("nan"), dtype=log_p.dtype)
    for digit in labels.unique():
        result[digit] = log_p[labels == digit].mean()
    return result


@right("index_add", "Sums by index_add, divided by counts.")
def _index_add(log_p: Tensor, labels: Tensor) -> Tensor:
    return _sums(log_p, labels) / _counts(labels)


@right("scatter_reduce", "torch's own mean by index, with NaN where nothing was counted.")
def _scatter_reduce(log_p: Tensor, labels: Tensor) -> Tensor:
    means = torch.zeros(10, dtype=log_p.dtype).scatter_reduce(0, labels, log_p, "mean", include_self=False)
    return torch.where(torch.bincount(labels, minlength=10) > 0, means, torch.nan)


@right("one_hot", "A product with one-hot labels.")
def _one_hot(log_p: Tensor, labels: Tensor) -> Tensor:
    chosen = one_hot(labels, 10).to(log_p.dtype)
    return torch.einsum("n,nc->c", log_p, chosen) / chosen.sum(0)


@right("nanmean", "The mean of a table of ten rows, NaN where an image is of another digit.")
def _nanmean(log_p: Tensor, labels: Tensor) -> Tensor:
    table = torch.where(labels == torch.arange(10)[:, None], log_p, torch.full_like(log_p, torch.nan))
    return table.nanmean(dim=1)


@right("sorted_and_split", "Images sorted by their labels and split where the digits change.")
def _sorted_and_split(log_p: Tensor, labels: Tensor) -> Tensor:
    order = torch.argsort(labels)
    parts = log_p[order].split(torch.bincount(labels, minlength=10).tolist())
    return torch.stack([part.mean() for part in parts])


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: log_p -> log_p.detach()": "A table for a report: right answers may compute it with NumPy or under no_grad.",
}
