"""What submissions did that a mistake was named after: `reference/candidates/<topic>/<task>.recorded.json`, the test of that mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from autograder.assignment.candidates import FOLDER
from autograder.errors import UsageError, in_words
from autograder.handed_in import Record
from autograder.records import Behaviour

ENDING = ".recorded.json"


class Recorded(Record):
    """A behaviour that a mistake was named after.

    Attributes:
        what: It in words, for whoever reads the file.
        count: In how many submissions it was seen.
        behaviour: That of one of them.
    """

    what: str
    count: int
    behaviour: Behaviour


_FILE = TypeAdapter(dict[str, Recorded])


def recordings(folder: Path) -> dict[str, Mapping[str, Recorded]]:
    """Return what was recorded in an assignment, by task and name of the mistake.

    Raises:
        UsageError: A file cannot be read.
    """
    paths = sorted((folder / FOLDER).glob(f"*/*{ENDING}"))
    return {path.name.removesuffix(ENDING): read_recordings(path) for path in paths}


def read_recordings(path: Path) -> dict[str, Recorded]:
    """Return what a file holds; nothing where there is none.

    Raises:
        UsageError: It cannot be read, or is not what `recordings_text` writes.
    """
    try:
        return _FILE.validate_json(path.read_bytes()) if path.exists() else {}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UsageError(f"{path}: {where}: {first['msg']}; repair it, or remove it and name the group again") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({in_words(error)})") from None


def recordings_text(recorded: Mapping[str, Recorded]) -> str:
    """Return the text of a file."""
    return _FILE.dump_json(dict(recorded), indent=2).decode() + "\n"
