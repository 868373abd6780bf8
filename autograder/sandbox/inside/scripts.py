"""Running one Python file of a submission as a script, in a folder of its own, and collecting what it leaves there.

The folder holds the whole submission, as it would on the student's machine, and Python finds modules in it as it does
there. Used once per worker, which is thrown away afterwards: a script may leave threads and patched modules behind.
"""

from __future__ import annotations

import gc
import linecache
import os
import random
import stat
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .traces import MAX_TEXT, describe_error, student_lines

MOST_FILES = 32
"""Files whose bytes come back."""
MOST_BYTES = 16 * 2**20
"""Bytes of all of them together."""
MOST_NAMED = 500
"""Files that are named, with or without bytes."""
LONGEST_PATH = 200
_MOST_ENTRIES = 20_000
_FOLDER = "script"
_READING = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # each is missing somewhere
    _READING |= getattr(os, _flag, 0)


def is_plain_path(name: Any) -> bool:
    """Whether a text names a file below a folder: relative, POSIX, printable, short, without `..`."""
    if type(name) is not str or not 0 < len(name) <= LONGEST_PATH or not name.isprintable() or "\\" in name:
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


class Place:
    """A folder that holds a submission, in which one of its files can be run.

    Raises:
        OSError: The folder or a file in it cannot be written.
    """

    def __init__(self, message: dict[str, Any], scratch: Path) -> None:
        """Write `message["sources"]` (path -> text) and `message["files"]` (path -> bytes) into a new folder in `scratch`."""
        self._folder = (scratch / _FOLDER).resolve()
        self._sources: dict[str, str] = message["sources"]
        self._given = {path: text.encode() for path, text in self._sources.items()} | message["files"]
        _write(self._folder, self._given)

    def run(self, message: dict[str, Any]) -> dict[str, Any]:
        """Run a script and say how it ended; see `autograder.sandbox.scripts.ScriptAnswer`.

        Args:
            message: `path`, `argv`, `seed` and `most_bytes`.
        """
        for path, text in self._sources.items():
            _remember(str(self._folder / path), text)
        try:
            ended = _run(self._folder, self._sources[message["path"]], message)
            left = collect(self._folder, self._given, min(message["most_bytes"], MOST_BYTES))
        except BaseException as error:  # of something that the script left behind
            return {"type": "raised", **describe_error(error), "lines": []}
        return {"type": "ended", **ended, **left}


def _write(folder: Path, given: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for path, data in given.items():
        if not is_plain_path(path):
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _remember(filename: str, text: str) -> None:
    """Let tracebacks show the student's lines, also when the script has changed its own files."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


def _run(folder: Path, text: str, message: dict[str, Any]) -> dict[str, Any]:
    filename = str(folder / message["path"])
    os.chdir(folder)
    sys.path[:0] = list(dict.fromkeys([os.path.dirname(filename), str(folder)]))
    sys.argv = [message["path"], *message["argv"]]
    _seed(message["seed"])
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=filename, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    ended: dict[str, Any] = {"exit_code": 0, "exception": "", "message": "", "category": "", "lines": []}
    try:
        code = compile(text, filename, "exec", dont_inherit=True)
        exec(code, main.__dict__)  # noqa: S102 -- running the submission is what the sandbox is for
        _wait_for_threads()
    except SystemExit as error:
        ended |= _exit_of(error)
    except BaseException as error:
        lines = [line.replace(f"{folder}{os.sep}", "") for line in student_lines(error)]
        ended |= {"exit_code": 1, **describe_error(error), "lines": lines}
    main.__dict__.clear()  # files that it left open are written to their end
    gc.collect(1)  # what is young: going over all of torch takes half a second
    return ended


def _exit_of(error: SystemExit) -> dict[str, Any]:
    """Return what Python makes of `sys.exit(...)`: nothing is 0, a text is printed and is 1."""
    if error.code is None:
        return {"exit_code": 0}
    if type(error.code) is int or type(error.code) is bool:
        return {"exit_code": int(error.code) & 0xFF}
    return {"exit_code": 1, "message": str(error.code)[:MAX_TEXT]}


def _wait_for_threads() -> None:
    """Wait for what Python waits for at its end."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)


# ------------------------------------------------------------------------------------------------ what it leaves there


def collect(folder: Path, given: dict[str, bytes], most_bytes: int) -> dict[str, Any]:
    """Return the regular files that are new or other than they were: `files` with bytes, `left_out` with sizes."""
    files: dict[str, bytes] = {}
    left_out: dict[str, int] = {}
    room = most_bytes
    for name, path, size in sorted(regular_files(folder)):
        before = given.get(name)
        if before is not None and len(before) == size and _read(path, size) == before:
            continue
        if len(files) + len(left_out) >= MOST_NAMED:
            break
        data = _read(path, size) if size <= room and len(files) < MOST_FILES else None
        if data is None:
            left_out[name] = size
        else:
            files[name] = data
            room -= len(data)
    return {"files": files, "left_out": left_out}


def regular_files(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield (name, path, size) of files below a folder that have a plain name, through no link."""
    waiting, seen = [str(folder)], 0
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            seen += 1
            name = os.path.relpath(entry.path, folder).replace(os.sep, "/")
            if seen > _MOST_ENTRIES:
                return
            if not is_plain_path(name) or entry.name == "__pycache__":
                continue
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                waiting.append(entry.path)
            elif stat.S_ISREG(found.st_mode):
                yield name, entry.path, found.st_size


def _read(path: str, size: int) -> bytes | None:
    """Return a file's bytes; None where they cannot be read, or are no longer as many."""
    try:
        descriptor = os.open(path, _READING)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        data = file.read(size + 1)
    return data if len(data) == size else None
