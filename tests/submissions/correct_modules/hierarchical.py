"""Part G: two levels of latent variables, and binary ones."""
import torch

from densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from divergences import kl_bernoulli, kl_standard_normal


def hierarchical_terms(x, z1, z2, q1, q2, p1, decoder):
    reconstruction = bernoulli_log_density(x, decoder(z1)).sum(-1)
    mean_q, log_var_q = q1(x)
    mean_p, log_var_p = p1(z2)
    ratio = gaussian_log_density(z1, mean_p, log_var_p) - gaussian_log_density(z1, mean_q, log_var_q)
    mean_2, log_var_2 = q2(z1)
    return reconstruction, ratio, kl_standard_normal(mean_2, log_var_2)


def relaxed_bernoulli_sample(logits, temperature, generator=None):
    u = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    u = u.clamp(1e-12, 1 - 1e-7)
    return torch.sigmoid((logits + torch.log(u) - torch.log1p(-u)) / temperature)


def hierarchical_elbo(x, q1, q2, p1, decoder, n_samples=1, generator=None):
    total = 0.0
    for _ in range(n_samples):
        z1 = sample_gaussian(*q1(x), generator)
        z2 = sample_gaussian(*q2(z1), generator)
        recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
        total = total + (recon + ratio - kl).mean()
    return total / n_samples


def binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    theta = torch.sigmoid(logits)
    kl = kl_bernoulli(theta, 0.5)
    log_px = 0.0
    for _ in range(n_samples):
        z = relaxed_bernoulli_sample(logits, temperature, generator)
        log_px = log_px + bernoulli_log_density(x, decoder(z)).sum(-1)
    return (log_px / n_samples - kl).mean()
