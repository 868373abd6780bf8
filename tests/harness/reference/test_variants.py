"""The other right answers are right."""

import inspect
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_problems import (
    ASSIGNMENT,
    CANDIDATES,
    FUNCTION_TASKS,
    INPUTS,
    REFERENCE,
    B,
    D,
    LinearDecoder,
    LinearEncoder,
    M,
    agree,
    call,
    gradients,
    observe,
    problems,
    randn,
    tolerances,
    values,
)

from autograder.assignment.candidates import Candidate
from autograder.authoring.cases import Case
from autograder.checking.compare import compare
from autograder.checking.oracle import arguments_in_float64, call_like_reference

ALL = [variant for task in CANDIDATES.tasks() for variant in CANDIDATES.variants(task)]
CONTRACT = ASSIGNMENT.contract
RANDOM = {task for task in FUNCTION_TASKS if {"generator", "seed"} & set(inspect.signature(REFERENCE[task]).parameters)}
NOT_UNIQUE = {"ppca_fit", "pca_project", "project_2d"}
"""Tasks with many right answers to one question: W is determined up to a rotation, principal components up to signs."""

CONSTANT = {"alphas"}
"""Arguments that are chosen, not learnt: a right function may make floats of them, through which no gradient flows."""


def _of(*tasks: str) -> Any:
    return pytest.mark.parametrize("v", [v for v in ALL if v.task in tasks], ids=lambda v: f"{v.task}-{v.name}")


@_of(*(set(FUNCTION_TASKS) - RANDOM - NOT_UNIQUE - {"evaluate_classifier"}))
def test_agrees_with_the_reference(v: Candidate, dtype: torch.dtype) -> None:
    """Values, gradients and untouched inputs are those of the reference, special values included."""
    names = inspect.signature(REFERENCE[v.task]).parameters
    constant = [i for i, name in enumerate(names) if name in CONSTANT]
    for args in problems(v.task, dtype, special=False):
        assert agree(observe(v.function, args, constant), observe(REFERENCE[v.task], args, constant), dtype)
    for args in problems(v.task, dtype):
        mine, theirs = (
            torch.cat([r.flatten() for r in values(call(f, args))]) for f in (v.function, REFERENCE[v.task])
        )
        assert mine.dtype == dtype
        torch.testing.assert_close(mine, theirs, rtol=1e-4 if dtype == torch.float32 else 1e-8, atol=1e-3)


@_of("ppca_fit")
def test_fit_agrees_up_to_rotation(v: Candidate, dtype: torch.dtype) -> None:
    """Mean, noise variance and W Wᵀ are those of the reference."""
    for X, n in problems("ppca_fit", dtype):
        (W, mu, sigma2), (W_ref, mu_ref, sigma2_ref) = v.function(X, n), REFERENCE["ppca_fit"](X, n)
        loose = {"rtol": 1e-3, "atol": 1e-3} if dtype == torch.float32 else {"rtol": 1e-6, "atol": 1e-6}
        assert W.dtype == mu.dtype == dtype
        torch.testing.assert_close(mu, mu_ref, **tolerances(dtype))
        torch.testing.assert_close(torch.as_tensor(sigma2, dtype=dtype), sigma2_ref, **loose)
        torch.testing.assert_close(W @ W.T, W_ref @ W_ref.T, **loose)


@_of("evaluate_classifier")
def test_evaluation_agrees(v: Candidate) -> None:
    """Loss, accuracy and the model's mode afterwards are those of the reference."""
    for args in problems("evaluate_classifier"):
        before = args[0].training
        assert v.function(*args) == pytest.approx(REFERENCE["evaluate_classifier"](*args), rel=1e-5, nan_ok=True)
        assert before == args[0].training


@_of("sample_gaussian")
def test_samples_have_the_right_moments_and_gradients(v: Candidate, dtype: torch.dtype) -> None:
    """z has mean μ and deviation σ, dz/dμ = 1 and dz/d log σ² = ½ (z − μ), and fresh noise at every call."""
    mean = torch.tensor([-1.0, 2.0, 0.5], dtype=dtype).repeat(20000, 1).requires_grad_()
    log_var = torch.tensor([-2.0, 0.3, 1.0], dtype=dtype).repeat(20000, 1).requires_grad_()
    z = call(v.function, (mean, log_var))
    by_mean, by_log_var = torch.autograd.grad(z.sum(), [mean, log_var])
    noise = ((z - mean) / torch.exp(log_var / 2)).detach()

    assert z.dtype == dtype
    assert noise.mean(0).abs().max() < 6 / 20000**0.5
    assert (noise.T @ noise / 20000 - torch.eye(3, dtype=dtype)).abs().max() < 9 / 20000**0.5
    torch.testing.assert_close(by_mean, torch.ones_like(by_mean))
    torch.testing.assert_close(by_log_var, (z - mean).detach() / 2, rtol=1e-3, atol=1e-5)
    assert not torch.equal(call(v.function, (mean, log_var), seed=1), call(v.function, (mean, log_var), seed=2))


