"""Exact bounds of VAEs with binary latents, at relaxed samples of any temperature, and calls in which everything matters.

τ t − ℓ is logistic where z = sigmoid(t) is a relaxed draw. So on a grid of t the shares of its cells are differences of sigmoids: exact
in sum, differentiable by ℓ, and right at every temperature.
"""

import math

import numpy as np
import torch
from torch.nn.functional import softplus

from autograder.authoring import Case, Draw, Probe, Sizes, constant
from autograder.authoring.cases import probe_dtype
from autograder.sandbox.inside import probes
from tests.hidden.exact import remembered

NETWORKS = ("encoder_logits", "decoder")
PARTS = ("encoder_logits.trunk.0.bias", "decoder.trunk.0.bias")
NODES, FEW_NODES, REACH = 121, 25, 15.0
"""Of t: z within 3e-7 of 0 and 1; `tests/harness/reference/test_discrete.py` measures the error: less than 0.006 nats."""
PIXELS, DISTINCT, REPEATS = 8, 10, 60
"""600 examples in a call, ten different ones: few calls of many examples settle what many calls of few do, and cost less."""
LEAST_EFFECT, MOST_NOISE = 0.3, 8.0
"""Nats: of every mistake in `other_bounds`, and of one example and draw, of which a call averages 1,800."""
GRADIENT_WITHIN, LEAST_GRADIENT = 0.4, 0.1
"""An entry of the gradient is looked at within a part of itself, or of this where it is smaller."""
COLD = 0.001


def network(case, name):
    """A network of a call in float64."""
    return probes.build(probe_dtype(case.arguments[name], torch.float64).spec)


def divergence(logits):
    """KL(Ber(sigmoid(ℓ)) ‖ Ber(½)) of each row."""
    theta, other = torch.sigmoid(logits), torch.sigmoid(-logits)
    return (torch.xlogy(theta, 2 * theta) + torch.xlogy(other, 2 * other)).sum(-1)


def log_likelihood(x, logits):
    """Log p(x | z) of each row."""
    return (x * logits - softplus(logits)).sum(-1)


def grid(logits, temperature, nodes=NODES):
    """Return values of z, shape (N, 1, M), and the share of each, shape (N, B), at a temperature; draws of the Bernoulli itself at 0."""
    latents = logits.shape[-1]
    if temperature == 0:
        ends, points = torch.zeros(1), torch.tensor([0.0, 1.0])
    else:
        t = torch.linspace(-REACH, REACH, nodes, dtype=torch.float64)
        ends, points = temperature * (t[1:] + t[:-1]) / 2, torch.sigmoid(t)
    below = torch.sigmoid(ends.double()[:, None, None] - logits)  # P(t < end), shape (N − 1, B, M)
    below = torch.cat([torch.zeros_like(below[:1]), below, torch.ones_like(below[:1])])
    each = below.diff(dim=0)
    index = torch.cartesian_prod(*[torch.arange(len(points))] * latents).reshape(-1, latents)
    share = torch.stack([each[index[:, m], :, m] for m in range(latents)]).prod(0)
    return points.double()[index][:, None, :], share


def pieces(case, temperature=None, nodes=NODES):
    """Return log p(x | z) on the grid, shape (N, B), its shares, the divergence, shape (B,), and what gradients are asked by."""
    x = case.arguments["x"].double()
    encoder, decoder = (network(case, name) for name in NETWORKS)
    logits = encoder(x)
    z, share = grid(logits, float(case.arguments["temperature"]) if temperature is None else temperature, nodes)
    biases = [encoder.trunk[0].bias, decoder.trunk[0].bias]
    return log_likelihood(x, decoder(z)), share, divergence(logits), biases


def _distinct(case):
    """Return the call with every example once: its bound is the same."""
    return case.but(x=case.arguments["x"][:DISTINCT])


@remembered
def mean_bound(case):
    """The mean of the estimate at the temperature of the call."""
    recon, share, kl, _ = pieces(_distinct(case))
    return float(((share * recon).sum(0) - kl).detach().mean())


@remembered
def exact_bound(case):
    """The bound of the Bernoullis themselves: a sum over all binary vectors."""
    recon, share, kl, _ = pieces(_distinct(case), 0)
    return float(((share * recon).sum(0) - kl).detach().mean())


@remembered
def variance_of_term(case):
    """The variance of one example's estimate at one draw, averaged over the examples."""
    recon, share, _, _ = pieces(_distinct(case))
    return float((share * (recon - (share * recon).sum(0)) ** 2).sum(0).detach().mean())


@remembered
def bound_gradient(case):
    """The gradient of the mean of the estimate by the biases of encoder and decoder: of the reconstruction alone, and of the divergence."""
    return _gradient(_distinct(case), NODES)


def _gradient(case, nodes):
    recon, share, kl, biases = pieces(case, nodes=nodes)
    parts = []
    for value in ((share * recon).sum(0).mean(), kl.mean()):
        found = torch.autograd.grad(value, biases, retain_graph=True, allow_unused=True)
        both = [torch.zeros_like(b) if g is None else g for b, g in zip(biases, found, strict=True)]
        parts.append(torch.cat(both).numpy())
    return np.stack(parts)


def gradient_tolerance(gradient):
    """How far every entry of a gradient may be off."""
    return GRADIENT_WITHIN * np.maximum(np.abs(gradient), LEAST_GRADIENT)


