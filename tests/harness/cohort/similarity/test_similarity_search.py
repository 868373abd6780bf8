"""A whole search: what is found, what is no pair, and what is said of the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alike_classes import INDEPENDENT, ROOT, SUBMISSIONS, code_of, notebook, renamed, searched, shares, write_class

from autograder.assignment.loading import Assignment
from autograder.cohort.similarity import search
from autograder.errors import UsageError

OTHERS = {f"{name}/work.py": code_of(name) for name in INDEPENDENT}


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    """The assignment of this repository."""
    return Assignment(ROOT)


def test_a_renamed_and_reordered_copy_is_first(assignment: Assignment, tmp_path: Path) -> None:
    """Far before right submissions that were written without each other, of which no pair reaches the limit."""
    copied = code_of("variant_distributions")
    folder = write_class(tmp_path / "class", OTHERS | {"copy/other_name.py": renamed(copied, seed=7)})
    found = shares(searched(assignment, folder)[0])
    every = shares(searched(assignment, folder, least=0.001)[0])

    assert set(found) == {frozenset(("copy", "variant_distributions"))}
    assert max(found.values()) > 0.85
    del every[frozenset(("copy", "variant_distributions"))]
    assert max(every.values()) < 0.2


def test_a_notebook_is_compared_with_modules(assignment: Assignment, tmp_path: Path) -> None:
    """Its cells in order are its code, magics are not; also where a class is cut in two, so that neither cell is Python."""
    parts = renamed(code_of("variant_numpy"), seed=2).split("\n\n")
    cells = ["%matplotlib inline\n!pip install tqdm", *("\n\n".join(parts[n : n + 3]) for n in range(0, len(parts), 3))]
    record, found = searched(assignment, write_class(tmp_path / "class", OTHERS | {"nora.ipynb": notebook(*cells)}))

    (pair,) = record.pairs
    assert {pair.left.key, pair.right.key} == {"nora", "variant_numpy"}
    assert min(pair.left.share, pair.right.share) > 0.6
    (sources,) = found.sources()
    assert {piece.label for piece in (sources.left if pair.left.key == "nora" else sources.right)} >= {
        "cell 2",
        "cell 3",
    }
    for side in (sources.left, sources.right):
        assert {len(piece.lines) - len(piece.marks) for piece in side} == {0}
        marks = [mark for piece in side for mark in piece.marks]
        assert sum(mark > 0 for mark in marks) > 100
    both = [{mark for piece in side for mark in piece.marks if mark > 0} for side in (sources.left, sources.right)]
    assert len(both[0] & both[1]) > 0.5 * len(both[0])


def test_who_adds_nothing_to_the_template_is_in_no_pair(assignment: Assignment, tmp_path: Path) -> None:
    """Neither are two who hand in the reference, or the template with one line more."""
    template = {path.name: path.read_bytes() for path in (ROOT / "student_template").iterdir() if path.is_file()}
    reference = {path.name: path.read_bytes() for path in (ROOT / "reference").glob("*.py")}
    files = {f"{who}/{name}": data for who in ("anna", "bert") for name, data in template.items()}
    files |= {f"{who}/{name}": data for who in ("carl", "dora") for name, data in reference.items()}
    files |= {f"emil/{name}": data for name, data in template.items()}
    files["emil/vae.py"] = template["vae.py"] + b"\n\ndef mine(a):\n    return a + 12\n"
    record, _ = searched(assignment, write_class(tmp_path / "class", files))

    assert record.pairs == ()
    assert record.compared == 0
    assert {one.key: one.why for one in record.not_compared} == dict.fromkeys(
        ("anna", "bert", "carl", "dora", "emil"), "Too little remains of it to be compared."
    )


def test_own_attempts_and_groups_are_no_pairs(assignment: Assignment, tmp_path: Path) -> None:
    """Of one student in two classes; two of earlier classes; and of one number in one class only the newest is looked at."""
    text = code_of("variant_package")
    table = "file,name,id,submitted_at\nanna,Anna,7,2025-11-20T10:00Z\nagain,Anna,7,2025-11-21T10:00Z\nbert,Bert,8,\n"
    files = {"anna/a.py": text, "again/a.py": renamed(text), "bert/b.py": text, "about.csv": table}
    now = write_class(tmp_path / "now", files)
    before = write_class(tmp_path / "2025", {"Bert/x.py": text, "Carl/x.py": text, "Dora/x.py": text})
    record, _ = searched(assignment, now, also=(before,))
    pairs = {
        frozenset((pair.left.download + pair.left.key, pair.right.download + pair.right.key)) for pair in record.pairs
    }

    assert pairs == {
        frozenset(pair)
        for pair in [("anna", "bert")]
        + [(one, f"2025{other}") for one in ("anna", "bert") for other in ("Bert", "Carl", "Dora")]
        if pair != ("bert", "2025Bert")
    }
    assert (record.compared, record.earlier, record.of_one_owner) == (2, 3, 1)


def test_what_too_many_have_does_not_count(
    assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source of all makes no pairs; beside it, a copy is still found."""
    monkeypatch.setattr(search, "COMMON_FROM", 4)
    lecture = code_of("variant_numpy")
    files = {f"s{n}/work.py": renamed(lecture, n) for n in range(6)}
    files["s0/more.py"] = files["s1/more.py"] = code_of("variant_package")
    record, _ = searched(assignment, write_class(tmp_path / "class", files))

    assert set(shares(record)) == {frozenset(("s0", "s1"))}
    assert (record.shared_by, record.passages > 1000) == (4, True)


