"""When two behaviours are the same: what must be equal, and numbers that must lie close together. Pure.

Numbers are never rounded into boxes, whose borders would tear the same fault apart: members whose numbers follow each other without a
gap belong together, whoever they are and in whatever order they come.
"""

from __future__ import annotations

import io
import keyword
import math
import tokenize
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from autograder.behaviour import Behaviour, ProbeAnswer

Exact = tuple[object, ...]
"""What must be equal."""
T = TypeVar("T")
GAP = 1e-3
"""Between numbers of answers, which are shares or logarithms: work in float32 inside is a millionth off."""
RANDOM_GAP = 0.25
"""Between numbers of draws: standard deviations, or logarithms of spreads."""


def exact_part(behaviour: Behaviour, *, lines: bool = True) -> Exact:
    """Return what must be equal in two behaviours that are the same.

    A constant that explains all probes takes the place of the single answers.

    Args:
        behaviour: One of them.
        lines: Whether the lines count in which exceptions were raised: two ways to write the same may raise it in another one.
    """
    if behaviour.relation:
        return (behaviour.probes, behaviour.relation, _sign(behaviour.number))
    return (behaviour.probes, *(_exact(answer, lines) for answer in behaviour.answers))


def _exact(answer: ProbeAnswer, lines: bool) -> Exact:
    kind = answer.came if answer.relation == "kind" else ""
    raised = (answer.exception, answer.message, like_line(answer.line) if lines else "") if answer.exception else ()
    return (answer.relation, _sign(answer.number), kind, str(answer.failure or ""), *raised)


def _sign(number: float | None) -> int:
    return 0 if not number else 1 if number > 0 else -1


def numbers_of(behaviour: Behaviour) -> tuple[float, ...]:
    """Return the numbers that must lie close together; as many for all behaviours with the same exact part."""
    if behaviour.relation:
        return (_log(behaviour.number),)
    found: list[float] = []
    for answer in behaviour.answers:
        if answer.number is not None:
            found.append(_log(answer.number))
        elif behaviour.random and answer.relation == "unlike" and len(answer.digest) == 2:
            centre, spread = answer.digest
            found += [centre * GAP / RANDOM_GAP, _log(spread) * GAP / RANDOM_GAP]
        elif answer.relation not in ("alike", "equal") and len(answer.digest) == 3:
            found += [_log(answer.digest[0]), *answer.digest[1:]]
    return tuple(found)


def _log(number: float | None) -> float:
    return math.log(abs(number)) if number else -999.0


def same(one: Behaviour, other: Behaviour) -> bool:
    """Whether two behaviours are the same, however the code was written. Of other probes, what does not depend on them is compared."""
    first, second = exact_part(one, lines=False), exact_part(other, lines=False)
    if first[0] != second[0]:
        return first[1:] == second[1:]
    return first == second and all(abs(a - b) <= GAP for a, b in zip(numbers_of(one), numbers_of(other), strict=True))


def together(members: Sequence[T], numbers: Callable[[T], Sequence[float]], place: int = 0) -> list[list[T]]:
    """Return members in parts, so that each number of the members of a part follows the next smaller one without a gap.

    Args:
        members: All with as many numbers.
        numbers: Of a member.
        place: The first number that is looked at.
    """
    if len(members) < 2 or place >= len(numbers(members[0])):
        return [list(members)] if members else []
    ordered = sorted(members, key=lambda member: numbers(member)[place])
    parts: list[list[T]] = [[ordered[0]]]
    for before, member in pairwise(ordered):
        if numbers(member)[place] - numbers(before)[place] > GAP:
            parts.append([])
        parts[-1].append(member)
    return [smaller for part in parts for smaller in together(part, numbers, place + 1)]


def like_line(line: str) -> str:
    """Return a line of Python whoever wrote it: without comments and layout, with names of variables in the order of their appearance.

    What is called, attributes and constants stay: these are what the line does.
    """
    names: dict[str, str] = {}
    found = []
    tokens = _tokens(line.strip())
    depth = 0
    for place, token in enumerate(tokens):
        text = token.string
        before = tokens[place - 1].string if place else ""
        after = tokens[place + 1].string if place + 1 < len(tokens) else ""
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        called = after == "(" or (after == "=" and depth > 0)
        if token.type == tokenize.NAME and not keyword.iskeyword(text) and before != "." and not called:
            text = names.setdefault(text, f"v{len(names) + 1}")
        found.append(text)
    return " ".join(found)


_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def _tokens(line: str) -> list[tokenize.TokenInfo]:
    """Return the tokens of a line, up to where it stops being Python: it may be the first of several."""
    found: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type not in _LAYOUT:
                found.append(token)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass
    return found
