"""Training a VAE: with a Gaussian prior or a mixture of Gaussians, for binary images and for grey ones."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


def train_vae(
    images: Float[Tensor, "N D"],
    *,
    latent_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    prior: str = "normal",
    likelihood: str = "bernoulli",
    n_components: int = 10,
    device: str,
    seed: int,
    snapshot_epochs: tuple[int, ...] = (),
) -> tuple[nn.Module, dict[str, Any]]:
    r"""Train a VAE and follow its evidence lower bound.

    .. math::
        \hat{\theta}, \hat{\phi} = \arg\max_{\theta, \phi} \; \frac{1}{N} \sum_{n=1}^{N}
        \Bigl( \mathbb{E}_{q_{\phi}(\mathbf{z} \mid \mathbf{x}_n)} \bigl[ \log p_{\theta}(\mathbf{x}_n \mid \mathbf{z}) \bigr]
        - \operatorname{KL}\bigl(q_{\phi}(\mathbf{z} \mid \mathbf{x}_n) \,\|\, p(\mathbf{z})\bigr) \Bigr)

    The images are visited once per epoch in a random order, `batch_size` at a time; the last batch may be smaller, and counts too. The
    networks and the optimiser are your choice; one hidden layer of 500 units and Adam will do.

    The model is a `torch.nn.Module` with two methods: `model.encode(x)` gives the mean and the log-variance of q(z | x), each of shape
    (B, M); `model.decode(z)` gives the Bernoulli logits, or the mean of a Gaussian, shape (B, D), before any noise. All that was learnt is
    in its `state_dict()`: with `load_state_dict` it goes into an untrained model (`epochs=0`) somewhere else, and must then decode as
    before. That is how the grader measures your ELBO: one process encodes, another one decodes.

    - `likelihood="bernoulli"`: p(x | z) of binary pixels. `"gaussian"`: of grey ones, with a variance that you fix (HUJI: σ = 0.4).
      `"gaussian_learned"`: the variance is learnt with the rest, one for all pixels or one for each. `"continuous_bernoulli"`: of grey
      pixels in [0, 1].
    - `prior="normal"`: N(0, I). `prior="mixture"`: a mixture of `n_components` Gaussians whose means, variances and weights are learnt with
      the rest, and which belongs to the model; the KL then has no closed form, and is estimated at the sample of z.

    Args:
        images: training images in [0, 1], shape (N, D): zeros and ones where the likelihood is Bernoulli.
        latent_dim: how many latent variables M.
        epochs: number of passes over the images; with 0 an untrained model comes back.
        batch_size: number of images per step; N need not be a multiple of it, nor as large.
        learning_rate: step size of the optimiser, meant for Adam and a loss in nats per image.
        prior: `"normal"` or `"mixture"`.
        likelihood: `"bernoulli"`, `"gaussian"`, `"gaussian_learned"` or `"continuous_bernoulli"`.
        n_components: how many components the mixture has.
        device: where to train, such as `"cpu"` or `"cuda"`.
        seed: makes initial weights, order and noise repeatable: the same seed gives the same model on a CPU.
        snapshot_epochs: after which epochs, counted from 1, the weights are kept for pictures.

    Returns:
        The trained model, and the history: a dictionary whose list `elbo` holds the bound of every epoch in nats per image (the average
        over the epoch, or of the training images after it), and, where `snapshot_epochs` asks for any, `snapshots`: for every such epoch a
        *copy* of the `state_dict` as it was then.

    Source:
        Toronto STA414 A3, 2(e); DTU 02460 week 1, exercises 1.5-1.7; HUJI 67912 Ex. 1, Q1 and Q2; Uppsala VAE lab, 4.3.
    """
    raise NotImplementedError
