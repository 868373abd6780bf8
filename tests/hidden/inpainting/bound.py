"""Calls of `svi_elbo` whose exact answer is known: each is a call of `elbo` with one image of 392 pixels and an encoder that always says
the same, of which `tests.hidden.exact` knows the answer.

Any form of the bound is right; the forms agree in expectation only, so that is what is asked, never a single draw.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from autograder.authoring import Case, Draw, Probe, constant
from autograder.authoring.cases import probe_dtype
from tests.hidden import exact
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER

LIVE = 12
"""Upper pixels that depend on z: the last ones of the upper half."""
DRAWS = 100
"""Of z in one call: as few as a loop over them can do often, as many as make the result nearly Gaussian."""
LARGEST_LOGIT, MOST_NOISE = 14.0, 4.0
"""The limits of calls that are drawn: beyond the first a sigmoid rounds to 1 in float32, and that is asked by `extreme`; the second is
the standard deviation of one draw in nats."""
LEAST_EFFECT, LEAST_GRADIENT, LEAST_PART = 0.7, 0.4, 0.7
MOST_GRADIENT_NOISE = 4.0
"""The largest standard deviation of one draw's gradient, as a share of the gradient: 128 calls are nearly always enough then."""
LEVELS = (-8.0, 1.0)
"""Log-variances of narrow and wide latents."""


def as_elbo(case: Case, first: int = 0) -> Case:
    """Return the call of `elbo` with the same exact answer, in float64; `first` leaves out the pixels before it."""
    mean, log_var = (case.arguments[name].detach().double() for name in ("mean", "log_var"))
    layer = probe_dtype(case.arguments["decoder"], torch.float64).spec["layers"][0]
    upper = {"op": "affine", "weight": layer["weight"][first:UPPER], "bias": layer["bias"][first:UPPER]}
    heads = [[constant(part, UPPER - first)] for part in (mean, log_var)]
    arguments = {
        "x": case.arguments["x_top"][None, first:].double(),
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [upper]}),
        "n_samples": case.arguments["n_samples"],
    }
    return Case("elbo", arguments, seed=case.seed)


def call(
    dtype: torch.dtype, seed: int, x_top: Tensor, q: tuple[Tensor, Tensor], layer: dict, n_samples: int = DRAWS
) -> Case:
    """Return a call in some dtype; `q` is (mean, log_var), and `layer` the decoder's only one."""
    arguments = {
        "x_top": x_top.to(dtype),
        "mean": q[0].to(dtype),
        "log_var": q[1].to(dtype),
        "decoder": probe_dtype(Probe({"layers": [layer]}), dtype),
        "n_samples": n_samples,
    }
    return Case("svi_elbo", arguments, seed=seed)


def without_kl(dtype: torch.dtype, seed: int, latents: int, n_samples: int, size: float | None = None) -> Case:
    """A call in which q is the prior and the decoder ignores z: the bound is log p(x_top)."""
    draw = Draw(torch.float64, seed)
    logits = draw.normal(PIXELS, std=2.0) if size is None else size * (2 * draw.binary(PIXELS) - 1)
    zeros = torch.zeros(latents, dtype=torch.float64)
    return call(dtype, seed, draw.binary(UPPER), (zeros, zeros), constant(logits, latents), n_samples)


def with_kl_only(dtype: torch.dtype, seed: int) -> Case:
    """A call with a large KL divergence, of which every one of 12 latents has a part, and a decoder that ignores z."""
    draw = Draw(torch.float64, seed)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(seed))
    mean, log_var = (
        torch.tensor(few + 9 * [rest], dtype=torch.float64)[order] + draw.uniform(12, low=-0.1, high=0.1)
        for few, rest in (([0.4, 2.2, -1.2], 0.8), ([0.9, -3.0, -0.8], -0.3))
    )
    q = (mean * (2 * draw.binary(12) - 1), log_var)
    return call(dtype, seed, draw.binary(UPPER), q, constant(draw.normal(PIXELS, std=1.2), 12))


def with_noise(dtype: torch.dtype, seed: int, n_samples: int = DRAWS) -> Case:
    """A call in which everything matters to the value: the mean of q alone, its variance for its standard deviation or draws from the
    prior change the result by `LEAST_EFFECT` or more.
    """
    return _drawn(lambda live: exact.least_effect(live) > LEAST_EFFECT, dtype, seed, n_samples)


def with_gradient(dtype: torch.dtype, seed: int) -> Case:
    """A call in which everything matters to the gradient: those by mean and log-variance are far from 0, and both log p(x_top | z) and
    the KL divergence have a large part in that by the mean, and in that by the log-variance, of some latent.
    """
    return _drawn(lambda live: _every_part_matters(live) and _is_quiet(live), dtype, seed, DRAWS)


def _drawn(enough: Callable[[Case], bool], dtype: torch.dtype, seed: int, n_samples: int) -> Case:
    for attempt in range(10_000):
        case = _any_noise(seed + attempt * 7919, n_samples)
        live = as_elbo(case, UPPER - LIVE)
        if exact.largest_logit(live) < LARGEST_LOGIT and enough(live) and exact.most_noise(live) < MOST_NOISE:
            q = (case.arguments["mean"], case.arguments["log_var"])
            return call(
                dtype, case.seed, case.arguments["x_top"], q, case.arguments["decoder"].spec["layers"][0], n_samples
            )
    raise AssertionError("no call was found in which everything matters")


