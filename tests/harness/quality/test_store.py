"""Rows are kept by what they depend on: the same again where nothing changed, computed anew where anything did."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_assignment import FILES

from autograder.assignment.loading import Assignment
from autograder.outcomes import Outcome
from autograder.quality import store as store_module
from autograder.quality.matrix import Row, entries_of, run_matrix
from autograder.quality.store import Store, default_store
from autograder.quality.validation import validate

Small = Callable[..., Assignment]
KEY = "misconception:scaled_sum/unscaled"
ROW = Row("misconception", "scaled_sum", "unscaled", {"value": Outcome.FAILED}, {"value": "twice 3/2"}, ("unscaled",))
CANDIDATES = "reference/candidates/sums/scaled_sum.py"
CHANGES = {
    "the reference": {"reference/sums.py": FILES["reference/sums.py"].replace("weight *", "1.0 * weight *")},
    "its inputs": {
        "tests/public/sums/test_scaled_sum.py": FILES["tests/public/sums/test_scaled_sum.py"].replace("3.0", "4.0")
    },
    "its checks": {
        "tests/hidden/sums/test_scaled_sum.py": FILES["tests/hidden/sums/test_scaled_sum.py"].replace("=5", "=6")
    },
    "another candidate": {CANDIDATES: FILES[CANDIDATES].replace("return 2 *", "return 3 *")},
    "what a severity keeps": {
        "rubric.yaml": FILES["rubric.yaml"].replace("points: 3", "credits: {slip: 0.5}\n        points: 3", 1)
    },
    "the price of a mistake": {
        "rubric.yaml": FILES["rubric.yaml"].replace("points: 3", "mistakes: {twice: gap}\n        points: 3", 1)
    },
    "the severity of another candidate": {CANDIDATES: FILES[CANDIDATES].replace("credit=0.7", "credit=0.8")},
    "a weight": {"rubric.yaml": FILES["rubric.yaml"].replace("value: 2", "value: 3")},
}


def test_rows_are_read_back_equal(small: Small, tmp_path: Path) -> None:
    """What comes back is what was computed, but for the verdicts of statistical tests, which are not kept."""
    assignment = small()
    entries = entries_of(assignment)
    rows = run_matrix(assignment, entries)
    kept = Store(tmp_path / "rows", assignment)
    for entry, row in zip(entries, rows, strict=True):
        kept.put(entry.key, row)

    again = Store(tmp_path / "rows", small())
    assert [again.get(entry.task, entry.key) for entry in entries] == [replace(row, verdicts={}) for row in rows]
    assert again.get("scaled_sum", "variant:scaled_sum/unscaled") is None


@pytest.mark.parametrize("what", CHANGES)
def test_a_row_does_not_outlive_what_it_depends_on(small: Small, tmp_path: Path, what: str) -> None:
    """Where anything that a row is made of has changed, it is not found."""
    Store(tmp_path / "rows", small()).put(KEY, ROW)

    assert Store(tmp_path / "rows", small()).get("scaled_sum", KEY) == ROW
    assert Store(tmp_path / "rows", small(CHANGES[what])).get("scaled_sum", KEY) is None


def test_a_row_does_not_outlive_what_a_candidate_calls(small: Small, tmp_path: Path) -> None:
    """A candidate may be built on the reference of another task, of which its own task knows nothing."""
    calls = FILES[CANDIDATES].replace("import scaled_sum", "import scaled_sum\n        from reference.other import one")
    Store(tmp_path / "rows", small({CANDIDATES: calls, "reference/other.py": "one = 1.0"})).put(KEY, ROW)

    assert Store(tmp_path / "rows", small()).get("scaled_sum", KEY) == ROW
    assert Store(tmp_path / "rows", small({"reference/other.py": "one = 2.0"})).get("scaled_sum", KEY) is None


def test_a_corrected_typo_costs_nothing(small: Small, tmp_path: Path) -> None:
    """The words of a docstring and the points of a task are no part of what a row depends on."""
    Store(tmp_path / "rows", small()).put(KEY, ROW)
    words = FILES["reference/sums.py"].replace("The weighted sum of squares.", "The sum of squares, weighted.")
    title = FILES["rubric.yaml"].replace("A sum", "The sum")

    assert (
        Store(tmp_path / "rows", small({"reference/sums.py": words, "rubric.yaml": title})).get("scaled_sum", KEY)
        == ROW
    )


@pytest.mark.parametrize("name", ["engine_digest", "torch"])
def test_another_engine_computes_rows_anew(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Rows hold for one version of the engine and one of torch."""
    Store(tmp_path / "rows", small()).put(KEY, ROW)
    other: Any = (lambda: "another") if name == "engine_digest" else type("torch", (), {"__version__": "0.1"})
    monkeypatch.setattr(store_module, name, other)

    assert Store(tmp_path / "rows", small()).get("scaled_sum", KEY) is None


@pytest.mark.parametrize("text", ["", '{"kind": "misconc', "[]", "{}", '{"kind": 3, "outcomes": {"value": "odd"}}'])
def test_a_file_that_was_cut_off_is_computed_again(small: Small, tmp_path: Path, text: str) -> None:
    """A file that does not hold a whole row is as good as none."""
    kept = Store(tmp_path / "rows", small())
    kept.put(KEY, ROW)
    (path,) = (tmp_path / "rows").rglob("*.json")
    path.write_text(text, encoding="utf-8")

    assert kept.get("scaled_sum", KEY) is None


def test_without_a_folder_nothing_is_kept(small: Small) -> None:
    """A store without a folder takes everything and has nothing."""
    kept = Store(None, small())
    kept.put(KEY, ROW)

    assert kept.get("scaled_sum", KEY) is None


def test_where_rows_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the user's cache, or where `XDG_CACHE_HOME` says."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert default_store() == tmp_path / "ppml-autograder" / "validation"


def test_a_second_validation_asks_nothing(small: Small, tmp_path: Path) -> None:
    """Validated twice, the second time only the row whose file was lost is computed; both results are the same."""
    said: list[str] = []
    first = validate(small(), workers=1, mutants=False, store=tmp_path / "rows")
    next((tmp_path / "rows").rglob("*.json")).write_text("cut", encoding="utf-8")
    second = validate(small(), workers=1, mutants=False, store=tmp_path / "rows", progress=said.append)

    assert said[0] == "matrix: 18 of 19 rows are stored and still hold"
    assert "matrix: 1 of 1 parts" in said
    assert [replace(row, verdicts={}) for row in first.rows] == list(second.rows)
    assert (first.survivors, first.unnamed, first.punished) == ((), (), ())
