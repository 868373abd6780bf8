"""What trainings prove of how a decoder and its rows of q(z) were learnt: asked where the objective of one of them is too large."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

COLLAPSED = 1.5
"""Nats of divergence: hardly more than what a few images are told with."""
NEXT_TO_NOTHING = 1e-12
"""A learning rate with which nothing moves; not every optimiser takes 0."""
FEW = {"latent_dim": 5, "epochs": 400, "decoder_lr": 3e-3, "latent_lr": 3e-2}
"""What is enough to learn ten images by heart."""


@dataclass(frozen=True)
class Fit:
    """What a training returned.

    Attributes:
        decode: The decoder: z (B, M) -> images (B, D).
        mean, log_var: The rows, each of shape (N, M).
        said: What the history calls the loss, epoch by epoch.
    """

    decode: Callable[[torch.Tensor], torch.Tensor]
    mean: torch.Tensor
    log_var: torch.Tensor
    said: list[float]


def squares(fit: Fit, images: torch.Tensor, deviation: torch.Tensor | float) -> float:
    """Return the squared error of an image, on average, with z = mean + deviation · ε."""
    noise = torch.randn(fit.mean.shape, generator=torch.Generator().manual_seed(3), dtype=fit.mean.dtype)
    return float(((fit.decode(fit.mean + deviation * noise) - images) ** 2).sum(dim=-1).mean())


def divergence(mean: torch.Tensor, log_var: torch.Tensor) -> float:
    """Return KL(N(mean, exp(log_var)) || N(0, I)) of an image, on average."""
    return float(0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=-1).mean())


def mistake_in_learning(train: Callable[..., Fit], fit: Fit, images: torch.Tensor, epochs: int) -> tuple[str, str]:
    """Return the name of what keeps the objective from being small and the evidence for it, where there is any; empty texts otherwise.

    Args:
        train: `train(images, **settings)` makes another training; settings that are not given are those of `fit`.
        fit: What came out of the training that is to be explained.
        images: Its images, shape (N, D).
        epochs: How many were asked for.
    """
    if len(fit.said) == 1 < epochs:
        return "one_epoch_only", f"The history holds one epoch, {epochs} were asked for."
    found = mistake_in_rows(train(images, epochs=0), fit, images)
    if not found[0]:
        found = mistake_in_objective(fit, images)
    if not found[0]:
        few = images[:40]
        found = mistake_in_rates(lambda **settings: train(few, **settings | {"epochs": settings.get("epochs", 2)}))
    return found if found[0] else rows_by_position(train, fit, images)


def mistake_in_rows(start: Fit, fit: Fit, images: torch.Tensor) -> tuple[str, str]:
    """Return what did not move between the start and the end of a training, or whose rows stand in another's place."""
    touched = ((fit.mean != start.mean) | (fit.log_var != start.log_var)).any(dim=1)
    moved = not torch.allclose(start.decode(fit.mean), fit.decode(fit.mean), atol=1e-5)
    if not touched.any() and not moved:
        return "no_update", "After all epochs the decoder and the rows are those of an untrained model."
    if not touched.any():
        return "latents_not_learnt", "After all epochs `mean` and `log_var` are what they were at the start."
    if not moved:
        return "decoder_not_learnt", "After all epochs the decoder is what it was at the start."
    bare = float(images.var(dim=0, correction=0).sum())
    distances = torch.cdist(images.to(fit.mean.dtype), fit.decode(fit.mean).to(fit.mean.dtype)) ** 2
    own, best = distances.diagonal(), distances.min(dim=1).values
    if int(touched.sum()) <= len(touched) // 2:
        counted = (
            f"{int((~touched).sum())} of {len(touched)} rows of `mean` and `log_var` are what they were at the start"
        )
        if float(own[touched].mean()) < 0.5 * bare:
            return "images_left_out", f"{counted}: their images are never learnt from."
        return "rows_by_position", f"{counted}, and the others are not those of their images."
    if float(best.mean()) < 0.5 * bare < bare < float(own.mean()):
        evidence = (
            "The images are decoded well, but from rows of other images: the rows are in another order than `images`."
        )
        return "rows_of_another_order", evidence
    return "", ""


