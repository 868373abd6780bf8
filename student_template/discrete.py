"""Binary latent variables: samples that can be differentiated."""

import torch
from jaxtyping import Float
from torch import Tensor


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
    raise NotImplementedError
