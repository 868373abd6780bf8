"""Command line verb for a whole class: `batch`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.cli import options
from autograder.cli.progress import Ticker
from autograder.cli.shown import err, in_log, out, require_folder
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.cohort.batch import Result
    from autograder.cohort.entries import Cohort
    from autograder.cohort.plan import Plan
    from autograder.cohort.schedule import Standing

MOST_LINES = 20
"""Of remarks, and of submissions without a grade; `class.json` and the class page have all."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("batch", short_help="Grade a whole class; the same command again goes on.")(batch)


def batch(
    submissions: options.Submissions,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where the reports of the class lie. Default: reports/<submissions>.")
    ] = None,
    track: options.Track = "full",
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Submissions at once on this machine. Default: one per processor.")
    ] = None,
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS", help="A Dask scheduler to use: tcp://host:8786.")] = "",
    store: Annotated[
        str, typer.Option(metavar="URL", help="Where gradings are kept. Default: SQLite beside the reports.")
    ] = "",
    device: options.Device = "auto",
    jobs_per_gpu: options.JobsPerGpu = 2,
    data: options.Data = "auto",
    data_root: options.DataRoot = None,
    tasks: options.Tasks = "",
    no_training: options.NoTraining = False,
    sandbox: Annotated[
        Literal["auto", "bubblewrap", "uid"], typer.Option(help="How submissions are isolated.")
    ] = "auto",
    limit: Annotated[int, typer.Option(min=1, help="Minutes after which a submission is given up.")] = 60,
    extensions: Annotated[
        Path | None, typer.Option(help="CSV with student,due: who has more time than the others.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was set aside.")] = False,
    assignment: options.Assignment = options.HERE,
) -> None:
    """Grade a whole class: a folder of reports per student, and index.html and class.json for all of them.

    Only what is new or has changed is graded. Interrupted or killed, the same command goes on where it was.
    """
    from autograder.cli.shown import report_name
    from autograder.cohort.batch import Batch
    from autograder.cohort.settings import Settings
    from autograder.grading.ahead import processors

    reports = out_dir or assignment / "reports" / report_name(submissions)
    if not submissions.exists():
        raise UsageError(f"{submissions} does not exist. Check the path; nothing was written.")
    require_folder(reports, "--out")
    settings = Settings(
        assignment=assignment.absolute(),
        track=track,
        device=device,
        jobs_per_gpu=jobs_per_gpu,
        data=data,
        data_root=None if data_root is None else data_root.absolute(),
        tasks=options.ids_in(tasks),
        training=not no_training,
        sandbox=sandbox,
        limit_seconds=60.0 * limit,
    )
    slots = jobs or processors()
    out.print(Text(in_log(f"Reading {submissions} ...")), soft_wrap=True)
    try:
        with ExitStack() as shown:
            ticker = Ticker(out, what="submissions", first="starting the graders")

            def planned(cohort: Cohort, plan: Plan) -> None:
                _say_plan(cohort, plan)
                if plan.todo:
                    shown.enter_context(ticker)

            def tell(standing: Standing) -> None:
                ticker.tick(standing.done, standing.total, _running(standing))

            result = Batch(
                submissions, reports, settings, slots, scheduler, store, retry, extensions, planned, tell
            ).run()
    except KeyboardInterrupt:
        kept = f"Interrupted. What was graded is kept in {in_log(str(reports))}; the same command goes on from there."
        err.print(Text(kept), soft_wrap=True)
        raise typer.Exit(130) from None
    _show(result, reports)


def _say_plan(cohort: Cohort, plan: Plan) -> None:
    """Say what there is to do."""
    where = {"folder": "a folder"}.get(cohort.platform, cohort.platform.capitalize())
    new = sum(one.is_new for one in plan.todo)
    parts = [(new, "to grade"), (len(plan.todo) - new, "to grade again"), (len(plan.standing), "graded before")]
    parts += [
        (len(plan.set_aside), "set aside (--retry tries them again)"),
        (len(plan.absent), "with nothing to grade"),
    ]
    text = ", ".join(f"{count} {what}" for count, what in parts if count)
    weighed = sum(count for count, _ in parts[1:]) + new
    attempts = f", {weighed} attempts that can count" if weighed > len(cohort.entries) else ""
    out.print(Text(f"{len(cohort.entries)} submissions from {where}{attempts}: {text}"), soft_wrap=True)
    _some(out, cohort.remarks, "yellow")


def _running(standing: Standing) -> str:
    """Return what is being graded, and how long it will take."""
    names = ", ".join(standing.running[:3]) + (", ..." if len(standing.running) > 3 else "")
    left = "" if standing.seconds_left is None else f"about {_duration(standing.seconds_left)} left"
    return in_log(", ".join(part for part in (left, names) if part))


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def _show(result: Result, reports: Path) -> None:
    """Print how the class stands: how many have a grade, who has none and why, and where the pages are."""
    rows = result.summary.rows
    others = [row for row in rows if row.status != "graded"]
    why = {
        key: concern.message
        for concern in result.summary.concerns
        if concern.kind in ("error", "rejected", "absent")
        for key in concern.students
    }
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("without a grade", no_wrap=True)
    table.add_column("why", overflow="fold")
    for row in others[:MOST_LINES]:
        table.add_row(Text(in_log(row.key)), Text(in_log(f"{row.status}: {why.get(row.key, '')}")))
    if others:
        out.print(table)
    if len(others) > MOST_LINES:
        out.print(f"... and {len(others) - MOST_LINES} more")
    refused = [f"{key}: {how.why}" for key, how in sorted(result.ended.items()) if how.end == "refused"]
    _some(err, refused, "red")
    out.print(Text.assemble((f"{len(rows) - len(others)} of {len(rows)}", "bold"), " submissions have a grade."))
    where = f"Class {in_log(str(reports))}/index.html (for programs: class.json; per student: <name>/student.html)"
    out.print(Text(where), soft_wrap=True)


def _some(console: Console, lines: Sequence[str], style: str) -> None:
    for line in lines[:MOST_LINES]:
        console.print(Text(in_log(line), style=style), soft_wrap=True)
    if len(lines) > MOST_LINES:
        console.print(f"... and {len(lines) - MOST_LINES} more")
