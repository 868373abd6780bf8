"""A fitted model: how calls are drawn, and what students can check themselves."""

import math
from dataclasses import replace

import torch

from autograder.authoring import Sizes, check, inputs, made

SIZES = [Sizes({"B": 30, "T": 10, "K": 3, "M": 4, "S": 6}), Sizes({"B": 40, "T": 8, "K": 1, "M": 3, "S": 5})]


def sequences(draw, batch, steps):
    """Sequences of a slow rotation with two states, seen by a fixed C: one model for training and new sequences."""
    K = draw.size("K")
    angle = torch.tensor(0.6)
    A = 0.95 * torch.tensor([[torch.cos(angle), -torch.sin(angle)], [torch.sin(angle), torch.cos(angle)]])
    C = torch.tensor([[1.5, 0.5], [-0.4, 1.2], [0.8, -1.0]])[:K]
    noise = draw.normal(batch, steps, 2)
    A, C = A.to(noise.dtype), C.to(noise.dtype)
    states = [noise[:, 0]]
    for t in range(1, draw.size(steps)):
        states.append(states[-1] @ A.mT + 0.3 * noise[:, t])
    return torch.stack(states, dim=1) @ C.mT + 0.4 * draw.normal(batch, steps, "K")


@inputs("fit_kalman", sizes=SIZES, dtypes=(torch.float64,))
def fit_kalman(draw, iterations=12, steps=4):
    """A rotation, seen with noise."""
    table = {"y": sequences(draw, "B", "T"), "n_states": 2, "iterations": iterations, "seed": 3}
    new = sequences(draw, "M", "S")
    return made(table, filter={"y": new}, log_likelihood={"y": new}, predict={"y": new, "steps": steps})


def one_number():
    """A fit to sequences with one number per step, of which densities can be added up on a grid."""
    return fit_kalman.build(SIZES[1], torch.float64, 4)


@check("fit_kalman", "density")
def test_density(student):
    """exp(log likelihood) is a density: over all second observations, it adds up to that of the first alone."""
    case = one_number()
    made = student.make(case)
    grid = torch.linspace(-15, 15, 1501, dtype=torch.float64)
    pairs = torch.stack([torch.full_like(grid, 0.7), grid], dim=1)[..., None]
    both = made.value("log_likelihood", {"y": pairs})
    first = made.value("log_likelihood", {"y": pairs[:1, :1]})
    got = torch.logsumexp(both, 0) + math.log(30 / 1500)
    call = made.call("log_likelihood", {"y": pairs})
    student.require(
        bool((got - first[0]).abs() < 1e-3),
        call,
        "the densities over all second observations do not add up to the density of the first",
        got=f"{float(got):.5f}",
        expected=f"{float(first[0]):.5f}",
        help="A sum over time, with all constants.",
    )
    alone = made.value("log_likelihood", {"y": grid.reshape(-1, 1, 1)})
    total = torch.logsumexp(alone, 0) + math.log(30 / 1500)
    student.require(bool(total.abs() < 1e-3), call, "the densities of one observation do not add up to 1")


@check("fit_kalman", "seeded")
def test_seeded(student):
    """The same seed gives the same model."""
    case = one_number()
    arguments = case.calls["log_likelihood"]
    other = replace(case, seed=case.seed + 1)  # the seed of torch, which a fit must not depend on
    first, second = (student.make(each).value("log_likelihood", arguments) for each in (case, other))
    student.close(case, second, first, what="the log likelihood under a second fit", help="Use `seed` for the start.")