@torch.no_grad()
def other_bounds(case):
    """Return the mean of the estimate, and what those get who make one of the usual mistakes with the samples."""
    x, tau = case.arguments["x"].double(), float(case.arguments["temperature"])
    encoder, decoder = (network(case, name) for name in NETWORKS)
    logits = encoder(x)
    kl = divergence(logits)

    def at(z, share):
        return float(((share * log_likelihood(x, decoder(z))).sum(0) - kl).mean())

    z, share = grid(logits, tau, FEW_NODES)
    others = [at(*grid(logits, other, FEW_NODES)) for other in (0, 1.0, tau**2, 1 / tau)]  # 0: rounded
    one = torch.ones(1, 1, dtype=torch.float64)
    others += [at(torch.sigmoid(ell)[None], one) for ell in (logits, logits / tau)]
    swapped, of_prior, of_theta = (grid(ell, tau, FEW_NODES) for ell in (-logits, 0 * logits, torch.sigmoid(logits)))
    return at(z, share), [*others, at(*swapped), at(*of_prior), at(*of_theta)]


def with_noise(seed, dtype, latents, temperatures, n_samples=3, repeats=REPEATS):
    """A call in which everything matters to the value: each of `other_bounds` is LEAST_EFFECT away, and noise is not too large.

    `repeats` is how often every example occurs; 0 asks for a single one.
    """

    def enough(case):
        right, others = other_bounds(case)
        return min(abs(other - right) for other in others) > LEAST_EFFECT

    return _drawn(enough, seed, dtype, latents, temperatures, n_samples, repeats)


def with_gradient(seed, dtype, latents):
    """A call in which everything matters to the gradient: by every latent it is wrong without the way through the samples, and by one
    without the divergence, by twice what is allowed.
    """

    def enough(case):
        recon, kl = _gradient(case, FEW_NODES)
        allowed = 2 * gradient_tolerance(recon - kl)[:latents]
        return bool((np.abs(recon)[:latents] > allowed).all() and (np.abs(kl)[:latents] > allowed).any())

    return _drawn(enough, seed, dtype, latents, (0.6, 0.9), 3, REPEATS)


def _drawn(enough, seed, dtype, latents, temperatures, n_samples, repeats):
    for attempt in range(2000):
        case = _any(seed + attempt * 7919, latents, temperatures, n_samples, DISTINCT if repeats else 1)
        if enough(case) and variance_of_term(case) < MOST_NOISE**2:
            return in_dtype(case.but(x=case.arguments["x"].repeat(max(1, repeats), 1)), dtype)
    raise AssertionError("no call was found in which everything matters")


def _any(seed, latents, temperatures, n_samples, distinct):
    """A call of any numbers: the encoder is in some doubt, and the decoder so steep that z between 0 and 1 is as good as neither."""
    draw = Draw(torch.float64, seed % 2**31, Sizes({"B": distinct, "D": PIXELS, "M": latents}))
    signs = 2 * draw.binary(latents) - 1
    weight = draw.normal("M", "D", std=0.4)
    centre = signs * draw.uniform(latents, low=0.6, high=1.6) - 0.5 * weight.sum(-1)
    steep = draw.uniform("D", "M", low=3.0, high=7.0) * (2 * draw.binary("D", "M") - 1) / latents**0.5
    offset = draw.normal("D", std=0.7) - 0.5 * steep.sum(-1)
    arguments = {
        "x": draw.binary("B", "D"),
        "encoder_logits": Probe({"layers": [{"op": "affine", "weight": weight, "bias": centre}]}),
        "decoder": Probe({"layers": [{"op": "affine", "weight": steep, "bias": offset}]}),
        "n_samples": n_samples,
        "temperature": math.exp(float(draw.uniform(1, low=math.log(temperatures[0]), high=math.log(temperatures[1])))),
    }
    return Case("binary_elbo", arguments, seed=seed % 2**31, scale=float(PIXELS))


def in_dtype(case, dtype):
    """The same call with the images and both networks in another dtype."""
    networks = {name: probe_dtype(case.arguments[name], dtype) for name in NETWORKS}
    return case.but(x=case.arguments["x"].to(dtype), **networks)


def without_samples(sizes, dtype, seed, level=0.0, size=None):
    """A call whose decoder ignores z, with encoder logits of size `level`, and its exact bound: nothing in it is random."""
    draw = Draw(torch.float64, seed, sizes)
    logits = draw.normal("D", std=2.0) if size is None else size * (2 * draw.binary("D") - 1)
    encoder = draw.affine("M", "D", std=0.5, bias=0.0)
    encoder = {**encoder, "weight": level * encoder["weight"], "bias": level * draw.normal("M")}
    if size is not None:
        encoder = constant(level * (2 * draw.binary("M") - 1), sizes["D"])
    arguments = {
        "x": draw.binary("B", "D"),
        "encoder_logits": Probe({"layers": [encoder]}),
        "decoder": Probe({"layers": [constant(logits, sizes["M"])]}),
        "n_samples": sizes["S"],
        "temperature": float(draw.uniform(1, low=0.3, high=2.0)),
    }
    kl = divergence(probes.build({"layers": [encoder]})(arguments["x"]).detach())
    expected = (log_likelihood(arguments["x"], logits) - kl).mean()
    # an ε of 1e-6 inside a logarithm is no mistake
    scale = max(100.0 if dtype == torch.float64 else 1.0, float(sizes["D"]))
    return in_dtype(Case("binary_elbo", arguments, seed=seed % 2**31, scale=scale), dtype), expected.to(dtype)
