"""Progress is alive: in terminals of any width and in logs, also while pytest has taken standard output away."""

from __future__ import annotations

import contextlib
import io
import re
import threading
import time

import pytest
from rich.console import Console

from autograder.cli.progress import Ticker

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def until(stream: io.StringIO, text: str) -> bool:
    """Wait until a text has been written, at most ten seconds."""
    for _ in range(1000):
        if text in ESCAPES.sub("", stream.getvalue()):
            return True
        time.sleep(0.01)
    return False


def taken_away() -> contextlib.redirect_stdout[io.StringIO]:
    """What pytest does while checks run."""
    return contextlib.redirect_stdout(io.StringIO())


def test_a_log_gets_lines_while_nothing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound to the stream that was standard output before; the same check is still busy."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("NO_COLOR", "1")
    with Ticker(Console(), every=0.02) as ticker, taken_away() as away:
        ticker.tick(3, 21, "elbo.value")
        assert until(stream, "3 of 21 checks done (elbo.value), ")
        assert until(stream, "(elbo.value), still busy, ")
    lines = stream.getvalue().splitlines()

    assert away.getvalue() == ""
    assert all(
        re.fullmatch(r"(starting the sandbox|3 of 21 checks done \(elbo.value\))(, still busy)?, \d+ s", one)
        for one in lines
    )


def test_the_last_line_says_that_all_is_done() -> None:
    """However quick it was; and no thread is left."""
    stream, before = io.StringIO(), threading.active_count()
    with Ticker(Console(file=stream)) as ticker:
        ticker.tick(21, 21, "elbo.extreme")

    assert stream.getvalue() == "21 of 21 checks done (elbo.extreme), 0 s\n"
    assert threading.active_count() == before


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_terminal_has_one_line_that_moves(width: int) -> None:
    """It fits, counts and names the check, also while standard output is away, and is gone in the end."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=width)
    with Ticker(console) as ticker, taken_away():
        assert until(stream, "0/?")
        for done in (1, 17):
            ticker.tick(done, 21, "estimate_log_likelihood.importance")
            assert until(stream, f"{done}/21")
    drawn = ESCAPES.sub("", stream.getvalue())

    assert all(len(line) <= width for line in re.split(r"[\r\n]+", drawn))
    assert "estim" in drawn
    assert stream.getvalue().rstrip().endswith("\x1b[2K")