def mistake_in_objective(fit: Fit, images: torch.Tensor) -> tuple[str, str]:
    """Return what the history proves to have been minimised in place of the objective."""
    error, at_mean = squares(fit, images, (fit.log_var / 2).exp()), squares(fit, images, 0.0)
    kl, (n, pixels), latents = divergence(fit.mean, fit.log_var), images.shape, fit.mean.shape[1]
    wide = squares(fit, images, fit.log_var.exp())
    objective, lasts = error + kl, [fit.said[-1], fit.said[-1] / n] if fit.said else []

    def held(value: float) -> bool:
        """Whether the history ends in this value, and not in the objective."""
        return any(abs(last - value) < min(0.12 * abs(value), 0.4 * abs(last - objective)) for last in lasts)

    if fit.said and min(fit.said) < 0:
        return (
            "kl_of_the_wrong_sign",
            "The loss of the history falls below 0, which squared error plus KL can never be.",
        )
    if at_mean < 0.6 * error and held(at_mean + kl):
        evidence = (
            "The history agrees with what the decoder reaches where z is the mean of q(z): in training no noise is added, so the decoder "
            "does not know it."
        )
        return "noise_missing", evidence
    as_log_std = wide + divergence(fit.mean, 2 * fit.log_var)
    if (as_log_std < 0.97 * objective and held(as_log_std)) or (wide < 0.85 * error and held(wide + kl)):
        evidence = (
            "The history agrees with what comes of it if exp(`log_var`) is the standard deviation in training: log_var is the logarithm of "
            "the variance, so the standard deviation is exp(log_var / 2)."
        )
        return "log_var_as_log_std", evidence
    if kl > 0.5 * objective and held(error):
        evidence = (
            "What the history calls the loss is the squared error alone: the KL is not paid for, and z tells too much."
        )
        return "kl_missing", evidence
    if kl < COLLAPSED and any(held(value) for value in (error / pixels + kl / latents, error / pixels + kl)):
        evidence = (
            f"The KL is {kl:.2f} nats: z says nothing of the image. The history holds a squared error that is averaged over the pixels, "
            "and the KL beside it weighs too much."
        )
        return "error_averaged", evidence
    return "", ""


def mistake_in_rates(train: Callable[..., Fit]) -> tuple[str, str]:
    """Return what moves although its learning rate is next to nothing."""
    start, slow_rows = train(epochs=0), train(latent_lr=NEXT_TO_NOTHING)
    if torch.allclose(start.mean, slow_rows.mean, atol=1e-5) and torch.allclose(
        start.log_var, slow_rows.log_var, atol=1e-5
    ):
        return "", ""
    if torch.allclose(start.decode(start.mean), slow_rows.decode(start.mean), atol=1e-5):
        evidence = f"With `latent_lr={NEXT_TO_NOTHING:g}` the decoder stays as it was, and the rows of q(z) change."
        return "learning_rates_swapped", evidence
    return "latent_lr_ignored", f"With `latent_lr={NEXT_TO_NOTHING:g}` the rows of q(z) change all the same."


def rows_by_position(train: Callable[..., Fit], fit: Fit, images: torch.Tensor) -> tuple[str, str]:
    """Return whether rows belong to no image in particular: one image alone is learnt, of ten none is told from the others."""
    if divergence(fit.mean, fit.log_var) > COLLAPSED:
        return "", ""
    bare = float(images.var(dim=0, correction=0).sum())
    one, ten = (train(images[:n], **FEW) for n in (1, 10))
    distances = torch.cdist(images[:10].to(ten.mean.dtype), ten.decode(ten.mean).to(ten.mean.dtype))
    own = distances.diagonal().clone()
    nearest = float((own < distances.fill_diagonal_(torch.inf).min(dim=1).values).double().mean())
    if squares(one, images[:1], 0.0) > 0.3 * bare or nearest > 0.4:
        return "", ""
    evidence = (
        "An image by itself is learnt; ten images are not told from each other. Rows that are found by the place in a shuffled batch see "
        "another image in every epoch."
    )
    return "rows_by_position", evidence
