"""The same questions answered in this very process, without any isolation: for students who check their own work.

Needs nothing but torch and numpy. It is never used for grading.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.outcomes import FailureKind
from autograder.sandbox.cells import cells_of, module_of
from autograder.sandbox.inside.execute import Session
from autograder.sandbox.inside.scripts import MOST_BYTES, collect, regular_files
from autograder.sandbox.inside.values import simplify
from autograder.sandbox.inspection import Inspect, Inspected, inspected_of
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal, answer_of, load_report, refusal_of
from autograder.sandbox.scripts import RunScript, ScriptAnswer

_SHOWN = 4000
_SCRIPT_SECONDS = 600.0
_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "venv", "node_modules")
_LAST_ERROR = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")


class InProcess:
    """A submission loaded into this process."""

    def __init__(
        self, files: Sequence[Path], names: Mapping[str, str], root: Path, *, load_seconds: float = 3600.0
    ) -> None:
        """`files` are Python files and notebooks below `root`; `names` maps functions to modules looked at first.

        Top-level statements are stopped after `load_seconds`; what they define is still read.
        """
        modules = [module_of(path.relative_to(root)) for path in files]
        sources = [
            {
                "path": path.relative_to(root).as_posix(),
                # a notebook beside a Python file of its name has a module of its own
                "module": f"{module}_notebook" if path.suffix == ".ipynb" and modules.count(module) > 1 else module,
                "cells": [list(cell) for cell in cells_of(path)],
                "mode": "full",
            }
            for path, module in zip(files, modules, strict=True)
        ]
        self._root = root
        self._scripts = [str(source["path"]) for source in sources if str(source["path"]).endswith(".py")]
        self._session = Session()
        sys.path.insert(0, str(root))
        message = {"sources": sources, "names": dict(names), "budget": load_seconds}
        loaded = simplify(self._session.load(message, lambda module: None))
        self.report: LoadReport = load_report(loaded, {s["module"]: s["path"] for s in sources}, names, {})  # type: ignore[misc]

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question; what the student's code prints is kept apart."""
        return ask(self._session, question)

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        return inspect_in(self._session, question)

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run `python path argv...` in a copy of the folder, which is removed afterwards."""
        return run_beside(self._root, self._scripts, question)


def run_beside(root: Path, scripts: Sequence[str], question: RunScript) -> ScriptAnswer | Refusal:
    """Run one of the scripts in a copy of the folder `root`, which is removed afterwards."""
    path = question.found_in(scripts)
    if path is None:
        return question.missing()
    with tempfile.TemporaryDirectory(prefix="autograder-") as place:
        folder = Path(place).resolve() / "copy"
        shutil.copytree(root, folder, ignore=_NOT_COPIED)
        return _run_copy(folder, path, question)


def _run_copy(folder: Path, path: str, question: RunScript) -> ScriptAnswer | Refusal:
    for name, data in question.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    before = {name: Path(place).read_bytes() for name, place, _ in regular_files(folder)}
    seconds, started = question.seconds or _SCRIPT_SECONDS, time.monotonic()
    command = [sys.executable, str(folder / path), *question.argv]
    # modules at the top of the folder are found from a script in a folder below, too, as they are when it is graded
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    try:
        ended = subprocess.run(  # noqa: S603 -- the student's own script, on the student's own machine
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as late:
        printed = (late.stdout or b"")[:_SHOWN].decode(errors="replace")
        message = f"it was stopped after {seconds:g} seconds without a result"
        return Refusal(FailureKind.TIMEOUT, message, printed=printed)
    text = ended.stdout.decode(errors="replace").replace(f"{folder}{os.sep}", "")
    exception, message = _error_in(text) if ended.returncode else ("", "")
    found = collect(folder, before, MOST_BYTES)
    return ScriptAnswer(
        ended.returncode & 0xFF,
        message,
        exception,
        printed=text[:_SHOWN],
        files=found["files"],
        left_out=found["left_out"],
        seconds=time.monotonic() - started,
    )


def _error_in(printed: str) -> tuple[str, str]:
    """Return type and message of the exception whose traceback ends what was printed; only the last line without one."""
    last = printed.rstrip().rpartition("\n")[2]
    match = _LAST_ERROR.match(last) if "Traceback (most recent call last)" in printed else None
    return (match.group(1), match.group(2) or "") if match else ("", last)


def ask(session: Session, question: Question) -> Answer | Refusal:
    """Ask one question; what the student's code prints is kept apart."""
    started = time.monotonic()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        message: dict[str, Any] = simplify(session.call(question.as_message()))
    text = printed.getvalue()[:_SHOWN]
    if message["type"] == "raised":
        return refusal_of(message, text)
    return answer_of(message, time.monotonic() - started, text)


def inspect_in(session: Session, question: Inspect) -> Inspected | Refusal:
    """Ask what an object looks like."""
    message: dict[str, Any] = simplify(session.inspect(question.as_message()))
    return refusal_of(message, "") if message["type"] == "raised" else inspected_of(message)


class OneFunction:
    """Answers questions about one function or class of ours, and the objects it makes, in this process, as a sandbox would."""

    def __init__(self, name: str, function: Callable[..., Any], device: str = "cpu") -> None:
        self._session = Session()
        self._session.device = device
        self._session.own_modules = False  # what stands for a submission may be made of several modules of ours
        found = {"found": {name: self._session.provide(name, function)}, "modules": []}
        self.report: LoadReport = load_report(found, {}, {name: name}, {})

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        message: dict[str, Any] = simplify(self._session.call(question.as_message()))
        return refusal_of(message, "") if message["type"] == "raised" else answer_of(message, 0.0, "")

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        return inspect_in(self._session, question)

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Say that there is no script: one function of ours is none."""
        return question.missing()
