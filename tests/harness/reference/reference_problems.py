"""Inputs for every task, and what a function makes of them: values, gradients, and the inputs afterwards."""

import inspect
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from autograder.assignment.loading import Assignment
from autograder.authoring import Probe, Sizes
from autograder.checking.session import inputs_of
from autograder.sandbox.inside import probes

ROOT = Path(__file__).resolve().parents[3]
ASSIGNMENT = Assignment(ROOT)
CANDIDATES = ASSIGNMENT.candidates
INPUTS = inputs_of(ASSIGNMENT.code)
REFERENCE = {
    task.id: ASSIGNMENT.objects[task.object] for task in ASSIGNMENT.rubric.tasks if task.object in ASSIGNMENT.objects
}
FUNCTION_TASKS = sorted(task.id for task in ASSIGNMENT.rubric.tasks if task.kind == "function")
B, D, M, S, N = 5, 7, 3, 4, 23


def tolerances(dtype: torch.dtype) -> dict[str, float]:
    """Relative and absolute tolerance by precision."""
    return {"rtol": 2e-4, "atol": 2e-4} if dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-9}


def randn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal numbers that depend on the seed alone."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


class LinearEncoder:
    """q(z | x) = N(Ax + a, diag exp(Bx + b)), differentiable in all four."""

    def __init__(self, dtype: torch.dtype, data_dim: int = D, latent_dim: int = M) -> None:
        self.parameters = [
            (0.5 * randn(data_dim, latent_dim, seed=11, dtype=dtype)).requires_grad_(),
            (0.7 * randn(latent_dim, seed=12, dtype=dtype)).requires_grad_(),
            (0.3 * randn(data_dim, latent_dim, seed=13, dtype=dtype)).requires_grad_(),
            (-0.5 + 0.4 * randn(latent_dim, seed=14, dtype=dtype)).requires_grad_(),
        ]

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance."""
        A, a, V, v = self.parameters
        return x @ A + a, x @ V + v


class LinearDecoder:
    """z -> zC + c, Bernoulli logits or a Gaussian mean."""

    def __init__(self, dtype: torch.dtype, data_dim: int = D, latent_dim: int = M) -> None:
        self.parameters = [
            (1.2 * randn(latent_dim, data_dim, seed=15, dtype=dtype)).requires_grad_(),
            randn(data_dim, seed=16, dtype=dtype).requires_grad_(),
        ]

    def __call__(self, z: Tensor) -> Tensor:
        """Parameters of p(x | z)."""
        C, c = self.parameters
        return z @ C + c


class DropoutClassifier(nn.Module):
    """A linear classifier with dropout, so that the two modes differ."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.weight = nn.Parameter(0.2 * torch.randn(784, 10, generator=generator))
        self.dropout = nn.Dropout(0.3)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        return self.dropout(images.flatten(1)) @ self.weight


def problems(task: str, dtype: torch.dtype = torch.float64, special: bool = True) -> list[tuple[Any, ...]]:
    """Argument tuples for a task, its own or else what its checks draw."""
    return own_problems(task, dtype, special) or [_drawn(task, sizes, dtype) for sizes in INPUTS[task].sizes[:2]]


def own_problems(task: str, dtype: torch.dtype = torch.float64, special: bool = True) -> list[tuple[Any, ...]]:
    """Argument tuples that were thought of for a task; those that only numerical care survives come last and on request.

    None for most: every mistake of every task is asked about by the checks themselves, in the matrix of validation.
    """
    binary = (randn(B, D, seed=1) > 0.2).to(dtype)
    mean, log_var = 1.5 * randn(B, M, seed=2, dtype=dtype), -1 + randn(B, M, seed=3, dtype=dtype)
    W, mu = randn(D, M, seed=4, dtype=dtype), 3 + randn(D, seed=5, dtype=dtype)
    X = mu + randn(N, M, seed=6, dtype=dtype) @ W.T + 0.5 * randn(N, D, seed=7, dtype=dtype)
    encoder, decoder = LinearEncoder(dtype), LinearDecoder(dtype)
    if task == "gaussian_log_density":
        x, m, v = (randn(B, D, seed=s, dtype=dtype) for s in (1, 2, 3))
        return [(x, m, v)] + [(m + 200 * torch.exp(v / 2), m, v)] * special
    if task == "bernoulli_log_density":
        return [(binary, 3 * randn(B, D, seed=2, dtype=dtype))] + [(binary, 800 * (1 - 2 * binary))] * special
    if task == "kl_standard_normal":
        far = torch.full((B, M), -80.0, dtype=dtype)
        return [(mean, log_var), (mean[:, :1], log_var[:, :1])] + [(mean, far)] * special
    if task == "sample_gaussian":
        return [(mean, log_var)]
    if task == "ppca_marginal":
        return [(W, mu, 0.36), (W, mu, torch.tensor(0.36, dtype=dtype))]
    if task == "ppca_posterior":
        return [(X, W, mu, 0.36), (X, W, mu, torch.tensor(0.36, dtype=dtype))]
    if task == "ppca_log_likelihood":
        wide, centre = randn(300, 2, seed=8, dtype=dtype), randn(300, seed=9, dtype=dtype)
        far = (centre + randn(B, 300, seed=10, dtype=dtype), wide, centre, 0.05)
        return [(X, W, mu, 0.36), (X, W, mu, torch.tensor(0.36, dtype=dtype))] + [far] * special
    if task == "ppca_fit":
        return [(X, 2), (X, 1)]
    if task in ("elbo", "vae_loss"):
        return [(binary, encoder, decoder, 1), (binary, encoder, decoder, S)]
    if task == "log_mean_exp":
        log_w = 3 * randn(S, B, seed=1, dtype=dtype)
        gap = log_w.clone()
        gap[1, 2] = -torch.inf
        return [(log_w,)] + [(log_w - 10000 * torch.arange(B, dtype=dtype),), (gap,)] * special
    if task == "estimate_log_likelihood":
        return [(binary, encoder, decoder, 0.7, S)] + [(30 + binary, encoder, decoder, 0.4, S)] * special
    if task == "evaluate_classifier":
        images, network = randn(N, 1, 28, 28, seed=1).float(), DropoutClassifier().eval()
        labels = torch.where(torch.arange(N) % 3 == 0, network(images).argmax(-1), torch.arange(N) * 7 % 10)
        undecided, overflowing = DropoutClassifier().eval(), DropoutClassifier().eval()
        undecided.weight.data.zero_()
        overflowing.weight.data[0] = 3e38
        white = images.clone()
        white[:, 0, 0, 0] = torch.where(torch.arange(N) % 3 == 0, 2.0, 0.0)
        return [(DropoutClassifier().train(), images, labels, 5), (network, images, labels, 5)] + [
            (undecided, images, labels, 5),
            (overflowing, white, labels, 5),
        ] * special
    return []


