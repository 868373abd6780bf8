"""How a submission's function behaved on the probes of its task, as frozen records: for staff, never for a student's page.

A *probe* is an input that is the same for a whole class. They hold data and do no work.
"""

from __future__ import annotations

from typing import Literal

from autograder.handed_in import Record
from autograder.outcomes import FailureKind

Relation = Literal["equal", "factor", "offset", "other", "lost", "kind", "failed", "alike", "unlike"]
"""How an answer relates to the reference's: the same; a constant times it; a constant away from it; otherwise; not a number where there
should be one; another kind of thing, or another shape; no answer at all. Of draws: alike in mean and spread, or not."""


class ProbeAnswer(Record):
    """What came back from one probe.

    Attributes:
        sizes: Of the axes, and the numbers among the arguments that count, by name.
        number: The constant of `factor` and `offset`.
        came: What kind of thing came back, `array (B, D)`; "" without an answer.
        asked: What the reference gives, in the same words.
        digest: A few rounded numbers that tell answers apart: the largest magnitude, and two weighted means as shares of it. Of draws:
            how far their mean is off in standard deviations, and their spread as a multiple of the right one.
        failure: Why there is no answer.
        exception: The type of the submission's exception.
        message: Its text, shortened, with `#` in place of numbers.
        line: The line of the submission that raised it, as it was handed in.
    """

    sizes: dict[str, int]
    relation: Relation
    number: float | None = None
    came: str = ""
    asked: str = ""
    digest: tuple[float, ...] = ()
    failure: FailureKind | None = None
    exception: str = ""
    message: str = ""
    line: str = ""


class Behaviour(Record):
    """What came back from all probes of a task, for a submission in which something failed that no written mistake explains.

    Attributes:
        probes: A digest of what was asked and is expected: behaviours are compared only where it is the same.
        relation: `factor` or `offset` where one constant explains the numbers of all probes; "" where none does.
        number: That constant.
        random: Whether answers are draws, of which mean and spread alone are compared, coarsely.
        answers: By probe, in the order in which they were asked; fewer than there are probes where a failure ended it.
        remark: What could not be asked or compared, and why.
    """

    probes: str
    relation: Literal["", "factor", "offset"] = ""
    number: float | None = None
    random: bool = False
    answers: tuple[ProbeAnswer, ...] = ()
    remark: str = ""
