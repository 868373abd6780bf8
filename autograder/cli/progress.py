"""Progress for people: a bar in a terminal, a plain line now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_LINE_EVERY_SECONDS = 10.0


class Ticker:
    """Shows how many checks are done. Use it as a context manager around the work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._bar: TaskID | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Ticker:
        """Start the bar, in a terminal."""
        if self._console.is_terminal:
            columns = (
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False),
            )
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._bar = self._progress.add_task("starting the sandbox", total=None)
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def tick(self, done: int, total: int, title: str) -> None:
        """Note that `done` of `total` are done, the last of them being `title`."""
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, completed=done, total=total, description=title)
        elif time.monotonic() - self._last > _LINE_EVERY_SECONDS or done == total:
            self._last = time.monotonic()
            self._console.print(f"{done} of {total} checks done ({title})", markup=False)
