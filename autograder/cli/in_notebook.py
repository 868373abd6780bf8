"""The public checks inside a notebook, with the words of the terminal: `%check NAME` and `check("NAME")`.

What is checked are functions and classes **as they are defined in the running notebook now**, whichever cell or import they came
from: not what is saved, and not the files beside it. After changing a cell, run it; then check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.cli.check import chosen, judged, load_rules, told
from autograder.cli.check_report import Report
from autograder.errors import UsageError

_shell: Any = None
"""The notebook's shell, once the extension was loaded or a check was asked for. IPython is no library of ours: it hands itself in."""


def load(shell: Any, kit: Path) -> None:
    """Make `%check` and `check` known to a notebook; `kit` is where the extension was found."""
    global _shell
    _shell = shell

    def magic(line: str) -> None:
        check_here(re.findall(r"[^\s,]+", line), kit)

    def check(*tasks: str) -> None:
        check_here(tasks, kit)

    magic.__doc__ = check.__doc__ = check_here.__doc__
    shell.register_magic_function(magic, "line", "check")
    before = shell.user_ns.get("check")
    if before is None or getattr(before, "__module__", "") == __name__:
        shell.push({"check": check})
        print('To check a function as it is now: %check NAME or check("NAME"); without a name, all.')
    else:  # a student's own name stays what it is
        print("To check a function as it is now: %check NAME; without a name, all.")


def check_here(tasks: Sequence[str], kit: Path) -> None:
    """Check functions as they are defined in this notebook now: those of these tasks, or all."""
    shell = _shell or _running_shell()
    if shell is None:
        print("This checks what is defined in a notebook. In a terminal: python autograder_student.py check")
        return
    wanted = [part for given in tasks for part in re.findall(r"[^\s,]+", str(given))]
    told(lambda report: _check(shell.user_ns, _cells_of(shell), wanted, kit, report), in_notebook=True)


def _running_shell() -> Any:
    """Return the shell whose cell runs this; None outside of a notebook. IPython puts `get_ipython` among the built-in names."""
    import builtins

    found = getattr(builtins, "get_ipython", None)
    return found() if found is not None else None


def _check(
    defined: Mapping[str, Any], cell: Callable[[str], str | None], wanted: Sequence[str], kit: Path, report: Report
) -> bool:
    folder = Path.cwd()
    try:
        rules = load_rules(folder, None)
    except UsageError:  # the notebook was started somewhere else than in the kit
        if not (kit / "contract.json").is_file():
            raise
        folder, rules = kit, load_rules(kit, None)
    tasks = chosen(rules, wanted)

    from autograder.sandbox.in_memory import PLACE, InMemory, noise_kept

    report.begin(rules.title, f"what is defined in {PLACE} now", tasks, rules.contract.aliases)
    with noise_kept():
        asked = InMemory(defined, rules.contract.modules, folder, cell)
        report.loaded(asked.report, rules.load_seconds)
        return judged(asked, asked.report, rules, tasks, report)


def _cells_of(shell: Any) -> Callable[[str], str | None]:
    """Return what names the cell that was compiled as a file: `In[3]`."""

    def cell(filename: str) -> str | None:
        label = shell.compile.format_code_name(filename)
        return str(label[1]) if label else None

    return cell
