"""What became of a class, against numbers that were worked out by hand."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator

import factories
import pytest
from classes import DERIVATION, FAILED, HALF, INCONCLUSIVE, PASSED, SIGN, by_name, graded, large, task, varied

from autograder.class_records import ClassRecord, Row, TaskSummary
from autograder.cohort.entries import Entry
from autograder.cohort.summary import summarise
from autograder.outcomes import Outcome
from autograder.records import About, Attempt, Flag, GradeRecord, ManualPoints


def row(record: ClassRecord, key: str) -> Row:
    """The row of one entry."""
    return next(row for row in record.rows if row.key == key)


def of(record: ClassRecord, task_id: str) -> TaskSummary:
    """The summary of one task."""
    return next(task for task in record.tasks if task.id == task_id)


# ---------------------------------------------------------------------------------------------------------- scores


def test_quartiles_and_bins() -> None:
    """Five scores of 0, 1, 2, 3 and 4 of 4: the quartiles are 1, 2 and 3; a score on a border belongs to the upper bin."""
    scores = by_name(*(graded(f"S{n}", task("one", f"{n}.00", max_points="4.00")) for n in range(5))).scores

    assert scores is not None
    assert (scores.count, scores.lower, scores.median, scores.upper, scores.mean) == (5, 0.25, 0.5, 0.75, 0.5)
    assert [place for place, count in enumerate(scores.bins) if count] == [0, 5, 10, 15, 19]
    assert (scores.above, scores.max_score, scores.marked) == (0, "4.00", 0)


def test_borders_of_bins_are_exact() -> None:
    """0.35 of 1 is in the bin from 35 %, though 0.35 * 20 is less than 7 in floating point."""
    scores = by_name(graded("A", task("one", "0.35", max_points="1.00"))).scores

    assert scores is not None
    assert scores.bins[7] == 1


def test_no_score_at_all() -> None:
    """A class of which nothing could be graded has no distribution and no tasks."""
    record = by_name(factories.rejected().model_copy(update={"about": About(name="A")}))

    assert (record.scores, record.tasks, record.mistakes) == (None, (), ())
    assert record.counts == {"graded": 0, "rejected": 1, "error": 0, "absent": 0}


def test_an_empty_class() -> None:
    """Nobody handed in: an empty record, no error."""
    record = summarise((), ())

    assert (record.rows, record.title, record.scores) == ((), "", None)


def test_one_record() -> None:
    """Its quartiles are its score; nothing can be said of how tasks go together."""
    record = by_name(graded("A", task("one", "2.00"), task("two", "1.00")))

    assert record.scores is not None
    assert (record.scores.lower, record.scores.median, record.scores.upper) == (0.75, 0.75, 0.75)
    assert [task.discrimination for task in record.tasks] == [None, None]


def test_pass_mark_and_other_maxima() -> None:
    """Who passes is counted among those for whom there is a mark; shares are of what each of them can have."""
    scores = by_name(
        graded("A", task("one", "2.00"), pass_mark="1.00"),
        graded("B", task("one", "0.50"), pass_mark="1.00"),
        graded("C", task("one", "3.00", max_points="4.00")),
    ).scores

    assert scores is not None
    assert (scores.passed, scores.marked, scores.max_score, scores.median) == (1, 2, "", 0.75)


def test_more_than_can_be_had() -> None:
    """Points that people add may lead beyond the maximum: such scores are counted apart."""
    bonus = ManualPoints(task="one", points="0.50", reason="elegant", author="TA")
    record = by_name(graded("A", task("one", "2.00"), manual=(bonus,)))

    assert record.scores is not None
    assert (sum(record.scores.bins), record.scores.above) == (0, 1)
    assert (row(record, "a").share, row(record, "a").shares, of(record, "one").full) == (1.25, (1.25,), 1)


# ----------------------------------------------------------------------------------------------------------- tasks


def test_counts_and_mean_of_a_task() -> None:
    """Two have all, one a half, one nothing."""
    one = by_name(
        *(graded(f"S{n}", task("one", points)) for n, points in enumerate(["2.00", "2.00", "1.00", "0.00"]))
    ).tasks[0]

    assert (one.full, one.partial, one.zero, one.taken, one.mean) == (2, 1, 1, 4, 0.625)


def test_discrimination_is_the_corrected_correlation() -> None:
    """The points of a task against those of all others together, without its own: as `statistics.correlation` has it."""
    points = [(2.0, 1.5, 0.5), (1.0, 2.0, 0.0), (0.0, 0.5, 1.0), (1.5, 1.0, 2.0), (0.3, 0.1, 0.2)]
    record = by_name(
        *(graded(f"S{n}", *(task(f"t{k}", f"{p:.2f}") for k, p in enumerate(row))) for n, row in enumerate(points))
    )

    for k in range(3):
        own, rest = [row[k] for row in points], [sum(row) - row[k] for row in points]
        assert of(record, f"t{k}").discrimination == pytest.approx(statistics.correlation(own, rest), abs=1e-4)


def test_discrimination_by_hand() -> None:
    """(0, 0), (1, 2), (2, 1): covariance 1/2, both variances 1."""
    pairs = [("0.00", "0.00"), ("1.00", "2.00"), ("2.00", "1.00")]
    record = by_name(*(graded(f"S{n}", task("one", a), task("two", b)) for n, (a, b) in enumerate(pairs)))

    assert [task.discrimination for task in record.tasks] == [0.5, 0.5]


def test_all_equal_has_no_discrimination() -> None:
    """Where everybody has the same, and sums in tenths would differ in the last bit, there is nothing to correlate."""
    record = by_name(
        *(graded(f"S{n}", task("one", "0.10"), task("two", "0.20"), task("x", f"{n}.00")) for n in range(3))
    )

    assert (of(record, "one").discrimination, of(record, "two").discrimination) == (None, None)
    assert of(record, "x").discrimination is None


def test_two_students_are_no_correlation() -> None:
    """Through two points there is always a line."""
    record = by_name(*(graded(f"S{n}", task("one", f"{n}.00"), task("two", f"{n}.00")) for n in range(2)))

    assert record.tasks[0].discrimination is None


def test_a_task_that_one_record_lacks() -> None:
    """It counts those who have it; the others have no share in it, and rows stay aligned."""
    record = by_name(graded("A", task("two", "1.00")), graded("B", task("one", "2.00"), task("two", "2.00")))

    assert [task.id for task in record.tasks] == ["two", "one"]
    assert (of(record, "one").taken, of(record, "two").taken) == (1, 2)
    assert (row(record, "a").shares, row(record, "b").shares) == ((0.5, None), (1.0, 1.0))


def test_points_that_people_set_added_and_gave() -> None:
    """A task has the points that count; work that people grade is a task, and what it is worth can be had from then on."""
    manual = (
        ManualPoints(task="one", points="1", sets=True, reason="x", author="TA"),
        ManualPoints(task="one", points="0.50", reason="x", author="TA"),
        ManualPoints(task="derivation", points="3", sets=True, reason="x", author="TA"),
        ManualPoints(task="cake", points="1", reason="no task of the assignment", author="TA"),
    )
    record = by_name(
        graded("A", task("one", "0.00"), waiting=(DERIVATION,), manual=manual),
        graded("B", task("one", "2.00"), waiting=(DERIVATION,)),
    )
    derivation = of(record, "derivation")

    assert row(record, "a").shares == (0.75, 0.75)
    assert (row(record, "a").score, row(record, "a").max_score) == ("5.50", "6.00")
    assert (row(record, "b").shares, row(record, "b").waits) == ((1.0, None), ("derivation",))
    assert (row(record, "b").score, row(record, "b").max_score) == ("2.00", "2.00")
    assert (derivation.kind, derivation.taken, derivation.waiting, derivation.mean) == ("person", 1, 1, 0.75)


def test_checks_the_hardest_first() -> None:
    """Outcomes are counted by kind; what few pass comes first; passing goes with the points of other tasks."""

    def both(easy: Outcome, hard: Outcome, other: str) -> GradeRecord:
        checks = (factories.check("one", "easy", "easy", easy), factories.check("one", "hard", "hard", hard))
        return graded(f"S{other}", task("one", "1.00", checks=checks), task("two", other))

    record = by_name(both(PASSED, PASSED, "2.00"), both(PASSED, FAILED, "0.00"), both(FAILED, Outcome.SKIPPED, "1.00"))
    hard, easy = of(record, "one").checks

    assert (hard.id, hard.passed, hard.taken) == ("one.hard", 1, 3)
    assert (easy.id, easy.outcomes) == ("one.easy", {PASSED: 2, FAILED: 1})
    assert hard.discrimination == pytest.approx(0.866, abs=1e-4)
    assert easy.discrimination == 0


def test_what_was_not_graded_does_not_count() -> None:
    """A record with the status error has tasks and no grade: it changes no number of a task."""
    broken = graded("B", task("one", "0.00", mistakes=(SIGN,)), status="error", score=None, max_score=None)
    record = by_name(graded("A", task("one", "2.00")), broken)

    assert (of(record, "one").taken, record.mistakes, row(record, "b").shares, row(record, "b").share) == (
        1,
        (),
        (),
        None,
    )


# -------------------------------------------------------------------------------------------------------- mistakes


def test_mistakes_are_counted_by_task() -> None:
    """One mistake in two tasks is two entries, the more frequent first, of those who have the task; rows point at them."""
    record = by_name(
        graded("B", task("one", "1.20", mistakes=(HALF,)), task("two", "1.20", mistakes=(HALF,))),
        graded("A", task("one", "0.72", mistakes=(SIGN, HALF))),
        graded("C", task("one", "2.00")),
    )

    assert [(m.task, m.name, m.taken, m.students) for m in record.mistakes] == [
        ("one", "half_missing", 3, ("a", "b")),
        ("one", "sign", 3, ("a",)),
        ("two", "half_missing", 1, ("b",)),
    ]
    assert [row(record, key).mistakes for key in "abc"] == [(0, 1), (0, 2), ()]


def test_a_name_beside_failures_without_one_counts() -> None:
    """Where not all has a name, checks have theirs; not what may be one of two, nor what comes from another task."""
    checks = (
        factories.check("one", "a", "a", FAILED, options=((HALF,),)),
        factories.check("one", "b", "b", FAILED),
        factories.check("one", "c", "c", FAILED, options=((SIGN,), (factories.ARRAY,))),
        factories.check("one", "d", "d", FAILED, options=((factories.DTYPE,),), carried_from="two"),
    )
    record = by_name(graded("A", task("one", "0.50", checks=checks)))

    assert [mistake.name for mistake in record.mistakes] == ["half_missing"]


# -------------------------------------------------------------------------------------------------- people, entries


def test_what_needs_a_person() -> None:
    """No grade and why, undecided checks, waiting work and flags; the same thing once, with all whom it concerns."""
    undecided = task("one", "1.00", checks=(factories.check("one", "value", "is right", INCONCLUSIVE),))
    flags = (
        Flag(code="inconclusive", message="ran out of its budget", check="one.value"),
        Flag(code="network", message="A connection was stopped."),
    )
    absent = Entry("gone", About(id="17"), None, "The folder is empty.")
    record = by_name(
        graded("B", undecided, waiting=(DERIVATION,), flags=flags),
        graded("A", undecided),
        factories.rejected().model_copy(update={"about": About(name="R")}),
        absent=(absent,),
    )

    assert [(c.kind, c.subject, c.students) for c in record.concerns] == [
        ("rejected", "", ("r",)),
        ("absent", "", ("gone",)),
        ("inconclusive", "one.value", ("a", "b")),
        ("waiting", "Derivation", ("b",)),
        ("flag", "network", ("b",)),
    ]
    assert record.concerns[1].message == "The folder is empty."
    assert (row(record, "gone").status, row(record, "gone").name, row(record, "gone").attempt) == ("absent", "17", 0)


def test_what_a_person_has_decided_needs_none() -> None:
    """An undecided check of a task for which somebody gave points is done with."""
    undecided = task("one", "1.00", checks=(factories.check("one", "value", "is right", INCONCLUSIVE),))
    entry = ManualPoints(task="one", points="2", sets=True, reason="right after all", author="TA")

    assert by_name(graded("A", undecided, manual=(entry,))).concerns == ()


def test_a_broken_record_is_told_once() -> None:
    """The flag of a fault that the status tells already is not told again."""
    flag = Flag(code="our-fault", message="it broke")
    record = by_name(graded("A", status="error", score=None, max_score=None, message="it broke", flags=(flag,)))

    assert [(concern.kind, concern.message) for concern in record.concerns] == [("error", "it broke")]


def test_trend_over_attempts() -> None:
    """By number of attempts: 1 of 4 and 3 of 4 at first, 2 of 4 and 2 of 4 now; an earlier maximum of its own counts."""

    def again(name: str, first: str, of_: str, attempts: int) -> GradeRecord:
        before = tuple(Attempt(number=n + 1, score=first, max_score=of_) for n in range(attempts - 1))
        return graded(name, task("one", "1.00"), task("two", "1.00"), attempts=before)

    record = by_name(
        again("A", "1.00", "4.00", 2), again("B", "1.50", "2.00", 2), again("C", "2.00", "", 3), again("D", "", "", 1)
    )

    assert [(t.attempts, t.students, t.first, t.last, t.better, t.worse) for t in record.trend] == [
        (2, 2, 0.5, 0.5, 1, 1),
        (3, 1, 0.5, 0.5, 0, 0),
    ]
    assert [row(record, key).attempt for key in "abcd"] == [2, 2, 3, 1]


@pytest.mark.parametrize(
    ("submitted", "due", "seconds"),
    [
        ("2026-03-02T01:00:00+02:00", "2026-03-01T22:00:00+00:00", 3600.0),
        ("2026-03-01T21:00:00Z", "2026-03-01T22:00:00Z", -3600.0),
        ("2026-03-01T21:00:00", "2026-03-01T22:00:00Z", None),
        ("yesterday", "2026-03-01T22:00:00Z", None),
        ("", "", None),
    ],
)
def test_how_late(submitted: str, due: str, seconds: float | None) -> None:
    """From the platform's time stamps, across time zones; unknown where they cannot be compared."""
    about = About(name="A", submitted_at=submitted, due=due)

    assert by_name(graded("A", task("one", "2.00"), about=about)).rows[0].late_seconds == seconds


