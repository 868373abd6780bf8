"""The bottom half of an image, given its top half: inference of z without an encoder."""

import torch
from jaxtyping import Float
from torch import Tensor

from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.types import AnyDecoder

_TOP = 14 * 28
"""Pixels in the upper 14 rows, which come first."""


def top_half(x: Float[Tensor, "B 784"]) -> Float[Tensor, "B 392"]:
    r"""The pixels of the upper half of every image: rows 0 to 13 of 28, one after the other.

    .. math::
        x_{28 r + c} \text{ is the pixel in row } r \text{ and column } c, \qquad
        \operatorname{top}(\mathbf{x}) = (x_{28 r + c})_{r = 0, \dots, 13,\ c = 0, \dots, 27}

    Row 0 is the uppermost one, and all 28 columns are kept: `x.reshape(-1, 28, 28)[b, r, c]` is the pixel of image b in
    row r and column c. The same function selects the logits of the upper pixels from a decoder's output, so it changes
    no value (there is no rounding and no sigmoid in it), and gradients pass through it.

    Args:
        x: images, or whatever has a number for each pixel, shape (B, 784).

    Returns:
        The first 14 rows of every image, shape (B, 392).

    Source:
        Toronto STA414 A3, 4(a)(a).
    """
    return x[:, :_TOP]


def log_likelihood_top(
    x_top: Float[Tensor, "B 392"], z: Float[Tensor, "B M"], decoder: AnyDecoder
) -> Float[Tensor, "B"]:
    r"""Log-probability of the upper half of an image, given z: one value per example.

    .. math::
        \log p(\mathbf{x}_{\text{top}} \mid \mathbf{z})
        = \log \sum_{\mathbf{x}_{\text{bottom}}} p(\mathbf{x}_{\text{top}}, \mathbf{x}_{\text{bottom}} \mid \mathbf{z})
        = \sum_{d=1}^{392} \log \operatorname{Ber}(x_d; \lambda_d),
        \qquad \boldsymbol{\lambda} = \operatorname{sigmoid}\bigl(\text{decoder}(\mathbf{z})\bigr)

    Given z the pixels are independent, so the sum over all lower halves is exactly 1 and the lower pixels say nothing:
    they are left out, together with their logits. Filling them with 0 instead would be a statement about them, and
    change the result. As in `bernoulli_log_density`, the result must be right for logits of thousands.

    Args:
        x_top: the upper pixels, 0 or 1, as `top_half` returns them, shape (B, 392).
        z: one latent vector per example, shape (B, M).
        decoder: maps z of shape (..., M) to the Bernoulli logits of whole images, shape (..., 784).

    Returns:
        Log-probabilities in nats, shape (B,): summed over the 392 upper pixels, not over the batch.

    Source:
        Toronto STA414 A3, 4(a)(b).
    """
    return bernoulli_log_density(x_top, top_half(decoder(z))).sum(dim=-1)


def log_joint_top(x_top: Float[Tensor, "392"], zs: Float[Tensor, "S M"], decoder: AnyDecoder) -> Float[Tensor, "S"]:
    r"""Log joint density of one upper half and each of several latent vectors.

    .. math::
        \log p(\mathbf{x}_{\text{top}}, \mathbf{z}_s)
        = \log \mathcal{N}(\mathbf{z}_s; \mathbf{0}, \mathbf{I}) + \log p(\mathbf{x}_{\text{top}} \mid \mathbf{z}_s)

    The prior is the standard normal one, with its constant −½ M log 2π; the likelihood is that of `log_likelihood_top`.
    The densities themselves are far too small for a floating-point number, so logarithms are added from the start. As a
    function of z this is log p(z | x_top) up to a constant: its isocontours are those of the posterior.

    Args:
        x_top: the upper pixels of one image, 0 or 1, shape (392,).
        zs: latent vectors, a grid of them or samples, shape (S, M).
        decoder: maps z of shape (..., M) to the Bernoulli logits of whole images, shape (..., 784).

    Returns:
        Log densities in nats, shape (S,): one for each z, neither averaged nor normalised over them.

    Source:
        Toronto STA414 A3, 4(a)(c).
    """
    zero = torch.zeros_like(zs)
    log_prior = gaussian_log_density(zs, zero, zero)
    return log_prior + log_likelihood_top(x_top.expand(len(zs), -1), zs, decoder)


def complete_image(
    x_top: Float[Tensor, "392"],
    mean: Float[Tensor, "M"],
    log_var: Float[Tensor, "M"],
    decoder: AnyDecoder,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "784"]:
    r"""The true upper half of an image above a lower half that the model finds plausible.

    .. math::
        \mathbf{z} \sim q(\mathbf{z}) = \mathcal{N}\bigl(\boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2)\bigr),
        \qquad x_d = \begin{cases}
            x_{\text{top}, d} & d < 392 \\
            \operatorname{sigmoid}\bigl(\text{decoder}(\mathbf{z})_d\bigr) & d \ge 392
        \end{cases}

    One z is drawn for the whole picture, fresh at every call. The lower pixels are the Bernoulli *means* at this z,
    grey values between 0 and 1: neither logits nor black and white samples. The upper pixels are those observed, not
    what the decoder makes of them. It is a picture: no gradient is asked for.

    Args:
        x_top: the upper pixels, shape (392,).
        mean: the means μ of the approximate posterior q, shape (M,).
        log_var: natural logarithm of its variances, log σ², shape (M,). For log-standard-deviations as in the handout:
            log σ² = 2 log σ.
        decoder: maps z of shape (..., M) to the Bernoulli logits of whole images, shape (..., 784).
        generator: source of the noise; `None` is the global generator.

    Returns:
        The completed image, shape (784,), row by row from the top.

    Source:
        Toronto STA414 A3, 4(b)(e).
    """
    z = sample_gaussian(mean[None], log_var[None], generator)  # (1, M)
    lower = torch.sigmoid(decoder(z)[0, _TOP:])
    return torch.cat([x_top, lower])


