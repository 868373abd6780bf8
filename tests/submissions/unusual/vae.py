"""Right bounds and losses in unusual dress."""

from .dress import Dress

ELBO = "elbo"
LOSS = "vae_loss"

_PARTS = '''
import math
import torch
from torch.nn import functional as F

def log_px(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)

def kl(mean, log_var):
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)

def bound(x, encoder, decoder, noise_of, n_samples):
    mean, log_var = encoder(x)
    z = mean + torch.exp(0.5 * log_var) * noise_of((n_samples, *mean.shape), mean.dtype)
    return (log_px(x, decoder(z)).mean(0) - kl(mean, log_var)).mean()
'''

_STRATIFIED = '''
def stratified(shape, generator, dtype):
    """Normal noise (S, B, M): one number in each of S equally likely intervals, shuffled for every example and dimension."""
    u = torch.rand(shape, generator=generator, dtype=torch.float64)
    order = torch.rand(shape, generator=generator, dtype=torch.float64).argsort(0)
    return torch.special.ndtri(((order + u) / shape[0]).clamp(1e-15, 1 - 1e-15)).to(dtype)
'''

_SOBOL = '''
from torch.quasirandom import SobolEngine

def sobol(shape, generator, dtype):
    """Normal noise (S, B, M): points of Sobol in M dimensions, shifted modulo 1 by a vector of its own for every example."""
    S, B, M = shape
    points = SobolEngine(M).draw(S, dtype=torch.float64)[:, None]
    u = (points + torch.rand((B, M), generator=generator, dtype=torch.float64)).remainder(1.0)
    return torch.special.ndtri(u.clamp(1e-15, 1 - 1e-15)).to(dtype)
'''

_ANTITHETIC = '''
def antithetic(shape, generator, dtype):
    """Normal noise (S, B, M) in pairs ε and −ε; the last is alone where S is odd."""
    half = torch.randn(((shape[0] + 1) // 2, *shape[1:]), generator=generator, dtype=dtype)
    return torch.cat([half, -half])[: shape[0]]
'''

