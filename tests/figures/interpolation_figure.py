"""Toronto 3(c): three pairs of different digits, made by the submission's `interpolate` with its own trained decoder."""

import torch

from autograder.training.easel import Drawn, Easel
from tests.figures.shared import COLUMNS, codes, one_of_each, rows, test_labels

PAIRS = ((0, 1), (2, 3), (4, 5))


def draw(easel: Easel) -> Drawn:
    """Return the Bernoulli means on the way from one image's code to another's, ten steps each."""
    model = easel.trained("train_vae")
    z = codes(model, model.run.test_images[one_of_each(test_labels(model))])
    alphas = torch.linspace(0, 1, COLUMNS)
    ways = [model.value("interpolate", z_a=z[a % len(z)], z_b=z[b % len(z)], alphas=alphas) for a, b in PAIRS]
    means = [torch.sigmoid(model.run.decode(model.student, model.handle, way)) for way in ways]
    title = "`interpolate` between codes of two images, alpha from 0 to 1, and what your trained decoder makes of it: three pairs"
    return Drawn(grids=(rows(model, title, *means),))
