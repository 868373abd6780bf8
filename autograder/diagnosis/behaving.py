"""How a function behaves on the probes of its task: asked after everything else, in a worker that has seen no question before.

It decides nothing about points: a class is sorted by it, so that people look once at what many did. Everything in it was said by the
submission.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.contract import Contract
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import TaskRule
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed
from autograder.behaviour import Behaviour, ProbeAnswer
from autograder.checking import describe, ladder
from autograder.checking.compare import compare, relation
from autograder.checking.results import CheckResult
from autograder.checking.student import Student, matching_parts, precision_of
from autograder.diagnosis.effort import Counted, Effort, Spent
from autograder.diagnosis.probes import DRAWS, TaskProbes, numbers, probes_of
from autograder.outcomes import FailureKind, Outcome
from autograder.records import Flag
from autograder.sandbox.inprocess import OneFunction
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal
from autograder.sandbox.scripts import RunScript, ScriptAnswer

MOST_CALLS = 2_000
"""Calls for one submission: 400 deterministic tasks, or ten random ones."""
MOST_DEATHS = 3
"""Hangs and crashes of one submission after which nothing more is asked."""
_NOTHING_TO_ASK = frozenset(
    {FailureKind.MISSING, FailureKind.IMPORT, FailureKind.SIGNATURE, FailureKind.POLICY, FailureKind.TIMEOUT}
)
_DEATHS = frozenset({FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY})
_LONGEST = 160
_ALIKE = (0.3, 0.25)
"""How far draws may be off in the mean, in standard deviations, and in the logarithm of their spread."""
_FAR = 1000.0


def unexplained(task: TaskRule, results: Mapping[str, CheckResult], assignment: Assignment) -> bool:
    """Whether something of a function failed through a fault of its own which no mistake explains that the author wrote down, and it can
    be asked.
    """
    if task.kind != "function":
        return False
    own = [results[f"{task.id}.{rule.name}"] for rule in task.checks if f"{task.id}.{rule.name}" in results]
    failed = [r for r in own if r.outcome is Outcome.FAILED and r.carried_from is None and not r.forms]
    if not failed or any(result.kind in _NOTHING_TO_ASK for result in failed):
        return False
    written = {candidate.name for candidate in assignment.candidates.mistakes(task.id)}
    return any(
        result.diagnosis is None or any(m.name not in written for option in result.diagnosis.options for m in option)
        for result in failed
    )


def behaviours(
    assignment: Assignment,
    tasks: Iterable[TaskRule],
    results: Mapping[str, CheckResult],
    sandbox: Sandbox,
    report: LoadReport,
) -> tuple[dict[str, Behaviour], tuple[Flag, ...]]:
    """Return how the functions behave in which something is unexplained, by task, and what staff should know.

    Args:
        assignment: For the probes.
        tasks: In the rubric's order.
        results: How every check ended, by id.
        sandbox: Has loaded the submission; a worker of its own is asked.
        report: What loading found.
    """
    wanted = [task.id for task in tasks if unexplained(task, results, assignment)]
    found: dict[str, Behaviour] = {}
    flags: list[Flag] = []
    if not wanted:
        return found, ()
    effort, deaths = Effort(MOST_CALLS), 0
    with sandbox.fresh(None) as asked:
        for task in wanted:
            try:
                probes = probes_of(assignment).of(task)
            except Exception as error:  # the author's inputs, or a reference that does not work in float64
                remark = f"no probes could be made of the inputs ({type(error).__name__}: {error})"
                found[task] = Behaviour(probes="", remark=remark[:_LONGEST])
                continue
            if probes is None:
                continue
            try:
                if deaths >= MOST_DEATHS:
                    found[task] = Behaviour(probes=probes.digest, remark="not asked: the process had died too often")
                    continue
                counted = Counted(_Charged(asked, sandbox), effort)
                found[task] = behaviour_on(probes, counted, report, assignment.contract)
            except Spent:
                found[task] = Behaviour(probes=probes.digest, remark="not asked: other tasks took all calls")
            except Exception as error:  # ours: it must cost no more than this
                message = f"{task} could not be asked about the probes of the class ({type(error).__name__}: {error})"
                flags.append(Flag(code="our-fault", message=message[:500]))
            else:
                deaths += any(answer.failure in _DEATHS for answer in found[task].answers)
        flags += [Flag(code="tampering", message=text) for text in dict.fromkeys(asked.flags)]
    return found, tuple(flags)


class _Charged:
    """A sandbox whose seconds count as those of another one: all questions of a grading together have one limit."""

    def __init__(self, asked: Sandbox, charged: Sandbox) -> None:
        self._asked, self._charged = asked, charged

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        return self._asked.charged_to(self._charged, lambda asked: asked.call(question))

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        return self._asked.charged_to(self._charged, lambda asked: asked.inspect(question))

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a script."""
        return self._asked.charged_to(self._charged, lambda asked: asked.run_script(question))


