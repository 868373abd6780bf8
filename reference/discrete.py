"""Binary latent variables: samples that can be differentiated, and the bound at such samples."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from reference.densities import bernoulli_log_density
from reference.types import AnyDecoder, BinaryEncoder


def relaxed_bernoulli_sample(
    logits: Float[Tensor, "B M"],
    temperature: float | Float[Tensor, ""],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "B M"]:
    r"""One differentiable draw from the relaxed Bernoulli (binary concrete) distribution for each example.

    .. math::
        z = \operatorname{sigmoid}\!\left( \frac{\ell + \log u - \log (1 - u)}{\tau} \right),
        \qquad u \sim \mathcal{U}(0, 1)

    A draw from a Bernoulli has no derivative. This one lies between 0 and 1, and as τ falls it tends to a draw from
    Ber(sigmoid(ℓ)): at every τ it is larger than ½ with the probability sigmoid(ℓ). Fresh noise is drawn at every call,
    for every example and every dimension. Samples and their gradients by the logits must be finite for logits of ±800.

    Args:
        logits: ℓ = log θ − log(1 − θ), where θ is the probability of a 1, shape (B, M).
        temperature: τ > 0, a float or a 0-d tensor.
        generator: source of the noise; `None` is the global generator.

    Returns:
        Samples z in [0, 1], shape (B, M); they are not rounded, also not in the forward direction alone.

    Source:
        Lab 1, section 0.6 ("differentiation through the sampling process"); Maddison et al. (2017), appendix B; Jang et
        al. (2017).
    """
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    # a u of 0 would be infinitely far away
    noise = torch.logit(uniform.clamp_min(torch.finfo(logits.dtype).tiny))
    return torch.sigmoid((logits + noise) / temperature)


def binary_elbo(
    x: Float[Tensor, "B D"],
    encoder_logits: BinaryEncoder,
    decoder: AnyDecoder,
    n_samples: int,
    temperature: float | Float[Tensor, ""],
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    r"""Evidence lower bound of a VAE with binary latent variables, at relaxed samples, averaged over the batch.

    .. math::
        \mathcal{L} = \frac{1}{B} \sum_{b=1}^{B} \Bigl( \frac{1}{S} \sum_{s=1}^{S} \log p(\mathbf{x}_b \mid \mathbf{z}_{bs})
        - \sum_{m=1}^{M} \operatorname{KL}\bigl(\operatorname{Ber}(\theta_{bm}) \,\|\, \operatorname{Ber}(\tfrac{1}{2})\bigr) \Bigr),
        \qquad \theta_{bm} = \frac{1}{1 + e^{-\ell_{bm}}}

    The z are relaxed Bernoulli draws at the temperature τ, as `relaxed_bernoulli_sample` gives them, with fresh noise for every
    example, sample and latent dimension; they are not rounded, and gradients reach the encoder through them. The divergence is that
    of the Bernoullis themselves, in closed form, whatever the temperature. So the result is biased at every τ > 0, and its mean
    tends to the exact bound as τ falls. It must be finite where encoder and decoder are certain (logits of ±800).
    Misprint: Lab 1's eq. (22) is a loss (to be minimised); here the bound itself is asked for.

    Args:
        x: binary images, shape (B, D).
        encoder_logits: maps x of shape (B, D) to the logits ℓ of q(z = 1 | x), shape (B, M).
        decoder: maps z of shape (..., M) to Bernoulli logits of shape (..., D).
        n_samples: number S of draws of z per example.
        temperature: τ > 0, a float or a 0-d tensor.
        generator: source of the noise; `None` is the global generator.

    Returns:
        The estimate in nats per example, a 0-d tensor.

    Source:
        Lab 1, section 0.6, eq. (21) and (22).
    """
    logits = encoder_logits(x)
    z = relaxed_bernoulli_sample(logits.expand(n_samples, *logits.shape), temperature, generator)  # (S, B, M)
    reconstruction = bernoulli_log_density(x, decoder(z)).sum(dim=-1).mean(dim=0)  # (B,)
    # θ log θ + (1 − θ) log(1 − θ) = ℓ θ − log(1 + e^ℓ), which has a gradient where θ rounds to 0 or 1
    divergence = torch.sum(logits * torch.sigmoid(logits) - softplus(logits) + math.log(2), dim=-1)  # (B,)
    return torch.mean(reconstruction - divergence)
