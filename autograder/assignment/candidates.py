"""Candidates: everything that is held against the checks of a task, read from `reference/candidates/<topic>/<task>.py`.

Wrong answers with a name, other forms of them, the same in other words, bugs that must stay without a name, and right answers
that look different. The decorators that authors write (`autograder.authoring.candidates`) leave a `Mark`; this module collects.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

from autograder.assignment.prices import Mistake, Severity
from autograder.errors import UsageError

FOLDER = "reference/candidates"
_PACKAGE = FOLDER.replace("/", ".") + "."
MARK = "autograder_candidate"
"""The attribute that a decorator sets."""

Role = Literal["mistake", "stub", "form", "rewritten", "unnamed", "variant", "second", "graded"]
_RIGHT: tuple[Role, ...] = ("variant", "second")
_OF_A_MISTAKE: tuple[Role, ...] = ("form", "rewritten")


@dataclass(frozen=True)
class Mark:
    """What a decorator writes on a function or class; the loader checks it.

    Attributes:
        role: What the candidate is for.
        name: Of the mistake or of the right answer; "" for a bug without a name.
        text: The sentence, "" where it is that of the first form.
        severity: How grave the mistake is; every named mistake says so, in its first form.
        credit: The share of the task that it leaves, where that of its severity will not do; of a graded piece, what people gave.
    """

    role: Role
    name: str
    text: str = ""
    severity: Severity | None = None
    credit: float | None = None


@dataclass(frozen=True)
class Candidate:
    """One answer to one task.

    Attributes:
        task: The task's id, which is the name of the file.
        name: Of the mistake or of the right answer; where there is none, that of the function without leading underscores.
        role: `mistake` (the first form of a named mistake), `stub` (one whose body is still to be written), `form` (another one,
            which checks can tell from it), `rewritten` (the same in other words), `unnamed` (a bug that must be caught and stays
            without a name), `variant` (a right answer), `second` (a right answer that is compared with the reference directly),
            `graded` (work that people graded).
        text: The sentence; forms and rewritten ones have that of the first form, bugs without a name none.
        mistake: What it costs, for the forms of a named mistake; None for others.
        share: What people gave for a graded piece of work, from 0 to 1; None for others.
        function: The answer, a function or a class.
        source: Text of the module and of those of `reference` that it imports, for a digest.
        label: Unique among the candidates of the task that are wrong, and among those that are right.
    """

    task: str
    name: str
    role: Role
    text: str
    mistake: Mistake | None
    function: Callable[..., Any] = field(repr=False)
    source: str = field(repr=False)
    label: str
    share: float | None = None


@dataclass(frozen=True)
class Candidates:
    """The candidates of an assignment, each task's in the order of its file."""

    everyone: tuple[Candidate, ...] = ()
    equivalents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def tasks(self) -> tuple[str, ...]:
        """Return the ids of the tasks that have a file, in the order of the files' paths."""
        return tuple(dict.fromkeys([*self.equivalents, *(candidate.task for candidate in self.everyone)]))

    def mistakes(self, task: str) -> tuple[Candidate, ...]:
        """Return the named mistakes of a task, the first form of each."""
        return self._of(task, "mistake")

    def stubs(self, task: str) -> tuple[Candidate, ...]:
        """Return the mistakes whose body is still to be written: nothing is held against them, and no failure gets their name."""
        return self._of(task, "stub")

    def forms(self, task: str) -> tuple[Candidate, ...]:
        """Return other forms of named mistakes, which checks can tell from the first."""
        return self._of(task, "form")

    def named(self, task: str) -> tuple[Candidate, ...]:
        """Return what the diagnosis compares a failure with: the mistakes, then their other forms."""
        return self.mistakes(task) + self.forms(task)

    def rewritten(self, task: str) -> tuple[Candidate, ...]:
        """Return named mistakes in other words, which must keep their names."""
        return self._of(task, "rewritten")

    def unnamed(self, task: str) -> tuple[Candidate, ...]:
        """Return bugs that must be caught and be given no name."""
        return self._of(task, "unnamed")

    def variants(self, task: str) -> tuple[Candidate, ...]:
        """Return the right answers that look different, second references included."""
        return self._of(task, *_RIGHT)

    def seconds(self, task: str) -> tuple[Candidate, ...]:
        """Return the second references: independent, deterministic, compared with the reference directly."""
        return self._of(task, "second")

    def graded(self, task: str) -> tuple[Candidate, ...]:
        """Return pieces of work with the share of the task that people gave for them."""
        return self._of(task, "graded")

    def equivalent(self, task: str) -> Mapping[str, str]:
        """Return which generated mutants of the task's reference are no mistakes (`EQUIVALENT`), with the reason."""
        return self.equivalents.get(task, {})

    def _of(self, task: str, *roles: Role) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.everyone if candidate.task == task and candidate.role in roles)


