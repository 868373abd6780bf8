"""What was asked for later: priors, mixtures, halves of images, two levels."""
from __future__ import annotations

import numpy as np
import torch

from src.models import DiagonalGaussian
from src.vae_parts import bernoulli_log_density, kl_standard_normal, sample_gaussian

ROWS, COLUMNS = 28, 28


def log_prior(z):
    return DiagonalGaussian.standard(z).log_prob(z)


def binarize(x):
    return torch.where(x > 0.5, 1.0, 0.0).to(x)


def sample_bernoulli(logits, generator=None):
    u = torch.empty_like(logits).uniform_(generator=generator)
    return (u < 1 / (1 + torch.exp(-logits))).to(logits.dtype)


def kl_gaussian(mean_q, log_var_q, mean_p, log_var_p):
    s_q, s_p = (log_var_q / 2).exp(), (log_var_p / 2).exp()
    return torch.log(s_p / s_q) + (s_q**2 + (mean_q - mean_p) ** 2) / (2 * s_p**2) - 0.5


def kl_bernoulli(probs, prior=0.5):
    def term(p, q):
        return torch.where(p > 0, p * (torch.log(torch.where(p > 0, p, 1.0)) - np.log(q)), 0.0)

    return (term(probs, prior) + term(1 - probs, 1 - prior)).sum(-1)


def mixture_log_density(z, logits, means, log_vars):
    log_pi = logits - torch.logsumexp(logits, 0)
    components = DiagonalGaussian.from_log_var(means, log_vars)
    joint = log_pi + components.log_prob(z.unsqueeze(-2))
    top = joint.amax(-1, keepdim=True)
    return (joint - top).exp().sum(-1).log() + top.squeeze(-1)


def kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars):
    log_q = DiagonalGaussian.from_log_var(mean, log_var).log_prob(z)
    return torch.einsum("sb->b", log_q - mixture_log_density(z, logits, means, log_vars)) / z.shape[0]


def pca_project(X, n_components):
    A = X.double().numpy()
    A = A - A.mean(axis=0)
    _, _, Vt = np.linalg.svd(A, full_matrices=False)
    V = Vt[:n_components]
    return torch.from_numpy(V.copy()).to(X.dtype), torch.from_numpy(A @ V.T).to(X.dtype)


def ppca_sample(n, W, mu, sigma2, generator=None):
    D, M = W.shape
    both = torch.empty(n, M + D, dtype=W.dtype).normal_(generator=generator)
    return torch.einsum("nm,dm->nd", both[:, :M], W) + mu + both[:, M:] * sigma2**0.5


def log_likelihood(x, z, decoder):
    return torch.einsum("bd->b", bernoulli_log_density(x, decoder(z)))


def joint_log_density(x, z, decoder):
    return log_likelihood(x, z, decoder) + log_prior(z)


def mse_objective(x, x_hat, mean, log_var):
    B, M = mean.shape
    return ((x - x_hat) ** 2).sum() / x.numel() + kl_standard_normal(mean, log_var).sum() / (B * M)


def interpolate(z_a, z_b, alphas):
    shares = torch.stack([alphas, 1 - alphas], dim=1)
    return shares @ torch.stack([z_a, z_b])


