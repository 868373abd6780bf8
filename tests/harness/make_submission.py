"""Submissions made from the text of their files."""

from __future__ import annotations

import ast
import textwrap
import time
from collections.abc import Callable

from autograder.records import Cell, SourceFile, Submission
from autograder.sandbox.limits import Limits


def submission(source: str = "", /, **files: str) -> tuple[Submission, dict[str, str]]:
    """Return a submission and the functions it defines, each with its module.

    Args:
        source: Text of `work.py`.
        files: Module -> text; `pkg__init` stands for `pkg/__init__.py`, `pkg__part` for `pkg/part.py`.
    """
    texts = ({"work": source} if source else {}) | files
    sources, names = [], {}
    for name, text in texts.items():
        text = textwrap.dedent(text)
        package = name.endswith("__init")
        module = name.removesuffix("__init").replace("__", ".")
        path = module.replace(".", "/") + ("/__init__.py" if package else ".py")
        sources.append(SourceFile(path=path, module=module, cells=(Cell(label="", source=text),)))
        names |= {f: module.rsplit(".", 1)[-1] for f in _functions(text)}
    return Submission(name="made", kind="folder", sha256="0" * 64, sources=tuple(sources)), names


def _functions(text: str) -> list[str]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


LIMITS = Limits(
    call_seconds=60,
    call_wall_seconds=120,
    load_seconds=60,
    memory_mb=512,
    scratch_mb=16,
    file_mb=4,
    printed_mb=1,
    answer_mb=8,
)
"""Small limits, and so much time that whatever ends by itself ends in it, whatever else this machine is doing."""
BRIEF_CALL = LIMITS.model_copy(update={"call_seconds": 1.5, "call_wall_seconds": 3.0, "warm_up_seconds": 0.0})
"""For a question that hangs, computing or waiting: so that its test does not. Nothing else should be asked under it."""
BRIEF_LOAD = LIMITS.model_copy(update={"load_seconds": 1.5})
"""For top-level statements that hang."""
GUARD_SECONDS = 120.0
"""After so long something hangs that should not. No test waits for it where all is well."""


def wait_until(happened: Callable[[], object]) -> None:
    """Wait until something happened outside this process: what a test says must not depend on how long that takes."""
    until = time.monotonic() + GUARD_SECONDS
    while not happened():
        assert time.monotonic() < until, "this did not happen"
        time.sleep(0.01)
