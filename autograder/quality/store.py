"""Rows of the matrix on disk, by what they depend on: a row is computed again only where something changed."""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from autograder.assignment.digests import engine_digest, tree_text
from autograder.assignment.loading import Assignment
from autograder.outcomes import Outcome
from autograder.quality.matrix import Row

_STORED = [entry.name for entry in fields(Row) if entry.name != "verdicts"]


def default_store() -> Path:
    """Return where rows are kept: `$XDG_CACHE_HOME/ppml-autograder/validation`."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ppml-autograder" / "validation"


class Store:
    """The rows of one assignment; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, assignment: Assignment) -> None:
        self._folder = folder
        self._assignment = assignment
        self._made_of: dict[str, str] = {}

    def get(self, task: str, key: str) -> Row | None:
        """Return the row of an entry, if it was computed by this engine from the same task and candidates."""
        if self._folder is None:
            return None
        try:
            content = json.loads(self._place(task, key).read_text(encoding="utf-8"))
            return _row(content)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or cut off while it was written: it is computed again

    def put(self, key: str, row: Row) -> None:
        """Keep a row."""
        if self._folder is None:
            return
        place = self._place(row.task, key)
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps({name: getattr(row, name) for name in _STORED}), encoding="utf-8")
        half.replace(place)

    def _place(self, task: str, key: str) -> Path:
        assert self._folder is not None
        if task not in self._made_of:
            self._made_of[task] = self._digest(task)
        name = hashlib.sha256(f"{self._made_of[task]}/{key}".encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"

    def _digest(self, task: str) -> str:
        """Return what the rows of a task depend on: the engine, the task, its candidates, weights and prices, and torch."""
        assignment = self._assignment
        sources = {c.source for c in assignment.candidates.everyone if c.task == task}
        candidates = [tree_text(ast.parse(source)) for source in sources]
        checks = repr([(c.name, str(c.weight)) for c in assignment.rubric.task(task).checks])
        prices = repr((assignment.rubric.credits, sorted(assignment.rubric.mistakes.items())))
        parts = [engine_digest(), assignment.digests[task], *sorted(candidates), checks, prices, str(torch.__version__)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _row(content: Mapping[str, Any]) -> Row:
    known = {name: content[name] for name in _STORED}
    outcomes = {name: Outcome(outcome) for name, outcome in known.pop("outcomes").items()}
    named, random = tuple(known.pop("named")), tuple(known.pop("random"))
    return Row(outcomes=outcomes, named=named, random=random, **known)
