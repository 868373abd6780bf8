"""docs/walkthrough.md is true: its commands are run in its order, in one folder, and say what stands below them.

A block of `sh` is run; `# exit code N` behind a line is what it must end with (0 otherwise). Every line of a block of `text` must be in
what the block before it printed, blanks aside. `<!-- write: FILE -->` puts the function that follows in place of the one in FILE.
`<!-- not run: REASON -->` is the only way for a block not to be run.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "walkthrough.md"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<order>[\w ]+): (?P<about>.+?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"\s+# exit code (\d+)$")


@dataclass(frozen=True)
class Block:
    """One block of the page."""

    line: int
    kind: str
    text: str
    order: str = ""
    about: str = ""


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    return [
        Block(
            page.count("\n", 0, found.start()) + 1,
            found["kind"],
            found["text"],
            found["order"] or "",
            found["about"] or "",
        )
        for found in _BLOCK.finditer(page)
    ]


def script_of(text: str) -> str:
    """Return a block as a script that ends with an error as soon as a line ends otherwise than it should."""
    lines = []
    for line in text.splitlines():
        found = _CODE.search(line)
        code = int(found[1]) if found else 0
        lines.append(
            f'{_CODE.sub("", line)}\ncode=$?; [ $code = {code} ] || {{ echo "exit code $code, not {code}" >&2; exit 99; }}'
        )
    return "\n".join(lines)


def put(path: Path, function: str) -> None:
    """Put a function in place of the one of its name."""
    [new] = [node for node in ast.parse(function).body if isinstance(node, ast.FunctionDef)]
    text = path.read_text(encoding="utf-8")
    [old] = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == new.name]
    lines = text.splitlines(keepends=True)
    path.write_text("".join([*lines[: old.lineno - 1], function, *lines[old.end_lineno :]]), encoding="utf-8")


def run(text: str, state: Path) -> tuple[int, str]:
    """Run a script where the last one stopped, with its variables; return exit code and what it printed."""
    keep = f"declare -p REPO WORK HANDED_IN 2>/dev/null > {state}; echo \"cd '$PWD'\" >> {state}"
    whole = f"[ ! -f {state} ] || . {state}\n{script_of(text)}\n{keep}\n"
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MAKE"))}
    variables |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    variables |= {"TMPDIR": str(state.parent), "COLUMNS": "100"}
    done = subprocess.run(
        ["bash", "-c", whole],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return done.returncode, done.stdout


@pytest.mark.skipif(not (ROOT / ".venv" / "bin" / "autograder").exists(), reason="`make setup` comes first")
def test_the_walk(tmp_path: Path) -> None:
    """Teacher, student, TA and CI can do what the page says."""
    printed = ""
    for block in blocks_of(PAGE.read_text(encoding="utf-8")):
        place = f"{PAGE.name}:{block.line}"
        if block.order == "not run":
            continue
        if block.order == "write":
            [path] = tmp_path.glob(f"tmp.*/*/{block.about}")
            put(path, block.text)
        elif block.kind == "text":
            said = " ".join(printed.split())
            assert [line for line in block.text.splitlines() if " ".join(line.split()) not in said] == [], (
                f"{place}\n{printed}"
            )
        else:
            assert block.kind == "sh", f"{place}: nobody runs a block of {block.kind!r}"
            code, printed = run(block.text, tmp_path / "state")
            assert code == 0, f"{place}\n{printed}"


def test_little_is_left_out() -> None:
    """What is not run says why; installing and cells of a notebook are all there is."""
    left = [block for block in blocks_of(PAGE.read_text(encoding="utf-8")) if block.order == "not run"]

    assert [block.text.split()[:2] for block in left] == [["make", "setup"], ["%load_ext", "autograder_student"]]
    assert all(len(block.about) > 20 for block in left)


def test_a_wrong_page_is_found(tmp_path: Path) -> None:
    """A command that fails, one that does not fail as said, and a variable that is carried from block to block."""
    assert run("false", tmp_path / "a")[0] == 99
    assert run("true   # exit code 1", tmp_path / "a")[0] == 99
    assert run("(exit 3)   # exit code 3", tmp_path / "a")[0] == 0
    assert run("WORK=5\ncd /", tmp_path / "b")[0] == 0
    assert run("echo $WORK $PWD", tmp_path / "b") == (0, "5 /\n")


def test_blocks_are_read() -> None:
    """Kind, text, and what stands in the comment above."""
    page = "a\n\n```sh\nls\n```\n\n<!-- write: x.py -->\n```python\ny\n```\n"

    assert blocks_of(page) == [Block(3, "sh", "ls\n"), Block(7, "python", "y\n", "write", "x.py")]