DRESSES = [
    Dress(
        ELBO,
        "vmap_over_samples",
        "torch.vmap over the samples, the networks inside of it.",
        {"vae.py": _PARTS + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    std = torch.exp(0.5 * log_var)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    terms = torch.vmap(lambda eps: log_px(x, decoder(mean + std * eps)))(noise)
    return (terms.mean(0) - kl(mean, log_var)).mean()
'''},
    ),
    Dress(
        ELBO,
        "vmap_over_examples",
        "torch.vmap over the examples: the networks see one image at a time, with randomness=\"different\".",
        {"vae.py": _PARTS + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    def of_one(image):
        mean, log_var = encoder(image)
        z = mean + torch.exp(0.5 * log_var) * torch.randn((n_samples, mean.shape[-1]), dtype=mean.dtype)
        return log_px(image, decoder(z)).mean() - kl(mean, log_var)

    return torch.vmap(of_one, randomness="different")(x).mean()
'''},
    ),
    Dress(
        ELBO,
        "antithetic",
        "Noise in pairs ε and −ε over the samples.",
        {"vae.py": _PARTS + _ANTITHETIC + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return bound(x, encoder, decoder, lambda shape, dtype: antithetic(shape, generator, dtype), n_samples)
'''},
    ),
    Dress(
        ELBO,
        "stratified",
        "Stratified noise over the samples: every number is normal, their mean is less noisy.",
        {"vae.py": _PARTS + _STRATIFIED + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return bound(x, encoder, decoder, lambda shape, dtype: stratified(shape, generator, dtype), n_samples)
'''},
    ),
    Dress(
        ELBO,
        "quasi_random",
        "Shifted points of Sobol over the samples.",
        {"vae.py": _PARTS + _SOBOL + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return bound(x, encoder, decoder, lambda shape, dtype: sobol(shape, generator, dtype), n_samples)
'''},
    ),
    Dress(
        ELBO,
        "scrambled_sobol",
        "SobolEngine with scrambling, all examples and dimensions in one point, seeded by the global generator.",
        {"vae.py": _PARTS + '''
from torch.quasirandom import SobolEngine

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    def noise(shape, dtype):
        seed = int(torch.randint(2**31 - 1, (), generator=generator))
        engine = SobolEngine(min(SobolEngine.MAXDIM, math.prod(shape[1:])), scramble=True, seed=seed)
        blocks = -(-math.prod(shape[1:]) // engine.dimension)
        u = torch.cat([engine.draw(shape[0], dtype=torch.float64) for _ in range(blocks)], 1)[:, : math.prod(shape[1:])]
        jitter = torch.rand(u.shape, generator=generator, dtype=torch.float64) * 2.0**-30
        return torch.special.ndtri((u + jitter).clamp(1e-10, 1 - 1e-10)).reshape(shape).to(dtype)

    return bound(x, encoder, decoder, noise, n_samples)
'''},
    ),
    Dress(
        ELBO,
        "checkpointed",
        "The decoder's pass is computed anew in the backward pass (torch.utils.checkpoint).",
        {"vae.py": _PARTS + '''
from torch.utils.checkpoint import checkpoint

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    z = mean + torch.exp(0.5 * log_var) * noise
    term = checkpoint(lambda latent: log_px(x, decoder(latent)).mean(0), z, use_reentrant=False)
    return torch.mean(term - kl(mean, log_var))
'''},
    ),
    Dress(
        ELBO,
        "generator_over_samples",
        "A generator function yields one sample's terms after the other; they are added up as they come.",
        {"vae.py": _PARTS + '''
def terms(x, encoder, decoder, n_samples, generator):
    mean, log_var = encoder(x)
    yield -kl(mean, log_var)
    for _ in range(n_samples):
        z = mean + log_var.div(2).exp() * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        yield log_px(x, decoder(z)) / n_samples

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return sum(terms(x, encoder, decoder, n_samples, generator)).mean()
'''},
    ),
    Dress(
        ELBO,
        "in_chunks",
        "Samples in chunks of four, weights of the chunks by their size.",
        {"vae.py": _PARTS + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    total, left = -kl(mean, log_var), n_samples
    while left:
        size = min(4, left)
        noise = torch.randn((size, *mean.shape), generator=generator, dtype=mean.dtype)
        total = total + log_px(x, decoder(mean + (log_var / 2).exp() * noise)).sum(0) / n_samples
        left -= size
    return total.mean()
'''},
    ),
    Dress(
        ELBO,
        "module_and_method",
        "A torch.nn.Module with a method for every term; its instance is bound to the name.",
        {"vae.py": _PARTS + '''
class Bound(torch.nn.Module):
    def noise(self, shape, dtype, generator):
        return torch.randn(shape, generator=generator, dtype=dtype)

    def forward(self, x, encoder, decoder, n_samples=1, generator=None):
        return bound(x, encoder, decoder, lambda s, t: self.noise(s, t, generator), n_samples)

elbo = Bound()
'''},
    ),
    Dress(
        ELBO,
        "keywords_and_second_file",
        "Its parts come from a second file and take keywords only.",
        {
            "vae.py": '''
import torch
import bricks as b

def elbo(x, encoder, decoder, n_samples=1, generator=None, *, beta=1.0, verbose=False):
    mean, log_var = encoder(x)
    z = b.draw(mean=mean, log_var=log_var, n=n_samples, generator=generator)
    value = b.reconstruction(images=x, logits=decoder(z)) - beta * b.divergence(mean=mean, log_var=log_var)
    if verbose:
        print(float(value))
    return value
''',
            "bricks.py": '''
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

def draw(*, mean, log_var, n, generator):
    noise = torch.randn((n,) + mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return torch.addcmul(mean, torch.exp(0.5 * log_var), noise)

def reconstruction(*, images, logits):
    return Bernoulli(logits=logits, validate_args=False).log_prob(images).sum(-1).mean()

def divergence(*, mean, log_var):
    prior = Normal(mean.new_zeros(()), mean.new_ones(()))
    return kl_divergence(Normal(mean, log_var.mul(0.5).exp()), prior).sum(-1).mean()
''',
        },
    ),
    Dress(
        ELBO,
        "compiled_with_eager",
        'The terms are compiled with backend="eager", the networks are not.',
        {"vae.py": _PARTS + '''
compiled_log_px = torch.compile(log_px, backend="eager", dynamic=True)
compiled_kl = torch.compile(kl, backend="eager", dynamic=True)

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    logits = decoder(mean + torch.exp(0.5 * log_var) * noise)
    return (compiled_log_px(x, logits).mean(0) - compiled_kl(mean, log_var)).mean()
'''},
    ),
    Dress(
        ELBO,
        "control_variate",
        "A term with mean zero, log q(z) − E log q(z), is added in part: the expectation stays.",
        {"vae.py": _PARTS + '''
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    noise = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    logits = decoder(mean + torch.exp(0.5 * log_var) * noise)
    centred = 0.5 * (1 - noise**2).sum(-1)
    return (log_px(x, logits) + 0.1 * centred).mean() - kl(mean, log_var).mean()
'''},
    ),
    Dress(
        ELBO,
        "numpy_noise",
        "The noise is NumPy's, from a generator that entropy of the system seeds; the rest is PyTorch's.",
        {"vae.py": _PARTS + '''
import numpy as np

RNG = np.random.Generator(np.random.PCG64())

def elbo(x, encoder, decoder, n_samples=1):
    return bound(x, encoder, decoder, lambda s, t: torch.as_tensor(RNG.normal(size=tuple(s)), dtype=t), n_samples)
'''},
    ),
    Dress(
        LOSS,
        "negated_partial",
        "A composition of functools.partial objects; operator.neg of a bound that the file hides.",
        {"vae.py": _PARTS + '''
import operator
from functools import partial, reduce

def compose(*functions):
    return lambda *args, **kwargs: reduce(lambda value, f: f(value), functions[1:], functions[0](*args, **kwargs))

def _bound(scale, x, encoder, decoder, n_samples=1, generator=None):
    noise = partial(lambda shape, dtype: torch.randn(shape, generator=generator, dtype=dtype))
    return scale * bound(x, encoder, decoder, noise, n_samples)

vae_loss = compose(partial(_bound, 1.0), operator.neg)
'''},
    ),
    Dress(
        LOSS,
        "antithetic",
        "Noise in pairs, in a class method, with a context manager around it.",
        {"vae.py": _PARTS + _ANTITHETIC + '''
import contextlib

class Loss:
    @classmethod
    def __call__(cls, x, encoder, decoder, n_samples=1, generator=None):
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.enable_grad())
            return -bound(x, encoder, decoder, lambda s, t: antithetic(s, generator, t), n_samples)

vae_loss = Loss()
'''},
    ),
    Dress(
        LOSS,
        "stratified",
        "Stratified noise; the number of samples is the default of a closure.",
        {"vae.py": _PARTS + _STRATIFIED + '''
def make_loss(default=1):
    def loss(x, encoder, decoder, n_samples=default, generator=None):
        return bound(x, encoder, decoder, lambda s, t: stratified(s, generator, t), n_samples).neg()
    return loss

vae_loss = make_loss()
'''},
    ),
    Dress(
        LOSS,
        "quasi_random",
        "Shifted points of Sobol, joint density minus log q.",
        {"vae.py": _PARTS + _SOBOL + '''
def log_normal(z, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean) ** 2 / log_var.exp()).sum(-1)

def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    mean, log_var = encoder(x)
    z = mean + torch.exp(0.5 * log_var) * sobol((n_samples, *mean.shape), generator, mean.dtype)
    zero = torch.zeros_like(mean)
    return (log_normal(z, mean, log_var) - log_normal(z, zero, zero) - log_px(x, decoder(z))).mean()
'''},
    ),
    Dress(
        LOSS,
        "enum_and_match",
        "An enum, match, a frozen settings dataclass and a recursion over the samples, two at a time.",
        {"vae.py": _PARTS + '''
from dataclasses import dataclass
from enum import Enum, auto

class Reduction(Enum):
    MEAN = auto()
    SUM = auto()

@dataclass(frozen=True)
class Settings:
    reduction: Reduction = Reduction.MEAN

def log_px_of(x, mean, std, decoder, n, generator):
    """Sum over n samples."""
    match n:
        case 0:
            return torch.zeros(len(x), dtype=mean.dtype)
        case 1 | 2:
            noise = torch.randn((n, *mean.shape), generator=generator, dtype=mean.dtype)
            return log_px(x, decoder(mean + std * noise)).sum(0)
        case _:
            return sum(log_px_of(x, mean, std, decoder, part, generator) for part in (n // 2, n - n // 2))

def vae_loss(x, encoder, decoder, n_samples=1, generator=None, settings=Settings()):
    mean, log_var = encoder(x)
    losses = kl(mean, log_var) - log_px_of(x, mean, (log_var / 2).exp(), decoder, n_samples, generator) / n_samples
    return losses.mean() if settings.reduction is Reduction.MEAN else losses.sum()
'''},
    ),
]
