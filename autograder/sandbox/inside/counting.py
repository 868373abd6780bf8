"""What one call does, as counts that do not depend on how fast the machine is: tensor operations, and lines of the student's own code.

Both are counted in all threads. A loop over the batch shows in one of them, whatever it loops over and wherever: lines inside loops,
comprehensions and generators are run again and again, and functions that a library calls for every row are the student's, too. Code
of libraries does not count.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

IsOwn = Callable[[FrameType], bool]
"""Whether the code that a frame runs belongs to the submission."""


class Counts:
    """Tensor operations and lines of one call, so far."""

    def __init__(self, is_own: IsOwn) -> None:
        self.is_own = is_own
        self._operations, self._lines = itertools.count(), itertools.count()  # threads count at the same time
        self.disturbed = False

    def operation(self) -> None:
        """Count one."""
        next(self._operations)

    def line(self) -> None:
        """Count one."""
        next(self._lines)

    def result(self) -> tuple[int, int | None]:
        """Return operations and lines; no lines where something else took the place of our hook. Ends the counting."""
        return next(self._operations), None if self.disturbed else next(self._lines)


_current: Counts | None = None
"""What is counted now. One call at a time is counted in a process; threads of an earlier one may still be there."""


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the tensor operations that run under it, in the thread that entered it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count one operation and run it."""
        if _current is not None:
            _current.operation()
        return func(*args, **(kwargs or {}))


def _on_call(frame: FrameType, event: str, arg: Any) -> Any:
    """Follow the lines of a frame that starts, where its code is the submission's."""
    counts = _current
    if counts is None or not counts.is_own(frame):
        return None
    counts.line()
    return _on_line


def _on_line(frame: FrameType, event: str, arg: Any) -> Any:
    if event == "line" and _current is not None:
        _current.line()
    return _on_line


def _on_thread(frame: FrameType, event: str, arg: Any) -> Any:
    """See the first call in a thread: count the operations in it as long as that one runs."""
    sys.settrace(_on_call)
    mode = OperationCounter()
    mode.__enter__()  # type: ignore[no-untyped-call]
    followed = _on_call(frame, event, arg)

    def until_it_returns(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return":
            mode.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        elif followed is not None:
            followed(frame, event, arg)
        return until_it_returns

    return until_it_returns


def watch_threads() -> None:
    """See every thread that is started from now on: also those that exist before a call is counted, and are used by it."""
    threading.settrace(_on_thread)


@contextlib.contextmanager
def counting(is_own: IsOwn) -> Iterator[Counts]:
    """Count what is done until the block ends, in this thread and in those that are started meanwhile."""
    global _current
    counts = Counts(is_own)
    before, before_in_threads = sys.gettrace(), threading.gettrace()
    watch_threads()
    with OperationCounter():
        _current = counts
        sys.settrace(_on_call)
        try:
            yield counts
        finally:
            counts.disturbed = sys.gettrace() is not _on_call
            sys.settrace(before)
            _current = None
    threading.settrace(before_in_threads)