def _drawn(task: str, sizes: Sizes, dtype: torch.dtype) -> tuple[Any, ...]:
    """The arguments that checks are asked with, where a task needs no others."""
    given = INPUTS[task].build(sizes, dtype).arguments
    ordered = [given[name] for name in inspect.signature(REFERENCE[task]).parameters if name in given]
    return tuple(probes.build(value.spec) if isinstance(value, Probe) else value for value in ordered)


def call(function: Callable[..., Any], args: tuple[Any, ...], seed: int = 1234) -> Any:
    """Call with fresh, seeded noise, through `generator` where the function takes one."""
    torch.manual_seed(seed)
    if "generator" in inspect.signature(function).parameters:
        return function(*args, generator=torch.Generator().manual_seed(seed))
    return function(*args)


def values(result: Any) -> list[Tensor]:
    """The numbers of a result, whatever it is made of."""
    if isinstance(result, tuple):
        return [value for part in result for value in values(part)]
    return [torch.as_tensor(result)]


def observe(function: Callable[..., Any], args: tuple[Any, ...], constant: Container[int] = ()) -> list[Tensor]:
    """Values, gradients in inputs (but those at the places `constant`) and collaborators' parameters, inputs and modes afterwards."""
    plain = [a.clone() if isinstance(a, Tensor) else a for a in args]
    networks = [(a, a.training) for a in args if isinstance(a, nn.Module)]
    results = [value.detach() for value in values(call(function, tuple(plain)))]
    inputs = [a for a in plain if isinstance(a, Tensor)]
    modes = [torch.tensor(network.training) for network, _ in networks]
    for network, before in networks:
        network.train(before)
    return results + inputs + modes + ([] if networks else gradients(function, args, constant))


def gradients(function: Callable[..., Any], args: tuple[Any, ...], constant: Container[int] = ()) -> list[Tensor]:
    """Gradients of a fixed combination of all results; zeros where nothing flows."""
    leaves = [
        a.clone().requires_grad_() if isinstance(a, Tensor) and not _is_discrete(a) and i not in constant else a
        for i, a in enumerate(args)
    ]
    variables = [a for a in leaves if isinstance(a, Tensor) and a.requires_grad]
    variables += [p for a in args if hasattr(a, "parameters") and not callable(a.parameters) for p in a.parameters]
    try:
        results = values(call(function, tuple(leaves)))
    except RuntimeError:  # such as an in-place change of a leaf
        return [torch.zeros_like(v) for v in variables]
    total = sum((r.double() * torch.arange(1, r.numel() + 1).reshape(r.shape)).sum() for r in results)
    if not (isinstance(total, Tensor) and total.requires_grad):
        return [torch.zeros_like(v) for v in variables]
    found = torch.autograd.grad(total, variables, allow_unused=True)
    return [torch.zeros_like(v) if g is None else g for v, g in zip(variables, found, strict=True)]


def _is_discrete(value: Tensor) -> bool:  # labels and pixels: nothing is to be differentiated with respect to them
    return not value.is_floating_point() or bool(((value == 0) | (value == 1)).all())


def agree(a: list[Tensor], b: list[Tensor], dtype: torch.dtype) -> bool:
    """Whether two observations are equal up to rounding."""
    return len(a) == len(b) and all(
        x.shape == y.shape and torch.allclose(x.double(), y.double(), equal_nan=True, **tolerances(dtype))
        for x, y in zip(a, b, strict=True)
    )
