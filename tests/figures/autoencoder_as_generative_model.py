"""Lab 1, 0.7: images decoded from a mixture of Gaussians fitted to codes, by `fit_latent_mixture` and `sample_latent_mixture`."""

from autograder.training.easel import Drawn, Easel
from autograder.training.pictures import grid
from tests.figures.shared import COLUMNS

COMPONENTS = 10


def draw(easel: Easel) -> Drawn:
    """Return samples of the trained autoencoder with the submission's own mixture."""
    model = easel.trained("train_autoencoder")
    run = model.run
    codes = run.encode(model.student, model.handle, run.images)
    weights, means, covariances = easel.value("fit_latent_mixture", codes=codes, n_components=COMPONENTS, seed=1)
    arguments = {"weights": weights, "means": means, "covariances": covariances}
    made = model.value(
        "sample_latent_mixture",
        n=2 * COLUMNS,
        **{name: value.float() for name, value in arguments.items()},
        decoder=model.part("decode"),
    )
    title = f"`sample_latent_mixture`: your trained decoder, and {COMPONENTS} components that `fit_latent_mixture` fits to codes"
    return Drawn(grids=(grid(title, run.upright(made), COLUMNS),))
