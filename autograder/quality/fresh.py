"""Checks with chance in them, run again under fresh seeds: do they keep their rate, and do they find what is wrong?"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.assignment.loading import Assignment
from autograder.quality.matrix import Row, entries_of, references_of, run_matrix
from autograder.quality.simulation import Tally

MOST_POWER_RUNS = 200
RUNS_PER_SESSION = 10


@dataclass(frozen=True)
class FreshJob:
    """Some runs, under fresh seeds, of the random checks over right or over wrong answers."""

    folder: Path
    wrong: bool
    ids: frozenset[str]
    checks: frozenset[str]
    runs: range


def random_checks(rows: Sequence[Row]) -> frozenset[str]:
    """Return the ids of the checks that were decided by a statistical test, about anyone."""
    return frozenset(f"{row.task}.{check}" for row in rows for check in row.random)


def fresh_jobs(folder: Path, rows: Sequence[Row], runs: int) -> list[FreshJob]:
    """Return the jobs of `runs` runs: every right answer, and every wrong one that nothing but random checks catches."""
    checks = random_checks(rows)
    tasks = {check.partition(".")[0] for check in checks}
    own = [row for row in rows if row.task in tasks]
    right = frozenset(f"{row.task}/{row.name}" for row in own if row.kind == "variant")
    right |= {f"{task}/reference" for task in tasks}
    by_chance = [row for row in own if all(f"{row.task}.{check}" in checks for check in row.failed)]
    wrong = frozenset(f"{row.task}/{row.name}" for row in by_chance if row.kind == "misconception")
    return [
        FreshJob(folder, is_wrong, ids, checks, range(start, min(start + RUNS_PER_SESSION, 1 + count)))
        for is_wrong, ids, count in ((True, wrong, min(runs, MOST_POWER_RUNS)), (False, right, runs))
        for start in range(1, 1 + count, RUNS_PER_SESSION)
    ]


def fresh_seed(run: int) -> int:
    """Return the seed of a run. A check adds the number of the draw to it, so seeds of different runs must lie far apart."""
    return int.from_bytes(hashlib.sha256(f"fresh seeds, run {run}".encode()).digest()[:6])


def run_fresh(job: FreshJob, assignment: Assignment) -> tuple[bool, Tally, float]:
    """Do one job; return whether it asked wrong answers, what was seen, and the seconds of CPU."""
    started = time.process_time()
    kinds = ("misconception",) if job.wrong else ("variant", "reference")
    everyone = [*entries_of(assignment), *references_of(assignment)]
    chosen = [entry for entry in everyone if entry.kind in kinds and entry.id in job.ids]
    entries = [replace(entry, run=fresh_seed(run)) for run in job.runs for entry in chosen]
    tally = Tally()
    for row in run_matrix(assignment, entries, only=job.checks, until_caught=job.wrong, named=False):
        tally.add(row.task, row.name, row.outcomes, row.verdicts)
    return job.wrong, tally, time.process_time() - started
