"""Part D: the VAE objective."""
import sys

import torch
import torch.nn.functional as F
from tqdm import tqdm

from densities import bernoulli_log_density, gaussian_log_density, log_prior, sample_gaussian
from divergences import kl_standard_normal


def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)

    # n_samples draws of z for every image: (S, B, M)
    mean_s = mean.unsqueeze(0).repeat(n_samples, 1, 1)
    log_var_s = log_var.unsqueeze(0).repeat(n_samples, 1, 1)
    z = sample_gaussian(mean_s, log_var_s, generator)

    logits = decoder(z)
    log_px = bernoulli_log_density(x, logits).sum(-1)  # sum over pixels -> (S, B)
    log_px = log_px.mean(0)  # average over samples -> (B,)

    kl = kl_standard_normal(mean, log_var)
    return (log_px - kl).mean()


def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    return -elbo(x, encoder, decoder, n_samples, generator)


def train_demo(epochs=200):
    """not graded, we used it to look at reconstructions"""
    enc = torch.nn.Linear(20, 4)
    dec = torch.nn.Linear(2, 20)
    opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=1e-2)
    data = (torch.rand(100, 20) > 0.5).float()
    bar = tqdm(range(epochs), file=sys.stderr)
    for _ in bar:
        opt.zero_grad()
        loss = vae_loss(data, lambda x: enc(x).chunk(2, -1), dec)
        loss.backward()
        opt.step()
        bar.set_postfix(loss=loss.item())
    return enc, dec


def log_likelihood(x, z, decoder):
    return bernoulli_log_density(x, decoder(z)).sum(-1)


def joint_log_density(x, z, decoder):
    return log_prior(z) + log_likelihood(x, z, decoder)


def gaussian_elbo(x, encoder, decoder, log_var_x, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    z = sample_gaussian(mean.expand(n_samples, *mean.shape), log_var.expand(n_samples, *mean.shape), generator)
    x_hat = decoder(z)
    log_var_x = torch.as_tensor(log_var_x, dtype=x.dtype).expand_as(x_hat)
    log_px = gaussian_log_density(x, x_hat, log_var_x).mean(0)
    return (log_px - kl_standard_normal(mean, log_var)).mean()


def mse_objective(x, x_hat, mean, log_var):
    # everything is averaged here, the KL term as well
    kl = 0.5 * (log_var.exp() + mean ** 2 - 1 - log_var)
    return F.mse_loss(x_hat, x) + kl.mean()


def interpolate(z_a, z_b, alphas):
    a = alphas.reshape(-1, 1)
    return a * z_a + (1 - a) * z_b


def ancestral_sample(n, decoder, latent_dim, generator=None):
    z = torch.randn(n, latent_dim, generator=generator)
    means = torch.sigmoid(decoder(z))
    return means, torch.bernoulli(means, generator=generator)


@torch.no_grad()
def evaluate_elbo(images, model, n_samples=1, generator=None):
    was_training = model.training
    model.eval()
    total = 0.0
    for start in range(0, len(images), 500):
        batch = images[start : start + 500]
        total += elbo(batch, model.encode, model.decode, n_samples, generator).item() * len(batch)
    model.train(was_training)
    return total / len(images)


def posterior_samples(x, encoder, generator=None):
    return sample_gaussian(*encoder(x), generator)


def project_2d(z):
    if z.shape[1] == 1:
        return torch.cat([z, torch.zeros_like(z)], 1)
    if z.shape[1] == 2:
        return z
    centred = z - z.mean(0)
    eigenvalues, vectors = torch.linalg.eigh(centred.T @ centred)  # the smallest first
    return centred @ vectors[:, [-1, -2]]


def mixture_elbo(x, encoder, decoder, prior, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    total = 0
    for _ in range(n_samples):
        z = sample_gaussian(mean, log_var, generator)
        log_px = bernoulli_log_density(x, decoder(z)).sum(-1)
        total = total + (log_px + prior.log_prob(z) - gaussian_log_density(z, mean, log_var)).mean()
    return total / n_samples


if __name__ == "__main__":
    train_demo()
