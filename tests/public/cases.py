"""Inputs for the checks: for every task, how a call of it is built from sizes, a dtype and a seed.

`build(task, sizes, dtype, seed)` is deterministic; `drawn(task)` is the Hypothesis strategy over sizes, dtypes and seeds (smallest
first, so that a failing input shrinks to a small one). Axes are pairwise different wherever a mix-up could hide, and M = 1
occurs. Data have a mean far from 0; log-variances reach ±4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Generator, Tensor

from autograder.authoring.cases import Case, Sizes
from autograder.sandbox.inside.values import Probe

SIZES = [
    Sizes({"B": b, "D": d, "M": m, "S": s, "N": n, "C": 10})
    for b, d, m, s, n in (
        (1, 2, 1, 3, 7),
        (2, 3, 1, 4, 8),
        (3, 5, 2, 4, 11),
        (2, 6, 3, 5, 13),
        (5, 4, 2, 3, 12),
        (4, 7, 5, 2, 17),
        (7, 9, 4, 6, 23),
        (6, 12, 5, 8, 31),
    )
]
DTYPES = [torch.float64, torch.float32]


class Draw:
    """Draws tensors from one seed, in float64, and casts them: both dtypes see the same numbers up to rounding."""

    def __init__(self, dtype: torch.dtype, seed: int) -> None:
        self._dtype = dtype
        self._generator = Generator().manual_seed(seed)

    def normal(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> Tensor:
        """Gaussian entries."""
        drawn = torch.randn(shape, generator=self._generator, dtype=torch.float64)
        return (mean + std * drawn).to(self._dtype)

    def uniform(self, *shape: int, low: float, high: float) -> Tensor:
        """Uniform entries in [low, high)."""
        drawn = torch.rand(shape, generator=self._generator, dtype=torch.float64)
        return (low + (high - low) * drawn).to(self._dtype)

    def binary(self, *shape: int) -> Tensor:
        """Entries 0 or 1, as floating point numbers."""
        return (torch.rand(shape, generator=self._generator, dtype=torch.float64) < 0.5).to(self._dtype)

    def labels(self, n: int, classes: int) -> Tensor:
        """Unsorted class labels."""
        return torch.randint(classes, (n,), generator=self._generator)

    def affine(self, outputs: int, inputs: int, std: float = 0.7, bias: float = 0.4) -> dict[str, Any]:
        """An affine layer with generic weights."""
        weight = self.normal(outputs, inputs, std=std / inputs**0.5)
        return {"op": "affine", "weight": weight, "bias": self.normal(outputs, std=bias)}

    def orthogonal(self, rows: int, columns: int) -> Tensor:
        """A matrix with orthonormal columns."""
        drawn = torch.randn(rows, columns, generator=self._generator, dtype=torch.float64)
        return torch.linalg.qr(drawn)[0].to(self._dtype)


def constant(values: Tensor, inputs: int) -> dict[str, Any]:
    """An affine layer that returns `values` whatever comes in."""
    return {"op": "affine", "weight": torch.zeros(len(values), inputs, dtype=values.dtype), "bias": values}


def gaussian_encoder(draw: Draw, sizes: Sizes, log_var: Tensor | None = None) -> Probe:
    """x ↦ (A x + a, C x + c): means and log-variances that depend on x, or a fixed log-variance."""
    spread = constant(log_var, sizes["D"]) if log_var is not None else draw.affine(sizes["M"], sizes["D"], std=0.5)
    return Probe({"layers": [], "heads": [[draw.affine(sizes["M"], sizes["D"])], [spread]]})


def affine_decoder(draw: Draw, sizes: Sizes, std: float = 1.5) -> Probe:
    """z ↦ W z + b on the last axis: logits, or the mean of a Gaussian."""
    return Probe({"layers": [draw.affine(sizes["D"], sizes["M"], std=std)]})


# ------------------------------------------------------------------------------------------------------- builders


def _gaussian_log_density(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    shape = (sizes["B"], sizes["D"])
    return {
        "x": draw.normal(*shape, mean=3.0, std=2.0),
        "mean": draw.normal(*shape, mean=2.0),
        "log_var": draw.uniform(*shape, low=-2.0, high=3.0),
    }


def _bernoulli_log_density(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    shape = (sizes["B"], sizes["D"])
    return {"x": draw.binary(*shape), "logits": draw.normal(*shape, std=3.0)}


def _gaussian_parameters(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    shape = (sizes["B"], sizes["M"])
    return {"mean": draw.normal(*shape, std=2.0), "log_var": draw.uniform(*shape, low=-4.0, high=2.5)}


def _ppca_parameters(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    return {
        "W": draw.normal(sizes["D"], sizes["M"], std=1.3),
        "mu": draw.normal(sizes["D"], mean=5.0, std=2.0),
        "sigma2": float(draw.uniform(1, low=0.3, high=2.5)),
    }


def _ppca_posterior(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    parameters = _ppca_parameters(draw, sizes)
    return {"x": parameters["mu"] + draw.normal(sizes["B"], sizes["D"], std=2.0), **parameters}


def _ppca_log_likelihood(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    parameters = _ppca_parameters(draw, sizes)
    return {"X": parameters["mu"] + draw.normal(sizes["N"], sizes["D"], std=2.0), **parameters}


def _ppca_fit(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    """Data with M strong directions, clearly separated from the rest, so that iterative fits converge."""
    factors = max(1, min(sizes["M"], sizes["D"] - 1))
    strengths = torch.linspace(3.0, 2.0, factors, dtype=draw.normal(1).dtype)
    W = draw.orthogonal(sizes["D"], factors) * strengths
    X = draw.normal(sizes["N"], factors) @ W.T + draw.normal(sizes["N"], sizes["D"], std=0.4)
    return {"X": X + draw.normal(sizes["D"], mean=6.0, std=2.0), "n_components": factors}


def _elbo(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    return {
        "x": draw.binary(sizes["B"], sizes["D"]),
        "encoder": gaussian_encoder(draw, sizes),
        "decoder": affine_decoder(draw, sizes),
        "n_samples": sizes["S"],
    }


def _log_mean_exp(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    return {"log_w": draw.normal(sizes["S"], sizes["B"], mean=-20.0, std=4.0)}


def _estimate_log_likelihood(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    return {
        "x": draw.normal(sizes["B"], sizes["D"], mean=1.0),
        "encoder": gaussian_encoder(draw, sizes),
        "decoder": affine_decoder(draw, sizes),
        "sigma_p": float(draw.uniform(1, low=0.4, high=1.3)),
        "n_samples": sizes["S"],
    }


def _evaluate_classifier(draw: Draw, sizes: Sizes) -> dict[str, Any]:
    layers = [{"op": "flatten"}, draw.affine(sizes["C"], 784, std=6.0)]
    return {
        "model": Probe({"layers": layers}),
        "images": draw.uniform(sizes["N"], 1, 28, 28, low=0.0, high=1.0),
        "labels": draw.labels(sizes["N"], sizes["C"]),
        "batch_size": sizes["S"],
    }


BUILDERS: dict[str, Callable[[Draw, Sizes], dict[str, Any]]] = {
    "gaussian_log_density": _gaussian_log_density,
    "bernoulli_log_density": _bernoulli_log_density,
    "sample_gaussian": _gaussian_parameters,
    "kl_standard_normal": _gaussian_parameters,
    "ppca_marginal": _ppca_parameters,
    "ppca_posterior": _ppca_posterior,
    "ppca_log_likelihood": _ppca_log_likelihood,
    "ppca_fit": _ppca_fit,
    "elbo": _elbo,
    "vae_loss": _elbo,
    "log_mean_exp": _log_mean_exp,
    "estimate_log_likelihood": _estimate_log_likelihood,
    "evaluate_classifier": _evaluate_classifier,
}
FUNCTION_TASKS = list(BUILDERS)
ONLY_FLOAT32 = {"evaluate_classifier"}
"""Models of students have float32 weights."""


def build(task: str, sizes: Sizes, dtype: torch.dtype = torch.float64, seed: int = 0) -> Case:
    """Return one call of `task`."""
    return Case(task, BUILDERS[task](Draw(dtype, seed), sizes), seed=seed % 2**31, scale=float(sizes["D"]))


def drawn(
    task: str, dtypes: list[torch.dtype] | None = None, sizes: list[Sizes] | None = None
) -> st.SearchStrategy[Case]:
    """Calls of `task` over sizes, dtypes and seeds."""
    default = [torch.float32] if task in ONLY_FLOAT32 else DTYPES
    return st.builds(
        build,
        st.just(task),
        st.sampled_from(sizes or SIZES),
        st.sampled_from(dtypes or default),
        st.integers(0, 2**31 - 1),
    )
