"""Kullback-Leibler divergences, in closed form and estimated by samples."""

import torch
from jaxtyping import Float
from torch import Tensor


def kl_gaussian(
    mean_q: Float[Tensor, "B"],
    log_var_q: Float[Tensor, "B"],
    mean_p: Float[Tensor, "B"],
    log_var_p: Float[Tensor, "B"],
) -> Float[Tensor, "B"]:
    r"""KL divergence KL(q ‖ p) between two univariate Gaussians, one value per pair.

    .. math::
        \operatorname{KL}\bigl(\mathcal{N}(\mu_q, \sigma_q^2) \,\|\, \mathcal{N}(\mu_p, \sigma_p^2)\bigr)
        = \log \frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2 \sigma_p^2} - \frac{1}{2}

    The divergence is not symmetric: the average is taken over q, and it is the variance of p that divides.

    Args:
        mean_q: the means μ_q of q, shape (B,).
        log_var_q: natural logarithm of the variances of q, log σ_q², shape (B,). For log-standard-deviations:
            log σ² = 2 log σ.
        mean_p: the means μ_p of p, shape (B,).
        log_var_p: natural logarithm of the variances of p, log σ_p², shape (B,).

    Returns:
        Divergences in nats, shape (B,): one for every pair, never negative.

    Source:
        DTU 02460 week 1, exercise 1.2, eq. (11), where q has the index 1 and p the index 2.
    """
    raise NotImplementedError


def kl_standard_normal(mean: Float[Tensor, "B M"], log_var: Float[Tensor, "B M"]) -> Float[Tensor, "B"]:
    r"""KL divergence from a diagonal Gaussian to the standard normal prior, one value per example.

    .. math::
        \operatorname{KL}\bigl(\mathcal{N}(\boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2)) \,\|\,
        \mathcal{N}(\mathbf{0}, \mathbf{I})\bigr)
        = \frac{1}{2} \sum_{m=1}^{M} \left( \sigma_m^2 + \mu_m^2 - 1 - \log \sigma_m^2 \right)

    Misprint: HUJI's eq. (7) lacks the factor ½ and has log σ where log σ² belongs; the formula above is the right one.

    Args:
        mean: the means μ, shape (B, M).
        log_var: natural logarithm of the variances, log σ², shape (B, M). For log-standard-deviations as in the
            Toronto and DTU handouts: log σ² = 2 log σ.

    Returns:
        Divergences in nats, shape (B,): summed over the M latent dimensions, never negative.

    Source:
        Uppsala APML VAE lab, question 3.3; Lab 1, eq. (14); Kingma and Welling (2014), appendix B.
    """
    raise NotImplementedError


def kl_bernoulli(probs: Float[Tensor, "B M"], prior: float = 0.5) -> Float[Tensor, "B"]:
    r"""KL divergence from independent Bernoullis to a Bernoulli prior with one probability, one value per example.

    .. math::
        \sum_{m=1}^{M} \left( \theta_m \log \frac{\theta_m}{\pi} + (1 - \theta_m) \log \frac{1 - \theta_m}{1 - \pi} \right)

    Args:
        probs: the probabilities θ of a 1, shape (B, M), in [0, 1]; 0 log 0 counts as 0.
        prior: the prior's probability π of a 1, in (0, 1).

    Returns:
        Divergences in nats, shape (B,): summed over the M latent dimensions, never negative.

    Source:
        Lab 1, section 0.6; Cover and Thomas (2006), eq. (2.26).
    """
    raise NotImplementedError


def kl_mixture_monte_carlo(
    z: Float[Tensor, "S B M"],
    mean: Float[Tensor, "B M"],
    log_var: Float[Tensor, "B M"],
    logits: Float[Tensor, "K"],
    means: Float[Tensor, "K M"],
    log_vars: Float[Tensor, "K M"],
) -> Float[Tensor, "B"]:
    r"""KL divergence from diagonal Gaussians to a mixture of Gaussians, estimated by samples, one value per example.

    .. math::
        \operatorname{KL}\bigl(q(\mathbf{z} \mid \mathbf{x}) \,\|\, p(\mathbf{z})\bigr) \approx \frac{1}{S} \sum_{s=1}^{S}
        \bigl( \log q(\mathbf{z}_s \mid \mathbf{x}) - \log p(\mathbf{z}_s) \bigr),
        \qquad \mathbf{z}_s \sim q(\mathbf{z} \mid \mathbf{x}) = \mathcal{N}(\boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2))

    There is no closed form where the prior p is a mixture. The samples are handed in: nothing is drawn here. The estimate
    may be negative, although the divergence is not. Gradients flow into all six arguments, the samples among them.

    Args:
        z: S samples of q for each example, shape (S, B, M).
        mean: the means μ of q, shape (B, M).
        log_var: natural logarithm of the variances of q, log σ², shape (B, M).
        logits: logarithms of the weights of the mixture up to a constant, shape (K,), as in `mixture_log_density`.
        means: the means of its components, shape (K, M).
        log_vars: natural logarithm of their variances, shape (K, M).

    Returns:
        Estimates in nats, shape (B,): averaged over the S samples.

    Source:
        DTU 02460 week 1, exercise 1.6 and eq. (8).
    """
    raise NotImplementedError
