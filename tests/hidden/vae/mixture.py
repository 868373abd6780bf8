"""Exact bounds with a mixture as prior, by Gauss-Hermite quadrature over the noise of q(z | x), and calls in which everything matters."""

import functools

import numpy as np
import torch
from torch.nn.functional import softplus

from autograder.authoring import Case, Draw, Probe, Sizes
from autograder.authoring.cases import probe_dtype
from autograder.sandbox.inside import probes
from tests.hidden.exact import remembered
from tests.public.vae.prior import mixture_prior

NETWORKS = ("encoder", "decoder", "prior")
PARTS = (
    "encoder.heads.0.0.bias",
    "encoder.heads.1.0.bias",
    "decoder.trunk.0.bias",
    "prior.log_prob.trunk.0.bias",
    "prior.log_prob.trunk.2.bias",
)
NODES = 32
"""For each latent: `tests/harness/reference/test_mixture.py` measures the error, less than 0.005 nats."""
PIXELS, DISTINCT, REPEATS = 8, 10, 60
"""600 examples in a call, ten different ones: few calls of many examples settle what many calls of few do, and cost less."""
LEAST_EFFECT, MOST_NOISE = 0.4, 6.0
"""Nats: of every mistake that `other_bounds` makes, and of one example and draw, of which a call averages 1,800."""
GRADIENT_WITHIN, LEAST_GRADIENT = 0.4, 0.12
"""An entry of the gradient is looked at within a part of itself, or of this where it is smaller."""


def grid(latents):
    """Return the nodes of all latents, shape (N, 1, M), and their weights, shape (N,)."""
    points, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(NODES))
    eps = torch.cartesian_prod(*[points] * latents).reshape(-1, 1, latents)
    share = torch.cartesian_prod(*[weights / weights.sum()] * latents).reshape(-1, latents).prod(-1)
    return eps, share


def log_normal(z, mean, log_var):
    """Return the log-density of each row."""
    return -0.5 * (np.log(2 * np.pi) + log_var + (z - mean) ** 2 * torch.exp(-log_var)).sum(-1)


def networks_of(case):
    """Return the networks of a call in float64."""
    return {name: probes.build(probe_dtype(case.arguments[name], torch.float64).spec) for name in NETWORKS}


def pieces(case, networks, eps, cut=False):
    """Return log p(x | z), log p(z) and log q(z | x) at given noise, each of shape (N, B); with `cut`, no gradient through z."""
    x = case.arguments["x"].double()
    mean, log_var = networks["encoder"](x)
    z = mean + torch.exp(0.5 * log_var) * eps
    z = z.detach() if cut else z
    logits = networks["decoder"](z)
    return (x * logits - softplus(logits)).sum(-1), networks["prior"].log_prob(z), log_normal(z, mean, log_var)


def latents_of(case):
    """Return how many latents there are."""
    return len(case.arguments["encoder"].spec["heads"][0][0]["bias"])


def _distinct(case):
    """Return the call with every example once: its bound is the same."""
    return case.but(x=case.arguments["x"][:DISTINCT])


@remembered
def mean_bound(case):
    """The exact bound, averaged over the batch."""
    case = _distinct(case)
    eps, share = grid(latents_of(case))
    recon, log_p, log_q = pieces(case, networks_of(case), eps)
    return float((share @ (recon + log_p - log_q)).detach().mean())


@remembered
def bound_gradient(case):
    """The gradient of the exact bound, averaged over the batch, by the parameters in `PARTS`, one after the other."""
    return _gradient(_distinct(case))


def _gradient(case, cut=False):
    networks = networks_of(case)
    found = {
        f"{name}.{parameter}": value
        for name, network in networks.items()
        for parameter, value in network.named_parameters()
    }
    eps, share = grid(latents_of(case))
    recon, log_p, log_q = pieces(case, networks, eps, cut)
    value = (share @ (recon + log_p - log_q)).mean()
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, [found[part] for part in PARTS])]).numpy()


def gradient_tolerance(gradient):
    """How far every entry of a gradient by `PARTS` may be off."""
    return GRADIENT_WITHIN * np.maximum(np.abs(gradient), LEAST_GRADIENT)


@remembered
def variance_of_term(case):
    """The variance of one example's bound at one draw, averaged over the examples, in the noisier form: as it is printed, or with the
    entropy of q(z | x) in closed form.
    """
    case = _distinct(case)
    eps, share = grid(latents_of(case))
    with torch.no_grad():
        recon, log_p, log_q = pieces(case, networks_of(case), eps)
    forms = (recon + log_p - log_q, recon + log_p)
    return max(float((share @ (form - share @ form) ** 2).mean()) for form in forms)