def _every_part_matters(live: Case) -> bool:
    divergence = exact.divergence_gradient(live)
    of_q = gradient_of_q(live)
    if np.abs(of_q).min() < LEAST_GRADIENT:
        return False
    parts = np.abs(np.stack([divergence, of_q + divergence]) / of_q)
    return bool((parts.reshape(2, 2, -1).max(axis=2) > LEAST_PART).all())


def _is_quiet(live: Case) -> bool:
    """Whether one draw's gradients of log p(x_top, z) by mean and log-variance vary little beside what they are on average."""
    (layer,) = live.arguments["decoder"].spec["layers"]
    mean, log_var = (head[0]["bias"] for head in live.arguments["encoder"].spec["heads"])
    noise = torch.exp(0.5 * log_var) * Draw(torch.float64, 1).normal(2000, len(mean))
    z = mean + noise
    by_z = (live.arguments["x"] - torch.sigmoid(z @ layer["weight"].T + layer["bias"])) @ layer["weight"] - z
    spread = torch.cat([by_z, 0.5 * by_z * noise], dim=1).std(0).numpy()
    return bool((spread < MOST_GRADIENT_NOISE * np.abs(gradient_of_q(live))).all())


def gradient_of_q(elbo: Case) -> np.ndarray:
    """The gradient of the exact bound by mean and log-variance, shape (2M,)."""
    return _gradient(elbo, ("mean", "log_var"))


def gradient_of_logits(elbo: Case) -> np.ndarray:
    """The gradient of the exact bound by the decoder's bias, shape (392,)."""
    return _gradient(elbo, ("decoder",))


def _gradient(elbo: Case, names: tuple[str, ...]) -> np.ndarray:
    pixels, latents = elbo.arguments["decoder"].spec["layers"][0]["weight"].shape
    shifts = {
        name: torch.zeros(pixels if name == "decoder" else latents, dtype=torch.float64, requires_grad=True)
        for name in names
    }
    value = exact.bernoulli_elbo(elbo, shifts).mean()
    return torch.cat(torch.autograd.grad(value, list(shifts.values()))).numpy()


def _any_noise(seed: int, n_samples: int) -> Case:
    """The decoder expects other pixels than there are, and is steep along z; all but `LIVE` upper pixels are the same for every z."""
    draw = Draw(torch.float64, seed % 2**31)
    x_top = draw.binary(UPPER)
    white = 2 * x_top[-LIVE:] - 1
    spread = torch.tensor([0.7, -2.5] if bool(draw.binary(1)) else [-2.5, 0.7], dtype=torch.float64)
    centre = draw.uniform(2, low=0.8, high=1.6) * (2 * draw.binary(2) - 1)
    to_live = draw.normal(LIVE, 2, std=0.8)
    weight = torch.cat([torch.zeros(UPPER - LIVE, 2, dtype=torch.float64), to_live, draw.normal(UPPER, 2)])
    bias = draw.normal(PIXELS, std=1.5)
    bias[UPPER - LIVE : UPPER] = -white * draw.uniform(LIVE, low=0.4, high=1.2) - to_live @ centre
    layer = {"op": "affine", "weight": weight, "bias": bias}
    return call(torch.float64, seed % 2**31, x_top, (centre, spread), layer, n_samples)


def with_linear_decoder(seed: int) -> Case:
    """A call in which log p(x_top | z) is all but linear in z and far from 0, so that reparameterised gradients have little noise."""
    draw = Draw(torch.float64, seed)
    weight = torch.zeros(PIXELS, 2, dtype=torch.float64)
    weight[UPPER - 60 : UPPER] = draw.uniform(60, 2, low=0.15, high=0.25) * (2 * draw.binary(2) - 1)
    layer = {"op": "affine", "weight": weight, "bias": draw.uniform(PIXELS, low=-0.7, high=-0.3)}
    q = (draw.normal(2, std=0.3), draw.uniform(2, low=-0.2, high=0.2))
    return call(torch.float64, seed, torch.ones(UPPER, dtype=torch.float64), q, layer, 2)


def revealing(dtype: torch.dtype, seed: int, latents: int, n_samples: int = 1, *, prior: bool, turn: int = 0) -> Case:
    """A call whose gradient by the mean tells the noise in every latent: each has a white pixel of its own, whose logit depends on it.

    q is the prior, or has means of its own and log-variances over all of `LEVELS`, on which the decoder is as steep as they are
    narrow. `turn` gives the same q another decoder.
    """
    draw = Draw(torch.float64, seed)
    mean, log_var = torch.zeros(2, latents, dtype=torch.float64)
    if not prior:
        order = torch.randperm(latents, generator=torch.Generator().manual_seed(seed))
        mean, log_var = draw.normal(latents), torch.linspace(*LEVELS, latents, dtype=torch.float64)[order]
    draw = Draw(torch.float64, seed + 1)
    signs = (2 * draw.binary(latents) - 1) * (-1.3) ** turn
    weights = draw.uniform(latents, low=1.2, high=1.8) * signs * torch.exp(-0.5 * log_var)
    own = slice(UPPER - latents, UPPER)
    x_top, bias = draw.binary(UPPER), draw.normal(PIXELS)
    x_top[own] = 1.0
    bias[own] = draw.normal(latents, std=0.3) - weights * mean
    weight = torch.zeros(PIXELS, latents, dtype=torch.float64)
    weight[own] = torch.diag(weights)
    return call(dtype, seed, x_top, (mean, log_var), {"op": "affine", "weight": weight, "bias": bias}, n_samples)
