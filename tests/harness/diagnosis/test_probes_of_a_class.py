"""The probes of a task, and how functions behave on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_assignment import INPUTS, VALUE_OF_INPUTS, make_assignment, write_files
from torch import Tensor

from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import CheckRule, TaskRule
from autograder.authoring.inputs import draw_lot
from autograder.behaviour import Behaviour
from autograder.checking.results import CheckResult
from autograder.diagnosis.behaving import behaviour_of, behaviours, came_as, unexplained, without_numbers
from autograder.diagnosis.likeness import same
from autograder.diagnosis.naming import OF_NUMBERS, Diagnosis
from autograder.diagnosis.probes import MOST_PROBES, Probes, TaskProbes
from autograder.outcomes import FailureKind, Outcome
from autograder.report.behaved import in_words

REFERENCE = '''
    """Answers."""
    import torch
    from jaxtyping import Float
    from torch import Tensor

    def double(x: Float[Tensor, "B D"]) -> Float[Tensor, "B"]:
        """Twice the sum of x over D."""
        return 2 * x.sum(1)

    def noisy(x: Float[Tensor, "B"], *, generator: torch.Generator | None = None) -> Float[Tensor, "B"]:
        """x and standard normal noise."""
        return x + torch.randn(x.shape, generator=generator, dtype=x.dtype)

    def both(x: Float[Tensor, "B"]) -> tuple[Float[Tensor, "B"], float]:
        """x, and its sum."""
        return x, float(x.sum())

    def unasked(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
        """No inputs."""
        return x

    def breaks(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
        """Cannot be asked."""
        raise ValueError("in float64")
'''
PUBLIC = '''
    """Public."""
    from autograder.authoring import inputs

    @inputs("double", batch="B")
    def double(draw):
        """Numbers."""
        return {"x": draw.normal("B", "D", mean=1.0)}

    @inputs("noisy", batch="B")
    def noisy(draw):
        """Numbers."""
        return {"x": draw.normal("B", mean=1.0)}

    @inputs("both", batch="B")
    def both(draw):
        """Numbers."""
        return {"x": draw.normal("B", mean=1.0)}

    @inputs("breaks", batch="B")
    def breaks(draw):
        """Numbers."""
        return {"x": draw.normal("B", mean=1.0)}
'''
TASKS = ("double", "noisy", "both", "unasked", "breaks")
RUBRIC = (
    "title: Five\npoints: 5\nbudgets: {call_seconds: 60, load_seconds: 60}\ntraining_budgets: {}\ntasks:\n"
    + "".join(f"  - {{id: {task}, title: {task}, points: 1, checks: {{contract: 1}}}}\n" for task in TASKS)
    + f"tracks:\n  full: {{title: All, tasks: [{', '.join(TASKS)}]}}\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An assignment of five tasks."""
    made = make_assignment(tmp_path_factory.mktemp("five"), RUBRIC, PUBLIC, '"""Nothing hidden."""\n')
    return write_files(made, {"reference/answers.py": REFERENCE})


@pytest.fixture(scope="module")
def assignment(folder: Path) -> Assignment:
    """The same, loaded."""
    return Assignment(folder)


@pytest.fixture(scope="module")
def probes(assignment: Assignment) -> Probes:
    """Its probes."""
    return Probes(assignment)


def of(probes: Probes, task: str) -> TaskProbes:
    """The probes of a task that has some."""
    found = probes.of(task)
    assert found is not None
    return found


def doing(assignment: Assignment, probes: Probes, function: Callable[..., Any], task: str = "double") -> Behaviour:
    """How a function behaves."""
    return behaviour_of(function, of(probes, task), assignment.contract, task)


# ------------------------------------------------------------------------------------------------------------- probes


def test_few_sizes_with_1_on_each_axis(probes: Probes) -> None:
    """The one in the middle, the largest, and those with 1 on an axis."""
    sizes = of(probes, "double").sizes

    assert 1 < len(sizes) <= MOST_PROBES
    assert any(own["B"] == 1 for own in sizes)
    assert any(own["B"] > 1 and own["D"] > 1 for own in sizes)


