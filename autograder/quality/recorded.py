"""Whether mistakes do what the submissions did that they were named after, and which of them are still to be written."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from autograder.assignment.loading import Assignment
from autograder.assignment.recorded import Recorded, recordings
from autograder.checking.session import one_thread
from autograder.diagnosis.behaving import behaviour_of
from autograder.diagnosis.likeness import same
from autograder.diagnosis.probes import Probes, probes_of
from autograder.records import Behaviour
from autograder.report.behaved import in_words, of_answer, sizes_in_words


def unwritten(assignment: Assignment, tasks: Collection[str]) -> tuple[str, ...]:
    """Return the mistakes whose body is still to be written, as `task/name`."""
    return tuple(f"{task}/{stub.name}" for task in sorted(tasks) for stub in assignment.candidates.stubs(task))


def otherwise(assignment: Assignment, tasks: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for every mistake of which no form does what was recorded; stubs are none.

    Raises:
        UsageError: What was recorded cannot be read.
    """
    with one_thread():
        return tuple(
            sentence
            for task, recorded in recordings(assignment.folder).items()
            if task in tasks
            for name, one in recorded.items()
            for sentence in _differs(assignment, probes_of(assignment), task, name, one)
        )


def _differs(assignment: Assignment, probes: Probes, task: str, name: str, recorded: Recorded) -> Iterator[str]:
    if any(stub.name == name for stub in assignment.candidates.stubs(task)):
        return
    forms = [candidate for candidate in assignment.candidates.named(task) if candidate.name == name]
    own = probes.of(task)
    if not forms or own is None:
        why = "the task has no mistake of this name" if own is not None else "the task has no inputs any more"
        yield f"{task}/{name} is recorded, but {why}: take it out of the recording, or write it"
        return
    python = assignment.contract.resolved(task)
    done = [behaviour_of(form.function, own, assignment.contract, python) for form in forms]
    if not any(same(recorded.behaviour, one) for one in done):
        stale = own.digest != recorded.behaviour.probes
        since = " (the reference or the inputs have changed since: look whether it still fits)" if stale else ""
        said = f"recorded is: {in_words(recorded.behaviour)}; it does: {in_words(done[0])}"
        yield f"{task}/{name}: {said}{since}{_first(recorded.behaviour, done[0])}"


def _first(recorded: Behaviour, done: Behaviour) -> str:
    """Return the first probe on which two behaviours have other words, in words."""
    for was, now in zip(recorded.answers, done.answers, strict=False):
        if was.sizes == now.sizes and of_answer(was) != of_answer(now):
            return f"; for {sizes_in_words(was)}: {of_answer(was)}, now {of_answer(now)}"
    return ""
