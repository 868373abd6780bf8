"""Training a classifier: what students can check themselves, in seconds and without any data."""

import torch

from autograder.authoring import Case, check
from autograder.sandbox.questions import Question

EPOCHS = 6
RATES = (0.003, 0.03, 0.0005)
"""What Adam needs, and what plain SGD does."""


def patches(n: int, seed: int):
    """Return n grey images (n, 1, 28, 28) with one bright patch of 7 × 7 pixels each, and where it is: ten places, a class for each."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (n,), generator=generator)
    images = 0.2 * torch.rand(n, 1, 28, 28, generator=generator)
    for image, label in zip(images, labels.tolist(), strict=True):
        row, column = 7 * (label // 4), 7 * (label % 4)
        image[0, row : row + 7, column : column + 7] += 0.8
    return images, labels


@check("train_classifier", "learns")
def test_learns(student):
    """It learns something very simple: of 160 grey images with one bright 7 × 7 patch each, in one of ten places, the trained model
    says the place of at least 90 % of 100 others after six epochs: at a learning rate of 0.003, or of 0.03, as plain SGD needs it, or of
    0.0005, where the optimiser scales it up itself.
    """
    images, labels = patches(160, seed=1)
    others, places = patches(100, seed=2)
    arguments = {"images": images, "labels": labels, "val_images": others[:40], "val_labels": places[:40]}
    shares = []
    for rate in RATES:
        settings = {"epochs": EPOCHS, "batch_size": 10, "learning_rate": rate, "device": "cpu", "seed": 0}
        case = Case("train_classifier", arguments | settings)
        model, _ = student.value(case, finite=False, seconds=60.0)
        answer = student.ask_handle(Question(model, [others], seconds=60.0, evaluate=True), "the trained model").value
        right = isinstance(answer, torch.Tensor) and tuple(answer.shape) == (100, 10)
        student.require(right, case, "the trained model maps 100 images to logits of shape (100, 10)")
        shares.append(float((answer.argmax(-1) == places).double().mean()))
        if shares[-1] >= 0.9:
            return
    message = f"after {EPOCHS} epochs at most {max(shares):.0%} of 100 new images are recognised, 90 % are needed"
    help_text = (
        "Every epoch: zero_grad, loss on logits, backward, step, for every batch. Does the model see all pixels?"
    )
    student.require(False, case, message, help=help_text)
