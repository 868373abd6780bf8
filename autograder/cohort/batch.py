"""A whole class in one run: what was handed in, the plan, the schedule, the store, the reports and the class page.

Whatever ends a run, at most what was being graded is lost: a result appears whole, is kept in the store, and only then put in its
place. The same command goes on from there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import URL

from autograder.assignment.digests import engine_digest, names_digest
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric
from autograder.class_records import ClassRecord
from autograder.cohort.attempts import Handed, Tried, several, to_grade, which_counts
from autograder.cohort.counting import SET_ASIDE, set_aside, that_counts
from autograder.cohort.entries import Cohort, Entry
from autograder.cohort.extensions import extended, read_extensions
from autograder.cohort.jobs import Ended, Job, is_full
from autograder.cohort.plan import Plan, Planned, plan_of
from autograder.cohort.platforms import read_cohort
from autograder.cohort.schedule import Run, Standing, cluster
from autograder.cohort.settings import Settings
from autograder.cohort.store import Known, State, Store, open_store
from autograder.cohort.summary import summarise
from autograder.errors import HarnessFault, UsageError
from autograder.grading.options import GradeOptions
from autograder.grading.provenance import digest_of, versions
from autograder.grading.record import error_record
from autograder.grading.regrading import KEPT
from autograder.grading.results import manual_in, read_record
from autograder.records import RESULT, GradeRecord
from autograder.report.class_page import class_page
from autograder.report.files import FILES, write_reports

OWN = ".batch"
"""The folder beside the reports in which a batch keeps what is its own."""
INDEX, CLASS = "index.html", "class.json"


@dataclass(frozen=True)
class Result:
    """What one run did.

    Attributes:
        cohort, plan: The class, and what there was to do.
        ended: How each job of this run ended, by key; those whose results lay there already are `finished`.
        summary: The whole class, as it stands now.
    """

    cohort: Cohort
    plan: Plan
    ended: dict[str, Ended]
    summary: ClassRecord


@dataclass
class Batch:
    """One run.

    Attributes:
        submissions: What a platform handed out.
        reports: Where the reports of the class lie.
        settings: How to grade.
        slots: How many submissions are graded at once on this machine.
        scheduler: Address of a scheduler to use in place of this machine; "" for none.
        store: URL of the store; "" for SQLite beside the reports.
        retry: Whether what was set aside is tried again.
        extensions: A table of students who have more time; see `extensions.read_extensions`.
        planned: Told once what there is to do.
        tell: Told about once a second how far it is.
    """

    submissions: Path
    reports: Path
    settings: Settings
    slots: int = 1
    scheduler: str = ""
    store: str = ""
    retry: bool = False
    extensions: Path | None = None
    planned: Callable[[Cohort, Plan], None] = lambda cohort, plan: None
    tell: Callable[[Standing], None] = lambda standing: None
    _ended: dict[str, Ended] = field(default_factory=dict)
    _handled: set[str] = field(default_factory=set)
    _several: dict[str, tuple[Handed, ...]] = field(default_factory=dict)

    def run(self) -> Result:
        """Grade what is new or changed, and write the class page.

        Raises:
            UsageError: What was handed in, the assignment, the store or an argument is unusable; or another batch is writing there.
            HarnessFault: No job can be done, or nothing can be written; what was graded before that is kept.
        """
        own = self.reports / OWN
        beside = URL.create("sqlite", database=str(own.absolute() / "store.sqlite"))
        name = str(self.reports.resolve()) if self.store else ""  # beside the reports it moves with them
        with _no_room(own), _only_one(own), open_store(self.store or beside, name) as store:
            rubric, decides = self._decides()  # before an archive is unpacked: the assignment may be unusable
            cohort = read_cohort(self.submissions, own / "submissions")
            if self.extensions is not None:
                more = read_extensions(self.extensions)
                cohort = replace(cohort, entries=extended(cohort.entries, more, self.extensions))
            known, stored = store.known(), store.stored()
            self._several = several(cohort.entries, stored, rubric.attempts)
            apart = {key: {one.known.sha256: one.known for one in stored.get(key, ())} for key in self._several}
            entries = [one for entry in cohort.entries for one in self._to_grade(entry, rubric)]
            plan = plan_of(entries, known, decides, retry=self.retry, by_content=apart)
            self.planned(cohort, plan)
            self._resume(plan, known, store)
            self._grade(plan, apart, store)
            self._publish(rubric, store)
            summary = self._summary(cohort, store)
        return Result(cohort, plan, self._ended, summary)

    def _to_grade(self, entry: Entry, rubric: Rubric) -> tuple[Entry, ...]:
        attempts = self._several.get(entry.key)
        return (entry,) if attempts is None else to_grade(attempts, rubric.attempts)

    def _decides(self) -> tuple[Rubric, str]:
        """Return the rubric of the track, and a digest of everything that a grade depends on beside the submission."""
        assignment = Assignment(self.settings.assignment)
        settings = self.settings
        options = GradeOptions(track=settings.track, tasks=settings.tasks, training=settings.training)
        rubric = options.applied_to(assignment.rubric)
        parts = [digest_of(assignment), engine_digest(), names_digest(assignment.folder), self.settings.decides()]
        parts += [f"{name} {version}" for name, version in sorted(versions().items())]
        return rubric, hashlib.sha256("\n".join(parts).encode()).hexdigest()

    # --------------------------------------------------------------------------------------------- results in place

    def _resume(self, plan: Plan, known: Mapping[str, Known], store: Store) -> None:
        """Put in their place what the run before this one finished, and what stands in the store and was removed from the reports."""
        planned = {one.job: one for one in (*plan.todo, *plan.standing, *plan.set_aside)}
        self._finished.mkdir(exist_ok=True)
        for left in sorted(self._finished.iterdir()):
            if left.name in planned and (left / RESULT).exists():
                self._put(planned[left.name], left, store)
            else:
                shutil.rmtree(left)  # half of a result, or one of a submission that has changed since
        for key in sorted({one.entry.key for one in planned.values()} & set(known) - set(self._several)):
            self._restore(key, known[key].job, store)

    def _restore(self, key: str, job: str, store: Store) -> None:
        """Write again what is missing of a student's reports; a record that lies there holds what people decided last."""
        folder = self.reports / key
        if (folder / RESULT).exists():
            if any(not (folder / name).exists() for name in FILES):
                with contextlib.suppress(UsageError):  # which the class page says
                    write_reports(read_record(folder / RESULT), folder)
        elif (record := store.record(key, job)) is not None:
            write_reports(record.with_manual(store.decisions(key)), folder)

    def _grade(self, plan: Plan, apart: Mapping[str, Mapping[str, Known]], store: Store) -> None:
        """Grade what is to be graded, and put every result in its place as it comes."""
        session = uuid.uuid4().hex
        started = self._finished.with_name("started")
        planned = {one.job: one for one in plan.todo if one.job not in self._handled}
        jobs = [self._job(one, started / session / one.job) for one in planned.values()]
        for one, job in zip(planned.values(), jobs, strict=True):
            before = apart.get(job.key, {}).get(one.sha256)
            record = None if before is None else store.record(job.key, before.job)
            if record is not None:
                write_reports(record, job.published)

        def ended(job: Job, how: Ended) -> None:
            self._ended[job.key] = how
            if how.end == "died":
                try:
                    write_reports(self._set_aside(job, how), job.finished)
                except UsageError as error:
                    self._ended[job.key] = Ended(end="refused", why=str(error))
            if (job.finished / RESULT).exists():
                self._put(planned[job.id], job.finished, store)
            elif self._ended[job.key].end == "finished":
                why = (
                    f"its result is not in {job.finished}; a worker must see the folder of reports under the same path"
                )
                self._ended[job.key] = Ended(end="refused", why=why)

        if jobs:
            with cluster(self.scheduler, min(self.slots, len(jobs))) as client:
                Run(client, self.settings, engine_digest(), ended, self.tell).over(jobs)
        shutil.rmtree(started, ignore_errors=True)
        shutil.rmtree(self._apart, ignore_errors=True)

    @property
    def _finished(self) -> Path:
        return self.reports.absolute() / OWN / "finished"

    @property
    def _apart(self) -> Path:
        """Where the results of attempts lie while they are graded again; what counts lies in the student's folder."""
        return self.reports.absolute() / OWN / "attempts"

    def _job(self, one: Planned, started: Path) -> Job:
        assert one.entry.path is not None
        return Job(
            id=one.job,
            key=one.entry.key,
            path=one.entry.path.absolute(),
            about=one.entry.about,
            published=self._apart / one.job
            if one.entry.key in self._several
            else (self.reports / one.entry.key).absolute(),
            finished=self._finished / one.job,
            started=started,
        )

    def _set_aside(self, job: Job, how: Ended) -> GradeRecord:
        """Return the record of a submission that nobody could grade, which is our failure."""
        why = f"The grader did not survive this submission, also not alone: {how.why}"
        broken = error_record(job.path, GradeOptions(track=self.settings.track), HarnessFault(why))
        return set_aside(that_counts(broken, job), why)

    def _put(self, one: Planned, finished: Path, store: Store) -> None:
        """Keep a result in the store, then put its files in their place; what was done half before is done again."""
        folder = self.reports / one.entry.key
        try:
            record = read_record(finished / RESULT)
            apart = one.entry.key in self._several
            kept = store.decisions(one.entry.key) if apart else record.manual
            now = manual_in(folder) if (folder / RESULT).exists() else kept
        except UsageError as error:  # it stays where it is until what lies in its place can be read
            self._ended[one.entry.key] = Ended(end="refused", why=str(error))
            self._handled.add(one.job)
            return
        if now != record.manual:  # somebody decided something while it was graded
            record = record.with_manual(now)
            write_reports(record, finished)
        store.commit(one.entry.key, one.sha256, one.job, _state(record), record)
        if not apart:
            folder.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                with contextlib.suppress(FileNotFoundError):  # it was moved before the run before this one ended
                    os.replace(finished / name, folder / name)
        shutil.rmtree(finished)
        self._handled.add(one.job)
        self._ended.setdefault(one.entry.key, Ended(end="finished"))

    def _publish(self, rubric: Rubric, store: Store) -> None:
        """Put the attempt that counts in its place, for every student who has several."""
        known = {key: {one.known.sha256: one.known.job for one in found} for key, found in store.stored().items()}
        for key, attempts in self._several.items():
            jobs = [known.get(key, {}).get(one.sha256) for one in attempts]
            tried = [
                Tried(one, store.record(key, job) if job else None) for one, job in zip(attempts, jobs, strict=True)
            ]
            record = which_counts(tried, rubric.attempts, rubric.late)
            folder = self.reports / key
            try:
                there = read_record(folder / RESULT) if (folder / RESULT).exists() else None
            except UsageError as error:
                self._ended[key] = Ended(end="refused", why=str(error))
                continue
            if record is not None:
                record = record.with_manual(store.decisions(key) if there is None else there.manual)
                if record != there or any(not (folder / name).exists() for name in FILES):
                    write_reports(record, folder)

    # ---------------------------------------------------------------------------------------------------- the class

    def _summary(self, cohort: Cohort, store: Store) -> ClassRecord:
        """Write the class page of all that lies there now, and keep what people decided since."""
        absent = [entry for entry in cohort.entries if not (self.reports / entry.key / RESULT).exists()]

        def results() -> Iterator[tuple[str, GradeRecord]]:
            for entry in cohort.entries:
                folder = self.reports / entry.key
                if (folder / RESULT).exists():
                    yield entry.key, self._standing(entry, folder / RESULT, store)

        summary = summarise(results(), absent)
        for name, text in ((CLASS, summary.to_json()), (INDEX, class_page(summary))):
            half = self.reports / OWN / name
            half.write_text(text, encoding="utf-8")
            os.replace(half, self.reports / name)
        return summary

    def _standing(self, entry: Entry, result: Path, store: Store) -> GradeRecord:
        """Return a student's record, and keep what it says of people's decisions; where it cannot be read, one that says so."""
        try:
            record = read_record(result)
        except UsageError as error:
            fault = HarnessFault(f"{error}. Correct it, or move it away: then what the store holds comes back")
            broken = error_record(entry.path or result, GradeOptions(track=self.settings.track), fault)
            return broken.model_copy(update={"about": entry.about})
        if store.decisions(entry.key) != record.manual:
            store.decide(entry.key, record.manual)
        return record


def _state(record: GradeRecord) -> State:
    """Return how a grading ended, also where the points from before stand in its place."""
    codes = {flag.code for flag in record.flags}
    return "set_aside" if SET_ASIDE in codes else "error" if KEPT in codes else record.status


@contextlib.contextmanager
def _no_room(own: Path) -> Iterator[None]:
    """Say in a sentence that nothing more can be written here: results that had been written stay, and are taken over later."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        go_on = "what was graded is kept, and the same command goes on from there"
        raise HarnessFault(f"{own.parent}: {error.strerror}; make room: {go_on}") from None


@contextlib.contextmanager
def _only_one(own: Path) -> Iterator[None]:
    """Hold the lock of a folder of reports: two batches would take each other's results away."""
    own.mkdir(parents=True, exist_ok=True)
    with (own / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"another batch is writing to {own.parent}; wait for it, or name another --out") from None
        yield
