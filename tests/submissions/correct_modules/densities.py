"""Assignment 1, part A - densities and sampling.

Group 7 (Kim, Ortega). Run this file by itself to see a plot of our samples.
"""
import math
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

print("loading densities.py, torch version", torch.__version__)

if not torch.cuda.is_available():
    warnings.warn("no GPU found, everything runs on the CPU")

LOG_2PI = math.log(2 * math.pi)


def gaussian_log_density(x, mean, log_var):
    """log N(x | mean, diag(exp(log_var))), summed over the last dimension"""
    # log_var is log(sigma^2), not log(sigma)!
    squared = (x - mean) ** 2 * torch.exp(-log_var)
    per_dim = LOG_2PI + log_var + squared
    return -0.5 * per_dim.sum(-1)


def bernoulli_log_density(x, logits):
    """log p(x) per pixel. BCE with logits is the *negative* log likelihood."""
    if logits.shape != x.shape:
        # several samples of z: logits are (S, B, D) and x is (B, D)
        x = x.expand_as(logits)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def sample_gaussian(mean, log_var, generator=None):
    """Reparametrization trick: z = mu + sigma * eps"""
    sigma = torch.exp(0.5 * log_var)
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + sigma * eps


# a first look at the samples (Figure 1 of our report)
fig, ax = plt.subplots(figsize=(4, 3))
_z = sample_gaussian(torch.zeros(500, 2), torch.zeros(500, 2), torch.Generator().manual_seed(3)).numpy()
ax.scatter(_z[:, 0], _z[:, 1], s=4)
ax.set_title("500 samples of N(0, I)")


def log_prior(z):
    return -0.5 * (LOG_2PI + z ** 2).sum(-1)


def binarize(x):
    return (x > 0.5).to(x.dtype)


def sample_bernoulli(logits, generator=None):
    return torch.bernoulli(torch.sigmoid(logits), generator=generator)


def mixture_log_density(z, logits, means, log_vars):
    """log sum_k pi_k N(z | m_k, diag): one column per component, then logsumexp"""
    log_pi = F.log_softmax(logits, dim=0)
    log_n = gaussian_log_density(z.unsqueeze(-2), means, log_vars)  # (B, K)
    return torch.logsumexp(log_pi + log_n, dim=-1)


if __name__ == "__main__":
    x = torch.randn(4, 3)
    print(gaussian_log_density(x, torch.zeros(4, 3), torch.zeros(4, 3)))
    print(np.round(_z.std(0), 2))
    fig.savefig("samples.png")
    plt.show()
