"""What decoded images, and the weights after short trainings, prove of how an autoencoder was trained."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

MUCH, LITTLE = 0.45, 0.3
"""Shares of the variance of pixels: what is read as something else must explain much of it, and as it is it explains little."""


def squared_error(images: Tensor, decoded: Tensor) -> float:
    """Return the squared error of an image, summed over pixels, on average over images; both of shape (N, D)."""
    return float((images.double() - decoded.double()).square().sum(dim=-1).mean())


def explained_variance(images: Tensor, decoded: Tensor) -> float:
    """Return the share of the variance of pixels that goes away: 1 where nothing is left, 0 for the mean image, less for what is worse."""
    return 1 - squared_error(images, decoded) / squared_error(images, images.mean(dim=0, keepdim=True))


def mistake_in_reconstruction(images: Tensor, decoded: Tensor, said: list[float]) -> tuple[str, str]:
    """Return the name of what keeps decoded images from being the images and the evidence for it; empty texts where nothing proves one.

    Args:
        images: What was encoded, shape (N, D), in [0, 1].
        decoded: What was decoded, shape (N, D).
        said: What the history calls the loss, epoch by epoch.
    """
    images, decoded = images.double(), decoded.double()
    if explained_variance(images, decoded) >= LITTLE:
        return "", ""
    if _takes_sigmoid_twice(images, decoded, said):
        evidence = (
            "The last loss in the history is the cross-entropy of the sigmoid of what `decode` returns, but this lies between 0 and 1 "
            "already: the loss takes the sigmoid of probabilities."
        )
        return "sigmoid_twice", evidence
    readings = {
        "logits_decoded": (images, torch.sigmoid(decoded), "the sigmoid of what `decode` returns: these are logits"),
        "decoded_from_minus_one": (images, (decoded + 1) / 2, "(1 + y) / 2 of the y that `decode` returns"),
        "decoded_to_255": (images, decoded / 255, "what `decode` returns, divided by 255"),
        "images_binarized": (
            (images > 0.5).double(),
            decoded,
            "what `decode` returns, of the images in black and white",
        ),
    }
    shares = {name: explained_variance(target, read) for name, (target, read, _) in readings.items()}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] < MUCH:
        return "", ""
    evidence = f"{shares[best]:.0%} of the variance of pixels is explained by {readings[best][2]}."
    return best, evidence + " Pixel values of the grey images between 0 and 1 are asked for."


def _takes_sigmoid_twice(images: Tensor, decoded: Tensor, said: list[float]) -> bool:
    """Whether the loss is the cross-entropy of the sigmoid of probabilities, per pixel or per image, and not that of probabilities."""
    if not said or not bool(((decoded >= 0) & (decoded <= 1)).all()):
        return False
    twice = float(binary_cross_entropy_with_logits(decoded, images))
    once = float(binary_cross_entropy_with_logits(torch.logit(decoded, eps=1e-7), images))
    scale = images.shape[1] if abs(said[-1]) > 10 else 1
    return abs(said[-1] / scale - twice) < 0.03 * twice and abs(once - twice) > 0.1 * twice


def mistake_in_loop(same_of_others: tuple[bool, bool], same_of_more: bool) -> str:
    """Return the name of what two trainings of one epoch prove that differ in their images alone, and a third one of two epochs.

    Args:
        same_of_others: Whether the two encode the same images to the same codes, and decode the same codes to the same images.
        same_of_more: Whether two epochs make the same model as one.
    """
    if all(same_of_others):
        return "no_update"
    if any(same_of_others):
        return "encoder_not_trained" if same_of_others[0] else "decoder_not_trained"
    return "epochs_ignored" if same_of_more else ""
