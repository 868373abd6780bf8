"""What the numbers of a trained VAE prove of how it was trained."""

import torch
from torch import Tensor

COLLAPSED = 0.5
"""Nats of divergence: less says nothing of an image."""


def mistake_in_learning(
    said: list[float], epochs: int, likelihood: float, divergence: float, at_mean: float, decoded: Tensor
) -> tuple[str, str]:
    """Return the name of what keeps a model from a good bound and the evidence for it, where there is any; empty texts otherwise.

    Args:
        said: What the history calls the bound, epoch by epoch.
        epochs: How many were asked for.
        likelihood: Mean of log p(x | z) over images, z drawn from q(z | x), in nats.
        divergence: Mean KL(q(z | x) || p(z)) in nats.
        at_mean: Mean of log p(x | z) where z is the mean of q(z | x).
        decoded: What `decode` returned, shape (..., D).
    """
    if bool(((decoded >= 0) & (decoded <= 1)).all()):
        evidence = "All that `decode` returns lies between 0 and 1: these are probabilities; logits are asked for."
        return "probabilities_decoded", evidence
    if len(said) == 1 < epochs:
        return "one_epoch_only", f"The history holds one epoch, {epochs} were asked for."
    finite = bool(said) and bool(torch.tensor(said).isfinite().all())
    last = said[-1] if finite else float("nan")  # which is close to nothing
    near = 0.35 * abs(last) + 2.0  # the history is of training images, and may be an average over the last epoch
    if divergence > near and abs(likelihood + divergence - last) < 0.1 * divergence:
        return (
            "kl_of_the_wrong_sign",
            "What the history calls the ELBO is the log-likelihood plus the KL: it is to be minus.",
        )
    if divergence > near and abs(likelihood - last) < near:
        evidence = "What the history calls the ELBO is the log-likelihood alone: the KL is not paid for, and grows without bounds."
        return "kl_missing", evidence
    if at_mean - likelihood > near and abs(at_mean - divergence - last) < near:
        evidence = (
            "The history agrees with what the model reaches where z is the mean of q(z | x): in training no noise is added, "
            "so the decoder does not know it."
        )
        return "noise_missing", evidence
    if divergence < COLLAPSED:
        evidence = (
            f"The KL is {divergence:.2f} nats: z says nothing of the image (posterior collapse). A reconstruction term that is averaged "
            "over pixels while the KL is summed does that."
        )
        per_pixel = likelihood / decoded.shape[-1]
        averaged = abs(last - per_pixel) < 0.2 * abs(per_pixel)
        return "reconstruction_averaged" if averaged else "", evidence
    return "", ""
