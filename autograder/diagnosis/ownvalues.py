"""Stand-ins that answer with the submission's own values: what is left to see is whether those values are why a check fails.

A check that passes with right values in place of a function's (`standins.StandIns`) need not have failed because of that function:
the submission may notice that it is stood in for, and be right only then. So the check is asked a second time in the same way,
and the function's own values come through its stand-in. Each is asked for in another worker, as an ordinary question about the
very arguments, where neither the call stack nor anything else tells it from a question of the function's own checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from torch import Tensor

from autograder.assignment.contract import Contract
from autograder.authoring.failures import CheckFailed
from autograder.checking import describe
from autograder.checking.compare import compare
from autograder.checking.student import matching_parts
from autograder.diagnosis.requests import Refused, Replies, Sent, network_sent
from autograder.diagnosis.standins import MOST_ELEMENTS, Answered
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe, Seed
from autograder.sandbox.questions import Answer, Asked, MalformedRequest, Question, Refusal

_FAR: Final = 10.0
"""Multiples of the tolerance, whose scale is known to the function's own checks alone."""


class OwnValues(Replies):
    """Answers with the submission's own functions.

    Attributes:
        beyond: Whether a function did what no stand-in can: it changed an argument or the mode of a network, or returned an object.
        ended: Whether a call took too long or too much memory, or ended the worker.
        flags: What staff should know: the other worker tampered with its answers.
    """

    def __init__(self, contract: Contract, own: Asked) -> None:
        """`own` is the submission in another worker, asked without stand-ins."""
        super().__init__(contract)
        self._own = own
        self._calls = 0
        self._parts: dict[str, list[int | None]] = {}
        self.beyond = False
        self.ended = False
        self.flags: list[str] = []

    def answered(self, question: Question, sent: Sent) -> dict[str, Any]:
        """See `Replies.answered`: refused is whatever ended the call."""
        arguments = {name: _as_sent(value, question) for name, value in sent.given.items()}
        if sent.cotangents is not None:
            return {"gradients": self._gradients(arguments, sent)}
        answer = self._ask(self._question(arguments, sent))
        self.beyond = self.beyond or bool(answer.modified) or not all(answer.modes.values())
        if not _crosses(answer.value):
            self.beyond = True
            raise Refused("it returned what cannot be handed on")
        self._parts[sent.contract.name] = _floating_parts(answer.value)
        return {"value": answer.value}

    def wrong_throughout(self, calls: Sequence[Answered]) -> bool:
        """Whether every call is refused, or has a value far from the right one, up to the first that ends the worker.

        The value of a random function is never far.
        """
        for call in calls:
            try:
                value = self.answered(call.question, call.sent)["value"]
            except Refused:
                if self.ended:
                    return True
                continue
            random = any(parameter.name == "generator" for parameter in call.sent.contract.parameters)
            if random or not self._far(value, call.right):
                return False
        return bool(calls)

    @staticmethod
    def _far(value: Any, right: Any) -> bool:
        try:
            return any(_far(got, want) for _, got, want in matching_parts(value, right))
        except CheckFailed:  # it has other parts
            return True

    def _gradients(self, arguments: Mapping[str, Any], sent: Sent) -> list[Tensor | None]:
        """Return d⟨cotangents, own value⟩ for every leaf, None where no part of the value depends on it."""
        assert sent.cotangents is not None
        parts = self._parts.get(sent.contract.name, [])
        cotangents = [cotangent for cotangent in sent.cotangents if cotangent.is_floating_point()]
        if len(parts) != len(cotangents):
            raise Refused("its results have other parts than before")
        total: dict[str, Tensor | None] = dict.fromkeys(sent.leaves)
        for part, cotangent in zip(parts, cotangents, strict=True):
            asked = self._question(arguments, sent, gradients=list(sent.leaves), part=part, cotangent=cotangent)
            for name, found in self._ask(asked).gradients.items():
                before = total.get(name)
                total[name] = before if found is None else found if before is None else before + found
        return [total[name] for name in sent.leaves]

    def _question(self, arguments: Mapping[str, Any], sent: Sent, **options: Any) -> Question:
        """Return the call as an ordinary question: by position, as far as nothing is left out."""
        positional: list[str] = []
        for parameter in sent.contract.parameters:
            if parameter.keyword_only or parameter.name not in arguments:
                break
            positional.append(parameter.name)
        self._calls += 1
        return Question(
            sent.contract.name,
            [arguments[name] for name in positional],
            positional,
            {name: value for name, value in arguments.items() if name not in positional},
            {"generator": Seed(sent.seed)} if sent.generator else {},
            # of a function that ignores its generator, two calls with the same one differ
            seed=self._calls if sent.generator else sent.seed,
            **options,
        )

    def _ask(self, question: Question) -> Answer:
        reply = self._own.call(question)
        if not isinstance(reply, Refusal):
            return reply
        self.ended = self.ended or reply.kind in (FailureKind.TIMEOUT, FailureKind.MEMORY, FailureKind.CRASH)
        if reply.flag:
            self.flags.append(reply.flag)
        raise Refused(reply.message[:500])


def _as_sent(value: Any, question: Question) -> Any:
    """Return an argument as it goes to the other worker: what it is here, networks as the question has them."""
    if isinstance(value, Probe):
        return network_sent(value, question)
    if value is None or isinstance(value, bool | int | float | str | Tensor | np.ndarray):
        return value
    if isinstance(value, Seed):
        raise Refused("a generator is no argument of it")
    raise MalformedRequest(f"an argument of type {type(value).__name__}")  # the runner sends nothing else


def _far(got: Any, want: Any) -> bool:
    """Whether a part of a value is not the right one, by more than a difference in rounding."""
    if not isinstance(want, Tensor | float | int) or not isinstance(got, Tensor | np.ndarray | float | int):
        return False
    answer, right = describe.plain_tensor(got), describe.plain_tensor(want)
    if answer.numel() != right.numel():
        return True
    return compare(answer, right.reshape(answer.shape), right.dtype).share > _FAR


def _crosses(value: Any) -> bool:
    """Whether a value can go in as data, and is no larger than what a stand-in computes."""
    if isinstance(value, Tensor | np.ndarray):
        return int(np.prod(value.shape)) <= MOST_ELEMENTS
    if isinstance(value, tuple | list):
        return all(map(_crosses, value))
    if isinstance(value, dict):
        return all(map(_crosses, value.values()))
    return value is None or isinstance(value, bool | int | float | str)


def _floating_parts(value: Any) -> list[int | None]:
    """Return where the parts of a value are that can be differentiated; None for a value that is one tensor."""
    if isinstance(value, tuple | list):
        return [place for place, part in enumerate(value) if _is_floating(part)]
    return [None] if _is_floating(value) else []


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


__all__ = ["OwnValues"]
