"""The evidence log p(x), estimated by importance sampling with q(z | x) as the proposal."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reference.densities import gaussian_log_density, sample_gaussian
from reference.types import AnyDecoder, AnyEncoder

_CHUNK_ELEMENTS = 2**23
"""Decoder outputs held at a time: 32 MB in float32, small beside any model and large enough to be fast."""


def importance_log_weights(
    x: Float[Tensor, "B D"],
    z: Float[Tensor, "S B M"],
    mean: Float[Tensor, "B M"],
    log_var: Float[Tensor, "B M"],
    decoder: AnyDecoder,
    sigma_p: float | Float[Tensor, ""],
) -> Float[Tensor, "S B"]:
    r"""Logarithms of the importance weights of given samples, with a Gaussian likelihood: one per sample and example.

    .. math::
        \log w_{sb} = \log p(\mathbf{z}_{sb}) + \log p(\mathbf{x}_b \mid \mathbf{z}_{sb})
        - \log q(\mathbf{z}_{sb} \mid \mathbf{x}_b)

    with :math:`p(\mathbf{z}) = \mathcal{N}(\mathbf{0}, \mathbf{I})`,
    :math:`p(\mathbf{x} \mid \mathbf{z}) = \mathcal{N}(G(\mathbf{z}), \sigma_p^2 \mathbf{I})` and
    :math:`q(\mathbf{z} \mid \mathbf{x}) = \mathcal{N}(\boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2))`, all normalising
    constants included. Nothing is drawn here, and nothing is averaged yet. Stay in the log domain: the densities of an image
    underflow. Gradients flow into z, mean and log_var, and into the decoder.
    Misprint: HUJI's eq. (5) drops the factor 1/(2σ_p²) in front of the squared error; it is needed here.

    Args:
        x: images, shape (B, D).
        z: S samples for each image, shape (S, B, M), wherever they come from.
        mean: the means μ of q(z | x), shape (B, M).
        log_var: natural logarithm of the variances of q(z | x), log σ², shape (B, M) (the HUJI handout's r).
        decoder: G, maps z of shape (..., M) to the mean of p(x | z), shape (..., D).
        sigma_p: the standard deviation σ_p (not the variance) of p(x | z), a float or a 0-d tensor.

    Returns:
        Log-weights in nats, shape (S, B).

    Source:
        HUJI 67912 Ex. 1, section 3.1.6, eq. (8)-(9).
    """
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    zero = torch.zeros_like(mean)
    log_joint = gaussian_log_density(z, zero, zero) + gaussian_log_density(x, decoder(z), log_var_x)
    return log_joint - gaussian_log_density(z, mean, log_var)


def log_mean_exp(log_w: Float[Tensor, "S B"]) -> Float[Tensor, "B"]:
    r"""Logarithm of the mean of S numbers that are given by their logarithms, for each example.

    .. math::
        \log \frac{1}{S} \sum_{s=1}^{S} w_{sb} = \log \sum_{s=1}^{S} \exp(\log w_{sb}) - \log S

    The result must be exact where every weight is around e^{−10 000}, which no floating-point number can hold, and
    where some weights are zero (log w = −∞). A column of nothing but −∞ has the mean 0, so its result is −∞.

    Args:
        log_w: log-weights in nats, shape (S, B).

    Returns:
        Log of the mean over the S samples in nats, shape (B,).

    Source:
        HUJI 67912 Ex. 1, eq. (8)-(9).
    """
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])


def estimate_log_likelihood(
    x: Float[Tensor, "B D"],
    encoder: AnyEncoder,
    decoder: AnyDecoder,
    sigma_p: float | Float[Tensor, ""] = 0.4,
    n_samples: int = 1000,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "B"]:
    r"""Importance-sampling estimate of log p(x) for each example, with a Gaussian likelihood.

    .. math::
        \log p(\mathbf{x}) \approx \log \frac{1}{S} \sum_{s=1}^{S}
        \frac{p(\mathbf{z}_s) \, p(\mathbf{x} \mid \mathbf{z}_s)}{q(\mathbf{z}_s \mid \mathbf{x})},
        \qquad \mathbf{z}_s \sim q(\mathbf{z} \mid \mathbf{x})

    with :math:`p(\mathbf{z}) = \mathcal{N}(\mathbf{0}, \mathbf{I})` and
    :math:`p(\mathbf{x} \mid \mathbf{z}) = \mathcal{N}(G(\mathbf{z}), \sigma_p^2 \mathbf{I})`, all normalising constants
    included. When q is the true posterior every weight equals p(x), and the estimate is exact for any number of
    samples.
    Misprint: HUJI's eq. (5) drops the factor 1/(2σ_p²) in front of the squared error; it is needed here.

    Args:
        x: images, shape (B, D).
        encoder: maps x of shape (B, D) to the mean and the log-variance of q(z | x), each of shape (B, M).
        decoder: G, maps z of shape (..., M) to the mean of p(x | z), shape (..., D).
        sigma_p: the standard deviation σ_p (not the variance) of p(x | z), a float or a 0-d tensor.
        n_samples: number S of draws of z per example.
        generator: source of the noise; `None` is the global generator.

    Returns:
        Estimates of log p(x) in nats, shape (B,).

    Source:
        HUJI 67912 Ex. 1, section 3.1.6, eq. (8)-(9) and question 4; Burda et al. (2016), eq. (8).
    """
    mean, log_var = encoder(x)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    zero = torch.zeros_like(mean)
    # S × B × D decoder outputs may not fit in memory; log-weights (S × B) do, so samples are drawn a chunk at a time
    chunk = max(1, _CHUNK_ELEMENTS // max(1, x.numel()))
    log_w = []
    for start in range(0, n_samples, chunk):
        shape = (min(chunk, n_samples - start), *mean.shape)
        z = sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)
        log_prior = gaussian_log_density(z, zero, zero)
        log_likelihood = gaussian_log_density(x, decoder(z), log_var_x)
        log_w.append(log_prior + log_likelihood - gaussian_log_density(z, mean, log_var))
    return log_mean_exp(torch.cat(log_w))


def prior_log_likelihood(
    x: Float[Tensor, "B D"],
    decoder: AnyDecoder,
    latent_dim: int,
    log_var_x: float | Float[Tensor, ""],
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "B"]:
    r"""Plain Monte Carlo estimate of log p(x) for each example, for a model without an encoder: z is drawn from the prior.

    .. math::
        \log p(\mathbf{x}) \approx \log \frac{1}{S} \sum_{s=1}^{S} p(\mathbf{x} \mid \mathbf{z}_s),
        \qquad \mathbf{z}_s \sim \mathcal{N}(\mathbf{0}, \mathbf{I})

    with :math:`p(\mathbf{x} \mid \mathbf{z}) = \mathcal{N}(G(\mathbf{z}), \sigma_x^2 \mathbf{I})`, its normalising constant
    included. Stay in the log domain: the densities of an image underflow. Whether all examples share the same S draws or each has its
    own is up to you; every call draws anew.

    Args:
        x: images, shape (B, D).
        decoder: G, maps z of shape (..., M) to the mean of p(x | z), shape (..., D).
        latent_dim: the latent dimension M.
        log_var_x: natural logarithm of the variance of every pixel, log σ_x², a float or a 0-d tensor.
        n_samples: number S of draws of z.
        generator: source of the noise; `None` is the global generator.

    Returns:
        Estimates of log p(x) in nats, shape (B,).

    Source:
        HUJI 67912 Ex. 1, section 3.1.2, eq. (2); Uppsala APML VAE lab, section 3.2 and task 4.3.
    """
    log_var = torch.as_tensor(log_var_x, dtype=x.dtype, device=x.device)
    # S × B × D differences may not fit in memory; log-likelihoods (S × B) do, so samples are drawn a chunk at a time
    chunk = max(1, _CHUNK_ELEMENTS // max(1, x.numel()))
    log_p = []
    for start in range(0, n_samples, chunk):
        zero = torch.zeros(min(chunk, n_samples - start), 1, latent_dim, dtype=x.dtype, device=x.device)
        log_p.append(gaussian_log_density(x, decoder(sample_gaussian(zero, zero, generator)), log_var))
    return log_mean_exp(torch.cat(log_p))


def log_likelihood_by_digit(log_p: Float[Tensor, "N"], labels: Int[Tensor, "N"]) -> Float[Tensor, "10"]:
    r"""Mean log-likelihood of the images of each digit.

    .. math::
        \ell_c = \frac{1}{N_c} \sum_{n:\, y_n = c} \log p(\mathbf{x}_n), \qquad c = 0, \dots, 9

    with :math:`N_c` the number of images of digit c. Entry c belongs to digit c, whatever the order of the images. A digit
    without any image has no mean: its entry is NaN, and the others stay where they are.

    Args:
        log_p: log p(x) of each image in nats, shape (N,).
        labels: the digits, integers from 0 to 9, shape (N,).

    Returns:
        Means in nats, shape (10,).

    Source:
        HUJI 67912 Ex. 1, question 4 (b).
    """
    of_digit = labels == torch.arange(10, device=labels.device)[:, None]
    return torch.where(of_digit, log_p, 0).sum(dim=1) / of_digit.sum(dim=1)  # 0/0, where there is none, is NaN
