"""The page of `make validate`: which check catches which wrong answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from autograder.outcomes import Outcome
from autograder.report.rendering import render_template

if TYPE_CHECKING:
    from autograder.validation import Row, Validation

_SYMBOLS = {
    Outcome.PASSED: "·",
    Outcome.FAILED: "✗",
    Outcome.SKIPPED: "–",
    Outcome.INCONCLUSIVE: "?",
    Outcome.ERROR: "!",
}


def validation_page(result: Validation) -> str:
    """Return the whole HTML document."""
    tasks = list(dict.fromkeys(row.task for row in result.rows))
    tables = [_table(task, [row for row in result.rows if row.task == task]) for task in tasks]
    return render_template("validation.html.j2", result=result, tables=tables, line=result.last_line())


def _table(task: str, rows: list[Row]) -> dict[str, object]:
    checks = list(dict.fromkeys(name for row in rows for name in row.outcomes))
    wrong = [row for row in rows if row.kind == "misconception"]
    kills = Counter(name for row in wrong for name in row.failed)
    alone = Counter(row.failed[0] for row in wrong if len(row.failed) == 1)
    return {
        "task": task,
        "checks": checks,
        "rows": [
            {
                "name": row.name,
                "kind": row.kind,
                "cells": [_SYMBOLS[row.outcomes[name]] if name in row.outcomes else "" for name in checks],
                "named": row.name in row.named,
            }
            for row in rows
        ],
        "kills": [kills[name] for name in checks],
        "alone": [alone[name] for name in checks],
        "idle": [name for name in checks if not alone[name]],
    }
