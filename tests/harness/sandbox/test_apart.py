"""Calls that are kept apart: nothing of one training is there in another, and what it made can be asked for as long as it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from make_submission import LIMITS

from autograder.outcomes import FailureKind
from autograder.sandbox import apart
from autograder.sandbox.apart import Apart
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import RunScript, ScriptAnswer

SOURCE = """
import os
import torch

cache = {}

class Model(torch.nn.Module):
    def __init__(self, number):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(float(number)))

    def forward(self, x):
        return self.weight * x

def train(number):
    open("trained", "a").write("!")
    model = cache.setdefault("model", Model(number))
    return model, len(open("trained").read())

def both(one, other):
    return float(one.weight + other.weight)

def steal(number):
    import sys
    return {"model": [sys.modules["inside.values"].Handle(number, "Model")]}

def die():
    os._exit(0)
"""


@pytest.fixture
def asked(sandbox_of: Callable[..., Sandbox]) -> Iterator[Apart]:
    """The submission, with its calls apart."""
    with Apart(sandbox_of(SOURCE, limits=LIMITS)) as made:
        yield made


def _trained(asked: Apart, number: int) -> Handle:
    answer = asked.call(Question("train", [number]))
    assert isinstance(answer, Answer), answer
    handle, trainings = answer.value
    assert isinstance(handle, Handle)
    assert trainings == 1, "neither a global nor a file of an earlier call is there"
    return handle


def test_a_model_that_is_kept_is_not_returned_again(asked: Apart) -> None:
    """Each training starts from nothing, and each model is asked where it is, also after another one was trained."""
    models = [_trained(asked, number) for number in (2, 3, 5)]
    assert len({model.id for model in models}) == 3
    for model, number in (*zip(models, (2, 3, 5), strict=True), (models[0], 2)):
        answer = asked.call(Question(model, [10.0], evaluate=True))
        assert isinstance(answer, Answer)
        assert float(answer.value) == 10 * number
    seen = asked.inspect(Inspect(models[1]))
    assert isinstance(seen, Inspected)
    assert seen.type_name == "Model"
    assert asked.restarts == 0


def test_the_oldest_worker_goes_first(asked: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many workers stay as may stay; one that is asked is not the oldest any more."""
    monkeypatch.setattr(apart, "MOST_WORKERS", 2)
    first, second = _trained(asked, 2), _trained(asked, 3)
    assert isinstance(asked.call(Question(first, [1.0])), Answer)
    third = _trained(asked, 5)
    assert isinstance(asked.call(Question(first, [1.0])), Answer)
    assert isinstance(asked.call(Question(third, [1.0])), Answer)
    gone = asked.call(Question(second, [1.0]))
    assert isinstance(gone, Refusal)
    assert (gone.kind, gone.message) == (FailureKind.CRASH, "the process that held this object has ended")


def test_objects_of_different_calls_cannot_meet(asked: Apart) -> None:
    """They are in different processes: that is said."""
    reply = asked.call(Question("both", [_trained(asked, 2), _trained(asked, 3)]))
    assert isinstance(reply, Refusal)
    assert "made by different calls" in reply.message


def test_an_object_of_another_call_cannot_be_returned(asked: Apart) -> None:
    """A worker that names a model which another one has trained is found out."""
    model = _trained(asked, 2)
    reply = asked.call(Question("steal", [model.id]))
    assert isinstance(reply, Refusal)
    assert (reply.kind, reply.flag) == (FailureKind.POLICY, "answer channel: an object of another call")
    assert isinstance(asked.call(Question(model, [1.0])), Answer)


def test_crashes_are_counted(asked: Apart) -> None:
    """A worker that dies costs its own question, and no model of another."""
    model = _trained(asked, 2)
    reply = asked.call(Question("die"))
    assert isinstance(reply, Refusal)
    assert reply.kind is FailureKind.CRASH
    assert asked.restarts == 1
    assert isinstance(asked.call(Question(model, [1.0])), Answer)


def test_time_is_counted_together(sandbox_of: Callable[..., Sandbox]) -> None:
    """All calls share the limit on all questions."""
    source = "import time\ndef wait():\n    time.sleep(0.4)\n"
    with Apart(sandbox_of(source, limits=LIMITS.model_copy(update={"total_seconds": 0.7}))) as asked:
        replies = [asked.call(Question("wait")) for _ in range(4)]
    assert isinstance(replies[-1], Refusal)
    assert replies[-1].kind is FailureKind.TIMEOUT


def test_scripts(sandbox_of: Callable[..., Sandbox]) -> None:
    """They have a worker of their own anyway."""
    with Apart(sandbox_of(main="print(1)\n")) as asked:
        assert isinstance(asked.run_script(RunScript("main.py")), ScriptAnswer)
