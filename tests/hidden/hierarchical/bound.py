"""Exact bounds of two-level models by Gauss-Hermite quadrature over the noise of both levels, and calls in which everything matters."""

import numpy as np
import torch
from torch.nn.functional import softplus

from autograder.authoring import Case, Draw, Probe, Sizes
from autograder.authoring.cases import probe_dtype
from autograder.sandbox.inside import probes
from tests.hidden.exact import remembered

NETWORKS = ("q1", "q2", "p1", "decoder")
NODES = {2: 16, 3: 9}
"""By how many latents there are: exact within 1e-3 nats, which `tests/harness/reference/test_hierarchical.py` measures."""
PIXELS, DISTINCT, REPEATS = 8, 10, 60
"""600 examples in a call, ten different ones: few calls of many examples settle what many calls of few do, and cost less."""
PARTS = (
    *(f"{name}.heads.{head}.0.bias" for name in ("q1", "q2", "p1") for head in (0, 1)),
    "decoder.trunk.0.bias",
)
LEAST_EFFECT, MOST_NOISE = 0.4, 10.0
"""Nats: of every mistake that `other_bounds` makes, and of one example and draw, of which a call averages 1,800."""
GRADIENT_WITHIN = 0.4
LEAST_GRADIENT = {"decoder": 0.1, "other": 0.25}
"""An entry of the gradient is looked at within `GRADIENT_WITHIN` of itself, or of this where it is smaller."""


def grid(dimensions):
    """Return the nodes of all dimensions, shape (N, 1, dimensions), and their weights, shape (N,)."""
    points, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(NODES[dimensions]))
    eps = torch.cartesian_prod(*[points] * dimensions).reshape(-1, 1, dimensions)
    share = torch.cartesian_prod(*[weights / weights.sum()] * dimensions).reshape(-1, dimensions).prod(-1)
    return eps, share


def log_normal(z, mean, log_var):
    """Return the log-density of each row, without the constant that cancels in every bound."""
    return -0.5 * (log_var + (z - mean) ** 2 * torch.exp(-log_var)).sum(-1)


def divergence(mean, log_var):
    """Return KL(N(mean, e^log_var) ‖ N(0, I)) of each row."""
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)


def networks_of(case):
    """Return the networks of a call in float64."""
    return {name: probes.build(probe_dtype(case.arguments[name], torch.float64).spec) for name in NETWORKS}


def pieces(case, networks, eps, cut=()):
    """Return what a bound is made of at given noise, each of shape (N, B): log p(x | z₁), log p(z₁ | z₂), log q(z₁ | x), the KL
    divergence of the upper level, and its estimate at the sample. No gradient flows through the samples in `cut`.
    """
    x = case.arguments["x"].double()
    mean, log_var = networks["q1"](x)
    below = mean.shape[-1]
    z1 = mean + torch.exp(0.5 * log_var) * eps[..., :below]
    z1 = z1.detach() if 1 in cut else z1
    upper_mean, upper_log_var = networks["q2"](z1)
    z2 = upper_mean + torch.exp(0.5 * upper_log_var) * eps[..., below:]
    z2 = z2.detach() if 2 in cut else z2
    logits = networks["decoder"](z1)
    recon = (x * logits - softplus(logits)).sum(-1)
    sampled = log_normal(z2, upper_mean, upper_log_var) + 0.5 * (z2**2).sum(-1)
    kl = divergence(upper_mean, upper_log_var)
    return recon, log_normal(z1, *networks["p1"](z2)), log_normal(z1, mean, log_var), kl, sampled


def exact_bound(case, networks=None, cut=()):
    """Return the exact bound of each example, shape (B,); its gradient, but through the samples in `cut`."""
    eps, share = grid(latents(case))
    recon, log_p, log_q, kl, _ = pieces(case, networks or networks_of(case), eps, cut)
    return share @ (recon + log_p - log_q - kl)


def latents(case):
    """Return how many latents both levels have together."""
    return sum(len(case.arguments[name].spec["heads"][0][0]["bias"]) for name in ("q1", "q2"))


@remembered
def mean_bound(case):
    """The exact bound, averaged over the batch."""
    return float(exact_bound(_distinct(case)).detach().mean())


@remembered
def bound_gradient(case):
    """The gradient of the exact bound, averaged over the batch, by the biases in `PARTS`, one after the other."""
    return _gradient(_distinct(case))


def _gradient(case, cut=()):
    networks = networks_of(case)
    found = {
        f"{name}.{parameter}": value.requires_grad_()
        for name, network in networks.items()
        for parameter, value in network.named_parameters()
    }
    gradients = torch.autograd.grad(exact_bound(case, networks, cut).mean(), [found[part] for part in PARTS])
    return torch.cat([gradient.reshape(-1) for gradient in gradients]).numpy()


def _distinct(case):
    """Return the call with every example once: its bound is the same."""
    return case.but(x=case.arguments["x"][:DISTINCT])


@remembered
def variance_of_term(case):
    """The variance of one example's bound at one draw, averaged over the examples, in the noisiest form: with the KL divergence in
    closed form, at the sample, or with the entropy of q(z₁ | x) in closed form.
    """
    case = _distinct(case)
    eps, share = grid(latents(case))
    with torch.no_grad():
        recon, log_p, log_q, kl, sampled = pieces(case, networks_of(case), eps)
    entropy = -(share @ log_q)
    forms = (recon + log_p - log_q - kl, recon + log_p - log_q - sampled, recon + log_p + entropy - kl)
    return max(float((share @ (form - share @ form) ** 2).mean()) for form in forms)


