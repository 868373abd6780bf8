"""No two submissions are asked the same by a hidden check, and a page tells no exact answer to what was asked."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import Any

import pytest
import torch

from autograder.checking.asking import Asking
from autograder.report import student_page
from autograder.sandbox.inside.values import Probe
from tests.submissions import build

from .tools import explain, write


def digest_of(value: Any) -> str:
    """A digest of what a question holds: tensors by their numbers, probes by their weights."""
    digest = hashlib.sha256()

    def feed(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            digest.update(str(tuple(part.shape)).encode() + part.detach().contiguous().numpy().tobytes())
        elif isinstance(part, Probe):
            feed(part.spec)
        elif isinstance(part, dict):
            for name, item in part.items():
                digest.update(str(name).encode())
                feed(item)
        elif isinstance(part, list | tuple):
            for item in part:
                feed(item)
        else:
            digest.update(repr(part).encode())

    feed(value)
    return digest.hexdigest()


@pytest.fixture
def asked(monkeypatch) -> dict[str, set[str]]:
    """By check id: digests of the arguments of every question that was asked."""
    found: dict[str, set[str]] = defaultdict(set)
    send = Asking._send

    def recording(self: Asking, question: Any, *rest: Any) -> Any:
        if question.args or question.kwargs:
            given = [*question.args, *question.kwargs.values()]
            sizes_only = all(isinstance(value, int) for value in given)  # then it is the noise that nobody can know
            found[self._check_id].add(digest_of([given, question.seed if sizes_only else None]))
        return send(self, question, *rest)

    monkeypatch.setattr(Asking, "_send", recording)
    return found


@pytest.mark.parametrize(
    "step", [pytest.param(3, id="every_third_function"), pytest.param(1, id="all", marks=pytest.mark.matrix)]
)
def test_two_submissions_are_asked_other_things(grade, tmp_path, asked, rubric, step):
    """They differ in a comment; every hidden check asks both, and never the same."""
    functions = tuple(task.id for task in rubric.tasks if task.kind == "function")[::step]
    seen = []
    for turn in range(2):
        files = {**build.correct(), "notes.py": f"# {turn}\n"}
        record = grade(write(tmp_path / str(turn), files), functions)
        assert record.status == "graded", explain(record)
        seen.append({check_id: set(found) for check_id, found in asked.items()})
        asked.clear()
    hidden = [c.id for task in record.tasks for c in task.checks if c.visibility == "hidden"]
    assert len(hidden) > 100 / step
    same = {check_id for check_id in hidden if seen[0].get(check_id, set()) & seen[1].get(check_id, set())}
    silent = {check_id for check_id in hidden if not seen[0].get(check_id)}
    assert not same, sorted(same)
    assert not silent, sorted(silent)


NOTHING = """
def elbo(x, encoder, decoder, n_samples=1, generator=None):
    return {value}
"""


def test_a_page_does_not_tell_what_to_return(grade, tmp_path):
    """Submissions that only return numbers read off the pages of earlier ones come no further: no page holds the answer to the next."""
    page, points = "", []
    for turn in range(4):
        numbers = re.findall(r"[-−]\d+\.\d{3,}", page)
        value = numbers[-1].replace("−", "-") if numbers else f"-{turn + 1}.5"
        text = NOTHING.format(value=f"(x * 0 + decoder(encoder(x)[0]) * 0).sum() + ({value})")
        record = grade(write(tmp_path / str(turn), {"vae.py": text}), ("elbo",))
        page = student_page(record)
        points.append(record.score)
        for check in record.tasks[0].checks:
            if check.visibility == "hidden" and check.evidence is not None:
                assert check.evidence.expected not in page or not check.evidence.expected, check.id
    assert set(points) == {"0.00"}, points
