"""Rules of a track that no task is about: what may not be used, and what must be handed in. Findings never stop a grading."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from autograder.assignment.answers import read_handed_in, strays
from autograder.assignment.documents import judge_document
from autograder.assignment.kinds import Work
from autograder.assignment.rubric import Rubric, points_text
from autograder.intake import static_notes
from autograder.outcomes import Outcome
from autograder.records import Deduction, Flag, Note, Submission


@dataclass(frozen=True)
class Findings:
    """What the rules of a track say about a submission."""

    notes: tuple[Note, ...] = ()
    flags: tuple[Flag, ...] = ()
    deductions: tuple[Deduction, ...] = ()


def look_at(submission: Submission, rubric: Rubric, work: Work) -> Findings:
    """Return everything that the track's policies and deliverables say."""
    policies, handed = _policies(submission, rubric), _deliverables(rubric, work)
    return Findings(
        (*policies.notes, *handed.notes, *_strays(work)),
        (*policies.flags, *handed.flags),
        (*policies.deductions, *handed.deductions),
    )


def _policies(submission: Submission, rubric: Rubric) -> Findings:
    rules = rubric.policies
    notes = static_notes(submission.sources, rules.forbidden_imports, rules.allowed_imports)
    if not notes:
        return Findings()
    count = f"{len(notes)} place{'s use' if len(notes) != 1 else ' uses'} what track {rubric.track!r} does not allow"
    flags = (Flag(code="policy", message=f"{count}: {notes[0].message}"),)
    return Findings(notes, flags, _charged("policy", count, rules.costs))


def _deliverables(rubric: Rubric, work: Work) -> Findings:
    notes: list[Note] = []
    flags: list[Flag] = []
    deductions: list[Deduction] = []
    for wanted in rubric.deliverables:
        judged = judge_document(wanted, work.files, work.count_pages)
        if failed := [check for check in judged if check.outcome is Outcome.FAILED]:
            message = f"{wanted.file}: {failed[0].message}"
            notes.append(Note(code="deliverable", message=message))
            flags.append(Flag(code="deliverable", message=message))
            deductions += _charged("deliverable", message, wanted.costs)
    return Findings(tuple(notes), tuple(flags), tuple(deductions))


def _strays(work: Work) -> list[Note]:
    """Return a note for every name in a file of answers that no sheet knows: a typo would look like no answer."""
    if not work.sheets:
        return []
    handed_in = read_handed_in(work.files)
    return [
        Note(code="stray-answer", message=f"{handed_in.path}, {text}", path=handed_in.path)
        for text in strays(list(work.sheets.values()), handed_in)
    ]


def _charged(code: str, message: str, costs: Decimal) -> tuple[Deduction, ...]:
    return (Deduction(code=code, message=message, points=points_text(costs)),) if costs else ()
