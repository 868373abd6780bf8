"""HUJI Q2: the same ten z in the decoders of some epochs."""

import torch

from autograder.training.easel import Drawn, Easel
from autograder.training.measures.vae.epochs import at_epochs
from tests.figures.shared import COLUMNS, EPOCHS, codes, rows


def draw(easel: Easel) -> Drawn:
    """Return what they make of it, an epoch in each row."""
    run = easel.run("train_vae")
    models = list(at_epochs(easel, run, EPOCHS))
    latent_dim = codes(models[0][1], run.test_images[:1]).shape[1]
    z = torch.randn(COLUMNS, latent_dim, generator=easel.generator)
    made = [torch.sigmoid(run.decode(model.student, model.handle, z)) for _, model in models]
    after = ", ".join(str(epoch) for epoch, _ in models)
    title = f"the same ten z, drawn from the prior, decoded by your model after {after} epochs (a row each)"
    return Drawn(grids=(rows(models[0][1], title, *made),))
