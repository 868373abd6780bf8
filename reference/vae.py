"""A VAE and its evidence lower bound: Gaussian q(z | x), standard normal or learnt prior, Bernoulli or Gaussian p(x | z)."""

import math
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reference.classifier import _evaluation_mode
from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.ppca import pca_project
from reference.types import AnyDecoder, AnyEncoder, Density

_BATCH = 500
"""Images at once: memory stays small, however many there are."""


def log_likelihood(x: Float[Tensor, "B D"], z: Float[Tensor, "B M"], decoder: AnyDecoder) -> Float[Tensor, "B"]:
    r"""Log-probability of binary images given their latent variables, one value per example.

    .. math::
        \log p(\mathbf{x} \mid \mathbf{z}) = \sum_{d=1}^{D} \log \operatorname{Ber}\bigl(x_d; \lambda_d(\mathbf{z})\bigr),
        \qquad \lambda_d(\mathbf{z}) = \frac{1}{1 + e^{-\ell_d(\mathbf{z})}}

    The decoder returns the logits ℓ(z), before any sigmoid. The result must be finite where they are as large as ±10 000.

    Args:
        x: binary images, shape (B, D).
        z: one latent vector for each image, shape (B, M).
        decoder: maps z of shape (..., M) to Bernoulli logits of shape (..., D).

    Returns:
        Log-probabilities in nats, shape (B,): summed over the D pixels, neither summed nor averaged over the batch.

    Source:
        Toronto STA414 A3, 1(c).
    """
    return bernoulli_log_density(x, decoder(z)).sum(dim=-1)


def joint_log_density(x: Float[Tensor, "B D"], z: Float[Tensor, "B M"], decoder: AnyDecoder) -> Float[Tensor, "B"]:
    r"""Joint log-density of binary images and their latent variables, one value per example.

    .. math::
        \log p(\mathbf{x}, \mathbf{z}) = \log \mathcal{N}(\mathbf{z}; \mathbf{0}, \mathbf{I}) + \log p(\mathbf{x} \mid \mathbf{z}),
        \qquad \log \mathcal{N}(\mathbf{z}; \mathbf{0}, \mathbf{I}) = -\frac{1}{2} \sum_{m=1}^{M} \bigl( \log 2\pi + z_m^2 \bigr)

    log p(x | z) is that of `log_likelihood`: Bernoulli, with the decoder's output as logits. All constants belong to it.

    Args:
        x: binary images, shape (B, D).
        z: one latent vector for each image, shape (B, M).
        decoder: maps z of shape (..., M) to Bernoulli logits of shape (..., D).

    Returns:
        Log-densities in nats, shape (B,): summed over latent dimensions and pixels, neither summed nor averaged over the batch.

    Source:
        Toronto STA414 A3, 1(d).
    """
    log_prior = -0.5 * torch.sum(math.log(2 * math.pi) + z**2, dim=-1)
    return log_prior + log_likelihood(x, z, decoder)


