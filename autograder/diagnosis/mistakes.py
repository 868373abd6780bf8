"""A named wrong answer, as the engine sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NamedMistake:
    """A wrong answer that students give: its name, one kind sentence, and the function itself."""

    name: str
    explanation: str
    function: Callable[..., Any]
