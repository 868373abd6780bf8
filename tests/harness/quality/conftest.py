"""This repository's assignment, and a small one whose every part can be changed."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from small_assignment import FILES

from autograder.assignment.loading import Assignment

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    """This repository's assignment, loaded once."""
    return Assignment(ROOT)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Assignment]:
    """`small({path: text})`: a small assignment of its own, with some files written anew, loaded again."""

    def write(changes: dict[str, str] | None = None) -> Assignment:
        folder = tmp_path / "small"
        for name, text in (({} if folder.exists() else FILES) | (changes or {})).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Assignment(folder)

    return write
