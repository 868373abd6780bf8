"""Right probabilistic PCA in unusual dress."""

from .dress import Dress

MARGINAL = "ppca_marginal"
POSTERIOR = "ppca_posterior"
LIKELIHOOD = "ppca_log_likelihood"
FIT = "ppca_fit"

DRESSES = [
    Dress(
        MARGINAL,
        "named_tuple",
        "The result is a NamedTuple with methods.",
        {"ppca.py": '''
from typing import NamedTuple
import torch

class Gaussian(NamedTuple):
    mean: torch.Tensor
    cov: torch.Tensor

    def entropy(self):
        return torch.distributions.MultivariateNormal(*self).entropy()

def ppca_marginal(W, mu, sigma2):
    return Gaussian(mean=mu.clone(), cov=torch.einsum("dm,em->de", W, W) + sigma2 * torch.eye(len(W), dtype=W.dtype))
'''},
    ),
    Dress(
        MARGINAL,
        "dataclass",
        "The result is a frozen dataclass that can be unpacked.",
        {"ppca.py": '''
from dataclasses import dataclass
import torch
from torch import Tensor

@dataclass(frozen=True)
class Gaussian:
    mean: Tensor
    cov: Tensor

    def __iter__(self):
        return iter((self.mean, self.cov))

    def __getitem__(self, index):
        return (self.mean, self.cov)[index]

def ppca_marginal(W, mu, sigma2):
    return Gaussian(mu + 0, torch.addmm(sigma2 * torch.eye(W.size(0), dtype=W.dtype), W, W.t()))
'''},
    ),
    Dress(
        MARGINAL,
        "plain_dataclass",
        "The result is a dataclass with slots, which cannot be indexed.",
        {"ppca.py": '''
from dataclasses import dataclass
import torch

@dataclass(slots=True)
class Marginal:
    mean: torch.Tensor
    covariance: torch.Tensor

def ppca_marginal(W, mu, sigma2):
    return Marginal(mu.clone(), W @ W.T + torch.diag(torch.full_like(mu, float(sigma2))))
'''},
    ),
    Dress(
        MARGINAL,
        "list_of_two",
        "The two results stand in a list.",
        {"ppca.py": '''
import torch

def ppca_marginal(W, mu, sigma2):
    cov = torch.inner(W, W)
    cov.diagonal().add_(sigma2)
    return [mu.clone(), cov]
'''},
    ),
    Dress(
        MARGINAL,
        "overloaded_by_type",
        "sigma2 goes through functools.singledispatch for floats and tensors, rows through torch.vmap.",
        {"ppca.py": '''
from functools import partial, singledispatch
import torch

@singledispatch
def as_tensor(sigma2, like):
    return torch.as_tensor(sigma2, dtype=like.dtype)

@as_tensor.register
def _(sigma2: torch.Tensor, like):
    return sigma2.to(like)

def row_of_cov(row, unit, W, noise):
    return W @ row + noise * unit

def ppca_marginal(W, mu, sigma2):
    row = partial(row_of_cov, W=W, noise=as_tensor(sigma2, W))
    return mu.clone(), torch.vmap(row)(W, torch.eye(len(W), dtype=W.dtype))
'''},
    ),
    Dress(
        POSTERIOR,
        "woodbury",
        "The covariance by Woodbury's identity from a D × D inverse, in float64.",
        {"ppca.py": '''
import torch

def ppca_posterior(x, W, mu, sigma2):
    V, noise = W.double(), float(sigma2)
    gain = V.T @ torch.linalg.inv(V @ V.T + noise * torch.eye(V.shape[0], dtype=V.dtype))
    cov = torch.eye(V.shape[1], dtype=V.dtype) - gain @ V
    return ((x - mu).double() @ gain.T).to(W.dtype), cov.to(W.dtype)
'''},
    ),
    Dress(
        POSTERIOR,
        "slotted_dataclass",
        "The result is a dataclass with slots and a default; Cholesky factors inside.",
        {"ppca.py": '''
from dataclasses import dataclass
from typing import Optional
import torch

@dataclass(slots=True, kw_only=True)
class Posterior:
    mean: torch.Tensor
    cov: Optional[torch.Tensor] = None

def ppca_posterior(x, W, mu, sigma2):
    L = torch.linalg.cholesky(W.T @ W + sigma2 * torch.eye(W.shape[1], dtype=W.dtype))
    mean = torch.cholesky_solve(W.T @ (x - mu).T, L).T
    return Posterior(mean=mean, cov=sigma2 * torch.cholesky_inverse(L))
'''},
    ),
    Dress(
        POSTERIOR,
        "callable_model",
        "A model object with cached properties does the work; a lambda is what is asked for.",
        {"ppca.py": '''
from functools import cached_property
import torch

class Model:
    def __init__(self, W, mu, sigma2):
        self.W, self.mu, self.sigma2 = W, mu, sigma2

    @cached_property
    def M_inverse(self):
        M = self.W.T.mm(self.W) + self.sigma2 * torch.eye(self.W.shape[1], dtype=self.W.dtype)
        return torch.linalg.solve(M, torch.eye(len(M), dtype=M.dtype))

    def posterior(self, x):
        return (x - self.mu) @ self.W @ self.M_inverse.T, self.sigma2 * self.M_inverse

ppca_posterior = lambda x, W, mu, sigma2: Model(W, mu, sigma2).posterior(x)
'''},
    ),
    Dress(
        POSTERIOR,
        "vmap_over_points",
        "torch.vmap over the points with in_dims and out_dims; the covariance is that of the first.",
        {"ppca.py": '''
import torch

def of_one(x, W, mu, sigma2):
    precision = torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / sigma2
    return torch.linalg.solve(precision, W.T @ (x - mu) / sigma2), torch.linalg.inv(precision)

def ppca_posterior(x, W, mu, sigma2):
    return torch.vmap(of_one, in_dims=(0, None, None, None), out_dims=(0, None))(x, W, mu, sigma2)
'''},
    ),
    Dress(
        LIKELIHOOD,
        "cholesky_of_C",
        "Cholesky factor of the D × D covariance and a triangular solve.",
        {"ppca.py": '''
import math
import torch

def ppca_log_likelihood(X, W, mu, sigma2):
    D = W.shape[0]
    L = torch.linalg.cholesky(W @ W.T + sigma2 * torch.eye(D, dtype=W.dtype))
    white = torch.linalg.solve_triangular(L, (X - mu).T, upper=False)
    return -0.5 * (white.square().sum(0) + D * math.log(2 * math.pi)) - L.diagonal().log().sum()
'''},
    ),
    Dress(
        LIKELIHOOD,
        "distribution_in_chunks",
        "MultivariateNormal, asked for 64 points at a time.",
        {"ppca.py": '''
import torch
from torch.distributions import MultivariateNormal

CHUNK = 64

def ppca_log_likelihood(X, W, mu, sigma2):
    C = W @ W.mT + sigma2 * torch.eye(W.shape[0], dtype=W.dtype)
    p = MultivariateNormal(mu, C, validate_args=False)
    return torch.cat([p.log_prob(part) for part in X.split(CHUNK)])
'''},
    ),
    Dress(
        LIKELIHOOD,
        "vmap_of_slogdet",
        "torch.vmap over the points of a density with slogdet and solve.",
        {"ppca.py": '''
import torch

def of_one(x, mu, C):
    return -0.5 * (torch.linalg.slogdet(2 * torch.pi * C).logabsdet + (x - mu) @ torch.linalg.solve(C, x - mu))

def ppca_log_likelihood(X, W, mu, sigma2):
    C = W @ W.T + sigma2 * torch.eye(W.shape[0], dtype=W.dtype)
    return torch.vmap(of_one, in_dims=(0, None, None))(X, mu, C)
'''},
    ),
    Dress(
        LIKELIHOOD,
        "singular_values",
        "Singular values of W, the rest of space by what is left of the norm, under torch.utils.checkpoint.",
        {"ppca.py": '''
import math
import torch
from torch.utils.checkpoint import checkpoint

def _likelihood(X, W, mu, noise):
    X, W, mu = X.double(), W.double(), mu.double()
    U, s, _ = torch.linalg.svd(W, full_matrices=False)
    centred = X - mu
    inside = centred @ U
    variances = s.square() + noise
    outside = (centred - inside @ U.T).square().sum(-1) / noise
    log_det = variances.log().sum() + (W.shape[0] - W.shape[1]) * math.log(noise)
    return -0.5 * (W.shape[0] * math.log(2 * math.pi) + log_det + outside + (inside.square() / variances).sum(-1))

def ppca_log_likelihood(X, W, mu, sigma2):
    return checkpoint(_likelihood, X, W, mu, float(sigma2), use_reentrant=False).to(X.dtype)
'''},
    ),
    Dress(
        FIT,
        "expectation_maximisation",
        "EM until it has converged, in float64.",
        {"ppca.py": '''
import torch

def ppca_fit(X, n_components):
    data = X.double()
    N, D = data.shape
    mu = data.mean(0)
    S = (data - mu).T @ (data - mu) / N
    eye = torch.eye(n_components, dtype=torch.float64)
    W, sigma2 = torch.eye(D, n_components, dtype=torch.float64) + 0.1 * S[:, :n_components], S.trace() / D
    for _ in range(5000):
        M_inverse = torch.linalg.inv(W.T @ W + sigma2 * eye)
        SW = S @ W
        new = SW @ torch.linalg.inv(sigma2 * eye + M_inverse @ W.T @ SW)
        noise = (S.trace() - (SW @ M_inverse @ new.T).trace()) / D
        change = (new - W).abs().max() + (noise - sigma2).abs()
        W, sigma2 = new, noise
        if change < 1e-11 * S.trace():
            break
    return W.to(X.dtype), mu.to(X.dtype), sigma2.to(X.dtype)
'''},
    ),
    Dress(
        FIT,
        "svd_without_gradient",
        "Singular values of the centred data under torch.inference_mode, as a NamedTuple with a float.",
        {"ppca.py": '''
from typing import NamedTuple
import torch

class Fit(NamedTuple):
    W: torch.Tensor
    mu: torch.Tensor
    sigma2: float

@torch.inference_mode()
def ppca_fit(X, n_components):
    N, D = X.shape
    mu = X.mean(dim=0)
    _, s, Vt = torch.linalg.svd(X - mu, full_matrices=True)
    variances = torch.zeros(D, dtype=X.dtype)
    variances[: len(s)] = s**2 / N
    sigma2 = variances[n_components:].mean()
    W = Vt[:n_components].T * (variances[:n_components] - sigma2).clamp_min(0).sqrt()
    return Fit(W, mu, sigma2.item())
'''},
    ),
    Dress(
        FIT,
        "general_eigenvalues",
        "torch.linalg.eig, which is complex and in no order, sorted by hand.",
        {"ppca.py": '''
import torch

@torch.no_grad()
def ppca_fit(X, n_components):
    mu = X.mean(0)
    values, vectors = torch.linalg.eig(torch.cov(X.double().T, correction=0))
    values, order = values.real.sort(descending=True)
    vectors = vectors.real[:, order[:n_components]]
    vectors = vectors / vectors.norm(dim=0)
    sigma2 = values[n_components:].mean()
    W = vectors * (values[:n_components] - sigma2).clamp(min=0).sqrt()
    return W.to(X.dtype), mu, float(sigma2)
'''},
    ),
    Dress(
        FIT,
        "scipy",
        "SciPy's symmetric eigenvalues and NumPy inside, tensors outside.",
        {"ppca.py": '''
import numpy as np
import scipy.linalg
import torch

def ppca_fit(X, n_components):
    data = X.detach().cpu().numpy().astype(np.float64)
    mu = data.mean(axis=0)
    cov = np.cov(data, rowvar=False, bias=True)
    values, vectors = scipy.linalg.eigh(cov)
    values, vectors = values[::-1], vectors[:, ::-1]
    sigma2 = values[n_components:].mean()
    W = vectors[:, :n_components] * np.sqrt(np.clip(values[:n_components] - sigma2, 0, None))
    return torch.tensor(W.copy(), dtype=X.dtype), torch.as_tensor(mu, dtype=X.dtype), torch.tensor(sigma2, dtype=X.dtype)
'''},
    ),
    Dress(
        FIT,
        "estimator_object",
        "An estimator with fit() in the manner of scikit-learn, whose result is a dataclass; W is rotated at random.",
        {"ppca.py": '''
from dataclasses import dataclass, field
import torch

@dataclass
class Estimate:
    W: torch.Tensor
    mu: torch.Tensor
    sigma2: torch.Tensor

@dataclass
class PPCA:
    n_components: int
    history: list = field(default_factory=list)

    def fit(self, X):
        mu = X.mean(0)
        Q, s, V = torch.linalg.svd((X - mu).T / len(X) ** 0.5)
        values = torch.zeros(X.shape[1], dtype=X.dtype)
        values[: len(s)] = s.square()
        noise = values[self.n_components :].mean()
        W = Q[:, : self.n_components] * (values[: self.n_components] - noise).clamp(min=0).sqrt()
        rotation, _ = torch.linalg.qr(torch.randn(self.n_components, self.n_components, dtype=X.dtype))
        self.history.append(float(noise))
        return Estimate(W @ rotation, mu, noise)

def ppca_fit(X, n_components):
    return PPCA(n_components).fit(X)
'''},
    ),
]
