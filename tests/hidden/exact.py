"""Exact answers that no sampling can give: quadrature and linear-Gaussian algebra, in float64."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from autograder.checking import Case
from autograder.sandbox.inside import probes
from autograder.sandbox.inside.values import Probe
from tests.public.cases import Draw, Sizes, constant

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_NODES = torch.tensor(_POINTS)
_SHARES = torch.tensor(_WEIGHTS / _WEIGHTS.sum())


def bernoulli_elbo(case: Case, shifts: Mapping[str, Tensor] | None = None) -> Tensor:
    """Exact ELBO per example, shape (B,), for an affine decoder; `shifts` are added to mean, log_var and decoder bias.

    Each logit is then Gaussian under q, so E log p(x_d | z) is a one-dimensional integral: 60-point Gauss-Hermite quadrature.
    """
    x = case.arguments["x"].double()
    mean, log_var = probes.build(_double(case.arguments["encoder"]))(x)
    shifts = shifts or {}
    mean, log_var = mean + shifts.get("mean", 0.0), log_var + shifts.get("log_var", 0.0)
    layer = _double(case.arguments["decoder"])["layers"][0]
    centre = mean @ layer["weight"].T + layer["bias"] + shifts.get("decoder", 0.0)
    spread = (log_var.exp() @ (layer["weight"] ** 2).T).sqrt()
    logits = centre[..., None] + spread[..., None] * _NODES
    expected_softplus = (torch.nn.functional.softplus(logits) * _SHARES).sum(-1)
    kl = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
    return (x * centre - expected_softplus).sum(-1) - kl


def _double(probe: Probe) -> dict:
    from autograder.checking.cases import probe_dtype

    return probe_dtype(probe, torch.float64).spec


def linear_gaussian(
    sizes: Sizes, dtype: torch.dtype, seed: int, sigma_p: float, widen: float = 0.0, n_samples: int = 5
):
    """A case of `estimate_log_likelihood` whose decoder is linear, and the exact log p(x), shape (B,).

    The decoder's columns are orthogonal, so the true posterior has a diagonal covariance and the encoder can be it
    (`widen` = 0), or be it with variances larger by a factor e^widen.
    """
    draw = Draw(torch.float64, seed)
    D, M = sizes["D"], sizes["M"]
    W = draw.orthogonal(D, M) * torch.linspace(0.8, 1.6, M, dtype=torch.float64)
    b = draw.normal(D, mean=1.0)
    x = b + draw.normal(sizes["B"], M) @ W.T + sigma_p * draw.normal(sizes["B"], D)
    precision = (W**2).sum(0) / sigma_p**2 + 1
    A = (W / sigma_p**2).T / precision[:, None]
    mean_head = {"op": "affine", "weight": A, "bias": -A @ b}
    spec = {"layers": [], "heads": [[mean_head], [constant(widen - precision.log(), D)]]}
    encoder, decoder = Probe(spec), Probe({"layers": [{"op": "affine", "weight": W, "bias": b}]})
    arguments = {"x": x, "encoder": encoder, "decoder": decoder, "sigma_p": sigma_p, "n_samples": n_samples}
    covariance = W @ W.T + sigma_p**2 * torch.eye(D, dtype=torch.float64)
    log_p = MultivariateNormal(b, covariance).log_prob(x)
    from autograder.checking.cases import probe_dtype

    if dtype != torch.float64:
        arguments |= {"x": x.to(dtype), "encoder": probe_dtype(encoder, dtype), "decoder": probe_dtype(decoder, dtype)}
    scale = max(1.0, float(log_p.abs().max()), D * (1 + abs(math.log(sigma_p))))
    return Case("estimate_log_likelihood", arguments, seed=seed % 2**31, scale=scale), log_p
