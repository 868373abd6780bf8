"""Part F: a q(z) of its own for every image."""
import torch

from densities import sample_gaussian
from divergences import kl_standard_normal


def init_latents(n, latent_dim, generator=None):
    mean = torch.randn(n, latent_dim, generator=generator)
    sigma = torch.randn(n, latent_dim, generator=generator)
    return mean, torch.log(sigma ** 2)


def latent_objective(x, mean, log_var, decoder, generator=None):
    z = sample_gaussian(mean, log_var, generator)
    error = ((decoder(z) - x) ** 2).sum(1)
    return (error + kl_standard_normal(mean, log_var)).mean()  # average over the images, as everybody does
