"""Latent optimisation: each image has a q(z) of its own, whose parameters are learnt like weights."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

AnyDecoder = Callable[[Float[Tensor, "... M"]], Float[Tensor, "... D"]]
"""z -> parameters of p(x | z): Bernoulli logits, or the mean of a Gaussian where the task says so."""


def init_latents(
    n: int, latent_dim: int, generator: torch.Generator | None = None
) -> tuple[Float[Tensor, "{n} {latent_dim}"], Float[Tensor, "{n} {latent_dim}"]]:
    r"""Random parameters from which latent optimisation starts: a mean and a log-variance for each image and dimension.

    .. math::
        \mu_{im} \sim \mathcal{N}(0, 1), \qquad
        r_{im} = \log \sigma_{im}^2 \quad\text{with}\quad \sigma_{im} \sim \mathcal{N}(0, 1)

    All numbers are drawn independently of each other, the σ of the μ as well. A negative σ is no harm: it is squared.
    It is σ that is drawn, not r: r is −1.27 on average and has the standard deviation 2.22.

    Args:
        n: how many images there are.
        latent_dim: number M of latent dimensions.
        generator: source of the noise; `None` is the global generator.

    Returns:
        (mean, log_var), each of shape (n, latent_dim): μ and r (log_var is the natural logarithm of the variance).

    Source:
        HUJI 67912 Ex. 1, section 3.2 ("Optimizing σ") and question 3.
    """
    raise NotImplementedError


def latent_objective(
    x: Float[Tensor, "B D"],
    mean: Float[Tensor, "B M"],
    log_var: Float[Tensor, "B M"],
    decoder: AnyDecoder,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""What latent optimisation minimises: squared error of one reconstruction plus KL divergence, over all examples.

    .. math::
        \mathcal{L} = \sum_{b=1}^{B} \Bigl( \bigl\| \mathbf{x}_b - G(\boldsymbol{\mu}_b + \boldsymbol{\sigma}_b \odot
        \boldsymbol{\epsilon}_b) \bigr\|_2^2
        + \operatorname{KL}\bigl(\mathcal{N}(\boldsymbol{\mu}_b, \operatorname{diag}(\boldsymbol{\sigma}_b^2)) \,\|\,
        \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr) \Bigr),
        \qquad \boldsymbol{\epsilon}_b \sim \mathcal{N}(\mathbf{0}, \mathbf{I})

    The sum over the examples is as printed; their average is as right. Of an example, the squared error is summed over
    the D pixels and the KL divergence, in closed form, over the M dimensions: neither is averaged. ε is fresh for every
    example and every call, and gradients reach mean, log_var and the decoder.
    Misprint: HUJI's eq. (7) lacks the factor ½ of the KL divergence and has log σ where log σ² belongs.

    Args:
        x: images, shape (B, D).
        mean: the means μ of these images' q(z), shape (B, M).
        log_var: their log-variances r = log σ², shape (B, M).
        decoder: G, maps z of shape (..., M) to images of shape (..., D), which are compared with x as they are.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The loss, a 0-d tensor.

    Source:
        HUJI 67912 Ex. 1, section 3.1.5, eq. (6).
    """
    raise NotImplementedError
