"""A function whose result hangs on what was asked before gives another value when it is asked again, and loses that check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny_assignment import REFERENCE, checks_of, grade_here, make_assignment

from autograder.authoring.failures import CheckFailed
from autograder.checking import repeats
from autograder.checking.repeats import Repeats
from autograder.checking.results import CheckResult, Context
from autograder.outcomes import FailureKind, Outcome
from autograder.sandbox.bubblewrap import Bubblewrap

REMEMBERS = {
    "counts its calls": """
calls = 0
def double(x):
    global calls
    calls += 1
    return 2 * x if calls <= 40 else 3 * x
""",
    "answers by shape in the end": """
seen = {}
asked = []
def double(x):
    asked.append(1)
    if len(asked) > 40 and x.shape in seen and not (seen[x.shape] == x).all():
        return 2 * seen[x.shape]
    seen.setdefault(x.shape, x.clone())
    return 2 * x if len(asked) <= 40 else 2 * x + 1
""",
    "a default argument that changes": """
def double(x, scale=[2.0] * 45):
    return scale.pop() * x if len(scale) > 1 else scale[0] * x + 1
""",
    "must be asked for something else first": """
import torch
ready = False
def double(x):
    global ready
    ready = ready or x.tolist() == [1.0, 2.0]
    return 2 * x if ready else torch.zeros_like(x)
""",
    "raises where it was not prepared": """
def double(x):
    global factor
    if x.tolist() == [1.0, 2.0]:
        factor = 2
    return factor * x
""",
    "the number of files that it wrote": """
import os
def double(x):
    open(f"call_{len(os.listdir('.'))}", "w").close()
    return 2 * x if len(os.listdir(".")) < 45 else x
""",
}
FORGETS = {
    "whole": "def double(x):\n    return x + x\n",
    "a counter that decides nothing": "calls = []\ndef double(x):\n    calls.append(len(calls))\n    return 2 * x\n",
    "a cache by value": """
cache = {}
def double(x):
    key = tuple(x.tolist())
    if key not in cache:
        cache[key] = 2 * x
    return cache[key].clone()
""",
    "a constant that is made when it is needed first": """
import torch
two = None
def double(x):
    global two
    if two is None:
        two = torch.tensor(2.0, dtype=x.dtype)
    return two * x
""",
    "arguments that are changed": "def double(x):\n    return x.mul_(2)\n",
    "noise of its own, within rounding": """
import time
import torch
noise = torch.Generator().manual_seed(time.time_ns() % 2**31)
def double(x):
    return 2 * x * (1 + 1e-15 * torch.randn(x.shape, generator=noise, dtype=x.dtype))
""",
}


def _graded(source: str, folder: Path, backend: Bubblewrap) -> Mapping[str, Any]:
    return checks_of(grade_here(make_assignment(folder), source, backend=backend))["double.value"]


@pytest.mark.parametrize("name", REMEMBERS)
def test_who_remembers_loses(name: str, tmp_path: Path, backend: Bubblewrap) -> None:
    """What depends on earlier calls is noticed, although every value that the checks asked for was right; the words say so."""
    check = _graded(REMEMBERS[name], tmp_path, backend)

    assert (check["outcome"], check["kind"]) == ("failed", "value")
    assert check["message"].startswith("`double` gave the right value first, but the same call gave another one when")
    assert "look for counters, caches and globals" in check["help"]
    assert check["carried_from"] is None


@pytest.mark.parametrize("name", FORGETS)
def test_who_does_not_keeps_all(name: str, tmp_path: Path, backend: Bubblewrap) -> None:
    """A cache, a lazily made constant or noise within rounding change no value."""
    assert _graded(FORGETS[name], tmp_path, backend)["outcome"] == "passed"


def test_random_functions_are_not_asked_again(tmp_path: Path, backend: Bubblewrap) -> None:
    """Where the contract has a generator, a result may be another one each time."""
    folder = make_assignment(tmp_path)
    signature = '(x: Float[Tensor, "B"], *, generator: Generator | None = None)'
    answers = REFERENCE.replace('(x: Float[Tensor, "B"])', signature).replace(
        "import Tensor", "import Generator, Tensor"
    )
    (folder / "reference" / "answers.py").write_text("\n".join(line[4:] for line in answers.splitlines()))
    source = REMEMBERS["counts its calls"].replace("double(x)", "double(x, *, generator=None)")
    check = checks_of(grade_here(folder, source, backend=backend))["double.value"]
    assert check["outcome"] == "passed", check["message"]


def test_what_fails_once_only_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check fails where both of two fresh workers gave another value; kinds that have other reasons never do."""
    wrong = CheckFailed(FailureKind.VALUE, "another value")
    rounds = [{"a.value": wrong, "a.golden": wrong}, {"a.value": wrong}]
    monkeypatch.setattr(repeats, "_failures", lambda *_: rounds.pop(0))
    results = {name: CheckResult(name, "", "hidden", Outcome.PASSED) for name in ("a.value", "a.golden")}
    Repeats().settle(Context(None, None, None), results, lambda: None)  # type: ignore[arg-type,return-value]
    assert [result.outcome for result in results.values()] == [Outcome.FAILED, Outcome.PASSED]
    assert results["a.value"].brief == ""
    assert rounds == []
    assert FailureKind.TIMEOUT not in repeats._DECIDES
