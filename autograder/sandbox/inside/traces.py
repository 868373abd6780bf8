"""Errors of a student's code as plain data: type, message and the student's own lines of the traceback."""

from __future__ import annotations

import dis
import linecache
import traceback
from typing import Any

MAX_TEXT = 2000
_MEMORY_WORDS = ("can't allocate memory", "out of memory", "not enough memory", "cannot allocate memory")


class NoSuchMethod(Exception):
    """An object has no method of the name that was asked for."""


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return `{"exception", "message", "category"}`; the category is "exception", "memory", "not_implemented" or "no_method".

    Reading a hostile exception may run hostile code; whatever that raises is swallowed.
    """
    try:
        message = str(error)[:MAX_TEXT]
    except BaseException as second:
        message = f"(its message could not be read: {type(second).__name__})"
    category = "exception"
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | OSError) and any(word in message.lower() for word in _MEMORY_WORDS)
    ):
        category = "memory"
    elif isinstance(error, NotImplementedError) and _was_raised_in_python(error):
        category = "not_implemented"
    elif isinstance(error, NoSuchMethod):
        category = "no_method"
    return {"exception": type(error).__name__[:200], "message": message, "category": category}


def _was_raised_in_python(error: BaseException) -> bool:
    """Whether a `raise` raised it: PyTorch's own operations raise NotImplementedError too, for a dtype that they do not know."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is None or last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def student_lines(error: BaseException) -> list[str]:
    """Return the traceback's lines that are the student's, innermost last: a place, then the text of that line."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        text = (error.text or "").strip()[:200]
        place = f'File "{str(error.filename)[:200]}", line {error.lineno}, in <module>'
        caret = _caret(error)
        return [place, f"    {text}", *([f"    {caret}"] if len(caret) <= len(text) + 1 else [])]
    lines = []
    for frame, number in list(traceback.walk_tb(error.__traceback__))[-200:]:
        filename = frame.f_code.co_filename
        if filename in linecache.cache and linecache.cache[filename][1:2] == (None,):
            text = linecache.getline(filename, number).strip()[:200]
            lines.append(f'File "{filename[:200]}", line {number}, in {frame.f_code.co_name[:100]}')
            lines.append(f"    {text}")
    return lines[-16:]


def _caret(error: SyntaxError) -> str:
    """Return spaces and carets that point at the place in the error's line, stripped, where Python stopped; "" if it does not say."""
    if not isinstance(error.offset, int) or error.offset < 1:
        return ""
    text = error.text or ""
    start = max(error.offset - 1 - (len(text) - len(text.lstrip())), 0)
    same_line = isinstance(error.end_offset, int) and error.end_lineno == error.lineno
    width = max(error.end_offset - error.offset, 1) if same_line and isinstance(error.end_offset, int) else 1
    return " " * start + "^" * max(min(width, len(text.strip()) - start), 1)
