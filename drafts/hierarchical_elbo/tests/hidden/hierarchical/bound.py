"""Exact bounds of two-level models by Gauss-Hermite quadrature over the noise of both levels, and calls in which everything matters."""

import numpy as np
import torch
from torch.nn.functional import softplus

from autograder.authoring import Case, Draw, Probe, Sizes
from autograder.authoring.cases import probe_dtype
from autograder.sandbox.inside import probes
from tests.hidden.exact import remembered

NETWORKS = ("q1", "q2", "p1", "decoder")
NODES = {2: 40, 3: 14}
"""By how many latents there are: enough for 1e-4 nats."""
PARTS = (
    *(f"{name}.heads.{head}.0.bias" for name in ("q1", "q2", "p1") for head in (0, 1)),
    "decoder.trunk.0.bias",
)
LEAST_EFFECT, MOST_NOISE = 0.4, 6.0
"""Nats of every mistake that `other_bounds` makes, and nats of one example and draw."""


def grid(dimensions):
    """Return the nodes of all dimensions, shape (N, 1, dimensions), and their weights, shape (N,)."""
    points, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(NODES[dimensions]))
    eps = torch.cartesian_prod(*[points] * dimensions).reshape(-1, 1, dimensions)
    share = torch.cartesian_prod(*[weights / weights.sum()] * dimensions).reshape(-1, dimensions).prod(-1)
    return eps, share


def log_normal(z, mean, log_var):
    """Return the log-density of each row, without the constant that cancels in every bound."""
    return -0.5 * (log_var + (z - mean) ** 2 * torch.exp(-log_var)).sum(-1)


def networks_of(case):
    """Return the networks of a call in float64."""
    return {name: probes.build(probe_dtype(case.arguments[name], torch.float64).spec) for name in NETWORKS}


def pieces(case, networks, eps):
    """Return what a bound is made of at given noise, each of shape (N, B): log p(x | z₁), log p(z₁ | z₂), log q(z₁ | x), the KL
    divergence of the upper level, and its estimate at the sample.
    """
    x = case.arguments["x"].double()
    mean, log_var = networks["q1"](x)
    below = mean.shape[-1]
    z1 = mean + torch.exp(0.5 * log_var) * eps[..., :below]
    upper_mean, upper_log_var = networks["q2"](z1)
    z2 = upper_mean + torch.exp(0.5 * upper_log_var) * eps[..., below:]
    logits = networks["decoder"](z1)
    recon = (x * logits - softplus(logits)).sum(-1)
    kl = 0.5 * (upper_log_var.exp() + upper_mean**2 - 1 - upper_log_var).sum(-1)
    sampled = log_normal(z2, upper_mean, upper_log_var) + 0.5 * (z2**2).sum(-1)
    return recon, log_normal(z1, *networks["p1"](z2)), log_normal(z1, mean, log_var), kl, sampled


def exact_bound(case, networks=None):
    """Return the exact bound of each example, shape (B,)."""
    networks = networks or networks_of(case)
    eps, share = grid(latents(case))
    recon, log_p, log_q, kl, _ = pieces(case, networks, eps)
    return share @ (recon + log_p - log_q - kl)


def latents(case):
    """Return how many latents both levels have together."""
    return sum(len(case.arguments[name].spec["heads"][0][0]["bias"]) for name in ("q1", "q2"))


@remembered
def mean_bound(case):
    """The exact bound, averaged over the batch."""
    return float(exact_bound(case).detach().mean())


@remembered
def bound_gradient(case):
    """The gradient of the exact bound, averaged over the batch, by the biases in `PARTS`, one after the other."""
    networks = networks_of(case)
    found = {
        f"{name}.{parameter}": value.requires_grad_()
        for name, network in networks.items()
        for parameter, value in network.named_parameters()
    }
    gradients = torch.autograd.grad(exact_bound(case, networks).mean(), [found[part] for part in PARTS])
    return torch.cat([gradient.reshape(-1) for gradient in gradients]).numpy()


@remembered
def variance_of_term(case):
    """The variance of one example's bound at one draw, averaged over the examples, in the noisiest form: with the KL divergence in
    closed form, at the sample, or with the entropy of q(z₁ | x) in closed form.
    """
    eps, share = grid(latents(case))
    with torch.no_grad():
        recon, log_p, log_q, kl, sampled = pieces(case, networks_of(case), eps)
    entropy = -(share @ log_q)
    forms = (recon + log_p - log_q - kl, recon + log_p - log_q - sampled, recon + log_p + entropy - kl)
    return max(float((share @ (form - share @ form) ** 2).mean()) for form in forms)


