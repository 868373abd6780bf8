"""Running a submission's modules statement by statement, so that one bad statement costs as little as possible.

A module is run once, in order. When a top-level statement fails, or the time for all top-level statements is over (the
40-minute training cell), only *definitions* are run from there on: imports, functions, classes and constants. After one that
failed, other assignments are run as well, as long as there is time: a loss object, a `functools.partial`.
Modules of the submission can import each other under their own names, and `__name__` is never `"__main__"`.
"""

from __future__ import annotations

import ast
import dis
import importlib
import importlib.abc
import importlib.machinery
import inspect
import linecache
import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .traces import describe_error, student_lines

_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CHEAP_ROOTS = frozenset(
    [
        "math",
        "torch",
        "np",
        "numpy",
        "float",
        "int",
        "str",
        "bool",
        "len",
        "range",
        "tuple",
        "list",
        "dict",
        "set",
        "min",
        "max",
        "abs",
        "sum",
        "sorted",
        "Path",
        "device",
    ]
)
FUTURE_FLAGS = {"annotations": 0x1000000}
STUDENT_TOOL = "autograder_student"
"""The module with which students check their work inside a notebook. Nothing is checked while a submission is loaded."""


class BudgetOver(BaseException):
    """Raised in a student's top-level statement when the time for all of them is over."""


@dataclass(frozen=True)
class Source:
    """A module to run: `cells` are (label, source) pairs; `mode` is "full", "definitions" or "excluded"."""

    path: str
    module: str
    cells: tuple[tuple[str, str], ...]
    mode: str = "full"


@dataclass
class ModuleReport:
    """What happened when a module was run; plain data that crosses to the trusted side."""

    path: str
    module: str
    failures: list[dict[str, Any]] = field(default_factory=list)
    budget_over: bool = False
    skipped: int = 0

    def failed(self, label: str, error: BaseException) -> None:
        """Note a statement that raised."""
        if len(self.failures) < 20:
            self.failures.append({"cell": label, **describe_error(error), "lines": student_lines(error)})

    def as_data(self) -> dict[str, Any]:
        """Return the report as a plain map."""
        return dict(vars(self))


def is_definition(node: ast.stmt) -> bool:
    """Whether a top-level statement only defines something: an import, function, class, or constant."""
    if isinstance(node, _DEFINITIONS):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        return all(_is_cheap(part) for part in ast.walk(node.value))
    if isinstance(node, ast.If | ast.Try):  # `try: import this` and `except ImportError: import that`
        bodies = [node.body, node.orelse]
        bodies += [h.body for h in node.handlers] + [node.finalbody] if isinstance(node, ast.Try) else []
        return all(isinstance(inner, ast.Pass) or is_definition(inner) for body in bodies for inner in body)
    return False


def _is_cheap(part: ast.AST) -> bool:
    if not isinstance(part, ast.Call):
        return not isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)
    function: ast.expr = part.func
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id in _CHEAP_ROOTS


class SubmissionFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and runs the modules of one submission, in front of every other finder."""

    def __init__(self, sources: list[Source], on_module: Callable[[str], None]) -> None:
        self._sources = {source.module: source for source in sources}
        self._packages = {
            module.rsplit(".", depth)[0] for module in self._sources for depth in range(1, module.count(".") + 1)
        } | {module.removesuffix(".__init__") for module in self._sources if module.endswith(".__init__")}
        self._on_module = on_module
        self.reports: dict[str, ModuleReport] = {}
        self._running: list[tuple[str, bool]] = []  # module, and whether a statement that may be cut is being run
        self._stopped = False

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if fullname in self._sources or fullname in self._packages or fullname == STUDENT_TOOL:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname in self._packages)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Use the default module object."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module's statements; never raises for a fault of the student's."""
        if module.__name__ == STUDENT_TOOL:
            vars(module)["check"] = lambda *tasks: None
            return
        source = self._sources.get(module.__name__) or self._sources.get(module.__name__ + ".__init__")
        if source is None:
            return
        report = self.reports.setdefault(source.module, ModuleReport(source.path, source.module))
        if source.mode == "excluded":
            return
        self._on_module(source.module)
        module.__file__ = source.path
        definitions_only = source.mode == "definitions" or self._stopped
        report.budget_over = definitions_only
        self._running.append((source.module, False))
        for label, text in source.cells:
            definitions_only = self._run_cell(module, source, label, text, definitions_only, report)
        self._running.pop()
        if self._running:  # what happens next is the importing module's doing
            self._on_module(self._running[-1][0])

    def _run_cell(
        self,
        module: types.ModuleType,
        source: Source,
        label: str,
        text: str,
        definitions_only: bool,
        report: ModuleReport,
    ) -> bool:
        filename = file_name(source, label)
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        try:
            tree = ast.parse(text, filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            report.failed(label, error)
            return definitions_only
        flags = _future_flags(tree)
        for node in tree.body:
            if self._stopped and not definitions_only:  # perhaps while a module that this one imports was run
                report.budget_over = definitions_only = True
            may_be_cut = not definitions_only
            if definitions_only and not is_definition(node):
                if self._stopped or source.mode == "definitions" or not isinstance(node, ast.Assign | ast.AnnAssign):
                    report.skipped += 1
                    continue
                may_be_cut = True  # a statement before it failed: what this one names may be needed all the same
            try:
                code = compile(ast.Module([node], []), filename, "exec", flags=flags, dont_inherit=True)
                self._execute(code, module, may_be_cut)
            except BudgetOver:
                report.budget_over = definitions_only = True
                if isinstance(node, ast.Import | ast.ImportFrom):
                    self._again(code, module, label, report)
            except BaseException as error:
                report.failed(label, error)
                definitions_only = True
        return definitions_only

    def _execute(self, code: types.CodeType, module: types.ModuleType, may_be_cut: bool) -> None:
        name, before = self._running[-1]
        self._running[-1] = (name, may_be_cut)
        try:
            exec(code, module.__dict__)  # noqa: S102 -- running the submission is what the sandbox is for
        finally:
            self._running[-1] = (name, before)

    def _again(self, code: types.CodeType, module: types.ModuleType, label: str, report: ModuleReport) -> None:
        """Run an import to its end that was cut only because the time ran out just then."""
        try:
            self._execute(code, module, False)
        except BaseException as error:
            report.failed(label, error)

    @contextmanager
    def budget(self, seconds: float) -> Iterator[None]:
        """Interrupt top-level statements after `seconds`, and every second from then on: a bare `except` swallows one.

        Without alarms (on Windows, where students check their own work) there is no limit.
        """
        if not hasattr(signal, "setitimer"):
            yield
            return

        def over(signum: int, frame: Any) -> None:
            self._stopped = True
            if self._running and self._running[-1][1]:
                raise BudgetOver

        signal.signal(signal.SIGALRM, over)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)


