"""The matrix: every check of a task about every entry of the task, in one session, each with results of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_assignment import FILES

from autograder.assignment.loading import Assignment
from autograder.errors import HarnessFault, UsageError
from autograder.outcomes import Outcome
from autograder.quality import matrix
from autograder.quality.matrix import Entry, Row, entries_of, references_of, run_matrix

Small = Callable[..., Assignment]
CANDIDATES, HIDDEN = "reference/candidates/sums/scaled_sum.py", "tests/hidden/sums/test_scaled_sum.py"


def written(assignment: Assignment) -> list[Entry]:
    """The entries that an author wrote, without those that are made of the reference."""
    return [entry for entry in entries_of(assignment) if entry.kind not in ("form", "filling")]


def test_entries_are_what_was_written_and_the_fairness_corpus(small: Small) -> None:
    """The first form of every named mistake, every right answer, then graded pieces and what is made of the reference."""
    more = """
        from autograder.authoring.candidates import graded

        @graded(0.7, "Summed over the examples.")
        def _over_examples(x, weight):
            return scaled_sum(x, weight).sum()
    """
    entries = entries_of(small({CANDIDATES: FILES[CANDIDATES] + more}))

    assert [(entry.key, entry.share) for entry in entries[:4]] == [
        ("misconception:scaled_sum/unscaled", 0.6),
        ("misconception:scaled_sum/twice", 0.7),
        ("variant:scaled_sum/in_parts", None),
        ("graded:scaled_sum/over_examples", 0.7),
    ]
    assert [entry.kind for entry in entries[4:]] == ["form"] * 9 + ["filling"] * 6
    assert replace(entries[0], run=7).id == "scaled_sum/unscaled#7"


def test_references_are_asked_where_nothing_is_trained(assignment: Assignment) -> None:
    """The reference is one more right answer to every task that needs no training."""
    tasks = {entry.task for entry in references_of(assignment)}

    assert tasks == {task.id for task in assignment.rubric.tasks if task.kind in ("function", "class")}


def test_without_candidates_there_is_nothing_to_validate(small: Small) -> None:
    """An assignment without candidates is told where to write them."""
    with pytest.raises(
        UsageError, match=r"small has no candidates to validate with: write reference/candidates/<topic>/"
    ):
        entries_of(small({CANDIDATES: ""}))


def test_every_check_about_every_entry(small: Small) -> None:
    """One row for each entry, in their order, with the outcome of every check, the messages and the names."""
    rows = run_matrix(small(), [*written(small()), *references_of(small())])
    outcomes = [{name: outcome.value for name, outcome in row.outcomes.items()} for row in rows]

    right, wrong = ({"contract": "passed", "value": outcome} for outcome in ("passed", "failed"))
    assert outcomes == [wrong, wrong, right, right]
    assert [row.named for row in rows] == [("unscaled",), ("twice",), (), ()]
    assert [row.failed for row in rows] == [("value",), ("value",), (), ()]
    assert "value" in rows[0].messages
    assert rows[2].messages == {}
    assert [(row.share, row.due) for row in rows] == [(0.6, 0.6), (0.7, 0.7), (1.0, None), (1.0, None)]
    assert 0.0 <= rows[2].tolerance_used["value"] < 0.1


def test_some_checks_alone_without_names(small: Small) -> None:
    """`only` runs some checks; `named=False` looks for no names."""
    rows = run_matrix(small(), written(small()), only=frozenset({"scaled_sum.value"}), named=False)

    assert [tuple(row.outcomes) for row in rows] == [("value",)] * 3
    assert [row.named for row in rows] == [()] * 3


def test_until_caught(small: Small) -> None:
    """With `until_caught` an entry that has failed is asked no more; the others go on."""
    shape = Entry("mutant", "scaled_sum", "summed", lambda x, weight: (weight * x**2).sum())
    value = Entry("mutant", "scaled_sum", "off", lambda x, weight: 1 + (weight * x**2).sum(-1))
    more = FILES["rubric.yaml"].replace("value: 2", "value: 2, again: 1")
    again = (
        FILES[HIDDEN]
        + """
        from autograder.authoring import check

        @check("scaled_sum", "again")
        def test_again(student, oracle):
            \"\"\"Once more.\"\"\"
            student.agrees(scaled_sum.generic(), oracle.value(scaled_sum.generic()))
    """
    )
    assignment = small({"rubric.yaml": more, HIDDEN: again})
    rows = run_matrix(assignment, [shape, value, *references_of(assignment)], until_caught=True)

    assert [row.failed for row in rows] == [("contract",), ("value",), ()]
    assert rows[1].outcomes["again"] is Outcome.SKIPPED
    assert set(rows[2].outcomes.values()) == {Outcome.PASSED}


def test_runs_are_asked_under_seeds_of_their_own(small: Small) -> None:
    """Entries of several runs go through one session, each with its own inputs."""
    seen: dict[int, list[float]] = {}

    def spy(run: int) -> Callable[..., torch.Tensor]:
        def scaled_sum(x: torch.Tensor, weight: float) -> torch.Tensor:
            seen.setdefault(run, []).append(float(x.sum()))
            return (weight * x**2).sum(-1)

        return scaled_sum

    entries = [Entry("variant", "scaled_sum", "spy", spy(run), run) for run in (1, 2)]
    first = run_matrix(small(), entries, only=frozenset({"scaled_sum.value"}))
    alone = dict(seen)
    seen.clear()
    run_matrix(small(), entries[:1], only=frozenset({"scaled_sum.value"}))

    assert [row.failed for row in first] == [(), ()]
    assert alone[1] != alone[2]
    assert seen[1] == alone[1]


def test_a_check_that_breaks_is_our_fault(small: Small) -> None:
    """A check that raises anything but a failure is no verdict: validation ends, and says on whom it broke."""
    broken = (
        FILES[HIDDEN]
        + """
        def broken(student):
            \"\"\"It breaks.\"\"\"
            raise ZeroDivisionError("ours")
        from autograder.authoring import check
        test_value = check("scaled_sum", "value")(broken)
    """
    )
    with pytest.raises(HarnessFault, match=r"the check scaled_sum\.value broke on scaled_sum/unscaled:\n(.|\n)*ours"):
        run_matrix(small({HIDDEN: broken}), entries_of(small())[:1])


def test_a_diagnosis_that_breaks_is_our_fault(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a grading it would cost no more than the name; here it must be seen."""

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("autograder.diagnosis.naming.Diagnostician.name", broken)
    with pytest.raises(HarnessFault, match=r"the diagnosis broke: .*ZeroDivisionError: ours"):
        run_matrix(small(), entries_of(small())[:1])


