"""Grading the grader: every named wrong answer must be caught by its own task's checks, every right one must pass them all.

`validate` asks the whole matrix once, the generated mutants of the reference up to the first check that catches them, and, with
`runs`, the checks that use random numbers again under fresh seeds. Rows are stored: only what changed is asked again.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from autograder.assignment.loading import Assignment
from autograder.diagnosis.priced import require_prices
from autograder.quality.fresh import FreshJob, fresh_jobs, run_fresh
from autograder.quality.matrix import Entry, Row, entries_of, references_of, run_matrix
from autograder.quality.mutation import Mutated, mutants_asked, mutated
from autograder.quality.recorded import otherwise, unwritten
from autograder.quality.simulation import NullRow, PowerRow, Tally, alarm, null_rows, power_rows
from autograder.quality.store import Store

LEAST_POWER = 0.999
LEAST_OF_A_FORM = 0.85
LEAST_WITHOUT_GRADIENT = 0.70
"""The same for a form through which no gradient can flow."""
MOST_FROM_PANEL = 0.06
_EXACTLY = 0.001

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Validation:
    """The result of a validation.

    Attributes:
        rows: One for every candidate.
        repeats: Fresh-seed runs of the random checks over the variants and the reference.
        punished: Ids of variants that failed a check, in any run, with the check.
        cpu_seconds: Processor time of all workers.
        null: What the fresh-seed runs say about the distribution of each random check's statistic under right answers.
        power: What they say about how surely each wrong answer is caught that only random checks catch.
        mutants: Generated changes of the reference that change an answer.
        unwritten: Ids of mistakes whose body is still to be written.
        otherwise: Sentences about mistakes that do not do what the submissions did that they were named after.
    """

    rows: tuple[Row, ...]
    repeats: int
    punished: tuple[str, ...]
    seconds: float
    cpu_seconds: float = 0.0
    null: tuple[NullRow, ...] = ()
    power: tuple[PowerRow, ...] = ()
    mutants: tuple[Mutated, ...] = ()
    unwritten: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()

    @property
    def surviving(self) -> tuple[Mutated, ...]:
        """Return the mutants that no check caught and that nobody has explained."""
        return tuple(mutant for mutant in self.mutants if mutant.survives)

    @property
    def survivors(self) -> tuple[str, ...]:
        """Return ids of misconceptions that no check caught."""
        return tuple(f"{r.task}/{r.name}" for r in self.rows if r.kind == "misconception" and not r.failed)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """Return ids of misconceptions that the diagnosis did not recognise."""
        return tuple(f"{row.task}/{row.name}" for row in self._to_name if row.name not in row.named)

    @property
    def _to_name(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.kind == "misconception" and row.diagnosed)

    @property
    def idle(self) -> tuple[str, ...]:
        """Return ids of checks that catch no misconception: they check nothing, or nothing shows that they do."""
        wrong = [row for row in self.rows if row.kind in ("misconception", "form")]
        every = {f"{row.task}.{check}" for row in wrong for check in row.outcomes}
        return tuple(sorted(every - {f"{row.task}.{check}" for row in wrong for check in row.failed}))

    @property
    def mispriced(self) -> tuple[str, ...]:
        """Return the named mistakes that do not keep the share of their task which their severity says, with both shares.

        Trained models are not diagnosed, since a name would cost a training: a mistake that no check recognises earns by its checks.
        """
        return tuple(
            f"{row.task}/{row.name} keeps {row.share:.2f}, not {row.due:.2f}"
            for row in self.rows
            if row.kind == "misconception" and row.due is not None and row.failed
            if (row.diagnosed or row.name in row.named) and abs(row.share - row.due) > _EXACTLY
        )

    @property
    def unfair(self) -> tuple[str, ...]:
        """Return the forms that keep too little, and the fillings that earn something."""
        forms = [
            f"{row.task} as {row.name} keeps {row.share:.2f}"
            for row in self._of("form")
            if row.share < (LEAST_OF_A_FORM if row.keeps_gradient else LEAST_WITHOUT_GRADIENT)
        ]
        return (*forms, *(f"{r.task} filled with {r.name} earns {r.share:.2f}" for r in self._of("filling") if r.share))

    def _of(self, kind: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.kind == kind)

    @property
    def panel(self) -> float | None:
        """Return how far the graded pieces are from what people gave, on average; None without any."""
        off = [abs(row.share - row.due) for row in self._of("graded") if row.due is not None]
        return sum(off) / len(off) if off else None

    def fairness_line(self) -> str:
        """Return what forms cost, what fillings earn, what named mistakes keep and how far people are, in one line."""
        forms, fillings = self._of("form"), self._of("filling")
        named = [row.share for row in self._of("misconception") if row.failed]
        parts = []
        if forms:
            parts.append(f"form costs at most {max(1 - row.share for row in forms):.0%}")
        if fillings:
            parts.append(f"fillings earn at most {max(row.share for row in fillings):.0%}")
        if named:
            parts.append(f"named mistakes keep a median of {statistics.median(named):.0%}")
        if self.panel is not None:
            parts.append(f"panel differs by {self.panel:.3f} ({len(self._of('graded'))} pieces)")
        return ", ".join(parts)

    @property
    def weak(self) -> tuple[PowerRow, ...]:
        """Return wrong answers that passed under some seed, or would too often."""
        return tuple(row for row in self.power if row.missed or row.power < LEAST_POWER)

    @property
    def anomalies(self) -> tuple[NullRow, ...]:
        """Return random checks whose statistic is not distributed as its test assumes."""
        return tuple(alarm(self.null))

    @property
    def closest(self) -> tuple[tuple[float, str, str], ...]:
        """Return (share of the tolerance, check id, variant) for the right answer that used most of it, check by check."""
        most: dict[str, tuple[float, str, str]] = {}
        for row in self.rows:
            for check, share in row.tolerance_used.items() if row.kind == "variant" else ():
                check_id = f"{row.task}.{check}"
                most[check_id] = max(most.get(check_id, (0.0, check_id, "")), (share, check_id, row.name))
        return tuple(sorted((entry for entry in most.values() if entry[0] > 0), reverse=True))

    @property
    def ok(self) -> bool:
        """Whether nothing wrong passed and nothing right was punished, and the statistics are what the tests assume."""
        wrong = self.survivors or self.punished or self.idle or self.weak or self.anomalies or self.surviving
        wrong = wrong or self.unwritten or self.otherwise
        return not (wrong or self.mispriced or self.unfair or (self.panel or 0.0) > MOST_FROM_PANEL)

    def fresh_line(self) -> str:
        """Return what the runs under fresh seeds found, in one line."""
        asked = len({(row.task, row.name) for row in self.null})
        failures, undecided = sum(row.failed for row in self.null), sum(row.undecided for row in self.null)
        least = min((row.power for row in self.power), default=1.0)
        return (
            f"fresh seeds: {asked} right answers × {self.repeats:,} runs, {failures} failures, {undecided} undecided; "
            f"{len(self.null)} null distributions, {len(self.anomalies)} not as assumed; {len(self.power)} wrong answers "
            f"× {max((row.runs for row in self.power), default=0)} runs, {sum(row.missed for row in self.power)} missed, "
            f"least power {least:.6f}; {self.cpu_seconds:.0f} s of CPU"
        )

    def last_line(self) -> str:
        """Return the line that ends `make validate`."""
        wrong = [row for row in self.rows if row.kind == "misconception"]
        right = [row for row in self.rows if row.kind == "variant"]
        named = len(self._to_name) - len(self.unnamed)
        caught = f"mutants {len(self.mutants) - len(self.surviving)}/{len(self.mutants)}, " if self.mutants else ""
        killed, punished = len(wrong) - len(self.survivors), len({p.partition(":")[0] for p in self.punished})
        return (
            f"killed {killed}/{len(wrong)}, named {named}/{len(self._to_name)}, {caught}variants punished {punished}/{len(right)} "
            f"in {1 + self.repeats:,} runs, {self.seconds:.0f} s"
        )


@dataclass(frozen=True)
class _Job:
    """Some entries of the matrix, or the mutants of some tasks."""

    folder: Path
    keys: tuple[str, ...] = ()
    mutants_of: str = ""
    store: Path | None = None


def validate(
    assignment: Assignment,
    *,
    tasks: Collection[str] | None = None,
    runs: int = 1,
    workers: int = 2,
    mutants: bool = True,
    store: Path | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Validation:
    """Run the whole matrix once, the mutants, and the random checks `runs` − 1 times more under fresh seeds.

    Those runs ask every right answer, and up to `fresh.MOST_POWER_RUNS` times every wrong one that nothing but random checks catches.

    Args:
        assignment: What is validated; its workers load it from its folder.
        tasks: Validate these alone; all that are asked about where it is None.
        runs: Of the random checks, all together.
        workers: Processes.
        mutants: Whether the generated mutants are asked about.
        store: Folder for rows, see `store.Store`; None keeps nothing.
        progress: Told what has been done.

    Raises:
        RubricError: The rubric prices a mistake that nothing can recognise.
    """
    started = time.monotonic()
    require_prices(assignment)
    chosen = {task.id for task in assignment.rubric.tasks if tasks is None or task.id in tasks}
    kept = Store(store, assignment)
    entries = [entry for entry in _everyone(assignment) if tasks is None or entry.task in tasks]
    known = {entry.key: row for entry in entries if (row := kept.get(entry.task, entry.key)) is not None}
    rows = list(known.values())
    if known:
        progress(f"matrix: {len(known)} of {len(entries)} rows are stored and still hold")
    jobs = [
        _Job(assignment.folder, tuple(part))
        for part in _parts([entry.key for entry in entries if entry.key not in known], 8 * workers)
    ]
    own = dict.fromkeys(entry.task for entry in entries) if mutants else {}
    asked = [_Job(assignment.folder, mutants_of=task, store=store) for task in mutants_asked(assignment, own)]
    changed: list[Mutated] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_single_threaded) as pool:
        for done, part in enumerate(_as_they_come(pool, _run_job, jobs), 1):
            for key, row in part:
                kept.put(key, row)
                rows.append(row)
            progress(f"matrix: {done} of {len(jobs)} parts")
        for done, found in enumerate(_as_they_come(pool, _run_mutants, asked), 1):
            changed += found
            progress(f"mutants: {done} of {len(asked)} tasks, {len(changed)} that change something")
        right = [row for row in rows if row.kind in ("variant", "reference")]
        punished = [f"{row.task}/{row.name}:{check}" for row in right for check in row.failed]
        null, power, cpu = Tally(), Tally(), 0.0
        fresh = fresh_jobs(assignment.folder, rows, runs - 1)
        for done, (wrong, tally, seconds) in enumerate(_as_they_come(pool, _run_fresh, fresh), 1):
            (power if wrong else null).join(tally)
            cpu += seconds
            if done % 20 == 0 or done == len(fresh):
                progress(
                    f"fresh seeds: {done} of {len(fresh)} parts, {cpu:.0f} s of CPU, {null.failed.total()} punished"
                )
    punished += [f"{task}/{name}:{check}" for (task, check, name), count in null.failed.items() if count]
    order = {entry.key: place for place, entry in enumerate(entries)}
    rows.sort(key=lambda row: (row.task, row.kind, row.name, order.get(f"{row.kind}:{row.task}/{row.name}", 0)))
    changed.sort(key=lambda mutant: (mutant.task, mutant.id))
    return Validation(
        tuple(rows),
        runs - 1,
        tuple(punished),
        time.monotonic() - started,
        cpu,
        tuple(null_rows(null)),
        tuple(power_rows(power)),
        tuple(changed),
        unwritten(assignment, chosen),
        otherwise(assignment, chosen),
    )


def _everyone(assignment: Assignment) -> list[Entry]:
    """Return all candidates of the matrix, and the reference: where that fails its own checks, nothing else means anything."""
    candidates = entries_of(assignment)
    tasks = {entry.task for entry in candidates}
    return candidates + [entry for entry in references_of(assignment) if entry.task in tasks]


def _as_they_come(pool: ProcessPoolExecutor, work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
    """Yield results in the order in which they are ready; a worker that dies is an error, not a wait without end."""
    waiting = [pool.submit(work, job) for job in jobs]
    try:
        for done in as_completed(waiting):
            yield done.result()
    finally:
        for future in waiting:
            future.cancel()


def _parts(keys: Sequence[str], count: int) -> list[Sequence[str]]:
    return [part for start in range(count) if (part := keys[start::count])]


# ------------------------------------------------------------------------------------------------ in a worker process


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> Assignment:
    """Load an assignment once in every worker process."""
    return Assignment(folder)


def _single_threaded() -> None:
    import torch

    torch.set_num_threads(1)


def _run_job(job: _Job) -> list[tuple[str, Row]]:
    wanted = set(job.keys)
    chosen: list[Entry] = [entry for entry in _everyone(_loaded(job.folder)) if entry.key in wanted]
    rows = run_matrix(_loaded(job.folder), chosen)
    return [(entry.key, row) for entry, row in zip(chosen, rows, strict=True)]


def _run_mutants(job: _Job) -> list[Mutated]:
    return mutated(_loaded(job.folder), job.mutants_of, job.store)


def _run_fresh(job: FreshJob) -> tuple[bool, Tally, float]:
    return run_fresh(job, _loaded(job.folder))
