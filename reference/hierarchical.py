"""Two levels of latent variables: z₁ above the image, z₂ above z₁."""

import torch
from jaxtyping import Float
from torch import Tensor

from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.types import AnyDecoder, AnyEncoder, Conditional


def hierarchical_terms(
    x: Float[Tensor, "B D"],
    z1: Float[Tensor, "B M1"],
    z2: Float[Tensor, "B M2"],
    q1: AnyEncoder,
    q2: Conditional,
    p1: Conditional,
    decoder: AnyDecoder,
) -> tuple[Float[Tensor, "B"], Float[Tensor, "B"], Float[Tensor, "B"]]:
    r"""The three terms of the bound of a two-level VAE at given samples of both levels, one value per example each.

    .. math::
        \text{recon} = \log p(\mathbf{x} \mid \mathbf{z}_1), \qquad
        \text{ratio} = \log p(\mathbf{z}_1 \mid \mathbf{z}_2) - \log q(\mathbf{z}_1 \mid \mathbf{x}), \qquad
        \text{kl} = \operatorname{KL}\bigl(q(\mathbf{z}_2 \mid \mathbf{z}_1) \,\|\,
        \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr)

    The bound is the expectation of recon + ratio − kl. Mind the sign of the ratio: DTU's equations have the reciprocal
    of it, and subtract that. recon and ratio are evaluated at the samples as they are given: nothing is drawn, and no
    closed form takes the place of the ratio. kl has a closed form; it depends on z₁, and not on z₂. p(x | z₁) is a
    product of Bernoullis, and each term is a sum over its dimensions.

    Args:
        x: binary images, shape (B, D).
        z1: samples of the lower level, shape (B, M1).
        z2: samples of the upper level, shape (B, M2).
        q1: maps x of shape (B, D) to mean and log-variance of q(z₁ | x), each of shape (B, M1).
        q2: maps z₁ of shape (..., M1) to mean and log-variance of q(z₂ | z₁), each of shape (..., M2).
        p1: maps z₂ of shape (..., M2) to mean and log-variance of p(z₁ | z₂), each of shape (..., M1).
        decoder: maps z₁ of shape (..., M1) to Bernoulli logits of shape (..., D).

    Returns:
        (recon, ratio, kl) in nats, each of shape (B,).

    Source:
        DTU 02460 week 1, exercise 1.3, eq. (27); Tomczak (2024), eq. (5.82).
    """
    recon = bernoulli_log_density(x, decoder(z1)).sum(dim=-1)
    ratio = gaussian_log_density(z1, *p1(z2)) - gaussian_log_density(z1, *q1(x))
    return recon, ratio, kl_standard_normal(*q2(z1))


def hierarchical_elbo(
    x: Float[Tensor, "B D"],
    q1: AnyEncoder,
    q2: Conditional,
    p1: Conditional,
    decoder: AnyDecoder,
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""Unbiased estimate of the bound of a two-level VAE, averaged over the batch.

    .. math::
        \mathcal{L} = \frac{1}{B} \sum_{b=1}^{B}
        \mathbb{E}_{q(\mathbf{z}_2 \mid \mathbf{z}_1) \, q(\mathbf{z}_1 \mid \mathbf{x}_b)} \Bigl[
        \log p(\mathbf{x}_b \mid \mathbf{z}_1)
        - \log \frac{q(\mathbf{z}_1 \mid \mathbf{x}_b)}{p(\mathbf{z}_1 \mid \mathbf{z}_2)}
        - \operatorname{KL}\bigl(q(\mathbf{z}_2 \mid \mathbf{z}_1) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr)
        \Bigr]

    The variational distribution is bottom-up: z₁ is drawn from q(z₁ | x), and z₂ from q(z₂ | z₁) at that z₁. The
    expectation is replaced by the average over `n_samples` reparameterised draws of both, fresh for each example. Any
    form with the same expectation is right, as long as gradients reach all four networks. Since z₂ depends on z₁, the
    middle term is no KL divergence between q(z₁ | x) and p(z₁ | z₂).

    Args:
        x: binary images, shape (B, D).
        q1: maps x of shape (B, D) to mean and log-variance of q(z₁ | x), each of shape (B, M1).
        q2: maps z₁ of shape (..., M1) to mean and log-variance of q(z₂ | z₁), each of shape (..., M2).
        p1: maps z₂ of shape (..., M2) to mean and log-variance of p(z₁ | z₂), each of shape (..., M1).
        decoder: maps z₁ of shape (..., M1) to Bernoulli logits of shape (..., D).
        n_samples: number of draws of (z₁, z₂) per example.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats per example, a 0-d tensor.

    Source:
        DTU 02460 week 1, exercise 1.3, eq. (28); Tomczak (2024), eq. (5.82).
    """
    mean, log_var = q1(x)
    shape = (n_samples, *mean.shape)
    z1 = sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)  # (S, B, M1)
    z2 = sample_gaussian(*q2(z1), generator)
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return torch.mean(recon + ratio - kl)
