"""Command line verbs for those who run the grader: `validate`, `calibrate`, `bench`, `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from autograder.cli import options
from autograder.cli.shown import in_log, require_file, require_submission
from autograder.errors import UsageError

out = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("validate", short_help="Grade the grader: wrong answers caught, right ones passed.")(validate)
    app.command("calibrate", short_help="Train every right answer in many worlds: are the thresholds fair?")(calibrate)
    app.command("bench", short_help="Measure the sandbox and one submission end to end.")(bench)
    app.command("doctor", short_help="Say how submissions are isolated here, and try it.")(doctor)


def validate(
    runs: Annotated[int, typer.Option(min=1, help="Repeat the checks that use random numbers under fresh seeds.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    mutants: Annotated[bool, typer.Option(help="Ask about generated mutants of the reference as well.")] = True,
    tasks: Annotated[str, typer.Option(help="Only these task ids, separated by commas.")] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Compute every row again, also those that are stored.")
    ] = False,
    assignment: options.Assignment = options.HERE,
) -> None:
    """Grade the grader: every named wrong answer must be caught, every correct variant must pass."""
    from autograder.assignment.loading import Assignment
    from autograder.quality.page import validation_page
    from autograder.quality.store import default_store
    from autograder.quality.validation import validate as run_validation

    page = assignment / "reports" / "validation.html"
    loaded = Assignment(assignment)
    require_file(page, "the report")
    chosen = tuple(name for part in tasks.split(",") if (name := part.strip()))
    asked = {task.id for task in loaded.rubric.for_track("full").only(chosen).tasks}
    result = run_validation(
        loaded,
        tasks=asked,
        runs=runs,
        workers=workers,
        mutants=mutants,
        store=None if fresh else default_store(),
        progress=lambda line: out.print(line, markup=False),
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(validation_page(result), encoding="utf-8")
    for survivor in result.survivors:
        out.print(f"not caught: {survivor}", markup=False)
    for mutant in result.surviving:
        out.print(f"mutant not caught: {mutant.task} (line {mutant.line}): {mutant.id!r}", markup=False, soft_wrap=True)
    for punished in result.punished[:50]:
        out.print(f"punished although correct: {punished}", markup=False)
    for mistake in result.unnamed:
        out.print(f"not called by its name: {mistake}", markup=False)
    for stub in result.unwritten:
        out.print(f"not written yet: {stub} (its body in reference/candidates is a stub)", markup=False, soft_wrap=True)
    for sentence in result.otherwise:
        out.print(f"not what was recorded: {in_log(sentence)}", markup=False, soft_wrap=True)
    for check in result.idle:
        out.print(f"catches nothing: {check}", markup=False)
    for row in result.weak:
        out.print(f"caught too rarely: {row.task}/{row.name}: {row.missed} of {row.runs} missed, power {row.power:.4f}")
    for null in result.anomalies:
        out.print(
            f"not distributed as its test assumes: {null.task}.{null.check} of {null.name}, p = {null.agreement:.1e}"
        )
    for wrong_price in result.mispriced:
        out.print(f"wrong price: {wrong_price}", markup=False, soft_wrap=True)
    for unfair in result.unfair:
        out.print(f"unfair: {unfair}", markup=False, soft_wrap=True)
    if result.repeats:
        out.print(result.fresh_line(), markup=False)
    if fairness := result.fairness_line():
        out.print(fairness, markup=False, soft_wrap=True)
    out.print(f"Report {page}", markup=False)
    out.print(result.last_line(), markup=False, soft_wrap=True)
    raise typer.Exit(0 if result.ok else 1)


def calibrate(
    tasks: Annotated[str, typer.Option(help="Only these training tasks, separated by commas.")] = "",
    seeds: Annotated[int, typer.Option(min=2, help="In how many worlds each right answer is trained.")] = 20,
    data: Annotated[str, typer.Option(help="Which data set; auto takes what `grade` would take.")] = "auto",
    data_root: Annotated[Path | None, typer.Option(help="Where it lies (or AUTOGRADER_DATA).")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    out_file: Annotated[Path, typer.Option("--out", help="Where rows are kept, with a table beside it.")] = Path(
        "docs/calibration.json"
    ),
    assignment: options.Assignment = options.HERE,
) -> None:
    """Train every right answer in many worlds, and hold what it reaches against the thresholds of rubric.yaml.

    Rows that were measured before stay until the same answer is measured again. Exits with 1 where a right answer missed its threshold.
    """
    from typing import cast

    from autograder.assignment.loading import Assignment
    from autograder.grading.options import DeviceChoice, device_of
    from autograder.quality.calibration import calibrate as spreads
    from autograder.quality.calibration import kept, page, remembered

    loaded = Assignment(assignment)
    chosen = [name for part in tasks.split(",") if (name := part.strip())] or list(loaded.rubric.training)
    if unknown := [name for name in chosen if name not in loaded.rubric.training]:
        raise UsageError(f"--tasks: rubric.yaml has no training budget for {', '.join(unknown)}")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device is auto, cpu or cuda, not {device}")
    where = device_of(cast("DeviceChoice", device))
    missed = 0
    require_file(out_file, "--out")
    remembered(out_file)  # before hours are spent
    with out.status("") as status:  # a line that moves in a terminal; elsewhere the line of each answer has to do
        for row in spreads(loaded, chosen, data, data_root, where, seeds, said=status.update):
            rows = kept(out_file, [row])
            out_file.with_suffix(".md").write_text(page(rows), encoding="utf-8")
            missed += row.failed
            out.print(row.sentence(), soft_wrap=True)
    out.print(f"Written: {out_file} and {out_file.with_suffix('.md')}")
    if missed:
        raise typer.Exit(1)


def bench(
    submission: Annotated[Path, typer.Option(help="A correct submission.")] = Path(
        "tests/submissions/correct_modules.zip"
    ),
    repeats: Annotated[int, typer.Option(min=0, help="How often each thing is measured; 0: only a class.")] = 5,
    class_of: Annotated[
        int, typer.Option("--class", min=0, help="Of how many generated submissions a class is; 0: none is graded.")
    ] = 0,
    tasks: Annotated[str, typer.Option(help="Tasks of that class, separated by commas. Default: all functions.")] = "",
    slots: Annotated[str, typer.Option(help="How many of them at once, for each run of the class.")] = "1,2",
    assignment: options.Assignment = options.HERE,
) -> None:
    """Measure sandbox start, round trips, one submission from command to report, and a generated class. Prints medians."""
    from autograder.assignment.loading import Assignment
    from autograder.quality.bench import Measured, measure
    from autograder.quality.class_bench import measure_class

    chosen = (
        Assignment(assignment).rubric.for_track("full").only(options.ids_in(tasks))
    )  # refused before minutes are spent
    functions = [task.id for task in chosen.tasks if task.kind == "function"]
    require_submission(submission, assignment)
    parts = [part.strip() for part in slots.split(",")]
    at_once = [int(part) for part in parts if part.isdecimal() and int(part)]
    if len(at_once) < len(parts):
        raise UsageError(f"--slots {slots}: say how many submissions at once, for each run: 1,2")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("what", "median", "min", "max", "unit", "ratio to the first of its kind"):
        table.add_column(column, justify="left" if column in ("what", "unit") else "right")

    def add(row: Measured) -> None:
        table.add_row(row.what, f"{row.median:.4g}", f"{row.least:.4g}", f"{row.most:.4g}", row.unit, row.ratio)

    for row in measure(submission, assignment, repeats) if repeats else ():
        add(row)
    for row in measure_class(submission, assignment, functions, class_of, at_once) if class_of else ():
        add(row)
    Console(width=max(out.width, 120)).print(table)  # a log is as wide as it has to be


def doctor() -> None:
    """Say how submissions are isolated on this machine, what that protects from and what not, and try it."""
    from autograder.quality.doctor import examine

    report = examine()
    for line in report.lines:
        out.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(0 if report.ok else 3)
