"""Latent optimisation: what students can check themselves, in seconds and without any data."""

import torch

from autograder.authoring import Case, CheckFailed, FailureKind, check
from autograder.sandbox.questions import Question
from tests.public.histories import numbers
from tests.public.latent_optimization_training.evidence import Fit, divergence, mistake_in_learning, squares

AT_MOST = 10.0


def stripes(n: int, seed: int):
    """Return n images of 144 pixels: one row in three or one column in three is white, and all pixels are a little off."""
    generator = torch.Generator().manual_seed(seed)
    place, across = torch.randint(0, 3, (n,), generator=generator), torch.randint(0, 2, (n,), generator=generator)
    lines = (torch.arange(12)[None, :] % 3 == place[:, None]).float()
    size = (n, 12, 12)
    images = torch.where(across[:, None, None] == 1, lines[:, None, :].expand(size), lines[:, :, None].expand(size))
    return (0.1 + 0.7 * images + 0.2 * torch.rand(size, generator=generator)).reshape(n, 144)


@check("train_latent_optimization", "learns")
def test_learns(student):
    """It learns something very simple: 300 images of 144 pixels that hold one of six patterns. Squared error plus KL is 16 per image where
    the decoder knows no more than their mean, and 5 once the rows say which pattern it is: at most 10 is needed.
    """
    images = stripes(300, seed=1)
    settings = {"latent_dim": 4, "epochs": 100, "decoder_lr": 3e-3, "latent_lr": 3e-2, "device": "cpu", "seed": 0}
    case = Case("train_latent_optimization", {"images": images} | settings)

    def train(images, **changes):
        made = case.but(images=images, **changes)
        decoder, mean, log_var, history = student.value(made, finite=False, seconds=60.0)

        def decode(z):
            value = student.ask_handle(Question(decoder, [z], evaluate=True), "the decoder").value
            right = isinstance(value, torch.Tensor) and value.shape[:1] == z.shape[:1] and value.numel() == 144 * len(z)
            student.require(right, made, "`decoder(z)` returns images of shape (B, 144) for z of shape (B, M)")
            return value.reshape(-1, 144)

        return Fit(decode, mean, log_var, numbers(history, "loss"))

    fit = train(images)
    error, kl = squares(fit, images, (fit.log_var / 2).exp()), divergence(fit.mean, fit.log_var)
    if not error + kl <= AT_MOST:
        try:
            mistake, evidence = mistake_in_learning(train, fit, images, settings["epochs"])
        except CheckFailed:  # of another training, which is not what this is about
            mistake, evidence = "", ""
        message = (
            f"after 100 epochs squared error plus KL is {error + kl:.1f} per image (squared error {error:.1f}, KL {kl:.1f}); at most "
            f"{AT_MOST:g} is needed"
        )
        help_text = evidence or (
            "Means, log-variances and decoder are all given to an optimiser; row n belongs to image n; the squared error is summed over "
            "the pixels."
        )
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, evidence=student.evidence(case), mistake=mistake)
