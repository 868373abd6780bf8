"""What one call does is counted in all threads: a loop over the batch shows, however it is written, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from autograder.authoring.generic import FEW, MANY, ROOM
from autograder.sandbox.inprocess import OneFunction
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question

SandboxOf = Callable[..., Sandbox]
PRELUDE = """
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

def norm(row):
    return (row * row).sum()

def np_norm(row):
    return (np.asarray(row) ** 2).sum()
"""
LOOPS = {
    "operations in a loop": """
def total(x):
    return torch.stack([norm(row) for row in x])
""",
    "numpy, row by row": """
def total(x):
    values = np.zeros(len(x))
    for i in range(len(x)):
        values[i] = (x.numpy()[i] ** 2).sum()
    return torch.from_numpy(values)
""",
    "a comprehension over an array": """
def total(x):
    a = x.numpy()
    return torch.tensor([float(np.dot(a[i], a[i])) for i in range(len(a))])
""",
    "in a thread": """
def total(x):
    found = []
    def work():
        for row in x.numpy():
            found.append(float(np.dot(row, row)))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return torch.tensor(found)
""",
    "operations in a thread, and no line for each": """
def total(x):
    found = []
    thread = threading.Thread(target=lambda: found.extend(map(torch.sum, x * x)))
    thread.start()
    thread.join()
    return torch.stack(found)
""",
    "a pool that was there before": """
pool = ThreadPoolExecutor(1)
pool.submit(int).result()

def total(x):
    return torch.tensor(list(pool.map(np_norm, x.numpy())))
""",
    "operations in a pool that was there before": """
pool = ThreadPoolExecutor(1)
pool.submit(int).result()

def total(x):
    return torch.stack(list(pool.map(torch.sum, x * x)))
""",
    "map over a lambda": """
def total(x):
    return torch.tensor(list(map(lambda row: float(np.dot(row, row)), x.numpy())))
""",
    "a recursion over rows": """
def over(rows):
    return [] if not len(rows) else [float(np.dot(rows[0], rows[0]))] + over(rows[1:])

def total(x):
    return torch.tensor(over(x.numpy()))
""",
    "np.apply_along_axis": """
def total(x):
    return torch.from_numpy(np.apply_along_axis(np_norm, 1, x.numpy()))
""",
    "np.vectorize": """
def total(x):
    a = x.numpy()
    return torch.from_numpy(np.vectorize(lambda i: (a[i] ** 2).sum())(np.arange(len(a))))
""",
    "plain Python over tolist": """
def total(x):
    values = []
    for row in x.tolist():
        values.append(sum(v * v for v in row))
    return torch.tensor(values)
""",
    "a generator": """
def norms(rows):
    yield from (float(np.dot(row, row)) for row in rows)

def total(x):
    return torch.tensor(list(norms(x.numpy())))
""",
    "a while loop on one line": """
def total(x):
    a = x.numpy(); i = 0; found = []
    while i < len(a): found.append(float(np.dot(a[i], a[i]))); i += 1
    return torch.tensor(found)
""",
    "code that was made from text": """
def total(x):
    place = {"a": x.numpy(), "np": np}
    exec("found = []\\nfor row in a:\\n    found.append(float(np.dot(row, row)))", globals(), place)
    return torch.tensor(place["found"])
""",
}
NO_LOOPS = {
    "on whole tensors": """
def total(x):
    return (x * x).sum(-1)
""",
    "over samples": """
def total(x):
    return torch.stack([(x * x).sum(-1) for _ in range(40)]).mean(0)
""",
    "over dimensions": """
def total(x):
    result = torch.zeros(len(x), dtype=x.dtype)
    for d in range(x.shape[1]):
        result = result + x[:, d] ** 2
    return result
""",
    "torch.vmap": """
def total(x):
    return torch.vmap(norm)(x)
""",
    "torch.jit.script": """
@torch.jit.script
def total(x: torch.Tensor) -> torch.Tensor:
    return (x * x).sum(-1)
""",
    "chunks of a constant size": """
def total(x):
    parts = []
    for start in range(0, len(x), 16):
        chunk = x[start : start + 16]
        parts.append((chunk * chunk).sum(-1))
    return torch.cat(parts)
""",
    "batches that are split off": """
