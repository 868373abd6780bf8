"""The verbs around the student's template: `template`, `kit` and `check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli import options
from autograder.cli.shown import require_file

if TYPE_CHECKING:
    from autograder.assignment.loading import Assignment


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command(short_help="Make student_template/ from reference/ and rubric.yaml.")(template)
    app.command(short_help="Pack what students receive.")(kit)
    app.command(short_help="Run the public checks on a folder, as a student does.")(check)


def template(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 2 if a file is not up to date.")] = False,
    assignment: options.Assignment = options.HERE,
) -> None:
    """Make student_template/ from reference/ and rubric.yaml."""
    from autograder.assignment.loading import Assignment
    from autograder.assignment.template import build_template, drift, write_template

    loaded = Assignment(assignment)
    files = build_template(loaded, _public(loaded))
    if check:
        problems = drift(assignment, files)
        for problem in problems:
            typer.echo(problem)
        if problems:
            typer.echo("Run `autograder template` to make it anew.")
            raise typer.Exit(2)
        typer.echo("student_template/ is up to date.")
        return
    changed = write_template(assignment, files)
    typer.echo(f"Written: {', '.join(changed)}" if changed else "student_template/ was up to date.")


def kit(
    out: Annotated[Path, typer.Option("--out", help="The zip to write.")] = Path("student_kit.zip"),
    track: Annotated[str, typer.Option(help="Whose tasks, points and rules.")] = "full",
    assignment: options.Assignment = options.HERE,
) -> None:
    """Pack what students receive: the template, the public checks and a wheel of the engine."""
    from autograder.assignment.kit import build_kit
    from autograder.assignment.loading import Assignment

    require_file(out, "--out")
    loaded = Assignment(assignment)
    contents = build_kit(loaded, _public(loaded), track)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(contents)
    typer.echo(f"Written: {out} ({len(contents) / 1000:.0f} kB)")


def _public(assignment: Assignment) -> list[str]:
    from autograder.checking.session import check_ids

    return check_ids(assignment.code, assignment.check_names, ["public"])


def check(
    folder: Annotated[Path, typer.Argument(help="Files to check, or one notebook.")] = Path("student_template"),
    tasks: Annotated[str, typer.Option(help="Only these task ids, separated by commas.")] = "",
    assignment: Annotated[
        Path | None, typer.Option("--assignment", help="Where contract.json and tests/ are, if not in the folder.")
    ] = None,
) -> None:
    """Run the public checks on a folder, in this process, as a student does."""
    from autograder.cli.check import run

    raise typer.Exit(run(folder, tasks, assignment))