@torch.no_grad()
def other_bounds(case):
    """Return the exact bound, averaged over the batch, and those of who makes one of the usual mistakes."""
    eps, share = grid(latents(case))
    networks = networks_of(case)
    recon, log_p, log_q, kl, _ = pieces(case, networks, eps)
    mean, log_var = networks["q1"](case.arguments["x"].double())
    below = mean.shape[-1]
    z1 = mean + torch.exp(0.5 * log_var) * eps[..., :below]
    upper, of_mean = networks["q2"](z1), networks["q2"](mean)
    whole = recon + log_p - log_q - kl

    def with_ratio(mean_p, log_var_p):
        squares = ((mean - mean_p) ** 2 + log_var.exp()) * torch.exp(-log_var_p)
        return recon - kl - 0.5 * (log_var_p - log_var + squares - 1).sum(-1)

    def with_upper(z2):
        return recon + log_normal(z1, *networks["p1"](z2)) - log_q - kl

    noise = eps[..., below:]
    z2 = upper[0] + torch.exp(0.5 * upper[1]) * noise
    wrong = (
        with_ratio(*networks["p1"](z2)),
        with_upper(upper[0]),
        with_upper(noise.expand_as(z2)),
        with_upper(of_mean[0] + torch.exp(0.5 * of_mean[1]) * noise),
        with_upper(upper[0] + torch.exp(upper[1]) * noise),
        whole + kl,
        whole - log_p,
        whole - log_p - 0.5 * (z1**2).sum(-1),
        whole + kl - divergence(*of_mean),
        *([with_upper(upper[0] + torch.exp(0.5 * upper[1]) * eps[..., :below])] if noise.shape[-1] == below else []),
    )
    return float((share @ whole).mean()), [float((share @ other).mean()) for other in wrong]


def with_noise(seed, dtype, below, above, n_samples=3, repeats=REPEATS):
    """A call in which everything matters to the value: each of `other_bounds` is LEAST_EFFECT away, and noise is not too large.

    `repeats` is how often every example occurs; 0 asks for a single one.
    """

    def enough(case):
        right, others = other_bounds(case)
        return min(abs(other - right) for other in others) > LEAST_EFFECT

    return _drawn(enough, seed, dtype, below, above, n_samples, repeats)


def with_gradient(seed, dtype, below, above):
    """A call in which everything matters to the gradient: without the way through z₁ one by q1, and without that through z₂ one by q2
    is wrong by twice what is allowed.
    """

    def enough(case):
        right = _gradient(case)
        lost = [np.abs(_gradient(case, cut) - right) / gradient_tolerance(right) for cut in ((1,), (2,))]
        return min(lost[0][: 2 * below].max(), lost[1][2 * below : 2 * (below + above)].max()) > 2.0

    return _drawn(enough, seed, dtype, below, above, 3, REPEATS)


def gradient_tolerance(gradient):
    """How far every entry of a gradient by `PARTS` may be off."""
    least = np.full(len(gradient), LEAST_GRADIENT["other"])
    least[-PIXELS:] = LEAST_GRADIENT["decoder"]
    return GRADIENT_WITHIN * np.maximum(np.abs(gradient), least)


def _drawn(enough, seed, dtype, below, above, n_samples, repeats):
    for attempt in range(1000):
        case = _any(seed + attempt * 7919, below, above, n_samples, DISTINCT if repeats else 1)
        if variance_of_term(case) < MOST_NOISE**2 and enough(case):
            return in_dtype(case.but(x=case.arguments["x"].repeat(max(1, repeats), 1)), dtype)
    raise AssertionError("no call was found in which everything matters")


def _any(seed, below, above, n_samples, distinct):
    """A call of any numbers. What z₂ says of z₁ is the opposite of what z₂ was drawn from, so that all that comes of their
    dependence has the same sign in every latent.
    """
    draw = Draw(torch.float64, seed % 2**31, Sizes({"B": distinct, "D": PIXELS, "M1": below, "M2": above}))

    def gaussian(outputs, inputs, centre, level, steep, tilt, signs):
        size, steep = draw.size(outputs), steep / draw.size(inputs) ** 0.5
        weight = signs * draw.uniform(outputs, inputs, low=0.8 * steep, high=1.3 * steep)
        mean = {"op": "affine", "weight": weight, "bias": centre * (2 * draw.binary(size) - 1)}
        spread = level + draw.uniform(size, low=-0.4, high=0.4)
        tilted = {"op": "affine", "weight": draw.normal(outputs, inputs, std=tilt), "bias": spread}
        return Probe({"layers": [], "heads": [[mean], [tilted]]})

    signs = 2 * draw.binary("M2", "M1") - 1
    arguments = {
        "x": draw.binary("B", "D"),
        "q1": gaussian("M1", "D", 0.6, 0.3, 0.8, 0.15, 2 * draw.binary("M1", "D") - 1),
        "q2": gaussian("M2", "M1", 0.5, 0.8, 0.9, 0.1, signs),
        "p1": gaussian("M1", "M2", 0.3, 0.6, 0.9, 0.03, -signs.T),
        "decoder": Probe({"layers": [draw.affine("D", "M1", std=0.8 / below**0.5)]}),
        "n_samples": n_samples,
    }
    return Case("hierarchical_elbo", arguments, seed=seed % 2**31, scale=float(PIXELS))


def in_dtype(case, dtype):
    """The same call with the images and all networks in another dtype."""
    networks = {name: probe_dtype(case.arguments[name], dtype) for name in NETWORKS}
    return case.but(x=case.arguments["x"].to(dtype), **networks)
