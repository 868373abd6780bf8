"""Toronto 3(a): two rows of ten, made by the submission's `ancestral_sample` with its own trained decoder."""

from autograder.training.easel import Drawn, Easel
from tests.figures.shared import COLUMNS, codes, rows


def draw(easel: Easel) -> Drawn:
    """Return Bernoulli means, and below each a binary sample of the same z."""
    model = easel.trained("train_vae")
    latent_dim = codes(model, model.run.test_images[:1]).shape[1]
    means, images = model.value("ancestral_sample", n=COLUMNS, decoder=model.part("decode"), latent_dim=latent_dim)
    title = (
        "`ancestral_sample` with your trained decoder: Bernoulli means, and below each a binary sample of the same z"
    )
    return Drawn(grids=(rows(model, title, means, images),))
