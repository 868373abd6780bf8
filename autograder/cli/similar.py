"""Command line verb for code that looks alike: `similar`. It runs no student's code."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.cli import options
from autograder.cli.progress import Ticker
from autograder.cli.shown import in_log, out, require_folder
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.cohort.similarity.search import Search
    from autograder.similarity_records import SimilarityRecord

INDEX, DATA = "index.html", "similarity.json"
SHOWN = 10
"""Pairs that are printed; the page has all."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("similar", short_help="List code of a class that looks alike: to look at, never a verdict.")(similar)


def similar(
    submissions: options.Submissions,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where the pages lie. Default: reports/similarity.")
    ] = None,
    also: Annotated[
        list[Path] | None, typer.Option(help="An earlier class, to compare with; may be given again.")
    ] = None,
    given: Annotated[
        list[Path] | None,
        typer.Option(help="Code that students were given beside the kit: a file or folder; may be given again."),
    ] = None,
    least: Annotated[int, typer.Option(min=1, max=100, help="Leave out pairs that share fewer per cent.")] = 20,
    most: Annotated[int, typer.Option(min=1, max=2000, help="List so many pairs.")] = 200,
    assignment: options.Assignment = options.HERE,
) -> None:
    """List pairs of submissions whose code looks alike, with both sources side by side: a list to look at, never a verdict.

    What the template, the kit and the reference hold is taken away before. Nothing is run, and no grade depends on it.
    """
    from autograder.assignment.loading import Assignment
    from autograder.cohort.similarity.search import Search

    folder = out_dir or assignment / "reports" / "similarity"
    for path in (submissions, *(also or ())):
        if not path.exists():
            raise UsageError(f"{path} does not exist. Check the path; nothing was written.")
    require_folder(folder, "--out")
    started = time.monotonic()
    loaded = Assignment(assignment)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=folder) as workspace:
        ticker = Ticker(out, what="steps", first="reading what the class handed in")
        search = Search(
            submissions,
            loaded,
            Path(workspace),
            also=tuple(also or ()),
            given=tuple(given or ()),
            least=least / 100,
            most=most,
            tell=lambda done, of, what: ticker.tick(done, of, in_log(what)),
        )
        with ticker:
            record = search.run()
            _write(search, record, folder)
    _show(record, folder, time.monotonic() - started)


def _write(search: Search, record: SimilarityRecord, folder: Path) -> None:
    """Write the pages of the pairs, and the list last; pages of an earlier list that are in no pair now are removed."""
    from autograder.report.similarity_page import pair_page, similarity_page

    for stale in folder.glob("pair-*.html"):
        with contextlib.suppress(FileNotFoundError):
            stale.unlink()
    for sources in search.sources():
        (folder / sources.pair.page).write_text(pair_page(sources, record.title), encoding="utf-8")
    (folder / DATA).write_text(record.to_json(), encoding="utf-8")
    (folder / INDEX).write_text(similarity_page(record), encoding="utf-8")


def _show(record: SimilarityRecord, folder: Path, seconds: float) -> None:
    """Print the first pairs, and where the list is."""
    from autograder.report.similarity_page import percent, whose

    if record.pairs:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("one", "share of it", "the other", "share of it"):
            table.add_column(heading, justify="right" if heading == "share of it" else "left", overflow="fold")
        for pair in record.pairs[:SHOWN]:
            sides = [
                Text(in_log(text)) for side in (pair.left, pair.right) for text in (whose(side), percent(side.share))
            ]
            table.add_row(*sides)
        out.print(table)
    if len(record.pairs) > SHOWN:
        out.print(f"... and {len(record.pairs) - SHOWN} more")
    if record.not_compared:
        out.print(Text(f"Not compared: {len(record.not_compared)} submissions; the page says why"), soft_wrap=True)
    every = record.compared + record.earlier
    said = f"{len(record.pairs)} pairs to look at among {every} submissions, {seconds:.0f} s. This is no verdict."
    out.print(Text(said), soft_wrap=True)
    out.print(Text(f"List {in_log(str(folder))}/{INDEX} (for staff only; for programs: {DATA})"), soft_wrap=True)
