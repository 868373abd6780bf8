"""Training a VAE with two levels of latent variables."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


def train_hierarchical_vae(
    images: Float[Tensor, "N D"],
    *,
    latent_dim: int,
    top_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> tuple[nn.Module, dict[str, Any]]:
    r"""Train a VAE with two levels of latent variables on binary images, and follow both of its KL terms.

    .. math::
        \text{bound} = \mathbb{E}_{q(\mathbf{z}_1 \mid \mathbf{x})\, q(\mathbf{z}_2 \mid \mathbf{z}_1)} \Bigl[
        \log p(\mathbf{x} \mid \mathbf{z}_1)
        - \log \frac{q(\mathbf{z}_1 \mid \mathbf{x})}{p(\mathbf{z}_1 \mid \mathbf{z}_2)}
        - \operatorname{KL}\bigl(q(\mathbf{z}_2 \mid \mathbf{z}_1) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr) \Bigr]

    This is the bound of `hierarchical_elbo`, with one draw of z₁ and of z₂ for every image in every step. The images are visited once per
    epoch in a random order, `batch_size` at a time; the last batch may be smaller, and counts too. Networks and optimiser are your choice.

    The model is a `torch.nn.Module` with four parts, which may be methods or modules: `model.q1(x)`, `model.q2(z1)` and `model.p1(z2)` give
    the mean and the log-variance of q(z₁ | x), q(z₂ | z₁) and p(z₁ | z₂); `model.decoder(z1)` gives the Bernoulli logits of p(x | z₁).
    All that was learnt is in its `state_dict()`: with `load_state_dict` it goes into an untrained model (`epochs=0`) somewhere else, and
    must then compute as before. That is how the grader measures your bound: one process computes q, another one p.

    Args:
        images: training images, zeros and ones, shape (N, D).
        latent_dim: how many latent variables z₁ has, M1.
        top_dim: how many latent variables z₂ has, M2.
        epochs: number of passes over the images; with 0 an untrained model comes back.
        batch_size: number of images per step; N need not be a multiple of it, nor as large.
        learning_rate: step size of the optimiser, meant for Adam and a loss in nats per image.
        device: where to train, such as `"cpu"` or `"cuda"`.
        seed: makes initial weights, order and noise repeatable: the same seed gives the same model on a CPU.

    Returns:
        The trained model, and the history: a dictionary with three lists of one number per epoch, in nats per image, averaged over the
        epoch or of the training images after it: `elbo`, the bound; `kl_1`, the average of log q(z₁ | x) − log p(z₁ | z₂); `kl_2`, that
        of KL(q(z₂ | z₁) ‖ N(0, I)). It is no mistake if the upper level tells nothing, and `kl_2` falls to 0.

    Source:
        Uppsala VAE lab, 4.4 (NVAE, in small); DTU 02460 week 1, exercise 1.3.
    """
    raise NotImplementedError
