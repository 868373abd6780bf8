"""A class in a folder, a batch over it in this process, and what can be read of its results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tiny_assignment import make_assignment

from autograder.cohort.batch import Batch
from autograder.cohort.settings import Settings
from autograder.records import RESULT


def class_in(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write a submission of one file per student, and the assignment beside them; return `folder`."""
    (folder / "class").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / "class" / f"{name}.py").write_text(text, encoding="utf-8")
    if not (folder / "course").exists():
        make_assignment(folder / "course")
    return folder


def batch_in(folder: Path, **more: Any) -> Batch:
    """Return a batch over the class in a folder; its reports are in `folder/out`."""
    settings = Settings(assignment=folder / "course", device="cpu")
    return Batch(folder / "class", folder / "out", settings, **more)


def records_in(out: Path) -> dict[str, dict[str, Any]]:
    """Return what `result.json` of each student says, by key, without what may differ between two gradings."""
    records = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in out.glob(f"*/{RESULT}")}
    for record in records.values():
        record.pop("timing")
    return records


def leftovers(out: Path) -> list[str]:
    """Return what a batch that came to its end left in its own folder beside the store and what was handed in."""
    return sorted(path.name for name in ("finished", "started") for path in (out / ".batch" / name).glob("*"))
