"""Log-densities and sampling: the pieces from which every other task is built."""

import torch
from jaxtyping import Float
from torch import Tensor


def gaussian_log_density(
    x: Float[Tensor, "B D"], mean: Float[Tensor, "B D"], log_var: Float[Tensor, "B D"]
) -> Float[Tensor, "B"]:
    r"""Log-density of a Gaussian with diagonal covariance, one value per example.

    .. math::
        \log \mathcal{N}\bigl(\mathbf{x}; \boldsymbol{\mu}, \operatorname{diag}(\boldsymbol{\sigma}^2)\bigr)
        = -\frac{1}{2} \sum_{d=1}^{D} \left( \log 2\pi + \log \sigma_d^2 + \frac{(x_d - \mu_d)^2}{\sigma_d^2} \right)

    Args:
        x: where the density is evaluated, shape (B, D).
        mean: the means μ, shape (B, D).
        log_var: natural logarithm of the variances, log σ², shape (B, D). If you have log-standard-deviations, as in
            the Toronto and DTU handouts, double them: log σ² = 2 log σ.

    Returns:
        Log-densities in nats, shape (B,): summed over the D dimensions, not over the batch.

    Source:
        Toronto STA414 A3, `factorized_gaussian_log_density`; HUJI 67912 Ex. 1, eq. (9); Bishop (2006), eq. (2.43).
    """
    raise NotImplementedError


