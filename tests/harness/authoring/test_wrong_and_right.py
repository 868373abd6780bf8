"""The two decorators leave what they decorate as it is, and refuse arguments that do not go together."""

from collections.abc import Callable
from typing import Any

import pytest

from autograder.authoring.candidates import right, wrong
from autograder.errors import UsageError


@pytest.mark.parametrize("decorate", [wrong(), wrong("a"), wrong("a", "A."), right("a", "A.", second=True)])
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
        (lambda: wrong("a", severity="slip"), "@wrong('a'): the severity belongs to the first form"),
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