def file_name(source: Source, label: str) -> str:
    """Return the name under which the code of a cell is compiled."""
    return f"{source.path} [{label}]" if label else source.path


def _future_flags(tree: ast.Module) -> int:
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            flags |= sum(FUTURE_FLAGS.get(alias.name, 0) for alias in node.names)
    return flags


def load(sources: list[Source], budget: float, on_module: Callable[[str], None]) -> SubmissionFinder:
    """Run every module of the submission under one budget of `budget` seconds and return the finder with its reports."""
    finder = SubmissionFinder(sources, on_module)
    sys.meta_path.insert(0, finder)
    with finder.budget(budget):
        for source in sources:
            name = source.module.removesuffix(".__init__")
            try:
                importlib.import_module(name)
            except BaseException as error:
                finder.reports.setdefault(source.module, ModuleReport(source.path, source.module)).failed("", error)
    return finder


def is_stub(value: Any) -> bool:
    """Whether a function does nothing but raise NotImplementedError, or a class has methods of its own and all are such."""
    if inspect.isclass(value):
        methods = _own_methods(value)
        return bool(methods) and all(map(is_stub, methods))
    code = getattr(value, "__code__", None)
    if not isinstance(code, types.CodeType) or code.co_names != ("NotImplementedError",):
        return False
    return not any(instruction.opname.startswith("RETURN") for instruction in dis.get_instructions(code))


def _own_methods(cls: type) -> list[types.FunctionType]:
    """Return the functions that a class defines itself; those that `@dataclass` writes are nobody's work."""
    written = "__dataclass_fields__" in vars(cls)
    found = []
    for name, value in vars(cls).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        special = name.startswith("__annotate") or (written and name.startswith("__"))
        if isinstance(function, types.FunctionType) and not special:
            found.append(function)
    return found


@dataclass(frozen=True)
class Found:
    """Where a name of the contract was found."""

    value: Any
    module: str
    path: str
    also_in: tuple[str, ...]


def locate(name: str, preferred: str, sources: list[Source]) -> Found | None:
    """Find `name` in module `preferred` first, then in every other module that defines it itself.

    A name that another module merely imports is not a second definition, and neither is a stub that was left as it
    came: whoever works in the notebook of the template keeps the stubs in its Python files.
    """
    here: list[tuple[str, str, Any]] = []
    for source in sources:
        module = sys.modules.get(source.module.removesuffix(".__init__"))
        if module is not None and name in vars(module):
            value = vars(module)[name]
            if callable(value) or source.module.rsplit(".", 1)[-1] == preferred:
                here.append((source.module, source.path, value))
    if not here:
        return None
    # an object that can be called has the module of its class, and a wrapper that of its decorator: stubs go first
    written = [entry for entry in here if not is_stub(entry[2])]
    others_modules = [source.module for source in sources]
    own = [
        entry
        for entry in written or here
        for made_in in [getattr(entry[2], "__module__", entry[0])]
        if made_in == entry[0] or made_in not in others_modules  # a `partial` has the module of a library
    ]
    ranked = sorted(own or written or here, key=lambda entry: entry[0].rsplit(".", 1)[-1] != preferred)
    module_name, path, value = ranked[0]
    first = vars(sys.modules[module_name.removesuffix(".__init__")])[name]
    others = ranked[1:] if written else []
    return Found(first, module_name, path, tuple(entry[1] for entry in others if entry[2] is not value))
