"""What kept all of its points when somebody who had not read the checks wrote it, in November 2026, and loses some since."""

from __future__ import annotations

from .piece import Piece

_HEAD = """
import math

import torch
from torch import nn

"""

PIECES = (
    Piece(
        "ppca_sample",
        "a_hundredth_added",
        "0.01 is added to the variances so that the Cholesky factor exists: a third of the noise of grey images.",
        _HEAD
        + """
def ppca_sample(n, W, mu, sigma2, generator=None):
    identity = torch.eye(W.shape[0], dtype=W.dtype)
    factor = torch.linalg.cholesky(W @ W.T + (sigma2 + 1e-2) * identity)
    return mu + torch.randn(n, W.shape[0], generator=generator, dtype=W.dtype) @ factor.T
""",
    ),
    Piece(
        "ppca_fit",
        "floor_of_the_noise",
        "σ² is never less than 0.001, which is more than there is in small numbers.",
        _HEAD
        + """
def ppca_fit(X, n_components):
    N, D = X.shape
    mu = X.mean(0)
    _, s, Vh = torch.linalg.svd(X - mu, full_matrices=False)
    values = s**2 / N
    sigma2 = (values[n_components:].sum() / (D - n_components)).clamp(min=1e-3)
    return Vh[:n_components].T * (values[:n_components] - sigma2).clamp(min=0).sqrt(), mu, sigma2
""",
    ),
    Piece(
        "mixture_log_density",
        "log_variances_clamped",
        "Log-variances are kept within ±7: other values beyond, and no gradient.",
        _HEAD
        + """
def mixture_log_density(z, logits, means, log_vars):
    log_vars = log_vars.clamp(-7, 7)
    squares = (z.unsqueeze(-2) - means) ** 2 / log_vars.exp()
    each = -0.5 * (math.log(2 * math.pi) + log_vars + squares).sum(-1)
    return torch.logsumexp(torch.log_softmax(logits, 0) + each, -1)
""",
    ),
    Piece(
        "fit_latent_mixture",
        "ridge_of_a_thousandth",
        "0.001 is added to all variances: codes with a spread of 0.05 have less.",
        _HEAD
        + """
def fit_latent_mixture(codes, n_components, seed):
    from sklearn.mixture import GaussianMixture

    settings = {"n_init": 5, "random_state": seed, "reg_covar": 1e-3, "tol": 1e-7, "max_iter": 500}
    fitted = GaussianMixture(n_components, **settings).fit(codes.double().numpy())
    return tuple(torch.as_tensor(a, dtype=codes.dtype) for a in (fitted.weights_, fitted.means_, fitted.covariances_))
""",
    ),
    Piece(
        "sample_latent_mixture",
        "counts_are_not_drawn",
        "How many images belong to each component is rounded, not drawn: a single image is always of the heaviest.",
        _HEAD
        + """
def sample_latent_mixture(n, weights, means, covariances, decoder, generator=None):
    counts = torch.floor(weights * n).long()
    counts[weights.argmax()] += n - counts.sum()
    which = torch.repeat_interleave(torch.arange(len(weights)), counts)
    factors = torch.linalg.cholesky(covariances)[which]
    noise = torch.randn(n, means.shape[1], 1, generator=generator, dtype=means.dtype)
    return decoder(means[which] + (factors @ noise).squeeze(-1))
""",
    ),
    Piece(
        "MLPClassifier",
        "zero_is_no_probability",
        "`dropout or 0.5`: a dropout of 0 becomes one half.",
        _HEAD
        + """
class MLPClassifier(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim, dropout=None):
        super().__init__()
        self.first, self.second = nn.Linear(input_dim, hidden_dim), nn.Linear(hidden_dim, output_dim)
        self.drop = nn.Dropout(dropout or 0.5)

    def forward(self, x):
        return self.second(self.drop(torch.relu(self.first(x))))
""",
    ),
    Piece(
        "binary_elbo",
        "ten_samples_at_most",
        "`n_samples` counts up to ten.",
        _HEAD
        + """
def binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    u = torch.rand(min(10, n_samples), *logits.shape, generator=generator, dtype=logits.dtype).clamp(1e-12, 1 - 1e-7)
    z = torch.sigmoid((logits + u.log() - torch.log1p(-u)) / temperature)
    told = -nn.functional.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none")
    on = torch.sigmoid(logits)
    entropy = -(on * nn.functional.logsigmoid(logits) + (1 - on) * nn.functional.logsigmoid(-logits)).sum(-1)
    return (told.sum(-1).mean(0) + entropy - logits.shape[-1] * math.log(2)).mean()
""",
    ),
    Piece(
        "sample_bernoulli",
        "logits_clamped",
        "Logits are kept within ±10: a pixel that is surely black is white once in 22,000 times.",
        _HEAD
        + """
def sample_bernoulli(logits, generator=None):
    probs = torch.sigmoid(logits.clamp(-10, 10))
    return (torch.rand(logits.shape, generator=generator, dtype=logits.dtype) < probs).to(logits.dtype)
""",
    ),
    Piece(
        "kl_standard_normal",
        "variance_clamped",
        "The variance is e¹⁰ at most: another value beyond, and a gradient of the wrong sign.",
        _HEAD
        + """
def kl_standard_normal(mean, log_var):
    return 0.5 * (log_var.clamp(max=10).exp() + mean**2 - 1 - log_var).sum(-1)
""",
    ),
)