def elbo(
    x: Float[Tensor, "B D"],
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    n_samples: int = 1,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""Unbiased estimate of the evidence lower bound, averaged over the batch.

    .. math::
        \mathcal{L} = \frac{1}{B} \sum_{b=1}^{B} \Bigl( \mathbb{E}_{q(\mathbf{z} \mid \mathbf{x}_b)}
        \bigl[ \log p(\mathbf{x}_b \mid \mathbf{z}) \bigr]
        - \operatorname{KL}\bigl(q(\mathbf{z} \mid \mathbf{x}_b) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr) \Bigr)

    The expectation is replaced by the average over `n_samples` reparameterised draws, fresh for each example. Any form
    of the bound is right, for instance the average of log p(x, z) − log q(z | x), as long as its expectation is 𝓛 and
    gradients reach the encoder and the decoder. p(x | z) is a product of Bernoullis: the log-probabilities of the D
    pixels are *summed*.
    Misprint: Lab 1's eq. (22) and HUJI's eq. (5) are losses (to be minimised); here the bound itself is asked for.

    Args:
        x: binary images, shape (B, D).
        encoder: maps x of shape (B, D) to the mean and the log-variance of q(z | x), each of shape (B, M).
        decoder: maps z of shape (..., M) to Bernoulli logits of shape (..., D).
        n_samples: number of draws of z per example.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats per example, a 0-d tensor.

    Source:
        Toronto STA414 A3, 2(c); DTU 02460 week 1, eq. (9); Lab 1, eq. (20); Kingma and Welling (2014), eq. (3) and (7).
    """
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    z = sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)  # (S, B, M)
    reconstruction = bernoulli_log_density(x, decoder(z)).sum(dim=-1).mean(dim=0)  # (B,)
    return torch.mean(reconstruction - kl_standard_normal(mean, log_var))


def vae_loss(
    x: Float[Tensor, "B D"],
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    n_samples: int = 1,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""The quantity that training minimises: the negative evidence lower bound.

    .. math::
        \text{loss} = -\mathcal{L} = \frac{1}{B} \sum_{b=1}^{B} \Bigl(
        \operatorname{KL}\bigl(q(\mathbf{z} \mid \mathbf{x}_b) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr)
        - \mathbb{E}_{q(\mathbf{z} \mid \mathbf{x}_b)} \bigl[ \log p(\mathbf{x}_b \mid \mathbf{z}) \bigr] \Bigr)

    Args:
        x: binary images, shape (B, D).
        encoder: maps x of shape (B, D) to the mean and the log-variance of q(z | x), each of shape (B, M).
        decoder: maps z of shape (..., M) to Bernoulli logits of shape (..., D).
        n_samples: number of draws of z per example.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The loss in nats per example (summed over pixels, averaged over the batch), a 0-d tensor.

    Source:
        Toronto STA414 A3, 2(d); Lab 1, eq. (22).
    """
    return -elbo(x, encoder, decoder, n_samples, generator)


def gaussian_elbo(
    x: Float[Tensor, "B D"],
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    log_var_x: float | Float[Tensor, ""] | Float[Tensor, "D"],
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""Unbiased estimate of the evidence lower bound with Gaussian pixels, averaged over the batch.

    .. math::
        \mathcal{L} = \frac{1}{B} \sum_{b=1}^{B} \Bigl( \mathbb{E}_{q(\mathbf{z} \mid \mathbf{x}_b)}
        \bigl[ \log \mathcal{N}\bigl(\mathbf{x}_b; \boldsymbol{\mu}(\mathbf{z}), \operatorname{diag}(\boldsymbol{\sigma}_x^2)\bigr) \bigr]
        - \operatorname{KL}\bigl(q(\mathbf{z} \mid \mathbf{x}_b) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr) \Bigr)

    As `elbo`, with another p(x | z): the decoder returns the mean μ(z) of a Gaussian. Its log-density is *summed* over the D
    pixels and has all its terms: the squared error divided by 2σ_x², ½ log σ_x² and ½ log 2π for every pixel. Any form of the
    bound is right, as long as its expectation is 𝓛 and gradients reach the encoder, the decoder and `log_var_x`, which may be
    learnt.
    Misprint: HUJI's eq. (5) drops the scale 1/(2σ_p²) of the squared error.

    Args:
        x: images with real pixels, shape (B, D).
        encoder: maps x of shape (B, D) to the mean and the log-variance of q(z | x), each of shape (B, M).
        decoder: maps z of shape (..., M) to the mean of p(x | z), shape (..., D).
        log_var_x: log σ_x², the natural logarithm of the variance of the pixels: one number for all (a float or a 0-d tensor),
            or one for each pixel, shape (D,). For a standard deviation as HUJI's σ_p: log σ_x² = 2 log σ_p.
        n_samples: number of draws of z per example.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats per example, a 0-d tensor.

    Source:
        DTU 02460 week 1, exercise 1.7; Uppsala VAE lab, section 3.2; HUJI 67912 Ex. 1, section 3.1.2.
    """
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    centre = decoder(sample_gaussian(mean.expand(shape), log_var.expand(shape), generator))  # (S, B, D)
    spread = torch.as_tensor(log_var_x, dtype=x.dtype, device=x.device).expand(x.shape)
    reconstruction = gaussian_log_density(x, centre, spread).mean(dim=0)  # (B,)
    return torch.mean(reconstruction - kl_standard_normal(mean, log_var))


def mixture_elbo(
    x: Float[Tensor, "B D"],
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    prior: nn.Module,
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""Unbiased estimate of the evidence lower bound under any prior, such as a mixture, averaged over the batch.

    .. math::
        \mathcal{L} = \frac{1}{B} \sum_{b=1}^{B} \mathbb{E}_{q(\mathbf{z} \mid \mathbf{x}_b)} \bigl[ \log p(\mathbf{x}_b \mid \mathbf{z})
        + \log p(\mathbf{z}) - \log q(\mathbf{z} \mid \mathbf{x}_b) \bigr]

    As `elbo`, but the KL divergence to the prior has no closed form: it is the expectation of log q(z | x) − log p(z), taken at the
    draws of z. The expectation is replaced by the average over `n_samples` reparameterised draws, fresh for each example. Any
    form with the same expectation is right, as long as gradients reach the encoder, the decoder and the prior, which is learnt.

    Args:
        x: binary images, shape (B, D).
        encoder: maps x of shape (B, D) to the mean and the log-variance of q(z | x), each of shape (B, M).
        decoder: maps z of shape (..., M) to Bernoulli logits of shape (..., D).
        prior: a `torch.nn.Module` with the method `prior.log_prob(z)`: log p(z) in nats, shape (...), for z of shape (..., M). There is
            nothing else that it can be asked.
        n_samples: number of draws of z per example.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats per example, a 0-d tensor.

    Source:
        DTU 02460 week 1, exercise 1.6 and eq. (8).
    """
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    z = sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)  # (S, B, M)
    reconstruction = bernoulli_log_density(x, decoder(z)).sum(dim=-1)  # (S, B)
    log_p = cast(Density, prior.log_prob)(z)
    return torch.mean(reconstruction + log_p - gaussian_log_density(z, mean, log_var))


def mse_objective(
    x: Float[Tensor, "B D"], x_hat: Float[Tensor, "B D"], mean: Float[Tensor, "B M"], log_var: Float[Tensor, "B M"]
) -> Float[Tensor, ""]:
    r"""Mean squared error plus the mean KL divergence of a latent dimension: what HUJI's exercise minimises.

    .. math::
        \frac{1}{BD} \sum_{b=1}^{B} \sum_{d=1}^{D} (x_{bd} - \hat{x}_{bd})^2
        + \frac{1}{BM} \sum_{b=1}^{B} \sum_{m=1}^{M} \frac{1}{2} \bigl( \sigma_{bm}^2 + \mu_{bm}^2 - 1 - \log \sigma_{bm}^2 \bigr)

    The squared error is averaged over the pixels, and to match that, the divergence over the latent dimensions; both are
    averaged over the batch. Nothing is summed, and there is no factor 1/(2σ_p²).
    Misprint: HUJI's eq. (7) lacks the factor ½ of the divergence, and has log σ for log σ².

    Args:
        x: images, shape (B, D).
        x_hat: their reconstructions, shape (B, D).
        mean: the means μ of q(z | x), shape (B, M).
        log_var: natural logarithm of its variances, log σ² (the handout's r), shape (B, M).

    Returns:
        The objective, to be minimised, a 0-d tensor.

    Source:
        HUJI 67912 Ex. 1, eq. (5) and section 3.2, "KL aggregation".
    """
    divergence = kl_standard_normal(mean, log_var) / mean.shape[-1]  # (B,)
    return torch.mean((x - x_hat) ** 2) + divergence.mean()


def interpolate(z_a: Float[Tensor, "M"], z_b: Float[Tensor, "M"], alphas: Float[Tensor, "S"]) -> Float[Tensor, "S M"]:
    r"""Points on the straight line between two latent vectors.

    .. math::
        \mathbf{z}_\alpha = \alpha\, \mathbf{z}_a + (1 - \alpha)\, \mathbf{z}_b

    α is the share of z_a: α = 1 gives z_a, and α = 0 gives z_b.
    Misprint: Toronto's 3(c)(a) lost the minus of 1 − α.

    Args:
        z_a: a latent vector, shape (M,).
        z_b: another one, shape (M,).
        alphas: the shares α from 0 to 1, shape (S,): in any order and at any distances.

    Returns:
        Shape (S, M): row s belongs to the s-th share.

    Source:
        Toronto STA414 A3, 3(c).
    """
    share = alphas[:, None]
    return share * z_a + (1 - share) * z_b


def evaluate_elbo(
    images: Float[Tensor, "N D"], model: nn.Module, n_samples: int = 1, generator: torch.Generator | None = None
) -> float:
    r"""Evidence lower bound of a trained VAE on a whole data set, in nats per image.

    .. math::
        \mathcal{L} = \frac{1}{N} \sum_{n=1}^{N} \Bigl( \mathbb{E}_{q(\mathbf{z} \mid \mathbf{x}_n)}
        \bigl[ \log p(\mathbf{x}_n \mid \mathbf{z}) \bigr]
        - \operatorname{KL}\bigl(q(\mathbf{z} \mid \mathbf{x}_n) \,\|\, \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr) \Bigr)

    As in `elbo`, the expectation is replaced by the average over `n_samples` draws, fresh for each image, and any form of
    the bound is right. The average is over all N *images*: take them in batches of whatever size you like, but remember that the last
    one may be smaller than the others and then counts for less. The model is in evaluation mode meanwhile (dropout off, batch
    normalisation fixed) and afterwards in the mode it was in before. Nothing is learnt here, so no graph for gradients is kept.

    Args:
        images: binary images, shape (N, D).
        model: a `torch.nn.Module` with two methods: `model.encode(x)` gives the mean and the log-variance of q(z | x), each of shape
            (B, M), and `model.decode(z)` the Bernoulli logits, shape (..., D), for z of shape (..., M).
        n_samples: number of draws of z per image.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats per image, a Python float: the bound itself, not the loss.

    Source:
        DTU 02460 week 1, programming exercise 1.5 ("evaluate the ELBO on the binarised MNIST test set"); Toronto STA414 A3, 2(e).
    """
    encode, decode = cast(AnyEncoder, model.encode), cast(AnyDecoder, model.decode)
    total = 0.0
    with _evaluation_mode(model), torch.no_grad():
        for batch in torch.split(images, _BATCH):
            total += len(batch) * elbo(batch, encode, decode, n_samples, generator).item()
    return total / len(images)


def posterior_samples(
    x: Float[Tensor, "B D"], encoder: AnyEncoder, generator: torch.Generator | None = None
) -> Float[Tensor, "B M"]:
    r"""One draw of q(z | x) for every image: together, draws of the aggregate posterior, as a scatter plot shows them.

    .. math::
        \mathbf{z}_b \sim q(\mathbf{z} \mid \mathbf{x}_b)
        = \mathcal{N}\big(\boldsymbol{\mu}(\mathbf{x}_b), \operatorname{diag}(\boldsymbol{\sigma}^2(\mathbf{x}_b))\big)

    Row b belongs to image b, so that it can have the colour of its label. Every image, every latent dimension and every call has noise of
    its own. (Toronto's scatter plot shows the means μ; here draws are asked for.)

    Args:
        x: images, shape (B, D).
        encoder: maps x of shape (B, D) to the mean μ and the log-variance log σ² of q(z | x), each of shape (B, M).
        generator: source of the noise; `None` is the global generator.

    Returns:
        The draws, shape (B, M).

    Source:
        DTU 02460 week 1, exercise 1.5; Toronto STA414 A3, 3(b).
    """
    mean, log_var = encoder(x)
    return sample_gaussian(mean, log_var, generator)


def ancestral_sample(
    n: int, decoder: AnyDecoder, latent_dim: int, generator: torch.Generator | None = None
) -> tuple[Float[Tensor, "{n} D"], Float[Tensor, "{n} D"]]:
    r"""Draws from the generative model: latent variables first, then the means of the pixels, then binary images.

    .. math::
        \mathbf{z}_i \sim \mathcal{N}(\mathbf{0}, \mathbf{I}), \qquad
        \boldsymbol{\lambda}_i = \frac{1}{1 + e^{-\boldsymbol{\ell}(\mathbf{z}_i)}}, \qquad
        x_{id} \sim \operatorname{Ber}(\lambda_{id})

    The image in row i is drawn from the means in row i: both belong to the same z. Everything is drawn anew at every call, for every
    image and every pixel.

    Args:
        n: number of images.
        decoder: maps z of shape (..., M) to Bernoulli logits ℓ of shape (..., D); float32, as networks are.
        latent_dim: number of latent dimensions M.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The means λ, probabilities of shape (n, D), and the images, zeros and ones of shape (n, D).

    Source:
        Toronto STA414 A3, 3(a).
    """
    z = torch.randn(n, latent_dim, generator=generator)
    means = torch.sigmoid(decoder(z))
    return means, torch.bernoulli(means, generator=generator)


def project_2d(z: Float[Tensor, "B M"]) -> Float[Tensor, "B 2"]:
    r"""Two coordinates of every latent vector, for a scatter plot.

    .. math::
        \left(\mathbf{z}_b - \bar{\mathbf{z}}\right)^\top \left[\mathbf{v}_1, \mathbf{v}_2\right], \quad M > 2

    - M > 2: the scores of the first two principal components of z, the one with the larger variance first: v_1 and v_2 are
      eigenvectors of length 1 of the covariance of z. z is centred, neither standardised nor whitened, and the sign of either
      column is free.
    - M = 2: z itself, neither centred nor turned.
    - M = 1: z, and zeros in the second column.

    Args:
        z: latent vectors, one for each image, shape (B, M).

    Returns:
        Coordinates, shape (B, 2).

    Source:
        DTU 02460 week 1, exercise 1.5.
    """
    if z.shape[1] > 2:
        return pca_project(z, 2)[1]
    return torch.cat([z, torch.zeros_like(z[:, : 2 - z.shape[1]])], dim=1)
