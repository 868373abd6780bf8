"""A worker that was taken over: it knows the right nonce and says what it likes, in every field, for as long as it likes."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from make_submission import LIMITS, submission

from autograder.outcomes import FailureKind
from autograder.sandbox import proxy, questions
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.inside.values import Handle, Opaque, Probe, Seed
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal

SandboxOf = Callable[..., Sandbox]
GOOD = "\ndef good(x): return x + 1\n"

# ------------------------------------------------------------------------------------------------- fields of wrong types

FAILURE = {"cell": "cell 3", "exception": "ValueError", "message": "no", "category": "exception", "lines": ["a", "b"]}
FUNCTION = {"path": "a.py", "also_in": ["b.py"], "kind": "function", "parameters": [["x", "KEYWORD_ONLY", True]]}
MODULE = {"path": "a.py", "module": "a", "failures": [FAILURE], "budget_over": True, "skipped": 3}
MESSAGES: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]] = {
    "answer": (
        {
            "value": 1,
            "gradients": {"x": torch.ones(1), "y": None},
            "modified": ["x"],
            "modes": {"x": True},
            "operations": 3,
            "lines": 4,
        },
        lambda message: questions.answer_of(message, 0.0, ""),
    ),
    "raised": (FAILURE, lambda message: questions.refusal_of(message, "")),
    "loaded": (
        {"found": {"f": FUNCTION}, "modules": [MODULE]},
        lambda message: questions.load_report(message, {"a": "a.py"}, {"f": "a"}, {}),
    ),
}
ODD: dict[str, Any] = {
    "nothing": None,
    "true": True,
    "number": 7,
    "fraction": float("nan"),
    "text": "abc",
    "empty text": "",
    "data": b"abc",
    "list": ["a"],
    "empty list": [],
    "list of lists": [[]],
    "list of maps": [{}],
    "list of data": [b"a", 3, None],
    "tuple": ("a", "b", True),
    "map": {"a": "b"},
    "empty map": {},
    "tensor": torch.zeros(2),
    "empty tensor": torch.zeros(0),
    "number in a tensor": torch.tensor(1),
    "array": np.zeros(2),
    "number in an array": np.array(1),
    "handle": Handle(1, "Model"),
    "opaque": Opaque("Model"),
    "seed": Seed(1),
    "probe": Probe({}),
}
LARGE = {
    "tensor": torch.zeros(8 * 2**20, dtype=torch.uint8),
    "array": np.zeros(8 * 2**20, dtype=np.uint8),
    "text": "\u0100" * 4 * 2**20,
    "data": bytes(8 * 2**20),
    "list": [0] * 200_000,
    "list of texts": ["\u0100" * 2 * 2**20] * 100,
}


def replaced(tree: Any, odd: Any) -> Iterator[Any]:
    """Return copies of a message: in each, one value (a field, an entry, a whole list) is another or is missing."""
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield {name: value for name, value in tree.items() if name != key}
            yield from ({**tree, key: other} for other in (odd, *replaced(inner, odd)))
    elif isinstance(tree, list):
        for place, inner in enumerate(tree):
            yield from ([*tree[:place], other, *tree[place + 1 :]] for other in (odd, *replaced(inner, odd)))
            yield tree[:place] + tree[place + 1 :]


def read(message: dict[str, Any], reader: Callable[[dict[str, Any]], Any]) -> Any:
    """Return what a reader makes of a message, None where it is malformed; anything else is raised."""
    try:
        return reader(message)
    except questions.MALFORMED:
        return None


def require_types(found: Any) -> None:
    """Require the types that everything outside relies on."""
    if isinstance(found, Answer):
        assert all(type(text) is str for text in found.modified)
        assert all(type(mode) is bool for mode in found.modes.values())
        assert all(value is None or type(value) is torch.Tensor for value in found.gradients.values())
        assert found.operations is None or type(found.operations) is int
    if isinstance(found, Refusal):
        assert all(type(text) is str for text in (found.message, found.exception, *found.lines))
    if isinstance(found, LoadReport):
        for function in found.found.values():
            assert all(type(text) is str for text in (function.path, function.kind, *function.also_in))
            assert all([type(p) for p in parameter] == [str, str, bool] for parameter in function.parameters or ())
        for message, lines in found.failures.values():
            assert all(type(text) is str for text in (message, *lines))


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_field_of_any_type_is_refused_or_harmless(name: str, odd: Any) -> None:
    """Whatever stands in a field, the declared exceptions are raised, or every field that is read has its type."""
    message, reader = MESSAGES[name]
    assert read(message, reader) is not None
    for changed in replaced(message, odd):
        require_types(read(changed, reader))


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE)
def test_a_large_field_is_not_converted(name: str, large: Any) -> None:
    """8 MB where a list of names belongs stay 8 MB: iterating over them would make millions of objects."""
    message, reader = MESSAGES[name]
    variants = list(replaced(message, large))
    tracemalloc.start()
    started = time.process_time()
    try:
        for changed in variants:
            read(changed, reader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
    assert time.process_time() - started < 10.0  # of this process alone: what others do takes none of it


# ------------------------------------------------------------------------------------------------------ in a real worker

TAKEN = """
import sys, numpy as np, torch
def patch(name, function):
    setattr(sys.modules["inside.execute"].Session, name, function)
