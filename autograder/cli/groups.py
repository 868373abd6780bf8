"""Command line verbs for the groups of a class: `groups` lists them, `name-group` makes one a named mistake of the assignment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from autograder.cli import options
from autograder.cli.shown import in_log, out
from autograder.errors import UsageError

MOST_ROWS = 40
"""Groups that are listed; `--all` lists every one, the smallest among them."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("groups", short_help="List whose work in a class has the same wrong with it.")(groups)
    app.command("name-group", short_help="Make a group a named mistake of the assignment.")(name_group)


_Reports = Annotated[Path, typer.Argument(help="The folder of reports that `batch` wrote.", show_default=False)]


def groups(
    reports: _Reports,
    task: Annotated[str, typer.Option(help="Only the groups of this task.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also the smallest groups.")] = False,
) -> None:
    """List the groups of a class, the largest first: their ids are what by-hand --group and name-group take."""
    from autograder.cohort.decisions import groups_in, results_in

    found = groups_in(results_in(reports).items())
    if task and not any(group.task == task for group in found):
        known = ", ".join(dict.fromkeys(group.task for group in found)) or "none"
        raise UsageError(f"nobody lost anything in {task!r}; tasks with groups: {known}")
    chosen = sorted((group for group in found if task in ("", group.task)), key=lambda group: -len(group.students))
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("group", no_wrap=True, overflow="fold")
    shown.add_column("students", justify="right", no_wrap=True)
    shown.add_column("decided", justify="right", no_wrap=True)
    shown.add_column("what they share", overflow="fold")
    most = len(chosen) if everything else MOST_ROWS
    for group in chosen[:most]:
        cells = (group.id, str(len(group.students)), str(group.decided or ""), group.what[:300])
        shown.add_row(*(Text(in_log(cell)) for cell in cells))
    out.print(shown)
    if len(chosen) > most:
        out.print(f"... and {len(chosen) - most} smaller ones: --all lists them")


def name_group(
    reports: _Reports,
    group: Annotated[str, typer.Argument(help="Its id.", show_default=False)],
    name: Annotated[str, typer.Option(help="Of the mistake: words joined by underscores.")],
    sentence: Annotated[str, typer.Option(help="What is wrong, kindly and in one sentence: students read it.")],
    severity: Annotated[
        Literal["form", "slip", "gap", "empty"], typer.Option(help="How grave it is: what share of the task is kept.")
    ] = "slip",
    quote: Annotated[bool, typer.Option(help="Quote the function of one of them in a comment.")] = True,
    assignment: options.Assignment = options.HERE,
) -> None:
    """Write a stub of a named mistake into reference/candidates, with what the group does as its test.

    The stub counts for nothing until its body is written; `autograder validate` says whether it then does what was recorded.
    """
    from autograder.assignment.loading import Assignment
    from autograder.cohort import named
    from autograder.cohort.decisions import group_named, groups_in, results_in

    records = results_in(reports)
    chosen = group_named(groups_in(records.items()), group, reports)
    loaded = Assignment(assignment)
    written = named.name_group(loaded, chosen, records[chosen.students[0]], name, sentence, severity, quote=quote)
    out.print(Text(in_log(f"{len(chosen.students)} submissions: {chosen.what}")), soft_wrap=True)
    out.print(Text(f"Stub      {in_log(str(written.candidates))}:{written.line}"), soft_wrap=True)
    out.print(Text(f"Recorded  {in_log(str(written.recording))}"), soft_wrap=True)
    out.print(Text("Write the stub's body; until then it counts for nothing. Then:"))
    out.print(Text(f"  autograder validate --tasks {chosen.task}   # does it do what was recorded?"), soft_wrap=True)
    out.print(Text("  autograder batch ...   # the same command as before names them all"))
