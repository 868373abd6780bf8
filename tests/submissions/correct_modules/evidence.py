"""Part E: log p(x) by importance sampling."""
import math

import torch

from densities import gaussian_log_density, sample_gaussian


def log_mean_exp(log_w):
    """log( 1/S sum_s exp(log_w_s) ), S is the first dimension"""
    S = log_w.shape[0]
    return torch.logsumexp(log_w, dim=0) - math.log(S)


def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mu, log_var = encoder(x)
    B, M = mu.shape
    mu_s = mu.expand(n_samples, B, M)
    log_var_s = log_var.expand(n_samples, B, M)
    z = sample_gaussian(mu_s, log_var_s, generator)

    x_hat = decoder(z)
    log_var_x = torch.full_like(x_hat, 2 * math.log(float(sigma_p)))

    log_px_given_z = gaussian_log_density(x, x_hat, log_var_x)
    log_pz = gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))
    log_qz = gaussian_log_density(z, mu_s, log_var_s)

    log_w = log_pz + log_px_given_z - log_qz  # (S, B)
    return log_mean_exp(log_w)


def importance_log_weights(x, z, mean, log_var, decoder, sigma_p):
    x_hat = decoder(z)
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype)).expand_as(x_hat)
    log_pz = gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))
    return log_pz + gaussian_log_density(x, x_hat, log_var_x) - gaussian_log_density(z, mean, log_var)


def log_likelihood_by_digit(log_p, labels):
    return torch.stack([log_p[labels == digit].mean() for digit in range(10)])


def prior_log_likelihood(x, decoder, latent_dim, log_var_x, n_samples, generator=None):
    z = torch.randn(n_samples, 1, latent_dim, dtype=x.dtype, generator=generator)  # the same z for every image
    x_hat = decoder(z)
    log_var_x = torch.as_tensor(log_var_x, dtype=x.dtype).expand_as(x_hat)
    return log_mean_exp(gaussian_log_density(x, x_hat, log_var_x))