@torch.no_grad()
def other_bounds(case):
    """Return the exact bound, averaged over the batch, and those of who makes one of the usual mistakes."""
    eps, share = grid(latents_of(case))
    networks = networks_of(case)
    recon, log_p, log_q = pieces(case, networks, eps)
    x = case.arguments["x"].double()
    mean, log_var = networks["encoder"](x)

    def at(z):
        logits = networks["decoder"](z)
        return (x * logits - softplus(logits)).sum(-1) + networks["prior"].log_prob(z) - log_q

    standard = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
    far = at(mean + torch.exp(log_var) * eps)
    wrong = (
        recon - standard,
        recon - log_p + log_q,
        recon + log_p,
        recon - log_q,
        recon,
        log_p - log_q,
        at(mean.expand_as(eps + mean)),
        at(eps.expand_as(eps + mean)),
        far,
        recon + (log_p - log_q) / latents_of(case) if latents_of(case) > 1 else recon,
    )
    right = float((share @ (recon + log_p - log_q)).mean())
    return right, [float((share @ other).mean()) for other in wrong]


@functools.lru_cache(maxsize=64)
def with_noise(seed, dtype, latents, components, n_samples=3, repeats=REPEATS):
    """A call in which everything matters to the value: each of `other_bounds` is LEAST_EFFECT away, and noise is not too large.

    `repeats` is how often every example occurs; 0 asks for a single one.
    """

    def enough(case):
        right, others = other_bounds(case)
        return min(abs(other - right) for other in others) > LEAST_EFFECT

    return _drawn(enough, seed, dtype, latents, components, n_samples, repeats)


@functools.lru_cache(maxsize=64)
def with_gradient(seed, dtype, latents, components):
    """A call in which everything matters to the gradient: by the mean of every latent it is wrong without the way through z, and by every
    component of the prior it is far from 0.
    """

    def enough(case):
        right = _gradient(case)
        lost = np.abs(_gradient(case, cut=True) - right) / gradient_tolerance(right)
        return bool((lost[:latents] > 2.0).all() and np.abs(right[-components * (latents + 1) :]).min() > 0.02)

    return _drawn(enough, seed, dtype, latents, components, 3, REPEATS)


def _drawn(enough, seed, dtype, latents, components, n_samples, repeats):
    for attempt in range(2000):
        case = _any(seed + attempt * 7919, latents, components, n_samples, DISTINCT if repeats else 1)
        if enough(case) and variance_of_term(case) < MOST_NOISE**2:
            return in_dtype(case.but(x=case.arguments["x"].repeat(max(1, repeats), 1)), dtype)
    raise AssertionError("no call was found in which everything matters")


def _any(seed, latents, components, n_samples, distinct):
    """A call of any numbers: q lies beside the prior's components, and its variances are far from 1."""
    draw = Draw(torch.float64, seed % 2**31, Sizes({"B": distinct, "D": PIXELS, "M": latents, "K": components}))
    signs = 2 * draw.binary("M") - 1
    mean = {"op": "affine", "weight": draw.normal("M", "D", std=0.15), "bias": 1.2 * signs}
    level = (2 * draw.binary("M") - 1) * draw.uniform("M", low=0.9, high=1.4) - 0.3
    spread = {"op": "affine", "weight": draw.normal("M", "D", std=0.08), "bias": level}
    arguments = {
        "x": draw.binary("B", "D"),
        "encoder": Probe({"layers": [], "heads": [[mean], [spread]]}),
        "decoder": Probe({"layers": [draw.affine("D", "M", std=1.0)]}),
        "prior": mixture_prior(
            draw.normal("K", std=0.7),
            signs * draw.uniform("K", "M", low=-0.5, high=2.5),
            draw.uniform("K", "M", low=-1.5, high=0.3),
        ),
        "n_samples": n_samples,
    }
    return Case("mixture_elbo", arguments, seed=seed % 2**31, scale=float(PIXELS))


def in_dtype(case, dtype):
    """The same call with the images and all networks in another dtype."""
    networks = {name: probe_dtype(case.arguments[name], dtype) for name in NETWORKS}
    return case.but(x=case.arguments["x"].to(dtype), **networks)
