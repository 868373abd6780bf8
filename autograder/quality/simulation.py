"""What runs under fresh seeds say about the statistical checks: do they keep their rate, and do they find what is wrong?

A rate of 1e-6 cannot be seen by counting failures. So what each test *assumes* is compared with what it saw at its first stage:

- a sign test assumes that a batch mean lies above the expected mean with probability 1/2 ± delta, independently of the others:
  the share over all runs (exact binomial test), and the spread of the counts over the runs (chi-square);
- a test of exact distribution assumes uniform p-values (two-sided Kolmogorov-Smirnov test);
- every test assumes P(p ≤ t) ≤ t for every t (one-sided Kolmogorov-Smirnov test).

Power: a sign test's follows from the measured distance of a batch mean (binomial, Gaussian batch means), that of a test of a
variance from the measured ratio (chi-square), that of others from the mean and the spread of their distance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autograder.checking.statistics import Look, Verdict, uniformity_of_p_values
from autograder.checking.statistics.intervals import sign_test_power
from autograder.checking.statistics.verdict import distance
from autograder.outcomes import Outcome

FALSE_ALARM = 1e-4
"""Probability that a whole table of null distributions raises an alarm by chance."""

_UNEXPLAINED = 1e-6

Vector = NDArray[np.float64]


class Key(NamedTuple):
    """Which question: asked by which check about whom."""

    task: str
    check: str
    name: str
    question: str


@dataclass
class Series:
    """The first-stage looks of one question over many runs.

    Attributes:
        example: One of them, for what does not vary: n, level, batches, allowance.
        constant: Runs in which the draws were all the same and as expected: there is no distribution to compare.
    """

    example: Look
    p: list[float] = field(default_factory=list)
    z: list[float] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    skewness: list[float] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)
    constant: int = 0

    def add(self, look: Look) -> None:
        """Add one run."""
        if look.allowance and not look.batches:
            self.constant += 1
            self.z.append(look.z)
            return
        if look.batches:
            self.example = look
        self.p.append(look.p)
        self.z.append(look.z)
        self.above.append(look.above)
        self.skewness.append(look.skewness)
        self.ratio.append(look.ratio)

    def join(self, other: Series) -> None:
        """Add the runs of another series of the same question."""
        if other.example.batches:
            self.example = other.example
        for mine, more in (
            (self.p, other.p),
            (self.z, other.z),
            (self.skewness, other.skewness),
            (self.ratio, other.ratio),
        ):
            mine.extend(more)
        self.above.extend(other.above)
        self.constant += other.constant


@dataclass
class Tally:
    """Everything that fresh-seed runs saw.

    Attributes:
        series: First-stage looks by question.
        runs: How often each candidate, (task, name), was asked.
        asked: How often each check was asked about each candidate, by (task, check, name).
        failed: How often it failed, likewise.
        undecided: How often a check ended inconclusive, likewise.
        caught: How often any check failed a candidate.
    """

    series: dict[Key, Series] = field(default_factory=dict)
    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    failed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    undecided: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    caught: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(
        self, task: str, name: str, outcomes: Mapping[str, Outcome], verdicts: Mapping[str, Sequence[Verdict]]
    ) -> None:
        """Add one run of one candidate."""
        self.runs[task, name] += 1
        self.caught[task, name] += Outcome.FAILED in outcomes.values()
        for check, outcome in outcomes.items():
            self.asked[task, check, name] += outcome is not Outcome.SKIPPED
            self.failed[task, check, name] += outcome is Outcome.FAILED
            self.undecided[task, check, name] += outcome is Outcome.INCONCLUSIVE
        for check, found in verdicts.items():
            for question, look in first_looks(found):
                key = Key(task, check, name, question)
                if key not in self.series:
                    self.series[key] = Series(look)
                self.series[key].add(look)

    def join(self, other: Tally) -> None:
        """Add the runs of another tally."""
        for key, series in other.series.items():
            if key in self.series:
                self.series[key].join(series)
            else:
                self.series[key] = series
        self.runs.update(other.runs)
        self.asked.update(other.asked)
        self.failed.update(other.failed)
        self.undecided.update(other.undecided)
        self.caught.update(other.caught)


def first_looks(verdicts: Sequence[Verdict]) -> list[tuple[str, Look]]:
    """Return what the tests of one check saw at their first stages, with names that tell the tests apart."""
    found = []
    for number, verdict in enumerate(verdicts, 1):
        seen: Counter[str] = Counter()
        first = [look for look in verdict.looks if look.n == verdict.looks[0].n]
        for look in first:
            seen[look.question] += 1
            again = f" ({seen[look.question]})" if seen[look.question] > 1 else ""
            found.append((f"{number}: {look.question}{again}", look))
    return found


# ------------------------------------------------------------------------------------------------ null distributions


@dataclass(frozen=True)
class NullRow:
    """The tests of one check under one right answer, compared with what they assume.

    Attributes:
        questions: Number of questions with a distribution; 0: every draw was the same and as expected.
        smallest_p: Smallest p-value seen, times the number of questions: at most the false-fail rate would be a failure.
        share: Share of batch means above the expected mean that is furthest from 1/2 (None: no sign test), and its allowance.
        skewness: Largest |skewness| of the draws over the questions, averaged over the runs.
        uniformity: Smallest p-value of the comparisons (module's docstring), times their number.
    """

    task: str
    check: str
    name: str
    runs: int
    failed: int
    undecided: int
    questions: int
    smallest_p: float
    share: float | None
    allowance: float
    skewness: float
    comparisons: int
    agreement: float


def null_rows(tally: Tally) -> list[NullRow]:
    """Return one row for every check and right answer."""
    groups: dict[tuple[str, str, str], list[Series]] = {}
    for key, series in tally.series.items():
        groups.setdefault((key.task, key.check, key.name), []).append(series)
    return [_null_row(tally, *group, series) for group, series in sorted(groups.items())]


def alarm(rows: Sequence[NullRow]) -> list[NullRow]:
    """Return the rows whose distribution is not what the test assumes, at `FALSE_ALARM` for the whole table."""
    return [row for row in rows if row.agreement * len(rows) < FALSE_ALARM]


def _null_row(tally: Tally, task: str, check: str, name: str, found: Sequence[Series]) -> NullRow:
    # where rounding hides the noise in some runs, the others are those with the most noise: nothing to compare
    random = [series for series in found if series.p and not series.constant]
    signs = [series for series in random if series.example.batches]
    furthest = max(signs, key=lambda s: abs(_share(s) - 0.5) - s.example.allowance, default=None)
    compared = [p for series in random for p in _comparisons(series)]
    return NullRow(
        task,
        check,
        name,
        tally.runs[task, name],
        tally.failed[task, check, name],
        tally.undecided[task, check, name],
        len(random),
        min([1.0, *(len(random) * min(series.p) for series in random)]),
        None if furthest is None else _share(furthest),
        0.0 if furthest is None else furthest.example.allowance,
        max([0.0, *(abs(float(np.mean(series.skewness))) for series in signs)]),
        len(compared),
        min([1.0, *(len(compared) * p for p in compared)]),
    )


def _share(series: Series) -> float:
    return float(np.sum(series.above)) / (len(series.above) * series.example.batches)


def _comparisons(series: Series) -> list[float]:
    """Return the p-values of the comparisons that a question allows."""
    p = np.asarray(series.p)
    found = [uniformity_of_p_values(p)]
    if series.example.exact:
        found.append(float(stats.kstest(p, "uniform").pvalue))
    if series.example.batches:
        found += _sign_comparisons(np.asarray(series.above, dtype=np.float64), series.example)
    return found


def _sign_comparisons(above: Vector, look: Look) -> list[float]:
    """Is the share above within 1/2 ± delta, and do the counts spread no more than independent batches would?"""
    k, total, trials = look.batches, int(above.sum()), len(above) * look.batches
    off = max(total, trials - total)
    found = [min(1.0, 2.0 * float(stats.binom.sf(off - 1, trials, 0.5 + look.allowance)))]
    share = total / trials
    if len(above) > 1 and 0.0 < share < 1.0:
        dispersion = float(np.sum((above - k * share) ** 2)) / (k * share * (1.0 - share))
        found.append(float(stats.chi2.sf(dispersion, len(above) - 1)))
    return found


# -------------------------------------------------------------------------------------------------------------- power


@dataclass(frozen=True)
class PowerRow:
    """How surely one wrong answer is caught.

    Attributes:
        caught: Runs in which a check failed.
        check: The check that is surest to fail it.
        failed: Runs in which that check failed.
        distance: Batch means of a sign test: how many of their standard deviations they are off; else the distance that
            belongs to the p-value. 999: draws without noise that are off. None: it failed without a statistical test.
        power: Probability that this check fails it at its first stage.
    """

    task: str
    name: str
    runs: int
    caught: int
    check: str
    failed: int
    distance: float | None
    power: float

    @property
    def missed(self) -> int:
        """Return the number of runs in which no check failed."""
        return self.runs - self.caught


def power_rows(tally: Tally) -> list[PowerRow]:
    """Return one row for every wrong answer, about the check that is surest to catch it."""
    return [_power_row(tally, task, name) for task, name in sorted(tally.runs)]


def _power_row(tally: Tally, task: str, name: str) -> PowerRow:
    runs = tally.runs[task, name]
    candidates = []
    for check in sorted({c for t, c, n in tally.failed if (t, n) == (task, name)}):
        asked, failed = tally.asked[task, check, name], tally.failed[task, check, name]
        if not failed:
            continue
        own = [series for key, series in tally.series.items() if key[:3] == (task, check, name)]
        best: tuple[float, float | None] = max(((power(s), shown_distance(s)) for s in own), default=(0.0, 0.0))
        if failed < asked:  # a deviation that is certain may still lie within the tolerance
            best = (min(best[0], failed / asked), best[1])
        elif best[0] ** asked < _UNEXPLAINED:  # it fails on a property, whatever the noise
            best = (1.0, None)
        candidates.append((best[0], failed, check, best[1]))
    surest = max(candidates, default=(0.0, 0, "", None), key=lambda entry: entry[:2])
    return PowerRow(task, name, runs, tally.caught[task, name], surest[2], surest[1], surest[3], surest[0])


def shown_distance(series: Series) -> float:
    """Return the mean distance of a question: of a batch mean for a sign test, of the p-value for another."""
    mean = abs(float(np.mean(series.z)))
    return mean / math.sqrt(series.example.batches) if series.example.batches else mean


def power(series: Series) -> float:
    """Return the probability that a question fails at its first stage, from its measured effect less three standard errors."""
    z, look = np.asarray(series.z), series.example
    spread = float(z.std(ddof=1)) if len(z) > 1 else 1.0
    surely = max(0.0, abs(float(z.mean())) - 3.0 * spread / math.sqrt(len(z)))
    if look.batches:
        return sign_test_power(look.batches, 0.5 - look.allowance, look.level, surely / math.sqrt(look.batches))
    if look.ratio > 0.0:
        least = np.mean(series.ratio) - 3.0 * np.std(series.ratio, ddof=1) / math.sqrt(len(z)) if len(z) > 1 else 0.0
        limit = stats.chi2.isf(look.level, look.n - 1)
        return float(stats.chi2.sf(limit / least, look.n - 1)) if least > 0.0 else 0.0
    critical = distance(look.level)
    if spread == 0.0:
        return float(surely > critical)
    return float(stats.norm.cdf((surely - critical) / spread))