def test_whatever_is_handed_in_is_said_and_breaks_nothing(assignment: Assignment, tmp_path: Path) -> None:
    """Binary files, empty files, folders of nothing, files that are no Python, lines without end, names that are markup."""
    good = code_of("variant_package")
    files: dict[str, str | bytes] = {
        "binary.py": bytes(range(256)) * 99,
        "empty.py": "",
        "broken.zip": b"PK\x03\x04 no zip",
        "line/x.py": "x = '" + "a" * 300_000 + "'",
        "half/x.py": good + "\ndef f(:\n",
        "<b>&lt;&quot;'{{7*7}}/x.py": good,
        "pictures/x.png": b"\x89PNG" * 99,
        "bad.ipynb": "{",
    }
    (tmp_path / "class" / "nothing").mkdir(parents=True)
    record, found = searched(assignment, write_class(tmp_path / "class", files))

    assert len(record.pairs) == 1  # also with an error in it, a file is compared
    assert "half" in {record.pairs[0].left.key, record.pairs[0].right.key}
    assert len(list(found.sources())) == 1
    assert len(record.not_compared) == 7
    assert all(one.why.strip() for one in record.not_compared)


def test_lists_are_bounded_and_say_so(assignment: Assignment, tmp_path: Path) -> None:
    """As many pairs as were asked for, the most similar ones, and how many more there are."""
    text = code_of("variant_package")
    files = {
        f"s{n}/work.py": text
        + f"\ndef more_{n}(a):\n    return a * {n} + [{', '.join(str(n * 7 + i) for i in range(200 * n))}]"
        for n in range(4)
    }
    record, _ = searched(assignment, write_class(tmp_path / "class", files), most=2)
    every, _ = searched(assignment, tmp_path / "class")

    assert record.pairs == every.pairs[:2]
    assert len(record.pairs) == 2
    assert record.more > 0
    assert [pair.page for pair in every.pairs][:2] == ["pair-001.html", "pair-002.html"]


def test_what_is_no_class_is_refused(assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a class that is larger than can be compared."""
    with pytest.raises(UsageError):
        searched(assignment, SUBMISSIONS / "correct_modules")
    monkeypatch.setattr(search, "MOST_SUBMISSIONS", 3)
    with pytest.raises(UsageError, match="can be compared at once"):
        searched(assignment, write_class(tmp_path / "class", OTHERS))


def test_the_same_class_gives_the_same_list(tmp_path: Path) -> None:
    """Whatever Python's hashes are in a process."""
    text = code_of("variant_package")
    folder = write_class(tmp_path / "class", OTHERS | {"copy/work.py": renamed(text)})
    program = (
        "import sys; from pathlib import Path; from autograder.assignment.loading import Assignment; "
        "from autograder.cohort.similarity.search import Search; "
        "s = Search(Path(sys.argv[1]), Assignment(Path(sys.argv[2])), Path(sys.argv[3]), least=0.01); "
        "print(s.run().to_json(), [one.model_dump_json() for one in s.sources()])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-P", "-c", program, folder, ROOT, tmp_path / "work"],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert b"variant_package" in said.pop()