def test_training_needs_a_budget_for_the_data_that_are_there(assignment: Assignment) -> None:
    """A training task without a budget for the data set that validation trains on is refused with a sentence."""
    task = next(iter(assignment.rubric.training))
    without = Assignment(assignment.folder)
    rules = {"elsewhere": next(iter(assignment.rubric.training[task].values()))}
    without.rubric = assignment.rubric.model_copy(update={"training": {task: rules}})
    with pytest.raises(UsageError, match=rf"rubric.yaml: validation trains {task} on the data set 'digits'"):
        run_matrix(without, [Entry("variant", task, "any", lambda: None)])


def test_only_mutants_have_a_time_limit(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant that loops is stopped; named candidates are ours and end."""
    monkeypatch.setattr(matrix, "_MUTANT_SECONDS", 0.5)

    def endless(x: torch.Tensor, weight: float) -> torch.Tensor:
        while True:
            x = x + weight

    (row,) = run_matrix(small(), [Entry("mutant", "scaled_sum", "endless", endless)])
    assert row.failed == ("contract",)
    assert "it was stopped after 0.5 seconds" in row.messages["contract"]


def test_rows_know_what_failed_and_what_is_open() -> None:
    """`failed` and `undecided` name checks by how they ended."""
    outcomes = {"a": Outcome.FAILED, "b": Outcome.INCONCLUSIVE, "c": Outcome.PASSED, "d": Outcome.FAILED}
    row = Row("variant", "t", "v", outcomes, {})

    assert (row.failed, row.undecided) == (("a", "d"), ("b",))


def test_nothing_is_left_behind(small: Small, tmp_path: Path) -> None:
    """The assignment's modules are imported for it alone."""
    import sys

    before = {name for name in sys.modules if name.partition(".")[0] in ("reference", "tests")}
    run_matrix(small(), entries_of(small())[:1])

    assert {name for name in sys.modules if name.partition(".")[0] in ("reference", "tests")} == before
