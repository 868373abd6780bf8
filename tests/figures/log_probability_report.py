"""HUJI Q4: an image of each digit with its log-probability."""

from autograder.training.easel import Drawn, Easel
from tests.figures.shared import one_of_each, rows, test_labels

SAMPLES = 1000


def draw(easel: Easel) -> Drawn:
    """Return the images; their log-probabilities, which the grader estimates with the trained model, stand in the title."""
    model = easel.trained("train_vae")
    run = model.run
    images = run.test_images[one_of_each(test_labels(model))]
    estimates = run.log_likelihood(model.student, model.handle, images, SAMPLES, easel.generator)
    said = ", ".join(f"{value:.0f}" for value in estimates.tolist()).replace("-", "\N{MINUS SIGN}")
    title = f"held-out images; their log p(x) under your trained model by {SAMPLES:,} importance samples of the grader: {said} nats"
    return Drawn(grids=(rows(model, title, images),))
