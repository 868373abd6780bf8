"""Right work in unusual dress under fresh seeds: `python -m tests.submissions.unusual.stress RUNS [PART OF AN ID ...]`.

Every check that a statistical test decides is asked about every piece with randomness, in this process, RUNS times. What is
printed: how often each piece was failed or left undecided, by which check.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.assignment.loading import Assignment
from autograder.quality.fresh import RUNS_PER_SESSION, fresh_seed, random_checks
from autograder.quality.matrix import Entry, run_matrix
from autograder.quality.simulation import Tally
from tests.submissions.build import ROOT

from . import DRESSES, Dress

RANDOM = frozenset({"sample_gaussian", "elbo", "vae_loss", "estimate_log_likelihood"})


def entries_of(dresses: Sequence[Dress]) -> list[Entry]:
    """The functions of the pieces that answer one random task, as candidates."""
    chosen = [dress for dress in dresses if dress.task in RANDOM]
    return [Entry("variant", dress.task, dress.name, _loaded(dress)) for dress in chosen]


def _loaded(dress: Dress) -> Callable[..., Any]:
    with tempfile.TemporaryDirectory() as place:
        return dress.function(Path(place))


def stressed(entries: Sequence[Entry], runs: int) -> Tally:
    """Ask the random checks about all of them, `runs` times."""
    assignment = Assignment(ROOT)
    checks = random_checks(run_matrix(assignment, entries, named=False))
    tally = Tally()
    for start in range(1, runs + 1, RUNS_PER_SESSION):
        seeds = range(start, min(start + RUNS_PER_SESSION, runs + 1))
        asked = [replace(entry, run=fresh_seed(run)) for run in seeds for entry in entries]
        for row in run_matrix(assignment, asked, only=checks, named=False):
            tally.add(row.task, row.name, row.outcomes, row.verdicts)
            for check in (*row.failed, *row.undecided):
                print(f"{row.task}/{row.name} {check}: {row.messages.get(check, '')[:300]}", flush=True)
        print(f"{seeds[-1]} runs", flush=True)
    return tally


def main(arguments: Sequence[str]) -> int:
    """Print what was failed or left undecided; return how many pieces were failed."""
    runs, wanted = int(arguments[0]), arguments[1:]
    chosen = [dress for dress in DRESSES if not wanted or any(part in dress.id for part in wanted)]
    entries = entries_of(chosen)
    tally = stressed(entries, runs)
    failed = {(task, name) for task, check, name in tally.failed if tally.failed[task, check, name]}
    for what, counts in (("failed", tally.failed), ("undecided", tally.undecided)):
        for (task, check, name), count in sorted(counts.items()):
            if count:
                print(f"{what} {count} of {tally.asked[task, check, name]}: {task}/{name} by {check}")
    print(f"{len(entries)} pieces, {sum(tally.runs.values())} runs, {sum(tally.asked.values())} checks: {len(failed)} pieces failed")
    return len(failed)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