def top_half(x):
    return x.reshape(-1, ROWS, COLUMNS)[:, : ROWS // 2].flatten(1)


def log_likelihood_top(x_top, z, decoder):
    return bernoulli_log_density(x_top, top_half(decoder(z))).sum(1)


def log_joint_top(x_top, zs, decoder):
    return log_prior(zs) + log_likelihood_top(x_top.expand(len(zs), -1), zs, decoder)


def complete_image(x_top, mean, log_var, decoder, generator=None):
    z = sample_gaussian(mean, log_var, generator)
    image = torch.sigmoid(decoder(z.unsqueeze(0))).squeeze(0)
    return torch.hstack([x_top, image[len(x_top) :]])


def importance_log_weights(x, z, mean, log_var, decoder, sigma_p):
    x_hat = decoder(z)
    log_sigma = torch.log(torch.as_tensor(sigma_p, dtype=x.dtype))
    log_px = DiagonalGaussian(x_hat, log_sigma.expand_as(x_hat)).log_prob(x)
    return log_prior(z) + log_px - DiagonalGaussian.from_log_var(mean, log_var).log_prob(z)


def log_likelihood_by_digit(log_p, labels):
    one_hot = (labels[:, None] == torch.arange(10)).to(log_p.dtype)
    return (one_hot * log_p[:, None]).sum(0) / one_hot.sum(0)


def hierarchical_terms(x, z1, z2, q1, q2, p1, decoder):
    above, below = DiagonalGaussian.from_log_var(*p1(z2)), DiagonalGaussian.from_log_var(*q1(x))
    kl = DiagonalGaussian.from_log_var(*q2(z1)).kl_to_standard()
    return log_likelihood(x, z1, decoder), above.log_prob(z1) - below.log_prob(z1), kl


def init_latents(n, latent_dim, generator=None):
    both = torch.randn(2 * n, latent_dim, generator=generator)
    return both[:n], 2 * both[n:].abs().log()


def relaxed_bernoulli_sample(logits, temperature, generator=None):
    gumbels = -torch.empty(2, *logits.shape, dtype=logits.dtype).exponential_(generator=generator).log()
    return torch.sigmoid((logits + gumbels[0] - gumbels[1]) / temperature)


def balanced_subset(labels, per_class, generator=None):
    order = torch.randperm(len(labels), generator=generator)
    shuffled = labels[order]
    return torch.cat([order[shuffled == c][:per_class] for c in shuffled.unique()])


def latent_objective(x, mean, log_var, decoder, generator=None):
    q = DiagonalGaussian.from_log_var(mean, log_var)
    residual = x - decoder(q.rsample(generator))
    return torch.einsum("bd,bd->", residual, residual) + q.kl_to_standard().sum()


def prior_log_likelihood(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    z = torch.randn((n_samples, len(x), latent_dim), dtype=x.dtype, generator=generator)
    x_hat = decoder(z)
    log_sigma = 0.5 * torch.as_tensor(log_var_x, dtype=x.dtype)
    log_p = DiagonalGaussian(x_hat, log_sigma.expand_as(x_hat)).log_prob(x)
    return torch.logsumexp(log_p, 0) - np.log(n_samples)


def svi_elbo(x_top, mean, log_var, decoder, n_samples, generator=None):
    q = DiagonalGaussian.from_log_var(mean, log_var)
    bound = 0.0
    for _ in range(n_samples):
        z = q.rsample(generator)
        image = decoder(z[None])
        bound = bound + log_prior(z) + bernoulli_log_density(x_top, top_half(image)[0]).sum() - q.log_prob(z)
    return bound / n_samples


def gaussian_elbo(x, encoder, decoder, log_var_x, n_samples=1, generator=None):
    q = DiagonalGaussian.from_log_var(*encoder(x))
    log_sigma = 0.5 * torch.as_tensor(log_var_x, dtype=x.dtype)
    terms = []
    for _ in range(n_samples):
        x_hat = decoder(q.rsample(generator))
        terms.append(DiagonalGaussian(x_hat, log_sigma.expand_as(x_hat)).log_prob(x))
    return torch.mean(sum(terms) / n_samples - q.kl_to_standard())


def hierarchical_elbo(x, q1, q2, p1, decoder, n_samples=1, generator=None):
    total = torch.zeros(len(x), dtype=x.dtype)
    for _ in range(n_samples):
        z1 = DiagonalGaussian.from_log_var(*q1(x)).rsample(generator)
        z2 = DiagonalGaussian.from_log_var(*q2(z1)).rsample(generator)
        recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
        total = total + recon + ratio - kl
    return (total / n_samples).mean()


def ancestral_sample(n, decoder, latent_dim, generator=None):
    means = 1 / (1 + torch.exp(-decoder(torch.randn((n, latent_dim), generator=generator))))
    return means, (torch.rand(means.shape, generator=generator) < means).to(means.dtype)


def evaluate_elbo(images, model, n_samples=1, generator=None):
    mode = model.training
    model.eval()
    bounds = []
    with torch.inference_mode():
        for batch in images.split(64):
            q = DiagonalGaussian.from_log_var(*model.encode(batch))
            for _ in range(n_samples):
                z = q.rsample(generator)
                log_px = bernoulli_log_density(batch, model.decode(z)).sum(-1)
                bounds.append(log_px + log_prior(z) - q.log_prob(z))
    model.train(mode)
    return float(np.mean(torch.cat(bounds).double().numpy()))


def posterior_samples(x, encoder, generator=None):
    return DiagonalGaussian.from_log_var(*encoder(x)).rsample(generator)


def project_2d(z):
    if z.shape[1] > 2:
        return pca_project(z, 2)[1]
    return torch.nn.functional.pad(z, (0, 2 - z.shape[1]))


class Decoder(torch.nn.Sequential):
    def __init__(self, latent_dim, data_dim, hidden=500):
        super().__init__(torch.nn.Linear(latent_dim, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, data_dim))


class Encoder(torch.nn.Sequential):
    def __init__(self, data_dim, latent_dim, hidden=500):
        super().__init__(torch.nn.Linear(data_dim, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 2 * latent_dim))

    def forward(self, x):
        return tuple(super().forward(x).chunk(2, 1))


def binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    # every image n_samples times, one after the other
    images = x.repeat_interleave(n_samples, dim=0)
    z = relaxed_bernoulli_sample(encoder_logits(images), temperature, generator)
    return (log_likelihood(images, z, decoder) - kl_bernoulli(torch.sigmoid(encoder_logits(images)))).mean()


class ConvEncoder(torch.nn.Sequential):
    def __init__(self, latent_dim):
        super().__init__(
            torch.nn.Conv2d(1, 8, 3, 2), torch.nn.SiLU(), torch.nn.Conv2d(8, 16, 3, 2), torch.nn.SiLU(),
            torch.nn.Flatten(), torch.nn.Linear(16 * 36, 2 * latent_dim),
        )

    def forward(self, x):
        return tuple(super().forward(x).chunk(2, 1))


class ConvDecoder(torch.nn.Sequential):
    def __init__(self, latent_dim):
        super().__init__(
            torch.nn.Linear(latent_dim, 8 * 49), torch.nn.SiLU(), torch.nn.Unflatten(1, (8, 7, 7)), torch.nn.Upsample(scale_factor=4),
            torch.nn.Conv2d(8, 8, 3, padding=1), torch.nn.SiLU(), torch.nn.Conv2d(8, 1, 5, padding=2), torch.nn.Flatten(),
        )


def mixture_elbo(x, encoder, decoder, prior, n_samples=1, generator=None):
    images = x.repeat_interleave(n_samples, dim=0)
    q = DiagonalGaussian.from_log_var(*encoder(images))
    z = q.rsample(generator)
    return torch.mean(log_likelihood(images, z, decoder) + prior.log_prob(z) - q.log_prob(z))


def fit_top_posterior(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    # plain gradient ascent
    generator = torch.Generator().manual_seed(seed)
    phi = [torch.zeros(latent_dim, dtype=x_top.dtype), torch.full((latent_dim,), -0.5, dtype=x_top.dtype)]
    for _ in range(steps):
        mean, log_var = (part.detach().requires_grad_() for part in phi)
        copies = (part.expand(n_samples, latent_dim) for part in (mean, log_var))
        z = DiagonalGaussian.from_log_var(*copies).rsample(generator)
        log_p = bernoulli_log_density(x_top.expand(n_samples, -1), top_half(decoder(z))).sum(dim=1)
        bound = log_p.mean() - kl_standard_normal(mean[None], log_var[None]).sum()
        slopes = torch.autograd.grad(bound, (mean, log_var))
        phi = [part + learning_rate * slope for part, slope in zip((mean, log_var), slopes)]
    return tuple(part.detach() for part in phi)


def fit_latent_mixture(codes, n_components, seed):
    from sklearn.mixture import GaussianMixture

    found = GaussianMixture(n_components, covariance_type="full", n_init=3, random_state=seed).fit(codes.numpy())
    return tuple(torch.from_numpy(part).to(codes) for part in (found.weights_, found.means_, found.covariances_))


def sample_latent_mixture(n, weights, means, covariances, decoder, generator=None):
    ks = torch.multinomial(weights, n, replacement=True, generator=generator)
    noise = torch.randn((n, means.shape[1]), dtype=means.dtype, generator=generator)
    codes = torch.empty_like(noise)
    for k in range(len(weights)):  # component by component
        mine = ks == k
        codes[mine] = means[k] + noise[mine] @ torch.linalg.cholesky(covariances[k]).T
    return decoder(codes)
