"""From a deterministic autoencoder to a generative model: a mixture of Gaussians on its codes."""

import torch
from jaxtyping import Float
from torch import Tensor

from reference.types import AnyDecoder


def fit_latent_mixture(
    codes: Float[Tensor, "N M"], n_components: int, seed: int
) -> tuple[Float[Tensor, "{n_components}"], Float[Tensor, "{n_components} M"], Float[Tensor, "{n_components} M M"]]:
    r"""Maximum likelihood for a mixture of Gaussians with full covariances, fitted to the codes of an autoencoder.

    .. math::
        \hat{\pi}, \hat{\mathbf{m}}, \hat{\mathbf{S}} = \operatorname*{argmax}_{\pi, \mathbf{m}, \mathbf{S}}
        \sum_{n=1}^{N} \log \sum_{k=1}^{K} \pi_k \, \mathcal{N}(\mathbf{z}_n; \mathbf{m}_k, \mathbf{S}_k)

    Expectation maximisation until it has converged gets there: responsibilities, and then weights, means and covariances
    with these as weights (maximum likelihood: divided by their sum, with no −1). It finds local optima only, which depend
    on the start, so start at well chosen points (k-means, say), or several times. The order of the components is free. What
    is judged is the likelihood that is reached, not its digits; up to 1e-6 may be added to variances, so that no component
    shrinks to a point.

    Args:
        codes: what the encoder makes of the data, shape (N, M).
        n_components: number K of Gaussians. With one, the result is the mean and the covariance (1/N) of the codes.
        seed: of all random numbers: the same seed gives the same result, another seed may give another start.

    Returns:
        Weights, shape (K,), which add up to 1; means, shape (K, M); and covariances, shape (K, M, M).

    Source:
        Lab 1 (Deep Probabilistic Generative Models), 0.7.
    """
    from sklearn.mixture import GaussianMixture  # takes a second, which most gradings need not wait for

    fitted = GaussianMixture(n_components, n_init=4, tol=1e-6, max_iter=500, random_state=seed)
    fitted.fit(codes.detach().cpu().double().numpy())
    parts = (fitted.weights_, fitted.means_, fitted.covariances_)
    weights, means, covariances = (torch.as_tensor(part).to(codes) for part in parts)
    return weights, means, covariances


def sample_latent_mixture(
    n: int,
    weights: Float[Tensor, "K"],
    means: Float[Tensor, "K M"],
    covariances: Float[Tensor, "K M M"],
    decoder: AnyDecoder,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "{n} D"]:
    r"""Images from an autoencoder: codes drawn from the mixture that was fitted to its codes, and decoded.

    .. math::
        k_i \sim \operatorname{Cat}(\pi), \qquad \mathbf{z}_i \sim \mathcal{N}(\mathbf{m}_{k_i}, \mathbf{S}_{k_i}), \qquad
        \mathbf{x}_i = \text{decoder}(\mathbf{z}_i)

    Each image has a component and a code of its own, fresh at every call; the order of the images is free. The decoder is
    the autoencoder's: what it returns are pixels, which are returned as they are, without a sigmoid and without noise.

    Args:
        n: number of images.
        weights: the weights π of the components, which add up to 1, shape (K,).
        means: their means, shape (K, M).
        covariances: their covariances (not standard deviations, nor Cholesky factors), shape (K, M, M).
        decoder: maps codes of shape (n, M) to images of shape (n, D).
        generator: source of the randomness; `None` is the global generator.

    Returns:
        Images, shape (n, D).

    Source:
        Lab 1 (Deep Probabilistic Generative Models), 0.7.
    """
    components = torch.multinomial(weights, n, replacement=True, generator=generator)
    noise = torch.randn((n, means.shape[1]), generator=generator, dtype=means.dtype, device=means.device)
    factors = torch.linalg.cholesky(covariances)
    z = means[components] + torch.einsum("nij,nj->ni", factors[components], noise)
    return decoder(z)
