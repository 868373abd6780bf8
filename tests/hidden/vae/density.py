"""A density of one or two latent variables that can only be asked for its logarithm: what it integrates to, and what draws of it become
under its own distribution function. Nothing here knows how it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.ndimage import map_coordinates
from scipy.special import ndtri
from torch import Tensor

from autograder.assignment.signatures import FunctionContract, Parameter
from autograder.assignment.specs import NamedSpec
from autograder.checking.objects import MethodCase

REACH, STEPS = {1: 7.0, 2: 5.0}, {1: 4001, 2: 401}
"""Nodes are sinh t for equal steps of t: fine next to 0, and as far out as 550 or 74."""
RESOLVED = 1e-3
"""Where half of the nodes give another integral, the density is too narrow for all of them to be believed."""
LEAST = 1e-6
"""An integral that is smaller: the nodes have missed the density."""
ANYTHING = NamedSpec("anything")
LOAD = FunctionContract(
    "load_state_dict",
    "",
    (Parameter("state_dict", "dict", ANYTHING, None, False),),
    ANYTHING,
    "load_state_dict(state_dict)",
    "",
)


Axis = tuple[np.ndarray, np.ndarray]
"""Nodes, and their weights under the trapezoidal rule."""


def nodes(latents: int, shift: float = 0.0) -> Axis:
    """Return the nodes of one axis, and their weights under the trapezoidal rule; `shift` is a part of a step."""
    t = np.linspace(-REACH[latents], REACH[latents], STEPS[latents])
    t = t + shift * (t[1] - t[0])
    return np.sinh(t), np.cosh(t) * (t[1] - t[0])


def log_prob(made: Any, z: Tensor | np.ndarray) -> np.ndarray:
    """Return what an object says of points."""
    return np.asarray(made.value("log_prob", {"z": torch.as_tensor(z).float()}).double())


@dataclass(frozen=True)
class Grid:
    """A density at nodes.

    Attributes:
        axes: The nodes of every latent variable.
        p: Its values, one axis for each latent variable.
    """

    axes: tuple[Axis, ...]
    p: np.ndarray

    @staticmethod
    def of(made: Any, latents: int, shift: float = 0.0) -> Grid:
        """Ask for the density at all nodes, from very near 0 to far away."""
        return Grid.at(made, (nodes(latents, shift),) * latents)

    @staticmethod
    def at(made: Any, axes: tuple[Axis, ...]) -> Grid:
        """Ask for the density at nodes."""
        points = np.stack(np.meshgrid(*[z for z, _ in axes], indexing="ij"), axis=-1)
        values = log_prob(made, points.reshape(-1, len(axes)))
        return Grid(axes, np.exp(values.clip(max=300.0)).reshape(points.shape[:-1]))

    def halved(self) -> Grid:
        """Return what every second node says."""
        axes = tuple((z[::2], 2 * weights[::2]) for z, weights in self.axes)
        return Grid(axes, self.p[(slice(None, None, 2),) * self.p.ndim])

    def near(self, made: Any) -> Grid:
        """Ask once more, at equal steps over where the density is."""
        axes = []
        for axis, (z, _) in enumerate(self.axes):
            below = _below(self.marginal(axis))
            low, high = (z[min(np.searchsorted(below, share), len(z) - 1)] for share in (1e-9, 1 - 1e-9))
            fine = np.linspace(low - 0.1, high + 0.1, len(z))
            axes.append((fine, np.full(len(z), fine[1] - fine[0])))
        return Grid.at(made, tuple(axes))

    def marginal(self, axis: int) -> np.ndarray:
        """Return the mass at the nodes of one axis."""
        mass = self.p
        for other, (_, weights) in enumerate(self.axes):
            mass = mass * weights.reshape([-1 if at == other else 1 for at in range(self.p.ndim)])
        return mass.sum(tuple(at for at in range(self.p.ndim) if at != axis))

    def integral(self) -> float:
        """Return the integral."""
        return float(self.marginal(0).sum())

    def resolved(self) -> bool:
        """Whether the nodes are near enough to each other."""
        whole = self.integral()
        return whole > LEAST and abs(whole - self.halved().integral()) <= RESOLVED * whole

    def points(self, number: int, seed: int, power: float) -> Tensor:
        """Return points where the density is large, and others where it is less: draws from a power of it, shape (number, M)."""
        mass = self.p**power * np.multiply.outer(*(weights for _, weights in self.axes))
        mass = mass if mass.sum() > 0.0 else np.ones_like(mass)
        flat = np.random.default_rng(seed).choice(mass.size, number, p=(mass / mass.sum()).ravel())
        places = np.unravel_index(flat, mass.shape)
        return torch.tensor(np.stack([z[at] for (z, _), at in zip(self.axes, places, strict=True)], axis=-1)).float()

    def uniform(self, drawn: np.ndarray) -> list[np.ndarray]:
        """Return what draws become under the distribution function of this density: of the first coordinate, and of the second one
        given the first.
        """
        places = np.stack([np.interp(x, z, np.arange(len(z))) for (z, _), x in zip(self.axes, drawn.T, strict=True)])
        found = [np.interp(places[0], np.arange(len(self.p)), _below(self.marginal(0)))]
        if self.p.ndim == 2:
            given = np.array([_below(row * self.axes[1][1]) for row in self.p])
            found.append(map_coordinates(given, places, order=1, mode="nearest"))
        return found

    def together(self) -> float:
        """Return how far the logarithm of a density of two is from a sum of two functions, one for each, where it is large."""
        cells = []
        for axis, (z, _) in enumerate(self.axes):
            below = _below(self.marginal(axis))
            cells.append(np.searchsorted(below, np.linspace(0.1, 0.9, 9)).clip(0, len(z) - 1))
        logs = np.log(self.p[np.ix_(*cells)].clip(min=1e-300))
        return float(np.abs(logs - logs.mean(0) - logs.mean(1, keepdims=True) + logs.mean()).max())


def normal(u: np.ndarray) -> np.ndarray:
    """Return uniform numbers as standard normal ones."""
    return ndtri(u.clip(1e-12, 1 - 1e-12))


def _below(mass: np.ndarray) -> np.ndarray:
    """Return the distribution function at nodes of what has these masses, normalised; 0 where nothing has."""
    below = np.concatenate([[0.0], np.cumsum((mass[1:] + mass[:-1]) / 2)])
    return below / max(below[-1], 1e-300)


# ------------------------------------------------------------------------------------------------ as after some training


def move(student: Any, made: Any, seed: int) -> None:
    """Give an object other parameters, as training does, by its `load_state_dict`; what is no module keeps its own.

    What is positive throughout may have to be so (probabilities, variances), and stays positive; else any number may stand there.
    """
    looked = made.inspect(state=True)
    if "Module" not in looked.bases or not looked.state:
        return
    trained = {p.name for p in looked.parameters if p.trainable}
    generator = torch.Generator().manual_seed(seed % 2**31)
    state = {
        name: _other(value, generator) if name in trained and value.is_floating_point() else value
        for name, value in looked.state.items()
    }
    student.ask(
        MethodCase("load_state_dict", {"state_dict": state}, made=made, method="load_state_dict", contract=LOAD)
    )


def _other(value: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(value.shape, generator=generator, dtype=value.dtype)
    positive = bool((value >= 0).all()) and bool((value > 0).any())
    return value * torch.exp(0.6 * noise) if positive else value + noise
