"""Generated mutants: each that changes an answer is asked about, those that survive are listed, and excuses are true."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from small_assignment import FILES

from autograder.assignment.loading import Assignment
from autograder.errors import UsageError
from autograder.quality import matrix
from autograder.quality.matrix import Entry
from autograder.quality.mutation import Mutated, mutants_asked, mutated
from autograder.quality.validation import validate

Small = Callable[..., Assignment]
CANDIDATES = "reference/candidates/sums/scaled_sum.py"
VALUE = "tests/hidden/sums/test_scaled_sum.py"
LOOP = '''
    """Answers."""
    from jaxtyping import Float
    from torch import Tensor

    def scaled_sum(x: Float[Tensor, "B D"], weight: float) -> Float[Tensor, "B"]:
        """The weighted sum of squares."""
        total, place = 0.0 * x[:, 0], 0
        while place < x.shape[1]:
            total = total + weight * x[:, place] ** 2
            place = place + 1
        return total
'''


def test_mutants_of_a_task_are_caught(assignment: Assignment) -> None:
    """The checks of a task catch every mutant that changes an answer; each says where it is and what catches it."""
    found = mutated(assignment, "kl_standard_normal")

    assert len(found) > 15
    assert [mutant.id for mutant in found if mutant.survives] == []
    assert {mutant.caught_by for mutant in found} <= set(assignment.check_names("kl_standard_normal"))
    assert len({mutant.id for mutant in found}) == len(found)
    lines = (assignment.folder / "reference" / "divergences.py").read_text(encoding="utf-8").splitlines()
    assert {lines[mutant.line - 1].strip() for mutant in found} == {
        "return 0.5 * torch.sum(torch.exp(log_var) + mean**2 - 1 - log_var, dim=-1)"
    }


def test_models_are_not_trained_for_mutants(assignment: Assignment) -> None:
    """Mutants are made of every task that is asked with inputs, and of none that trains."""
    tasks = [task.id for task in assignment.rubric.tasks if task.kind not in ("answers", "person", "script")]

    assert set(tasks) - set(mutants_asked(assignment, tasks)) == set(assignment.rubric.training)


def test_what_no_check_catches_survives(small: Small) -> None:
    """Where the values are not looked at, mutants of the values survive, and the validation is not ok."""
    loose = {VALUE: "", "rubric.yaml": FILES["rubric.yaml"].replace(", value: 2", "")}
    found = mutated(small(loose), "scaled_sum")

    assert any(mutant.survives for mutant in found)
    assert {mutant.caught_by for mutant in found} <= {"", "contract"}


def test_a_true_excuse_is_shown(small: Small) -> None:
    """A mutant that no check catches, and that the author has explained, does not survive; the reason is kept."""
    # nothing asks for gradients here
    detached = next(m for m in mutated(small(), "scaled_sum") if m.survives)
    excused = mutated(small(excuse(detached.id)), "scaled_sum")

    assert detached.id.startswith("detach gradient")
    assert next(m for m in excused if m.id == detached.id).reason == "It is right."
    assert all(m.caught_by or m.reason for m in excused if m.id == detached.id)


def excuse(mutant: str) -> dict[str, str]:
    """The candidates with one mutant excused."""
    return {CANDIDATES: f"{textwrap.dedent(FILES[CANDIDATES])}\nEQUIVALENT = {{{mutant!r}: 'It is right.'}}\n"}


def test_an_excuse_for_nothing_is_refused(small: Small) -> None:
    """`EQUIVALENT` may only name mutants that are made: an old name would hide that its mutant is not looked at."""
    with pytest.raises(UsageError, match=r"EQUIVALENT of scaled_sum names a mutant that is not made: 'drop x -> y'"):
        mutated(small(excuse("drop x -> y")), "scaled_sum")


def test_a_false_excuse_is_refused(small: Small) -> None:
    """What a check catches is no equivalent."""
    caught = next(m for m in mutated(small(), "scaled_sum") if m.caught_by)
    with pytest.raises(
        UsageError, match=rf"EQUIVALENT of scaled_sum excuses .*, which the check '{caught.caught_by}' fails"
    ):
        mutated(small(excuse(caught.id)), "scaled_sum")


def test_a_mutant_without_end_is_stopped(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that loops forever changes something, and is caught by the check during which it is stopped."""
    monkeypatch.setattr(matrix, "_MUTANT_SECONDS", 1.0)
    found = {mutant.id: mutant for mutant in mutated(small({"reference/sums.py": LOOP}), "scaled_sum")}
    endless = [mutant for mutant in found.values() if mutant.id == "missing term: place + 1 -> place"]

    assert endless
    assert {mutant.caught_by for mutant in endless} == {"contract"}


