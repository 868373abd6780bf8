"""The command line. Turns arguments into calls and results into files, text and exit codes; decides nothing else.

Exit codes: 0 graded, whatever the score; 2 the submission or an argument is unusable; 3 our own failure.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from autograder.cli import author as cli_author
from autograder.cli import regrade as cli_regrade
from autograder.cli import staff as cli_staff
from autograder.cli import student as cli_student
from autograder.cli.progress import Ticker
from autograder.cli.shown import err, in_log, out, report_name, show_result, write_reports
from autograder.errors import AutograderError
from autograder.grading.regrading import RESULT, manual_in, read_record

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Grade and check students' work.",
)
AssignmentOption = Annotated[Path, typer.Option("--assignment", help="Folder with rubric.yaml, reference/ and tests/.")]
HERE = Path()


@app.callback()
def _commands() -> None:
    """Grade and check students' work."""


@app.command()
def grade(
    submission: Annotated[Path, typer.Argument(help="A zip, tar.gz, folder, .py or .ipynb.", show_default=False)],
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where to write. Default: reports/<submission>.")
    ] = None,
    track: Annotated[str, typer.Option(help="Which choice of tasks of rubric.yaml.")] = "full",
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where models are trained.")] = "auto",
    data: Annotated[
        Literal["auto", "mnist", "digits"], typer.Option(help="auto: MNIST if it is there, else digits.")
    ] = "auto",
    data_root: Annotated[Path | None, typer.Option(help="Folder that holds MNIST/raw (or AUTOGRADER_DATA).")] = None,
    tasks: Annotated[str, typer.Option(help="Only these task ids, separated by commas.")] = "",
    no_training: Annotated[bool, typer.Option("--no-training", help="Leave out tasks that train a model.")] = False,
    sandbox: Annotated[
        Literal["auto", "bubblewrap", "uid", "none"],
        typer.Option(help="none runs the submission unprotected: for your own work only."),
    ] = "auto",
    reuse: Annotated[
        Path | None, typer.Option(help="An earlier result of this submission: what still holds is not asked again.")
    ] = None,
    assignment: AssignmentOption = HERE,
) -> None:
    """Grade one submission and write result.json, student.html and staff.html."""
    from autograder.assignment.loading import Assignment
    from autograder.grading.options import GradeOptions
    from autograder.grading.record import error_record
    from autograder.grading.run import grade as grade_submission

    folder = out_dir or assignment / "reports" / report_name(submission)
    manual = manual_in(folder)
    ticker = Ticker(out)
    options = GradeOptions(
        track=track,
        device=device,
        data=data,
        data_root=data_root,
        tasks=tuple(part.strip() for part in tasks.split(",") if part.strip()),
        training=not no_training,
        sandbox=sandbox,
        earlier=None if reuse is None else read_record(reuse / RESULT if reuse.is_dir() else reuse),
        progress=ticker.tick,
    )
    try:
        with ticker:
            record = grade_submission(submission, Assignment(assignment), options)
    except AutograderError as error:
        if error.exit_code != 3:
            raise
        record = error_record(submission, options, error)
    except Exception as error:
        for line in traceback.format_exc().splitlines():
            err.print(Text(" " * (len(line) - len(line.lstrip())) + in_log(line)))
        record = error_record(submission, options, error)
    record = record.model_copy(update={"manual": manual})
    raise typer.Exit(show_result(record, write_reports(record, folder)))


cli_author.register(app)
cli_student.register(app)
cli_regrade.register(app)
cli_staff.register(app)


def main() -> None:
    """Run the command line; ends with `SystemExit`."""
    try:
        app()
    except AutograderError as error:
        err.print(Text.assemble(("Error: ", "bold red"), in_log(str(error))))
        sys.exit(error.exit_code)


def run() -> None:
    """Entry point of the console script. Ends the process at once: torch would take a second to take itself apart."""
    try:
        main()
    except SystemExit as ended:
        if ended.code is not None and not isinstance(ended.code, int):
            raise  # a text is an error that is still to be printed
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code or 0)


if __name__ == "__main__":
    run()
