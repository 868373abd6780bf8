"""The decorators leave what they decorate as it is, and refuse arguments that do not go together."""

from collections.abc import Callable
from typing import Any

import pytest

from autograder.authoring.candidates import graded, right, wrong
from autograder.errors import UsageError


@pytest.mark.parametrize(
    "decorate",
    [
        wrong(),
        wrong("a"),
        wrong("a", "A.", severity="slip", credit=0.5),
        right("a", "A.", second=True),
        graded(0.5, "A."),
    ],
)
def test_what_is_decorated_stays_the_same(decorate: Callable[[Any], Any]) -> None:
    """The very function, or class, is returned."""

    class Plain:
        pass

    def plain() -> None:
        pass

    assert decorate(Plain) is Plain
    assert decorate(plain) is plain


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wrong("a", "A.", rewritten=True), "@wrong('a'): a sentence belongs to the first form of a mistake"),
        (lambda: wrong(sentence="A."), "@wrong(''): a sentence belongs to the first form of a mistake"),
        (lambda: wrong(rewritten=True), "@wrong(rewritten=True): of which mistake?"),
        (lambda: wrong("a", severity="slip"), "@wrong('a'): what it costs belongs to the first form of a mistake"),
        (lambda: wrong("a", credit=0.5), "@wrong('a'): what it costs belongs to the first form of a mistake"),
        (lambda: wrong(severity="gap"), "@wrong(''): what it costs belongs to the first form of a mistake"),
        (lambda: graded(abs, "A."), "@graded needs parentheses"),  # type: ignore[arg-type]
        (lambda: graded(True, "A."), "@graded needs parentheses and, first in them, a share from 0 to 1, not True"),
        (lambda: wrong(abs), "@wrong needs parentheses"),  # type: ignore[arg-type]
        (lambda: right(abs, "A."), "@right needs parentheses"),  # type: ignore[arg-type]
    ],
)
def test_arguments_that_do_not_go_together(call: Callable[[], Any], message: str) -> None:
    """The message quotes the decorator."""
    with pytest.raises(UsageError) as raised:
        call()

    assert message in str(raised.value)


def test_one_mark_for_one_function() -> None:
    """Two marks would contradict each other."""
    with pytest.raises(UsageError, match="plain is marked twice, with 'a' and 'b'"):

        @wrong("b", "B.")
        @right("a", "A.")
        def plain() -> None:
            pass
