"""Training a deterministic autoencoder: an encoder and a decoder with a bottleneck between them."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reference.classifier import _seeded

_HIDDEN, _BATCH, _RATE = 256, 64, 1e-3


class _Autoencoder(nn.Module):
    """One hidden layer on either side of the bottleneck; the codes themselves are linear, so that no unit of theirs can die."""

    def __init__(self, data_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(data_dim, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, data_dim))

    def encode(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(z))


def train_autoencoder(
    images: Float[Tensor, "N D"], *, latent_dim: int, epochs: int, device: str, seed: int
) -> tuple[nn.Module, dict[str, Any]]:
    r"""Train an autoencoder: its encoder makes a short code of an image, and its decoder makes the image of the code again.

    .. math::
        \hat{\theta}, \hat{\phi} = \arg\min_{\theta, \phi} \; \frac{1}{N} \sum_{n=1}^{N}
        \bigl\lVert \mathbf{x}_n - g_{\theta}(f_{\phi}(\mathbf{x}_n)) \bigr\rVert^2

    Nothing is random in it: the code of an image is a point z = f(x), not a distribution, and all that the decoder knows of the image is
    this point of `latent_dim` numbers, the bottleneck. Every epoch visits all images in a random order; the last batch may be smaller, and
    counts too. The networks, the optimiser, its learning rate, the batch size and the loss (squared error or cross-entropy) are your
    choice. One hidden layer of 256 units on either side, batches of 64 and Adam with a learning rate of 0.001 will do.

    The model is a `torch.nn.Module` with two methods: `model.encode(x)` maps images (B, D) to their codes (B, latent_dim), and
    `model.decode(z)` maps codes to images (B, D). These are *pixel values* between 0 and 1 as in `images`, not logits: where the loss
    takes logits, `decode` applies the sigmoid. All that was learnt is in its `state_dict()`: with `load_state_dict` it goes into an
    untrained model (`epochs=0`) somewhere else, and must then decode as before. That is how the grader measures your autoencoder: one
    process encodes held-out images, their codes are rounded to a hundredth of their standard deviation, and another process decodes.
    What is judged is how much of the squared error of the mean image goes away, compared with principal component analysis (PCA) with as
    many components: you can measure that yourself.

    Args:
        images: training images in [0, 1], a row of pixels each, shape (N, D); D = 784 for images of 28 × 28 pixels. N may be smaller than
            a batch.
        latent_dim: how many numbers a code has, 1 or more.
        epochs: number of passes over the images; with 0 an untrained model comes back.
        device: where to train, such as `"cpu"` or `"cuda"`.
        seed: makes initial weights and order repeatable: the same seed gives the same model on a CPU.

    Returns:
        The trained model, and the history: a dictionary whose list `loss` holds one number per epoch, what was minimised, as an average
        over pixels or images or as a sum, as you like.

    Source:
        Lab 1 (Deep Probabilistic Generative Models), 0.3 and 0.7.
    """
    images = images.to(device)
    order = torch.Generator().manual_seed(seed)
    with _seeded(seed):
        model = _Autoencoder(images.shape[1], latent_dim).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    history: dict[str, Any] = {"loss": []}
    for _ in range(epochs):
        total = torch.zeros((), device=device)
        for rows in torch.randperm(len(images), generator=order).to(device).split(_BATCH):  # type: ignore[no-untyped-call]
            x = images[rows]
            loss = (model.decode(model.encode(x)) - x).square().mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach() * len(rows)
        history["loss"].append(total.item() / len(images))
    return model.eval(), history
