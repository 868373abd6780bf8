"""Grading without looking for names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def without_names() -> Iterator[None]:
    """Let nothing that failed be named meanwhile: a name changes how much a task loses, never whether, and takes most of the time."""
    with patch("autograder.diagnosis.naming.Diagnostician", lambda assignment: None):
        yield
