"""Stand-ins that answer with the submission's own values, asked for in another worker."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.authoring.cases import Case
from autograder.diagnosis.ownvalues import OwnValues
from autograder.diagnosis.requests import Sent
from autograder.diagnosis.standins import Answered
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal

OWN = Assignment(Path(__file__).resolve().parents[3])
KL, SAMPLE = "kl_standard_normal", "sample_gaussian"
ELBO = """
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return kl_standard_normal(x, encoder)
"""
X = torch.arange(1.0, 7.0, dtype=torch.float64).reshape(2, 3)
CALL = Case("elbo", {"x": X, "encoder": X / 2, "decoder": 0})


@pytest.fixture
def own(sandbox_of: Callable[..., Sandbox]) -> Iterator[Callable[..., tuple[Answer | Refusal, OwnValues]]]:
    """Ask `elbo` of a submission, with own values through the stand-in for its `kl_standard_normal`."""
    opened = []

    def ask(text: str, names: tuple[str, ...] = (KL,), **options: object) -> tuple[Answer | Refusal, OwnValues]:
        sandbox = sandbox_of("import torch, sys\n" + textwrap.dedent(text) + (ELBO if "def elbo" not in text else ""))
        other = sandbox.fresh(None)
        opened.append(other)
        sandbox.collaborators = replies = OwnValues(OWN.contract, other)
        question = replace(CALL.question(OWN.contract["elbo"], **options), stand_ins=names)
        return sandbox.call(question), replies

    yield ask
    for sandbox in opened:
        sandbox.close()


def test_the_value_is_the_submissions_own(own: Callable[..., tuple[Answer, OwnValues]]) -> None:
    """Wrong as it is, and so is its gradient."""
    answer, replies = own("def kl_standard_normal(mean, log_var):\n    return 7 * (mean * log_var.detach()).sum(-1)")

    assert torch.equal(answer.value, 7 * (X * X / 2).sum(-1))
    assert (replies.called, replies.beyond, replies.ended) == ([KL], False, False)
    answer, _ = own(
        "def kl_standard_normal(mean, log_var):\n    return 7 * (mean * log_var.detach()).sum(-1)",
        gradients=["x", "encoder"],
    )
    assert torch.equal(answer.gradients["x"], 3.5 * X)
    assert answer.gradients["encoder"] is None or not answer.gradients["encoder"].any()


def test_nothing_tells_it_from_an_ordinary_question(own: Callable[..., tuple[Answer, OwnValues]]) -> None:
    """A function that is wrong only where it is called from another, or from a stand-in, is right there."""
    text = """
    def kl_standard_normal(mean, log_var):
        frame, names = sys._getframe(1), []
        while frame:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        return (1.0 if {"elbo", "stand_in"} & set(names) else 2.0) * mean.sum(-1)
    """
    answer, _ = own(text)

    assert torch.equal(answer.value, 2.0 * X.sum(-1))


def test_an_exception_is_raised_there(own: Callable[..., tuple[Refusal, OwnValues]]) -> None:
    """As one of a right function is."""
    answer, replies = own("def kl_standard_normal(mean, log_var):\n    raise ValueError('mine')")

    assert isinstance(answer, Refusal)
    assert "mine" in answer.message
    assert not replies.ended


@pytest.mark.parametrize("body", ["mean.mul_(2)\n    return mean.sum(-1)", "return object()"])
def test_what_cannot_be_handed_on(own: Callable[..., tuple[object, OwnValues]], body: str) -> None:
    """A changed argument and an object are more than a value: nothing is concluded."""
    assert own(f"def kl_standard_normal(mean, log_var):\n    {body}")[1].beyond


def test_a_generator_that_is_ignored_makes_a_difference(own: Callable[..., tuple[Answer, OwnValues]]) -> None:
    """Two calls with the same generator agree only where it is used."""
    text = """
    def sample_gaussian(mean, log_var, generator=None):
        return mean + torch.randn(mean.shape, generator={used})

    def elbo(x, encoder, decoder, n_samples=1, generator=None):
        return torch.stack([sample_gaussian(x, x, torch.Generator().manual_seed(1)) for _ in range(2)])
    """
    for used in ("generator", "None"):
        answer, _ = own(text.replace("{used}", used), (SAMPLE,))
        assert torch.equal(answer.value[0], answer.value[1]) == (used == "generator")


def calls_of(*values: float) -> list[Answered]:
    """Calls of the divergence whose right value is the sum of the means."""
    contract = OWN.contract[KL]
    means = [torch.full((2, 3), value, dtype=torch.float64) for value in values]
    sent = [Sent(contract, {"mean": mean, "log_var": mean}, False, 0, None, ()) for mean in means]
    return [Answered(Question("elbo"), one, one.given["mean"].sum(-1)) for one in sent]


WRONG = {
    "never": ("mean.sum(-1)", (1.0, 2.0), False),
    "always": ("mean.sum(-1) + 1", (1.0, 2.0), True),
    "sometimes": ("mean.sum(-1) + (mean > 1.5).sum(-1)", (2.0, 1.0), False),
    "it raises": ("1 / 0", (1.0, 2.0), True),
    "by rounding": ("mean.sum(-1) * (1 + 2e-7)", (1.0, 2.0), False),
    "another size": ("mean", (1.0, 2.0), True),
    "nothing was called": ("mean.sum(-1) + 1", (), False),
}


@pytest.mark.parametrize(("value", "means", "wrong"), WRONG.values(), ids=WRONG)
def test_wrong_throughout(
    sandbox_of: Callable[..., Sandbox], value: str, means: tuple[float, ...], wrong: bool
) -> None:
    """On the arguments of the calls, and on all of them."""
    sandbox = sandbox_of(f"def kl_standard_normal(mean, log_var):\n    return {value}")

    assert OwnValues(OWN.contract, sandbox).wrong_throughout(calls_of(*means)) == wrong
