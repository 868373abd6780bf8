"""A Python that another user can reach, and what of the file system a worker may read.

Without the right to mount, a Python below a folder that only root may enter (`/root/.pyenv`) has no other place to be seen at.
So its files are linked, or copied where links cannot be made, into a folder of the backend's own; that takes about as long
as importing numpy, and goes when the backend is closed. The packages of the virtual environment stay where they are, unless
they too are out of reach.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.zygote import INSIDE

_SYSTEM = ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/share")
_LOCAL = ("/usr/local/bin", "/usr/local/lib", "/usr/local/lib64", "/usr/local/share")
_ROOT = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
_PARTS = ("bin", "lib", "lib64", "share")
_UNUSED = frozenset({"test", "idlelib", "turtledemo"})
_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Python:
    """An interpreter as a worker starts it.

    Attributes:
        executable: The program.
        environment: What it needs to find its libraries.
        folders: What must be readable.
        copied: Whether it is a copy of the one that runs the grader.
    """

    executable: Path
    environment: dict[str, str]
    folders: tuple[Path, ...]
    copied: bool


def open_to_others(path: Path) -> bool:
    """Whether a user who owns nothing can come to `path` and read it."""
    place = path.resolve()
    try:
        above = all(parent.stat().st_mode & 0o001 for parent in place.parents)
        return bool(above and (place.stat().st_mode & 0o005) == 0o005)
    except OSError:
        return False


def prepare_python(folder: Path, hidden: Iterable[Path] = ()) -> Python:
    """Return the Python that runs the grader, or a copy of it made in `folder` where only root can reach it.

    What is `hidden` is no part of a copy.
    """
    base, packages = Path(sys.base_prefix).resolve(), Path(sysconfig.get_path("purelib")).resolve()
    virtual = sys.prefix != sys.base_prefix
    reachable = open_to_others(base / "lib" / _VERSION)
    if reachable and open_to_others(packages):
        folders = [base / part for part in _PARTS]
        if virtual:
            folders += [Path(sys.prefix) / part for part in ("pyvenv.cfg", *_PARTS)]
        return Python(Path(sys.executable), {}, tuple(folders), copied=False)
    environment: dict[str, str] = {}
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    home = base
    if not reachable:
        home = folder / "python"
        left_out = {*hidden, *(base / "lib" / _VERSION / name for name in _UNUSED)}
        left_out |= {base / "lib" / _VERSION / "site-packages"} if virtual else {INSIDE.parents[1]}
        for part in ("lib", "lib64"):
            _mirror(base / part, home / part, left_out)
        _make(home / "bin", folder)
        program = Path(_link(program, home / "bin" / program.name))
        # the program names its library by the path that is out of reach
        environment["LD_LIBRARY_PATH"] = str(home / "lib")
    if not virtual:
        return Python(program, environment, (home,), copied=True)
    return Python(
        _environment(folder / "env", program, packages, hidden), environment, (home, folder / "env", packages), True
    )


def _environment(folder: Path, program: Path, packages: Path, hidden: Iterable[Path]) -> Path:
    """Make a virtual environment of `program` with the packages of ours; return its interpreter."""
    seen = folder / "lib" / _VERSION / "site-packages"
    for made in (folder / "bin", seen.parent):
        _make(made, folder.parent)
    if open_to_others(packages):
        seen.symlink_to(packages)
    else:
        _mirror(packages, seen, {packages / "autograder", *hidden})
    (folder / "pyvenv.cfg").write_text(f"home = {program.parent}\ninclude-system-site-packages = false\n")
    (folder / "pyvenv.cfg").chmod(0o644)
    (folder / "bin" / "python").symlink_to(program)
    return folder / "bin" / "python"


def _make(folder: Path, above: Path) -> None:
    """Make a folder, and those between `above` and it, whatever the umask, so that everybody may enter."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in [folder, *folder.parents]:
        if made == above:
            return
        made.chmod(0o755)


def _mirror(source: Path, target: Path, left_out: set[Path]) -> None:
    """Make the same tree of folders at `target`, with links to the same files."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(folder, name) in left_out or name.startswith("config-")}

    if source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)
        shutil.copytree(source, target, symlinks=True, ignore=ignored, copy_function=_link)


def _link(source: str | Path, target: str | Path) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # on another file system
        shutil.copy2(source, target, follow_symlinks=False)
    return str(target)


def copy_runner(folder: Path) -> Path:
    """Copy the runner into `folder`, where a worker can come to it, and return the folder to import it from."""
    shutil.copytree(INSIDE, folder / "inside", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def readable(python: Python, runner: Path, hidden: Iterable[Path] = ()) -> dict[str, list[str]]:
    """Return Landlock's rules for what is read only: system folders, Python, the packages and the runner, nothing of ours.

    Where what must stay hidden lies within one of them (the engine, installed as a package; `hidden`), the folders on the way to it
    can be listed, and only what lies beside the way can be read.
    """
    folders = [Path(name) for name in (*_SYSTEM, *_LOCAL, *_ROOT)]
    folders += [folder for folder in python.folders if folder not in (Path("/usr"), Path("/usr/local"))]
    real = {folder.resolve() for folder in [*folders, runner] if folder.exists()}
    rules: dict[str, list[str]] = {"read": [], "list": []}
    unseen = [*_hidden(), *(place.resolve() for place in hidden)]
    for folder in sorted(real):
        for kind, path in _without(folder, unseen):
            rules[kind].append(str(path))
    return rules


def _hidden() -> Iterator[Path]:
    yield INSIDE.parents[1].resolve()
    if (INSIDE.parents[2] / "pyproject.toml").exists():  # a working copy; otherwise that is the folder of all packages
        yield INSIDE.parents[2].resolve()
    if Path.cwd() != Path("/"):
        yield Path.cwd()


def _without(folder: Path, hidden: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    below = [path for path in hidden if path.is_relative_to(folder)]
    if folder in below:
        return
    if not below:
        yield "read", folder
        return
    yield "list", folder
    for entry in sorted(folder.iterdir()):
        yield from _without(entry, below)
