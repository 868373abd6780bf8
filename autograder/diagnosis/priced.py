"""Whether a rubric prices mistakes that exist: a misspelt name would silently cost what it cost before."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from autograder.assignment.loading import Assignment
from autograder.assignment.prices import FORMS
from autograder.assignment.rubric_file import refuse_price
from autograder.diagnosis.combined import names_for
from autograder.diagnosis.naming import OF_NUMBERS
from autograder.diagnosis.slips import OF_EDITS


def require_prices(assignment: Assignment) -> None:
    """Refuse a rubric that prices a mistake which nothing can recognise.

    Raises:
        RubricError: With the line, and the names that come nearest.
    """
    rubric = assignment.rubric
    priced = [((), rubric.mistakes)] + [(("tracks", name), t.mistakes) for name, t in rubric.tracks.items()]
    if not any(prices for _, prices in priced):
        return  # candidates are not imported for nothing
    known = _names(assignment)
    everywhere = set().union(*known.values())
    for where, prices in priced:
        for key in prices:
            task, _, name = key.rpartition(".")
            if task and task not in known:
                message = _no_such(task, "task", known)
            elif name not in (among := known[task] if task else everywhere):
                message = _no_such(name, f"mistake of {task}" if task else "mistake", among)
            else:
                continue
            refuse_price(assignment.rubric_path, (*where, "mistakes", key), message)


def _names(assignment: Assignment) -> Mapping[str, set[str]]:
    """Return for each task the names of all mistakes that may be recognised in it."""
    found: dict[str, set[str]] = {}
    for task in assignment.rubric.tasks:
        # objects have faults of form as well: their methods' results are looked at
        names = {*FORMS, *(candidate.name for candidate in assignment.candidates.mistakes(task.id))}
        contract = assignment.contract.functions.get(assignment.contract.resolved(task.id))
        if contract is not None:
            names |= {*OF_NUMBERS, *OF_EDITS, *names_for(contract)}
        found[task.id] = names
    return found


def _no_such(name: str, kind: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5) or sorted(known)[:12]
    rest = f" and {len(known) - len(near)} others" if len(known) > len(near) else ""
    return f"there is no {kind} called {name!r}; there is: {', '.join(near)}{rest}"
