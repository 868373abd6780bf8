"""Asking a sandbox in tests, where the kind of reply is known."""

from __future__ import annotations

from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal


def value(sandbox: Sandbox, function: str, *arguments: object) -> object:
    """Return the value of a question that has an answer."""
    answer = sandbox.call(Question(function, list(arguments)))
    assert isinstance(answer, Answer), answer
    return answer.value


def refusal(sandbox: Sandbox, function: str, *arguments: object) -> Refusal:
    """Return the refusal of a question that has no answer."""
    refused = sandbox.call(Question(function, list(arguments)))
    assert isinstance(refused, Refusal), refused
    return refused
