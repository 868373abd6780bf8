"""Command line verb for those who grade again: `regrade`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.cli.shown import in_log, require_file
from autograder.grading.regrading import CAUSES, CheckChange, Regrade, SubmissionChange, compare
from autograder.grading.regrading import write as write_standing
from autograder.records import GradeRecord
from autograder.report.files import write_reports

out = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("regrade", short_help="Compare two gradings: whose points change.")(regrade)


def regrade(
    old: Annotated[Path, typer.Argument(help="Before: a result.json, its folder, or a folder of such folders.")],
    new: Annotated[Path, typer.Argument(help="After: the same, from a newer grading.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the comparison here as well.")] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Make the results in NEW those that count: with the points given by hand in OLD, "
            "and with the points from before where the new grading failed.",
        ),
    ] = False,
) -> None:
    """Compare two gradings: whose points change, by which check, and which points stand."""
    if json_file is not None:
        require_file(json_file, "--json")
    result = compare(old, new)
    show(result)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(result.to_json(), encoding="utf-8")
    if write:
        changed = write_standing(old, new, _publish)
        names = ", ".join(changed) if changed else "nothing: they are what they should be"
        out.print(Text(in_log(f"Changed in {new}: {names}")))


def _publish(record: GradeRecord, folder: Path) -> Path:
    return write_reports(record, folder)


def show(result: Regrade) -> None:
    """Print the table of what changed, what else is to be known, and a line that sums up."""
    told = [change for change in result.submissions if _is_told(change)]
    if told:
        out.print(table_of(told))
    for change in result.submissions:
        if change.why:
            out.print(Text.assemble((in_log(f"{change.name}:"), "bold"), f" {in_log(change.why)}", style="yellow"))
    s = result.summary
    counts = [(s.up, "up"), (s.down, "down"), (s.unchanged, "unchanged"), (s.kept, "with the points from before")]
    counts += [(s.no_grade, "without a grade")] if s.no_grade else []
    graded = s.submissions - sum(count for count, _ in counts)
    counts += [(graded, "new")] if graded else []
    text = ", ".join(f"{count} {what}" for count, what in counts if count or what in ("up", "down"))
    out.print(Text(f"{s.submissions} submission{'s' if s.submissions != 1 else ''}: {text}"))


def _is_told(change: SubmissionChange) -> bool:
    return bool(change.tasks) or change.stands != "new" or change.change is None or float(change.change) != 0


def table_of(changes: Iterable[SubmissionChange]) -> Table:
    """Return the table: a line per submission, below it one per task and per check that changed."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("submission / task / check", overflow="fold")
    table.add_column("before", justify="right")
    table.add_column("now", justify="right")
    table.add_column("change", justify="right")
    table.add_column("", overflow="fold")
    for change in changes:
        table.add_row(
            Text(in_log(change.name), style="bold"),
            change.old or "–",
            change.new or "–",
            _signed(change.change),
            _standing(change),
        )
        for task in change.tasks:
            why = CAUSES[task.cause] if task.cause else ""
            table.add_row(
                Text(f"  {in_log(task.id)}"), task.old or "–", task.new or "–", _difference(task.old, task.new), why
            )
            for check in task.checks:
                table.add_row(*_check_row(check))
        for entry in change.manual:
            kept = in_log(f"by hand, kept: {entry.reason}")
            table.add_row(
                Text(f"  {in_log(entry.task)}"),
                "",
                f"= {entry.points:.2f}" if entry.sets else f"{entry.points:+.2f}",
                "",
                Text(kept),
            )
    return table


def _standing(change: SubmissionChange) -> Text:
    if change.stands == "old":
        return Text(f"{change.total} stands", style="yellow")
    return Text("no grade", style="magenta") if change.stands == "none" else Text("")


def _check_row(check: CheckChange) -> tuple[str | Text, ...]:
    words = f"{check.old or 'not there'} → {check.new or 'not there'}" if check.old != check.new else str(check.new)
    points = [None if value is None else f"{float(value):.2f}" for value in (check.old_points, check.new_points)]
    name = Text(f"    {in_log(check.id)}")
    difference = _difference(check.old_points, check.new_points)
    return name, points[0] or "–", points[1] or "–", difference, Text(in_log(words))


def _difference(old: str | None, new: str | None) -> Text:
    return _signed(f"{float(new or 0) - float(old or 0):+.2f}")


def _signed(change: str | None) -> Text:
    if change is None:
        return Text("")
    value = float(change)
    return Text("0.00" if value == 0 else change, style="green" if value > 0 else "red" if value < 0 else "dim")
