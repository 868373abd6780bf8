"""The kinds of tasks: what each asks of the rubric, which checks it brings, and where it expects the work."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from autograder.assignment.answers import parse_sheet
from autograder.assignment.contract import Contract, parse_classes, parse_module
from autograder.assignment.kinds import KINDS, KindName, Work
from autograder.assignment.rubric import CheckRule, TaskRule
from autograder.outcomes import Outcome
from autograder.records import DataFile

SHEET = parse_sheet(
    "questions:\n  many: {prompt: How many, answer: 3}\n  few: {prompt: How few, answer: 1}\n", Path("part-1.yaml")
)
SOURCE = 'def make(n: int) -> "Model":\n    "D."\n\nclass Model:\n    "D."\n    def size(self) -> int:\n        "D."\n'
CONTRACT = Contract(
    {f.name: f for f in parse_module(SOURCE, "work")}, {c.name: c for c in parse_classes(SOURCE, "work")}
)
CHECK = (CheckRule(name="value", weight=Decimal(1)),)


def task(kind: str, **fields: Any) -> TaskRule:
    """A task of a kind."""
    values = {"id": "part-1", "title": "T", "points": 1, "kind": kind} | fields
    return TaskRule.model_validate(values)


def test_every_kind_has_an_object() -> None:
    """The rubric's words and the objects are the same, each under its own name."""
    assert set(KINDS) == set(get_args(KindName))
    assert all(kind.name == name for name, kind in KINDS.items())
    assert {name for name, kind in KINDS.items() if kind.stands_in} == {"function"}
    assert {name for name, kind in KINDS.items() if kind.budget == "training_budgets"} == {"training"}


GOOD: dict[str, dict[str, Any]] = {
    "function": {"checks": CHECK},
    "class": {"checks": CHECK},
    "fitted": {"checks": CHECK},
    "training": {"checks": CHECK},
    "script": {"checks": CHECK, "file": "run.py"},
    "answers": {},
    "document": {"file": "*.pdf", "pages": 4},
    "person": {"what": "How clear it is."},
}
COMPLAINTS: dict[str, tuple[str, dict[str, Any], tuple[str, str]]] = {
    "a function": ("function", {}, ("checks", "a task of this kind needs at least 1 check")),
    "a class": ("class", {}, ("checks", "a task of this kind needs at least 1 check")),
    "a fitted object": ("fitted", {}, ("checks", "a task of this kind needs at least 1 check")),
    "a model": ("training", {}, ("checks", "a task of this kind needs at least 1 check")),
    "a script without a file": ("script", {"checks": CHECK}, ("file", "a script needs `file`, the name of a .py file")),
    "a script in another language": (
        "script",
        {"checks": CHECK, "file": "run.sh"},
        ("file", "a script needs `file`, the name of a .py file"),
    ),
    "a script without checks": ("script", {"file": "run.py"}, ("checks", "a task of this kind needs at least 1 check")),
    "a document without a file": ("document", {}, ("file", "a document needs `file`, such as `*.pdf`")),
    "a document whose pages are not counted": (
        "document", {"file": "README.md", "pages": 3},
        ("file", "Value error, pages are counted in PDF documents only, and README.md does not end in .pdf"),
    ),
    "work for a person with checks": ("person", {"checks": CHECK}, ("checks", "work for a person has no checks")),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_as_it_should_be(kind: str) -> None:
    """Nothing is said about a task that has what its kind needs."""
    assert KINDS[kind].complaint(task(kind, **GOOD[kind])) is None  # type: ignore[index]


@pytest.mark.parametrize(("kind", "fields", "complaint"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_complaints(kind: str, fields: dict[str, Any], complaint: tuple[str, str]) -> None:
    """What is missing or too much is told with the field that it is about."""
    assert KINDS[kind].complaint(task(kind, **fields)) == complaint  # type: ignore[index]


OWN: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "function": ({}, ()),
    "script": ({"file": "run.py"}, ()),
    "answers": ({}, ("many", "few")),
    "document": ({"file": "*.md", "mentions": ["sources"]}, ("present", "mentions")),
    "person": ({}, ()),
}


@pytest.mark.parametrize("kind", OWN)
def test_own_checks(kind: str) -> None:
    """Answers bring a check for every question, documents one for every rule; the others have tests."""
    fields, names = OWN[kind]
    assert KINDS[kind].own_checks(task(kind, **fields), {"part-1": SHEET}) == names  # type: ignore[index]


PLACES: dict[str, tuple[str, dict[str, Any], tuple[str, str], dict[str, str], tuple[str, ...]]] = {
    "function": ("function", {"name": "make"}, ("work.py", "make(n: int) -> 'Model'"), {"make": "work"}, ()),
    "class": ("class", {"name": "Model"}, ("work.py", "class Model"), {"Model": "work"}, ()),
    "script": ("script", {"file": "run.py"}, ("run.py", ""), {}, ()),
    "answers": ("answers", {}, ("answers.yaml", ""), {}, ("answers.yaml",)),
    "document": ("document", {"file": "*.pdf"}, ("*.pdf", ""), {}, ("*.pdf",)),
    "person": ("person", {"file": "plots/*.png"}, ("plots/*.png", ""), {}, ("plots/*.png",)),
    "person without a file": ("person", {}, ("", ""), {}, ()),
}


@pytest.mark.parametrize(("kind", "fields", "place", "names", "files"), PLACES.values(), ids=PLACES)
def test_places(
    kind: str, fields: dict[str, Any], place: tuple[str, str], names: dict[str, str], files: tuple[str, ...]
) -> None:
    """Where the work is expected, with its signature; the names to look for; and the files that count as work."""
    made, of_kind = task(kind, **fields), KINDS[kind]  # type: ignore[index]

    assert of_kind.place(made, CONTRACT) == place
    assert of_kind.names(made, CONTRACT) == names
    assert of_kind.files(made) == files


def test_only_what_is_handed_in_as_a_file_is_judged_here() -> None:
    """Answers and documents are judged from the files; a person's work and whatever tests ask about is not."""
    files = [DataFile(path="answers.yaml", data=b"part-1:\n  many: 3\n"), DataFile(path="deep/talk.pdf", data=b"%PDF")]
    work = Work(files, {"part-1": SHEET}, lambda data: 2)
    judged = {kind: KINDS[kind].judge(task(kind, file="*.pdf"), work) for kind in KINDS}  # type: ignore[arg-type]

    outcomes = {kind: [(one.name, one.outcome) for one in found] for kind, found in judged.items() if found}
    assert outcomes == {
        "answers": [("many", Outcome.PASSED), ("few", Outcome.FAILED)],
        "document": [("present", Outcome.PASSED)],
    }


def test_matching_files() -> None:
    """A pattern means files of that name in any folder, the outermost first."""
    paths = ["b/deep/one.pdf", "two.pdf", "a/three.PDF", "notes.txt"]
    work = Work([DataFile(path=path, data=b"x") for path in paths], {}, lambda data: 1)
    assert work.matching("*.pdf") == ["two.pdf", "a/three.PDF", "b/deep/one.pdf"]