"""
ANSWER = '{"type": "answer", "value": 1, "gradients": {}, "modified": [], "modes": {}, "operations": None, "lines": None, "seconds": 0.0, '


@pytest.mark.parametrize(
    "field",
    [
        '"modified": torch.zeros(6 * 2**20, dtype=torch.uint8)',
        '"modes": {"x": torch.zeros(2)}',
        '"gradients": {"x": 1}',
        '"operations": 1.5',
        '"type": np.zeros(2)',
        '"type": "progress", "module": "work"',
        '"type": "loaded", "found": {}, "modules": []',
    ],
)
def test_answers_with_wrong_fields_are_flagged(field: str, sandbox_of: SandboxOf) -> None:
    """They cost their own question as soon as they are read, not when its time is over, and the next one is answered."""
    source = TAKEN + "def attack():\n    patch('call', lambda self, m: " + ANSWER + field + "})\n"
    sandbox = sandbox_of(source + GOOD)
    assert isinstance(sandbox.call(Question("attack")), Answer)
    refusal = sandbox.call(Question("good", [2]))
    assert isinstance(refusal, Refusal)
    assert refusal.kind is FailureKind.POLICY
    assert refusal.flag
    assert isinstance(sandbox.call(Question("good", [2])), Answer)


@pytest.mark.parametrize(
    "report",
    [
        '"found": {"good": {"path": "work.py", "also_in": [], "kind": "function", "parameters": [[]]}}, "modules": []',
        '"found": {"good": {"path": "work.py", "also_in": 3, "kind": "function", "parameters": None}}, "modules": []',
        '"found": {}, "modules": [{"module": "work", "failures": torch.ones(2), "budget_over": False}]',
        '"found": {}, "modules": [{"module": "work", "failures": [], "budget_over": torch.ones(2)}]',
        '"found": torch.ones(3), "modules": []',
        '"found": {}, "modules": torch.ones(3)',
        '"found": {}, "modules": [], "type": np.zeros(2)',
    ],
)
def test_loading_reports_with_wrong_fields_are_flagged(report: str, sandbox_of: SandboxOf) -> None:
    """The module that sent it is not run again, staff are told, and the rest of the submission is graded."""
    evil = "class Evil:\n    wire = sys.modules['inside.wire']\n    def encode(m, before=wire.encode):\n"
    evil += f"        return before({{**m, {report}}} if m.get('type') == 'loaded' else m)\n    wire.encode = encode\n"
    sandbox = sandbox_of(evil=TAKEN + evil, work=GOOD)
    sandbox.load()
    assert sandbox.flags
    assert isinstance(sandbox.call(Question("good", [2])), Refusal | Answer)


def test_forgetting_may_be_answered_with_anything(sandbox_of: SandboxOf) -> None:
    """An id that is an array is neither equal nor unequal to text."""
    attack = "def attack():\n    wire = sys.modules['inside.wire']\n    before = wire.encode\n"
    attack += "    wire.encode = lambda m: before({**m, 'id': np.zeros(2)})\n"
    sandbox = sandbox_of(TAKEN + attack + GOOD)
    refusal = sandbox.call(Question("attack"))
    assert isinstance(refusal, Refusal)
    assert refusal.flag == "answer channel: an answer to a question that was not asked"
    assert isinstance(sandbox.call(Question("good", [2])), Answer)
    sandbox.call(Question("attack"))
    sandbox.forget()


# --------------------------------------------------------------------------------------------------------- blame and time

BLAMES = """
import os, sys
class Attack:
    place = sys._getframe()
    while place is not None:
        if "on_module" in place.f_locals:
            place.f_locals["on_module"]("innocent")
            os._exit(1)
        place = place.f_back
