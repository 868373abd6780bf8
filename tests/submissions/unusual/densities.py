"""Right densities and samples in unusual dress."""

from .dress import Dress

GAUSSIAN = "gaussian_log_density"
BERNOULLI = "bernoulli_log_density"
SAMPLE = "sample_gaussian"

DRESSES = [
    Dress(
        GAUSSIAN,
        "vmap",
        "torch.vmap over a function of one example is bound to the name.",
        {"densities.py": '''
import math
import torch

def density_of_one(x, mean, log_var):
    z = (x - mean) * torch.exp(-0.5 * log_var)
    return -0.5 * (z.dot(z) + log_var.sum() + x.numel() * math.log(2 * math.pi))

gaussian_log_density = torch.vmap(density_of_one)
'''},
    ),
    Dress(
        GAUSSIAN,
        "callable_object",
        "An object with __call__ that keeps its constant.",
        {"densities.py": '''
import math
import torch

class GaussianLogDensity:
    """Calls like a function."""

    def __init__(self, base=2 * math.pi):
        self.log_base = math.log(base)

    def __call__(self, x, mean, log_var):
        return -0.5 * ((x - mean).pow(2) / log_var.exp() + log_var + self.log_base).sum(-1)

gaussian_log_density = GaussianLogDensity()
'''},
    ),
    Dress(
        GAUSSIAN,
        "partial",
        "functools.partial of a more general density, one argument of which is fixed.",
        {"densities.py": '''
import functools
import math
import torch

def _density(half_log_tau, x, mean, log_var):
    return -(half_log_tau + log_var / 2 + (x - mean) ** 2 * (-log_var).exp() / 2).sum(dim=1)

gaussian_log_density = functools.partial(_density, 0.5 * math.log(2 * math.pi))
'''},
    ),
    Dress(
        GAUSSIAN,
        "decorated_without_wraps",
        "A decorator from a second file hides name, module and signature of the function.",
        {
            "densities.py": '''
import math
import torch
from plumbing import logged

@logged
def gaussian_log_density(x, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 / log_var.exp()).sum(-1)
''',
            "plumbing.py": '''
import logging

log = logging.getLogger("plumbing")

def logged(function):
    def inner(*args, **kwargs):
        log.warning("calling %s with %d arguments", function.__name__, len(args) + len(kwargs))
        return function(*args, **kwargs)
    return inner
''',
        },
    ),
    Dress(
        GAUSSIAN,
        "jit_script",
        "Compiled by torch.jit.script, so that it has no signature that Python could read.",
        {"densities.py": '''
import math
import torch
from torch import Tensor

LOG_TAU: float = math.log(2 * math.pi)

@torch.jit.script
def gaussian_log_density(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * torch.sum(1.8378770664093453 + log_var + (x - mean) ** 2 * torch.exp(-log_var), dim=-1)
'''},
    ),
    Dress(
        GAUSSIAN,
        "jit_trace",
        "Traced once with an example of another size and dtype.",
        {"densities.py": '''
import math
import torch

def _density(x, mean, log_var):
    return -0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * torch.exp(-log_var)).sum(-1)

gaussian_log_density = torch.jit.trace(_density, tuple(torch.randn(3, 4) for _ in range(3)))
'''},
    ),
    Dress(
        GAUSSIAN,
        "compiled_with_eager",
        'torch.compile with backend="eager": the graph is traced, and nothing is generated.',
        {"densities.py": '''
import math
import torch

@torch.compile(backend="eager", dynamic=True)
def gaussian_log_density(x, mean, log_var):
    return -0.5 * torch.sum(math.log(2 * math.pi) + log_var + torch.square(x - mean) / torch.exp(log_var), dim=-1)
'''},
    ),
    Dress(
        GAUSSIAN,
        "autograd_function",
        "A torch.autograd.Function whose gradients are written by hand.",
        {"densities.py": '''
import math
import torch

class _Gaussian(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, mean, log_var):
        scaled = (x - mean) * torch.exp(-log_var)
        squares = (x - mean) * scaled
        ctx.save_for_backward(scaled, squares)
        return -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)

    @staticmethod
    def backward(ctx, weight):
        scaled, squares = ctx.saved_tensors
        weight = weight.unsqueeze(-1)
        return -weight * scaled, weight * scaled, 0.5 * weight * (squares - 1)

def gaussian_log_density(x, mean, log_var):
    return _Gaussian.apply(x, mean, log_var)
'''},
    ),
    Dress(
        GAUSSIAN,
        "default_dtype_float64",
        "The default dtype is float64 and the default device is set, for everything, when the file is imported.",
        {"densities.py": '''
import math
import torch

torch.set_default_dtype(torch.float64)
torch.set_default_device("cpu")
torch.set_printoptions(precision=3)
LOG_TAU = torch.log(torch.tensor(2 * math.pi))

def gaussian_log_density(x, mean, log_var):
    quadratic = torch.einsum("bd,bd,bd->b", x - mean, x - mean, torch.exp(-log_var))
    return -0.5 * (quadratic + log_var.sum(-1) + x.shape[-1] * LOG_TAU)
'''},
    ),
    Dress(
        GAUSSIAN,
        "extra_parameters",
        "More parameters than asked for, each with a default, and names of its own in the annotations of jaxtyping.",
        {"densities.py": '''
import math
import torch
from jaxtyping import Float
from torch import Tensor

def gaussian_log_density(
    point: Float[Tensor, "batch dim"],
    centre: Float[Tensor, "batch dim"],
    log_variance: Float[Tensor, "batch dim"],
    axis: int = -1,
    *,
    normalised: bool = True,
) -> Float[Tensor, "batch"]:
    """𝓛 = ln 𝒩(𝐱; 𝛍, 𝛔²) — “naïve” but right ✓ 漢字 🎲‮."""
    constant = math.log(2 * math.pi) if normalised else 0.0
    return torch.sum(-0.5 * (constant + log_variance + (point - centre) ** 2 / log_variance.exp()), dim=axis)
'''},
    ),
    Dress(
        BERNOULLI,
        "static_method",
        "A static method of a class, assigned to the name.",
        {"densities.py": '''
import torch

class Densities:
    @staticmethod
    def bernoulli(x, logits):
        return x * logits - torch.logaddexp(torch.zeros_like(logits), logits)

bernoulli_log_density = Densities.bernoulli
'''},
    ),
    Dress(
        BERNOULLI,
        "lambda",
        "A lambda in one line.",
        {"densities.py": '''
import torch.nn.functional as F

bernoulli_log_density = lambda x, logits: -F.binary_cross_entropy_with_logits(logits, x, reduction="none")
'''},
    ),
    Dress(
        BERNOULLI,
        "log_softmax_of_two",
        "Two classes with the logits 0 and ℓ, through torch.special's log-softmax.",
        {"densities.py": '''
import torch

def bernoulli_log_density(x, logits):
    both = torch.special.log_softmax(torch.stack([torch.zeros_like(logits), logits]), dim=0)
    return torch.lerp(both[0], both[1], x)
'''},
    ),
    Dress(
        BERNOULLI,
        "module_object",
        "A torch.nn.Module that was made once; its forward is the function.",
        {"densities.py": '''
import torch
from torch import nn

class BernoulliLogDensity(nn.Module):
    def __init__(self):
        super().__init__()
        self.loss = nn.BCEWithLogitsLoss(reduction="none")

    def forward(self, x, logits):
        return self.loss(logits, x).neg()

bernoulli_log_density = BernoulliLogDensity()
'''},
    ),
    Dress(
        BERNOULLI,
        "compiled_with_aot_eager",
        'torch.compile with backend="aot_eager": forward and backward are traced before they are run.',
        {"densities.py": '''
import torch
from torch.nn.functional import logsigmoid

def _density(x, logits):
    return torch.where(x > 0.5, logsigmoid(logits), logsigmoid(-logits))

bernoulli_log_density = torch.compile(_density, backend="aot_eager", dynamic=True)
'''},
    ),
    Dress(
        BERNOULLI,
        "compiled",
        "Plain torch.compile, which goes on without a compiler where there is none.",
        {"densities.py": '''
import torch
import torch._dynamo
from torch.nn.functional import softplus

torch._dynamo.config.suppress_errors = True

@torch.compile
def bernoulli_log_density(x, logits):
    return x * logits - softplus(logits)
'''},
    ),
    Dress(
        BERNOULLI,
        "flattened_vmap",
        "A scalar function under two torch.vmap.",
        {"densities.py": '''
import torch

def of_a_pixel(x, logit):
    return x * logit - torch.clamp(logit, min=0) - torch.log1p(torch.exp(-torch.abs(logit)))

bernoulli_log_density = torch.func.vmap(torch.func.vmap(of_a_pixel))
'''},
    ),
    Dress(
        SAMPLE,
        "own_generator",
        "A generator of its own for every call, seeded by a number that the global one drew.",
        {"densities.py": '''
import torch

def sample_gaussian(mean, log_var, generator=None):
    if generator is None:
        generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    noise = torch.empty(mean.shape, dtype=mean.dtype).normal_(generator=generator)
    return torch.addcmul(mean, noise, torch.exp(log_var / 2))
'''},
    ),
    Dress(
        SAMPLE,
        "numpy_noise",
        "The noise is NumPy's, from a generator without any seed; mean and variance stay in PyTorch.",
        {"densities.py": '''
import numpy as np
import torch

RNG = np.random.default_rng()

def sample_gaussian(mean, log_var):
    noise = torch.from_numpy(RNG.standard_normal(tuple(mean.shape))).to(mean.dtype)
    return mean + noise * log_var.mul(0.5).exp()
'''},
    ),
    Dress(
        SAMPLE,
        "generator_of_the_module",
        "One generator for the whole module, which goes on from call to call.",
        {"densities.py": '''
import torch

SOURCE = torch.Generator().manual_seed(20240517)

def sample_gaussian(mean, log_var, generator=None):
    noise = torch.randn(mean.shape, generator=generator or SOURCE, dtype=mean.dtype)
    return mean + log_var.exp().sqrt() * noise
'''},
    ),
    Dress(
        SAMPLE,
        "vmap_with_randomness",
        'torch.vmap over the examples with randomness="different"; the generator cannot be used there.',
        {"densities.py": '''
import torch

def sample_one(mean, log_var):
    return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)

def sample_gaussian(mean, log_var, generator=None):
    return torch.vmap(sample_one, randomness="different")(mean, log_var)
'''},
    ),
    Dress(
        SAMPLE,
        "callable_dataclass",
        "A frozen dataclass that is called; it takes arguments by position only, the generator by name only.",
        {"densities.py": '''
from dataclasses import dataclass
import torch

@dataclass(frozen=True)
class Sampler:
    temperature: float = 1.0

    def __call__(self, mean, log_var, /, *, generator=None):
        sigma = self.temperature * torch.exp(0.5 * log_var)
        return mean + sigma * torch.normal(0.0, 1.0, mean.shape, generator=generator, dtype=mean.dtype)

sample_gaussian = Sampler()
'''},
    ),
    Dress(
        SAMPLE,
        "autograd_function",
        "A torch.autograd.Function: drawn in forward, with the gradients of the same draw in backward.",
        {"densities.py": '''
import torch

class _Reparameterised(torch.autograd.Function):
    @staticmethod
    def forward(ctx, mean, log_var, noise):
        deviation = torch.exp(0.5 * log_var) * noise
        ctx.save_for_backward(deviation)
        return mean + deviation

    @staticmethod
    def backward(ctx, weight):
        (deviation,) = ctx.saved_tensors
        return weight, 0.5 * weight * deviation, None

def sample_gaussian(mean, log_var, generator=None):
    return _Reparameterised.apply(mean, log_var, torch.randn(mean.shape, generator=generator, dtype=mean.dtype))
'''},
    ),
    Dress(
        SAMPLE,
        "thread_and_context",
        "σ is computed in another thread, under contextlib, for nothing.",
        {"densities.py": '''
import contextlib
from concurrent.futures import ThreadPoolExecutor
import torch

@contextlib.contextmanager
def at_work():
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool

def sample_gaussian(mean, log_var, generator=None):
    with at_work() as pool, contextlib.suppress(ZeroDivisionError):
        sigma = pool.submit(torch.exp, 0.5 * log_var)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        return mean + sigma.result() * noise
'''},
    ),
    Dress(
        SAMPLE,
        "stream_of_noise",
        "A generator function of Python feeds noise to a walrus; unseeded tensors are asked for one call at a time.",
        {"densities.py": '''
import torch

def noise_like(tensor, generator):
    while True:
        yield torch.randn(tensor.size(), generator=generator, dtype=tensor.dtype, device=tensor.device)

def sample_gaussian(mean, log_var, generator=None):
    if (noise := next(noise_like(mean, generator))).shape == mean.shape:
        return torch.lerp(mean, mean + (0.5 * log_var).exp() * noise, torch.ones_like(mean))
'''},
    ),
    Dress(
        SAMPLE,
        "sum_of_two_halves",
        "A normal number is the sum of two independent ones with half the variance.",
        {"densities.py": '''
import torch

def sample_gaussian(mean, log_var, generator=None):
    two = torch.randn((2, *mean.shape), generator=generator, dtype=mean.dtype)
    return mean + torch.exp(0.5 * log_var) * two.sum(0) * 2 ** -0.5
'''},
    ),
]
