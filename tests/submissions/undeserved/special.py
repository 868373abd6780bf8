"""Wrong at special values or where a call is unusual: what hardly varies, lies far from 0, is close together, or was itself computed.

Written by somebody who had not read the checks; most of them kept all points at first.
"""

from __future__ import annotations

from .piece import Piece

PIECES = (
    Piece(
        "gaussian_log_density",
        "computed_x_detached",
        "X is detached when it was computed from something (a sample), so only a leaf x gets a gradient.",
        """import math

import torch


def gaussian_log_density(x, mean, log_var):
    if x.grad_fn is not None:  # a sample: only the parameters of the density are learned
        x = x.detach()
    z = (x - mean) * torch.exp(-0.5 * log_var)
    return -0.5 * (math.log(2 * math.pi) + log_var + z * z).sum(dim=-1)
""",
    ),
    Piece(
        "gaussian_log_density",
        "unit_variance_is_prior",
        "When all log-variances are zero it takes the short way of the prior, log N(x; 0, I), and forgets the mean.",
        """import math

import torch


def _standard_normal(x):
    return -0.5 * (x**2).sum(dim=-1) - 0.5 * x.shape[-1] * math.log(2 * math.pi)


def gaussian_log_density(x, mean, log_var):
    if not torch.any(log_var):  # log-variance 0: the prior, no exponentials needed
        return _standard_normal(x)
    quadratic = ((x - mean) / torch.exp(log_var / 2)) ** 2
    return -0.5 * (quadratic + log_var + math.log(2 * math.pi)).sum(dim=-1)
""",
    ),
    Piece(
        "sample_gaussian",
        "same_noise_without_gradients",
        "With gradients switched off and no generator the noise is the same at every call ('repeatable evaluation').",
        """import torch


def sample_gaussian(mean, log_var, generator=None):
    if generator is None and not torch.is_grad_enabled():  # evaluation: repeatable numbers
        generator = torch.Generator(device=mean.device).manual_seed(0)
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + torch.exp(0.5 * log_var) * eps
""",
    ),
    Piece(
        "kl_standard_normal",
        "inactive_units_skipped",
        "With at least 16 examples, latent dimensions whose means hardly vary over the batch (variance under 0.01, "
        "'inactive units') are left out of the KL.",
        """import torch


def kl_standard_normal(mean, log_var):
    terms = 0.5 * (log_var.exp() + mean**2 - 1 - log_var)
    if mean.shape[0] >= 16:  # enough examples to see which latent units are active (Burda et al.)
        active = mean.detach().var(dim=0) > 0.01
        terms = terms * active.to(terms.dtype)
    return terms.sum(dim=-1)
""",
    ),
    Piece(
        "ppca_marginal",
        "mean_detached",
        "The mean is returned as mu.detach().clone(), so nothing reaches mu.",
        """import torch


def ppca_marginal(W, mu, sigma2):
    D, _ = W.shape
    cov = torch.einsum("im,jm->ij", W, W) + sigma2 * torch.eye(D, dtype=W.dtype, device=W.device)
    return mu.detach().clone(), cov
""",
    ),
    Piece(
        "ppca_posterior",
        "zero_mu_means_batch_mean",
        "When mu is all zeros and there is more than one point, the mean of the batch is subtracted instead ('mu was not set').",
        """import torch


def ppca_posterior(x, W, mu, sigma2):
    if len(x) > 1 and not torch.any(mu):  # data not centred yet
        mu = x.mean(dim=0)
    M = W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype, device=W.device)
    inverse = torch.linalg.inv(M)
    return (x - mu) @ W @ inverse, sigma2 * inverse
""",
    ),
    Piece(
        "ppca_posterior",
        "eight_cg_steps",
        "Above 8 components the means are found by 8 steps of conjugate gradients, too few when the eigenvalues of M are spread.",
        """import torch


def _conjugate_gradients(A, b, steps):
    z = torch.zeros_like(b)
    r = b
    p = r
    rr = (r * r).sum(dim=0)
    for _ in range(steps):
        Ap = A @ p
        alpha = rr / (p * Ap).sum(dim=0).clamp(min=1e-300)
        z = z + alpha * p
        r = r - alpha * Ap
        new = (r * r).sum(dim=0)
        p = r + new / rr.clamp(min=1e-300) * p
        rr = new
    return z


def ppca_posterior(x, W, mu, sigma2):
    A = W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype, device=W.device)
    b = W.T @ (x - mu).T
    if W.shape[1] <= 8:
        mean = torch.linalg.solve(A, b)
    else:  # no large system is factorised
        mean = _conjugate_gradients(A.double(), b.double(), 8).to(W.dtype)
    return mean.T, sigma2 * torch.linalg.inv(A)
""",
    ),
    Piece(
        "ppca_log_likelihood",
        "determinant_overflows",
        "Takes the log of the determinant of the M × M matrix itself, which leaves the range of numbers when there are many "
        "components.",
        """import math

import torch


def ppca_log_likelihood(X, W, mu, sigma2):
    dtype = X.dtype
    X, W, mu = X.double(), W.double(), mu.double()
    s2 = torch.as_tensor(sigma2, device=X.device).double()
    D, K = W.shape
    M = W.T @ W + s2 * torch.eye(K, dtype=W.dtype, device=W.device)
    diff = X - mu
    z = torch.linalg.solve(M, W.T @ diff.T).T
    rest = diff - z @ W.T
    mahalanobis = (rest**2).sum(dim=1) / s2 + (z**2).sum(dim=1)
    log_det = (D - K) * torch.log(s2) + torch.log(torch.linalg.det(M))
    return (-0.5 * (D * math.log(2 * math.pi) + log_det + mahalanobis)).to(dtype)
""",
    ),
    Piece(
        "ppca_log_likelihood",
        "expanded_square",
        "Expands ‖x − μ‖² into ‖x‖² − 2 x·μ + ‖μ‖² and Wᵀ(x − μ) likewise, which cancels in float32 when the data lie far from zero.",
        """import math

import torch


def ppca_log_likelihood(X, W, mu, sigma2):
    D, K = W.shape
    s2 = torch.as_tensor(sigma2, dtype=W.dtype, device=W.device)
    M = W.T @ W + s2 * torch.eye(K, dtype=W.dtype, device=W.device)
    L = torch.linalg.cholesky(M)
    squared = (X * X).sum(dim=1) - 2 * (X @ mu) + mu @ mu
    b = X @ W - mu @ W
    y = torch.linalg.solve_triangular(L, b.T, upper=False)
    mahalanobis = (squared - (y * y).sum(dim=0)) / s2
    log_det = (D - K) * torch.log(s2) + 2 * torch.log(torch.diagonal(L)).sum()
    return -0.5 * (D * math.log(2 * math.pi) + log_det + mahalanobis)
""",
    ),
    Piece(
        "ppca_fit",
        "fifteen_power_steps",
        "Finds the leading eigenvectors by 15 steps of subspace (power) iteration, which has not converged when the kept "
        "and the discarded eigenvalues are close.",
        """import torch


def ppca_fit(X, n_components):
    dtype = X.dtype
    X = X.double()
    N, D = X.shape
    mu = X.mean(dim=0)
    S = (X - mu).T @ (X - mu) / N
    generator = torch.Generator().manual_seed(0)
    Q = torch.randn(D, n_components, generator=generator, dtype=X.dtype).to(X.device)
    for _ in range(15):  # power iteration for all components together
        Q, _ = torch.linalg.qr(S @ Q)
    kept, R = torch.linalg.eigh(Q.T @ S @ Q)
    sigma2 = (torch.trace(S) - kept.sum()) / (D - n_components)
    W = Q @ R * (kept - sigma2).clamp(min=0).sqrt()
    return W.to(dtype), mu.to(dtype), sigma2.to(dtype)
""",
    ),
    Piece(
        "ppca_fit",
        "outliers_dropped",
        "Data points more than six times the median distance from the median are dropped as outliers before the fit.",
        """import torch


def ppca_fit(X, n_components):
    distance = torch.linalg.vector_norm(X - X.median(dim=0).values, dim=1)
    X = X[distance <= 6 * distance.median()]  # measurement errors
    N, D = X.shape
    mu = X.mean(dim=0)
    eigenvalues, U = torch.linalg.eigh((X - mu).T @ (X - mu) / N)
    eigenvalues, U = eigenvalues.flip(0), U.flip(1)
    sigma2 = eigenvalues[n_components:].mean()
    W = U[:, :n_components] * (eigenvalues[:n_components] - sigma2).clamp(min=0).sqrt()
    return W, mu, sigma2
""",
    ),
    Piece(
        "elbo",
        "only_first_draw_has_gradient",
        "With several samples only the first draw is reparameterised with gradients, the others are detached to save memory.",
        """import torch
from torch.nn.functional import binary_cross_entropy_with_logits


def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    std = torch.exp(0.5 * log_var)
    draws = []
    for s in range(n_samples):
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        z = mean + std * eps
        draws.append(z if s == 0 else z.detach())  # one path back to the encoder is enough
    z = torch.stack(draws)
    logits = decoder(z)
    log_px = -binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(dim=-1)
    kl = 0.5 * (std**2 + mean**2 - 1 - log_var).sum(dim=-1)
    return (log_px.mean(dim=0) - kl).mean()
""",
    ),
    Piece(
        "log_mean_exp",
        "mean_of_chunk_means",
        "Works in chunks of 1000 samples and averages the chunks' means with equal weights, although the last chunk may be smaller.",
        """import math

import torch


def log_mean_exp(log_w):
    parts = [torch.logsumexp(c, dim=0) - math.log(c.shape[0]) for c in torch.split(log_w, 1000)]
    parts = torch.stack(parts)
    return torch.logsumexp(parts, dim=0) - math.log(parts.shape[0])
""",
    ),
    Piece(
        "estimate_log_likelihood",
        "black_pixels_skipped",
        "Pixels that are 0 in every image of the batch are left out of p(x | z), constants and squared error.",
        """import math

import torch


def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    sigma = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device)
    used = (x != 0).any(dim=0)  # the black border says nothing about z
    if not used.any():
        used = torch.ones_like(used)
    target = x[:, used]
    c = math.log(2 * math.pi)
    log_w = []
    chunk = max(1, 4_000_000 // x.numel())
    for start in range(0, n_samples, chunk):
        size = min(chunk, n_samples - start)
        eps = torch.randn((size, *mean.shape), generator=generator, dtype=mean.dtype, device=mean.device)
        z = mean + torch.exp(0.5 * log_var) * eps
        log_prior = -0.5 * (z**2 + c).sum(dim=-1)
        log_q = -0.5 * (eps**2 + log_var + c).sum(dim=-1)
        error = (target - decoder(z)[..., used]) / sigma
        log_px = -0.5 * (error**2 + c + 2 * torch.log(sigma)).sum(dim=-1)
        log_w.append(log_prior + log_px - log_q)
    return torch.logsumexp(torch.cat(log_w), dim=0) - math.log(n_samples)
""",
    ),
    Piece(
        "evaluate_classifier",
        "non_finite_losses_skipped",
        "Examples whose loss is not finite are left out of the average, so a diverged model looks healthy.",
        """import torch
from torch import nn
from torch.nn.functional import cross_entropy


def evaluate_classifier(model, images, labels, batch_size):
    modes = {m: m.training for m in model.modules()} if isinstance(model, nn.Module) else {}
    if modes:
        model.eval()
    losses, correct = [], 0
    try:
        with torch.no_grad():
            for x, y in zip(images.split(batch_size), labels.split(batch_size)):
                logits = model(x)
                losses.append(cross_entropy(logits, y, reduction="none"))
                correct += int((logits.argmax(dim=1) == y).sum())
    finally:
        for m, mode in modes.items():
            m.training = mode
    losses = torch.cat(losses).double()
    good = torch.isfinite(losses)  # corrupted images
    return float(losses[good].mean()), correct / len(labels)
""",
    ),
    Piece(
        "evaluate_classifier",
        "ties_count_as_right",
        "An example counts as right when no logit is larger than that of its class, so ties are all right.",
        """import torch
from torch import nn
from torch.nn.functional import cross_entropy


def evaluate_classifier(model, images, labels, batch_size):
    modes = [(m, m.training) for m in model.modules()] if isinstance(model, nn.Module) else []
    for m, _ in modes:
        m.training = False
    loss = 0.0
    correct = 0
    try:
        with torch.no_grad():
            for i in range(0, len(labels), batch_size):
                x, y = images[i : i + batch_size], labels[i : i + batch_size]
                logits = model(x)
                loss += cross_entropy(logits, y, reduction="sum").item()
                own = logits.gather(1, y.long().unsqueeze(1))
                correct += int((own >= logits).all(dim=1).sum())
    finally:
        for m, training in modes:
            m.training = training
    return loss / len(labels), correct / len(labels)
""",
    ),
    Piece(
        "gaussian_log_density",
        "expanded_square",
        "The square is multiplied out (x² − 2xμ + μ²), which cancels in float32 when data lie far from zero beside their σ.",
        """import math

import torch


def gaussian_log_density(x, mean, log_var):
    precision = torch.exp(-log_var)
    quadratic = x * x * precision - 2 * x * mean * precision + mean * mean * precision
    return -0.5 * torch.sum(math.log(2 * math.pi) + log_var + quadratic, dim=-1)
""",
    ),
    Piece(
        "evaluate_classifier",
        "short_last_batch_skipped",
        "A last batch of less than half the batch size is skipped (and not counted), so up to a third of the data is ignored.",
        """import torch
import torch.nn.functional as F


def evaluate_classifier(model, images, labels, batch_size):
    was_training = model.training
    model.eval()
    loss, correct, seen = 0.0, 0, 0
    with torch.no_grad():
        for start in range(0, len(labels), batch_size):
            xb, yb = images[start : start + batch_size], labels[start : start + batch_size]
            if start > 0 and 2 * len(yb) < batch_size:
                continue
            logits = model(xb)
            loss += F.cross_entropy(logits, yb, reduction="sum").item()
            correct += int((logits.argmax(1) == yb).sum())
            seen += len(yb)
    model.train(was_training)
    return loss / seen, correct / seen
""",
    ),
)
