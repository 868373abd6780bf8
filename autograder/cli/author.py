"""The verb for those who write assignments: `new`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command(short_help="Write a small assignment to start from.")(new)


def new(
    folder: Annotated[Path, typer.Argument(help="Where to write: a folder that is new or empty.", show_default=False)],
    title: Annotated[str, typer.Option(help="Of the assignment. Default: the folder's name.")] = "",
) -> None:
    """Write a small assignment that works, to change into your own."""
    from autograder.assignment.starter import write_starter

    for name in write_starter(folder, title):
        typer.echo(f"Written: {folder / name}")
    typer.echo("\nNext:")
    typer.echo(f"  cd {shlex.quote(str(folder))}")
    typer.echo("  autograder grade tests/submissions/correct   # full points")
    typer.echo("  autograder grade tests/submissions/wrong     # loses points, and says why")
    typer.echo("  autograder validate                          # are the checks good?")
    typer.echo("\nThen change the files: docs/write_an_assignment.md of the autograder says what may stand in them.")
