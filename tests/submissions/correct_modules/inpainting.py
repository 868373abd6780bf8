"""Part I: the bottom of a digit given its top."""
import torch

from densities import bernoulli_log_density, gaussian_log_density, log_prior, sample_gaussian

TOP = 14 * 28


def top_half(x):
    return x[:, :TOP]


def log_likelihood_top(x_top, z, decoder):
    # the bottom pixels integrate to 1, so they are simply left out
    return bernoulli_log_density(x_top, decoder(z)[..., :TOP]).sum(-1)


def log_joint_top(x_top, zs, decoder):
    return log_prior(zs) + log_likelihood_top(x_top, zs, decoder)


def svi_elbo(x_top, mean, log_var, decoder, n_samples=1, generator=None):
    zs = sample_gaussian(mean.expand(n_samples, -1), log_var.expand(n_samples, -1), generator)
    return (log_joint_top(x_top, zs, decoder) - gaussian_log_density(zs, mean, log_var)).mean()


def complete_image(x_top, mean, log_var, decoder, generator=None):
    z = sample_gaussian(mean, log_var, generator)
    means = torch.sigmoid(decoder(z[None])[0])
    return torch.cat([x_top, means[TOP:]])


def fit_top_posterior(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    gen = torch.Generator().manual_seed(seed)
    phi = torch.zeros(2, latent_dim, dtype=x_top.dtype, requires_grad=True)  # row 0: means, row 1: log-variances
    opt = torch.optim.Adam([phi], lr=learning_rate)
    for _ in range(steps):
        opt.zero_grad()
        loss = -svi_elbo(x_top, phi[0], phi[1], decoder, n_samples, gen)
        loss.backward()
        opt.step()
    mean, log_var = phi.detach()
    return mean, log_var
