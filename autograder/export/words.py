"""What a student may read of a result, as plain text of a bounded length. The records have gone through `redact.for_student`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autograder.export.results import Part, parts, possible
from autograder.records import Carry, CheckRecord, GradeRecord, Outcome, TaskRecord
from autograder.report import words
from autograder.report.text import cut_lines, visible

TEST_BYTES = 8_000
"""As much text as a page shows for one test without becoming slow to open."""
_LONGEST = 2_000
"""As many characters has one line at most."""
_LEFT_OUT = "\n\n[... {} bytes are left out here ...]\n\n"


OUR_FAULT = "A fault of the grader, not of the submission; staff can see why."


def why(task: TaskRecord) -> str:
    """Return in a sentence or two why a task lost points."""
    if task.mistakes:
        return " ".join(mistake.text for mistake in task.mistakes)
    failed = [check for check in task.checks if check.outcome in (Outcome.FAILED, Outcome.ERROR)]
    failed.sort(key=lambda check: check.carried_from is not None)
    return failed[0].message if failed else task.outcome.value


def one_line(text: str, most: int = 200) -> str:
    """Return hostile text as one visible line of at most `most` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def as_json(content: Mapping[str, Any]) -> bytes:
    """Return the text of a JSON file."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def not_graded(record: GradeRecord) -> str:
    """Return what a student reads in place of a grade; our own error message is not among it."""
    if record.status != "rejected":
        return words.ERROR_PAGE
    return f"{words.REJECTED_PAGE}\n\n{visible(record.message)}\n\n{words.REJECTED_ADVICE}"


def overview(record: GradeRecord) -> Iterator[str]:
    """Yield lines about the whole: the score, which attempt counts, what rules took away, what people gave and said, what waits."""
    yield f"{record.score} of {possible(record):.2f} points."
    if record.counted is not None:
        yield one_line(record.counted.message, 1000)
    for deduction in record.deductions:
        yield f"−{deduction.points} points: {one_line(deduction.message, 1000)}"
    for entry in record.manual:
        given = f"= {entry.points:.2f}" if entry.sets else f"{entry.points:+.2f}"
        yield f"By a person, {one_line(entry.task)}: {given}. {one_line(entry.reason, _LONGEST)}"
    for work in record.still_waiting():
        yield f"{one_line(work.title)}: up to {work.max_points} points wait for a person."


def losses(record: GradeRecord) -> Iterator[str]:
    """Yield a line for every task that lost points: how many are left, and why."""
    for part in parts(record):
        if part.task is not None and part.points is not None and part.points < (part.most or 0):
            yield f"{one_line(part.title)}: {part.points:.2f} of {part.most:.2f}. {one_line(why(part.task), 400)}"


def stories(record: GradeRecord) -> list[tuple[Part, str]]:
    """Return the parts of a score with what was found in each, in full: "" where no check looked at it."""
    return [(part, _story(part.task, record.carry) if part.task else "") for part in parts(record)]


def _story(task: TaskRecord, carry: Carry) -> str:
    """Return what was found in a task, check by check, those that did not pass first."""
    checks = sorted(task.checks, key=lambda check: check.outcome is Outcome.PASSED)
    lines = [one_line(task.diagnosis, _LONGEST)] if task.diagnosis else []
    for check in checks:
        lines += _lines(check, carry, is_explained=bool(task.diagnosis))
    return "\n".join(lines)


def _lines(check: CheckRecord, carry: Carry, *, is_explained: bool) -> Iterator[str]:
    """Yield what is said of a check: its title, and unless it passed why; what explains the whole task is not said again."""
    yield f"{words.SYMBOLS[check.outcome]} {one_line(check.title, _LONGEST)} ({words.OUTCOMES[check.outcome]})"
    if check.outcome is Outcome.PASSED:
        return
    if check.outcome is Outcome.ERROR:
        yield f"    {words.ERROR_CHECK}"
    elif check.outcome is Outcome.INCONCLUSIVE:
        yield f"    {words.INCONCLUSIVE_CHECK}"
    if check.carried_from:
        yield f"    {words.CARRIED[carry]} the fault is one of {one_line(check.carried_from)}."
    for text in (check.message, "" if is_explained else check.misconception_text, check.help):
        if text:
            yield f"    {one_line(text, _LONGEST)}"
    if check.traceback:
        yield from _indented(cut_lines(check.traceback))
    if check.evidence is not None:
        shown = (("called", check.evidence.called), ("got", check.evidence.got), ("expected", check.evidence.expected))
        for caption, text in shown:
            if text:
                yield f"    {caption}: {one_line(text, _LONGEST)}"


def _indented(text: str) -> Iterator[str]:
    for line in visible(text).splitlines():
        yield f"    {line}"


def head_and_tail(text: str, most: int) -> str:
    """Return text of at most `most` bytes of UTF-8: all of it, or its beginning and end with how much is left out between them."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    room = most - len(_LEFT_OUT.format(len(data)))
    if room <= 0:
        return ""
    head, tail = data[: room * 2 // 3], data[len(data) - room // 3 :]
    return head.decode("utf-8", "ignore") + _LEFT_OUT.format(len(data) - room) + tail.decode("utf-8", "ignore")


def within(most: int, build: Callable[[int], bytes]) -> bytes:
    """Return `build(bytes for each test)` with as much room for each as lets the whole have at most `most` bytes; less room each time."""
    room = TEST_BYTES
    while len(data := build(room)) > most and room:
        room //= 2
    return data
