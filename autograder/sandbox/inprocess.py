"""The same questions answered in this very process, without any isolation: for students who check their own work.

Needs nothing but torch and numpy. It is never used for grading.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.sandbox.cells import cells_of, module_of
from autograder.sandbox.inside.execute import Session
from autograder.sandbox.inside.values import simplify
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal, answer_of, load_report, refusal_of


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
        self._session = Session()
        sys.path.insert(0, str(root))
        message = {"sources": sources, "names": dict(names), "budget": load_seconds}
        loaded = simplify(self._session.load(message, lambda module: None))
        self.report: LoadReport = load_report(loaded, {s["module"]: s["path"] for s in sources}, names, {})  # type: ignore[misc]

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question; what the student's code prints is kept apart."""
        started = time.monotonic()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            message: dict[str, Any] = simplify(self._session.call(question.as_message()))
        text = printed.getvalue()[:4000]
        if message["type"] == "raised":
            return refusal_of(message, text)
        return answer_of(message, time.monotonic() - started, text)


class OneFunction:
    """Answers questions about one function of ours in this process, as a sandbox would."""

    def __init__(self, name: str, function: Callable[..., Any], device: str = "cpu") -> None:
        self._session = Session()
        self._session.device = device
        found = {"found": {name: self._session.provide(name, function)}, "modules": []}
        self.report: LoadReport = load_report(found, {}, {name: name}, {})

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        message: dict[str, Any] = simplify(self._session.call(question.as_message()))
        return refusal_of(message, "") if message["type"] == "raised" else answer_of(message, 0.0, "")
