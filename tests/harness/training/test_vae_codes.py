"""The code length by which models with latent variables are judged, and the pictures of what they do."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from autograder.records import Grid, Scatter
from autograder.report import figures
from autograder.training.history import curves, diverged, history_list
from autograder.training.measures.vae import Code, log_likelihood
from autograder.training.measures.vae.codes import unused
from autograder.training.models import binary
from autograder.training.pictures import grid, scatter
from autograder.training.weights import alike, moved


def test_a_bound_is_likelihood_minus_divergence() -> None:
    """A latent variable that tells less than a twentieth of a nat is not used."""
    code = Code(likelihood=-80.0, divergences=torch.tensor([3.0, 0.01, 2.0]), at_mean=-70.0, decoded=torch.zeros(1, 4))

    assert code.bound == pytest.approx(-85.01)
    assert code.active == 2


def test_latent_variables_that_tell_nothing_are_named() -> None:
    """Some of them, all of them, none."""
    assert unused(torch.tensor([3.0, 2.0])) == ()
    assert unused(torch.tensor([3.0, 0.01, 0.0])) == (
        "The KL divergence of 2 of 3 latent variables is 0.05 nats at most: they are not used",
    )
    (said,) = unused(torch.tensor([0.01, 0.0]))
    assert said.startswith("Posterior collapse: the KL divergence of all 2 latent variables is 0.05 nats at most")


def test_a_history_that_diverges_is_said() -> None:
    """Where the first list stops being finite; what is no list of numbers diverges nowhere."""
    history = {"elbo": [-200.0, -190.0, math.nan], "b": [1.0], 3: [math.inf], "text": "nan"}
    titles = {"elbo": ("ELBO", "nats")}

    assert diverged(history, titles) == ("It diverged: as your program reported it, ELBO is nan from entry 3 of 3 on",)
    assert diverged({"loss": [math.inf, 1.0]}) == (
        "It diverged: as your program reported it, loss is inf from entry 1 of 2 on",
    )
    assert diverged({"loss": [1.0, 0.5]}) == diverged(None) == ()


def test_likelihoods_are_those_of_the_laws() -> None:
    """Logits of 0 are fair coins; the continuous Bernoulli's density is 1 there; a Gaussian has the variance that fits best."""
    x = torch.tensor([[0.0, 1.0, 0.25]])
    zeros = torch.zeros(1, 3, dtype=torch.float64)

    assert float(log_likelihood(binary(x), zeros, "bernoulli")) == pytest.approx(-3 * math.log(2))
    assert float(log_likelihood(x, zeros, "continuous_bernoulli")) == pytest.approx(0.0, abs=1e-4)
    variance = (1.0 + 0.25**2) / 3
    assert float(log_likelihood(x, zeros, "gaussian")) == pytest.approx(-1.5 * (math.log(2 * math.pi * variance) + 1))


def test_weights_are_compared_name_by_name() -> None:
    """What is new, and what has another size, has moved as a whole; the last digits do not count."""
    before = {"a": torch.zeros(3), "b": torch.zeros(2)}
    after = {"a": torch.tensor([0.0, 1.0, 0.0]), "b": torch.zeros(4), "c": torch.zeros(5)}

    assert moved(before, after) == {"a": 1, "b": 4, "c": 5}
    assert alike(before, {"a": torch.full((3,), 1e-8), "b": torch.zeros(2)})
    assert not alike(before, after)
    assert not alike(before, {"a": torch.zeros(3)})


def test_histories_are_read_without_trust() -> None:
    """A list of numbers, a tensor, tensors of one number; anything else is none. What is not finite is not drawn."""
    history = {
        "elbo": [torch.tensor(-2.0), -1],
        "loss": torch.tensor([1.0, 0.5]),
        "array": np.array([2.0, 1.0]),
        "table": np.ones((2, 2)),
        "notes": "fine",
        "bad": [float("nan")],
        3: [1.0],
    }

    assert history_list(history, "elbo") == [-2.0, -1.0]
    assert history_list(history, "loss") == [1.0, 0.5]
    assert history_list(history, "array") == [2.0, 1.0]
    assert history_list(history, "notes") is None
    assert history_list(history, "table") is None
    assert history_list("fine", "elbo") is None
    drawn = curves(history, {"elbo": ("ELBO", "nats")})
    assert [(c.name, c.title, c.unit) for c in drawn] == [
        ("array", "", ""),
        ("elbo", "ELBO", "nats"),
        ("loss", "", "nats"),
    ]


def test_a_grid_is_a_picture() -> None:
    """Three pictures of 4 × 6 pixels in rows of two, with a white line around each."""
    images = torch.zeros(3, 4, 6)
    images[1, 0, 0] = 1.0
    address = figures.grid_png(grid("three", images, 2))

    assert address is not None
    picture = imread(io.BytesIO(base64.b64decode(address.partition(",")[2])))[..., 0]
    assert picture.shape == (2 * (4 + 2), 2 * (6 + 2))
    assert (picture[1, 1], picture[1, 9], picture[0, 0], picture[-2, -2]) == (0.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("levels", ["", "!!!!", "AAAA"])
def test_a_grid_that_is_none_is_left_out(levels: str) -> None:
    """A record that was changed by hand does not break the page."""
    assert figures.grid_png(Grid(title="", columns=2, width=4, height=4, levels=levels)) is None


@pytest.mark.parametrize("size", [1, 2, 5])
def test_points_come_in_the_plane(size: int) -> None:
    """Two coordinates as they are, more by their principal components, one on a line."""
    points = torch.randn(40, size, generator=torch.Generator().manual_seed(0))
    cloud = scatter("where", points, torch.arange(40) % 10)

    assert len(cloud.x) == len(cloud.y) == len(cloud.classes) == 40
    spread = torch.tensor([cloud.x, cloud.y]).var(dim=1)
    if size == 1:
        assert set(cloud.y) == {0.0}
    elif size == 2:
        assert torch.allclose(torch.tensor(cloud.x), points[:, 0], atol=1e-3)
    else:
        assert float(spread.sum()) > 0.4 * float(points.var(dim=0).sum())
    drawn = figures.scatter_svg(cloud, "p")
    assert drawn is not None
    assert drawn.startswith("<svg")


def test_points_that_cannot_be_drawn() -> None:
    """Nothing is drawn of what is not finite."""
    assert figures.scatter_svg(Scatter(title="", x=(float("inf"),), y=(0.0,), classes=(1,)), "p") is None
