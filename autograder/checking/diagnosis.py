"""Naming a misconception: the calls a failed check made are compared with the named wrong answers to that function.

A name is given only if a wrong answer agrees with the submission on *every* recorded call, and differs from the reference on at
least one of them. Where several agree, all are named; where none does, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.checking.cases import Case
from autograder.checking.compare import compare, find_pattern
from autograder.checking.describe import plain_tensor
from autograder.checking.mistakes import NamedMistake
from autograder.checking.oracle import arguments_in_float64, call_like_reference
from autograder.contract import FunctionContract

MOST_CALLS = 48
"""Recorded calls that are looked at: enough to tell wrong answers apart, few enough to cost nothing."""
MOST_NAMES = 3


@dataclass(frozen=True)
class Diagnosis:
    """What was recognised: the names, joined, and a text with the evidence."""

    names: tuple[str, ...]
    text: str


def diagnose(
    calls: Sequence[tuple[Case, Any, Any]], mistakes: Mapping[str, Sequence[NamedMistake]], contract: FunctionContract
) -> Diagnosis | None:
    """Compare recorded calls (case, answer, expected) of one function with its named wrong answers."""
    used = [call for call in calls if call[0].function == contract.name][:MOST_CALLS]
    if not used:
        return None
    agreeing = [mistake for mistake in mistakes.get(contract.name, ()) if _explains(mistake, used, contract)]
    if not agreeing or len(agreeing) > MOST_NAMES:
        return None
    explanations = " Or: ".join(mistake.explanation for mistake in agreeing)
    return Diagnosis(tuple(mistake.name for mistake in agreeing), f"{explanations} {_evidence(used)}".strip())


def _explains(mistake: NamedMistake, calls: Sequence[tuple[Case, Any, Any]], contract: FunctionContract) -> bool:
    differs = False
    for case, got, expected in calls:
        try:
            predicted = call_like_reference(mistake.function, contract, arguments_in_float64(case), case.seed)
        except Exception:
            return False
        if not _agrees(got, predicted, case):
            return False
        differs = differs or not _agrees(predicted, expected, case)
    return differs


def _agrees(got: Any, wanted: Any, case: Case) -> bool:
    left = got if isinstance(got, tuple | list) else (got,)
    right = wanted if isinstance(wanted, tuple | list) else (wanted,)
    if len(left) != len(right):
        return False
    for a, b in zip(left, right, strict=True):
        answer, value = plain_tensor(a), plain_tensor(b)
        if answer.shape != value.shape:
            return False
        dtype = case.dtype() if answer.dtype.is_floating_point else None
        if not compare(answer, value, dtype, case.scale).agrees:
            return False
    return True


def _evidence(calls: Sequence[tuple[Case, Any, Any]]) -> str:
    """Say what all recorded calls have in common, if something simple does."""
    answers, wanted = [], []
    for _, got, expected in calls:
        first, best = (value[0] if isinstance(value, tuple | list) else value for value in (got, expected))
        answers.append(_flat(first))
        wanted.append(_flat(best))
    count = len(calls)
    where = f"on all {count} inputs" if count > 1 else "on the input"
    pattern = find_pattern(torch.cat(answers), torch.cat(wanted))
    return f"({where}: {pattern})" if pattern else f"(your results agree with this mistake {where})"


def _flat(value: Any) -> Tensor:
    return plain_tensor(value).detach().double().reshape(-1)
