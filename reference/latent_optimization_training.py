"""Latent optimisation: training a decoder together with a q(z) for every single image."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reference.classifier import _seeded
from reference.latent_optimization import init_latents, latent_objective
from reference.networks import Decoder

_BATCH_SIZE = 64


def train_latent_optimization(
    images: Float[Tensor, "N D"],
    *,
    latent_dim: int,
    epochs: int,
    decoder_lr: float = 1e-3,
    latent_lr: float = 1e-2,
    device: str,
    seed: int,
) -> tuple[nn.Module, Float[Tensor, "N {latent_dim}"], Float[Tensor, "N {latent_dim}"], dict[str, Any]]:
    r"""Train a decoder and, without any encoder, the mean and the log-variance of q(z) of every image.

    .. math::
        \min_{G,\, \boldsymbol{\mu}_1, \mathbf{r}_1, \dots, \boldsymbol{\mu}_N, \mathbf{r}_N} \; \frac{1}{N} \sum_{n=1}^{N} \Bigl(
        \bigl\| \mathbf{x}_n - G(\boldsymbol{\mu}_n + \boldsymbol{\sigma}_n \odot \boldsymbol{\epsilon}_n) \bigr\|_2^2
        + \operatorname{KL}\bigl(\mathcal{N}(\boldsymbol{\mu}_n, \operatorname{diag}(\boldsymbol{\sigma}_n^2)) \,\|\,
        \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr) \Bigr),
        \qquad \mathbf{r}_n = \log \boldsymbol{\sigma}_n^2

    This is what `latent_objective` computes: the squared error is summed over the pixels and the KL over the latent variables, neither is
    averaged. (HUJI's section 3.2 averages both. With its 200 latent variables that is another weight; with ten the KL would weigh 78 times
    as much, and z would say nothing.) Whether you sum or average over the images of a batch is up to you, as are network and optimiser.

    Row n of `mean` and `log_var` belongs to image n, in the order of `images`: in a shuffled batch it is found by the image's own index,
    not by its place in the batch. The parameters of q start at random (`init_latents`) and are learnt like weights. Each row is in one
    batch of an epoch only, so they have a learning rate of their own, ten times that of the decoder: two parameter groups of Adam, or two
    optimisers. Visit all images once per epoch, in batches of 64, say: with all images in one batch an epoch is a single step, and a
    hundred epochs teach the decoder little.

    The decoder is a `torch.nn.Module`: `decoder(z)` gives the images' means, shape (B, D), to be compared with the pixels as they are. All
    that it has learnt is in its `state_dict()`; with `load_state_dict` it goes into an untrained decoder (`epochs=0`) somewhere else. So
    the grader measures your model: it charges the KL, draws z itself, and another process, with nothing but the weights, decodes.

    Args:
        images: training images in [0, 1], shape (N, D).
        latent_dim: how many latent variables M.
        epochs: number of passes over the images; with 0 an untrained decoder and the initial parameters of q come back.
        decoder_lr: learning rate of the decoder, meant for Adam; where it is next to nothing, the decoder stays as it was.
        latent_lr: learning rate of the means and log-variances; where it is next to nothing, they stay as they were.
        device: where to train, such as `"cpu"` or `"cuda"`.
        seed: makes initial values, order and noise repeatable: the same seed gives the same result on a CPU.

    Returns:
        The decoder, the means and the log-variances, each of shape (N, M), and the history: a dictionary whose list `loss` holds the
        objective of every epoch *per image* (the average over the epoch, or of all images after it).

    Source:
        HUJI 67912 Ex. 1, Q3 and sections 3.1.5, 3.2.
    """
    images = images.to(device)
    order, noise = (torch.Generator(device=where).manual_seed(seed) for where in ("cpu", device))
    with _seeded(seed):
        decoder = Decoder(latent_dim, images.shape[1]).to(device)
    mean, log_var = (nn.Parameter(start.to(device)) for start in init_latents(len(images), latent_dim, order))
    groups = [{"params": decoder.parameters(), "lr": decoder_lr}, {"params": [mean, log_var], "lr": latent_lr}]
    optimizer = torch.optim.Adam(groups)
    losses = []
    for _ in range(epochs):
        total = torch.zeros((), device=device)
        for rows in torch.randperm(len(images), generator=order).to(device).split(_BATCH_SIZE):  # type: ignore[no-untyped-call]
            loss = latent_objective(images[rows], mean[rows], log_var[rows], decoder, noise)
            optimizer.zero_grad()
            (loss / len(rows)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach()
        losses.append(total.item() / len(images))
    return decoder.eval(), mean.detach(), log_var.detach(), {"loss": losses}
