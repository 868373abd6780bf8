"""`make` without what it needs says so, and does nothing."""

import subprocess

import pytest

from tests.harness.student_kit import ROOT


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["grade"], "make grade SUBMISSION=work.zip"),
        (["grade", "SUBMISSION="], "make grade SUBMISSION=work.zip"),
        (["new"], "make new DIR="),
        (["regrade", "OLD=reports"], "make regrade OLD=reports NEW="),
    ],
    ids=" ".join,
)
def test_what_is_missing_is_named(words: list[str], sentence: str) -> None:
    """Nothing is taken for what was meant: the folder of the project least of all."""
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert sentence in done.stderr
