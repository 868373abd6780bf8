"""Reading results that were written before: one record, all those of a class, the points that people gave in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from autograder.errors import UsageError, in_words
from autograder.records import RESULT, GradeRecord, ManualPoints


def load(path: Path) -> dict[str, tuple[Path, GradeRecord]]:
    """Return the records below `path` by name of submission; a single result has the name "".

    Args:
        path: A `result.json`, a folder that holds one, or a folder of such folders.

    Raises:
        UsageError: There is nothing, or something that is not a result; says which file, where in it, and what to do.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder; name a result.json or a folder of results")
    if path.is_file():
        return {"": (path, read_record(path))}
    if (path / RESULT).is_file():
        return {"": (path / RESULT, read_record(path / RESULT))}
    found = {child.name: child / RESULT for child in sorted(path.iterdir()) if (child / RESULT).is_file()}
    if not found:
        raise UsageError(
            f"{path}: neither it nor a folder in it holds a {RESULT}; `autograder grade --out` writes them"
        )
    return {name: (file, read_record(file)) for name, file in found.items()}


def read_record(path: Path) -> GradeRecord:
    """Return the record in a file.

    Raises:
        UsageError: It cannot be read, is not JSON, or is not a record; with the line or the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: this is not JSON ({error.msg}); grade the submission again") from None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: cannot be read ({in_words(error)})") from None
    try:
        record = GradeRecord.model_validate(content)
        for number in (record.score, record.max_score, *(t.points for t in record.tasks)):
            if number is not None and not Decimal(number).is_finite():
                raise ValueError(f"{number!r} is no number of points")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        advice = "correct it" if first["loc"][:1] == ("manual",) else "was it written by another version? grade again"
        raise UsageError(f"{path}: {where}: {first['msg']} (found {first['input']!r:.80}); {advice}") from None
    except (ArithmeticError, ValueError) as error:
        raise UsageError(f'{path}: points are decimal strings such as "12.50" ({error})') from None
    return record


def manual_in(folder: Path) -> tuple[ManualPoints, ...]:
    """Return the points that people gave in the result that `folder` holds: it is about to be replaced, they are not.

    Raises:
        UsageError: What lies there cannot be read, so it is not known whether people gave points.
    """
    path = folder / RESULT
    try:
        return read_record(path).manual if path.exists() else ()
    except UsageError as error:
        raise UsageError(f"{error}. It may hold points that people gave: move it away, or name another --out") from None
