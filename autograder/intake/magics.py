"""IPython's magics and shell escapes, taken out of Python text so that every line keeps its number."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from autograder.sandbox.inside.loader import STUDENT_TOOL

# Cell magics that run their body as ordinary code of the notebook; all others run it elsewhere or not at all.
_BODY_KEPT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "matplotlib"})
_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*")
# What may be a magic, a shell escape or a request for help: counted, to know what the transformation will cost.
_MAGIC_LINE = re.compile(r"^[ \t]*[!%?/,;]|\?[ \t]*$|=[ \t]*[!%]", re.MULTILINE)
MAGICS_PER_CELL = 400  # IPython gives up after 500
MAGIC_LINE_LENGTH = 5_000  # its tokeniser takes quadratic time for blanks before a `!`


class TransformFailed(Exception):
    """IPython could not make Python of a cell."""


class Removed(NamedTuple):
    """A statement that was taken out.

    Attributes:
        line: Its line, from 1.
        kept: Whether the Python in it stays (`%time model = train()`).
    """

    line: int
    kept: bool


def cell_magic(text: str) -> tuple[str, bool, str] | None:
    """The `%%magic` line on top of a cell, whether the body is kept, and the body with that line emptied."""
    match = _CELL_MAGIC.match(text)
    if match is None:
        return None
    body = "\n" * text.count("\n", 0, match.end()) + text[match.end() :]
    return match.group().strip(), match.group(1) in _BODY_KEPT, body


def count_magics(text: str) -> int:
    """How many lines look like magics; more than there are, never fewer."""
    return sum(1 for _ in _MAGIC_LINE.finditer(text))


def transform(text: str) -> str:
    """`text` with magics as `get_ipython()` calls, each on the line where it was.

    :raises TransformFailed: if IPython gives up.
    """
    from nbconvert.filters import ipython2python  # half a second, and most submissions need it never

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # IPython's remarks about its own tokeniser
            result: str = ipython2python(text)  # type: ignore[no-untyped-call]
    except (SyntaxError, ValueError, RuntimeError, IndexError, RecursionError, MemoryError) as error:
        # RuntimeError: IPython stops after 500 magics in one cell; IndexError: its tokeniser on odd continuations.
        raise TransformFailed(str(error)) from None
    return _aligned(text, result)


def _aligned(original: str, result: str) -> str:
    """`result` with empty lines where IPython dropped leading lines or joined continued ones."""
    before = original.rstrip("\n").split("\n")
    after = result.rstrip("\n").split("\n")
    leading = next((index for index, line in enumerate(before) if line.strip()), 0)
    if len(after) == len(before):
        return result
    lines: list[str] = [""] * leading
    position = leading
    for line in after:
        lines.append(line)
        if position < len(before) and line.strip() != before[position].strip():
            while position < len(before) - 1 and before[position].rstrip().endswith("\\"):
                lines.append("")
                position += 1
        position += 1
    return "\n".join(lines) + "\n" if len(lines) == len(before) else result


class _Edit(NamedTuple):
    """`node` is replaced by `text`; `told` is whether the student reads of it."""

    node: ast.stmt | ast.expr
    text: str
    kept: bool = False
    told: bool = True


def neutralise(text: str, tree: ast.Module) -> tuple[str, list[Removed]]:
    """`text` without its `get_ipython()` calls, and what was removed. No line moves."""
    lines = text.encode().split(b"\n")  # the columns of `ast` count UTF-8 bytes
    edits = sorted(_edits(tree), key=lambda edit: (edit.node.lineno, edit.node.col_offset))
    for edit in reversed(edits):
        node = edit.node
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        breaks = last - first
        new = f"({edit.text if edit.text != 'pass' else 'None'}{chr(10) * breaks})" if breaks else edit.text
        joined = lines[first][: node.col_offset] + new.encode() + lines[last][node.end_col_offset :]
        lines[first : last + 1] = joined.split(b"\n")
    return b"\n".join(lines).decode(), [Removed(edit.node.lineno, edit.kept) for edit in edits if edit.told]


def _edits(tree: ast.Module) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            if ours := _of_the_kit(node):
                yield _Edit(node, ours, told=False)
            elif _asks_ipython(node):
                code = _timed_statement(node)
                yield _Edit(node, code or "pass", kept=code is not None)
        elif isinstance(node, ast.AugAssign):
            if _asks_ipython(node.value):
                yield _Edit(node, "pass")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(map(_asks_ipython, targets)):
                yield _Edit(node, "pass")
            elif node.value is not None and _asks_ipython(node.value):
                yield _Edit(node.value, _nothing_for(node))
        elif isinstance(node, ast.stmt):
            yield from (_Edit(part, "None") for part in _chains(node))


def _nothing_for(node: ast.Assign | ast.AnnAssign) -> str:
    """`None`, as often as there are names to be filled."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Tuple | ast.List) and not any(isinstance(part, ast.Starred) for part in target.elts):
        return f"[{', '.join(['None'] * len(target.elts))}]"
    return "None"


def _of_the_kit(node: ast.Expr) -> str:
    """What a magic of the student's kit becomes, of which nobody need read; "" for all others.

    `%load_ext autograder_student` is the import of what later cells call: `check("NAME")`, which does nothing here.
    """
    magic = "get_ipython().run_line_magic('{}', '{}"
    text = ast.unparse(node.value)
    if text == magic.format("load_ext", STUDENT_TOOL) + "')":
        return f"from {STUDENT_TOOL} import check"
    return "pass" if text.startswith(magic.format("check", "")) else ""


def _timed_statement(node: ast.Expr) -> str | None:
    """The Python in `%time x = f()`, which defines `x` like the statement itself."""
    match node.value:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_line_magic"),
            args=[ast.Constant(value="time"), ast.Constant(value=str(code))],
        ) if code.strip() and "\n" not in code:
            try:
                ast.parse(code)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
            return code.strip()
    return None


def _asks_ipython(node: ast.AST) -> bool:
    return any(_is_get_ipython(part) for part in ast.walk(node))


def _is_get_ipython(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython"


def _chains(statement: ast.stmt) -> Iterator[ast.expr]:
    """The largest `get_ipython().a.b(...)` expressions of a statement that are not in a statement inside it."""
    todo = [part for part in ast.iter_child_nodes(statement) if not isinstance(part, ast.stmt)]
    while todo:
        node = todo.pop()
        # Columns inside an f-string are wrong before Python 3.12: it is replaced as a whole.
        whole = isinstance(node, ast.JoinedStr) and _asks_ipython(node)
        if isinstance(node, ast.expr) and (whole or _is_chain(node)):
            yield node
        else:
            todo += [part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.stmt)]


def _is_chain(node: ast.AST) -> bool:
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        if _is_get_ipython(node):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False
