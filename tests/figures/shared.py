"""What several figures begin with."""

import torch
from torch import Tensor

from autograder.records import Grid
from autograder.training.easel import Easel, Trainee
from autograder.training.models import MOST_TEST_IMAGES
from autograder.training.pictures import grid

COLUMNS = 10
EPOCHS = (1, 5, 10, 20, 30)
"""Those that HUJI Q1 to Q3 ask for."""
STEPS, RATE, SAMPLES = 300, 0.05, 20
"""Of variational inference for one image: enough for Adam, see `fit_top_posterior`."""


def one_of_each(labels: Tensor) -> Tensor:
    """Return the place of the first image of each class, at most ten."""
    return torch.stack([(labels == c).nonzero()[0, 0] for c in labels.unique()[:COLUMNS]])  # type: ignore[no-untyped-call]


def test_labels(trainee: Trainee) -> Tensor:
    """Return the classes of `trainee.run.test_images`."""
    return trainee.run.data.test_labels[:MOST_TEST_IMAGES]


def codes(trainee: Trainee, images: Tensor) -> Tensor:
    """Return the means of q(z | x), shape (N, M), float32, as the model's functions take them."""
    return trainee.run.encode(trainee.student, trainee.handle, images)[0].float()


def rows(trainee: Trainee, title: str, *pictures: Tensor) -> Grid:
    """Return rows of pictures (N, D) below one another, upright, a picture of each row in a column."""
    images = trainee.run.upright(torch.cat([row.double() for row in pictures]))
    return grid(title, images, len(pictures[0]))


def upper_half(trainee: Trainee, class_: int = 2) -> tuple[Tensor, Tensor]:
    """Return a held-out image of a class as it is, upright, and the same as a row of pixels in black and white."""
    place = int((test_labels(trainee) == class_).nonzero()[0, 0])  # type: ignore[no-untyped-call]
    image = trainee.run.test_images[place]
    return trainee.run.upright(image[None])[0], image


def fitted(trainee: Trainee, image: Tensor, decoder: object, latent_dim: int) -> tuple[Tensor, Tensor]:
    """Return mean and log-variance of q(z) for the upper half of an image (D,), fitted by the submission's own function."""
    return trainee.value(
        "fit_top_posterior",
        x_top=image[: len(image) // 2],
        decoder=decoder,
        latent_dim=latent_dim,
        steps=STEPS,
        learning_rate=RATE,
        n_samples=SAMPLES,
        seed=1,
    )


__all__ = ["COLUMNS", "EPOCHS", "Easel", "codes", "fitted", "one_of_each", "rows", "test_labels", "upper_half"]
