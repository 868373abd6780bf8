"""Upper halves whose best diagonal Gaussian is known: decoders with logits that are affine in z, for which the bound is a sum of
one-dimensional integrals, and has one optimum.
"""

from collections.abc import Mapping

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.functional import softplus

from autograder.authoring import Case, Draw, Probe
from autograder.authoring.cases import probe_dtype
from tests.hidden import exact
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER

Posterior = tuple[Tensor, Tensor]
LEAST_EFFECT = 1.0
"""Nats that are lost at least if the KL divergence counts half; if it counts twice, more are."""
MOST = 50.0
"""Nats that a fit can lose; whoever loses more is as wrong as with these."""
_NODES, _WEIGHTS = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(16))
"""Enough for logits that vary by no more than 2 or so."""
_SHARES = _WEIGHTS / _WEIGHTS.sum()


def steep_and_flat(dtype: torch.dtype, seed: int, settings: Mapping[str, float]) -> Case:
    """Six latents, of which two are known three times as exactly as the others: variances from 0.1 to 0.5, and means around ±2.

    Who gives all of them one variance loses 0.75 nats or more.
    """
    for attempt in range(1000):
        case = image(dtype, seed + attempt * 7919, (0.12, 0.12, 0.15, 0.15, 0.4, 0.4), 0.5, (2.2, 2.8), settings)
        if _effect(case) > LEAST_EFFECT:
            return case
    raise AssertionError("no image was found for which the KL divergence matters")


def image(
    dtype: torch.dtype,
    seed: int,
    steepness: tuple[float, ...],
    together: float,
    far: tuple[float, float],
    settings: Mapping[str, float],
) -> Case:
    """An image drawn from the decoder at some z, each part of it so `far` from 0; `together` is how much latents change the same logits.

    The lower half would tell another z.
    """
    draw = Draw(torch.float64, seed % 2**31)
    latents = len(steepness)
    order = torch.randperm(latents, generator=torch.Generator().manual_seed(seed % 2**31))
    weight = draw.normal(PIXELS, latents) + together * draw.normal(PIXELS, 1)
    weight = weight / (1 + together**2) ** 0.5 * torch.tensor(steepness, dtype=torch.float64)[order]
    z = draw.uniform(latents, low=far[0], high=far[1]) * (2 * draw.binary(latents) - 1)
    bias = draw.normal(PIXELS, std=0.8)
    white = draw.uniform(UPPER, low=0.0, high=1.0) < torch.sigmoid(weight @ z + bias)[:UPPER]
    decoder = probe_dtype(Probe({"layers": [{"op": "affine", "weight": weight, "bias": bias}]}), dtype)
    arguments = {"x_top": white.to(dtype), "decoder": decoder, "latent_dim": latents, **settings}
    return Case("fit_top_posterior", arguments, seed=seed % 2**31)


def bound_of(case: Case, q: Posterior, kl: float = 1.0) -> Tensor:
    """The exact bound of a q, where the KL divergence counts `kl` times: each logit is Gaussian, which leaves one integral for each."""
    mean, log_var = q
    layer = probe_dtype(case.arguments["decoder"], torch.float64).spec["layers"][0]
    weight, bias = layer["weight"][:UPPER], layer["bias"][:UPPER]
    centre, variance = weight @ mean + bias, weight**2 @ log_var.exp()
    expected = softplus(centre[:, None] + variance.sqrt()[:, None] * _NODES) @ _SHARES
    divergence = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum()
    return (case.arguments["x_top"].double() * centre - expected).sum() - kl * divergence


@exact.remembered
def optimum(case: Case) -> Posterior:
    """The mean and log-variance of the best q."""
    return _climbed(case)


@exact.remembered
def _effect(case: Case) -> float:
    """What is lost if the KL divergence counts half."""
    return lost(case, _climbed(case, 0.5), optimum(case))


def _climbed(case: Case, kl: float = 1.0) -> Posterior:
    """The best q where the KL divergence counts `kl` times: the bound has one optimum, and is smooth."""
    latents = case.arguments["latent_dim"]

    def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        q = torch.tensor(numbers, requires_grad=True)
        value = -bound_of(case, (q[:latents], q[latents:]), kl)
        (gradient,) = torch.autograd.grad(value, q)
        return float(value.detach()), gradient.numpy()

    # not torch.optim, which takes more than a second for its first step
    found = minimize(loss, np.repeat([0.0, -1.5], latents), jac=True, method="L-BFGS-B", options={"gtol": 1e-3})
    best = torch.tensor(found.x)
    return best[:latents], best[latents:]


def lost(case: Case, q: Posterior, best: Posterior) -> float:
    """How much lower the bound of q is than the best one, in nats: `MOST` where it is lower still, or no number."""
    return min(float(torch.nan_to_num(bound_of(case, best) - bound_of(case, q), nan=MOST)), MOST)
