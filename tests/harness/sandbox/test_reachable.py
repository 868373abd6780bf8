"""Which Python a worker of another user gets, and what it may read."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import reachable
from autograder.sandbox.inside import landlock
from autograder.sandbox.reachable import Python, copy_runner, open_to_others, prepare_python, readable

PACKAGES = Path(sysconfig.get_path("purelib")).resolve()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are root's only."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_open_to_others(place: Path) -> None:
    """A folder is open if it can be read, and every folder above it be entered, by those who own nothing."""
    inner = place / "above" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        folder.chmod(0o755)
    assert open_to_others(inner)
    inner.parent.chmod(0o711)
    assert open_to_others(inner)
    inner.parent.chmod(0o700)
    assert not open_to_others(inner)
    inner.parent.chmod(0o755)
    inner.chmod(0o711)
    assert not open_to_others(inner)
    assert not open_to_others(place / "none")


def test_python_that_can_be_reached_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is copied where another user can come to Python and its packages."""
    monkeypatch.setattr(reachable, "open_to_others", lambda path: True)
    python = prepare_python(place)
    assert (python.executable, python.environment, python.copied) == (Path(sys.executable), {}, False)
    assert list(place.iterdir()) == []
    assert Path(sys.base_prefix).resolve() / "lib" in python.folders


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="needs a virtual environment")
@pytest.mark.parametrize("links", [True, False])
def test_python_out_of_reach_is_copied(links: bool, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that only root can come to works from another place, linked or copied, also with a strict umask."""
    monkeypatch.setattr(reachable, "open_to_others", lambda path: "site-packages" in str(path))
    if not links:
        monkeypatch.setattr(os, "link", _refuse)
    before = os.umask(0o077)
    try:
        python = prepare_python(place)
    finally:
        os.umask(before)
    assert python.copied
    program = (place / "python" / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}").stat()
    assert (program.st_nlink > 1) == links
    user = {"user": 1_899_999_999, "group": 1_899_999_999, "extra_groups": []} if os.geteuid() == 0 else {}
    code = "import sqlite3, numpy, sys; print(sys.prefix, sys.base_prefix, numpy.__file__)"
    found = subprocess.run(
        [python.executable, "-c", code], env=python.environment, capture_output=True, text=True, check=True, **user
    )
    env, base = place / "env", place / "python"
    assert found.stdout.split()[:2] == [str(env), str(base)]
    assert found.stdout.split()[2].startswith(str(env))


def _refuse(*_: object, **__: object) -> None:
    raise OSError(18, "Invalid cross-device link")


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="needs a virtual environment")
def test_packages_out_of_reach_are_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that only root can come to are linked, without the engine."""
    packages = place / "packages"
    for name in ("numbers_of_mine", "autograder"):
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").write_text("")
    monkeypatch.setattr(reachable, "open_to_others", lambda path: "site-packages" not in str(path) and path != packages)
    monkeypatch.setattr(reachable.sysconfig, "get_path", lambda name: str(packages))
    python = prepare_python(place / "made")
    seen = next((place / "made" / "env" / "lib").glob("*/site-packages"))
    assert [entry.name for entry in seen.iterdir()] == ["numbers_of_mine"]
    assert python.copied


def test_runner_is_copied(place: Path) -> None:
    """The runner is all there is in its folder, readable by everybody."""
    (place / "runner").mkdir(mode=0o700)
    folder = copy_runner(place / "runner")
    assert [entry.name for entry in folder.iterdir()] == ["inside"]
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*.py")} == {0o644}
    assert open_to_others(folder / "inside")


def test_what_is_read_holds_nothing_of_ours(place: Path) -> None:
    """No rule grants a folder that holds the project, home, or /etc, /proc, /var and /tmp as a whole."""
    rules = readable(Python(Path(sys.executable), {}, (PACKAGES,), False), place)
    granted = [Path(path) for path in rules["read"]]
    root = Path(__file__).resolve().parents[3]
    for secret in (
        root / "rubric.yaml",
        root / "autograder",
        Path("/root"),
        Path("/etc/passwd"),
        Path("/proc"),
        Path("/var/x"),
    ):
        assert not [path for path in granted if secret.is_relative_to(path)], secret
    assert PACKAGES in granted
    assert set(rules) <= set(landlock.RIGHTS)


def test_hidden_folders_within(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must stay hidden within a folder that is read is left out; the folders on the way can be listed only."""
    for name in ("packages/engine/part", "packages/torch", "bin"):
        (place / name).mkdir(parents=True)
    (place / "packages" / "six.py").write_text("")
    monkeypatch.setattr(reachable, "_hidden", lambda: iter([place / "packages" / "engine"]))
    found = list(reachable._without(place, list(reachable._hidden())))
    assert [(kind, str(path.relative_to(place))) for kind, path in found] == [
        ("list", "."),
        ("read", "bin"),
        ("list", "packages"),
        ("read", "packages/six.py"),
        ("read", "packages/torch"),
    ]
