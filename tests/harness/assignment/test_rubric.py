"""The rubric: everything wrong with it is refused with its line, and points are exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment.loading import Assignment
from autograder.assignment.prices import FORMS, Mistake
from autograder.assignment.rubric import CheckRule, Policies, Rubric, TaskRule, points_text
from autograder.assignment.rubric_file import load_rubric, parse_rubric, require_checks
from autograder.checking.session import check_ids
from autograder.errors import RubricError, UsageError

ROOT = Path(__file__).resolve().parents[3]
GOOD = """\
title: Tiny
points: 3
budgets: {call_seconds: 5}
training_budgets: {threads: 2}
training:
  train:
    digits: {epochs: 1, batch_size: 8, learning_rate: 0.1, n_train: 9, n_validation: 5, threshold: 0.5, wall_seconds: 9}
tasks:
  - id: double
    title: Twice
    points: 2
    checks: {contract: 1, value: 2}
  - id: train
    title: Train
    kind: training
    points: 1
    checks:
      contract: 1
      accuracy: {weight: 3, reveal: true}
tracks:
  full:
    title: Everything
    tasks:
      - double
      - train
"""

BAD = {
    "no YAML": ("title: Tiny", "title: [Tiny", 2, "expected"),
    "a tab": ("budgets: {call", "\tbudgets: {call", 3, "'\\t'"),
    "a key twice": ("points: 3", "title: Other", 2, "duplicate key"),
    "a check twice": ("contract: 1, value: 2", "value: 1, value: 2", 12, "duplicate key"),
    "no title": ("title: Tiny\n", "", 1, "title: Field required"),
    "a misspelt key": ("title: Twice", "titel: Twice", 9, "Field required"),
    "an unknown key": ("    points: 2\n", "    points: 2\n    bonus: 1\n", 12, "bonus"),
    "an unknown budget": ("call_seconds: 5", "call_secs: 5", 3, "call_secs"),
    "a budget of nothing": ("call_seconds: 5", "call_seconds: 0", 3, "greater than 0"),
    "an unknown carry rule": (
        "points: 3",
        "points: 3\ncarry: sometimes",
        3,
        "carry: Input should be 'never', 'half' or",
    ),
    "credits of no severity": (
        "points: 3",
        "credits: {slipp: 0.5}\npoints: 3",
        2,
        "credits.slipp: Extra inputs are not",
    ),
    "a credit of more than everything": (
        "points: 3",
        "credits: {slip: 1.2}\npoints: 3",
        2,
        "credits.slip: Input should be less",
    ),
    "a credit below nothing": (
        "points: 3",
        "credits:\n  form: 0.9\n  gap: -0.1\npoints: 3",
        4,
        "credits.gap: Input should be greater",
    ),
    "a credit in words": ("points: 3", "credits: {gap: half}\npoints: 3", 2, "credits.gap"),
    "a mistake of no severity": (
        "points: 3",
        "mistakes: {double.half: worse}\npoints: 3",
        2,
        "mistakes.double.half: A price is a severity (form, slip, gap, empty) or a share from 0 to 1 (found 'worse')",
    ),
    "a mistake that keeps too much": (
        "points: 3",
        "mistakes:\n  half: 0.5\n  double.half: 60\npoints: 3",
        4,
        "mistakes.double.half: A price is a severity (form, slip, gap, empty) or a share from 0 to 1 (found 60)",
    ),
    "mistakes in a list": (
        "points: 3",
        "mistakes: [half]\npoints: 3",
        2,
        "mistakes: Input should be a valid dictionary",
    ),
    "a task that uses nothing known": (
        "    points: 2\n",
        "    points: 2\n    uses:\n      - triple\n",
        13,
        "double uses an unknown task 'triple'; known are: double, train",
    ),
    "a task that uses a later one": (
        "    points: 2\n",
        "    points: 2\n    uses: [train]\n",
        12,
        "double uses 'train', but a task is built from those that stand before it",
    ),
    "a task that uses itself": ("    points: 2\n", "    points: 2\n    uses: [double]\n", 12, "stand before it"),
    "a model that uses a function": (
        "    points: 1\n",
        "    points: 1\n    uses: [double]\n",
        17,
        "train uses 'double', but only functions stand in for each other",
    ),
    "uses that are no list": ("    points: 2\n", "    points: 2\n    uses: 3\n", 12, "uses"),
    "a wrong sum": ("points: 3", "points: 4", 2, "the tasks' points add up to 3, but points says 4"),
    "points in words": ("points: 2", "points: two", 11, "valid decimal"),
    "points that are not a number": ("points: 2", "points: .nan", 11, "finite"),
    "negative points": ("points: 2", "points: -2", 11, "greater than 0"),
    "a negative weight": ("value: 2", "value: -2", 12, "greater than 0"),
    "a weight of nothing": ("{weight: 3, reveal: true}", "{weight: 0}", 19, "greater than 0"),
    "a weight that is text": ("{weight: 3, reveal: true}", "much", 19, "valid decimal"),
    "no weight": ("{weight: 3, reveal: true}", "{reveal: true}", 19, "weight: Field required"),
    "no checks": ("checks: {contract: 1, value: 2}", "checks: {}", 12, "at least 1"),
    "a task that is no map": ("  - id: double\n", "  - double\n  - id: double\n", 9, "a task is a map"),
    "a task twice": ("id: train\n", "id: double\n", 13, "task 'double' stands twice (first in line 9)"),
    "an unknown kind": (
        "kind: training",
        "kind: essay",
        15,
        "'function', 'class', 'fitted', 'training', 'script', 'answers', 'document' or 'person'",
    ),
    "a training task without budget": ("  train:\n    dig", "  other:\n    dig", 13, "no entry under training"),
    "a budget of no task": (
        "training:\n",
        "training:\n  other: {}\n",
        6,
        "unknown task 'other'; known are: double, train",
    ),
    "an unknown task in a track": (
        "      - double",
        "      - dubble",
        24,
        "track 'full' names an unknown task 'dubble'",
    ),
    "a task twice in a track": ("      - train", "      - double", 25, "track 'full' names the task 'double' twice"),
    "a track of nothing": ("    tasks:\n      - double\n      - train\n", "    tasks: []\n", 23, "at least 1"),
    "no full track": ("  full:", "  most:", 20, "a track named 'full' is needed"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD.values(), ids=BAD)
def test_bad_rubric_is_refused(old: str, new: str, line: int, message: str) -> None:
    """A wrong rubric is refused as `rubric.yaml:<line>: <what is wrong>`."""
    assert old in GOOD

    with pytest.raises(RubricError) as caught:
        parse_rubric(GOOD.replace(old, new, 1), Path("some/rubric.yaml"))

    assert f"rubric.yaml:{line}: " == str(caught.value)[: len(f"rubric.yaml:{line}: ")], str(caught.value)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


NO_RUBRICS = {
    "empty": ("", 1),
    "a list": ("- a", 1),
    "a word": ("hello", 1),
    "tasks: 3": ("title: a\ntasks: 3\n", 2),
    "tasks: a map": ("title: a\ntasks: {a: 1}\n", 2),
}


@pytest.mark.parametrize(("text", "line"), NO_RUBRICS.values(), ids=NO_RUBRICS)
def test_no_rubric_at_all(text: str, line: int) -> None:
    """A file that is no map, or whose tasks are no list, is refused in words."""
    with pytest.raises(RubricError, match=rf"^rubric.yaml:{line}: (a rubric|tasks) is a (map|list)"):
        parse_rubric(text, Path("rubric.yaml"))


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing or binary file is refused without a line."""
    with pytest.raises(RubricError, match=r"^rubric.yaml: cannot be read"):
        load_rubric(tmp_path / "rubric.yaml")
    (tmp_path / "rubric.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"^rubric.yaml: cannot be read"):
        load_rubric(tmp_path / "rubric.yaml")


def test_good_rubric() -> None:
    """What was written is what is read: defaults filled in, training budgets laid over the common ones."""
    rubric = parse_rubric(GOOD, Path("rubric.yaml"))

    assert rubric.check_ids() == ["double.contract", "double.value", "train.contract", "train.accuracy"]
    assert (rubric.budgets.call_seconds, rubric.budgets.threads) == (5.0, 1)
    assert (rubric.training_budgets.call_seconds, rubric.training_budgets.threads) == (5.0, 2)
    assert rubric.task("train").checks[1].reveal
    assert not rubric.task("double").checks[0].reveal


# --------------------------------------------------------------------------------------------- rubric against checks

FOUND = ["double.contract", "double.value", "train.contract", "train.accuracy"]
MISMATCHED = {
    "unknown check": (
        FOUND[:1] + FOUND[2:],
        "rubric.yaml:12: unknown check 'value' of double; known are: contract",
    ),
    "unknown check on a line of its own": (
        FOUND[:3],
        "rubric.yaml:19: unknown check 'accuracy' of train; known are: contract",
    ),
    "unweighed check": ([*FOUND, "train.speed"], "rubric.yaml:17: train: the check 'speed' exists but has no weight"),
    "unknown task": (
        [*FOUND, "essay.value"],
        "rubric.yaml: there are checks of 'essay', which is no task of the rubric",
    ),
}


@pytest.mark.parametrize(("found", "message"), MISMATCHED.values(), ids=MISMATCHED)
def test_rubric_and_checks_must_agree(found: list[str], message: str, tmp_path: Path) -> None:
    """A check without weight, and a weight without check, are refused with the line."""
    path = tmp_path / "rubric.yaml"
    path.write_text(GOOD)
    rubric = load_rubric(path)

    require_checks(rubric, path, FOUND)
    with pytest.raises(RubricError) as caught:
        require_checks(rubric, path, found)

    assert message == str(caught.value)


def test_own_rubric() -> None:
    """The repository's rubric is sound and weighs exactly the checks that its tests define."""
    own = Assignment(ROOT)
    collected = check_ids(own.code, own.check_names)

    own.require_checks(collected)
    answered = {
        f"{task.id}." for task in own.rubric.tasks if task.kind == "answers"
    }  # their checks are their questions
    asked = [check for check in own.rubric.check_ids() if not check.startswith(tuple(answered))]
    assert sorted(asked) == sorted(collected)


# ------------------------------------------------------------------------------------------------------------ tracks

TRACKS = """\
  essay:
    title: Less
    tasks: {double: 1.5}
    points: 1.5
    pass: 1
    policies: {forbidden_imports: [torch.distributions], costs: 0.5}
    deliverables:
      - {file: "*.pdf", pages: 4, costs: 0.25}
  even:
    title: Every task counts the same
    tasks: all
    each: 5
  trained:
    title: Models
    kinds: [training]
"""


def with_tracks(old: str = "", new: str = "") -> Rubric:
    """Return the rubric with three tracks more, after a change to the text of these."""
    assert old in TRACKS
    return parse_rubric(GOOD + TRACKS.replace(old, new, 1), Path("rubric.yaml"))


def test_a_track_is_a_plain_rubric() -> None:
    """Its tasks stand in the rubric's order, with its points and rules; nothing of other tracks stays."""
    plain = with_tracks().for_track("essay")

    assert [(task.id, task.points) for task in plain.tasks] == [("double", Decimal("1.5"))]
    assert (plain.points, plain.pass_mark, plain.track) == (Decimal("1.5"), Decimal(1), "essay")
    assert (plain.policies.forbidden_imports, plain.policies.costs) == (("torch.distributions",), Decimal("0.5"))
    [wanted] = plain.deliverables
    assert (wanted.file, wanted.pages, wanted.costs) == ("*.pdf", 4, Decimal("0.25"))
    assert plain.check_ids() == ["double.contract", "double.value"]


def test_points_of_a_track() -> None:
    """`each` gives every task the same points, `kinds` keeps some of them; the full track has the tasks' own points."""
    rubric = with_tracks()
    points = {name: [(t.id, t.points) for t in rubric.for_track(name).tasks] for name in ("full", "even", "trained")}

    assert points == {
        "full": [("double", 2), ("train", 1)],
        "even": [("double", 5), ("train", 5)],
        "trained": [("train", 1)],
    }
    full = rubric.for_track("full")
    assert (full.points, full.pass_mark, full.policies, full.deliverables) == (3, None, Policies(), ())


def test_a_tracks_own_points_come_before_each() -> None:
    """A task with points of its own keeps them where all others get `each`."""
    rubric = with_tracks("tasks: all", "tasks: {train: 2, double: }")
    assert [(t.id, t.points) for t in rubric.for_track("even").tasks] == [("double", 5), ("train", 2)]


BAD_TRACKS = {
    "a track's credits of no severity": (
        "    title: Less\n",
        "    title: Less\n    credits:\n      slip: 0.5\n      sliip: 0.5\n",
        30,
        "tracks.essay.credits.sliip",
    ),
    "a track's credit of more than everything": (
        "    title: Less\n",
        "    title: Less\n    credits: {slip: 2}\n",
        28,
        "tracks.essay.credits.slip: Input should be less than or equal to 1",
    ),
    "a track's mistake of no severity": (
        "    title: Less\n",
        "    title: Less\n    mistakes: {half: worse}\n",
        28,
        "tracks.essay.mistakes.half",
    ),
    "a sum that is wrong": ("    points: 1.5", "    points: 2", 29, "the points of track 'essay' add up to 1.5, but points says 2"),
    "a task that is not there": ("{double: 1.5}", "{dubble: 1.5}", 28, "track 'essay' names an unknown task 'dubble'"),
    "a task for nothing": ("{double: 1.5}", "{double: 0}", 28, "track 'essay': points are greater than 0, not 0"),
    "more than can be had": ("pass: 1", "pass: 2", 30, "track 'essay' has 1.5 points, 2 cannot be needed to pass"),
    "a kind that no task has": ("[training]", "[script]", 40, "track 'trained' has no task: none is of kind script"),
    "a kind that does not exist": ("[training]", "[essay]", 40, "Input should be 'function', 'class'"),
    "each of nothing": ("each: 5", "each: 0", 37, "greater than 0"),
    "a policy that does not exist": ("costs: 0.5", "cost: 0.5", 31, "Extra inputs are not permitted"),
    "a deliverable that gives points": ("costs: 0.25", "costs: -1", 33, "greater than or equal to 0"),
    "a deliverable without a file": ('file: "*.pdf", ', "", 33, "file: Field required"),
    "a check that is not there": (
        "    title: Less\n",
        "    title: Less\n    without: [double.speed]\n",
        28,
        "leaves out 'double.speed', which is no check",
    ),
    "a check of another task": (
        "    title: Less\n",
        "    title: Less\n    without: [train.accuracy]\n",
        28,
        "but has not that task",
    ),
    "no check that is left": (
        "    title: Less\n",
        "    title: Less\n    without: [double.contract, double.value]\n",
        28,
        "leaves out every check of double: leave out the task",
    ),
    "tasks that are neither": ("tasks: all", "tasks: most", 36, "tracks.even.tasks"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD_TRACKS.values(), ids=BAD_TRACKS)
def test_bad_track_is_refused(old: str, new: str, line: int, message: str) -> None:
    """What is wrong with a track is told with the line on which it stands."""
    with pytest.raises(RubricError) as caught:
        with_tracks(old, new)

    assert str(caught.value).startswith(f"rubric.yaml:{line}: "), str(caught.value)
    assert message in str(caught.value)


def test_a_track_without_a_check() -> None:
    """What a course does not ask for is not asked, and the other checks of the task share its points."""
    rubric = with_tracks("    title: Less\n", "    title: Less\n    without: [double.contract]\n").for_track("essay")

    assert rubric.check_ids() == ["double.value"]
    assert rubric.task("double").share("value") == Fraction(3, 2)


PRICED = GOOD.replace(
    "points: 3",
    "credits: {slip: 0.5, gap: 0.25}\nmistakes: {double.half: 0.7, half: gap, numpy_array: 1, sign: slip}\npoints: 3",
    1,
).replace(
    "    title: Everything\n",
    "    title: Everything\n    credits: {gap: 0.3}\n    mistakes: {double.half: slip, zero: 0}\n"
    + "    tasks: all\n  other:\n    title: Other\n",
)
HALF, SIGN = Mistake("half", "A half.", "slip"), Mistake("sign", "A sign.", "gap", Decimal("0.45"))
OWN = Mistake("own", "Its own.", "gap", Decimal("0.45"))
CREDITED: dict[str, tuple[str, str, Mistake, tuple[str, str]]] = {
    "by task and name": ("other", "double", HALF, ("slip", "0.7")),
    "by name in another task": ("other", "train", HALF, ("gap", "0.25")),
    "its own where the rubric is silent": ("other", "double", OWN, ("gap", "0.45")),
    "a severity in place of its own": ("other", "double", SIGN, ("slip", "0.5")),
    "another severity": ("other", "double", Mistake("x", "X.", "gap"), ("gap", "0.25")),
    "a severity that nobody priced": ("other", "double", Mistake("x", "X.", "empty"), ("empty", "0.1")),
    "form": ("other", "double", FORMS["numpy_array"], ("form", "1")),
    "form with a credit of its own": ("other", "double", FORMS["other_dtype"], ("form", "0.95")),
    "by task and name in a track": ("full", "double", HALF, ("slip", "0.5")),
    "what a track leaves as it is": ("full", "train", HALF, ("gap", "0.3")),
    "a track's own": ("full", "train", Mistake("zero", "Zero.", "empty"), ("empty", "0")),
    "a severity in a track": ("full", "double", Mistake("x", "X.", "gap"), ("gap", "0.3")),
}


@pytest.mark.parametrize(("track", "task", "mistake", "credit"), CREDITED.values(), ids=CREDITED)
def test_what_is_kept_with_a_mistake(track: str, task: str, mistake: Mistake, credit: tuple[str, str]) -> None:
    """The rubric's word on the mistake, of the task before all tasks; then its author's; then that of its severity."""
    severity, kept = parse_rubric(PRICED, Path("rubric.yaml")).for_track(track).credit(task, mistake)
    assert (severity, kept) == (credit[0], Fraction(credit[1]))


def test_unknown_track_and_task() -> None:
    """An argument that names no track or no task of the track is refused with those that there are."""
    rubric = with_tracks()
    with pytest.raises(UsageError, match=r"^there is no track 'most'; rubric.yaml has: full, essay, even, trained$"):
        rubric.for_track("most")
    with pytest.raises(UsageError, match=r"^track 'essay' has no task 'train'; it has: double$"):
        rubric.for_track("essay").only(("train",))
    with pytest.raises(UsageError, match=r"^no task is left to grade$"):
        rubric.for_track("trained").only((), training=False)


def test_only_some_tasks() -> None:
    """`only` keeps the tasks that were asked for, in the rubric's order; all when none is named."""
    rubric = with_tracks().for_track("full")
    assert [t.id for t in rubric.only(("train", "double")).tasks] == ["double", "train"]
    assert [t.id for t in rubric.only((), training=False).tasks] == ["double"]
    assert rubric.only(()).tasks == rubric.tasks


# -------------------------------------------------------------------------------------------------------- arithmetic


@given(
    points=st.decimals("0.01", "20", places=2),
    weights=st.lists(st.decimals("0.1", "9", places=1), min_size=1, max_size=9),
)
def test_shares_add_up(points: Decimal, weights: list[Decimal]) -> None:
    """The shares of a task's checks add up to its points exactly, whatever the weights."""
    checks = tuple(CheckRule(name=f"c{i}", weight=weight) for i, weight in enumerate(weights))
    task = TaskRule(id="t", title="t", points=points, checks=checks)

    assert Fraction(points) == sum((task.share(check.name) for check in checks), Fraction(0))


def test_weights_are_read_as_written() -> None:
    """`0.1` means one tenth, not its binary neighbour."""
    rubric = parse_rubric(GOOD.replace("value: 2", "value: 0.1"), Path("rubric.yaml"))
    assert Decimal("0.1") == rubric.task("double").checks[1].weight
    assert Fraction(2, 11) == rubric.task("double").share("value")


ROUNDED = {
    "whole": (Fraction(2), "2.00"),
    "a third": (Fraction(1, 3), "0.33"),
    "two thirds": (Fraction(2, 3), "0.67"),
    "half a cent goes up": (Fraction(5, 1000), "0.01"),
    "a half cent that floats lose": (Fraction(1005, 1000), "1.01"),
    "just below": (Fraction(4999999, 10**9), "0.00"),
    "decimal": (Decimal("12.5"), "12.50"),
    "large": (Fraction(10**12), "1000000000000.00"),
}


@pytest.mark.parametrize(("value", "text"), ROUNDED.values(), ids=ROUNDED)
def test_points_text(value: Fraction | Decimal, text: str) -> None:
    """Points are written with two places, halves rounded up."""
    assert text == points_text(value)
