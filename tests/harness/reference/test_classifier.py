"""Evaluation against a plain loop and scikit-learn; training on the digits that ship with scikit-learn."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import torch
from reference_problems import CANDIDATES, problems
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from torch import Tensor, nn

from reference.classifier import ConvClassifier, balanced_subset, evaluate_classifier, train_classifier

TRAINERS = [train_classifier, *(v.function for v in CANDIDATES.variants("train_classifier"))]


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_evaluation_is_that_of_scikit_learn_and_a_loop(batch_size: int) -> None:
    """Loss and accuracy do not depend on the batch size and are what scikit-learn and a plain loop give."""
    model, images, labels, _ = problems("evaluate_classifier")[1]
    logits = model(images).detach().double()
    loop = [math.log(math.fsum(map(math.exp, row))) - row[y] for row, y in zip(logits.tolist(), labels, strict=True)]
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)

    assert (loss, accuracy) == pytest.approx(
        (sum(loop) / len(loop), accuracy_score(labels, logits.argmax(-1))), rel=1e-5
    )
    assert loss == pytest.approx(log_loss(labels, torch.softmax(logits, -1), labels=range(10)), rel=1e-5)
    assert type(loss) is type(accuracy) is float


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_leaves_the_mode_as_it_was(training: bool) -> None:
    """Each module is in its former mode afterwards, also one that was frozen on purpose and also after an error."""
    model, images, labels, _ = problems("evaluate_classifier")[0]
    model.train(training).dropout.eval()
    evaluate_classifier(model, images, labels, 5)
    assert (model.training, model.dropout.training) == (training, False)

    with pytest.raises(RuntimeError):
        evaluate_classifier(model, images[:, :, 1:], labels, 5)
    assert (model.training, model.dropout.training) == (training, False)


def test_evaluation_accepts_any_callable() -> None:
    """A function without modes is evaluated as well."""
    _, images, labels, _ = problems("evaluate_classifier")[0]

    assert evaluate_classifier(lambda x: torch.zeros(len(x), 10), images, labels, 5)[0] == pytest.approx(math.log(10))


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """1,200 digits for training and 597 for validation, upsampled to 28 × 28."""
    data = load_digits()
    images = torch.tensor(data.images / 16, dtype=torch.float32)[:, None]
    images = nn.functional.interpolate(images, (28, 28), mode="bilinear")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    images, labels = images[order], torch.tensor(data.target)[order]
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


@pytest.mark.parametrize("train", TRAINERS, ids=lambda f: f.__name__)
def test_training_learns_digits(train: object, digits: tuple[Tensor, ...]) -> None:
    """Eight epochs on 1,200 digits, relabelled in secret, give 95 % and a history of the validation data."""
    secret = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    images, labels, val_images, val_labels = digits
    labels, val_labels = secret[labels], secret[val_labels]
    model, history = train(  # type: ignore[operator]
        images, labels, val_images, val_labels, epochs=8, batch_size=32, learning_rate=1e-3, device="cpu", seed=0
    )

    assert history["val_accuracy"][-1] > 0.95
    assert len(history["val_loss"]) == len(history["val_accuracy"]) == 8
    expected = history["val_loss"][-1], history["val_accuracy"][-1]
    assert evaluate_classifier(model, val_images, val_labels, 100) == pytest.approx(expected, rel=1e-4)


def test_training_is_repeatable(digits: tuple[Tensor, ...]) -> None:
    """The same seed gives the same weights, another seed others, and the global generator is left alone."""
    small = [t[:100] for t in digits]
    settings = {"epochs": 1, "batch_size": 32, "learning_rate": 1e-3, "device": "cpu"}
    state = torch.get_rng_state()
    first, again, other = (train_classifier(*small, **settings, seed=s)[0](small[0]) for s in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_network_is_that_of_scipy() -> None:
    """Ten logits per image, by SciPy's correlations and NumPy's products with the same weights."""
    network = ConvClassifier()
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    state = [value.double().numpy() for value in network.state_dict().values()]
    expected = []
    for image in (images.double().numpy() - 0.13) / 0.31:
        hidden = image
        for (filters, bias), around in zip((state[0:2], state[2:4]), (2, 1), strict=True):
            padded = np.pad(hidden, ((0, 0), (around, around), (around, around)))
            planes = [scipy.signal.correlate(padded, one, mode="valid")[0, ::2, ::2] for one in filters]
            hidden = np.maximum(np.stack(planes) + bias[:, None, None], 0)
        units = np.maximum(state[4] @ hidden.reshape(-1) + state[5], 0)
        expected.append(state[6] @ units + state[7])

    torch.testing.assert_close(network(images).double(), torch.tensor(np.array(expected)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("choose", [balanced_subset, *(v.function for v in CANDIDATES.variants("balanced_subset"))])
def test_a_subset_is_balanced_and_every_set_of_images_equally_likely(choose: Callable[..., Tensor]) -> None:
    """Two of each digit, of four of each: SciPy's chi-square test of the six pairs, digit by digit, over many calls."""
    labels = torch.arange(40) * 7 % 10
    chosen = torch.stack([choose(labels, 2) for _ in range(600)])
    place = torch.arange(40) // 10  # among the images of its digit, since every ten images show all digits
    places = torch.stack([place[row[labels[row] == digit]] for row in chosen for digit in range(10)])
    pairs = np.unique(places.sort(dim=1).values.numpy(), axis=0, return_counts=True)

    assert places.shape == (6000, 2)
    assert pairs[0].tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert scipy.stats.chisquare(pairs[1]).pvalue > 1e-6
