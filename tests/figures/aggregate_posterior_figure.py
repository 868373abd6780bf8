"""DTU 1.5: one sample of q(z | x) for each image, by `posterior_samples` and `project_2d`."""

from autograder.training.easel import Drawn, Easel, NotDrawn
from autograder.training.models import MOST_TEST_IMAGES
from autograder.training.pictures import scatter
from tests.figures.linear import encoder
from tests.figures.shared import test_labels


def draw(easel: Easel) -> Drawn:
    """Return them by digit, from the trained model, or from a linear one where none was trained."""
    try:
        model = easel.trained("train_vae")
    except NotDrawn:
        x = easel.images.test_images[:MOST_TEST_IMAGES].flatten(1)
        labels, of = easel.images.test_labels[:MOST_TEST_IMAGES], "a linear encoder of the grader (probabilistic PCA)"
        z = easel.value("posterior_samples", x=x, encoder=encoder(easel.images.images))
        plane = easel.value("project_2d", z=z)
    else:
        labels, of = test_labels(model), "your trained encoder"
        z = model.value("posterior_samples", x=model.run.test_images, encoder=model.part("encode"))
        plane = model.value("project_2d", z=z)
    return Drawn(
        scatters=(
            scatter(f"`project_2d` of `posterior_samples` of held-out images by digit, with {of}", plane, labels),
        )
    )
