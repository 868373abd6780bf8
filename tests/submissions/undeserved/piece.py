"""One wrong piece of work, and the right ones that most of them are one change away from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """Wrong work for one task that must lose points.

    Attributes:
        task: The task whose function is wrong.
        name: What is wrong, as an identifier; unique within its pattern.
        says: What is wrong and where, as a teacher would write it beside the grade. It is right everywhere else.
        source: The submission: one file that needs nothing but torch and numpy.
    """

    task: str
    name: str
    says: str
    source: str

    def __post_init__(self) -> None:
        """Raise SyntaxError where the source is no Python: a piece must be wrong, not broken."""
        compile(self.source, f"{self.task}-{self.name}.py", "exec")


_HEAD = """\
import math

import torch
import torch.nn.functional as F

"""

_NOISE = """
def noise(shape, like, generator):
    return torch.randn(shape, generator=generator, dtype=like.dtype)

"""

_GAUSSIAN = """
def gaussian_log_density(x, mean, log_var):
    squares = (x - mean) ** 2 * torch.exp(-log_var)
    return -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)

"""

_BERNOULLI = """
def bernoulli_log_density(x, logits):
    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)

"""

_KL = """
def kl_standard_normal(mean, log_var):
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)

"""

_SAMPLE = """
def sample_gaussian(mean, log_var, generator=None):
    eps = noise(mean.shape, mean, generator)
    return mean + torch.exp(0.5 * log_var) * eps

"""

_ELBO = """
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    eps = noise((n_samples, *mean.shape), mean, generator)
    z = mean + torch.exp(0.5 * log_var) * eps
    logits = decoder(z)
    log_px = bernoulli_log_density(x, logits).sum(-1).mean(0)
    kl = kl_standard_normal(mean, log_var)
    return (log_px - kl).mean()

"""

_LOSS = """
def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    return -elbo(x, encoder, decoder, n_samples, generator)
"""

_LOG_MEAN_EXP = """
def log_mean_exp(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])

"""

_LIKELIHOOD = """
def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    eps = noise((n_samples, *mean.shape), mean, generator)
    z = mean + torch.exp(0.5 * log_var) * eps
    log_pz = gaussian_log_density(z, torch.zeros_like(z), torch.zeros_like(z))
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype))
    log_w = log_pz + gaussian_log_density(x, decoder(z), log_var_x) - gaussian_log_density(z, mean, log_var)
    return log_mean_exp(log_w)
"""

_KL_BERNOULLI = """
def kl_bernoulli(probs, prior=0.5):
    ones = torch.xlogy(probs, probs) - probs * math.log(prior)
    zeros = torch.xlogy(1 - probs, 1 - probs) - (1 - probs) * math.log(1 - prior)
    return (ones + zeros).sum(-1)
"""

_MARGINAL = """
def ppca_marginal(W, mu, sigma2):
    D = W.shape[0]
    cov = W @ W.T + sigma2 * torch.eye(D, dtype=W.dtype)
    return mu.clone(), cov

"""

_POSTERIOR = """
def ppca_posterior(x, W, mu, sigma2):
    M = W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype)
    inverse = torch.linalg.inv(M)
    mean = (x - mu) @ W @ inverse
    return mean, sigma2 * inverse
"""

_PPCA_LIKELIHOOD = """
def ppca_log_likelihood(X, W, mu, sigma2):
    N, D = X.shape
    cov = W @ W.T + sigma2 * torch.eye(D, dtype=W.dtype)
    away = X - mu
    solved = torch.linalg.solve(cov, away.T).T
    log_det = torch.linalg.slogdet(cov).logabsdet
    return -0.5 * (D * math.log(2 * math.pi) + log_det + (away * solved).sum(-1))
"""

_FIT = """
def ppca_fit(X, n_components):
    N, D = X.shape
    mu = X.mean(0)
    centred = X - mu
    cov = centred.T @ centred / N
    values, vectors = torch.linalg.eigh(cov)
    kept, left = values[D - n_components :], values[: D - n_components]
    sigma2 = left.mean()
    W = vectors[:, D - n_components :] * (kept - sigma2).clamp(min=0).sqrt()
    return W, mu, sigma2
"""

_EVALUATE = """
def evaluate_classifier(model, images, labels, batch_size):
    training = model.training
    model.eval()
    loss, right = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(labels), batch_size):
            x, y = images[start : start + batch_size], labels[start : start + batch_size]
            logits = model(x)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(-1) == y).sum().item()
    model.train(training)
    return loss / len(labels), right / len(labels)
"""

RIGHT = {
    "gaussian_log_density": _HEAD + _GAUSSIAN,
    "bernoulli_log_density": _HEAD + _BERNOULLI,
    "sample_gaussian": _HEAD + _NOISE + _SAMPLE,
    "kl_standard_normal": _HEAD + _KL,
    "kl_bernoulli": _HEAD + _KL_BERNOULLI,
    "ppca_marginal": _HEAD + _MARGINAL,
    "ppca_posterior": _HEAD + _POSTERIOR,
    "ppca_log_likelihood": _HEAD + _PPCA_LIKELIHOOD,
    "ppca_fit": _HEAD + _FIT,
    "elbo": _HEAD + _NOISE + _BERNOULLI + _KL + _ELBO,
    "vae_loss": _HEAD + _NOISE + _BERNOULLI + _KL + _ELBO + _LOSS,
    "log_mean_exp": _HEAD + _LOG_MEAN_EXP,
    "estimate_log_likelihood": _HEAD + _NOISE + _GAUSSIAN + _LOG_MEAN_EXP + _LIKELIHOOD,
    "evaluate_classifier": _HEAD + _EVALUATE,
}
"""Task -> a right submission for it. Everything random takes its ε from `noise(shape, like, generator)`."""


def changed(task: str, *edits: tuple[str, str], before: str = "") -> str:
    """Return the right submission for a task with some changes.

    Args:
        task: The task.
        edits: Pairs of old and new text.
        before: Definitions to put behind the imports.

    Raises:
        ValueError: An old text does not occur exactly once, so that the change would not be the one that is meant.
    """
    source = RIGHT[task].replace(_HEAD, _HEAD + before.lstrip("\n") + "\n" if before else _HEAD)
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"the right {task} does not hold {old!r} once, but {source.count(old)} times")
        source = source.replace(old, new)
    return source


def with_noise(task: str, noise: str) -> str:
    """Return the right submission for a task, with another function `noise(shape, like, generator)`."""
    return changed(task, (_NOISE, "\n" + noise.strip() + "\n\n"))
