"""`autograder similar`: pages and a record in a folder, words that are no verdict, and nothing else left there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import run_here
from tiny_assignment import make_assignment

from autograder.similarity_records import SimilarityRecord

COPIED = "".join(
    f"def part_{n}(data, scale):\n    found = [row * {n} + scale ** {n % 7} for row in data if row > {n * 3}]\n"
    f"    return sum(found) / (len(found) + {n}) - max(found[:{n + 2}])\n\n"
    for n in range(1, 9)
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the verb on a class in which bert has anna's functions in another order, and other names."""
    order = COPIED.split("\n\n")
    copy = "\n\n".join(reversed(order)).replace("found", "liste").replace("scale", "s")
    texts = {"anna": COPIED, "bert": copy, "carl": "def double(x):\n    return 2 * x\n"}
    for name, text in texts.items():
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "work.py").write_text(text)
    make_assignment(tmp_path / "course")
    return lambda *more: run_here(
        monkeypatch, capsys, tmp_path, "similar", tmp_path / "class", "--assignment", tmp_path / "course", *more
    )


def test_a_list_and_a_page_for_each_pair_are_written(run: Any, tmp_path: Path) -> None:
    """Where reports of the assignment lie; what was unpacked is gone."""
    code, text, error = run()
    folder = tmp_path / "course" / "reports" / "similarity"

    assert code == 0, error
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "pair-001.html", "similarity.json"]
    record = SimilarityRecord.model_validate_json((folder / "similarity.json").read_text(encoding="utf-8"))
    (pair,) = record.pairs
    assert (pair.left.key, pair.right.key) == ("anna", "bert")
    assert min(pair.left.share, pair.right.share) > 0.85
    assert [one.key for one in record.not_compared] == ["carl"]
    assert "1 pairs to look at among 2 submissions" in text
    assert "This is no verdict." in text
    assert "part_1" in (folder / "pair-001.html").read_text(encoding="utf-8")


def test_an_old_list_leaves_no_page(run: Any, tmp_path: Path) -> None:
    """Pages of pairs that are no pairs any more are removed; other files are not."""
    out = tmp_path / "out"
    assert run("--out", out)[0] == 0
    (out / "notes.txt").write_text("mine")
    for number in (2, 3):
        (out / f"pair-00{number}.html").write_text("old")
    (tmp_path / "class" / "bert" / "work.py").write_text("def double(x):\n    return x + x\n")
    code, text, _ = run("--out", out)

    assert code == 0
    assert "0 pairs to look at" in text
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "notes.txt", "similarity.json"]


def test_given_code_and_earlier_classes_are_options(run: Any, tmp_path: Path) -> None:
    """What was given makes no pair; what was handed in last year does."""
    (tmp_path / "lecture.py").write_text(COPIED)
    code, text, _ = run("--given", tmp_path / "lecture.py", "--out", tmp_path / "one")
    assert (code, "0 pairs to look at" in text) == (0, True)
    (tmp_path / "2025" / "zoe").mkdir(parents=True)
    (tmp_path / "2025" / "yan").mkdir()
    for name in ("zoe", "yan"):
        (tmp_path / "2025" / name / "work.py").write_text(COPIED)
    code, text, _ = run("--also", tmp_path / "2025", "--out", tmp_path / "two")
    assert (code, "5 pairs to look at among 4 submissions" in text) == (0, True)
    assert "2025: zoe" in text


def test_what_cannot_be_used_is_refused(run: Any, tmp_path: Path) -> None:
    """With exit code 2 and a sentence; nothing is written."""
    for more in (
        ("--also", tmp_path / "none"),
        ("--given", tmp_path / "none"),
        ("--out", tmp_path / "class" / "anna" / "work.py"),
    ):
        code, _, error = run(*more)
        assert code == 2
        assert error.startswith("Error: ")
    assert run("--out", tmp_path / "class" / "reports")[0] == 2
