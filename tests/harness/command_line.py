"""The console script in this process: for what is refused before anything is graded. A process of its own costs seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.cli import main as cli


def run_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str | Path
) -> tuple[int, str, str]:
    """Run the command line as if it were started in `folder`; return its exit code and what it printed, out and err."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["autograder", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    assert isinstance(code, int)
    return code, *capsys.readouterr()
