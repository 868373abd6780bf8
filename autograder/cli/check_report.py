"""What a student reads in the terminal. Prints every task as soon as its checks are done; decides nothing."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from autograder.errors import AutograderError
from autograder.outcomes import Evidence, FailureKind, Outcome

if TYPE_CHECKING:
    from autograder.checking.results import CheckResult
    from autograder.sandbox.questions import LoadReport

_SYMBOLS = {
    Outcome.PASSED: ("✓", "32"),
    Outcome.FAILED: ("✗", "31"),
    Outcome.SKIPPED: ("–", "33"),
    Outcome.ERROR: ("!", "35"),
    Outcome.INCONCLUSIVE: ("?", "33"),
}
_TODO = ("○", "2")
_LONGEST_SNIPPET = 1500
_LONGEST_VALUE = 600


class Report:
    """The report of one run, written as it goes: to a terminal, or below a notebook's cell."""

    def __init__(self, stream: TextIO, *, in_notebook: bool = False) -> None:
        self._stream = stream
        self._in_notebook = in_notebook
        self._colour = stream.isatty() and "NO_COLOR" not in os.environ
        self._width = min(max(shutil.get_terminal_size((100, 24)).columns, 60), 110)
        self._tasks: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}
        self._found: dict[str, str] = {}
        self._results: dict[str, CheckResult] = {}
        self._passed: list[str] = []
        self._failed: list[str] = []
        self._todo: list[str] = []
        self._broken: list[str] = []
        self._without_value: list[str] = []

    # --------------------------------------------------------------------------------------------------- events

    def begin(
        self, title: str, of: str, tasks: Mapping[str, tuple[str, ...]], names: Mapping[str, str] | None = None
    ) -> None:
        """The arguments were understood; `names` are those of functions and classes where they are not those of their tasks."""
        self._tasks = dict(tasks)
        self._names = dict(names or {})
        self._line(self._bold(title))
        self._line(self._dim(f"Public checks of {of}"))
        self._line()

    def loaded(self, report: LoadReport, seconds: float) -> None:
        """The student's files were loaded."""
        self._found = {name: found.path for name, found in report.found.items()}
        notes = []
        for path, (why, lines) in report.failures.items():
            text = f"{path} stopped while it was loaded: {why}. After that, only definitions were read."
            notes.append((text, lines))
        for path in report.cut_short:
            text = f"{path}: after {seconds:g} seconds of statements outside of functions, only definitions were read."
            notes.append((text, ()))
        for name, found in report.found.items():
            if found.also_in and name in map(self._called, self._tasks):
                others = ", ".join(found.also_in)
                text = f"`{name}` is written in {found.path}, which is checked here, and also in {others}."
                notes.append((text, ()))
        for text, lines in notes:
            self._paragraph(text, "  ", first=self._paint("! ", "33"))
            for line in lines:
                self._line(f"    {line[: self._width - 4]}")
        if notes:
            self._line()

    def checked(self, result: CheckResult) -> None:
        """A check ended. The last one of a task prints it."""
        self._results[result.id] = result
        task = result.id.split(".", 1)[0]
        results = [self._results.get(f"{task}.{name}") for name in self._tasks[task]]
        done = [entry for entry in results if entry is not None]
        if len(done) == len(results):
            self._task(task, done)

    def end(self) -> bool:
        """All checks ended; returns whether all passed."""
        hidden = [task for task, checks in self._tasks.items() if not checks]
        lost = [t for t, checks in self._tasks.items() if checks and f"{t}.{checks[-1]}" not in self._results]
        for task in lost:
            self._broken.append(task)
            self._line(f"{self._paint('!', '35')} {task:<28} its checks are missing from tests/public")
        for task in hidden:
            self._line(f"{self._paint(*_TODO)} {task:<28} " + self._dim("has no public checks"))
        self._line()
        self._line(self._bold(self._summary()))
        if self._broken:
            self._paragraph("A check broke (marked !) through no fault of yours: please tell the course staff.", "")
        if self._without_value:
            tasks = ", ".join(self._without_value)
            self._paragraph(f"Nothing here has looked at the values of {tasks}: shape and speed only.", "")
        self._paragraph("Hidden checks of values and gradients follow when you hand in.", "")
        return not (self._failed or self._todo or self._broken)

    def interrupted(self) -> None:
        """The student pressed Ctrl-C."""
        waiting = [t for t, checks in self._tasks.items() if checks and f"{t}.{checks[-1]}" not in self._results]
        self._line()
        self._line("Interrupted" + (f" while {waiting[0]} was checked." if waiting else "."))

    def broken(self, error: AutograderError) -> None:
        """Nothing could be checked."""
        if error.exit_code == 2:
            self._paragraph(str(error), "", first="Error: ")
        else:
            self._paragraph("The checks could not be run, through no fault of yours: please tell the course staff.", "")
            self._line(str(error))

    # ----------------------------------------------------------------------------------------------------- a task

    def _task(self, task: str, results: list[CheckResult]) -> None:
        failed = [result for result in results if result.outcome is Outcome.FAILED]
        if failed and failed[0].kind is FailureKind.MISSING and (waits := self._not_written(task, failed[0])):
            self._todo.append(task)
            self._line(f"{self._paint(*_TODO)} {task:<28} " + self._dim(waits))
            return
        broken = any(result.outcome is Outcome.ERROR for result in results)
        passed = sum(result.outcome is Outcome.PASSED for result in results)
        mark = Outcome.FAILED if failed else Outcome.ERROR if broken else Outcome.PASSED
        (self._failed if failed else self._broken if broken else self._passed).append(task)
        count = f"{passed} of {len(results)} public check{'s' if len(results) > 1 else ''}"
        if not failed and all(result.given for result in results):
            self._without_value.append(task)
            count += ": shape and speed only"
        elif failed and all(result.forms for result in failed):
            count += ": only the form is not as asked for"
        self._line(f"{self._paint(*_SYMBOLS[mark])} {task:<28} {count}")
        if passed == len(results):
            return
        shown: set[str] = set()
        for result in results:
            self._check(task, result, shown)
        if results[-1].outcome in (Outcome.PASSED, Outcome.SKIPPED):
            self._line()

    def _not_written(self, task: str, result: CheckResult) -> str:
        """Return in a few words why a task is still to be done; "" where that needs the full report."""
        own, inner = self._called(task), self._inner(task, result)
        if own not in self._found and "NotImplementedError" not in result.message:  # a script has no name
            return "not defined yet: run its cell first" if self._in_notebook else "not found in your files"
        return "not implemented yet" if inner == own else f"waits for {inner}, which is not implemented yet"

    def _called(self, task: str) -> str:
        """Return the Python name of a task's function or class."""
        return self._names.get(task, task)

    def _inner(self, task: str, result: CheckResult) -> str:
        """Return the innermost function of the assignment in which an error arose: the task's own, or one that it calls."""
        places = [line.rsplit(" in ", 1)[-1] for line in result.lines if line.startswith("File ")]
        return next((place for place in reversed(places) if place in self._found), self._called(task))

    def _check(self, task: str, result: CheckResult, shown: set[str]) -> None:
        name = result.id.split(".", 1)[1]
        head, indent = f"    {self._paint(*_SYMBOLS[result.outcome])} {name:<11}", " " * 17
        title = result.title.replace("`", "")
        if result.outcome is Outcome.SKIPPED:
            title = f"not run: waits for {(result.waits_for or '').split('.', 1)[-1]}"
        if result.outcome in (Outcome.PASSED, Outcome.SKIPPED, Outcome.INCONCLUSIVE):
            self._line(head + self._dim(textwrap.shorten(title, self._width - len(indent), placeholder=" …")))
            return
        self._paragraph(title, indent, first=head)
        indent = " " * 8
        message = result.message[:1].upper() + result.message[1:]
        self._line()
        self._paragraph(f"{message}.", indent, first=indent, bold=True)
        for number, line in enumerate(result.lines):
            label = self._dim(f"{'at' if number == 0 else '':<10}")
            self._line(f"{indent}{label}{line[: self._width - len(indent) - 10]}")
        if result.evidence is not None:
            self._evidence(result.evidence, result.message, indent)
        inner = self._inner(task, result)
        if inner != self._called(task):
            self._field("hint", f"The error arises in {inner}: look there first.", indent)
        if result.help:
            self._field("hint", result.help, indent)
        if result.printed.strip():
            self._field("printed", textwrap.shorten(result.printed, 300, placeholder=" …"), indent)
        if result.outcome is Outcome.ERROR:
            self._line(textwrap.indent("\n".join(result.error.splitlines()[-12:]), indent))
        if result.evidence is not None and inner == self._called(task):
            self._snippet(task, result.evidence.reproduce, shown, indent)
        self._line()

    def _evidence(self, evidence: Evidence, message: str, indent: str) -> None:
        self._field("called", evidence.called, indent)
        if evidence.got and evidence.got not in message:
            self._field("got", evidence.got, indent)
        self._field("expected", evidence.expected, indent)
        difference = evidence.difference
        pattern = difference.partition("; ")[2]
        self._field("how far", difference.partition("; ")[0] if pattern in message else difference, indent)

    def _field(self, label: str, text: str, indent: str) -> None:
        if text:
            short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} …"
            self._paragraph(short, indent + " " * 10, first=f"{indent}{self._dim(f'{label:<10}')}")

    def _snippet(self, task: str, source: str, shown: set[str], indent: str) -> None:
        """Print a snippet from the left margin, so that it can be copied as it is."""
        if not source or source in shown or len(source) > _LONGEST_SNIPPET:
            return
        shown.add(source)
        where = "Python, started in this folder"
        if (file := self._found.get(self._called(task), "")).endswith(".ipynb") or self._in_notebook:
            where = f"a new cell of {file}"
            source = "\n".join(line for line in source.split("\n") if not line.startswith("from "))
        self._line()
        self._line(f"{indent}{self._dim(f'To see it again, paste this into {where}:')}")
        self._line()
        self._line(source)

    def _summary(self) -> str:
        total = sum(bool(checks) for checks in self._tasks.values())
        parts = [f"{len(self._passed)} of {_tasks(total)} pass{'es' if total == 1 else ''} the public checks"]
        if self._failed:
            parts.append(f"{_do(len(self._failed))} not")
        if self._todo:
            parts.append(f"{len(self._todo)} still to be written")
        return ", ".join(parts) + "."

    # ------------------------------------------------------------------------------------------------------ text

    def _line(self, text: str = "") -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _paragraph(self, text: str, indent: str, first: str = "", *, bold: bool = False) -> None:
        """Print a wrapped text; `first` stands in front of its first line and is not counted where it is colour."""
        width = self._width - len(indent)
        lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
        for number, line in enumerate(lines):
            shown = self._bold(line) if bold else line
            self._line(f"{(first or indent) if number == 0 else indent}{shown}")

    def _paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def _bold(self, text: str) -> str:
        return self._paint(text, "1")

    def _dim(self, text: str) -> str:
        return self._paint(text, "2")


def _tasks(number: int) -> str:
    return f"{number} task{'' if number == 1 else 's'}"


def _do(number: int) -> str:
    return f"{number} {'does' if number == 1 else 'do'}"