def behaviour_of(function: Callable[..., Any], probes: TaskProbes, contract: Contract, name: str) -> Behaviour:
    """Return how a function of ours behaves, which is called in this process.

    Args:
        function: Takes what the contract says.
        probes: What it is asked.
        contract: Of the assignment.
        name: The Python name that the contract has for it.
    """
    one = OneFunction(name, function)
    return behaviour_on(probes, Counted(one, Effort(MOST_CALLS)), one.report, contract)


def behaviour_on(probes: TaskProbes, asked: Counted, report: LoadReport, contract: Contract) -> Behaviour:
    """Ask all probes of a task, until one ends the process.

    Raises:
        Spent: There are not enough calls left.
    """
    answers: list[ProbeAnswer] = []
    compared: list[tuple[Tensor, Tensor]] = []
    for place, case in enumerate(probes.cases):
        answer, pair = _answer(probes, place, case, asked, report, contract)
        answers.append(answer)
        compared += [] if pair is None else [pair]
        if answer.failure in _DEATHS or answer.failure in _NOTHING_TO_ASK:
            break
    whole = None
    if len(compared) == len(probes.cases) and any(answer.relation != "equal" for answer in answers):
        whole = _constant(*(torch.cat(parts) for parts in zip(*compared, strict=True)))
    return Behaviour(
        probes=probes.digest,
        relation="" if whole is None else whole[0],
        number=None if whole is None else whole[1],
        random=probes.random,
        answers=tuple(answers),
        remark="of draws, only mean and spread are compared, coarsely" if probes.random else "",
    )


def _answer(
    probes: TaskProbes, place: int, case: Case, asked: Counted, report: LoadReport, contract: Contract
) -> tuple[ProbeAnswer, tuple[Tensor, Tensor] | None]:
    """Return what comes back from one probe; with the numbers that came and those that should, where there are as many."""
    sizes, expected = probes.sizes[place], probes.expected[place]
    student = Student(asked, report, contract, f"{case.function}.probes")
    signed = student.contract_of(case)
    base = ProbeAnswer(sizes=dict(sizes), relation="failed", asked=came_as(expected, sizes))
    try:
        ladder.require_signature(signed, ladder.require_found(signed, report))
    except CheckFailed as failure:
        return base.model_copy(update={"failure": failure.kind}), None
    reply = asked.call(case.question(signed))
    if isinstance(reply, Refusal):
        return base.model_copy(update=_refused(reply)), None
    base = base.model_copy(update={"came": came_as(reply.value, sizes)})
    try:
        value = student.settled(case, reply, finite=False)
        pairs = [student.comparable(case, *pair) for pair in _aligned(value, expected)]
    except CheckFailed:
        return base.model_copy(update={"relation": "kind", "digest": _digest(numbers(reply.value))}), None
    if probes.random:
        return base.model_copy(update=_of_draws(case, asked, signed, probes.draws[place])), None
    agrees = all(compare(got, want, precision_of(case, got), case.scale).agrees for got, want in pairs)
    flat = [torch.cat([_flat(pair[side]) for pair in pairs] or [_flat(torch.zeros(0))]) for side in (0, 1)]
    return base.model_copy(update=_related(flat[0], flat[1], agrees)), _finite(flat[0], flat[1])


def _aligned(value: Any, expected: Any) -> list[tuple[Any, Any, str]]:
    return [(got, want, what) for what, got, want in matching_parts(value, expected)]


def _flat(value: Tensor) -> Tensor:
    return value.detach().reshape(-1).to("cpu", torch.float64)


def _finite(got: Tensor, want: Tensor) -> tuple[Tensor, Tensor] | None:
    return (got, want) if bool(got.isfinite().all() and want.isfinite().all()) else None


def _related(got: Tensor, want: Tensor, agrees: bool) -> dict[str, Any]:
    """Return how the numbers of one answer relate to those that are expected."""
    if agrees:
        return {"relation": "equal"}
    if bool((~got.isfinite() & want.isfinite()).any()):
        return {"relation": "lost", "digest": _digest(got)}
    if (found := _constant(got, want)) is not None:
        return {"relation": found[0], "number": found[1]}
    return {"relation": "other", "digest": _digest(got)}


def _constant(got: Tensor, want: Tensor) -> tuple[Literal["factor", "offset"], float] | None:
    """Return the constant that explains all numbers, if there is one that is a number itself: answers may be as large as they like."""
    found = relation(got, want)
    if found is None or not math.isfinite(found[1]):
        return None
    return "factor" if found[0] == "factor" else "offset", _number(found[1])


def _number(value: float) -> float:
    return float(f"{value:.6g}")


