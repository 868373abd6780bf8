"""The command line. Turns arguments into calls and results into files, text and exit codes; decides nothing else."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text
from typer.core import TyperGroup

from autograder.cli import author as cli_author
from autograder.cli import batch as cli_batch
from autograder.cli import by_hand as cli_by_hand
from autograder.cli import export as cli_export
from autograder.cli import groups as cli_groups
from autograder.cli import options as choices
from autograder.cli import regrade as cli_regrade
from autograder.cli import similar as cli_similar
from autograder.cli import staff as cli_staff
from autograder.cli import student as cli_student
from autograder.cli.ci import show_on_github, threshold, write_junit
from autograder.cli.progress import Ticker
from autograder.cli.shown import (
    err,
    in_log,
    out,
    report_name,
    require_file,
    require_folder,
    require_submission,
    show_result,
)
from autograder.errors import AutograderError
from autograder.grading.garbage import collect_rarely
from autograder.grading.history import read_about, with_history
from autograder.grading.results import manual_in, read_record
from autograder.records import RESULT
from autograder.report.files import write_reports

EXIT_CODES = (
    "Exit codes: 0 done (graded, whatever the score); 1 less than asked for (--fail-under, checks that fail); "
    "2 the submission or an argument is unusable; 3 our own failure; 130 interrupted."
)


class _Verbs(TyperGroup):
    """The verbs; an interrupted one ends with a sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            err.print("Interrupted. What was written before stays as it is.")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Grade and check students' work.",
    epilog=EXIT_CODES,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"autograder {version('ppml-autograder')}")
        raise typer.Exit


@app.callback()
def _commands(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Grade and check students' work."""


@app.command(epilog=EXIT_CODES, short_help="Grade one submission.")
def grade(
    submission: Annotated[Path, typer.Argument(help="A zip, tar.gz, folder, .py or .ipynb.", show_default=False)],
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where to write. Default: reports/<submission>.")
    ] = None,
    track: choices.Track = "full",
    device: choices.Device = "auto",
    jobs_per_gpu: choices.JobsPerGpu = 2,
    data: choices.Data = "auto",
    data_root: choices.DataRoot = None,
    tasks: choices.Tasks = "",
    no_training: choices.NoTraining = False,
    sandbox: Annotated[
        Literal["auto", "bubblewrap", "uid", "none"],
        typer.Option(help="none runs the submission unprotected: for your own work only."),
    ] = "auto",
    reuse: Annotated[
        Path | None, typer.Option(help="An earlier result of this submission: what still holds is not asked again.")
    ] = None,
    about: Annotated[
        Path | None, typer.Option(help="JSON with name, id, submitted_at, due, extension: shown in the reports.")
    ] = None,
    fail_under: Annotated[
        str, typer.Option(metavar="POINTS", help="Exit with 1 below these points, or below a percentage: 50%.")
    ] = "",
    junit: Annotated[Path | None, typer.Option(help="Write the checks as a JUnit file as well.")] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations for GitHub Actions, and add to $GITHUB_STEP_SUMMARY.")
    ] = False,
    assignment: choices.Assignment = choices.HERE,
) -> None:
    """Grade one submission and write result.json, student.html and staff.html."""
    from autograder.assignment.late import Late
    from autograder.assignment.loading import Assignment
    from autograder.grading.ahead import processors
    from autograder.grading.options import GradeOptions
    from autograder.grading.record import error_record
    from autograder.grading.run import grade as grade_submission

    folder = out_dir or assignment / "reports" / report_name(submission)
    enough = threshold(fail_under)
    require_submission(submission, assignment)
    require_folder(folder, "--out")
    if junit is not None:
        require_file(junit, "--junit")
    manual = manual_in(folder)
    known = None if about is None else read_about(about)
    ticker = Ticker(out)
    options = GradeOptions(
        track=track,
        device=device,
        data=data,
        data_root=data_root,
        tasks=choices.ids_in(tasks),
        training=not no_training,
        sandbox=sandbox,
        earlier=None if reuse is None else read_record(reuse / RESULT if reuse.is_dir() else reuse),
        processes=min(2, processors()),
        jobs_per_gpu=jobs_per_gpu,
        progress=ticker.tick,
    )
    late: Late | None = None
    try:
        with ticker:
            loaded = Assignment(assignment)
            late = loaded.rubric.for_track(track).late
            record = grade_submission(submission, loaded, options)
    except KeyboardInterrupt:
        kept = "an earlier result, as it was" if (folder / RESULT).exists() else "no result"
        err.print(Text(f"Interrupted: nothing was written. {in_log(str(folder))} holds {kept}."), soft_wrap=True)
        raise typer.Exit(130) from None
    except AutograderError as error:
        if error.exit_code != 3:
            raise
        record = error_record(submission, options, error)
    except Exception as error:
        for line in traceback.format_exc().splitlines():
            err.print(Text(" " * (len(line) - len(line.lstrip())) + in_log(line)))
        record = error_record(submission, options, error)
    record = with_history(record.with_manual(manual), folder, known, late)
    code = show_result(record, write_reports(record, folder))
    if junit is not None:
        write_junit(record, junit)
    if github:
        show_on_github(record)
    raise typer.Exit(code or int(not enough(record)))


cli_batch.register(app)
cli_author.register(app)
cli_student.register(app)
cli_regrade.register(app)
cli_by_hand.register(app)
cli_groups.register(app)
cli_export.register(app)
cli_similar.register(app)
cli_staff.register(app)


def main() -> None:
    """Run the command line; ends with `SystemExit`."""
    try:
        app()
    except AutograderError as error:
        err.print(Text.assemble(("Error: ", "bold red"), in_log(str(error))), soft_wrap=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        sentence = f"{error.filename}: {(error.strerror or str(error)).lower()}"
        err.print(Text.assemble(("Error: ", "bold red"), in_log(sentence)), soft_wrap=True)
        sys.exit(2)


def run() -> None:
    """Entry point of the console script. Ends the process at once: torch would take a second to take itself apart."""
    collect_rarely()
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
