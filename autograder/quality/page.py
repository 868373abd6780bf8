"""The page of `make validate`: which check catches which wrong answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from autograder.checking.statistics import FAR
from autograder.outcomes import Outcome
from autograder.report.rendering import render_template

if TYPE_CHECKING:
    from autograder.quality.matrix import Row
    from autograder.quality.simulation import NullRow, PowerRow
    from autograder.quality.validation import Validation

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
    return render_template(
        "validation.html.j2",
        result=result,
        tables=tables,
        line=result.last_line(),
        fairness=result.fairness_line(),
        null=[_null(row, row in result.anomalies) for row in result.null],
        power=[_power(row, row in result.weak) for row in result.power],
    )


def _null(row: NullRow, anomaly: bool) -> dict[str, object]:
    """Word one null distribution; what has no chance in it has no numbers."""
    return {
        "check": f"{row.task}.{row.check}",
        "name": row.name,
        "runs": f"{row.runs:,}",
        "failed": row.failed,
        "undecided": row.undecided,
        "smallest": f"{row.smallest_p:.1e}" if row.questions else "",
        "share": "" if row.share is None else f"{row.share:.4f} (½ ± {row.allowance:.4f})",
        "skewness": "" if row.share is None else f"{row.skewness:.2f}",
        "agreement": f"{row.agreement:.2g}" if row.questions else "no noise",
        "anomaly": anomaly,
    }


def _power(row: PowerRow, weak: bool) -> dict[str, object]:
    """Word how surely one wrong answer is caught."""
    return {
        "id": f"{row.task}/{row.name}",
        "caught": f"{row.caught:,} of {row.runs:,}",
        "check": row.check,
        "distance": "" if row.distance is None else "no noise" if row.distance >= FAR else f"{row.distance:.1f}",
        "power": f"1 − {1 - row.power:.1g}" if row.power < 1 else "1",
        "weak": weak,
    }


def _table(task: str, rows: list[Row]) -> dict[str, object]:
    checks = list(dict.fromkeys(name for row in rows for name in row.outcomes))
    wrong = [row for row in rows if row.kind in ("misconception", "form")]
    kills = Counter(name for row in wrong for name in row.failed)
    alone = Counter(row.failed[0] for row in wrong if len(row.failed) == 1)
    return {
        "task": task,
        "checks": checks,
        "rows": [
            {
                "name": row.name,
                "kind": row.kind,
                "share": f"{row.share:.2f}",
                "due": "" if row.due is None else f"{row.due:.2f}",
                "cells": [_SYMBOLS[row.outcomes[name]] if name in row.outcomes else "" for name in checks],
                "named": row.name in row.named,
            }
            for row in rows
        ],
        "kills": [kills[name] for name in checks],
        "alone": [alone[name] for name in checks],
        "idle": [name for name in checks if not alone[name]],
    }
