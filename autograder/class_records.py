"""What became of a whole class, as frozen records: `class.json` is a `ClassRecord`. They hold data and do no work.

A *share* is points divided by the points that can be had: a float, 1 for all of them, more than 1 where people gave more. Students are
named by the keys of their folders of reports.
"""

from __future__ import annotations

from typing import Literal

from autograder.handed_in import Record
from autograder.records import About, Attempt, Counted, Outcome

Status = Literal["graded", "rejected", "error", "absent"]
"""How an entry of a class stands: as a `GradeRecord` says, or `absent` where there was nothing to grade."""

ConcernKind = Literal["error", "rejected", "absent", "inconclusive", "waiting", "flag"]
"""Why a person is needed: no grade for one of three reasons, a check that could not be decided, work that people grade, a staff flag."""

BINS = 20
"""Bins of a histogram of scores, each 5 % wide."""


class CheckSummary(Record):
    """How a class did in one check.

    Attributes:
        id, title: As in `CheckRecord`.
        outcomes: How many graded submissions it ended in which way for; an outcome that nobody had is left out.
        discrimination: Correlation of passing it with the points of all other tasks; None where it has no value.
    """

    id: str
    title: str
    outcomes: dict[Outcome, int]
    discrimination: float | None = None

    @property
    def taken(self) -> int:
        """How many graded submissions it was part of."""
        return sum(self.outcomes.values())

    @property
    def passed(self) -> int:
        """How many passed it."""
        return self.outcomes.get(Outcome.PASSED, 0)


class TaskSummary(Record):
    """How a class did in one task, with the points that people gave.

    Attributes:
        kind: As in `TaskRecord`; `"person"` for work that people grade.
        max_points: What it is worth, a decimal string: the most, where records differ.
        full, partial, zero: How many graded submissions earned all of its points, some, or none.
        waiting: How many have no points in it yet, because a person has to give them.
        mean: The mean share of those who have points; None where nobody has.
        discrimination: Corrected item-total correlation: of its points with those of all other tasks together, over all who have points
            in it; None for fewer than three of them, or where everybody has the same.
        checks: The hardest first.
    """

    id: str
    title: str
    kind: str
    max_points: str
    full: int = 0
    partial: int = 0
    zero: int = 0
    waiting: int = 0
    mean: float | None = None
    discrimination: float | None = None
    checks: tuple[CheckSummary, ...] = ()

    @property
    def taken(self) -> int:
        """How many graded submissions have points in it."""
        return self.full + self.partial + self.zero


class MistakeSummary(Record):
    """A mistake that was recognised in one task, and who made it.

    Attributes:
        task: The task's id.
        name, text, severity: As in `MistakeRecord`.
        taken: How many graded submissions the task was part of.
        students: Keys, in the order of the class.
    """

    task: str
    name: str
    text: str
    severity: Literal["form", "slip", "gap", "empty"]
    taken: int
    students: tuple[str, ...]


GroupKind = Literal["missing", "carried", "mistake", "behaviour", "checks", "undecided"]
"""What the members of a group share: nothing was written; the fault of another function; a mistake with a name, that an author wrote; how
the function behaves on the probes of the class; how its checks ended; that nothing is decided."""


class Group(Record):
    """Those in whose work the same is wrong with one task, as far as can be seen: somebody looks at one of them and decides for all.

    Attributes:
        id: What commands call it: the task's id and eight letters that hang on what the members share.
        task: The task's id.
        kind: What they share.
        what: The same in a sentence without its full stop, with words of submissions in it.
        outcome: Of the task.
        names: Of the mistakes that were recognised.
        students: Keys, in the order of the class. The first one stands for all.
        decided: How many of them have a decision by hand about this task.
    """

    id: str
    task: str
    kind: GroupKind
    what: str
    outcome: Outcome
    names: tuple[str, ...] = ()
    students: tuple[str, ...]
    decided: int = 0


class Concern(Record):
    """Something that waits for a person, with all whom it concerns.

    Attributes:
        subject: What it is about: a task's title, a check's id, a flag's code; "" where there is no grade at all.
        message: Why, in a sentence.
        students: Keys, in the order of the class.
    """

    kind: ConcernKind
    subject: str
    message: str
    students: tuple[str, ...]


class Scores(Record):
    """The distribution of the scores that count, as shares of what could be had.

    Attributes:
        count: How many there are.
        bins: How many lie in each of `BINS` equal parts from 0 to 1; a share on a border belongs to the upper part, 1 to the last one.
        above: How many are more than 1.
        lower, median, upper: Quartiles, linear between neighbours.
        max_score: What could be had, a decimal string, where it is the same for all; "" otherwise.
        passed, marked: How many pass, of how many for whom there is a pass mark.
    """

    count: int
    bins: tuple[int, ...]
    above: int
    mean: float
    lower: float
    median: float
    upper: float
    max_score: str
    passed: int
    marked: int


class Trend(Record):
    """What became of those who handed in this often.

    Attributes:
        attempts: How often.
        students: How many they are.
        first, last: Mean share of their first and of their present attempt.
        better, worse: How many have more now than at first, and less.
    """

    attempts: int
    students: int
    first: float
    last: float
    better: int
    worse: int


class Row(Record):
    """One entry of a class.

    Attributes:
        key: The name of its folder of reports.
        about: Who handed in and when.
        name: What to call it: a name, or what the submission is called.
        attempt: Which attempt of the student this is, from 1; 0 for none.
        counted: Why it is this one that counts, where there are several to choose from.
        first: The first one, where there was one before.
        late_seconds: How much later than due; negative if earlier, None where it is not known.
        score, max_score: Decimal strings, the latter with work that people have graded; None without a grade.
        share: Their ratio; None where nothing can be had.
        passes: Whether the score reaches the pass mark, where there is one.
        shares: Of each task of the class, in order; None where the record has no points in it.
        waits: Ids of tasks that wait for a person.
        mistakes: Positions in `ClassRecord.mistakes`.
        seconds: What the grading took.
    """

    key: str
    status: Status
    about: About
    name: str
    attempt: int = 0
    counted: Counted | None = None
    first: Attempt | None = None
    late_seconds: float | None = None
    score: str | None = None
    max_score: str | None = None
    share: float | None = None
    passes: bool | None = None
    shares: tuple[float | None, ...] = ()
    waits: tuple[str, ...] = ()
    mistakes: tuple[int, ...] = ()
    seconds: float | None = None


class ClassRecord(Record):
    """What became of a class. Only submissions with the status `graded` count in `scores`, `tasks` and `mistakes`.

    Attributes:
        title, track: Of the assignment: those of most records.
        counts: How many entries have which status.
        tasks: In the order of the assignment.
        mistakes: The most frequent first.
        groups: By task, in the order of the assignment, the largest first; who has all points of a task is in none.
        concerns: By kind, the most frequent first.
        trend: By number of attempts, from two.
        rows: Every entry, by name.
    """

    schema_version: Literal[1] = 1
    title: str
    track: str
    counts: dict[Status, int]
    scores: Scores | None
    tasks: tuple[TaskSummary, ...]
    mistakes: tuple[MistakeSummary, ...]
    groups: tuple[Group, ...] = ()
    concerns: tuple[Concern, ...]
    trend: tuple[Trend, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> str:
        """The canonical text of `class.json`: one line, non-ASCII kept, a final newline."""
        return self.model_dump_json() + "\n"
