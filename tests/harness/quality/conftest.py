"""This repository's assignment, and the tasks that stand for all of them where there is little time."""

from pathlib import Path

import pytest

from autograder.assignment.loading import Assignment

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    """This repository's assignment, loaded once."""
    return Assignment(ROOT)
