"""One pytest session over an assignment's checks, in this process: where they are found, and the settings they run under."""

from __future__ import annotations

import io
import os
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import pytest
from hypothesis import HealthCheck, Phase, settings

from autograder.assignment.code import AuthorsCode
from autograder.authoring.generic import yielded
from autograder.authoring.inputs import Inputs
from autograder.authoring.marks import MARK
from autograder.errors import HarnessFault

if TYPE_CHECKING:
    from autograder.checking.plugin import ChecksPlugin

Part = Literal["public", "hidden"]
PARTS: tuple[Part, ...] = ("public", "hidden")

PROFILE = "autograder"
settings.register_profile(
    PROFILE,
    max_examples=25,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    print_blob=False,
)

_places: WeakKeyDictionary[AuthorsCode, dict[str, Path]] = WeakKeyDictionary()
"""Where every check of an assignment stands, once they have all been collected: whoever asks about one task collects its files."""

_WITHOUT = ("cacheprovider", "terminalreporter", "faulthandler", "logging")
_WITHOUT_SLOW = ("unraisableexception", "threadexception")
"""They collect garbage for half a second."""


class CheckModule(pytest.Module):
    """A test file of an assignment: imported for that assignment alone, with the checks that come from the contract."""

    def __init__(self, *, code: AuthorsCode, names: Callable[[str], Collection[str]], **rest: Any) -> None:
        super().__init__(**rest)
        self._code = code
        self._names = names

    def _getobj(self) -> ModuleType:
        return with_yielded(self._code.module(self._code.name_of(self.path)), self._names)


def with_yielded(module: ModuleType, names: Callable[[str], Collection[str]]) -> ModuleType:
    """Return what a test module holds, and the checks that the engine yields for the inputs in it."""
    whole = ModuleType(module.__name__, module.__doc__)
    vars(whole).update(vars(module))
    vars(whole).update(yielded(vars(module), names))
    return whole


def folders_of(code: AuthorsCode, parts: Sequence[Part] = PARTS) -> list[Path]:
    """Return the folders with checks that an assignment has."""
    places = [code.folder / "tests" / part for part in parts]
    return [place for place in places if place.is_dir()]


def conftests_of(code: AuthorsCode, parts: Sequence[Part] = PARTS) -> Mapping[str, ModuleType]:
    """Import the author's own `conftest.py` files, by path."""
    places = [code.folder / "tests" / "conftest.py"]
    places += [place for folder in folders_of(code, parts) for place in sorted(folder.rglob("conftest.py"))]
    return {str(place): code.module(code.name_of(place)) for place in places if place.is_file()}


def modules_of(code: AuthorsCode, parts: Sequence[Part] = PARTS) -> Iterator[tuple[Part, ModuleType]]:
    """Import the test files of an assignment, one after the other.

    Raises:
        HarnessFault: One of them cannot be imported.
    """
    with _profile():  # `given` keeps the settings of the time when it decorates
        for part in parts:
            for path in sorted((code.folder / "tests" / part).rglob("test_*.py")):
                yield part, _imported(code, path)


def _imported(code: AuthorsCode, path: Path) -> ModuleType:
    """Import a test file.

    Raises:
        HarnessFault: It raised something; with the last line of the assignment's that was run.
    """
    try:
        return code.module(code.name_of(path))
    except Exception as error:
        places = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(code.folder))
        ]
        line = f" (line {places[-1].lineno} of {Path(places[-1].filename).relative_to(code.folder)})" if places else ""
        name = path.relative_to(code.folder)
        raise HarnessFault(f"{name} cannot be imported: {type(error).__name__}: {error}{line}") from error


def inputs_of(code: AuthorsCode) -> dict[str, Inputs]:
    """Return the inputs of every task that the test files of an assignment define, by task id."""
    values = [value for _, module in modules_of(code) for value in vars(module).values()]
    return {value.task: value for value in values if isinstance(value, Inputs)}


