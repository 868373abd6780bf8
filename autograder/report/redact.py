"""What a student may see: a record in, the same record without staff matters out.

The student page is drawn from the redacted record only, so a template cannot leak what it never gets.
"""

from __future__ import annotations

import builtins
import re

from autograder.records import CheckRecord, GradeRecord, Outcome, TaskRecord

# A place such as `File "sums.py", line 12, in scaled_sum`. The text of an exception may quote hidden input; a place does not.
_PLACE = re.compile(
    r"""^\s*(?:File )?["']?[\w ./()\[\]-]{1,200}["']?(?:,? line |:)\d{1,7}(?:,? in [\w.<>]{1,100})?:?$"""
)

_RAISED = re.compile(r"it raised (\w*).*", re.DOTALL)


def for_student(record: GradeRecord) -> GradeRecord:
    """`record` without staff notes, what graders are told, flags, provenance, timing, printed output, behaviour on probes, and evidence
    that is not revealed.
    """
    return record.model_copy(
        update={
            "message": "" if record.status == "error" else record.message,
            "tasks": tuple(_task(task) for task in record.tasks),
            "notes": tuple(note for note in record.notes if note.audience == "student"),
            "waiting": tuple(work.model_copy(update={"what": ""}) for work in record.waiting),
            "manual": tuple(entry.model_copy(update={"author": "staff"}) for entry in record.manual),
            "drawings": tuple(
                drawing.model_copy(update={"why_not": _RAISED.sub(_without_its_text, drawing.why_not)})
                for drawing in record.drawings
            ),
            "flags": (),
            "provenance": {},
            "timing": {},
        }
    )


def _task(task: TaskRecord) -> TaskRecord:
    return task.model_copy(update={"checks": tuple(_check(check) for check in task.checks), "behaviour": None})


def _check(check: CheckRecord) -> CheckRecord:
    """One check without its output, our own error messages, and evidence that is not revealed."""
    if check.outcome is Outcome.ERROR:
        update = {"message": "", "help": "", "evidence": None, "traceback": (), "printed": ""}
        return check.model_copy(update=update)
    if check.reveal:
        return check.model_copy(update={"printed": ""})
    places = tuple(line for line in check.traceback if _PLACE.match(line))
    message = _RAISED.sub(_without_its_text, check.message)
    return check.model_copy(update={"message": message, "evidence": None, "traceback": places, "printed": ""})


def _without_its_text(raised: re.Match[str]) -> str:
    """An exception as a student may see it in a hidden check: its text, and a type of their own, could quote the input."""
    kind = getattr(builtins, raised[1], None)
    known = isinstance(kind, type) and issubclass(kind, BaseException)
    return f"it raised {raised[1] if known else 'an exception of its own'}"
