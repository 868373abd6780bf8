"""Exact answers that no sampling can give: quadrature and linear-Gaussian algebra, in float64."""

import functools
import hashlib
import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from autograder.authoring import Case, Draw, Probe, Sizes, constant
from autograder.authoring.cases import probe_dtype
from autograder.sandbox.inside import probes

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
NODES = torch.tensor(_POINTS)
SHARES = torch.tensor(_WEIGHTS / _WEIGHTS.sum())
FEW_NODES = 16
"""Enough for a standard deviation."""


_REMEMBERED: dict[tuple[str, bytes], object] = {}


def remembered(function):
    """Compute an exact answer once for each case: `function(case)` depends on its arguments, not on the seed."""

    @functools.wraps(function)
    def remembering(case: Case):
        digest = hashlib.sha256()
        _feed(digest, case.arguments)
        key = (f"{function.__module__}.{function.__qualname__} {case.function}", digest.digest())
        if key not in _REMEMBERED:
            _REMEMBERED[key] = function(case)
        return _REMEMBERED[key]

    return remembering


def _feed(digest, value) -> None:
    """Add a case's argument to a digest."""
    if isinstance(value, Tensor):
        value = value.detach().contiguous()
        digest.update(f"{value.dtype} {tuple(value.shape)}".encode() + value.numpy().tobytes())
    elif isinstance(value, Probe):
        _feed(digest, value.spec)
    elif isinstance(value, Mapping | list | tuple):
        for part in value.items() if isinstance(value, Mapping) else value:
            _feed(digest, part)
    else:
        digest.update(repr(value).encode() + b";")


@remembered
def mean_bernoulli_elbo(case: Case) -> float:
    """Exact ELBO, averaged over the batch."""
    return float(bernoulli_elbo(case).detach().mean())


def bernoulli_elbo(case: Case, shifts: Mapping[str, Tensor] | None = None) -> Tensor:
    """Exact ELBO per example, shape (B,), for an affine decoder; `shifts` are added to mean, log_var and decoder bias.

    Each logit is then Gaussian under q, so E log p(x_d | z) is a one-dimensional integral: 60-point Gauss-Hermite quadrature. Where the
    call has `log_var_x`, p(x | z) is Gaussian, and the integral has a closed form.
    """
    x = case.arguments["x"].double()
    mean, log_var = probes.build(_double(case.arguments["encoder"]))(x)
    shifts = shifts or {}
    mean, log_var = mean + shifts.get("mean", 0.0), log_var + shifts.get("log_var", 0.0)
    kl = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
    return _reconstruction(case, mean, log_var, shifts.get("decoder", 0.0)) - kl


def least_effect(case: Case) -> float:
    """The least that the exact ELBO, averaged over the batch, changes (nats) if z is the mean of q, if the variance of q is taken for
    its standard deviation, or if z is drawn from the prior; the decoder is affine.
    """
    mean, log_var = _posterior(case)
    right = _reconstruction(case, mean, log_var)
    zero = torch.zeros_like(mean)
    others = ((mean, zero - torch.inf), (mean, 2 * log_var), (zero, zero))
    return min(float((_reconstruction(case, *other) - right).mean().abs()) for other in others)


def largest_logit(case: Case) -> float:
    """The largest size of a logit of the ELBO's decoder, which is affine, for z within five standard deviations of the mean of q."""
    mean, log_var = _posterior(case)
    layer = _double(case.arguments["decoder"])["layers"][0]
    spread = (log_var.exp() @ (layer["weight"] ** 2).T).sqrt()
    return float(((mean @ layer["weight"].T + layer["bias"]).abs() + 5.0 * spread).max())


def most_noise(case: Case) -> float:
    """The standard deviation (nats) of one term of the ELBO, one example and one draw, over all examples of the batch, in its noisiest
    valid form: log p(x, z), with log q(z | x) or with its analytic entropy. The decoder is affine, and there are few latents.
    """
    mean, log_var = _posterior(case)
    nodes, weights = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(FEW_NODES))
    latents = mean.shape[-1]
    eps = torch.cartesian_prod(*[nodes] * latents).reshape(-1, latents)
    share = torch.cartesian_prod(*[weights / weights.sum()] * latents).reshape(eps.shape).prod(-1)
    layer = _double(case.arguments["decoder"])["layers"][0]
    z = mean + torch.exp(0.5 * log_var) * eps[:, None]  # (nodes, B, M)
    logits = z @ layer["weight"].T + layer["bias"]
    joint = _log_likelihood(case, case.arguments["x"].double(), logits) - 0.5 * (z**2).sum(-1)
    forms = (joint, joint + 0.5 * (eps**2).sum(-1)[:, None])
    return max(float(_variance(form, share).mean()) for form in forms) ** 0.5


def divergence_gradient(case: Case) -> np.ndarray:
    """The gradient of KL(q(z | x) ‖ N(0, I)), averaged over the batch, by the biases of mean and log-variance, shape (2M,)."""
    mean, log_var = _posterior(case)
    return torch.cat([mean.mean(0), 0.5 * (log_var.exp() - 1).mean(0)]).numpy()


def _posterior(case: Case) -> tuple[Tensor, Tensor]:
    mean, log_var = probes.build(_double(case.arguments["encoder"]))(case.arguments["x"].double())
    return mean.detach(), log_var.detach()