def _digest(values: Tensor) -> tuple[float, ...]:
    """Return three numbers that tell answers apart: the largest magnitude, and two weighted means as shares of it."""
    finite = values[values.isfinite()]
    largest = float(finite.abs().max()) if len(finite) else 0.0
    if largest == 0.0:
        return (0.0, 0.0, 0.0)
    scaled = finite / largest
    weights = torch.linspace(0.0, 12.9898, len(scaled), dtype=torch.float64).sin()  # generic: tells permutations apart
    return (_number(largest), round(float(scaled.mean()), 5), round(float((weights * scaled).mean()), 5))


def _of_draws(case: Case, asked: Counted, signed: Any, right: Tensor) -> dict[str, Any]:
    """Return how many draws compare with the reference's: their mean, in standard deviations, and their spread."""
    reply = asked.call(case.question(signed, repeat=DRAWS))
    if isinstance(reply, Refusal):
        return _refused(reply)
    rows = _rows(reply)
    if rows is None or rows.shape != right.shape or not right.shape[1]:
        return {"relation": "kind", "digest": _digest(numbers(reply.value))}
    if not bool(rows.isfinite().all()):
        return {"relation": "lost"}
    size = 1 + right.mean(0).abs()
    spread, own = right.std(0), rows.std(0)
    off = (rows.mean(0) - right.mean(0)) / spread.clamp(min=1e-3 * size)
    moving = spread > 1e-9 * size
    ratio = float((own / spread)[moving].median()) if bool(moving.any()) else 1.0 + float((own / size).max())
    centre = float(off[off.abs().argmax()])
    centre, ratio = max(-_FAR, min(centre, _FAR)), max(1 / _FAR, min(ratio, _FAR))
    # the largest of many entries is off by chance: by more, the more there are
    chance = _ALIKE[0] + 0.1 * math.log(len(off))
    alike = abs(centre) <= chance and abs(math.log(ratio)) <= _ALIKE[1]
    return {"relation": "alike" if alike else "unlike", "digest": (round(centre, 2), round(ratio, 3))}


def _rows(reply: Answer) -> Tensor | None:
    """Return the numbers of each of `DRAWS` calls as rows, where all give as many."""
    if not isinstance(reply.value, list | Tensor) or len(reply.value) != DRAWS:
        return None
    rows = [numbers(item) for item in reply.value]
    return torch.stack(rows) if len({len(row) for row in rows}) == 1 else None


# ------------------------------------------------------------------------------------------------------------ in words


def _refused(refusal: Refusal) -> dict[str, Any]:
    _, _, text = refusal.message.partition(f"it raised {refusal.exception}: ") if refusal.exception else ("", "", "")
    return {
        "relation": "failed",
        "failure": refusal.kind,
        "exception": refusal.exception[:_LONGEST],
        "message": without_numbers(text)[:_LONGEST],
        "line": _innermost(refusal.lines)[:_LONGEST],
    }


def without_numbers(text: str) -> str:
    """Return a text on one line with `#` for every number in it: what an exception says of another input with the same fault."""
    return re.sub(r"\b0x[0-9a-fA-F]+\b|\d+(?:[.,]\d+)*", "#", " ".join(text[:2000].split()))


def _innermost(lines: Sequence[str]) -> str:
    """Return the text of the line in which a traceback ends."""
    places = [place for place, line in enumerate(lines) if line.startswith('File "')]
    return lines[places[-1] + 1].strip() if places and places[-1] + 1 < len(lines) else ""


_MOST_PARTS = 4


def came_as(value: Any, sizes: Mapping[str, int], depth: int = 0) -> str:
    """Return what kind of thing a value is, with the names of axes in place of their sizes where these tell them: `array (B, D)`."""
    if isinstance(value, Tensor | np.ndarray):
        named = [_axis(size, sizes) for size in value.shape]
        return f"array ({', '.join(named)}{',' if len(named) == 1 else ''})"
    if isinstance(value, bool | int | float):
        return "number"
    if isinstance(value, tuple | list) and depth < 2:
        inside = [came_as(item, sizes, depth + 1) for item in value[:_MOST_PARTS]]
        more = ", ..." if len(value) > _MOST_PARTS else ""
        return f"{type(value).__name__} of {len(value)}: {', '.join(inside)}{more}"
    if value is None:
        return "nothing"
    return describe.kind_of(value)[:_LONGEST] if not isinstance(value, str) else "text"


def _axis(size: int, sizes: Mapping[str, int]) -> str:
    named = [axis for axis, own in sizes.items() if own == size]
    return named[0] if len(named) == 1 and size > 1 else str(size)


__all__ = ["behaviour_of", "behaviour_on", "behaviours", "came_as", "unexplained", "without_numbers"]
