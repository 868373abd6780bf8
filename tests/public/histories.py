"""What a submission says of its own training: a stranger's data, which may be anything."""

from collections.abc import Mapping
from typing import Any


def numbers(history: Any, name: str) -> list[float]:
    """Return a list of the history as floats; an empty list where it has none of this name, or one of something else than numbers."""
    values = history.get(name) if isinstance(history, Mapping) else None
    try:
        return [float(value) for value in values]
    except (
        TypeError,
        ValueError,
        RuntimeError,
        OverflowError,
    ):  # text, None, tensors of several numbers, no list at all
        return []
