"""Right divergences in unusual dress."""

from .dress import Dress

NORMAL = "kl_standard_normal"
BERNOULLI = "kl_bernoulli"

DRESSES = [
    Dress(
        NORMAL,
        "distributions",
        "torch.distributions' own divergence of two Independent normals.",
        {"divergences.py": '''
import torch
from torch.distributions import Independent, Normal, kl_divergence

def kl_standard_normal(mean, log_var):
    q = Independent(Normal(mean, log_var.div(2).exp()), 1)
    p = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    return kl_divergence(q, p)
'''},
    ),
    Dress(
        NORMAL,
        "in_place",
        "Operations in place, on temporaries of its own only.",
        {"divergences.py": '''
import torch

def kl_standard_normal(mean, log_var):
    total = mean.square()
    total += log_var.exp()
    total -= log_var
    total.sub_(1)
    return total.sum(dim=-1).mul_(0.5)
'''},
    ),
    Dress(
        NORMAL,
        "star_import",
        "Everything lives in a package; the file that is asked for holds `from ... import *` and nothing else.",
        {
            "divergences.py": '"""Nothing to see here."""\nfrom mathematics.gaussian import *\n',
            "mathematics/__init__.py": "",
            "mathematics/gaussian.py": '''
from torch import Tensor, expm1

__all__ = ["kl_standard_normal"]

def kl_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    return (expm1(log_var) - log_var + mean * mean).sum(-1) / 2
''',
        },
    ),
    Dress(
        NORMAL,
        "chatty",
        "Prints progress, warns and logs at every call.",
        {"divergences.py": '''
import logging
import sys
import warnings
import torch

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
warnings.simplefilter("always")

def kl_standard_normal(mean, log_var):
    print(f"computing KL for a batch of {len(mean)} ...", end="\\r", flush=True)
    warnings.warn("log_var may be large", stacklevel=2)
    logging.debug("mean has shape %s", tuple(mean.shape))
    print("Traceback (most recent call last): just joking", file=sys.stderr)
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
'''},
    ),
    Dress(
        NORMAL,
        "recursion",
        "A recursion over the four terms of the formula.",
        {"divergences.py": '''
import torch

TERMS = (
    lambda mean, log_var: torch.exp(log_var),
    lambda mean, log_var: mean**2,
    lambda mean, log_var: -log_var,
    lambda mean, log_var: -torch.ones_like(mean),
)

def _sum_of(terms, *arguments):
    first, *rest = terms
    return first(*arguments).sum(-1) + (_sum_of(rest, *arguments) if rest else 0)

def kl_standard_normal(mean, log_var):
    return 0.5 * _sum_of(TERMS, mean, log_var)
'''},
    ),
    Dress(
        NORMAL,
        "class_that_returns_a_tensor",
        "A class whose __new__ returns the tensor.",
        {"divergences.py": '''
import torch

class kl_standard_normal:
    def __new__(cls, mean, log_var):
        return cls.formula(mean, log_var).sum(-1)

    @classmethod
    def formula(cls, mean, log_var):
        return 0.5 * (log_var.exp() + mean.pow(2) - log_var - 1)
'''},
    ),
    Dress(
        NORMAL,
        "checkpointed",
        "torch.utils.checkpoint: computed anew in the backward pass.",
        {"divergences.py": '''
import torch
from torch.utils.checkpoint import checkpoint

def _terms(mean, log_var):
    return (log_var.exp() + mean**2 - 1 - log_var).sum(-1)

def kl_standard_normal(mean, log_var):
    return 0.5 * checkpoint(_terms, mean, log_var, use_reentrant=False)
'''},
    ),
    Dress(
        NORMAL,
        "keywords_only_inside",
        "Helpers that take keywords only, decorated with functools.wraps, above a singledispatch.",
        {"divergences.py": '''
from functools import singledispatch, wraps
import torch

def named(function):
    @wraps(function)
    def inner(*, mean, log_var):
        return function(mean=mean, log_var=log_var)
    return inner

@named
def divergence(*, mean, log_var):
    return torch.einsum("bm->b", 0.5 * (log_var.exp() + mean**2 - 1 - log_var))

@singledispatch
def kl_standard_normal(mean, log_var):
    raise TypeError(f"a tensor is needed, not {type(mean).__name__}")

@kl_standard_normal.register
def _(mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    return divergence(log_var=log_var, mean=mean)
'''},
    ),
    Dress(
        BERNOULLI,
        "match_and_walrus",
        "match over the prior's kind, a walrus, and overloads for int, float and tensor.",
        {"divergences.py": '''
import math
from typing import overload
import torch
from torch import Tensor

@overload
def kl_bernoulli(probs: Tensor, prior: float = ...) -> Tensor: ...
@overload
def kl_bernoulli(probs: Tensor, prior: Tensor) -> Tensor: ...

def kl_bernoulli(probs, prior=0.5):
    match prior:
        case torch.Tensor():
            log_one, log_zero = prior.log(), (1 - prior).log()
        case float(value) | int(value):
            log_one, log_zero = math.log(value), math.log(rest) if (rest := 1 - value) > 0 else -math.inf
        case _:
            raise TypeError(f"what is {prior!r}?")
    ones = torch.special.xlogy(probs, probs) - probs * log_one
    return (ones + torch.special.xlogy(1 - probs, 1 - probs) - (1 - probs) * log_zero).sum(-1)
'''},
    ),
    Dress(
        BERNOULLI,
        "cached_constants",
        "functools.lru_cache for logarithms of constants, and torch.special.entr for the entropy.",
        {"divergences.py": '''
import functools
import math
import torch

@functools.lru_cache(maxsize=None)
def log_of(number: float) -> float:
    return math.log(number)

def kl_bernoulli(probs, prior=0.5):
    entropy = torch.special.entr(probs) + torch.special.entr(1 - probs)
    return -(entropy + probs * log_of(prior) + (1 - probs) * log_of(1.0 - prior)).sum(dim=1)
'''},
    ),
    Dress(
        BERNOULLI,
        "from_a_factory",
        "A closure that a factory returns, with the prior's default inside; the docstring is set afterwards.",
        {"divergences.py": '''
import math
import torch

def make(default):
    def kl(probs, prior=default):
        other = 1 - probs
        return (torch.xlogy(probs, probs / prior) + torch.xlogy(other, other / (1 - prior))).sum(-1)
    return kl

kl_bernoulli = make(0.5)
kl_bernoulli.__doc__ = "Σ θ log θ/π + (1 − θ) log (1 − θ)/(1 − π)"
kl_bernoulli.__name__ = kl_bernoulli.__qualname__ = "kl_bernoulli"
'''},
    ),
    Dress(
        BERNOULLI,
        "bound_method",
        "A method of an object, bound to the name.",
        {"divergences.py": '''
import torch

class Divergence:
    def bernoulli(self, probs, prior=0.5):
        q = torch.stack([1 - probs, probs])
        p = torch.tensor([1 - prior, prior], dtype=probs.dtype).reshape(2, 1, 1)
        return (torch.xlogy(q, q) - q * p.log()).sum((0, 2))

kl_bernoulli = Divergence().bernoulli
'''},
    ),
]
