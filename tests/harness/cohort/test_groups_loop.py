"""The whole loop, with real grading behind the sandbox: a class, its groups, one decision for all, one name for all."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from batch_process import BatchProcess
from class_of import class_in
from run_in_python import autograder
from tiny_assignment import INPUTS, RIGHT, VALUE_OF_INPUTS, make_assignment

SQUARES = {
    "anna": "def double(x):\n    # the one that is quoted: <script>alert(1)</script>\n    return x**2 + x\n",
    "ben": "def double(values):\n    return values * (values + 1)\n",
    "cleo": "import numpy as np\nimport torch\ndef double(x):\n    return torch.tensor(np.array(x) * np.array(x)) + x\n",
}
"""One fault, in three ways to write it."""
INDEX = {
    "dora": "def double(x):\n    return x + x[len(x)]\n",
    "emil": "def double(numbers):\n    # beyond the end\n    return numbers + numbers[len(numbers)]  # !\n",
}
"""Another one, which raises."""
HOSTILE = {
    "eve": "def double(x):\n    raise KeyError('</code><script>alert(2)</script>', `1`)\n".replace(
        "`1`", "'\\x1b[31m\\u202e'"
    ),
    "mallory": "import os\ndef double(x):\n    if len(x) == 3:\n        os.abort()\n    return x**3\n",
}
SUBMISSIONS = SQUARES | INDEX | HOSTILE | {"rita": RIGHT, "stub": "def double(x):\n    raise NotImplementedError\n"}


def course(folder: Path) -> Path:
    """The tiny assignment, with inputs."""
    return make_assignment(folder, public=INPUTS, hidden=VALUE_OF_INPUTS)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that has been graded once."""
    folder = tmp_path_factory.mktemp("loop")
    course(folder / "course")
    class_in(folder, SUBMISSIONS)
    batch(folder)
    return folder


