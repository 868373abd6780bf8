"""Behaviour on the probes of a class, in words for staff."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.records import Behaviour, FailureKind, ProbeAnswer

_FACTORS = {
    0.0: "zeros",
    -1.0: "minus what is expected",
    0.5: "half of what is expected",
    -0.5: "minus half of what is expected",
}
_NO_ANSWER = {
    FailureKind.TIMEOUT: "no answer in time",
    FailureKind.CRASH: "the process died",
    FailureKind.MEMORY: "out of memory",
    FailureKind.SIGNATURE: "cannot be called as documented",
    FailureKind.MISSING: "not implemented",
}

_OTHER = "other values"


def in_words(behaviour: Behaviour) -> str:
    """Return a behaviour in one sentence without its full stop: `2 × what is expected, everywhere`."""
    answers = behaviour.answers
    if behaviour.relation:
        return f"{_constant(behaviour.relation, behaviour.number)}, everywhere"
    if not answers:
        return behaviour.remark or "nothing was asked"
    wrong = [answer for answer in answers if answer.relation not in ("equal", "alike")]
    if not wrong:
        seen = "right in mean and spread" if behaviour.random else "right"
        return f"{seen} on all {len(answers)} probes of the class"
    said = tuple(dict.fromkeys(of_answer(answer) for answer in wrong))
    what = " or ".join(said[:2]) + (" or otherwise" if len(said) > 2 else "")
    if said == (_OTHER,) and any(answer.digest for answer in wrong):  # two faults that both have no better words
        what += f" (the largest is {max(answer.digest[0] for answer in wrong if answer.digest):.4g})"
    if len(wrong) == len(answers):
        return f"{what}, everywhere" if len(said) == 1 else what
    return f"right but {_where(answers, wrong)}: {what}"


def of_answer(answer: ProbeAnswer) -> str:
    """Return what came back from one probe, in a few words."""
    if answer.relation == "equal":
        return "right"
    if answer.relation == "alike":
        return "mean and spread as expected"
    if answer.relation == "unlike" and len(answer.digest) == 2:
        return f"draws with a mean up to {answer.digest[0]:g} deviations off and {answer.digest[1]:g} × the spread"
    if answer.relation in ("factor", "offset"):
        return _constant(answer.relation, answer.number)
    if answer.relation == "lost":
        return "NaN or infinite"
    if answer.relation == "kind":
        return f"{answer.came} in place of {answer.asked}" if answer.came != answer.asked else f"another {answer.came}"
    if answer.exception:
        return (
            f"{answer.exception} in the line `{answer.line.replace('`', chr(39))}`" if answer.line else answer.exception
        )
    if answer.failure is not None:
        return _NO_ANSWER.get(answer.failure, "no answer")
    return _OTHER


def sizes_in_words(answer: ProbeAnswer) -> str:
    """Return of which sizes a probe was: `B = 1, D = 3`."""
    return ", ".join(f"{axis} = {size}" for axis, size in answer.sizes.items()) or "no sizes"


def _constant(relation: str, number: float | None) -> str:
    value = 0.0 if number is None else number
    if relation == "offset":
        return f"{abs(value):.4g} too {'much' if value > 0 else 'little'}"
    near = next((words for factor, words in _FACTORS.items() if abs(value - factor) <= 1e-3), None)
    return near or f"{value:.4g} × what is expected"


def _where(answers: Sequence[ProbeAnswer], wrong: Sequence[ProbeAnswer]) -> str:
    """Return what the probes have in common on which it is wrong: an axis of size 1, or more than 1; else how many they are."""
    right = [answer for answer in answers if answer not in wrong]
    for axis in wrong[0].sizes:
        ones = [answer.sizes.get(axis) == 1 for answer in wrong]
        others = [answer.sizes.get(axis) == 1 for answer in right]
        if all(ones) and not any(others):
            return f"for {axis} = 1"
        if not any(ones) and all(others):
            return f"for {axis} > 1"
    return f"on {len(wrong)} of {len(answers)} probes"