def load_candidates(folder: Path, import_module: Callable[[str], ModuleType]) -> Candidates:
    """Import `reference/candidates/<topic>/<task>.py` of an assignment; files whose names begin with `_` are helpers.

    Args:
        folder: The assignment.
        import_module: Imports `reference.candidates.<topic>.<task>`, by this name.

    Raises:
        UsageError: A file cannot be imported, or a candidate in it is refused; the message says which, where and why.
    """
    everyone: list[Candidate] = []
    equivalents: dict[str, Mapping[str, str]] = {}
    for path in _files(folder):
        if path.stem in equivalents:
            raise UsageError(
                f"{_place(path)}: the candidates of {path.stem} stand in another folder as well; keep one file."
            )
        module = _imported(path, import_module)
        equivalents[path.stem] = _equivalent(path, module)
        everyone += _candidates(path, module)
    return Candidates(tuple(everyone), equivalents)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / FOLDER).glob("*/*.py") if not path.name.startswith("_"))


def _place(path: Path) -> str:
    return "/".join((FOLDER, *path.parts[-2:]))


def _imported(path: Path, import_module: Callable[[str], ModuleType]) -> ModuleType:
    try:
        return import_module(f"{_PACKAGE}{path.parent.name}.{path.stem}")
    except Exception as error:  # whatever the author's code raises
        raise UsageError(f"{_place(path)} cannot be imported: {type(error).__name__}: {error}") from error


def _equivalent(path: Path, module: ModuleType) -> Mapping[str, str]:
    found = getattr(module, "EQUIVALENT", {})
    if not isinstance(found, dict) or not all(_is_sentence(text) for pair in found.items() for text in pair):
        raise UsageError(f"{_place(path)}: EQUIVALENT must map ids of mutants to the reason why they are no mistakes.")
    return found


