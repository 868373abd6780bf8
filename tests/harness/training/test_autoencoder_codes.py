"""How the codes of an autoencoder are rounded and compared, and what decoded images prove."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.decomposition import PCA

from autograder.assignment.rubric import TrainingRule
from autograder.sandbox.inprocess import OneFunction
from autograder.training.data import Images
from autograder.training.measures.autoencoder import (
    PRECISION,
    AutoencoderRun,
    identical,
    is_pair,
    rounded,
    rows_of,
    squared_error,
)
from tests.public.autoencoder_training.evidence import mistake_in_loop, mistake_in_reconstruction

DRAWN = torch.Generator().manual_seed(0)
GREY = torch.rand(300, 1, 28, 28, generator=DRAWN) ** 3


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_nothing_is_told_in_last_digits(scale: float) -> None:
    """Whatever the scale and the centre, a number of a code tells at most nine bits, and is off by half a hundredth at most."""
    codes = scale * (5 + torch.randn(2000, 3, generator=DRAWN, dtype=torch.float64))
    told = rounded(codes)

    assert float((told - codes).abs().max()) <= 0.5001 * PRECISION * float(codes.std(dim=0).max())
    for column in told.T:
        _, counts = column.unique(return_counts=True)
        shares = counts / counts.sum()
        assert float(-(shares * shares.log2()).sum()) < 9


def test_a_column_that_says_nothing_is_its_mean() -> None:
    """Dead units are no division by zero."""
    codes = torch.tensor([[2.0, 0.0], [2.0, 1.0]], dtype=torch.float64)
    assert torch.equal(rounded(codes), codes)


def test_the_measuring_rods_are_mean_and_principal_components() -> None:
    """The error of the mean image and of PCA, as scikit-learn has it; images stay grey."""
    labels = torch.arange(300) % 10
    data = Images("few", "", GREY[:200], labels[:200], GREY[200:], labels[200:])
    rule = TrainingRule(epochs=1, n_train=150, threshold=0.7, wall_seconds=9)
    run = AutoencoderRun(OneFunction("fit", len), "fit", data, rule, "secret", "cpu")
    linear = PCA(4, svd_solver="full").fit(run.images.double().numpy())
    again = torch.from_numpy(linear.inverse_transform(linear.transform(run.test_images.double().numpy())))

    assert run.error_of_pca(4) == pytest.approx(squared_error(run.test_images, again), rel=1e-6)
    assert run.error_of_mean() > run.error_of_pca(1) > run.error_of_pca(4)
    assert 0.0 < float(run.images.mean()) < 0.5
    assert not set(run.images.unique().tolist()) <= {0.0, 1.0}


def test_rows_are_read_with_whatever_axes() -> None:
    """A row for each; what is no tensor of finite floats is none."""
    found = rows_of(torch.zeros(3, 1, 2, 2), 3)
    assert found is not None
    assert found.shape == (3, 4)
    for other in (
        torch.zeros(3),
        torch.zeros(2, 4),
        torch.zeros(3, 4, dtype=torch.int64),
        [[1.0]],
        torch.full((3, 2), math.nan),
    ):
        assert rows_of(other, 3) is None
    assert is_pair((torch.zeros(2), torch.ones(2)))
    assert not is_pair(torch.zeros(2, 2))


def test_running_averages_are_not_learnt() -> None:
    """What batch normalisation averages changes without any step."""
    first = {"a": torch.zeros(2), "n.running_mean": torch.zeros(2)}
    assert identical(first, first | {"n.running_mean": torch.ones(2)})
    assert not identical(first, first | {"a": torch.ones(2)})


SHOWN = GREY.flatten(1)[:100]
BINARY = (SHOWN > 0.5).float()
READ = {
    "": (SHOWN, []),
    "logits_decoded": (torch.logit(SHOWN, eps=1e-4), []),
    "decoded_from_minus_one": (2 * SHOWN - 1, []),
    "decoded_to_255": (255 * SHOWN, []),
}


@pytest.mark.parametrize("name", READ)
def test_another_reading_of_the_pixels_is_proof(name: str) -> None:
    """Images that are right as logits, or on another scale, are recognised; right ones, and the mean image, are not."""
    decoded, said = READ[name]
    assert mistake_in_reconstruction(SHOWN, decoded, said)[0] == name
    assert mistake_in_reconstruction(SHOWN, SHOWN.mean(dim=0).expand_as(SHOWN), said) == ("", "")
    assert mistake_in_reconstruction(SHOWN, torch.rand(SHOWN.shape, generator=DRAWN), said) == ("", "")


def test_a_loss_that_takes_the_sigmoid_again_is_in_the_history() -> None:
    """Its value is that of the decoded probabilities, per pixel or per image; another value proves nothing."""
    decoded = (SHOWN.mean(dim=0) > 0.2).float().expand_as(SHOWN)
    told = float(torch.nn.functional.binary_cross_entropy_with_logits(decoded, SHOWN))

    assert mistake_in_reconstruction(SHOWN, decoded, [0.8, told])[0] == "sigmoid_twice"
    assert mistake_in_reconstruction(SHOWN, decoded, [784 * told])[0] == "sigmoid_twice"
    assert mistake_in_reconstruction(SHOWN, decoded, [2 * told])[0] != "sigmoid_twice"


def test_what_trainings_prove_of_the_loop() -> None:
    """Other images that change nothing, half a model that stays, a second epoch that is none."""
    assert mistake_in_loop((True, True), True) == "no_update"
    assert mistake_in_loop((True, False), False) == "encoder_not_trained"
    assert mistake_in_loop((False, True), False) == "decoder_not_trained"
    assert mistake_in_loop((False, False), True) == "epochs_ignored"
    assert mistake_in_loop((False, False), False) == ""
