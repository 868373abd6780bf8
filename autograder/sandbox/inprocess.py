"""The same questions answered in this very process, without any isolation: for students who check their own work.

Needs nothing but torch and numpy. It is never used for grading.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.sandbox.inside.execute import Session
from autograder.sandbox.inside.values import simplify
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal, answer_of, load_report, refusal_of


class InProcess:
    """A submission loaded into this process."""

    def __init__(self, files: Sequence[Path], names: Mapping[str, str], root: Path) -> None:
        """`files` are Python files below `root`; `names` maps functions to the module they are looked for in first."""
        sources = [
            {
                "path": path.relative_to(root).as_posix(),
                "module": ".".join(path.relative_to(root).with_suffix("").parts),
                "cells": [["", path.read_text(encoding="utf-8-sig")]],
                "mode": "full",
            }
            for path in files
        ]
        self._session = Session()
        sys.path.insert(0, str(root))
        message = {"sources": sources, "names": dict(names), "budget": 3600.0}
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
