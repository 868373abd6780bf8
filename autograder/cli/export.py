"""The verb `export`: a command for each format that there is, with the options that the format needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from autograder.cli.shown import err, in_log, out
from autograder.cli.written import write_export
from autograder.errors import UsageError
from autograder.export.formats import Format, Given, Need, Result, formats

_RESULTS = {
    "one": "The folder of a result, or its result.json.",
    "class": "A folder of folders with a result.json each, or one such folder.",
}


def register(app: typer.Typer) -> None:
    """Add the verb, with a command for each format, to the command line."""
    verbs = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write results as other tools read them.")
    for found in formats():
        verbs.command(found.name, short_help=found.help, help=found.help)(_command(found))
    app.add_typer(verbs, name="export", short_help="Write results as other tools read them.")


def _command(chosen: Format) -> Callable[..., None]:
    """Return the function of a format's command: its parameters are the arguments and options of the command line."""

    def run(**asked: Any) -> None:
        place, force = asked.pop("out"), asked.pop("force")
        given = {need.name.replace("-", "_"): _given(need, asked[need.name.replace("-", "_")]) for need in chosen.needs}
        made = chosen.make(_read(chosen, asked, place), **given)
        write_export(chosen, made, place, force=force)
        for remark in made.remarks:
            err.print(Text(in_log(remark), style="yellow"), soft_wrap=True)
        out.print(Text(in_log(f"Written: {place}")), soft_wrap=True)

    run.__signature__ = inspect.Signature(_parameters(chosen))  # type: ignore[attr-defined]  # typer reads it
    return run


def _parameters(chosen: Format) -> list[inspect.Parameter]:
    def parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
        return inspect.Parameter(
            name.replace("-", "_"), inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
        )

    found = []
    if chosen.reads == "project":
        text = "Folder with rubric.yaml, reference/ and tests/."
        found.append(parameter("assignment", Path, typer.Option(Path(), "--assignment", help=text)))
    elif chosen.reads == "code":
        text = "What the class handed in, as for `autograder batch`."
        found.append(
            parameter("submissions", Path, typer.Argument(help=text, metavar="SUBMISSIONS", show_default=False))
        )
        found.append(
            parameter("also", list[Path], typer.Option([], "--also", help="An earlier class; may be given again."))
        )
        text = "Folder with rubric.yaml, reference/ and tests/."
        found.append(parameter("assignment", Path, typer.Option(Path(), "--assignment", help=text)))
    else:
        text = _RESULTS[chosen.reads]
        found.append(parameter("results", Path, typer.Argument(help=text, metavar="REPORTS", show_default=False)))
    folder = "The folder" if chosen.writes == "folder" else "The file"
    found.append(parameter("out", Path, typer.Option(..., "--out", help=f"{folder} to write.")))
    found += [parameter(need.name, Path | None if need.kind == "file" else str, _option(need)) for need in chosen.needs]
    found.append(parameter("force", bool, typer.Option(False, "--force", help="Write over files that exist.")))
    return found


def _option(need: Need) -> Any:
    default = ... if need.is_required else None if need.kind == "file" else ""
    metavar = {"text": "TEXT", "file": "FILE", "moment": "TIME"}[need.kind]
    return typer.Option(
        default, f"--{need.name}", help=need.help, metavar=metavar, envvar=need.variable or None, show_default=False
    )


def _given(need: Need, asked: Any) -> Any:
    """Return what a format is given for an option."""
    if need.kind == "moment":
        return asked or datetime.now(UTC).isoformat()
    if need.kind == "file":
        return None if asked is None else Given(asked.name, _bytes_of(asked, need))
    return asked


def _bytes_of(path: Path, need: Need) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--{need.name} {path}: cannot be read ({(error.strerror or str(error)).lower()})") from None


def _read(chosen: Format, asked: dict[str, Any], place: Path) -> Any:
    """Return what a format is made of, which must not lie where the export will be written."""
    if chosen.reads == "project":
        from autograder.cli.project_files import project_files

        return project_files(asked["assignment"])
    if chosen.reads == "code":
        from autograder.cli.handed_in_code import handed_in_code

        return handed_in_code(asked["submissions"], asked["also"], asked["assignment"])
    from autograder.grading.results import load

    path: Path = asked["results"]
    found = load(path)
    if place.resolve() in (file.resolve() for file, _ in found.values()):
        raise UsageError(f"--out {place} is a result that is read: name another file")
    results = [Result(name or record.submission, record) for name, (_, record) in found.items()]
    if chosen.reads == "class":
        return results
    if len(results) != 1:
        raise UsageError(f"{path} holds {len(results)} results, and {chosen.name} takes one: name its folder")
    return results[0]
