"""What a piece of right work in unusual dress is."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Dress:
    """A submission that is right and looks like nobody else's: it must lose nothing.

    Attributes:
        task: What it answers; a comma stands between several.
        name: An identifier, the only one of its task.
        says: What is unusual about it, in one sentence.
        files: Name of a file -> its source.
    """

    task: str
    name: str
    says: str
    files: Mapping[str, str]

    @property
    def id(self) -> str:
        """`"<task>/<name>"`, with the number of tasks where there are several."""
        tasks = self.tasks
        return f"{tasks[0] if len(tasks) == 1 else f'{len(tasks)} tasks'}/{self.name}"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it answers."""
        return tuple(self.task.split(","))

    def write(self, folder: Path) -> Path:
        """Write its files below a folder, and return the folder."""
        for name, source in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return folder

    def function(self, folder: Path) -> Callable[..., Any]:
        """The function of its one task, imported into this process from the files that are written below `folder`.

        The modules are forgotten afterwards, so that another dress may call its files alike.
        """
        (task,) = self.tasks
        module = next(name for name in self.files if "/" not in name).removesuffix(".py")
        self.write(folder)
        own = {name.split("/")[0].removesuffix(".py") for name in self.files}
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        arguments, sys.argv = sys.argv, ["submission"]
        try:
            return getattr(importlib.import_module(module), task)
        finally:
            sys.argv = arguments
            sys.path.remove(str(folder))
            for name in [name for name in sys.modules if name.split(".")[0] in own]:
                del sys.modules[name]
