"""Right functions in files that do unusual things around them: what they read, print, change, catch and build when they are imported."""

from .dress import Dress

DRESSES = [
    Dress(
        "gaussian_log_density",
        "after_missing_data",
        "The first statement loads data that are not handed in; what comes after it is a loss object and a partial.",
        {"densities.py": '''
import functools
import math
import torch
from torch import nn

images = torch.load("mnist_binarised.pt")
criterion = nn.GaussianNLLLoss(full=True, eps=0.0, reduction="none")

def _density(loss, x, mean, log_var):
    scale = torch.exp(-log_var / 2)
    standard = loss(mean * scale, x * scale, torch.ones_like(x))
    return -(standard + log_var / 2).sum(-1)

gaussian_log_density = functools.partial(_density, criterion)
'''},
    ),
    Dress(
        "bernoulli_log_density",
        "settings_from_the_command_line",
        "argparse at import, a settings file read beside the code, and a log file written.",
        {
            "densities.py": '''
import argparse
import json
import logging
from pathlib import Path
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--positive", type=int, default=1)
args = parser.parse_args()
settings = json.loads(Path(__file__).with_name("settings.json").read_text())
logging.basicConfig(filename="densities.log", level=logging.INFO)

def bernoulli_log_density(x, logits):
    sign = settings["sign"] * args.positive
    logging.info("sign %d", sign)
    return torch.nn.functional.logsigmoid(sign * (2 * x - 1) * logits)
''',
            "settings.json": '{"sign": 1}',
        },
    ),
    Dress(
        "sample_gaussian",
        "rejection",
        "Marsaglia's polar method: pairs of uniform numbers are drawn again until all of them lie in the disc.",
        {"densities.py": '''
import torch

def polar(n, generator):
    """n normal numbers; each comes from a point that is uniform in the unit disc."""
    u = torch.empty(n, 2, dtype=torch.float64)
    missing = torch.arange(n)
    while len(missing):
        u[missing] = 2 * torch.rand(len(missing), 2, generator=generator, dtype=torch.float64) - 1
        squares = u[missing].square().sum(-1)
        missing = missing[(squares >= 1) | (squares == 0)]
    s = u.square().sum(-1)
    return u[:, 0] * torch.sqrt(-2 * torch.log(s) / s)

def sample_gaussian(mean, log_var, generator=None):
    noise = polar(mean.numel(), generator).reshape(mean.shape).to(mean.dtype)
    return mean + torch.exp(0.5 * log_var) * noise
'''},
    ),
    Dress(
        "sample_gaussian",
        "library_choices",
        "try/except for a library that is missing, a definition inside of an if, and a staticmethod object.",
        {"densities.py": '''
import torch

try:
    import pyro.distributions as dist
except ImportError:
    from torch import distributions as dist

if torch.__version__ >= "1.8":
    def _draw(mean, log_var, generator=None):
        return dist.Normal(mean, log_var.exp() ** 0.5).rsample()
else:
    raise RuntimeError("too old")

sample_gaussian = staticmethod(_draw)
'''},
    ),
    Dress(
        "kl_standard_normal",
        "sympy",
        "The formula is written in SymPy and turned into a function of tensors.",
        {"divergences.py": '''
import sympy as sp
import torch

m, r = sp.symbols("m r", real=True)
term = sp.lambdify((m, r), (sp.exp(r) + m**2 - 1 - r) / 2, modules=[{"exp": torch.exp}])

def kl_standard_normal(mean, log_var):
    return term(mean, log_var).sum(dim=-1)
'''},
    ),
    Dress(
        "kl_standard_normal",
        "symbolic_trace",
        "A GraphModule that torch.fx has traced.",
        {"divergences.py": '''
import torch
import torch.fx

def _kl(mean, log_var):
    return 0.5 * torch.sum(torch.exp(log_var) + mean * mean - 1 - log_var, dim=-1)

kl_standard_normal = torch.fx.symbolic_trace(_kl)
'''},
    ),
    Dress(
        "kl_standard_normal",
        "method_for_tensors",
        "A method of its own is given to all tensors; the function calls it.",
        {"divergences.py": '''
import torch

torch.Tensor.kl_to_standard_normal = lambda self, log_var: ((log_var.exp() + self**2 - 1 - log_var) / 2).sum(-1)

def kl_standard_normal(mean, log_var):
    return mean.kl_to_standard_normal(log_var)
'''},
    ),
    Dress(
        "kl_bernoulli",
        "warnings_are_errors",
        "Every warning is an error from the import on, NumPy's too; the garbage collector is off.",
        {"divergences.py": '''
import gc
import warnings
import numpy as np
import torch

warnings.simplefilter("error")
np.seterr(all="raise")
gc.disable()

def kl_bernoulli(probs, prior=0.5):
    p = torch.distributions.Bernoulli(probs=torch.full_like(probs, prior))
    pairs = zip((probs, 1 - probs), (p.probs, 1 - p.probs), strict=True)
    return sum((torch.xlogy(a, a) - torch.xlogy(a, b)).sum(-1) for a, b in pairs)
'''},
    ),
    Dress(
        "ppca_marginal",
        "views",
        "The mean is the argument itself, the covariance a transposed, non-contiguous view.",
        {"ppca.py": '''
import torch

def ppca_marginal(W, mu, sigma2):
    wide = torch.zeros(2 * len(W), 2 * len(W), dtype=W.dtype)
    cov = wide[::2, ::2] + W @ W.T + torch.diag_embed(torch.ones_like(mu)) * sigma2
    return mu, cov.T.as_subclass(torch.Tensor)
'''},
    ),
    Dress(
        "ppca_posterior",
        "dictionary_of_solvers",
        "A registry of solvers, chosen by a name; the answer is a NamedTuple class made by collections.namedtuple.",
        {"ppca.py": '''
from collections import namedtuple
import torch

Posterior = namedtuple("Posterior", "mean cov")
SOLVERS = {}

def solver(function):
    SOLVERS[function.__name__] = function
    return function

@solver
def pseudo_inverse(M):
    return torch.linalg.pinv(M, hermitian=True)

@solver
def eigen(M):
    values, vectors = torch.linalg.eigh(M)
    return vectors / values @ vectors.T

def ppca_posterior(x, W, mu, sigma2, solver="pseudo_inverse"):
    M = torch.baddbmm(sigma2 * torch.eye(W.shape[1], dtype=W.dtype)[None], W.T[None], W[None])[0]
    inverse = SOLVERS[solver](M)
    return Posterior._make([(x - mu) @ W @ inverse, sigma2 * inverse])
'''},
    ),
    Dress(
        "ppca_fit",
        "gradient_ascent_start",
        "Randomised subspace iterations until nothing moves, then the small eigenproblem; global random numbers are used.",
        {"ppca.py": '''
import torch

def ppca_fit(X, n_components):
    mu = X.mean(0)
    data = (X - mu).double()
    S = data.T @ data / len(X)
    Q = torch.linalg.qr(torch.randn(X.shape[1], n_components, dtype=torch.float64)).Q
    for _ in range(3000):
        Q = torch.linalg.qr(S @ Q).Q
    values, small = torch.linalg.eigh(Q.T @ S @ Q)
    sigma2 = (S.trace() - values.sum()) / (X.shape[1] - n_components)
    W = Q @ small @ torch.diag((values - sigma2).clamp(min=0).sqrt())
    return W.to(X.dtype), mu, sigma2.to(X.dtype)
'''},
    ),
    Dress(
        "elbo,vae_loss",
        "made_in_a_loop",
        "Two functions that a loop puts into globals(), with eval and exec around.",
        {"vae.py": '''
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

TEMPLATE = """
def {name}(x, encoder, decoder, n_samples=1, generator=None):
    return {sign} * estimate(x, encoder, decoder, n_samples)
"""

def estimate(x, encoder, decoder, n_samples):
    mean, log_var = encoder(x)
    q = Normal(mean, torch.exp(log_var / 2))
    z = q.rsample((n_samples,))
    log_px = Bernoulli(logits=decoder(z), validate_args=False).log_prob(x).sum(-1).mean(0)
    return (log_px - kl_divergence(q, Normal(torch.zeros_like(mean), 1.0)).sum(-1)).mean()

for name, sign in {"elbo": "+1", "vae_loss": "-1"}.items():
    exec(TEMPLATE.format(name=name, sign=sign), globals())
'''},
    ),
    Dress(
        "elbo",
        "compiled_inside",
        "Plain torch.compile, called within the function the first time that it is needed.",
        {"vae.py": '''
import torch

_COMPILED = None

def _terms(x, logits, mean, log_var):
    log_px = x * logits - torch.nn.functional.softplus(logits)
    return log_px.sum(-1).mean(0) - 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    global _COMPILED
    if _COMPILED is None:
        _COMPILED = torch.compile(_terms)
    mean, log_var = encoder(x)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    return _COMPILED(x, decoder(mean + torch.exp(0.5 * log_var) * noise), mean, log_var).mean()
'''},
    ),
    Dress(
        "vae_loss",
        "backwards_inside",
        "A gradient is taken inside as well, of a copy, to log its norm; hooks are set and removed.",
        {"vae.py": '''
import torch
import torch.nn.functional as F

NORMS = []

def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    z = mean + torch.exp(0.5 * log_var) * noise
    with torch.enable_grad():
        copy = z.detach().requires_grad_()
        handle = copy.register_hook(lambda grad: NORMS.append(float(grad.norm())))
        decoder(copy).sum().backward(inputs=[copy])
        handle.remove()
    cross_entropy = F.binary_cross_entropy_with_logits(decoder(z), x.expand(n_samples, *x.shape), reduction="sum")
    kl = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum()
    return (cross_entropy / n_samples + kl) / x.shape[0]
'''},
    ),
    Dress(
        "log_mean_exp",
        "overflowing_prints",
        "Prints every weight of every call, to both streams, in colour.",
        {"evidence.py": '''
import math
import sys
import torch

def log_mean_exp(log_w):
    print("\\x1b[31m", log_w.tolist(), "\\x1b[0m\\r\\b\\a", sep="\\t")
    print("::error::", log_w, file=sys.stderr, flush=True)
    return log_w.logsumexp(0).sub(math.log(len(log_w)))
'''},
    ),
    Dress(
        "estimate_log_likelihood",
        "progress_bar",
        "A loop over the samples under tqdm, with a running maximum and a running sum.",
        {"evidence.py": '''
import math
import torch
from torch.distributions import Normal
from tqdm import tqdm

def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    q, p = Normal(mean, (log_var / 2).exp()), Normal(torch.zeros_like(mean), 1.0)
    peak, total = None, None
    for _ in tqdm(range(n_samples), desc="samples", leave=False):
        z = q.sample()
        log_w = (p.log_prob(z) - q.log_prob(z)).sum(-1) + Normal(decoder(z), sigma_p).log_prob(x).sum(-1)
        if peak is None:
            peak, total = log_w, torch.ones_like(log_w)
        else:
            new = torch.maximum(peak, log_w)
            total = total * (peak - new).exp() + (log_w - new).exp()
            peak = new
    return peak + total.log() - math.log(n_samples)
'''},
    ),
    Dress(
        "estimate_log_likelihood",
        "associative_scan",
        "A scan with logaddexp over the samples, the last entry of which is the sum.",
        {"evidence.py": '''
import math
import torch

def gaussian(x, mean, log_var):
    return -0.5 * ((x - mean) ** 2 * torch.exp(-log_var) + log_var + math.log(2 * math.pi)).sum(-1)

def scan(log_w):
    """Inclusive scan by doubling the distance."""
    distance = 1
    while distance < len(log_w):
        head, tail = log_w[:distance], torch.logaddexp(log_w[distance:], log_w[:-distance])
        log_w, distance = torch.cat([head, tail]), 2 * distance
    return log_w

def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    z = mean + torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype) * (log_var / 2).exp()
    zero = torch.zeros_like(mean)
    log_var_x = 2 * math.log(sigma_p) * torch.ones_like(x)
    log_w = gaussian(z, zero, zero) - gaussian(z, mean, log_var) + gaussian(x, decoder(z), log_var_x)
    return scan(log_w)[-1] - math.log(n_samples)
'''},
    ),
    Dress(
        "evaluate_classifier",
        "loader_with_workers",
        "A DataLoader with two worker processes.",
        {"classifier.py": '''
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

def evaluate_classifier(model, images, labels, batch_size):
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, num_workers=2)
    was, n = model.training, len(labels)
    model.eval()
    with torch.no_grad():
        scores = [(cross_entropy(out, y, reduction="sum"), (out.argmax(1) == y).sum()) for out, y in ((model(x), y) for x, y in loader)]
    model.train(was)
    loss, right = (torch.stack(list(column)).sum().item() / n for column in zip(*scores))
    return loss, right
'''},
    ),
    Dress(
        "evaluate_classifier",
        "functional_call",
        "torch.func.functional_call with detached parameters on a model in evaluation mode, through contextlib.",
        {"classifier.py": '''
from contextlib import ExitStack
import torch
from torch.func import functional_call
from torch.nn.functional import nll_loss

def evaluate_classifier(model, images, labels, batch_size):
    with ExitStack() as stack:
        stack.callback(model.train, model.training)
        model.eval()
        weights = {name: value.detach() for name, value in model.state_dict().items()}
        log_p = torch.cat([functional_call(model, weights, (part,)).log_softmax(1) for part in images.split(batch_size)])
    return float(nll_loss(log_p, labels)), float((log_p.argmax(1) == labels).float().mean())
'''},
    ),
]
