"""What is held against the checks of `balanced_subset`."""

import random

import numpy as np
import torch
from torch import Generator, Tensor

from autograder.authoring.candidates import right, wrong
from reference.classifier import balanced_subset

# ------------------------------------------------------------------------------------------------------- named mistakes


def _of(labels: Tensor, digit: int) -> Tensor:
    """The indices of the images of a digit."""
    return torch.nonzero(labels == digit).flatten()


def _permutation(n: int, generator: Generator | None) -> Tensor:
    return torch.randperm(n, generator=generator)


@wrong(
    "first_ones",
    "The first images of each digit are taken, the same ones always; they are to be chosen at random.",
    severity="slip",
)
def _first_ones(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return torch.cat([_of(labels, digit)[:per_class] for digit in range(10)])


@wrong("with_replacement", "Images are drawn with replacement: some are chosen twice.", severity="slip")
def _with_replacement(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    chosen = []
    for digit in range(10):
        images = _of(labels, digit)
        chosen.append(images[torch.randint(len(images), (per_class,), generator=generator)])
    return torch.cat(chosen)


@wrong(
    "not_balanced",
    "Images are chosen at random from all, so that the digits occur as often as they happen to.",
    severity="gap",
    credit=0.3,
)
def _not_balanced(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return _permutation(len(labels), generator)[: 10 * per_class]


@wrong(
    "balanced_on_average",
    "Images are drawn with weights, so that digits occur equally often on average only; it is to be exact.",
    severity="gap",
)
def _balanced_on_average(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    weights = 1.0 / torch.bincount(labels, minlength=10)[labels]
    return torch.multinomial(weights, 10 * per_class, generator=generator)


@wrong(
    "first_of_the_data_set",
    "The first 10 · per_class images are taken, of whichever digits.",
    severity="empty",
)
def _first_of_the_data_set(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return torch.arange(10 * per_class)


@wrong(
    "places_within_digit",
    "The places of the images among those of their digit are returned; indices into `labels` are asked for.",
    severity="slip",
    credit=0.5,
)
def _places_within_digit(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return torch.cat([_permutation(len(_of(labels, digit)), generator)[:per_class] for digit in range(10)])


@wrong("labels_returned", "The labels of the images chosen are returned; their indices are asked for.", severity="slip")
def _labels_returned(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return labels[balanced_subset(labels, per_class, generator)]


@wrong(
    "places_in_sorted_labels",
    "The indices are places in the sorted labels; they must be taken back to the labels as they are.",
    severity="slip",
    credit=0.5,
)
def _places_in_sorted_labels(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    counts = torch.bincount(labels, minlength=10)
    starts = counts.cumsum(0) - counts
    return _places_within_digit(labels, per_class, generator) + starts.repeat_interleave(per_class)


@wrong(
    "same_every_call", "A seed is set inside, so that every call chooses the same images.", severity="slip", credit=0.7
)
def _same_every_call(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, per_class, Generator().manual_seed(0))


@wrong(
    "shared_over_digits",
    "One permutation is used for all digits, so that they choose images at the same places; each is to draw its own.",
    severity="slip",
    credit=0.8,
)
def _shared_over_digits(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    order = _permutation(len(labels), generator)
    chosen = []
    for digit in range(10):
        images = _of(labels, digit)
        chosen.append(images[order[order < len(images)][:per_class]])
    return torch.cat(chosen)


@wrong(
    "one_block",
    "The images of a digit are taken one after the other from a random one on; every set of them is to be equally likely.",
    severity="slip",
    credit=0.7,
)
def _one_block(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    chosen = []
    for digit in range(10):
        images = _of(labels, digit)
        start = int(torch.randint(len(images), (1,), generator=generator))
        chosen.append(images.roll(-start)[:per_class])
    return torch.cat(chosen)


@wrong("digit_missing", "One of the ten digits is left out.", severity="slip")
def _digit_missing(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, per_class, generator)[:-per_class]


@wrong(
    "one_too_many",
    "One image more than `per_class` is taken of every digit that has one.",
    severity="slip",
    credit=0.7,
)
def _one_too_many(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, per_class + 1, generator)


@wrong("one_too_few", "One image less than `per_class` is taken of every digit.", severity="slip", credit=0.7)
def _one_too_few(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, per_class - 1, generator)


@wrong(
    "per_class_of_all",
    "`per_class` is shared by the ten digits; each of them is to have so many.",
    severity="slip",
)
def _per_class_of_all(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, per_class // 10, generator)


@wrong("everything", "All images are returned, in another order.", severity="empty")
def _everything(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return _permutation(len(labels), generator)


@wrong(
    "rarest_decides",
    "As many images of each digit are taken as there are of the rarest; `per_class` says how many.",
    severity="slip",
)
def _rarest_decides(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, int(torch.bincount(labels, minlength=10).min()), generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("first_ones")
def _last_ones(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return torch.cat([_of(labels, digit)[-per_class:] for digit in range(10)])


@wrong("digit_missing")
def _without_zeros(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    return balanced_subset(labels, per_class, generator)[per_class:]


@wrong("one_block")
def _block_that_fits(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    chosen = []
    for digit in range(10):
        images = _of(labels, digit)
        start = int(torch.randint(len(images) - per_class + 1, (1,), generator=generator))
        chosen.append(images[start : start + per_class])
    return torch.cat(chosen)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("first_ones", rewritten=True)
def _counting(labels, per_class, generator=None):
    left, chosen = [per_class] * 10, []
    for index, digit in enumerate(labels.tolist()):
        if left[digit]:
            left[digit] -= 1
            chosen.append(index)
    return torch.tensor(chosen)


@wrong("with_replacement", rewritten=True)
def _choice_of_numpy(labels, per_class, generator=None):
    digits = labels.numpy()
    chosen = [np.random.choice(np.flatnonzero(digits == digit), per_class) for digit in range(10)]
    return torch.from_numpy(np.concatenate(chosen))


@wrong("digit_missing", rewritten=True)
def _from_zero_to_eight(labels, per_class, generator=None):
    return torch.cat(
        [_of(labels, digit)[torch.randperm(int((labels == digit).sum()))][:per_class] for digit in range(9)]
    )


@wrong()  # same_every_call in other words, for which there is no name of its own yet, or a second one
def _seeded_numpy(labels, per_class, generator=None):
    rng, digits = np.random.RandomState(42), labels.numpy()
    chosen = [rng.permutation(np.flatnonzero(digits == digit))[:per_class] for digit in range(10)]
    return torch.from_numpy(np.concatenate(chosen))


@wrong("labels_returned", rewritten=True)
def _repeated_digits(labels, per_class, generator=None):
    return torch.arange(10).repeat_interleave(per_class)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _last_image_never(labels, per_class, generator=None):
    chosen = []
    for digit in range(10):
        images = _of(labels, digit)
        kept = images[: max(per_class, len(images) - 1)]
        chosen.append(kept[torch.randperm(len(kept))[:per_class]])
    return torch.cat(chosen)


# -------------------------------------------------------------------------------------------------------- right answers


@right("digit_by_digit", "A permutation of the images of each digit.")
def _digit_by_digit(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    chosen = []
    for digit in range(10):
        images = torch.nonzero(labels == digit).flatten()
        chosen.append(images[torch.randperm(len(images), generator=generator)[:per_class]])
    return torch.cat(chosen)


@right("shuffled_afterwards", "The subset itself in random order, drawn from the global generator.")
def _shuffled_afterwards(labels: Tensor, per_class: int) -> Tensor:
    images = [torch.where(labels == digit)[0] for digit in labels.unique()]
    chosen = torch.cat([of_digit[torch.randperm(len(of_digit))][:per_class] for of_digit in images])
    return chosen[torch.randperm(len(chosen))]


@right("random_sample", "Python's own random numbers.")
def _random_sample(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    digits = labels.tolist()
    chosen: list[int] = []
    for digit in range(10):
        chosen += random.sample([i for i, label in enumerate(digits) if label == digit], per_class)
    return torch.tensor(chosen)


@right("numpy_choice", "NumPy's choice without replacement, sorted.")
def _numpy_choice(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    digits = labels.numpy()
    chosen = [np.random.choice(np.flatnonzero(digits == digit), per_class, replace=False) for digit in range(10)]
    return torch.from_numpy(np.sort(np.concatenate(chosen)))


@right("multinomial", "torch.multinomial with equal weights for the images of a digit, without replacement.")
def _multinomial(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    weights = (labels == torch.arange(10)[:, None]).double()
    return torch.multinomial(weights, per_class, generator=generator).flatten()


@right("sorted_noise", "Images sorted by a random number within their digit, and the first ranks kept.")
def _sorted_noise(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    order = torch.argsort(labels + torch.rand(len(labels), generator=generator, dtype=torch.float64))
    counts = torch.bincount(labels, minlength=10)
    starts = counts.cumsum(0) - counts
    return order[(starts[:, None] + torch.arange(per_class)).flatten()]


@right("counting", "The images in random order, of which each is taken while its digit has room.")
def _counting_at_random(labels: Tensor, per_class: int, generator: Generator | None = None) -> Tensor:
    left, chosen = [per_class] * 10, []
    for index in torch.randperm(len(labels), generator=generator).tolist():
        if left[int(labels[index])] > 0:
            left[int(labels[index])] -= 1
            chosen.append(index)
    return torch.tensor(chosen)
