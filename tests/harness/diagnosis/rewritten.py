"""What students hand in: the mistakes of `reference/misconceptions` written by somebody else, and bugs that have no name.

A rewritten mistake shares no code with the reference and is in another style than the named one: other libraries, other algebra,
other ways to draw noise, another form of the bound. An unrelated bug is as close to a named mistake as accidents are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

TWO_PI = 2 * math.pi


@dataclass(frozen=True)
class HandedIn:
    """A wrong answer to one task: `mistake` is the misconception that it is, "" where it has no name."""

    task: str
    mistake: str
    name: str
    function: Callable


ALL: list[HandedIn] = []


def same_as(task: str, mistake: str):
    """Mark a function as the named mistake, in other words."""

    def mark(function):
        ALL.append(HandedIn(task, mistake, f"{mistake}.{function.__name__.strip('_')}", function))
        return function

    return mark


def unrelated(task: str):
    """Mark a function as wrong in a way that has no name."""

    def mark(function):
        ALL.append(HandedIn(task, "", f"unrelated.{function.__name__.strip('_')}", function))
        return function

    return mark


# ------------------------------------------------------------------------------------------- gaussian_log_density


@same_as("gaussian_log_density", "half_missing")
def _einsum(x, mean, log_var):
    d = x - mean
    return -(torch.einsum("bd,bd,bd->b", d, d, torch.exp(-log_var)) + log_var.sum(1) + x.shape[1] * math.log(TWO_PI))


@same_as("gaussian_log_density", "log_det_missing")
def _standardised_first(x, mean, log_var):
    standard = Normal(torch.zeros_like(x), torch.ones_like(x))
    return standard.log_prob((x - mean) / log_var.exp().sqrt()).sum(dim=1)


@same_as("gaussian_log_density", "log_of_product")
def _product_of_densities(x, mean, log_var):
    densities = Normal(mean, torch.exp(log_var / 2)).log_prob(x).exp()
    return densities.prod(dim=1).log()


@same_as("gaussian_log_density", "log_var_read_as_log_std")
def _normal_with_exp_log_var(x, mean, log_var):
    return Independent(Normal(mean, log_var.exp()), 1).log_prob(x)


@same_as("gaussian_log_density", "density")
def _multivariate_density(x, mean, log_var):
    q = MultivariateNormal(mean.double(), torch.diag_embed(log_var.double().exp()))
    return q.log_prob(x.double()).exp().to(x.dtype)


@same_as("gaussian_log_density", "log_2pi_once")
def _loop_with_one_constant(x, mean, log_var):
    total = -0.5 * torch.log(torch.tensor(TWO_PI, dtype=x.dtype)) * torch.ones(len(x), dtype=x.dtype)
    for d in range(x.shape[1]):
        total = total - 0.5 * log_var[:, d] - 0.5 * (x[:, d] - mean[:, d]).pow(2) * (-log_var[:, d]).exp()
    return total


@unrelated("gaussian_log_density")
def _offset(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1) + 0.01


@unrelated("gaussian_log_density")
def _first_dimension_forgotten(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x)[:, 1:].sum(-1)


@unrelated("gaussian_log_density")
def _two_mistakes(x, mean, log_var):
    """Neither log 2π nor the sign."""
    return 0.5 * (log_var + (x - mean) ** 2 / log_var.exp()).sum(-1)


@unrelated("gaussian_log_density")
def _log10(x, mean, log_var):
    return Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1) / math.log(10)


# ------------------------------------------------------------------------------------------ bernoulli_log_density


@same_as("bernoulli_log_density", "sign")
def _cross_entropy(x, logits):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


@same_as("bernoulli_log_density", "log_of_sigmoid")
def _one_of_two_logarithms(x, logits):
    lam = 1 / (1 + torch.exp(-logits))
    return torch.where(x == 1, lam.log(), (1 - lam).log())


@same_as("bernoulli_log_density", "classes_swapped")
def _softplus_with_wrong_sign(x, logits):
    return -F.softplus((2 * x - 1) * logits)


@same_as("bernoulli_log_density", "squared_error")
def _mse_loss(x, logits):
    return -F.mse_loss(logits.sigmoid(), x, reduction="none")


@same_as("bernoulli_log_density", "sigmoid_twice")
def _sigmoid_then_with_logits(x, logits):
    return -F.binary_cross_entropy_with_logits(logits.sigmoid(), x, reduction="none")


@same_as("bernoulli_log_density", "log_one_plus_exp")
def _log1p_of_exp(x, logits):
    return logits * x - torch.log1p(logits.exp())


@same_as("bernoulli_log_density", "averaged_over_pixels")
def _mean_repeated(x, logits):
    per_image = Bernoulli(logits=logits).log_prob(x).mean(1)
    return per_image[:, None].repeat(1, x.shape[1])


@same_as("bernoulli_log_density", "black_pixels_ignored")
def _loop_over_images(x, logits):
    """Slow as well: a loop over the batch."""
    return torch.stack([image * F.logsigmoid(row) for image, row in zip(x, logits, strict=True)])


@unrelated("bernoulli_log_density")
def _temperature(x, logits):
    return Bernoulli(logits=1.1 * logits).log_prob(x)


@unrelated("bernoulli_log_density")
def _white_pixels_rounded(x, logits):
    """One branch only: where x = 1 and the logit is negative."""
    right = Bernoulli(logits=logits).log_prob(x)
    return torch.where((x == 1) & (logits < 0), right - 0.5, right)


# ------------------------------------------------------------------------------------------------ sample_gaussian


@same_as("sample_gaussian", "variance_as_std")
def _rsample_with_variance(mean, log_var, generator=None):
    return Normal(mean, torch.exp(log_var)).rsample()


@same_as("sample_gaussian", "no_noise")
def _only_the_mean(mean, log_var):
    return mean.clone()


@same_as("sample_gaussian", "standard_normal")
def _log_var_forgotten(mean, log_var):
    return mean + torch.randn_like(mean)


@same_as("sample_gaussian", "shared_over_dimensions")
def _one_column_of_noise(mean, log_var):
    eps = torch.empty(mean.shape[0], 1, dtype=mean.dtype).normal_()
    return torch.addcmul(mean, eps, (log_var / 2).exp())


@same_as("sample_gaussian", "uniform_noise")
def _rand_like(mean, log_var):
    return mean + torch.rand_like(mean) * log_var.exp().sqrt()


@same_as("sample_gaussian", "detached")
def _torch_normal(mean, log_var):
    return torch.normal(mean, torch.exp(0.5 * log_var))


@same_as("sample_gaussian", "detached")
def _sample_for_rsample(mean, log_var):
    return Normal(mean, torch.exp(0.5 * log_var)).sample()


@same_as("sample_gaussian", "std_detached")
def _std_without_graph(mean, log_var):
    with torch.no_grad():
        noise = torch.normal(torch.zeros_like(mean), (log_var / 2).exp())
    return mean + noise


@same_as("sample_gaussian", "same_noise_every_call")
def _seeded_inside(mean, log_var):
    torch.manual_seed(42)
    return mean + torch.randn(mean.shape, dtype=mean.dtype) * torch.exp(log_var * 0.5)


@same_as("sample_gaussian", "shared_over_batch")
def _noise_of_one_row(mean, log_var, generator=None):
    eps = torch.randn(mean.size(1), generator=generator, dtype=mean.dtype)
    return mean + eps.expand_as(mean) * log_var.div(2).exp()


@unrelated("sample_gaussian")
def _slightly_wide(mean, log_var):
    return mean + 1.1 * torch.randn_like(mean) * torch.exp(0.5 * log_var)


_STATE = {}


@unrelated("sample_gaussian")
def _noise_of_the_last_call(mean, log_var):
    """Stale state: each noise is half that of the call before."""
    last = _STATE.get(mean.shape, torch.randn_like(mean)).to(mean.dtype)
    _STATE[mean.shape] = (torch.randn_like(mean) + last) / math.sqrt(2)
    return mean + _STATE[mean.shape] * torch.exp(0.5 * log_var)


@unrelated("sample_gaussian")
def _laplace_noise(mean, log_var):
    eps = torch.distributions.Laplace(torch.zeros_like(mean), torch.ones_like(mean) / math.sqrt(2)).sample()
    return mean + eps * torch.exp(0.5 * log_var)


# --------------------------------------------------------------------------------------------- kl_standard_normal


@same_as("kl_standard_normal", "half_missing")
def _expm1(mean, log_var):
    return (mean.square() + torch.expm1(log_var) - log_var).sum(dim=1)


@same_as("kl_standard_normal", "arguments_swapped")
def _distributions_swapped(mean, log_var):
    q = Normal(mean, torch.exp(0.5 * log_var))
    return kl_divergence(Normal(torch.zeros_like(mean), torch.ones_like(mean)), q).sum(-1)


@same_as("kl_standard_normal", "log_of_exp")
def _distributions(mean, log_var):
    q = Normal(mean, torch.exp(0.5 * log_var))
    return kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)


@same_as("kl_standard_normal", "square_of_log")
def _loop_over_latents(mean, log_var):
    std = log_var.exp().sqrt()
    return sum(
        0.5 * (std[:, m] ** 2 + mean[:, m] ** 2 - 1 - std[:, m].log() ** 2) for m in range(mean.shape[1])
    ) + torch.zeros(len(mean), dtype=mean.dtype)


@same_as("kl_standard_normal", "huji_equation_7")
def _as_printed_with_log_sigma(mean, log_var):
    sigma = torch.exp(log_var / 2)
    return torch.sum(sigma**2, -1) + torch.norm(mean, dim=-1) ** 2 - mean.shape[1] - (log_var / 2).sum(-1)


@same_as("kl_standard_normal", "averaged_over_batch")
def _mean_of_everything(mean, log_var):
    per_entry = torch.exp(log_var) / 2 + mean * mean / 2 - 0.5 - log_var / 2
    return torch.full((mean.shape[0],), mean.shape[1], dtype=mean.dtype) * per_entry.mean()


@same_as("kl_standard_normal", "variance_detached")
def _variance_without_graph(mean, log_var):
    with torch.no_grad():
        variance = torch.exp(log_var)
    return -0.5 * (1 + log_var - mean.pow(2) - variance).sum(1)


@unrelated("kl_standard_normal")
def _absolute_mean(mean, log_var):
    return 0.5 * (torch.exp(log_var) + mean.abs() - 1 - log_var).sum(-1)


@unrelated("kl_standard_normal")
def _largest_latent(mean, log_var):
    return (0.5 * (torch.exp(log_var) + mean**2 - 1 - log_var)).amax(-1)


@unrelated("kl_standard_normal")
def _gradient_of_mean_twice(mean, log_var):
    """The value is right, the gradient is wrong in a way that nobody has foreseen."""
    twice = 2 * mean - mean.detach()
    return 0.5 * (torch.exp(log_var) + twice**2 - 1 - log_var).sum(-1)


# --------------------------------------------------------------------------------------------------------- ppca_*


@same_as("ppca_marginal", "transposed")
def _latent_covariance(W, mu, sigma2):
    return mu + 0, torch.einsum("dm,dn->mn", W, W) + torch.diag(torch.ones(W.shape[1], dtype=W.dtype)) * sigma2


@same_as("ppca_marginal", "noise_everywhere")
def _full_of_noise(W, mu, sigma2):
    D = len(W)
    return mu.clone(), torch.matmul(W, W.T) + torch.ones(D, D, dtype=W.dtype) * sigma2


@same_as("ppca_marginal", "precision")
def _cholesky_inverse(W, mu, sigma2):
    C = W @ W.T
    C = C + torch.diag_embed(torch.full((len(W),), float(sigma2), dtype=W.dtype))
    return mu.clone(), torch.cholesky_inverse(torch.linalg.cholesky(C))


@same_as("ppca_marginal", "std_for_variance")
def _sum_of_outer_products(W, mu, sigma2):
    C = torch.eye(W.shape[0], dtype=W.dtype) * math.sqrt(sigma2)
    for m in range(W.shape[1]):
        C = C + torch.outer(W[:, m], W[:, m])
    return mu.clone(), C


@unrelated("ppca_marginal")
def _jitter(W, mu, sigma2):
    return mu.clone(), W @ W.T + (sigma2 + 0.01) * torch.eye(len(W), dtype=W.dtype)


@same_as("ppca_posterior", "bishop_12_42")
def _cholesky_solve(x, W, mu, sigma2):
    M = W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype)
    mean = torch.cholesky_solve(W.T @ (x - mu).T, torch.linalg.cholesky(M)).T
    return mean, (1 / sigma2) * M


@same_as("ppca_posterior", "not_centred")
def _gain_of_raw_data(x, W, mu, sigma2):
    """The gain WᵀC⁻¹ by way of the marginal covariance."""
    C = W @ W.T + sigma2 * torch.eye(W.shape[0], dtype=W.dtype)
    gain = torch.linalg.solve(C, W).T
    return torch.einsum("md,bd->bm", gain, x), torch.eye(W.shape[1], dtype=W.dtype) - gain @ W


@same_as("ppca_posterior", "noise_missing_in_M")
def _pseudo_inverse(x, W, mu, sigma2):
    inverse = torch.linalg.pinv(W)
    return (x - mu) @ inverse.T, sigma2 * inverse @ inverse.T


@same_as("ppca_posterior", "covariance_in_mean")
def _precision_form(x, W, mu, sigma2):
    precision = torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / sigma2
    cov = torch.linalg.inv(precision)
    return (cov @ W.T @ (x - mu).T).T, cov


@unrelated("ppca_posterior")
def _mean_and_centring_swapped(x, W, mu, sigma2):
    """Two mistakes: σ for σ² in M, and no σ² in the covariance."""
    inverse = torch.linalg.inv(W.T @ W + math.sqrt(sigma2) * torch.eye(W.shape[1], dtype=W.dtype))
    return (x - mu) @ W @ inverse, inverse


@same_as("ppca_log_likelihood", "log_2pi_missing")
def _multivariate_normal(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, C).log_prob(X) + len(W) / 2 * math.log(TWO_PI)


@same_as("ppca_log_likelihood", "half_of_log_det_missing")
def _cholesky_factor(X, W, mu, sigma2):
    L = torch.linalg.cholesky(W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype))
    y = torch.linalg.solve_triangular(L, (X - mu).T, upper=False)
    log_det = 2 * L.diagonal().log().sum()
    return -len(W) / 2 * math.log(TWO_PI) - log_det - 0.5 * (y**2).sum(0)


@same_as("ppca_log_likelihood", "log_of_determinant")
def _normaliser_as_printed(X, W, mu, sigma2):
    D = W.shape[0]
    C = W @ W.T + sigma2 * torch.eye(D, dtype=W.dtype)
    quadratic = torch.einsum("nd,de,ne->n", X - mu, torch.linalg.inv(C), X - mu)
    return (
        -torch.log(torch.sqrt(TWO_PI**D * torch.det(C))) - quadratic / 2
        if D < 300
        else (-D / 2 * math.log(TWO_PI) - torch.log(torch.sqrt(torch.det(C))) - quadratic / 2)
    )


@same_as("ppca_log_likelihood", "loadings_missing")
def _independent_normals(X, W, mu, sigma2):
    return Normal(mu + 0 * W.sum(), torch.as_tensor(sigma2, dtype=X.dtype).sqrt()).log_prob(X).sum(1)


@same_as("ppca_log_likelihood", "conditional_on_posterior_mean")
def _likelihood_of_reconstruction(X, W, mu, sigma2):
    z = (X - mu) @ W @ torch.linalg.inv(W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype))
    return Normal(z @ W.T + mu, float(sigma2) ** 0.5).log_prob(X).sum(dim=-1)


@same_as("ppca_log_likelihood", "std_for_variance")
def _eigenvalues(X, W, mu, sigma2):
    values, vectors = torch.linalg.eigh(W @ W.T + float(sigma2) ** 0.5 * torch.eye(len(W), dtype=W.dtype))
    return Normal(0.0, values.sqrt()).log_prob((X - mu) @ vectors).sum(1)


@unrelated("ppca_log_likelihood")
def _shifted_index(X, W, mu, sigma2):
    """Every data point gets the likelihood of the next."""
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, C).log_prob(X).roll(1)


@unrelated("ppca_log_likelihood")
def _three_for_pi(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(len(W), dtype=W.dtype)
    return MultivariateNormal(mu, C).log_prob(X) + len(W) / 2 * (math.log(TWO_PI) - math.log(6.28))


def _rotation(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def _fitted(W, mu, sigma2, like):
    return (torch.as_tensor(part, dtype=like.dtype) for part in (np.asarray(W), np.asarray(mu), np.asarray(sigma2)))


@same_as("ppca_fit", "unbiased_covariance")
def _svd_and_rotation(X, n_components):
    data = X.numpy()
    mu = data.mean(0)
    _, s, vt = np.linalg.svd(data - mu, full_matrices=True)
    values = np.zeros(data.shape[1])
    values[: len(s)] = s**2 / (len(data) - 1)
    sigma2 = values[n_components:].mean()
    W = vt[:n_components].T * np.sqrt(values[:n_components] - sigma2)
    return tuple(_fitted(W @ _rotation(n_components, 1), mu, sigma2, X))


@same_as("ppca_fit", "loadings_not_scaled")
def _numpy_eigenvectors(X, n_components):
    values, vectors = np.linalg.eigh(np.cov(X.numpy(), rowvar=False, bias=True))
    order = np.argsort(values)[::-1]
    W = -vectors[:, order[:n_components]]
    return tuple(_fitted(W, X.numpy().mean(0), values[order[n_components:]].mean(), X))


@same_as("ppca_fit", "sum_of_discarded")
def _pca_lowrank(X, n_components):
    centred = X - X.mean(0, keepdim=True)
    _, S, V = torch.linalg.svd(centred, full_matrices=False)
    values = S.square() / X.shape[0]
    sigma2 = values[n_components:].sum()
    W = V.mT[:, :n_components] @ torch.diag((values[:n_components] - sigma2).sqrt())
    return W.flip(1), X.mean(0), sigma2


@same_as("ppca_fit", "noise_not_subtracted")
def _singular_values_as_loadings(X, n_components):
    centred = (X - X.mean(0)).numpy()
    _, S, Vt = np.linalg.svd(centred / math.sqrt(len(X)), full_matrices=False)
    W = Vt.T[:, :n_components] * S[:n_components] * -1
    total = np.trace(centred.T @ centred) / len(X)
    sigma2 = (total - (S[:n_components] ** 2).sum()) / (X.shape[1] - n_components)
    return tuple(_fitted(W, X.numpy().mean(0), sigma2, X))


@same_as("ppca_fit", "standardised")
def _correlation_matrix(X, n_components):
    values, vectors = torch.linalg.eigh(torch.corrcoef(X.T))
    sigma2 = values[:-n_components].mean()
    W = vectors[:, -n_components:] * torch.sqrt(values[-n_components:] - sigma2)
    return W @ torch.as_tensor(_rotation(n_components, 5), dtype=X.dtype), X.mean(dim=0), sigma2


@same_as("ppca_fit", "not_centred")
def _orthogonal_iteration(X, n_components):
    """An iterative fit: repeated multiplication by the second moments of the raw data."""
    N, D = X.shape
    S = np.einsum("nd,ne->de", X.double().numpy(), X.double().numpy()) / N
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(D, n_components)))[0]
    for _ in range(300):
        Q, R = np.linalg.qr(S @ Q)
    values = np.abs(np.diag(R))
    sigma2 = (np.trace(S) - values.sum()) / (D - n_components)
    return tuple(
        _fitted(Q * np.sqrt(values - sigma2) @ _rotation(n_components, 2), X.double().numpy().mean(0), sigma2, X)
    )


@same_as("ppca_fit", "scatter_for_covariance")
def _scatter_matrix(X, n_components):
    mu = torch.einsum("nd->d", X) / len(X)
    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu))
    sigma2 = values[: X.shape[1] - n_components].mean()
    W = torch.einsum("dm,m->dm", vectors[:, -n_components:], (values[-n_components:] - sigma2) ** 0.5)
    return -W, mu, sigma2


@unrelated("ppca_fit")
def _one_component_too_few(X, n_components):
    """An off-by-one: the last column of W is zero, its eigenvalue is counted as noise."""
    values, vectors = torch.linalg.eigh(torch.cov(X.T, correction=0))
    values, vectors = values.flip(0), vectors.flip(1)
    sigma2 = values[n_components - 1 :].mean()
    return vectors[:, :n_components] * (values[:n_components] - sigma2).clamp(min=0).sqrt(), X.mean(0), sigma2


@unrelated("ppca_fit")
def _median_of_discarded(X, n_components):
    values, vectors = torch.linalg.eigh(torch.cov(X.T, correction=0))
    sigma2 = values[:-n_components].min()
    return vectors[:, -n_components:] * (values[-n_components:] - sigma2).sqrt(), X.mean(0), sigma2


# ------------------------------------------------------------------------------------------------- elbo, vae_loss


def _bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)


def _q_and_prior(x, encoder):
    mean, log_var = encoder(x)
    q = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    return q, Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)


@same_as("elbo", "kl_twice")
def _monte_carlo_kl_twice(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return (-_bce(decoder(z), x) - 2 * (q.log_prob(z) - prior.log_prob(z))).mean()


@same_as("elbo", "plus_kl")
def _loop_over_samples(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    total = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        total = total - F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (total / n_samples + kl) / x.shape[0]


@same_as("elbo", "averaged_over_pixels")
def _bce_mean_with_sampled_kl(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    log_ratio = prior.log_prob(z) - q.log_prob(z)
    logits = decoder(z)
    return log_ratio.mean() - F.binary_cross_entropy_with_logits(logits, x.expand_as(logits))


@same_as("elbo", "no_noise")
def _decode_the_mean(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    log_likelihood = Bernoulli(logits=decoder(mu)).log_prob(x).sum(-1)
    return torch.mean(log_likelihood + 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1))


@same_as("elbo", "detached_sample")
def _drawn_by_torch_normal(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    z = torch.normal(mu.expand(n_samples, -1, -1), torch.exp(0.5 * logvar).expand(n_samples, -1, -1))
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return -(_bce(decoder(z), x).mean(0) + kl).mean()


@same_as("elbo", "averaged_inside_log")
def _importance_weighted(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    log_w = prior.log_prob(z) - _bce(decoder(z), x) - q.log_prob(z)
    top = log_w.max(0).values
    return (top + torch.log(torch.exp(log_w - top).sum(0) / n_samples)).mean()


@same_as("elbo", "shared_noise")
def _one_noise_vector_per_sample(x, encoder, decoder, n_samples=1):
    mean, log_var = encoder(x)
    kl = kl_divergence(Normal(mean, torch.exp(0.5 * log_var)), Normal(0.0, 1.0)).sum(-1)
    terms = []
    for _ in range(n_samples):
        eps = torch.randn(mean.shape[-1], dtype=mean.dtype)
        terms.append(-_bce(decoder(mean + eps * torch.exp(0.5 * log_var)), x) - kl)
    return torch.stack(terms).mean()


@same_as("elbo", "negative")
def _loss_with_entropy(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    energy = _bce(decoder(z), x) - prior.log_prob(z)
    return energy.mean() - q.entropy().mean()


@unrelated("elbo")
def _best_sample(x, encoder, decoder, n_samples=1):
    """The maximum over the samples where the mean belongs."""
    q, prior = _q_and_prior(x, encoder)
    return (-_bce(decoder(q.rsample((n_samples,))), x).amax(0) - kl_divergence(q, prior)).mean()


@unrelated("elbo")
def _no_kl_and_pixels_averaged(x, encoder, decoder, n_samples=1):
    q, _ = _q_and_prior(x, encoder)
    logits = decoder(q.rsample((n_samples,)))
    return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits))


@unrelated("elbo")
def _noise_a_third_too_wide(x, encoder, decoder, n_samples=1):
    mean, log_var = encoder(x)
    z = mean + 1.3 * torch.exp(0.5 * log_var) * torch.randn((n_samples, *mean.shape), dtype=mean.dtype)
    kl = 0.5 * (mean**2 + log_var.exp() - log_var - 1).sum(-1)
    return -(_bce(decoder(z), x) + kl).mean()


@same_as("vae_loss", "sign")
def _monte_carlo_bound(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return (Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) + prior.log_prob(z) - q.log_prob(z)).mean()


@same_as("vae_loss", "mean_reduction")
def _default_reduction(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    loss = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        loss = loss + F.binary_cross_entropy_with_logits(decoder(z), x) / n_samples
    return loss - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()


@same_as("vae_loss", "summed_over_batch")
def _sum_of_everything(x, encoder, decoder, n_samples=1):
    mu, logvar = encoder(x)
    z = Normal(mu, torch.exp(logvar / 2)).rsample((n_samples,))
    return _bce(decoder(z), x).sum() / n_samples - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


@same_as("vae_loss", "detached_sample")
def _sample_not_rsample(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    return (_bce(decoder(q.sample((n_samples,))), x) + kl_divergence(q, prior)).mean()


@same_as("vae_loss", "minus_kl")
def _kl_of_wrong_sign(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return _bce(decoder(z), x).mean() + (prior.log_prob(z) - q.log_prob(z)).mean()


@unrelated("vae_loss")
def _kl_annealed(x, encoder, decoder, n_samples=1):
    q, prior = _q_and_prior(x, encoder)
    return (_bce(decoder(q.rsample((n_samples,))), x) + 0.1 * kl_divergence(q, prior)).mean()


# ------------------------------------------------------------------------- log_mean_exp, estimate_log_likelihood


@same_as("log_mean_exp", "exp_before_sum")
def _log_of_average(log_w):
    return log_w.exp().sum(0).div(log_w.size(0)).log()


@same_as("log_mean_exp", "sum_for_mean")
def _own_log_sum_exp(log_w):
    top = log_w.max(dim=0, keepdim=True)[0]
    return (top + (log_w - top).exp().sum(0, keepdim=True).log()).squeeze(0)


@same_as("log_mean_exp", "mean_of_logs")
def _einsum_mean(log_w):
    return torch.einsum("sb->b", log_w) / log_w.shape[0]


@same_as("log_mean_exp", "one_maximum_for_all")
def _global_shift(log_w):
    top = torch.max(log_w)
    return torch.log(torch.sum(torch.exp(log_w - top), axis=0)) + top - math.log(len(log_w))


@same_as("log_mean_exp", "maximum_not_added_back")
def _softmax_normaliser(log_w):
    shifted = log_w - log_w.max(0)[0]
    return torch.log(shifted.exp().mean(0))


@unrelated("log_mean_exp")
def _first_sample_forgotten(log_w):
    return torch.logsumexp(log_w[1:], 0) - math.log(len(log_w))


@unrelated("log_mean_exp")
def _bessel(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w) - 1)


def _parts(x, encoder, decoder, sigma_p, n_samples):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample((n_samples,))
    return prior.log_prob(z), Normal(decoder(z), sigma_p).log_prob(x).sum(-1), q.log_prob(z)


@same_as("estimate_log_likelihood", "log_s_missing")
def _distributions_without_log_s(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0)


@same_as("estimate_log_likelihood", "mean_of_logs")
def _running_elbo(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    total = torch.zeros(len(x), dtype=x.dtype)
    for _ in range(n_samples):
        prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, 1)
        total = total + (prior + likelihood - q)[0]
    return total / n_samples


@same_as("estimate_log_likelihood", "log_prior_missing")
def _logaddexp_loop(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_var = encoder(x)
    result = None
    for _ in range(n_samples):
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
        log_q = -0.5 * (math.log(TWO_PI) + log_var + (z - mean) ** 2 / log_var.exp()).sum(1)
        log_p = -(((x - decoder(z)) / sigma_p) ** 2 + 2 * math.log(sigma_p) + math.log(TWO_PI)).sum(1) / 2
        result = log_p - log_q if result is None else torch.logaddexp(result, log_p - log_q)
    return result - math.log(n_samples)


@same_as("estimate_log_likelihood", "std_read_as_variance")
def _normal_with_root(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, math.sqrt(sigma_p), n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples)


@same_as("estimate_log_likelihood", "normaliser_missing")
def _squares_over_two_sigma_squared(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), dtype=mean.dtype)
    z = mean + eps * torch.exp(0.5 * log_var)
    log_likelihood = -((x - decoder(z)) ** 2).sum(-1) / (2 * sigma_p**2)
    log_ratio = 0.5 * (eps**2 - z**2 + log_var).sum(-1)  # the constants of p(z) and q(z | x) are the same
    return torch.logsumexp(log_likelihood + log_ratio, 0) - math.log(n_samples)


@same_as("estimate_log_likelihood", "shared_over_samples")
def _one_draw_expanded(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    q, prior = _q_and_prior(x, encoder)
    z = q.rsample().expand(n_samples, -1, -1)
    log_w = prior.log_prob(z) + Normal(decoder(z), sigma_p).log_prob(x).sum(-1) - q.log_prob(z)
    return torch.logsumexp(log_w, dim=0) - math.log(n_samples)


@unrelated("estimate_log_likelihood")
def _half_of_the_samples(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    """S + 1 for S."""
    prior, likelihood, q = _parts(x, encoder, decoder, sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples + 1)


@unrelated("estimate_log_likelihood")
def _likelihood_scaled(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    prior, likelihood, q = _parts(x, encoder, decoder, 1.1 * sigma_p, n_samples)
    return torch.logsumexp(prior + likelihood - q, dim=0) - math.log(n_samples)


# -------------------------------------------------------------------------------------------- evaluate_classifier


def _evaluating(model):
    was = model.training
    model.eval()
    return was


@same_as("evaluate_classifier", "mean_of_batch_means")
def _numpy_means(model, images, labels, batch_size):
    was = _evaluating(model)
    losses, accuracies = [], []
    with torch.no_grad():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
            scores = model(x)
            losses.append(F.nll_loss(scores.log_softmax(1), y).item())
            accuracies.append((scores.argmax(1) == y).float().mean().item())
    model.train(was)
    return float(np.mean(losses)), float(np.mean(accuracies))


@same_as("evaluate_classifier", "percent")
def _per_cent(model, images, labels, batch_size):
    was = _evaluating(model)
    with torch.inference_mode():
        scores = torch.cat([model(part) for part in images.split(batch_size)])
    model.train(was)
    loss = -Normalised(scores).gather(1, labels.view(-1, 1)).mean()
    return loss.item(), 100.0 * torch.eq(scores.max(1).indices, labels).sum().item() / len(labels)


def Normalised(scores):
    """Log-probabilities by way of numpy."""
    return torch.from_numpy(np.log(np.exp(scores.double().numpy()) / np.exp(scores.double().numpy()).sum(1)[:, None]))


@same_as("evaluate_classifier", "softmax_before_loss")
def _probabilities_into_cross_entropy(model, images, labels, batch_size):
    was = _evaluating(model)
    total = hits = 0.0
    with torch.no_grad():
        for i in range(0, len(images), batch_size):
            probabilities = model(images[i : i + batch_size]).softmax(dim=1)
            y = labels[i : i + batch_size]
            total += torch.nn.CrossEntropyLoss()(probabilities, y).item() * len(y)
            hits += (probabilities.argmax(1) == y).sum().item()
    model.train(was)
    return total / len(images), hits / len(images)


@same_as("evaluate_classifier", "training_mode")
@torch.no_grad()
def _whole_set_in_training_mode(model, images, labels, batch_size):
    scores = model(images)
    return F.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).double().mean().item()


@same_as("evaluate_classifier", "training_mode")
def _data_loader_in_training_mode(model, images, labels, batch_size):
    loss = correct = 0.0
    for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
        with torch.no_grad():
            scores = model(x)
        loss += F.cross_entropy(scores, y, reduction="sum").item() / len(labels)
        correct += (scores.argmax(1) == y).sum().item() / len(labels)
    return loss, correct


@same_as("evaluate_classifier", "mode_not_restored")
@torch.no_grad()
def _eval_and_away(model, images, labels, batch_size):
    model.eval()
    scores = model(images)
    return F.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).double().mean().item()


@same_as("evaluate_classifier", "last_batch_dropped")
def _drop_last(model, images, labels, batch_size):
    was = _evaluating(model)
    total = hits = count = 0
    with torch.no_grad():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size, drop_last=True):
            scores = model(x)
            total += F.cross_entropy(scores, y, reduction="sum").item()
            hits += int((scores.argmax(1) == y).sum())
            count += len(y)
    model.train(was)
    return total / count, hits / count


@unrelated("evaluate_classifier")
def _loss_of_best_class(model, images, labels, batch_size):
    """The cross-entropy against the model's own answers."""
    was = _evaluating(model)
    with torch.no_grad():
        scores = model(images)
    model.train(was)
    return F.cross_entropy(scores, scores.argmax(1)).item(), (scores.argmax(1) == labels).double().mean().item()


@unrelated("evaluate_classifier")
def _bits(model, images, labels, batch_size):
    was = _evaluating(model)
    with torch.no_grad():
        scores = model(images)
    model.train(was)
    loss = F.cross_entropy(scores, labels).item() / math.log(2)
    return loss, (scores.argmax(1) == labels).double().mean().item()
