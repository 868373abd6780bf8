"""Questions answered with what a running notebook has defined, in its own process: for students who check their own work."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.sandbox.inprocess import ask, inspect_in, run_beside
from autograder.sandbox.inside.execute import Session
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal, load_report
from autograder.sandbox.scripts import RunScript, ScriptAnswer

PLACE = "this notebook"
_FILE = re.compile(r'^File "([^"]*)"')


class InMemory:
    """Functions and classes as they are defined now; scripts are those of the folder."""

    def __init__(
        self, defined: Mapping[str, Any], names: Mapping[str, str], root: Path, called: Callable[[str], str | None]
    ) -> None:
        """`defined` is the notebook's namespace, `names` are those to look for, `called` names the cell behind a file."""
        self._session = Session()
        self._session.own_modules = False  # a class may stand in a cell, or in a file that the notebook imports
        self._root = root
        self._called = called
        found = {
            name: {**self._session.provide(name, defined[name]), "path": PLACE}
            for name in names
            if callable(defined.get(name))
        }
        self.report: LoadReport = load_report({"found": found, "modules": []}, {}, names, {})

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question; what the student's code prints is kept apart."""
        reply = ask(self._session, question)
        return self._with_cells(reply) if isinstance(reply, Refusal) else reply

    def inspect(self, question: Inspect) -> Inspected | Refusal:
        """Ask what an object looks like."""
        return inspect_in(self._session, question)

    def run_script(self, question: RunScript) -> ScriptAnswer | Refusal:
        """Run a script of the folder in a copy of it."""
        return run_beside(self._root, [path.name for path in sorted(self._root.glob("*.py"))], question)

    def _with_cells(self, refusal: Refusal) -> Refusal:
        """Name the student's cells as the notebook does, in place of the files that they are compiled as."""

        def named(line: str) -> str:
            match = _FILE.match(line)
            cell = self._called(match[1]) if match else None
            return f'File "{cell}"{line[match.end() :]}' if match and cell else line

        return replace(refusal, lines=tuple(map(named, refusal.lines)))


@contextmanager
def noise_kept() -> Iterator[None]:
    """Let the notebook's own random numbers go on as if nothing had been asked."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
        if devices:
            torch.cuda.set_rng_state_all(devices)
