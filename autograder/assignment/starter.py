"""A small assignment to start from: one task, complete and working, as files below `starter/`.

`docs/write_an_assignment.md` shows the same files. Each ends in `.txt` there, so that nobody takes it for a module of the engine.
"""

from __future__ import annotations

import json
from pathlib import Path

from autograder.errors import UsageError

TEXTS = Path(__file__).resolve().parent / "starter"
_TITLE = "{title}"
_LONGEST_TITLE = 200


def starter_files(title: str) -> dict[str, str]:
    """Return the files of the assignment by path relative to its folder.

    Raises:
        UsageError: The title is empty, or longer than a title is.
    """
    plain = " ".join(title.split())
    if not plain or len(plain) > _LONGEST_TITLE or not plain.isprintable():
        raise UsageError(f"{title!r:.80} is no title: write a few words, {_LONGEST_TITLE} characters at most")
    found = {}
    for path in sorted(TEXTS.rglob("*.txt")):
        name = path.relative_to(TEXTS).as_posix().removesuffix(".txt")
        shown = json.dumps(plain, ensure_ascii=False) if name.endswith(".yaml") else plain  # a title may hold a colon
        found[".gitignore" if name == "gitignore" else name] = path.read_text(encoding="utf-8").replace(_TITLE, shown)
    return found


def title_of(folder: Path) -> str:
    """Return a title made of the name of a folder: `weekly_test` -> `Weekly test`."""
    words = folder.resolve().name.replace("_", " ").replace("-", " ").split()
    text = " ".join(words)
    return text[:1].upper() + text[1:] or "Assignment"


def write_starter(folder: Path, title: str = "") -> list[str]:
    """Write the assignment into a folder that is new or empty, and return the names of the files.

    Raises:
        UsageError: There is something in the folder, it is a file, or it cannot be written.
    """
    files = starter_files(title or title_of(folder))
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} is not an empty folder: a new assignment is written where nothing is lost")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}") from error
    return list(files)