def _reconstruction(case: Case, mean: Tensor, log_var: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """E log p(x | z) per example, shape (B,), for z ~ N(mean, exp(log_var)) and an affine decoder."""
    x = case.arguments["x"].double()
    layer = _double(case.arguments["decoder"])["layers"][0]
    centre = mean @ layer["weight"].T + layer["bias"] + bias
    variance = log_var.exp() @ (layer["weight"] ** 2).T
    if "log_var_x" in case.arguments:
        return _log_likelihood(case, x, centre) - 0.5 * (variance * torch.exp(-_log_var_x(case))).sum(-1)
    logits = centre[..., None] + variance.sqrt()[..., None] * NODES
    expected_softplus = (torch.nn.functional.softplus(logits) * SHARES).sum(-1)
    return (x * centre - expected_softplus).sum(-1)


def _log_likelihood(case: Case, x: Tensor, output: Tensor) -> Tensor:
    """log p(x | z) for what the decoder returns: logits, or the mean of a Gaussian where the call has `log_var_x`."""
    if "log_var_x" not in case.arguments:
        return (x * output - torch.nn.functional.softplus(output)).sum(-1)
    log_var = _log_var_x(case)
    return -0.5 * (math.log(2 * math.pi) + log_var + (x - output) ** 2 * torch.exp(-log_var)).sum(-1)


def _log_var_x(case: Case) -> Tensor:
    return torch.as_tensor(case.arguments["log_var_x"], dtype=torch.float64)


@remembered
def noisiest_form(case: Case) -> tuple[float, Tensor]:
    """The variance of one term of the ELBO (one example, one draw), and of its gradient by the encoder's mean, shape (M,), each in
    the noisiest valid form: analytic KL, log p(x, z) − log q(z | x) with or without log q's own gradient, or analytic entropy.

    For an affine decoder and a batch of equal images. Exact: Gauss-Hermite quadrature over the M latents.
    """
    x = case.arguments["x"].double()
    assert bool((x == x[0]).all()), "the images must be equal"
    mean, log_var = (part.detach() for part in probes.build(_double(case.arguments["encoder"]))(x[:1]))
    eps = torch.cartesian_prod(*[NODES] * mean.shape[-1]).reshape(-1, mean.shape[-1])
    share = torch.cartesian_prod(*[SHARES] * mean.shape[-1]).reshape(eps.shape).prod(-1)
    mu = mean.repeat(len(eps), 1).requires_grad_()
    z = mu + torch.exp(0.5 * log_var) * eps
    layer = _double(case.arguments["decoder"])["layers"][0]
    logits = z @ layer["weight"].T + layer["bias"]
    likelihood = _log_likelihood(case, x[:1], logits)
    joint = likelihood - 0.5 * (z**2).sum(-1)
    forms = (
        likelihood - 0.5 * (mu**2).sum(-1),
        joint,
        joint + 0.5 * ((z - mu) ** 2 / log_var.exp()).sum(-1),
        joint + 0.5 * ((z - mean) ** 2 / log_var.exp()).sum(-1),
    )
    gradients = [torch.autograd.grad(form.sum(), mu, retain_graph=True)[0] for form in forms]
    values = torch.stack([_variance(form.detach()[:, None], share)[0] for form in forms])
    return float(values.max()), torch.stack([_variance(gradient, share) for gradient in gradients]).amax(0)


def _variance(values: Tensor, share: Tensor) -> Tensor:
    mean = share @ values
    return share @ (values - mean) ** 2


def _double(probe: Probe) -> dict:
    return probe_dtype(probe, torch.float64).spec


def linear_gaussian(
    sizes: Sizes,
    dtype: torch.dtype,
    seed: int,
    sigma_p: float,
    widen: float = 0.0,
    n_samples: int = 5,
    shift: float = 0.0,
    apart: float = 0.0,
    blank: bool = False,
):
    """A case of `estimate_log_likelihood` whose decoder is linear, and the exact log p(x), shape (B,).

    The decoder's columns are orthogonal, so the true posterior has a diagonal covariance and the encoder can be it
    (`widen` = 0), or be it with variances larger by a factor e^widen, or with every mean `shift` standard deviations away. The
    first image lies `apart` from where the others do in every pixel. With `blank` some pixels are 0 in every image.
    """
    draw = Draw(torch.float64, seed)
    D, M = sizes["D"], sizes["M"]
    W = draw.orthogonal(D, M) * torch.linspace(0.8, 1.6, M, dtype=torch.float64)
    b = draw.normal(D, mean=1.0)
    x = b + draw.normal(sizes["B"], M) @ W.T + sigma_p * draw.normal(sizes["B"], D)
    x[0] += apart
    if blank:
        x = x * (draw.uniform(D, low=0.0, high=1.0) < 0.5)
    precision = (W**2).sum(0) / sigma_p**2 + 1
    A = (W / sigma_p**2).T / precision[:, None]
    mean_head = {"op": "affine", "weight": A, "bias": -A @ b + shift * precision.rsqrt()}
    spec = {"layers": [], "heads": [[mean_head], [constant(widen - precision.log(), D)]]}
    encoder, decoder = Probe(spec), Probe({"layers": [{"op": "affine", "weight": W, "bias": b}]})
    arguments = {"x": x, "encoder": encoder, "decoder": decoder, "sigma_p": sigma_p, "n_samples": n_samples}
    covariance = W @ W.T + sigma_p**2 * torch.eye(D, dtype=torch.float64)
    log_p = MultivariateNormal(b, covariance).log_prob(x)
    if dtype != torch.float64:
        arguments |= {"x": x.to(dtype), "encoder": probe_dtype(encoder, dtype), "decoder": probe_dtype(decoder, dtype)}
    scale = max(1.0, float(log_p.abs().max()), D * (1 + abs(math.log(sigma_p))))
    return Case("estimate_log_likelihood", arguments, seed=seed % 2**31, scale=scale), log_p