def test_rows_are_in_the_order_of_names() -> None:
    """Whatever the order in which results come, also the absent; two of one name by key."""
    names = ["Öz", "ada", "Bo"]
    one = [(f"k{n}", graded(name, task("one", "2.00"))) for n, name in enumerate([*names, "ada"])]
    absent = [Entry("k9", About(name="Anton"), None, "nothing")]

    assert summarise(one, absent) == summarise(one[::-1], absent)
    assert [row.key for row in summarise(one, absent).rows] == ["k1", "k3", "k9", "k2", "k0"]


def test_seconds_and_title() -> None:
    """Stages of the grading are added up; the title is that of most records."""
    timing = {"stages_seconds": {"load": 1.25, "checks": 2.25}, "sandbox_restarts": 3}
    others = [graded(f"S{n}", task("one", "2.00")) for n in range(2)]
    record = by_name(graded("A", task("one", "2.00"), timing=timing, assignment="Smus"), *others)

    assert (record.title, record.track) == ("Sums", "short")
    assert (row(record, "a").seconds, row(record, "s0").seconds) == (3.5, None)
    whole = {"stages_seconds": {"checks": 12.1, "naming": 2.0, "total": 12.6}}  # checks hold the naming
    assert by_name(graded("A", task("one", "2.00"), timing=whole)).rows[0].seconds == 12.6


def test_json_reads_back() -> None:
    """`class.json` is the record."""
    record = varied()

    assert ClassRecord.model_validate_json(record.to_json()) == record


def test_records_are_not_kept() -> None:
    """Of a record little stays: memory grows by less than a tenth of what it holds."""
    printed = "x" * 200_000
    checks = (factories.check("one", "value", "is right", PASSED),)

    def results(amount: int) -> Iterator[tuple[str, GradeRecord]]:
        for number in range(amount):
            found = checks[0].model_copy(update={"printed": f"{printed}{number}"})
            yield f"k{number}", graded(f"S{number}", task("one", "2.00", checks=(found,)))

    tracemalloc.start()
    summarise(results(50), ())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 50 * len(printed) / 10


def test_a_large_class_is_aligned() -> None:
    """Every graded row has a share for every task, and mistakes that exist."""
    record = large(200, 5)

    assert {len(row.shares) for row in record.rows} == {5}
    assert max(max(row.mistakes, default=0) for row in record.rows) < len(record.mistakes)
    assert sum(len(mistake.students) for mistake in record.mistakes) == sum(len(row.mistakes) for row in record.rows)