@pytest.fixture
def own(graded: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests that change something."""
    return Path(shutil.copytree(graded, tmp_path / "own"))


def batch(folder: Path) -> None:
    """Grade the class."""
    code, said = BatchProcess(folder, "--jobs", "2").wait()
    assert code == 0, said


def class_record(folder: Path) -> dict[str, Any]:
    """What `class.json` says."""
    found: dict[str, Any] = json.loads((folder / "out" / "class.json").read_text(encoding="utf-8"))
    return found


def members(folder: Path) -> dict[frozenset[str], dict[str, Any]]:
    """The groups, by who is in them."""
    return {frozenset(group["students"]): group for group in class_record(folder)["groups"]}


def record(folder: Path, key: str) -> dict[str, Any]:
    """What one `result.json` says."""
    found: dict[str, Any] = json.loads((folder / "out" / key / "result.json").read_text(encoding="utf-8"))
    return found


def run(folder: Path, *arguments: object, code: int = 0) -> str:
    """Run a verb in the folder; returns what it printed."""
    done = autograder(*arguments, folder=folder)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_same_fault_is_one_group(graded: Path) -> None:
    """However it is written: by answers, by what is raised. Who is right is in none, who differs in one of their own."""
    groups = members(graded)

    assert frozenset(SQUARES) in groups
    assert frozenset(INDEX) in groups
    assert {frozenset({name}) for name in (*HOSTILE, "stub")} <= set(groups)
    assert not any("rita" in keys for keys in groups)
    assert groups[frozenset(SQUARES)]["kind"] == "behaviour"
    assert groups[frozenset(SQUARES)]["what"].startswith("other values (the largest is ")
    assert groups[frozenset(INDEX)]["what"] == "IndexError in the line `return x + x[len(x)]`, everywhere"
    assert groups[frozenset({"stub"})]["kind"] == "missing"
    assert "the process died" in groups[frozenset({"mallory"})]["what"]
    assert [len(group["students"]) for group in class_record(graded)["groups"]][:2] == [3, 2]


def test_a_record_holds_what_was_answered(graded: Path) -> None:
    """For staff; every submission is asked the same; nothing of it stands on the student's page."""
    behaviours = [record(graded, key)["tasks"][0]["behaviour"] for key in ("anna", "ben", "eve")]

    assert len({behaviour["probes"] for behaviour in behaviours}) == 1
    assert [answer["sizes"] for answer in behaviours[0]["answers"]] == [{"B": n} for n in (1, 2, 3, 5, 6)]
    assert record(graded, "rita")["tasks"][0]["behaviour"] is None
    student, staff = (
        (graded / "out" / "anna" / f"{who}.html").read_text(encoding="utf-8") for who in ("student", "staff")
    )
    assert "probes of the class" in staff
    assert "probes" not in student
    assert len(record(graded, "mallory")["tasks"][0]["behaviour"]["answers"]) == 3, "nothing is asked after a death"


def test_the_page_shows_groups_and_obeys_nobody(graded: Path) -> None:
    """Largest first, with a link to one of them; what a submission raises is text."""
    page = (graded / "out" / "index.html").read_text(encoding="utf-8")
    groups = page[page.index('<h2 id="groups">') :]

    assert groups.index("<b>3</b>: other values") < groups.index("<b>2</b>: ")
    assert 'Look at <a href="./anna/staff.html">' in groups
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_groups_are_listed(graded: Path) -> None:
    """In a terminal, with their ids."""
    said = run(graded, "groups", "out")

    assert members(graded)[frozenset(SQUARES)]["id"] in said
    assert "\x1b" not in said
    assert "nobody lost anything in 'triple'" in run(graded, "groups", "out", "--task", "triple", code=2)


def test_one_decision_for_all(own: Path) -> None:
    """A dry run lists and writes nothing; then all have it, once; it can be taken back, and is remembered."""
    group = members(own)[frozenset(SQUARES)]["id"]
    order = ("by-hand", "out", "--group", group, "--points", "+0.5", "--reason", "The idea is there.", "--author", "mk")
    before = {key: (own / "out" / key / "result.json").read_text() for key in SUBMISSIONS}
    said = run(own, *order, "--dry-run")
    assert all(key in said for key in SQUARES)
    assert "3 results would be written" in said
    assert {key: (own / "out" / key / "result.json").read_text() for key in SUBMISSIONS} == before

    assert "3 results written" in run(own, *order)
    assert "0 results written" in run(own, *order)
    assert [len(record(own, key)["manual"]) for key in SUBMISSIONS] == [int(key in SQUARES) for key in SUBMISSIONS]
    assert "The idea is there." in (own / "out" / "ben" / "student.html").read_text(encoding="utf-8")
    assert re.search(rf"{group} +3 +3 ", run(own, "groups", "out"))

    assert "3 results would be written" in run(own, "by-hand", "out", "--group", group, "--undo", "--dry-run")
    assert "3 results written" in run(own, "by-hand", "out", "--group", group, "--undo")
    assert "no decision about" in run(own, "by-hand", "out", "--group", group, "--undo", code=2)
    assert {key: (own / "out" / key / "result.json").read_text() for key in SUBMISSIONS} == before
    lines = [json.loads(line) for line in (own / "out" / "group-decisions.jsonl").read_text().splitlines()]
    assert [(line["undone"], len(line["students"])) for line in lines] == [(False, 3), (True, 3)]


def test_a_group_becomes_a_named_mistake(own: Path) -> None:
    """The stub counts for nothing; a wrong body is told from a right one; with that, all of the group get the name."""
    group = members(own)[frozenset(SQUARES)]["id"]
    sentence = 'The square is added: "twice" means x + x.'
    order = ("name-group", "out", group, "--name", "added_square", "--sentence", sentence, "--assignment", "course")
    said = run(own, *order)
    path = own / "course" / "reference" / "candidates" / "answers" / "double.py"
    text = path.read_text(encoding="utf-8")
    assert "does it do what was recorded?" in said
    assert "    #   def double(x):\n    #       return x ** 2 + x\n" in text
    assert "script" not in text, "a submission's comments are not taken along"
    assert "not written yet: double/added_square" in run(own, "validate", "--assignment", "course", code=2)
    assert "has a candidate of this name already" in run(own, *order, code=2)

    batch(own)  # with the stub: nothing has changed for anybody
    assert frozenset(SQUARES) in members(own)
    assert record(own, "anna")["tasks"][0]["mistakes"] == []

    written = text.replace("    raise NotImplementedError\n", "    return x**2 + 1.5 * x\n")
    path.write_text(written, encoding="utf-8")
    quick = ("validate", "--assignment", "course", "--no-mutants", "--workers", "1")
    assert "not what was recorded: double/added_square: recorded is: other values" in run(own, *quick, code=1)
    path.write_text(written.replace("1.5 * x", "x"), encoding="utf-8")
    said = run(own, *quick)
    assert "recorded" not in said
    assert "killed 1/1, named 1/1" in said

    batch(own)
    named = members(own)[frozenset(SQUARES)]
    assert (named["kind"], named["names"]) == ("mistake", ["added_square"])
    for key in SQUARES:
        assert [mistake["name"] for mistake in record(own, key)["tasks"][0]["mistakes"]] == ["added_square"]
    assert re.search("The square is added", (own / "out" / "ben" / "student.html").read_text(encoding="utf-8"))
