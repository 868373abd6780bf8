"""Toronto 4(b)(e): a completed image beside the original, by `fit_top_posterior` and `complete_image`."""

import torch

from autograder.training.easel import Drawn, Easel
from tests.figures.shared import codes, fitted, rows, upper_half

CLASSES = (2, 3, 4, 7)


def draw(easel: Easel) -> Drawn:
    """Return some held-out images, and below each the same with a half of it completed."""
    model = easel.trained("train_vae")
    images = [upper_half(model, class_)[1] for class_ in CLASSES]
    latent_dim, decoder = codes(model, images[0][None]).shape[1], model.part("decode")
    completed = []
    for image in images:
        mean, log_var = fitted(model, image, decoder, latent_dim)
        half = image[: len(image) // 2]
        completed.append(model.value("complete_image", x_top=half, mean=mean, log_var=log_var, decoder=decoder))
    title = (
        "held-out images, and below each what `complete_image` makes of one half of it with q of `fit_top_posterior` and your trained "
        "decoder (your model is trained on turned images, so the half that is given need not be the upper one here)"
    )
    return Drawn(grids=(rows(model, title, torch.stack(images), torch.stack(completed)),))
