"""The decorators of `reference/candidates/<topic>/<task>.py`: what is wrong, what is right and looks different, what people graded.

::

    @wrong("half_missing", "The factor ½ is missing.", severity="slip")  # a named mistake
    @wrong("half_missing")                               # another form of it, which checks can tell from the first
    @wrong("half_missing", rewritten=True)               # the same in other words: must keep the name
    @wrong()                                             # a bug that must be caught, and stays without a name
    @right("by_parts", "Integrated by parts.")           # a right answer that looks different
    @right("scipy", "SciPy's own.", second=True)         # ... which is compared with the reference directly
    @graded(0.7, "Averaged over the batch.")             # work for which people gave 0.7 of the task

The task is the name of the file. Functions and classes are returned as they were, with one attribute more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autograder.assignment.candidates import MARK, Mark
from autograder.assignment.prices import Severity
from autograder.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def wrong(
    name: str = "",
    sentence: str | None = None,
    *,
    rewritten: bool = False,
    severity: Severity | None = None,
    credit: float | None = None,
) -> Callable[[F], F]:
    """Mark a wrong answer to the task.

    Args:
        name: Of the mistake, an identifier; left out for a bug without a name.
        sentence: What is wrong, kindly and in one sentence, with the first form of a mistake only.
        rewritten: The mistake `name` in other words; only tests ask whether it keeps its name.
        severity: How grave the mistake is, with its first form: `form` (right, in another dress), `slip` (one edit from right),
            `gap` (a part of the idea, or the very point of the task, is missing) or `empty` (the idea is not there).
        credit: The share of the task that is kept, from 0 to 1, where that of the severity will not do.

    Raises:
        UsageError: These arguments do not go together.
    """
    _check_name("wrong", name)
    if sentence is not None and (rewritten or not name):
        raise UsageError(f"@wrong({name!r}): a sentence belongs to the first form of a mistake, with its name.")
    if rewritten and not name:
        raise UsageError("@wrong(rewritten=True): of which mistake? Write its name first.")
    if (severity is not None or credit is not None) and sentence is None:
        raise UsageError(f"@wrong({name!r}): what it costs belongs to the first form of a mistake, with its sentence.")
    if sentence is not None:
        return _marking(Mark("mistake", name, sentence, severity, credit))
    return _marking(Mark("rewritten" if rewritten else "form" if name else "unnamed", name))


def right(name: str, sentence: str, *, second: bool = False) -> Callable[[F], F]:
    """Mark a right answer that does not look like the reference.

    Args:
        name: An identifier.
        sentence: What is different about it, in one sentence.
        second: It is the task's second reference: deterministic, uses no function of `reference/`, and is compared with
            the reference directly.

    Raises:
        UsageError: The decorator is written without parentheses.
    """
    _check_name("right", name)
    return _marking(Mark("second" if second else "variant", name, sentence))


def graded(share: float, what: str) -> Callable[[F], F]:
    """Mark a piece of work that careful people have graded: validation says how far the harness is from them.

    Args:
        share: The share of the task that they gave, from 0 to 1 (a median).
        what: What was handed in, in one sentence.

    Raises:
        UsageError: The decorator is written without parentheses.
    """
    if isinstance(share, bool) or not isinstance(share, int | float):
        raise UsageError(f"@graded needs parentheses and, first in them, a share from 0 to 1, not {share!r}.")
    return _marking(Mark("graded", "", what, None, float(share)))


def _check_name(decorator: str, name: object) -> None:
    if not isinstance(name, str):
        raise UsageError(f"@{decorator} needs parentheses and, first in them, a name: @{decorator}(...), not {name!r}.")


def _marking(mark: Mark) -> Callable[[F], F]:
    def decorate(candidate: F) -> F:
        if MARK in vars(candidate):
            raise UsageError(
                f"{candidate.__name__} is marked twice, with {vars(candidate)[MARK].name!r} and {mark.name!r}."
            )
        setattr(candidate, MARK, mark)
        return candidate

    return decorate