def test_the_same_for_everybody(folder: Path, probes: Probes) -> None:
    """Whose submission is being graded changes nothing, and what is drawn for it stays what it was."""
    source = Probes(Assignment(folder))
    draw_lot(4711)
    before = source._inputs["double"].build(seed=3).arguments["x"]
    own = of(source, "double")

    assert own.digest == of(probes, "double").digest
    assert torch.equal(source._inputs["double"].build(seed=3).arguments["x"], before)
    assert {case.dtype() for case in own.cases} == {torch.float64}


def test_whoever_has_the_inputs_alone_cannot_make_them(folder: Path, tmp_path: Path, probes: Probes) -> None:
    """They hang on the reference: not on its words, but on what it does."""
    texts = {
        "the same": REFERENCE.replace("Twice the sum", "Two times the sum"),
        "other": REFERENCE.replace("2 * x.sum", "x.sum"),
    }
    digests = {}
    for name, text in texts.items():
        made = make_assignment(tmp_path / name, RUBRIC, PUBLIC, '"""Nothing hidden."""\n')
        own = of(Probes(Assignment(write_files(made, {"reference/answers.py": text}))), "double")
        digests[name] = own.digest, own.cases[0].arguments["x"]

    assert digests["the same"][0] == of(probes, "double").digest
    assert digests["other"][0] != of(probes, "double").digest
    assert not torch.equal(digests["other"][1], digests["the same"][1])


def test_a_task_without_inputs_has_none(probes: Probes) -> None:
    """Nothing is made up."""
    assert probes.of("unasked") is None


# ---------------------------------------------------------------------------------------------------------- behaviour

DOING: dict[str, tuple[Callable[..., Any], str]] = {
    "right": (lambda x: 2 * x.sum(1), "right on all 5 probes of the class"),
    "float32 is form": (lambda x: (2 * x.sum(1)).float(), "right on all 5 probes of the class"),
    "half": (lambda x: x.sum(1), "half of what is expected, everywhere"),
    "a constant": (lambda x: 2 * x.sum(1) + 3, "3 too much, everywhere"),
    "zeros": (lambda x: torch.zeros(len(x)), "zeros, everywhere"),
    "not for one": (lambda x: 2 * x.sum(1) if len(x) > 1 else x.sum(1) ** 2, "right but for B = 1: other values"),
    "another shape": (lambda x: 2 * x, "array (B, D) in place of array (B,)"),
    "NaN": (lambda x: (x.sum(1) - 1e9).log(), "NaN or infinite, everywhere"),
    "more than was asked is form": (lambda x: (x.sum(1), x.sum(0), None), "half of what is expected, everywhere"),
    "another container": (lambda x: {"sum": x.sum(1)}, "in place of array (B,)"),
    "an exception": (lambda x: x[len(x)], "IndexError, everywhere"),
    "a mistake in the arguments": (lambda x, y: x, "cannot be called as documented"),
    "nothing": (lambda x: None, "nothing in place of array (B,)"),
    "a text": (lambda x: "<b>", "text in place of array (B,)"),
}


@pytest.mark.parametrize(("function", "words"), DOING.values(), ids=DOING)
def test_what_functions_do(assignment: Assignment, probes: Probes, function: Callable[..., Any], words: str) -> None:
    """In words, from the answers alone."""
    assert words in in_words(doing(assignment, probes, function))


def test_a_fault_is_known_again_however_it_is_written(assignment: Assignment, probes: Probes) -> None:
    """Another order of operations, another precision, another container."""
    written: list[Callable[..., Any]] = [
        lambda x: x.sum(1) ** 2 + x[:, 0],
        lambda x: x.float().sum(1).square() + x[:, 0].float(),
        lambda x: [float(row.sum() ** 2 + row[0]) for row in x],
    ]
    first, *others = (doing(assignment, probes, function) for function in written)

    assert all(same(first, other) for other in others)
    assert not same(first, doing(assignment, probes, lambda x: x.sum(1) ** 2 + x[:, -1]))


