"""From outcomes to points. Pure and exact: fractions until the last step, then two places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.prices import FORMS, Mistake, Severity, product, without_repeats
from autograder.assignment.rubric import CheckRule, Rubric, TaskRule, points_text
from autograder.records import CheckRecord, Flag, MistakeRecord, Outcome, TaskRecord, share_earned

if TYPE_CHECKING:  # pytest and Hypothesis, which a rejected submission does not need
    from autograder.checking.results import CheckResult
    from autograder.sandbox.questions import LoadReport


@dataclass(frozen=True)
class Earned:
    """What a task earned.

    Attributes:
        share: The part of its points, from 0 to 1.
        by_check: The part of its points by name of check; they add up to `share`.
        mistakes: What explains all that failed through a fault of the task's own, with the share that each leaves; empty where
            something else failed, or nothing did.
    """

    share: Fraction
    by_check: Mapping[str, Fraction]
    mistakes: tuple[tuple[Mistake, Severity, Fraction], ...] = ()


def earned(task: TaskRule, results: Mapping[str, CheckResult], rubric: Rubric) -> Earned:
    """Return what a task earned: the price of the mistakes that explain all that failed, or else what its checks say.

    Args:
        task: What it is worth, and its checks with their weights.
        results: How every check ended, by id.
        rubric: For what mistakes and carried failures cost.
    """
    total = sum((Fraction(rule.weight) for rule in task.checks), Fraction(0))
    weights = {rule.name: Fraction(rule.weight) / total for rule in task.checks}
    own = {name: results[f"{task.id}.{name}"] for name in weights}
    shares = {
        name: share_earned(result.outcome, rubric.carry, carried=result.carried_from is not None)
        for name, result in own.items()
    }
    mistakes = _explanation(task.id, own, rubric)
    if mistakes:
        carried = {
            name: shares[name] if result.carried_from or result.outcome is Outcome.INCONCLUSIVE else Fraction(1)
            for name, result in own.items()
        }  # an undecided check earns nothing by itself, whatever explains the others
        credit = product(kept for _, _, kept in mistakes)
        by_check = {name: weights[name] * carried[name] * credit for name in weights}
        return Earned(sum(by_check.values(), Fraction(0)), by_check, mistakes)
    substance = {name: weight for name, weight in weights.items() if not own[name].given}
    won = sum((weight * shares[name] for name, weight in substance.items()), Fraction(0))
    of = sum(substance.values(), Fraction(0))
    part = won / of if of else Fraction(1)
    by_check = {
        name: weight * (min(shares[name], part) if own[name].given else shares[name])
        for name, weight in weights.items()
    }
    return Earned(sum(by_check.values(), Fraction(0)), by_check)


def _explanation(
    task: str, own: Mapping[str, CheckResult], rubric: Rubric
) -> tuple[tuple[Mistake, Severity, Fraction], ...]:
    """Return the mistakes that explain every failure of a task that is its own; none where one has no name.

    Where a failure may be one of several mistakes, the mildest counts.
    """
    found: dict[str, tuple[Mistake, Severity, Fraction]] = {}
    for result in own.values():
        if result.outcome is Outcome.ERROR:
            return ()
        if result.outcome is not Outcome.FAILED or result.carried_from is not None:
            continue
        options = _options(result)
        if not options:
            return ()
        priced = [[(m, *rubric.credit(task, m)) for m in option] for option in options]
        mildest = max(priced, key=lambda option: product(kept for _, _, kept in option))
        found |= {mistake.name: (mistake, severity, kept) for mistake, severity, kept in mildest}
    return tuple(found[name] for name in without_repeats(found))


def _options(result: CheckResult) -> Sequence[Sequence[Mistake]]:
    if result.forms:
        return [[FORMS[name] for name in result.forms]]
    return result.diagnosis.options if result.diagnosis is not None else ()


def score_task(
    task: TaskRule,
    results: Mapping[str, CheckResult],
    assignment: Assignment,
    report: LoadReport,
    rubric: Rubric,
    handed_in: str | None = None,
) -> tuple[TaskRecord, Fraction]:
    """Return a task's record and the exact points it earned, rounded to cents once.

    Args:
        task: What it is worth, and its checks with their weights.
        results: How every check ended, by id.
        assignment: For signature and digest.
        report: For the place where its function or class was found.
        rubric: For what mistakes and carried failures cost.
        handed_in: The file that was handed in for it, where it is no function or class.
    """
    won = earned(task, results, rubric)
    checks = [
        _check_record(rule, results[f"{task.id}.{rule.name}"], Fraction(task.points) * won.by_check[rule.name])
        for rule in task.checks
    ]
    own = [results[f"{task.id}.{rule.name}"] for rule in task.checks]
    found = report.found.get(task.object)
    place = found.path if found is not None else handed_in
    file, signature = KINDS[task.kind].place(task, assignment.contract)
    points = Fraction(points_text(Fraction(task.points) * won.share))
    record = TaskRecord(
        id=task.id,
        title=task.title,
        kind=task.kind,
        file=file,
        signature=signature,
        found_in=place,
        points=points_text(points),
        max_points=points_text(task.points),
        outcome=task_outcome(checks),
        checks=tuple(checks),
        mistakes=tuple(
            MistakeRecord(name=m.name, text=m.text, severity=severity, credit=credit_text(kept))
            for m, severity, kept in won.mistakes
        ),
        diagnosis=_said(own) if won.mistakes else "",
        coerced=tuple(dict.fromkeys(sentence for result in own for sentence in _coerced(result))),
        digest=assignment.digests[task.id],
    )
    return record, points


def _coerced(result: CheckResult) -> list[str]:
    return [FORMS[name].text for name in result.coerced]


def _said(own: Sequence[CheckResult]) -> str:
    """Return what is said once of a task whose mistakes all have names: the sentences, with their evidence."""
    forms = without_repeats(name for result in own if result.carried_from is None for name in result.forms)
    found: dict[tuple[str, ...], str] = {}
    for result in own:
        if result.diagnosis is not None and result.carried_from is None:
            names = tuple(mistake.name for option in result.diagnosis.options for mistake in option)
            if names not in found or (_ON_MANY in result.diagnosis.text and _ON_MANY not in found[names]):
                found[names] = result.diagnosis.text  # of several texts the one whose evidence says most
    return " ".join(dict.fromkeys([*found.values(), *(FORMS[name].text for name in forms)]))


_ON_MANY = "(on all "


def credit_text(kept: Fraction) -> str:
    """Return a share as a decimal string."""
    return f"{float(kept):.4f}".rstrip("0").rstrip(".") or "0"


def _unpriced(mistake: Mistake) -> MistakeRecord:
    own = "" if mistake.credit is None else str(mistake.credit)
    return MistakeRecord(name=mistake.name, text=mistake.text, severity=mistake.severity, credit=own)


def _check_record(rule: CheckRule, result: CheckResult, points: Fraction) -> CheckRecord:
    named = result.forms or result.diagnosis is not None
    options = _options(result) if result.outcome is Outcome.FAILED else ()
    return CheckRecord(
        id=result.id,
        title=result.title,
        visibility="hidden" if result.visibility == "hidden" else "public",
        reveal=rule.reveal or result.visibility == "public",
        weight=str(rule.weight),
        outcome=result.outcome,
        points=f"{float(points):.4f}",
        kind=result.kind,
        message=result.message,
        help="" if named else result.help,  # one explanation is enough
        brief=result.brief,
        given=result.given,
        evidence=result.evidence,
        misconception=" or ".join(" and ".join(m.name for m in option) for option in options) or None,
        misconception_text="" if result.diagnosis is None else result.diagnosis.text,
        options=tuple(tuple(map(_unpriced, option)) for option in options) if not result.forms else (),
        forms=result.forms,
        coerced=tuple(result.coerced),
        carried_from=result.carried_from,
        waits_for=result.waits_for,
        traceback=result.lines if result.outcome is not Outcome.ERROR else tuple(result.error.splitlines()[-40:]),
        printed=result.printed,
    )


def task_outcome(checks: Sequence[CheckRecord]) -> Outcome:
    """Return the outcome of a task from those of its checks: the most serious one wins."""
    outcomes = {check.outcome for check in checks}
    for outcome in (Outcome.ERROR, Outcome.FAILED, Outcome.SKIPPED, Outcome.INCONCLUSIVE):
        if outcome in outcomes:
            return outcome
    return Outcome.PASSED


def flags_of(results: Mapping[str, CheckResult], loading: Sequence[str], *, isolated: bool) -> list[Flag]:
    """Return what staff should look at.

    Args:
        results: How every check ended, by id.
        loading: What was noticed while the submission was loaded.
        isolated: Whether the submission ran behind a sandbox.
    """
    flags = [Flag(code="tampering", message=f"{text} (while it was loaded)") for text in loading]
    for result in results.values():
        flags += [Flag(code="tampering", message=text, check=result.id) for text in dict.fromkeys(result.flags)]
        if result.outcome is Outcome.INCONCLUSIVE:
            flags.append(Flag(code="inconclusive", message=result.message, check=result.id))
        if result.outcome is Outcome.ERROR:
            flags.append(Flag(code="our-fault", message=result.message, check=result.id))
    if not isolated:
        message = "The submission ran without isolation (--sandbox none): this result proves nothing about somebody else's work."
        flags.append(Flag(code="not-isolated", message=message))
    return flags