"""


def test_blame_cannot_be_shifted_for_ever(sandbox_of: SandboxOf) -> None:
    """A module that dies in the name of another one is left out in the end, and the grading is no fault of ours."""
    sandbox = sandbox_of(evil=BLAMES, innocent="def other(): return 2\n", last=GOOD)
    report = sandbox.load()
    assert "evil.py" in report.excluded
    assert isinstance(sandbox.call(Question("good", [2])), Refusal | Answer)


SLOW = """
import time
class Slow:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try: time.sleep(1)
        except BaseException: pass
"""


def test_many_modules_that_hang_do_not_take_their_time_each(
    sandbox_of: SandboxOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading is bounded altogether, not only for every module: the rest is left out."""
    monkeypatch.setattr(proxy, "_GRACE_SECONDS", 1.0)
    limits = LIMITS.model_copy(update={"load_seconds": 0.1})
    sandbox = sandbox_of(limits=limits, **{f"slow{i}": SLOW for i in range(12)}, last=GOOD)
    report = sandbox.load()
    assert sandbox.restarts <= 4, "twelve modules, each in two modes, would be 24 workers that hang"
    assert any("altogether" in why or "stopped" in why for why in report.excluded.values())


def test_all_questions_together_have_a_limit(sandbox_of: SandboxOf) -> None:
    """A function that sleeps through every call is not waited for again and again."""
    limits = LIMITS.model_copy(update={"total_seconds": 100.0})
    sandbox = sandbox_of("import time\ndef slow(seconds):\n    time.sleep(seconds)\n    return 1\n", limits=limits)
    kinds = [getattr(sandbox.call(Question("slow", [0.2])), "kind", None) for _ in range(2)]
    spent = sandbox._asking_seconds
    assert spent >= 0.4
    sandbox._asking_seconds = 99.5  # as if it had gone on like that
    kinds += [getattr(sandbox.call(Question("slow", [60])), "kind", None) for _ in range(3)]
    assert kinds == [None, None, FailureKind.TIMEOUT, FailureKind.TIMEOUT, FailureKind.TIMEOUT]
    assert sandbox.restarts == 1, "only one of them was asked at all"


# ------------------------------------------------------------------------------------------------------------ with a GPU

NEIGHBOURS = """
import os
def attack():
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        if open(f"/proc/{name}/status").read().split("NSpid:")[1].splitlines()[0].split()[-1] == "1" and name != "1":
            continue  # this very process, the first of its namespace
        for what in ("mem", "environ", "root", "fd/0", "cwd"):
            try:
                os.readlink(f"/proc/{name}/{what}") if what in ("root", "fd/0", "cwd") else open(f"/proc/{name}/{what}", "rb").read(1)
                found[f"{name} {what}"] = True
            except OSError as error:
                found[f"{name} {what}"] = False if error.errno == 13 else None
    return found
"""


def test_with_a_gpu_other_processes_are_seen_but_not_read() -> None:
    """A driver needs `/proc`, which is the zygote's: the memory, environment and files of what runs there stay closed."""
    limits = LIMITS.model_copy(update={"device": "cuda"})  # needs no GPU: nothing here asks for one
    backend = Bubblewrap("cuda")
    try:
        with Sandbox(backend, submission(NEIGHBOURS)[0], {"attack": "work"}, limits) as sandbox:
            answer = sandbox.call(Question("attack"))
            assert isinstance(answer, Answer), answer
            closed = {name: opened for name, opened in answer.value.items() if opened is not None}
            assert len(closed) >= 8  # bubblewrap itself and the zygote
            assert not any(closed.values()), closed
    finally:
        backend.close()