def test_rows_of_mutants_are_kept(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time no check is run."""
    first = mutated(small(), "scaled_sum", tmp_path / "rows")
    monkeypatch.setattr("autograder.quality.mutation.run_matrix", None)

    assert mutated(small(), "scaled_sum", tmp_path / "rows") == first


def test_validation_lists_them(small: Small) -> None:
    """The result of a validation has the mutants, its last line counts them, and a survivor makes it fail."""
    result = validate(small(), workers=1)

    assert {mutant.task for mutant in result.mutants} == {"scaled_sum"}
    assert {m.id.partition(":")[0] for m in result.surviving} == {"detach gradient"}
    caught = len(result.mutants) - len(result.surviving)
    assert f"mutants {caught}/{len(result.mutants)}, " in result.last_line()
    assert not result.ok


def test_mutants_are_entries_of_their_own() -> None:
    """A mutant and a misconception of one name are two rows."""
    kinds = ("mutant", "misconception")

    assert len({Entry(kind, "t", "same", abs).key for kind in kinds}) == 2  # type: ignore[arg-type]
    assert Mutated("t", "a -> b", 3).survives
    assert not Mutated("t", "a -> b", 3, caught_by="value").survives


LAYER = {
    "rubric.yaml": FILES["rubric.yaml"].replace(
        "id: scaled_sum", "id: scaled_sum\n            kind: class\n            name: Scale"
    ),
    "reference/sums.py": '''
        """Answers."""
        import torch
        from jaxtyping import Float
        from torch import Tensor, nn

        class Scale(nn.Module):
            """Every column times a number of its own."""

            def __init__(self, size: int) -> None:
                """Begin with random numbers."""
                super().__init__()
                self.by = nn.Parameter(torch.rand(size))

            def forward(self, x: Float[Tensor, "B {size}"]) -> Float[Tensor, "B {size}"]:
                """Scale."""
                scaled = self.by * x
                return scaled
    ''',
    "tests/public/sums/test_scaled_sum.py": """
        import torch
        from autograder.authoring import inputs, made

        @inputs("scaled_sum", dtypes=[torch.float32])
        def scaled_sum(draw):
            return made({"size": draw.size("D")}, forward={"x": draw.normal("B", "D")})
    """,
    VALUE: """
        from autograder.authoring import check
        from tests.public.sums.test_scaled_sum import scaled_sum

        @check("scaled_sum", "value")
        def test_value(student, oracle):
            '''Every column is scaled.'''
            case = scaled_sum.generic()
            arguments = case.calls["forward"]
            student.make(case).agrees("forward", arguments, oracle.method(oracle.make(case), "forward", arguments))
    """,
    CANDIDATES: """
        from autograder.authoring.candidates import wrong
        from reference.sums import Scale

        @wrong("twice", "It is twice what it should be.", severity="slip")
        class _Twice(Scale):
            def forward(self, x):
                return 2 * super().forward(x)
    """,
}


def test_mutants_of_a_module_change_something(small: Small) -> None:
    """A module of float32 is compared in float64, as the oracle asks it, and in the gradients of its parameters, too."""
    found = mutated(small(LAYER), "scaled_sum")

    assert {mutant.caught_by for mutant in found if mutant.id.startswith("detach")} == {""}
    assert {mutant.caught_by for mutant in found if not mutant.id.startswith("detach")} == {"contract", "value"}
