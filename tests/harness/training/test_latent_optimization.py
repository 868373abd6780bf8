"""How latent optimisation is measured, what its checks recognise by themselves, and what right work in unusual dress keeps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import TrainingRule
from autograder.quality.matrix import Entry, Row, entries_of, run_matrix
from autograder.sandbox.inprocess import OneFunction
from autograder.training.data import Images
from autograder.training.measures.latent_optimization import LatentOptimizationRun, Told, divergence

OWN = Assignment(Path(__file__).resolve().parents[3])
TASK = "train_latent_optimization"
FEW = ("rows_by_position", "latents_not_learnt", "pictures_decoded")
"""Those that are asked about with every change."""


def row_of(function: Any, name: str) -> Row:
    """Return how a trainer fares in all checks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are small
    try:
        (row,) = run_matrix(OWN, [Entry("misconception", TASK, name, function)])
    finally:
        torch.set_num_threads(threads)
    return row


ENTRIES = [e for e in entries_of(OWN) if e.task == TASK]
NAMED = {e.name: e.function for e in ENTRIES if e.kind == "misconception"}
ASKED = [pytest.param(name, marks=() if name in FEW else pytest.mark.matrix) for name in sorted(NAMED)]


@pytest.mark.parametrize("name", ASKED)
def test_a_mistake_is_named_and_paid_once(name: str) -> None:
    """The mistake has its name and no other, and the task keeps what the mistake costs, however many checks fail for it."""
    row = row_of(NAMED[name], name)
    mistake = next(c.mistake for c in OWN.candidates.mistakes(TASK) if c.name == name)

    assert row.named == (name,), row.messages
    assert row.share == pytest.approx(float(OWN.rubric.credit(TASK, mistake)[1])), row.messages


def run_on(images: torch.Tensor) -> LatentOptimizationRun:
    """Return a run on some images (N, 1, 8, 8), which is asked nothing of."""
    rule = TrainingRule(
        epochs=1,
        batch_size=8,
        learning_rate=0.1,
        n_train=len(images),
        threshold=1,
        wall_seconds=9,
        arguments={"latent_dim": 2},
    )
    data = Images("few", "", images, torch.arange(len(images)) % 10, images, torch.arange(len(images)) % 10)
    return LatentOptimizationRun(OneFunction(TASK, len), TASK, data, rule, "secret", "cpu")


def test_the_divergence_is_that_of_gaussians() -> None:
    """KL(N(2, 1) ‖ N(0, 1)) = 2, and KL(N(0, e²) ‖ N(0, 1)) = (e² − 3) / 2."""
    mean, log_var = torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [2.0, 0.0]])

    assert divergence(mean, log_var) == pytest.approx(0.5 * (2 + (math.exp(2) - 3) / 2))
    told = Told(error=3.0, divergence=2.0, at_mean=1.0, as_log_std=6.0, nearest=1.0)
    assert told.objective == 5.0


def test_the_linear_decoder_is_the_best_one() -> None:
    """What is said of probabilistic PCA is what a search among linear decoders and rows comes down to."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(50, 1, 8, 8, generator=generator) + 2 * torch.randn(50, 2, generator=generator).matmul(
        torch.rand(2, 64, generator=generator)
    ).reshape(50, 1, 8, 8)
    run = run_on(images)
    x = run.grey.double()
    weight, bias = (
        (0.1 * torch.randn(2, 64, generator=generator).double()).requires_grad_(),
        x.mean(dim=0).requires_grad_(),
    )
    mean, log_var = torch.zeros(50, 2).double().requires_grad_(), torch.zeros(50, 2).double().requires_grad_()
    optimiser = torch.optim.LBFGS([weight, bias, mean, log_var], max_iter=2000, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        # the expectation over z has a closed form where the decoder is linear
        error = ((x - mean @ weight - bias) ** 2).sum() + (log_var.exp() @ weight**2).sum()
        value = error + 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
        value.backward()
        return value

    for _ in range(5):
        optimiser.step(loss)
    # rows with a diagonal covariance reach it where the decoder's columns are orthogonal
    assert loss().item() / 50 == pytest.approx(run.linear(2), rel=1e-4)
    assert run.linear(2) < run.without_latents()


def test_rates_and_noise() -> None:
    """Rows learn ten times as fast; an untrained decoder elsewhere gets as many images of noise, and none of those of the case."""
    run = run_on(torch.rand(30, 1, 8, 8))
    case = run.case()

    assert (case.arguments["decoder_lr"], case.arguments["latent_lr"]) == (0.1, 1.0)
    noise = run.noise(case)
    assert noise.shape == run.grey.shape
    assert set(noise.unique().tolist()) == {0.0, 1.0}  # type: ignore[no-untyped-call]
