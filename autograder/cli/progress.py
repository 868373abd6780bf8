"""Progress for people: a bar in a terminal, a plain line now and then in a log.

Both are bound to the stream that standard output was when they began: pytest redirects `sys.stdout` while checks run.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

LINE_EVERY_SECONDS = 10.0


class Ticker:
    """Shows how many checks (or `what` else) are done, and for how long it has been running. Use it as a context manager.

    A log gets a line every `every` seconds, also while nothing ends: a training takes minutes.
    """

    def __init__(
        self,
        console: Console,
        every: float = LINE_EVERY_SECONDS,
        what: str = "checks",
        first: str = "starting the sandbox",
    ) -> None:
        self._console = Console(
            file=console.file,
            width=console.width if console.is_terminal else 200,  # lines of a log are not wrapped
            force_terminal=console.is_terminal,
            highlight=False,
        )
        self._every = every
        self._progress: Progress | None = None
        self._bar: TaskID | None = None
        self._started = time.monotonic()
        self._what, self._state = what, first
        self._ended = threading.Event()
        self._said = ""
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Ticker:
        """Start the bar in a terminal, the lines elsewhere."""
        if not self._console.is_terminal:
            self._thread = threading.Thread(target=self._say_now_and_then, daemon=True)
            self._thread.start()
            return self
        columns = (
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=2)),
        )
        self._progress = Progress(*columns, console=self._console, transient=True, expand=True)
        self._bar = self._progress.add_task(self._state, total=None)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away, or end the lines."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._progress is not None:
            self._progress.stop()

    def tick(self, done: int, total: int, title: str) -> None:
        """Note that `done` of `total` are done, the last of them being `title`."""
        self._state = f"{done} of {total} {self._what} done ({title})"
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, completed=done, total=total, description=title)
        elif done == total:
            self._say()

    def _say_now_and_then(self) -> None:
        while not self._ended.wait(self._every):
            self._say()

    def _say(self) -> None:
        seconds = time.monotonic() - self._started
        still = ", still busy" if self._state == self._said else ""
        self._said = self._state
        self._console.print(f"{self._state}{still}, {seconds:.0f} s", markup=False)
