"""Latent optimisation: each image has a q(z) of its own, whose parameters are learnt like weights."""

import torch
from jaxtyping import Float
from torch import Tensor


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
    mean, sigma = torch.randn((2, n, latent_dim), generator=generator)
    return mean, torch.log(sigma**2)
