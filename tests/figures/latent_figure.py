"""Toronto 3(b): where images lie among the latent variables."""

from autograder.training.easel import Drawn, Easel
from autograder.training.pictures import scatter
from tests.figures.shared import codes, test_labels


def draw(easel: Easel) -> Drawn:
    """Return the means of q(z | x) of held-out images by class."""
    model = easel.trained("train_vae")
    z = codes(model, model.run.test_images)
    plane = "" if z.shape[1] == 2 else ", in the plane of their first two principal components"
    return Drawn(
        scatters=(scatter(f"means that your model encodes held-out images to, by digit{plane}", z, test_labels(model)),)
    )