def _is_sentence(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _candidates(path: Path, module: ModuleType) -> list[Candidate]:
    marked = dict(_marked(module))
    _check_definitions(path)
    unwritten = _unwritten(path)
    for variable, (mark, _) in marked.items():
        _check_mark(path, variable, mark)
    first = _first_forms(path, [mark for mark, _ in marked.values()])
    source = _source(path, path.parents[3])
    made = []
    for variable, (mark, function) in marked.items():
        own = variable.lstrip("_")
        said = first.get(mark.name, mark) if mark.role in _OF_A_MISTAKE else mark
        name = mark.name or own
        label = name if mark.role in ("mistake", "graded", *_RIGHT) else f"{mark.name or 'unnamed'}.{own}"
        share = mark.credit if mark.role == "graded" else None
        role = "stub" if mark.role == "mistake" and variable in unwritten else mark.role
        made.append(Candidate(path.stem, name, role, said.text, _mistake(said), function, source, label, share))
    return made


def _mistake(mark: Mark) -> Mistake | None:
    """Return what a named mistake is and costs."""
    if mark.role != "mistake" or mark.severity is None:
        return None
    return Mistake(mark.name, mark.text, mark.severity, None if mark.credit is None else Decimal(str(mark.credit)))


def _marked(module: ModuleType) -> Iterator[tuple[str, tuple[Mark, Any]]]:
    """Yield what is decorated in the module itself: nothing imported, no subclass of something decorated, nothing twice."""
    seen: set[int] = set()
    for variable, value in vars(module).items():
        mark = getattr(value, "__dict__", {}).get(MARK)
        if isinstance(mark, Mark) and getattr(value, "__module__", None) == module.__name__ and id(value) not in seen:
            seen.add(id(value))
            yield variable, (mark, value)


def _source(path: Path, root: Path) -> str:
    """Return the text of a file and of what it imports from `reference`, directly or not: other tasks' answers among it."""
    texts: dict[Path, str] = {}
    todo = [path]
    while todo:
        file = todo.pop()
        if file not in texts and file.is_file():
            texts[file] = file.read_text(encoding="utf-8")
            todo += _imported_files(file, texts[file], root)
    return "\n".join(texts[file] for file in sorted(texts))


def _imported_files(file: Path, text: str, root: Path) -> Iterator[Path]:
    """Yield the files that imports may mean: `from package import name` may mean a module of that name."""
    package = file.relative_to(root).parts[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) + "." if node.level else ""
            base = f"{start}{node.module or ''}".strip(".")
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (root / f"{name.replace('.', '/')}.py" for name in names if name.startswith("reference."))


# ------------------------------------------------------------------------------------------------------ what is refused


def _check_definitions(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = Counter(node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    if twice := [name for name, count in names.items() if count > 1]:
        raise UsageError(
            f"{_place(path)}: {twice[0]} is defined twice, so the first would be lost; rename one of them."
        )


def _unwritten(path: Path) -> set[str]:
    """Return the functions of which nothing is written but that they are not implemented, below a docstring or without one."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef)
        and isinstance(last := node.body[-1], ast.Raise)
        and last.exc is not None
        and ast.unparse(last.exc).partition("(")[0] == "NotImplementedError"
        and all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in node.body[:-1])
    }


def _check_mark(path: Path, variable: str, mark: Mark) -> None:
    where = f"{_place(path)}: {variable}"
    if mark.role not in ("unnamed", "graded") and not mark.name.isidentifier():
        raise UsageError(f"{where}: the name {mark.name!r} is no identifier; use words joined by underscores.")
    if mark.role in ("mistake", "graded", *_RIGHT) and not _is_sentence(mark.text):
        raise UsageError(f"{where}: {mark.name!r} has an empty sentence; say in one what is wrong or different.")
    if mark.role == "mistake" and mark.severity not in get_args(Severity):
        known = ", ".join(get_args(Severity))
        was = "has no severity" if mark.severity is None else f"has the severity {mark.severity!r}"
        raise UsageError(f"{where}: {mark.name!r} {was}; say how grave it is, severity= one of {known}.")
    if mark.credit is not None and not 0 <= mark.credit <= 1:
        raise UsageError(
            f"{where}: the credit of {mark.name!r} is a share of the task from 0 to 1, not {mark.credit!r}."
        )


def _first_forms(path: Path, marks: list[Mark]) -> dict[str, Mark]:
    """Return the mistakes by name.

    Raises:
        UsageError: Two mistakes or two right answers have one name, or a form is of no mistake.
    """
    for kind, roles in (("mistakes", ("mistake",)), ("right answers", _RIGHT)):
        names = Counter(mark.name for mark in marks if mark.role in roles)
        if twice := [name for name, count in names.items() if count > 1]:
            raise UsageError(
                f"{_place(path)}: two {kind} have the name {twice[0]!r}."
                + (" Leave the sentence out for another form of one." if kind == "mistakes" else "")
            )
    first = {mark.name: mark for mark in marks if mark.role == "mistake"}
    if unknown := [mark.name for mark in marks if mark.role in _OF_A_MISTAKE and mark.name not in first]:
        raise UsageError(
            f"{_place(path)}: {unknown[0]!r} is a form of no mistake; the first form has the name and a sentence."
        )
    return first