@_of("elbo", "vae_loss", "gaussian_elbo")
def test_bound_and_its_gradient_have_the_right_mean(v: Candidate, dtype: torch.dtype) -> None:
    """Estimates of the value and of every gradient agree with the reference's within their standard errors."""
    x, encoder, decoder, _ = problems("elbo", dtype)[0]
    more = (torch.linspace(-0.5, 0.9, D, dtype=dtype),) if v.task == "gaussian_elbo" else ()
    mine, theirs = (_estimates(f, (x, encoder, decoder, *more, 10)) for f in (v.function, REFERENCE[v.task]))
    error = torch.sqrt((mine.var(0) + theirs.var(0)) / len(mine))

    assert ((mine.mean(0) - theirs.mean(0)).abs() <= 6 * error + 1e-4).all()
    assert call(v.function, (x, encoder, decoder, *more, 1)).dtype == dtype


def _estimates(function: Any, args: tuple[Any, ...], repeats: int = 12) -> torch.Tensor:
    rows = []
    for seed in range(repeats):
        seeded = lambda *a, seed=seed: call(function, a, seed)  # noqa: E731
        rows.append(torch.cat([g.flatten().double() for g in gradients(seeded, args)[1:]] + [seeded(*args).reshape(1)]))
    return torch.stack(rows).detach()


@_of("estimate_log_likelihood")
def test_evidence_is_exact_under_the_true_posterior(v: Candidate, dtype: torch.dtype) -> None:
    """With q equal to the posterior of a linear-Gaussian model the estimate is log p(x) for any number of samples."""
    W, _ = torch.linalg.qr(randn(D, M, seed=4))
    W, mu, sigma = (W * torch.tensor([2.0, 1.0, 0.5])).to(dtype), randn(D, seed=5, dtype=dtype), 0.7
    x = mu + randn(B, D, seed=6, dtype=dtype)
    posterior = lambda x: _diagonal_posterior(x, W, mu, sigma**2)  # noqa: E731
    exact = REFERENCE["ppca_log_likelihood"](x, W, mu, sigma**2)

    for sigma_p, n_samples in ((sigma, 1), (torch.tensor(sigma, dtype=dtype), 6)):
        estimate = call(v.function, (x, posterior, lambda z: z @ W.T + mu, sigma_p, n_samples))
        assert estimate.dtype == dtype
        torch.testing.assert_close(estimate, exact, **tolerances(dtype))


@_of("estimate_log_likelihood")
def test_evidence_agrees_when_the_proposal_is_wrong(v: Candidate) -> None:
    """With many samples from another proposal the estimates agree with the reference's."""
    x, encoder, decoder = randn(B, D, seed=1), LinearEncoder(torch.float64), LinearDecoder(torch.float64)
    args = (0.1 * x, lambda x: tuple(0.3 * t for t in encoder(x)), lambda z: 0.2 * decoder(z), 0.9, 1500)

    torch.testing.assert_close(call(v.function, args), call(REFERENCE[v.task], args, seed=9), rtol=0, atol=0.3)


def _diagonal_posterior(x: Any, W: Any, mu: Any, sigma2: float) -> Any:
    mean, cov = REFERENCE["ppca_posterior"](x, W, mu, sigma2)
    return mean, torch.log(cov.diagonal()).expand_as(mean)


# ------------------------------------------------------------------------------------------------- second references


@pytest.mark.parametrize("task", sorted(set(FUNCTION_TASKS) - RANDOM - NOT_UNIQUE))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_second_references_agree_with_the_first(task: str, data: st.DataObject) -> None:
    """On drawn inputs, in float64, every second reference gives what the reference gives."""
    case = data.draw(INPUTS[task].drawn())
    theirs = _in_float64(REFERENCE[task], case)

    for second in CANDIDATES.seconds(task):
        mine = _in_float64(second.function, case)
        assert [part.shape for part in mine] == [part.shape for part in theirs]
        compared = [compare(got, want, torch.float64, case.scale) for got, want in zip(mine, theirs, strict=True)]
        assert [c.difference() for c in compared if not c.agrees] == []


def _in_float64(function: Any, case: Case) -> list[torch.Tensor]:
    result = call_like_reference(function, CONTRACT[case.function], arguments_in_float64(case), case.seed)
    return [torch.as_tensor(part, dtype=torch.float64) for part in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("task", sorted(set(FUNCTION_TASKS) - RANDOM - NOT_UNIQUE))
def test_every_deterministic_task_has_a_second_reference(task: str) -> None:
    """Where there is one right answer, it is computed in two independent ways."""
    assert CANDIDATES.seconds(task)


def test_second_references_are_independent() -> None:
    """They use no function of `reference/`, and so their files' other parts do not matter."""
    dependent = [
        (second.task, second.name, name)
        for task in CANDIDATES.tasks()
        for second in CANDIDATES.seconds(task)
        for name in inspect.unwrap(second.function).__code__.co_names
        if name in REFERENCE
    ]

    assert dependent == []
