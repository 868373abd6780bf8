"""Training a VAE: with a Gaussian prior or a mixture of Gaussians, for binary images and for grey ones."""

import math
from collections.abc import Iterable
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reference.classifier import _seeded
from reference.densities import (
    bernoulli_log_density,
    continuous_bernoulli_log_density,
    gaussian_log_density,
    mixture_log_density,
    sample_gaussian,
)
from reference.divergences import kl_standard_normal
from reference.networks import Decoder, Encoder

_FIXED_LOG_VAR = 2 * math.log(0.4)
"""Of a pixel, where its variance is not learnt: the σ_p = 0.4 of HUJI."""
_PRIORS, _LIKELIHOODS = (
    ("normal", "mixture"),
    ("bernoulli", "gaussian", "gaussian_learned", "continuous_bernoulli"),
)


class _VAE(nn.Module):
    """Encoder, decoder, and what else is learnt: the mixture of the prior, and the variance of a pixel."""

    def __init__(self, data_dim: int, latent_dim: int, prior: str, likelihood: str, n_components: int) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(data_dim, latent_dim), Decoder(latent_dim, data_dim)
        self.prior, self.likelihood = prior, likelihood
        if prior == "mixture":
            self.weights = nn.Parameter(torch.zeros(n_components))
            self.means = nn.Parameter(torch.randn(n_components, latent_dim))
            self.log_vars = nn.Parameter(torch.zeros(n_components, latent_dim))
        if likelihood == "gaussian_learned":
            self.log_var_x = nn.Parameter(torch.full((), _FIXED_LOG_VAR))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return cast(tuple[Tensor, Tensor], self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(z))

    def elbo(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The bound of every image, shape (B,), with one draw of z."""
        mean, log_var = self.encode(x)
        z = sample_gaussian(mean, log_var, generator)
        if self.prior == "normal":
            divergence = kl_standard_normal(mean, log_var)
        else:
            log_p = mixture_log_density(z, self.weights, self.means, self.log_vars)
            divergence = gaussian_log_density(z, mean, log_var) - log_p
        return self.log_likelihood(x, self.decode(z)) - divergence

    def log_likelihood(self, x: Tensor, decoded: Tensor) -> Tensor:
        """log p(x | z) of every image, shape (B,)."""
        if self.likelihood == "bernoulli":
            return bernoulli_log_density(x, decoded).sum(dim=-1)
        if self.likelihood == "continuous_bernoulli":
            return continuous_bernoulli_log_density(x, decoded).sum(dim=-1)
        log_var = self.log_var_x if self.likelihood == "gaussian_learned" else torch.tensor(_FIXED_LOG_VAR).to(decoded)
        return gaussian_log_density(x, decoded, log_var.expand_as(decoded))


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
    if prior not in _PRIORS or likelihood not in _LIKELIHOODS:
        raise ValueError(f"prior is one of {_PRIORS}, likelihood one of {_LIKELIHOODS}")
    images = images.to(device)
    order, noise = (torch.Generator(device=where).manual_seed(seed) for where in ("cpu", device))
    with _seeded(seed):
        model = _VAE(images.shape[1], latent_dim, prior, likelihood, n_components).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history: dict[str, Any] = {"elbo": []}
    snapshots = {}
    for epoch in range(1, epochs + 1):
        total = torch.zeros((), device=device)
        for batch in torch.randperm(len(images), generator=order).to(device).split(batch_size):  # type: ignore[no-untyped-call]
            bound = model.elbo(images[batch], noise).mean()
            optimizer.zero_grad()
            (-bound).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += bound.detach() * len(batch)
        history["elbo"].append(total.item() / len(images))
        if epoch in snapshot_epochs:
            snapshots[epoch] = _copy(model.state_dict().items())
    return model.eval(), history | ({"snapshots": snapshots} if snapshot_epochs else {})


def _copy(weights: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in weights}