def svi_elbo(
    x_top: Float[Tensor, "392"],
    mean: Float[Tensor, "M"],
    log_var: Float[Tensor, "M"],
    decoder: AnyDecoder,
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""Unbiased estimate of the evidence lower bound of one upper half, for an approximate posterior of its own.

    .. math::
        \mathcal{L} = \mathbb{E}_{q(\mathbf{z})} \bigl[ \log p(\mathbf{z}) + \log p(\mathbf{x}_{\text{top}} \mid \mathbf{z})
        - \log q(\mathbf{z}) \bigr], \qquad
        q(\mathbf{z}) = \mathcal{N}\bigl(\boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2)\bigr)

    There is no encoder: μ and log σ² are the parameters that are optimised, so gradients reach both of them through
    reparameterised draws, z = μ + σ ⊙ ε. The expectation is replaced by the average over `n_samples` draws, fresh at
    every call. Any form of the bound is right, for instance log p(x_top | z) averaged over the draws, less the closed
    form of KL(q ‖ N(0, I)), as long as its expectation is 𝓛. The lower pixels play no part.

    Args:
        x_top: the upper pixels of one image, 0 or 1, shape (392,).
        mean: the means μ of q, shape (M,).
        log_var: natural logarithm of the variances of q, log σ², shape (M,). For log-standard-deviations as in the
            handout: log σ² = 2 log σ.
        decoder: maps z of shape (..., M) to the Bernoulli logits of whole images, shape (..., 784).
        n_samples: number of draws of z.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats (summed over the upper pixels, averaged over the draws), a 0-d tensor.

    Source:
        Toronto STA414 A3, 4(b)(b).
    """
    shape = (n_samples, len(mean))
    z = sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)
    return torch.mean(log_joint_top(x_top, z, decoder) - gaussian_log_density(z, mean, log_var))


def fit_top_posterior(
    x_top: Float[Tensor, "392"],
    decoder: AnyDecoder,
    *,
    latent_dim: int,
    steps: int,
    learning_rate: float,
    n_samples: int,
    seed: int,
) -> tuple[Float[Tensor, "{latent_dim}"], Float[Tensor, "{latent_dim}"]]:
    r"""Stochastic variational inference: the diagonal Gaussian that comes closest to p(z | x_top).

    .. math::
        \boldsymbol{\mu}, \log \boldsymbol{\sigma}^2 = \operatorname*{argmax}_{\boldsymbol{\mu}, \log \boldsymbol{\sigma}^2}
        \mathbb{E}_{q(\mathbf{z})} \bigl[ \log p(\mathbf{z}) + \log p(\mathbf{x}_{\text{top}} \mid \mathbf{z})
        - \log q(\mathbf{z}) \bigr], \qquad
        q(\mathbf{z}) = \mathcal{N}\bigl(\boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2)\bigr)

    This is the bound of `svi_elbo`, which gradients climb: `steps` times it is estimated with `n_samples` fresh draws, and
    an optimiser takes one step. μ and log σ² are what is optimised, both of them; the decoder stays as it is. Where they
    start is up to you (at 0, or at random). Judged is the bound that q reaches, never the path: it must come within a
    fraction of a nat of the best, for Adam or what does as well, in a few hundred steps.

    Args:
        x_top: the upper pixels of one image, 0 or 1, shape (392,).
        decoder: maps z of shape (..., M) to the Bernoulli logits of whole images, shape (..., 784).
        latent_dim: number of latent dimensions M.
        steps: number of steps of the optimiser; with 0 the start is returned, which knows nothing of image and decoder.
        learning_rate: that of the optimiser, for instance of Adam.
        n_samples: number of draws of z in every step, different ones in each.
        seed: of all random numbers: the same seed gives the same result, another seed other draws.

    Returns:
        The fitted means μ and log-variances log σ², shape (M,) each. For log-standard-deviations as in the handout:
        log σ² = 2 log σ.

    Source:
        Toronto STA414 A3, 4(b)(c).
    """
    generator = torch.Generator(x_top.device).manual_seed(seed)
    mean = torch.zeros(latent_dim, dtype=x_top.dtype, device=x_top.device, requires_grad=True)
    log_var = torch.zeros_like(mean, requires_grad=True)
    optimiser = torch.optim.Adam([mean, log_var], lr=learning_rate)
    for _ in range(steps):
        loss = -svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)
        # `backward` would leave gradients in the decoder, which belongs to somebody else
        mean.grad, log_var.grad = torch.autograd.grad(loss, [mean, log_var])
        optimiser.step()
    return mean.detach(), log_var.detach()
