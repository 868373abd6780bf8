"""PCA, and probabilistic PCA: x = W z + μ + ε with z ~ N(0, I) and ε ~ N(0, σ²I), where everything has a closed form."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def pca_project(
    X: Float[Tensor, "N D"], n_components: int
) -> tuple[Float[Tensor, "{n_components} D"], Float[Tensor, "N {n_components}"]]:
    r"""Principal component analysis: the directions of largest variance, and the data projected onto them.

    .. math::
        \frac{1}{N} \sum_{n=1}^{N} (\mathbf{x}_n - \bar{\mathbf{x}}) (\mathbf{x}_n - \bar{\mathbf{x}})^{\mathsf{T}}
        \mathbf{u}_m = \lambda_m \mathbf{u}_m, \quad \lambda_1 \ge \lambda_2 \ge \dots, \qquad
        t_{nm} = \mathbf{u}_m^{\mathsf{T}} (\mathbf{x}_n - \bar{\mathbf{x}})

    The components are orthonormal, and the one with the largest variance comes first. The sign of a component is free,
    but its column of scores must go with it. The scores are neither standardised nor whitened.

    Args:
        X: data points, shape (N, D); not centred.
        n_components: the number of components M, with 1 ≤ M ≤ min(N − 1, D).

    Returns:
        The components u, one in each row, shape (M, D), and the scores t, shape (N, M).

    Source:
        Uppsala APML VAE lab, task 4.1; DTU 02460 week 1, exercise 1.5; Bishop (2006), section 12.1.
    """
    centred = X - X.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)  # in rows, by descending singular value
    components = directions[:n_components]
    return components, centred @ components.mT


def ppca_marginal(
    W: Float[Tensor, "D M"], mu: Float[Tensor, "D"], sigma2: float | Float[Tensor, ""]
) -> tuple[Float[Tensor, "D"], Float[Tensor, "D D"]]:
    r"""Mean and covariance of p(x), the latent variable integrated out.

    .. math::
        p(\mathbf{x}) = \mathcal{N}(\mathbf{x}; \boldsymbol{\mu}, \mathbf{C}),
        \qquad \mathbf{C} = \mathbf{W} \mathbf{W}^{\mathsf{T}} + \sigma^2 \mathbf{I}_D

    Args:
        W: the loadings, shape (D, M).
        mu: the mean of the data μ, shape (D,).
        sigma2: the noise variance σ² (not σ), a float or a 0-d tensor.

    Returns:
        The mean, shape (D,), and the covariance C, shape (D, D).

    Source:
        Uppsala APML VAE lab, question 3.1; Bishop (2006), eq. (12.35)-(12.36).
    """
    identity = torch.eye(W.shape[0], dtype=W.dtype, device=W.device)
    return mu.clone(), W @ W.mT + sigma2 * identity


def ppca_posterior(
    x: Float[Tensor, "B D"], W: Float[Tensor, "D M"], mu: Float[Tensor, "D"], sigma2: float | Float[Tensor, ""]
) -> tuple[Float[Tensor, "B M"], Float[Tensor, "M M"]]:
    r"""Mean and covariance of p(z | x); the covariance is the same for every x.

    .. math::
        p(\mathbf{z} \mid \mathbf{x}) = \mathcal{N}\bigl(\mathbf{z}; \mathbf{M}^{-1} \mathbf{W}^{\mathsf{T}}
        (\mathbf{x} - \boldsymbol{\mu}), \; \sigma^2 \mathbf{M}^{-1}\bigr),
        \qquad \mathbf{M} = \mathbf{W}^{\mathsf{T}} \mathbf{W} + \sigma^2 \mathbf{I}_M

    Misprint: Bishop (2006) prints the covariance as σ⁻²M in eq. (12.42), see the Uppsala handout's footnote 2.

    Args:
        x: data points, shape (B, D).
        W: the loadings, shape (D, M).
        mu: the mean of the data μ, shape (D,).
        sigma2: the noise variance σ² (not σ), a float or a 0-d tensor.

    Returns:
        The means, shape (B, M), and the common covariance, shape (M, M).

    Source:
        Uppsala APML VAE lab, question 3.2; Tipping and Bishop (1999).
    """
    identity = torch.eye(W.shape[1], dtype=W.dtype, device=W.device)
    M = W.mT @ W + sigma2 * identity
    mean = torch.linalg.solve(M, W.mT @ (x - mu).mT).mT
    cov = sigma2 * torch.linalg.inv(M)
    return mean, cov


def ppca_log_likelihood(
    X: Float[Tensor, "N D"], W: Float[Tensor, "D M"], mu: Float[Tensor, "D"], sigma2: float | Float[Tensor, ""]
) -> Float[Tensor, "N"]:
    r"""Log-likelihood log p(x) of each data point.

    .. math::
        \log p(\mathbf{x}_n) = -\frac{1}{2} \Bigl( D \log 2\pi + \log |\mathbf{C}|
        + (\mathbf{x}_n - \boldsymbol{\mu})^{\mathsf{T}} \mathbf{C}^{-1} (\mathbf{x}_n - \boldsymbol{\mu}) \Bigr),
        \qquad \mathbf{C} = \mathbf{W} \mathbf{W}^{\mathsf{T}} + \sigma^2 \mathbf{I}_D

    With M much smaller than D only an M × M system need be solved, by the matrix determinant lemma and Woodbury's
    identity, where :math:`\mathbf{M} = \mathbf{W}^{\mathsf{T}} \mathbf{W} + \sigma^2 \mathbf{I}_M`:

    .. math::
        |\mathbf{C}| = \sigma^{2(D - M)} |\mathbf{M}|, \qquad
        \mathbf{C}^{-1} = \sigma^{-2} \bigl( \mathbf{I}_D - \mathbf{W} \mathbf{M}^{-1} \mathbf{W}^{\mathsf{T}} \bigr)

    Args:
        X: data points, shape (N, D).
        W: the loadings, shape (D, M).
        mu: the mean of the data μ, shape (D,).
        sigma2: the noise variance σ² (not σ), a float or a 0-d tensor.

    Returns:
        Log-likelihoods in nats, shape (N,): one per data point, neither summed nor averaged.

    Source:
        Uppsala APML VAE lab, section 3.1; DTU 02460 week 1, exercise 1.1; Bishop (2006), eq. (12.43).
    """
    D = W.shape[0]
    mean, cov = ppca_posterior(X, W, mu, sigma2)  # cov = σ²M⁻¹, hence log|C| = D log σ² − log|cov|
    residual = X - mu - mean @ W.mT
    # Woodbury's difference of two large terms is written as the sum ‖x − μ − Wm‖²/σ² + ‖m‖², which cannot cancel
    mahalanobis = torch.sum(residual**2, dim=-1) / sigma2 + torch.sum(mean**2, dim=-1)
    log_det = D * _log(sigma2, W) - torch.logdet(cov)
    return -0.5 * (D * math.log(2 * math.pi) + log_det + mahalanobis)


def ppca_fit(
    X: Float[Tensor, "N D"], n_components: int
) -> tuple[Float[Tensor, "D {n_components}"], Float[Tensor, "D"], float | Float[Tensor, ""]]:
    r"""Maximum-likelihood estimates of W, μ and σ² in closed form.

    .. math::
        \hat{\boldsymbol{\mu}} = \frac{1}{N} \sum_{n=1}^{N} \mathbf{x}_n, \qquad
        \hat{\sigma}^2 = \frac{1}{D - M} \sum_{d=M+1}^{D} \lambda_d, \qquad
        \hat{\mathbf{W}} = \mathbf{U}_M \bigl( \boldsymbol{\Lambda}_M - \hat{\sigma}^2 \mathbf{I}_M \bigr)^{1/2}

    Here λ₁ ≥ … ≥ λ_D are the eigenvalues of the covariance of the data *with 1/N* (not 1/(N − 1)), and the columns of
    U_M are the eigenvectors of the M largest. W is determined up to a rotation of its columns, so any rotation (and
    any sign) is right.

    Args:
        X: data points, shape (N, D); not centred.
        n_components: the number of latent dimensions M, with 1 ≤ M < D.

    Returns:
        W of shape (D, M), μ of shape (D,) and the noise variance σ², a float or a 0-d tensor.

    Source:
        Tipping and Bishop (1999), eq. (7)-(8); Bishop (2006), eq. (12.45)-(12.46); Uppsala APML VAE lab, section 4.2.
    """
    N, D = X.shape
    mu = X.mean(dim=0)
    centred = X - mu
    cov = centred.mT @ centred / N
    eigenvalues, eigenvectors = torch.linalg.eigh(cov)  # in ascending order: the kept ones are the last
    kept, discarded = eigenvalues[D - n_components :], eigenvalues[: D - n_components]
    sigma2 = discarded.mean()
    W = eigenvectors[:, D - n_components :] * torch.sqrt((kept - sigma2).clamp(min=0))
    return W, mu, sigma2


def ppca_sample(
    n: int,
    W: Float[Tensor, "D M"],
    mu: Float[Tensor, "D"],
    sigma2: float | Float[Tensor, ""],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "{n} D"]:
    r"""Independent draws of data points from the model, observation noise included.

    .. math::
        \mathbf{x}_i = \mathbf{W} \mathbf{z}_i + \boldsymbol{\mu} + \sigma \boldsymbol{\epsilon}_i,
        \qquad \mathbf{z}_i \sim \mathcal{N}(\mathbf{0}, \mathbf{I}_M),
        \quad \boldsymbol{\epsilon}_i \sim \mathcal{N}(\mathbf{0}, \mathbf{I}_D)

    Both z and ε are fresh for every draw and every call. The decoded means W z + μ, which the Uppsala notebook shows
    beside the samples, are not draws of x: they lack the noise.

    Args:
        n: number of draws.
        W: the loadings, shape (D, M).
        mu: the mean of the data μ, shape (D,).
        sigma2: the noise variance σ² (not σ), a float or a 0-d tensor.
        generator: source of the noise; `None` is the global generator.

    Returns:
        Draws of x, one per row, shape (n, D).

    Source:
        Uppsala APML VAE lab, section 4.3; Bishop (2006), eq. (12.33).
    """
    D, M = W.shape
    z = torch.randn(n, M, generator=generator, dtype=W.dtype, device=W.device)
    noise = torch.randn(n, D, generator=generator, dtype=W.dtype, device=W.device)
    return z @ W.mT + mu + sigma2**0.5 * noise


def _log(value: float | Tensor, like: Tensor) -> Tensor:
    return torch.log(torch.as_tensor(value, dtype=like.dtype, device=like.device))
