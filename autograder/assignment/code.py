"""The Python that an author wrote, imported for one assignment alone.

Every assignment calls its packages `reference` and `tests`. So that two of them can be used side by side in one process, their
modules are kept here and not in `sys.modules`: the `import` statements inside them are answered by this object, which knows
the folder that they belong to, also when a function imports something long after its module was loaded.
"""

from __future__ import annotations

import builtins
import linecache
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = ("reference", "tests")
_LOCK = threading.RLock()


class AuthorsCode:
    """The modules below `reference` and `tests` of one folder.

    Attributes:
        folder: The assignment's folder, resolved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._modules: dict[str, ModuleType] = {}
        self._builtins: dict[str, Any] = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> ModuleType:
        """Return the module called `name` (`"reference.sums"`), which is run once.

        Raises:
            ModuleNotFoundError: The folder has no such module.
            Exception: Whatever the module itself raises.
        """
        with _LOCK:
            if name not in self._modules:
                parent, _, last = name.rpartition(".")
                package = self.module(parent) if parent else None
                if name not in self._modules:  # the package itself may have imported it
                    self._modules[name] = self._made(name)
                    self._run_file(self._modules[name])
                if package is not None:
                    setattr(package, last, self._modules[name])
            return self._modules[name]

    def run(self, source: str, name: str) -> Mapping[str, Any]:
        """Run a text as if it were the module `name`, beside the real one, and return what it defines."""
        module = self._made(name)
        self._execute(module, source, f"{module.__file__} (changed)")
        return vars(module)

    def name_of(self, path: Path) -> str:
        """Return the name under which a file of the assignment is imported."""
        parts = path.resolve().relative_to(self.folder).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    # ------------------------------------------------------------------------------------------------ making modules

    def _made(self, name: str) -> ModuleType:
        place = self.folder.joinpath(*name.split("."))
        is_package = place.is_dir()
        path = place / "__init__.py" if is_package else place.with_suffix(".py")
        if not path.is_file() and not is_package:
            raise ModuleNotFoundError(f"{self.folder} has no module {name!r}", name=name)
        module = ModuleType(name)
        module.__file__ = str(path)
        module.__package__ = name if is_package else name.rpartition(".")[0]
        module.__spec__ = ModuleSpec(name, None, origin=str(path), is_package=is_package)
        if is_package:
            module.__path__ = [str(place)]
        module.__dict__["__builtins__"] = self._builtins
        return module

    def _run_file(self, module: ModuleType) -> None:
        path = Path(str(module.__file__))
        if not path.is_file():  # a folder without __init__.py is a package all the same
            return
        try:
            self._execute(module, path.read_text(encoding="utf-8"), str(path))
        except BaseException:
            del self._modules[module.__name__]
            raise

    def _execute(self, module: ModuleType, source: str, label: str) -> None:
        code = compile(source, label, "exec", dont_inherit=True)
        linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
        with _visible(module):
            exec(code, module.__dict__)  # noqa: S102 -- it is the teacher's own code

    # ----------------------------------------------------------------------------------------------------- importing

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Answer an `import` statement of a module of this assignment; see `builtins.__import__`."""
        package = (globals or {}).get("__package__") or ""
        absolute = resolve_name("." * level + name, package) if level else name
        if absolute.partition(".")[0] not in PACKAGES or not (self.folder / absolute.partition(".")[0]).is_dir():
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.module(absolute)
        if not fromlist:
            return self.module(absolute.partition(".")[0])
        for item in fromlist:
            if not hasattr(module, item) and hasattr(module, "__path__") and self._exists(f"{absolute}.{item}"):
                self.module(f"{absolute}.{item}")
        return module

    def _exists(self, name: str) -> bool:
        place = self.folder.joinpath(*name.split("."))
        return place.is_dir() or place.with_suffix(".py").is_file()


@contextmanager
def _visible(module: ModuleType) -> Iterator[None]:
    """Let a module be found under its name while it runs: `dataclasses` looks there for what annotations mean."""
    with _LOCK:
        before = sys.modules.get(module.__name__)
        sys.modules[module.__name__] = module
        try:
            yield
        finally:
            if before is None:
                del sys.modules[module.__name__]
            else:
                sys.modules[module.__name__] = before
