"""Right log-mean-exps and importance sampling in unusual dress."""

from .dress import Dress

MEAN = "log_mean_exp"
ESTIMATE = "estimate_log_likelihood"

_HELPERS = '''
import math
import torch

def log_normal(x, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * torch.exp(-log_var)).sum(-1)

def log_weights(x, z, mean, log_var, decoder, sigma_p):
    log_var_x = 2 * torch.log(torch.as_tensor(sigma_p, dtype=x.dtype))
    zero = torch.zeros((), dtype=x.dtype)
    return log_normal(z, zero, zero) + log_normal(x, decoder(z), log_var_x) - log_normal(z, mean, log_var)

def average(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))
'''

DRESSES = [
    Dress(
        MEAN,
        "maximum_by_hand",
        "The maximum is subtracted by hand, infinite ones left out; temporaries are changed in place.",
        {"evidence.py": '''
import math
import torch

def log_mean_exp(log_w):
    with torch.no_grad():
        peak = log_w.amax(dim=0)
        peak.masked_fill_(peak.isinf(), 0.0)
    mass = (log_w - peak).exp().sum(dim=0)
    return mass.log() + peak - math.log(log_w.shape[0])
'''},
    ),
    Dress(
        MEAN,
        "reduced_by_logaddexp",
        "functools.reduce with torch.logaddexp over the samples.",
        {"evidence.py": '''
import math
from functools import reduce
import torch

def log_mean_exp(log_w):
    return reduce(torch.logaddexp, log_w.unbind(0)) - math.log(log_w.size(0))
'''},
    ),
    Dress(
        MEAN,
        "autograd_function",
        "A torch.autograd.Function with the softmax as its gradient.",
        {"evidence.py": '''
import math
import torch

class LogMeanExp(torch.autograd.Function):
    @staticmethod
    def forward(log_w):
        return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, weight):
        (log_w,) = ctx.saved_tensors
        return weight * torch.softmax(log_w, dim=0)

log_mean_exp = LogMeanExp.apply
'''},
    ),
    Dress(
        MEAN,
        "vmap_over_columns",
        "torch.vmap with in_dims=1 over a function of one column.",
        {"evidence.py": '''
import math
import torch

def of_a_column(log_w):
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])

log_mean_exp = torch.vmap(of_a_column, in_dims=1)
'''},
    ),
    Dress(
        MEAN,
        "scripted_module",
        "A torch.nn.Module, scripted and frozen.",
        {"evidence.py": '''
import torch
from torch import Tensor, nn

class LogMeanExp(nn.Module):
    def forward(self, log_w: Tensor) -> Tensor:
        count = torch.tensor(log_w.size(0), dtype=log_w.dtype)
        return torch.logsumexp(log_w, dim=0) - torch.log(count)

log_mean_exp = torch.jit.freeze(torch.jit.script(LogMeanExp().eval()))
'''},
    ),
    Dress(
        MEAN,
        "several_times_decorated",
        "Three decorators, one with functools.wraps, one a class, one from torch.",
        {"evidence.py": '''
import functools
import math
import torch

class counted:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function, self.calls = function, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.function(*args, **kwargs)

def checked(function):
    @functools.wraps(function)
    def inner(log_w):
        assert log_w.dim() == 2, "log_w is (S, B)"
        return function(log_w)
    return inner

@counted
@checked
@torch.enable_grad()
def log_mean_exp(log_w):
    return torch.logsumexp(log_w - math.log(log_w.shape[0]), dim=0)
'''},
    ),
    Dress(
        ESTIMATE,
        "inference_mode",
        "Under torch.inference_mode: nobody asks for a gradient.",
        {"evidence.py": _HELPERS + '''
@torch.inference_mode()
def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    z = mean + torch.exp(log_var / 2) * noise
    return average(log_weights(x, z, mean, log_var, decoder, sigma_p))
'''},
    ),
    Dress(
        ESTIMATE,
        "scipy_outside_of_the_networks",
        "SciPy's logsumexp and log-densities in NumPy; only the networks are PyTorch's.",
        {"evidence.py": '''
import numpy as np
import torch
from scipy import stats
from scipy.special import logsumexp

def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    with torch.no_grad():
        mean, log_var = encoder(x)
        std = torch.exp(0.5 * log_var)
        z = mean + std * torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
        decoded = decoder(z)
    z, mean, std, decoded, data = (t.double().numpy() for t in (z, mean, std, decoded, x))
    log_w = stats.norm.logpdf(z).sum(-1) - stats.norm.logpdf(z, mean, std).sum(-1)
    log_w += stats.norm.logpdf(data, decoded, float(sigma_p)).sum(-1)
    return torch.as_tensor(logsumexp(log_w, axis=0) - np.log(n_samples), dtype=x.dtype)
'''},
    ),
    Dress(
        ESTIMATE,
        "antithetic",
        "Noise in pairs ε and −ε: the estimate of p(x) is unbiased all the same.",
        {"evidence.py": _HELPERS + '''
def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    half = torch.randn(((n_samples + 1) // 2, *mean.shape), generator=generator, dtype=mean.dtype)
    noise = torch.cat([half, -half])[:n_samples]
    return average(log_weights(x, mean + (0.5 * log_var).exp() * noise, mean, log_var, decoder, sigma_p))
'''},
    ),
    Dress(
        ESTIMATE,
        "stratified",
        "One number in each of S equally likely intervals, in an order of its own for every example and dimension.",
        {"evidence.py": _HELPERS + '''
def stratified_noise(shape, generator, dtype):
    """Normal noise (S, B, M): stratified over the S samples, independent over examples and dimensions."""
    u = torch.rand(shape, generator=generator, dtype=torch.float64)
    order = torch.rand(shape, generator=generator, dtype=torch.float64).argsort(dim=0)
    return torch.special.ndtri(((order + u) / shape[0]).clamp(1e-15, 1 - 1e-15)).to(dtype)

def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    z = mean + torch.exp(0.5 * log_var) * stratified_noise((n_samples, *mean.shape), generator, mean.dtype)
    return average(log_weights(x, z, mean, log_var, decoder, sigma_p))
'''},
    ),
    Dress(
        ESTIMATE,
        "quasi_random",
        "Points of Sobol, shifted at random for every example, as noise over the samples.",
        {"evidence.py": _HELPERS + '''
from torch.quasirandom import SobolEngine

def sobol_noise(shape, generator, dtype):
    """Normal noise (S, B, M): one point set, shifted (modulo 1) by a vector of its own for every example."""
    S, B, M = shape
    points = SobolEngine(M, scramble=False).draw(S, dtype=torch.float64)
    shift = torch.rand((1, B, M), generator=generator, dtype=torch.float64)
    u = (points[:, None] + shift) % 1
    return torch.special.ndtri(u.clamp(1e-15, 1 - 1e-15)).to(dtype)

def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    mean, log_var = encoder(x)
    noise = sobol_noise((n_samples, *mean.shape), generator, mean.dtype)
    return average(log_weights(x, mean + torch.exp(0.5 * log_var) * noise, mean, log_var, decoder, sigma_p))
'''},
    ),
    Dress(
        ESTIMATE,
        "generator_expression",
        "A generator yields the log-weights, sample by sample; a running logaddexp adds them.",
        {"evidence.py": _HELPERS + '''
def all_weights(x, encoder, decoder, sigma_p, n_samples, generator):
    mean, log_var = encoder(x)
    for _ in range(n_samples):
        z = mean + log_var.mul(0.5).exp() * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        yield log_weights(x, z, mean, log_var, decoder, sigma_p)

@torch.no_grad()
def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
    total = x.new_full((len(x),), -math.inf)
    for log_w in all_weights(x, encoder, decoder, sigma_p, n_samples, generator):
        total = torch.logaddexp(total, log_w)
    return total - math.log(n_samples)
'''},
    ),
    Dress(
        ESTIMATE,
        "overloaded_sigma",
        "isinstance and match over sigma_p, samples in chunks of 128, a class method behind the name.",
        {"evidence.py": _HELPERS + '''
class Evidence:
    CHUNK = 128

    @classmethod
    def estimate(cls, x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None):
        match sigma_p:
            case torch.Tensor():
                sigma = sigma_p.to(x.dtype)
            case _ if isinstance(sigma_p, (int, float)):
                sigma = torch.tensor(float(sigma_p), dtype=x.dtype)
        mean, log_var = encoder(x)
        parts = []
        while (left := n_samples - sum(map(len, parts))) > 0:
            noise = torch.randn((min(left, cls.CHUNK), *mean.shape), generator=generator, dtype=mean.dtype)
            parts.append(log_weights(x, mean + torch.exp(log_var / 2) * noise, mean, log_var, decoder, sigma))
        return average(torch.vstack(parts))

estimate_log_likelihood = Evidence.estimate
'''},
    ),
    Dress(
        ESTIMATE,
        "vmap_over_samples",
        "torch.vmap over the samples, noise drawn outside of it by a generator of its own.",
        {"evidence.py": _HELPERS + '''
def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mean, log_var = encoder(x)
    own = torch.Generator()
    own.manual_seed(torch.randint(0, 2**31, (1,)).item())

    def of_one(noise):
        return log_weights(x, mean + torch.exp(0.5 * log_var) * noise, mean, log_var, decoder, sigma_p)

    noise = torch.randn((n_samples, *mean.shape), generator=own, dtype=mean.dtype)
    return average(torch.vmap(of_one)(noise))
'''},
    ),
]
