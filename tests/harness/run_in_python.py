"""Running Python in a process of its own: for tests that would leave traces in this one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUARD_SECONDS = 600.0
"""After so long a process hangs. No test waits for it where all is well."""


def run_python(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in `folder` and return what it printed."""
    command = [sys.executable, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # this checkout, whichever is installed
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=GUARD_SECONDS, check=False
    )


def lines_of(code: str, folder: Path) -> list[str]:
    """Run `code` in `folder` and return the lines it printed; it must succeed."""
    done = run_python("-c", textwrap.dedent(code), folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def autograder(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return run_python("-m", "autograder.cli.main", *arguments, folder=folder)
