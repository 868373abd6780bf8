"""Command line verb for points that people give: `by-hand`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.cli.shown import in_log, out
from autograder.errors import UsageError
from autograder.grading.manual import COLUMNS, Given, entry_of, give, read_table
from autograder.report.files import write_reports


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("by-hand", short_help="Add points, a comment or an override; draw pages again.")(by_hand)


def by_hand(
    results: Annotated[
        Path, typer.Argument(help="A result's folder, or a folder of such folders.", show_default=False)
    ],
    task: Annotated[str, typer.Option(help="The task's id.")] = "",
    points: Annotated[
        str, typer.Option(metavar="POINTS", help="+0.5 adds, -1 takes away, =3 sets what the task has; 0 is a comment.")
    ] = "",
    reason: Annotated[str, typer.Option(help="For the student.")] = "",
    author: Annotated[str, typer.Option(help="Who decided; students do not see it.", envvar="AUTOGRADER_AUTHOR")] = "",
    table: Annotated[Path | None, typer.Option("--csv", help=f"A table with the columns {', '.join(COLUMNS)}.")] = None,
    group: Annotated[
        str, typer.Option(metavar="ID", help="All of a group of the class page; it says which task it is about.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take the last decision about --group back.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list whom a decision about --group concerns.")
    ] = False,
) -> None:
    """Give points to results that exist, from options or a table, and draw their pages again; nothing is graded.

    Without points, the pages alone are drawn again. With --group, one decision for all whose work has the same wrong with it.
    """
    if group:
        if table is not None or task:
            raise UsageError("--group is about the task of the group: leave --task and --csv out")
        if undo and (points or reason):
            raise UsageError("--undo takes the last decision back as it was given: leave --points and --reason out")
        _decide(results, group, points, reason, author, undo=undo, dry_run=dry_run)
        return
    if undo or dry_run:
        raise UsageError("--undo and --dry-run go with --group")
    given = [] if table is None else read_table(table)
    if task or points or reason:
        given.append(Given("by-hand", "", entry_of("by-hand", task, points, reason, author)))
    if table is not None and not given:
        raise UsageError(f"{table} holds no decisions")
    written = give(results, given, write_reports)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("submission", no_wrap=True, overflow="fold")
    for column in ("by the checks", "now", "of"):
        shown.add_column(column, justify="right", no_wrap=True)
    for name, record in written:
        cells = (name, record.automatic_score or "–", record.score or "–", record.out_of or "–")
        shown.add_row(*(Text(in_log(cell)) for cell in cells))
    out.print(shown)
    for name, record in written:
        if Decimal(record.score or 0) > Decimal(record.out_of or 0):
            out.print(
                Text(in_log(f"{name} has more points than there are: take some away if that is not meant."), "yellow")
            )
    many = "result was" if len(written) == 1 else "results were"
    out.print(Text(f"{len(written)} {many} written, with their pages."))


def _decide(results: Path, group: str, points: str, reason: str, author: str, *, undo: bool, dry_run: bool) -> None:
    """Decide for a group, and say for whom."""
    from autograder.cohort.decisions import JOURNAL, decide, take_back

    decided = (
        take_back(results, group, write_reports, dry_run=dry_run)
        if undo
        else decide(results, group, points, reason, author, write_reports, dry_run=dry_run)
    )
    out.print(Text(in_log(f"{decided.group}: {decided.what}")), soft_wrap=True)
    moved = {key: (before, now) for key, before, now in decided.written}
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("submission", no_wrap=True, overflow="fold")
    for column in ("before", "now") if moved else ():
        shown.add_column(column, justify="right", no_wrap=True)
    for key in decided.students:
        shown.add_row(*(Text(in_log(cell)) for cell in (key, *moved.get(key, ()))))
    if decided.students:
        out.print(shown)
    if decided.before:
        many = "has" if len(decided.before) == 1 else "have"
        out.print(Text(f"{len(decided.before)} more {many} this decision already."))
    many = "result" if len(decided.students) == 1 else "results"
    if dry_run:
        out.print(Text(f"{len(decided.students)} {many} would be written. Nothing was: leave --dry-run out."))
    else:
        out.print(Text(f"{len(decided.students)} {many} written, with their pages; the journal is {JOURNAL}."))
