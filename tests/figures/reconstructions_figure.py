"""HUJI Q1: reconstructions over the epochs."""

from itertools import chain

import torch

from autograder.training.easel import Drawn, Easel
from autograder.training.measures.vae.epochs import at_epochs
from tests.figures.shared import EPOCHS, codes, one_of_each, rows, test_labels


def draw(easel: Easel) -> Drawn:
    """Return held-out and training images, and below them what the model makes of them after some epochs."""
    run = easel.run("train_vae")
    models = list(at_epochs(easel, run, EPOCHS))
    after = ", ".join(str(epoch) for epoch, _ in models)
    labels = run.data.labels[run.order[: run.rule.n_train]]
    grids = []
    for said, images in (
        ("held-out", run.test_images[one_of_each(test_labels(models[0][1]))]),
        ("training", run.images[one_of_each(labels)]),
    ):
        made = (torch.sigmoid(run.decode(model.student, model.handle, codes(model, images))) for _, model in models)
        title = f"{said} images, and below them what your model decodes from their codes after {after} epochs"
        grids.append(rows(models[0][1], title, *chain([images], made)))
    return Drawn(grids=tuple(grids))