def other_bounds(case):
    """Return the bounds, averaged over the batch, of who makes one of the usual mistakes."""
    eps, share = grid(latents(case))
    networks = networks_of(case)
    with torch.no_grad():
        recon, log_p, log_q, kl, _ = pieces(case, networks, eps)
        mean, log_var = networks["q1"](case.arguments["x"].double())
        below = mean.shape[-1]
        z1 = mean + torch.exp(0.5 * log_var) * eps[..., :below]
        upper = networks["q2"](z1)
        of_mean = networks["q2"](mean)
        whole = recon + log_p - log_q - kl

        def with_ratio(mean_p, log_var_p):
            squares = ((mean - mean_p) ** 2 + log_var.exp()) * torch.exp(-log_var_p)
            return recon - kl - 0.5 * (log_var_p - log_var + squares - 1).sum(-1)

        def with_upper(z2):
            return recon + log_normal(z1, *networks["p1"](z2)) - log_q - kl

        z2 = upper[0] + torch.exp(0.5 * upper[1]) * eps[..., below:]
        wrong = (
            with_ratio(*networks["p1"](z2)),
            with_upper(upper[0]),
            with_upper(eps[..., below:].expand_as(z2)),
            with_upper(of_mean[0] + torch.exp(0.5 * of_mean[1]) * eps[..., below:]),
            with_upper(upper[0] + torch.exp(upper[1]) * eps[..., below:]),
            whole + kl,
            whole - log_p,
            whole - log_p - 0.5 * (z1**2).sum(-1),
            whole + kl - 0.5 * (of_mean[1].exp() + of_mean[0] ** 2 - 1 - of_mean[1]).sum(-1),
        )
        return float((share @ whole).mean()), [float((share @ other).mean()) for other in wrong]


def with_noise(seed, dtype, below, above, n_samples=3, distinct=10, repeats=16):
    """A call in which everything matters: each of `other_bounds` is LEAST_EFFECT away, and noise is not too large."""
    for attempt in range(2000):
        case = _any(seed + attempt * 7919, below, above, n_samples, distinct)
        right, others = other_bounds(case)
        if min(abs(other - right) for other in others) < LEAST_EFFECT or variance_of_term(case) > MOST_NOISE**2:
            continue
        return in_dtype(case.but(x=case.arguments["x"].repeat(repeats, 1)), dtype)
    raise AssertionError("no call was found in which everything matters")


def _any(seed, below, above, n_samples, distinct):
    D = 8
    draw = Draw(torch.float64, seed % 2**31, Sizes({"B": distinct, "D": D, "M1": below, "M2": above}))

    def gaussian(outputs, inputs, centre, level, std, tilted):
        size = draw.size(outputs)
        steep = draw.uniform(outputs, inputs, low=0.8 * std, high=1.3 * std) * (2 * draw.binary(outputs, inputs) - 1)
        mean = {"op": "affine", "weight": steep, "bias": centre * (2 * draw.binary(size) - 1)}
        spread = level + draw.uniform(size, low=-0.4, high=0.4)
        tilt = draw.normal(outputs, inputs, std=tilted)
        return Probe({"layers": [], "heads": [[mean], [{"op": "affine", "weight": tilt, "bias": spread}]]})

    arguments = {
        "x": draw.binary("B", "D"),
        "q1": gaussian("M1", "D", 0.6, 0.3, 0.3, 0.15),
        "q2": gaussian("M2", "M1", 0.5, 0.8, 0.9, 0.1),
        "p1": gaussian("M1", "M2", 0.3, 0.6, 1.0, 0.03),
        "decoder": Probe({"layers": [draw.affine("D", "M1", std=1.2)]}),
        "n_samples": n_samples,
    }
    return Case("hierarchical_elbo", arguments, seed=seed % 2**31, scale=float(D))


def in_dtype(case, dtype):
    """The same call with the images and all networks in another dtype."""
    networks = {name: probe_dtype(case.arguments[name], dtype) for name in NETWORKS}
    return case.but(x=case.arguments["x"].to(dtype), **networks)
