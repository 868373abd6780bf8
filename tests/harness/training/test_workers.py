"""Every training question gets a worker of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.training.workers import FreshWorkers

ELBO = """
kept = []

class Model:
    def __call__(self, x):
        return x + kept[0]

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    kept.append(x)
    return Model().__call__ if x < 0 else [len(kept), kept[0], (lambda y: y + kept[0],)]
"""


@pytest.fixture
def workers(sandbox_of: Callable[..., Sandbox]) -> Iterator[FreshWorkers]:
    """A submission that keeps what it was asked in its module."""
    with FreshWorkers(sandbox_of(ELBO)) as opened:
        yield opened


def ask(workers: FreshWorkers, x: float) -> Answer | Refusal:
    """One training question."""
    return workers.call(Question("elbo", [x, 0, 0]))


def test_nothing_is_kept_from_one_question_to_the_next(workers: FreshWorkers) -> None:
    """A model in a module's global, say, cannot be returned for another question."""
    for x in (1.0, 2.0, 3.0):
        answer = ask(workers, x)
        assert isinstance(answer, Answer), answer
        assert answer.value[:2] == [1, x]


def test_an_object_is_asked_where_it_is(workers: FreshWorkers) -> None:
    """What a question left can be asked about until the next one; its number is that of no other worker's object."""
    first = ask(workers, 1.0)
    assert isinstance(first, Answer), first
    (handle,) = first.value[2]
    assert isinstance(handle, Handle)
    asked = [workers.call(Question(handle, [10.0])) for _ in range(2)]
    assert [answer.value for answer in asked if isinstance(answer, Answer)] == [11.0, 11.0]

    second = ask(workers, 2.0)
    assert isinstance(second, Answer), second
    (other,) = second.value[2]
    gone = workers.call(Question(handle, [10.0]))
    assert other.id != handle.id
    assert isinstance(gone, Refusal)
    assert (gone.kind, gone.message) == (FailureKind.CRASH, "the process that held this object has ended")
    answer = workers.call(Question(other, [10.0]))
    assert isinstance(answer, Answer)
    assert answer.value == 12.0


COMPILED = """
import torch

@torch.compile
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return (x * 2).sum()

def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    model = torch.compile(torch.nn.Linear(3, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model(x).sum().backward()
    optimizer.step()
    return model.eval(), {"val_loss": [1.0]}
"""


def test_a_compiled_model_trains(sandbox_of: Callable[..., Sandbox]) -> None:
    """`torch.compile` costs no compilation, and changes no value: of a model in a training, and of a function."""
    with FreshWorkers(sandbox_of(COMPILED)) as workers:
        trained = workers.call(Question("vae_loss", [torch.ones(4, 3), 0, 0]))
        assert isinstance(trained, Answer), trained
        logits = workers.call(Question(trained.value[0], [torch.ones(5, 3)], evaluate=True))
        value = workers.call(Question("elbo", [torch.ones(3), 0, 0]))

    assert isinstance(logits, Answer), logits
    assert logits.value.shape == (5, 2)
    assert isinstance(value, Answer), value
    assert value.value == 6.0