def test_tuples_are_compared_part_by_part(assignment: Assignment, probes: Probes) -> None:
    """One wrong part is a wrong answer."""
    assert "right" in in_words(doing(assignment, probes, lambda x: (x, float(x.sum())), "both"))
    assert "other values" in in_words(doing(assignment, probes, lambda x: (x, float(x.mean())), "both"))


def test_of_draws_mean_and_spread_are_compared(assignment: Assignment, probes: Probes) -> None:
    """Whatever noise a right form draws, it looks right; a shifted mean and a wrong spread do not, and are told apart."""

    def noise(x: Tensor, generator: torch.Generator | None) -> Tensor:
        return torch.randn(x.shape, generator=generator, dtype=x.dtype)

    def right(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return x - noise(x, generator)

    def shifted(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return x + 2 + noise(x, generator)

    def wide(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return x + 3 * noise(x, generator)

    found = {own.__name__: doing(assignment, probes, own, "noisy") for own in (right, shifted, wide)}
    assert in_words(found["right"]) == "right in mean and spread on all 2 probes of the class"
    assert "draws with a mean up to 2" in in_words(found["shifted"])
    assert not same(found["shifted"], found["wide"])
    assert "coarsely" in found["wide"].remark


NASTY: dict[str, Callable[..., Any]] = {
    "as large as can be": lambda x: x.sum(1).sign() * 1.7e308,
    "as small as can be": lambda x: x.sum(1).sign() * 5e-324,
    "infinite": lambda x: x.sum(1) * float("inf"),
    "a huge number": lambda x: 10**400,
    "complex numbers": lambda x: torch.complex(x, x),
    "many parts": lambda x: [x.sum(1)] * 3000,
    "a large array": lambda x: torch.zeros(100, 1000),
    "nested": lambda x: {"a": [(x, {"b": [x, [x, [x, [x]]]]})], "c": None},
    "nothing at all": lambda x: torch.zeros(0, 5),
    "an object": lambda x: object(),
    "a long message": lambda x: (_ for _ in ()).throw(ValueError("é" * 100_000)),
}


@pytest.mark.parametrize("function", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("task", ["double", "noisy"])
def test_whatever_comes_back_can_be_kept(
    assignment: Assignment, probes: Probes, function: Callable[..., Any], task: str
) -> None:
    """It is small, and JSON gives back what was written."""
    behaviour = doing(assignment, probes, lambda x, **_: function(x.reshape(len(x), -1)), task)
    text = behaviour.model_dump_json()

    assert Behaviour.model_validate_json(text) == behaviour
    assert len(text) < 10_000
    assert in_words(behaviour)


def test_nothing_of_a_message_depends_on_the_input() -> None:
    """Numbers and addresses are taken out."""
    assert without_numbers("index 12 is\n out of bounds: 3.5 <f at 0x7F3a>") == "index # is out of bounds: # <f at #>"


def test_axes_have_their_names_where_sizes_tell_them() -> None:
    """1 is no name, and neither is a size that two axes share."""
    assert came_as(torch.zeros(5, 3, 1), {"B": 5, "D": 3}) == "array (B, D, 1)"
    assert came_as(torch.zeros(5, 5), {"B": 5, "D": 5}) == "array (5, 5)"
    assert came_as([1.0] * 9, {}) == "list of 9: number, number, number, number, ..."


# ------------------------------------------------------------------------------------------------- who is asked, and when


def result(outcome: Outcome = Outcome.FAILED, **more: Any) -> CheckResult:
    """How the check of `double` ended."""
    return CheckResult("double.contract", "It is right.", "public", outcome, **({"kind": FailureKind.VALUE} | more))


SCALED = Diagnosis(((OF_NUMBERS["scaled"],),), "")
WANTED = {
    "no name": (result(), True),
    "a name that nobody wrote down": (result(diagnosis=SCALED), True),
    "passed": (result(Outcome.PASSED, kind=None), False),
    "carried": (result(carried_from="both"), False),
    "form": (result(forms=("dtype",)), False),
    "not there": (result(kind=FailureKind.MISSING), False),
    "known to hang": (result(kind=FailureKind.TIMEOUT), False),
}


@pytest.mark.parametrize(("one", "wanted"), WANTED.values(), ids=WANTED)
def test_who_is_asked(assignment: Assignment, one: CheckResult, wanted: bool) -> None:
    """Whoever failed by a fault of the function's own that no written mistake explains, and can be asked."""
    task = next(task for task in assignment.rubric.tasks if task.id == "double")

    assert unexplained(task, {one.id: one}, assignment) is wanted
    assert not unexplained(task.model_copy(update={"kind": "class"}), {one.id: one}, assignment)


CODE = """
import os
calls = []
def double(x):
    calls.append(1)
    return 2 * x.sum(1) + len(calls)
def noisy(x, *, generator=None):
    os.abort()
def both(x):
    return x, 0.0
def breaks(x):
    return x
"""


@pytest.fixture
def asked(sandbox_of: Any, assignment: Assignment) -> tuple[Any, Any]:
    """A sandbox with a submission, and what loading found."""
    sandbox = sandbox_of(answers=CODE, names=assignment.names())
    return sandbox, sandbox.load()


def failing(assignment: Assignment) -> tuple[list[TaskRule], dict[str, CheckResult]]:
    """All tasks, in each of which a check failed."""
    tasks = [t.model_copy(update={"checks": (CheckRule(name="contract", weight=1),)}) for t in assignment.rubric.tasks]
    return tasks, {f"{t.id}.contract": CheckResult(f"{t.id}.contract", "", "public", Outcome.FAILED) for t in tasks}


def test_a_submission_is_asked_in_a_worker_of_its_own(assignment: Assignment, asked: tuple[Any, Any]) -> None:
    """One that has seen no question before; a death ends a task; what cannot be made or asked is said."""
    tasks, results = failing(assignment)
    first, flags = behaviours(assignment, tasks, results, *asked)
    again, _ = behaviours(assignment, tasks, results, *asked)

    assert first == again
    assert flags == ()
    assert "no probes could be made of the inputs (ValueError: in float64)" in first["breaks"].remark
    assert "unasked" not in first
    assert [answer.failure for answer in first["noisy"].answers] == [FailureKind.CRASH]
    assert in_words(first["noisy"]) == "the process died, everywhere"
    assert first["double"].answers[0].relation != "equal"


def test_nothing_is_asked_where_calls_are_spent(
    assignment: Assignment, asked: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing after many deaths: what was left out is said."""
    tasks, results = failing(assignment)
    monkeypatch.setattr("autograder.diagnosis.behaving.MOST_CALLS", 3)
    assert "took all calls" in behaviours(assignment, tasks, results, *asked)[0]["double"].remark
    monkeypatch.undo()
    monkeypatch.setattr("autograder.diagnosis.behaving.MOST_DEATHS", 1)
    assert "had died too often" in behaviours(assignment, tasks, results, *asked)[0]["both"].remark


def test_no_probe_is_asked_by_a_hidden_check(tmp_path: Path) -> None:
    """Inputs of checks hang on the submission, those of probes on the reference: none is in both."""
    loaded = Assignment(make_assignment(tmp_path, public=INPUTS, hidden=VALUE_OF_INPUTS))
    own = Probes(loaded)
    cases = {tuple(case.arguments["x"].tolist()) for case in of(own, "double").cases}
    for lot in range(200):
        draw_lot(lot)
        source = own._inputs["double"]
        drawn = {
            tuple(source.build(sizes, seed=seed).arguments["x"].tolist()) for sizes in source.sizes for seed in range(8)
        }
        assert not drawn & cases