def total(x):
    return torch.cat([(batch * batch).sum(-1) for batch in x.split(64)])
""",
    "decorated": """
def noted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

@noted
@torch.no_grad()
@functools.lru_cache(maxsize=2)
def total(x):
    return (x * x).sum(-1)
""",
    "an object that can be called": """
class Total(torch.nn.Module):
    def forward(self, x):
        return (x * x).sum(-1)

model = Total()
def total(x):
    return model(x)
""",
    "numpy on whole arrays": """
def total(x):
    return torch.from_numpy(np.einsum("ij,ij->i", x.numpy(), x.numpy()))
""",
    "a thread that works on whole tensors": """
def total(x):
    with ThreadPoolExecutor(2) as pool:
        return pool.submit(lambda: (x * x).sum(-1)).result()
""",
}


def _effort(asked: Sandbox | OneFunction, function: str, n: int) -> tuple[int, int]:
    x = torch.linspace(-1.0, 1.0, 3 * n, dtype=torch.float64).reshape(n, 3)
    answer = asked.call(Question(function, [x], count_operations=True))
    assert isinstance(answer, Answer), answer
    assert torch.allclose(torch.as_tensor(answer.value).double(), (x * x).sum(-1))
    assert answer.operations is not None
    assert answer.lines is not None
    return answer.operations, answer.lines


def _loops(asked: Sandbox | OneFunction, function: str = "total") -> bool:
    few, many = (_effort(asked, function, n) for n in (FEW, MANY))
    return any(b > a + room for a, b, room in zip(few, many, ROOM.values(), strict=True))


@pytest.mark.parametrize("name", LOOPS)
def test_loops_are_seen(name: str, sandbox_of: SandboxOf) -> None:
    """A loop over the batch makes operations or lines grow, in whatever thread it runs and whoever makes it."""
    assert _loops(sandbox_of(PRELUDE + LOOPS[name]))


@pytest.mark.parametrize("name", NO_LOOPS)
def test_no_loops_are_not(name: str, sandbox_of: SandboxOf) -> None:
    """What does the same for a batch of any length stays, whatever else is looped over."""
    assert not _loops(sandbox_of(PRELUDE + NO_LOOPS[name]))


def test_a_compiled_function(sandbox_of: SandboxOf) -> None:
    """Plain torch.compile is no loop, although it may compile anew for another length."""
    source = "@torch.compile(backend='eager')\ndef total(x):\n    return (x * x).sum(-1)\n"
    assert not _loops(sandbox_of(PRELUDE + source))


def test_code_of_libraries_does_not_count() -> None:
    """Functions of ours stand for a submission where candidates are tried: their lines count, those of libraries do not."""

    def looped(x: torch.Tensor) -> torch.Tensor:
        return torch.tensor([sum(v * v for v in row) for row in x.tolist()], dtype=x.dtype)

    def whole(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pairwise_distance(x, torch.zeros_like(x), eps=0.0) ** 2

    assert _loops(OneFunction("looped", looped), "looped")
    assert _effort(OneFunction("whole", whole), "whole", FEW)[1] == 2


def test_who_removes_the_hook_is_not_counted(sandbox_of: SandboxOf) -> None:
    """There is no number where something else took the place of what counts; the next call is counted again."""
    source = "import sys\ndef total(x, trick):\n    if trick: sys.settrace(None)\n    return (x * x).sum(-1)\n"
    sandbox = sandbox_of(source)
    lines = []
    for trick in (True, False):
        answer = sandbox.call(Question("total", [torch.ones(2, 3), trick], count_operations=True))
        assert isinstance(answer, Answer)
        lines.append(answer.lines)
    assert lines == [None, 3]


def test_counting_costs_other_questions_nothing(sandbox_of: SandboxOf) -> None:
    """It has a worker of its own, so no thread of the others is watched, and nothing of it is left where it dies."""
    source = "import os\nseen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)\ndef die(x):\n    os._exit(0)\n"
    sandbox = sandbox_of(source)
    for function in ("f", "f", "die"):
        sandbox.call(Question(function, [1], count_operations=True))
    answer = sandbox.call(Question("f", [1]))
    assert isinstance(answer, Answer)
    assert (answer.value, answer.lines, sandbox.restarts) == (1, None, 1)