def check_ids(code: AuthorsCode, names: Callable[[str], Collection[str]], parts: Sequence[Part] = PARTS) -> list[str]:
    """Return the ids of the checks in an assignment's test files, those that the engine yields included.

    Raises:
        HarnessFault: A test file cannot be imported.
    """
    found: dict[str, None] = {}
    try:
        for _, module in modules_of(code, parts):
            for value in vars(with_yielded(module, names)).values():
                for mark in getattr(value, "pytestmark", ()) if callable(value) else ():
                    if mark.name == MARK:
                        found[f"{mark.kwargs['task']}.{mark.kwargs['name']}"] = None
    except HarnessFault:
        raise
    except Exception as error:
        raise HarnessFault(f"the checks could not be collected ({type(error).__name__}: {error})") from error
    return list(found)


@contextmanager
def _profile() -> Iterator[None]:
    """Let Hypothesis use our settings, and the caller's own again afterwards."""
    before = settings.get_current_profile_name()
    settings.load_profile(PROFILE)
    try:
        yield
    finally:
        settings.load_profile(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread here.

    Numbers are added up in one order, whatever the machine: a record holds their last decimals. And what checks ask is small: a second
    thread makes them twice as slow, and ten times on a machine that does something else.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep pytest from what this machine would add to a session: options and plugins that variables name, and plugins that
    happen to be installed. (pytest runs the checks in this process; under pytest-xdist this process is a test's.)
    """
    before = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in before:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("PYTEST_")]:
            del os.environ[name]
        os.environ.update(before)


def run_checks(
    code: AuthorsCode, plugin: ChecksPlugin, *, parts: Sequence[Part] = PARTS, collect_only: bool = False
) -> None:
    """Run the checks of an assignment, without touching the caller's terminal, settings or modules.

    Args:
        code: The assignment's Python.
        plugin: Collects, runs and records.
        parts: Which checks: those that students have, those that they have not, or both.
        collect_only: Only find out which checks there are.

    Raises:
        AutograderError: What `on_collected` raised.
        HarnessFault: The checks could not be collected or pytest itself failed; with what it printed.
    """
    known = _places.get(code, {})
    some = {} if collect_only else {check_id: known[check_id] for check_id in plugin.wanted if check_id in known}
    plugin.collects_some = bool(some) and len(some) == len(plugin.wanted)
    places = sorted(set(some.values())) if plugin.collects_some else folders_of(code, parts)
    arguments = [str(place) for place in places]
    if not arguments:
        raise HarnessFault(f"{code.folder / 'tests'} has no checks: expected {' or '.join(parts)}")
    arguments += ["--rootdir", str(code.folder), "-c", os.devnull, "--import-mode=importlib", "--noconftest"]
    arguments += [part for name in (*_WITHOUT, *_WITHOUT_SLOW) for part in ("-p", f"no:{name}")]
    arguments += ["-p", "hypothesispytest", "-q", "--capture=no", "--tb=native", "-W", "ignore"]
    if collect_only:
        arguments.append("--collect-only")
    started = time.monotonic()
    text = io.StringIO()
    with redirect_stdout(text), redirect_stderr(text), _profile(), _undisturbed(), one_thread():
        plugin.conftests = conftests_of(code, parts)
        exit_code = pytest.main(arguments, plugins=[plugin])
    if plugin.problems:  # before the next: pytest also calls itself interrupted when a file cannot be imported
        raise HarnessFault("the checks could not be collected:\n" + "\n".join(plugin.problems))
    if exit_code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if plugin.refused is not None:
        raise plugin.refused
    if exit_code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        seconds = time.monotonic() - started
        raise HarnessFault(f"pytest ended with {exit_code!r} after {seconds:.1f} s:\n{text.getvalue()[-4000:]}")
    if tuple(parts) == PARTS and not plugin.collects_some:
        _places[code] = {check_id: code.folder / test.partition("::")[0] for check_id, test in plugin.collected.items()}