def bernoulli_log_density(x: Float[Tensor, "B D"], logits: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
    r"""Log-probability of binary pixels under independent Bernoullis given by their logits, one value per pixel.

    .. math::
        \log \operatorname{Ber}(x_d; \lambda_d) = x_d \log \lambda_d + (1 - x_d) \log (1 - \lambda_d),
        \qquad \lambda_d = \frac{1}{1 + e^{-\ell_d}}

    The result must be finite for logits anywhere between −10 000 and 10 000, where λ itself rounds to 0 or 1.

    Args:
        x: pixels, 0 or 1, shape (B, D).
        logits: ℓ = log λ − log(1 − λ), the decoder's output before any sigmoid, shape (B, D).

    Returns:
        Log-probabilities in nats, shape (B, D): not summed.

    Source:
        Toronto STA414 A3, `bernoulli_log_density`; DTU 02460 week 1, exercise 1.4.
    """
    raise NotImplementedError


def continuous_bernoulli_log_density(x: Float[Tensor, "B D"], logits: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
    r"""Log-density of grey pixels in [0, 1] under independent continuous Bernoullis, one value per pixel.

    .. math::
        \log p(x_d; \lambda_d) = x_d \log \lambda_d + (1 - x_d) \log (1 - \lambda_d) + \log C(\lambda_d),
        \qquad \lambda_d = \frac{1}{1 + e^{-\ell_d}}

    .. math::
        C(\lambda) = \frac{2 \operatorname{artanh}(1 - 2\lambda)}{1 - 2\lambda} = \frac{\ell}{\tanh(\ell / 2)}
        \quad \text{for } \lambda \ne \tfrac{1}{2}, \qquad C(\tfrac{1}{2}) = 2

    The first two terms alone are no density on [0, 1]: they do not integrate to 1. The result, and its gradient, must be
    finite and right through λ = ½, where C is 0/0: use a series there, for instance
    :math:`\log C = \log 2 + \ell^2 / 12 - 7 \ell^4 / 1440 + \dots` `torch.where` alone leaves a NaN in the gradient.

    Args:
        x: pixels, anywhere in [0, 1], shape (B, D); `torch.distributions.Bernoulli` refuses those between 0 and 1.
        logits: ℓ = log λ − log(1 − λ), the decoder's output before any sigmoid, shape (B, D).

    Returns:
        Log-densities in nats, shape (B, D): not summed. They may be positive.

    Source:
        DTU 02460 week 1, exercise 1.7 (optional); Loaiza-Ganem and Cunningham (2019), "The continuous Bernoulli".
    """
    raise NotImplementedError


def log_prior(z: Float[Tensor, "B M"]) -> Float[Tensor, "B"]:
    r"""Log-density of the standard normal prior over latent representations, one value per example.

    .. math::
        \log p(\mathbf{z}) = \log \mathcal{N}(\mathbf{z}; \mathbf{0}, \mathbf{I})
        = -\frac{1}{2} \sum_{m=1}^{M} \left( \log 2\pi + z_m^2 \right)

    The normalising constant is included. The result must stay exact where the density itself is too small for a
    floating-point number: for hundreds of dimensions, and 40 standard deviations from 0.

    Args:
        z: latent representations, shape (B, M). (The Toronto handout has them as columns, M × B.)

    Returns:
        Log-densities in nats, shape (B,): summed over the M latent dimensions, not over the batch.

    Source:
        Toronto STA414 A3, question 1a; Kingma and Welling (2014), section 3.
    """
    raise NotImplementedError


def mixture_log_density(
    z: Float[Tensor, "B M"],
    logits: Float[Tensor, "K"],
    means: Float[Tensor, "K M"],
    log_vars: Float[Tensor, "K M"],
) -> Float[Tensor, "B"]:
    r"""Log-density of a mixture of K Gaussians with diagonal covariances, one value per example.

    .. math::
        \log p(\mathbf{z}) = \log \sum_{k=1}^{K} \pi_k \,
        \mathcal{N}\bigl(\mathbf{z}; \mathbf{m}_k, \operatorname{diag}(\boldsymbol{\sigma}_k^2)\bigr),
        \qquad \pi_k = \frac{e^{\ell_k}}{\sum_{j=1}^{K} e^{\ell_j}}

    One component is chosen for all dimensions of z together, so each component sums over the dimensions first. The result
    must stay exact far from all components, where their densities are too small for a floating-point number (logsumexp).
    As a prior it is learnt: gradients flow into all four arguments.

    Args:
        z: where the density is evaluated, shape (B, M).
        logits: ℓ, the logarithms of the weights up to a constant, shape (K,): the weights π are their softmax.
        means: the means m of the components, shape (K, M).
        log_vars: natural logarithm of the variances, log σ², shape (K, M). For log-standard-deviations as in the
            DTU handout: log σ² = 2 log σ.

    Returns:
        Log-densities in nats, shape (B,).

    Source:
        DTU 02460 week 1, exercise 1.6; Bishop (2006), eq. (9.7).
    """
    raise NotImplementedError


def sample_gaussian(
    mean: Float[Tensor, "B M"], log_var: Float[Tensor, "B M"], generator: torch.Generator | None = None
) -> Float[Tensor, "B M"]:
    r"""One reparameterised draw from a Gaussian with diagonal covariance for each example.

    .. math::
        \mathbf{z} = \boldsymbol{\mu} + \boldsymbol{\sigma} \odot \boldsymbol{\epsilon},
        \qquad \boldsymbol{\epsilon} \sim \mathcal{N}(\mathbf{0}, \mathbf{I})

    Fresh noise is drawn at every call, for every example and every dimension. Gradients flow from z into both
    arguments.

    Args:
        mean: the means μ, shape (B, M).
        log_var: natural logarithm of the variances, log σ², shape (B, M) (the HUJI handout's r). For
            log-standard-deviations as in the Toronto and DTU handouts: log σ² = 2 log σ.
        generator: source of the noise; `None` is the global generator.

    Returns:
        Samples z, shape (B, M).

    Source:
        HUJI 67912 Ex. 1, section 3.1.4; Kingma and Welling (2014), section 2.4; Toronto STA414 A3,
        `sample_diag_gaussian`.
    """
    raise NotImplementedError


def sample_bernoulli(logits: Float[Tensor, "B D"], generator: torch.Generator | None = None) -> Float[Tensor, "B D"]:
    r"""One binary image for each row of logits: every pixel is drawn on its own.

    .. math::
        x_d \sim \operatorname{Ber}(\lambda_d), \qquad \lambda_d = \frac{1}{1 + e^{-\ell_d}}

    Fresh noise is drawn at every call, for every example and every pixel. Logits of any size are allowed: at ±10 000 the
    pixel is certain. No gradient flows from a draw of zeros and ones to the logits.

    Args:
        logits: ℓ = log λ − log(1 − λ), the decoder's output before any sigmoid, shape (B, D).
        generator: source of the noise; `None` is the global generator.

    Returns:
        Pixels, 0 or 1, as floating-point numbers, shape (B, D).

    Source:
        Toronto STA414 A3, `sample_bernoulli` and question 3a.
    """
    raise NotImplementedError


def binarize(x: Float[Tensor, "B ..."]) -> Float[Tensor, "B ..."]:
    r"""Black-and-white images: every pixel strictly over 0.5 becomes 1, every other one 0.

    .. math::
        b = \begin{cases} 1 & \text{if } x > 0.5 \\ 0 & \text{otherwise} \end{cases}

    Nothing is random here. The DTU handout says what becomes of pixels over and of pixels under 0.5; one of exactly 0.5
    becomes 0. The images that are handed in stay as they are.

    Args:
        x: pixels in [0, 1], of any shape: (B, 784), (B, 1, 28, 28) or a single image of (28, 28).

    Returns:
        The shape and the dtype of x, entries 0 and 1.

    Source:
        DTU 02460 week 1, section 2; Toronto STA414 A3, `load_binarized_mnist`.
    """
    raise NotImplementedError
