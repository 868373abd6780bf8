"""Uppsala 4.2: samples of probabilistic PCA, by `ppca_fit` and `ppca_sample`."""

from autograder.training.easel import Drawn, Easel
from autograder.training.pictures import grid
from tests.figures.shared import COLUMNS

COMPONENTS, FEW = 20, 2000


def draw(easel: Easel) -> Drawn:
    """Return samples of a model that the submission fits to images."""
    images = easel.images.images[:FEW]
    W, mu, sigma2 = easel.value("ppca_fit", X=images.flatten(1).double(), n_components=COMPONENTS)
    samples = easel.value("ppca_sample", n=2 * COLUMNS, W=W, mu=mu, sigma2=sigma2)
    title = f"`ppca_sample` of what `ppca_fit` makes of {len(images):,} images, {COMPONENTS} components"
    return Drawn(grids=(grid(title, samples.reshape(-1, *images.shape[-2:]), COLUMNS),))
