"""Sets up, checks and packs your work. Without `make`, on Linux, macOS and Windows:

    python autograder_student.py setup       once: a virtual environment in .venv with everything that the checks need
    python autograder_student.py check       run the public checks; --tasks NAME,NAME runs only some
    python autograder_student.py notebook    open JupyterLab in this folder
    python autograder_student.py zip         pack what you hand in as submission.zip

Inside a notebook: `%load_ext autograder_student`, then `%check NAME` or `check("NAME")`.

You need not read this file, and need not hand it in.
"""

# It stands in the kit beside the student's files, and in its wheel. It runs before anything is installed, and on Pythons that are too
# old (macOS has 3.9): standard library only, and no syntax that came after 3.8.
from __future__ import annotations

import os
import sys

if __name__ == "__main__" and sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]  # a student's random.py is not Python's

import argparse
import importlib.util
import json
import platform
import re
import subprocess
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence  # noqa: UP035 -- see above

HERE = Path(__file__).resolve().parent
CONTRACT = "contract.json"
CONSTRAINTS = "constraints.txt"
SUBMISSION = "submission.zip"
OLDEST = (3, 11)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CHECKS = "autograder.cli.check"
_OF_TORCH = ("torch", "torchvision", "torchaudio")
_NOT_PACKED = frozenset(["tests", "data", "venv", "node_modules", "site-packages", "__pycache__"])
_HAVE_CHECKS = f"import sys, importlib.util as u; sys.exit(not (u.find_spec('torch') and u.find_spec('{CHECKS}')))"

_WARM_UP = (
    f"import {CHECKS}, {CHECKS.replace('check', 'in_notebook')}, autograder.sandbox.watched as w; w.load_counting()"
)


class Stop(Exception):
    """Nothing more can be done; the message says what to do."""


# -------------------------------------------------------------------------------------- decisions that depend on the platform


def python_in(environment: Path, windows: bool) -> Path:
    """Return where a virtual environment has its Python."""
    return environment / "Scripts" / "python.exe" if windows else environment / "bin" / "python"


def torch_index(system: str, variables: Mapping[str, str]) -> str:
    """Return the package index to take torch from; "" for the usual one.

    On Linux the usual build of torch is made for NVIDIA's GPUs and brings 5.5 GB along. `TORCH_INDEX` says otherwise: another
    address, or nothing for the usual build.
    """
    if "TORCH_INDEX" in variables:
        return variables["TORCH_INDEX"].strip()
    return CPU_INDEX if system == "Linux" else ""


def unsupported(system: str, machine: str, version: Sequence[int]) -> str:
    """Return why nothing can be installed here; "" where it can."""
    if tuple(version) < OLDEST:
        found = ".".join(map(str, version))
        wanted = ".".join(map(str, OLDEST))
        return (
            f"Python {wanted} or newer is needed, and this is {found}. Install one from https://www.python.org/downloads/ "
            f"and start this with it: `python{wanted} autograder_student.py setup`, or `make setup PYTHON=python{wanted}`."
        )
    if system == "Darwin" and machine == "x86_64":
        return (
            "torch is no longer made for Macs with an Intel processor. Use a computer of your university or an online "
            "notebook; if this Mac has an Apple processor, install a Python that is made for it."
        )
    return ""


def choose_python(folder: Path, windows: bool, running: str, has_checks: Callable[[Path], bool]) -> Path:
    """Return the Python to check with: this folder's own, else the one that runs, else that of the folder above.

    An environment of this folder always counts: whoever set it up means it. Others count where the checks are installed:
    the folder above may hold an environment for something else.

    Raises:
        Stop: There is none.
    """
    own = python_in(folder / ".venv", windows)
    if own.exists():
        if has_checks(own):
            return own
        raise Stop(
            f"{folder / '.venv'} is there, but does not hold what the checks need. "
            f"Run `{by_hand('setup', windows)}` (or `make setup`): it installs what is missing."
        )
    for other in (Path(running), python_in(folder.parent / ".venv", windows)):
        if other.exists() and has_checks(other):
            return other
    raise Stop(f"Nothing is installed yet. Run `{by_hand('setup', windows)}` (or `make setup`) once in {folder}.")


def by_hand(verb: str, windows: bool) -> str:
    """Return the command for a verb without make."""
    return f"{'python' if windows else 'python3'} autograder_student.py {verb}"


def pinned(constraints: str, names: Sequence[str]) -> list[str]:
    """Return `name==version` for those of the packages that have an exact version."""
    lines = [line.strip() for line in constraints.splitlines()]
    return [line for name in names for line in lines if line.partition("==")[0].lower() == name.lower()]


def package(requirement: str) -> str:
    """Return the name of the package that a requirement (`"torch>=2"`) is about."""
    return re.split(r"[^\w.-]", requirement.strip())[0]


def for_gpus(report: Mapping[str, Any]) -> list[str]:
    """Return the packages for NVIDIA's GPUs among those that pip would install, by its report of a dry run."""
    names = [str(entry["metadata"]["name"]) for entry in report.get("install", [])]
    return [name for name in names if name.lower().startswith(("nvidia-", "cuda-", "triton"))]


# ------------------------------------------------------------------------------------------------------------------- setup


def setup(folder: Path) -> None:
    """Make the virtual environment, or complete it.

    Raises:
        Stop: Something cannot be installed.
    """
    windows = os.name == "nt"
    if why := unsupported(platform.system(), platform.machine(), sys.version_info[:2]):
        raise Stop(why)
    wheels = sorted(folder.glob("autograder_student-*.whl"))
    if not wheels:
        raise Stop(
            f"There is no autograder_student-*.whl in {folder}: unpack the whole kit, and start this in its folder."
        )
    packages = [str(name) for name in kit_of(folder)["packages"]]
    python = python_in(folder / ".venv", windows)
    say(1, f"a virtual environment in {folder / '.venv'}")
    if not succeeds([str(python), "-m", "pip", "--version"]):
        # a Python that has gone, or one of another system, is made anew
        anew = [] if succeeds([str(python), "--version"]) else ["--clear"]
        run(
            [sys.executable, "-m", "venv", *anew, str(folder / ".venv")],
            "The environment could not be made. On Debian and Ubuntu: `sudo apt-get install python3-venv`, then again.",
        )
    # without byte code, which takes a fifth of the space: Python makes it for what is used
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--no-compile"]
    constraints = folder / CONSTRAINTS
    exact = ["-c", str(constraints)] if constraints.is_file() else []
    failed = "pip could not install everything; its last lines above say why. Once that is mended, start setup again."
    say(2, "torch (about 200 MB to download; the longest step)")
    install_torch(pip, exact, constraints.read_text(encoding="utf-8") if exact else "", packages, failed)
    say(3, f"{', '.join(packages)} and what the checks need")
    run([*pip, *exact, *packages, str(wheels[-1])], failed)
    # the wheel of a newer kit has the same number
    run([*pip, "--quiet", "--no-deps", "--force-reinstall", str(wheels[-1])], failed)
    say(4, "start it for the first time, which takes longer than later ones")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run([str(python), "-P", "-c", _WARM_UP], "What was installed does not start; the lines above say why.", variables)
    print(f"Ready. To check your work: {by_hand('check', windows)} (or make check).", flush=True)


def install_torch(pip: list[str], exact: list[str], constraints: str, packages: Sequence[str], failed: str) -> None:
    """Install torch, and what must be of the same build.

    Raises:
        Stop: It cannot be had, or only in a build that nobody wants by accident.
    """
    names = [name for name in _OF_TORCH if name == "torch" or name in map(package, packages)]
    wanted = pinned(constraints, names) or names
    index = torch_index(platform.system(), os.environ)
    if index:
        short = ["--retries", "1", "--timeout", "20"]
        if planned([*pip, *short, "--no-deps", "--index-url", index, *wanted]) is not None:
            run([*pip, "--retries", "2", "--no-deps", "--index-url", index, *wanted], failed)
            return
        print(f"The CPU build of torch is not to be had from {index} now: trying your usual package index.", flush=True)
        plan = planned([*pip, *exact, *wanted])
        if plan is None:
            raise Stop(
                "torch is not to be had from your usual package index either: are you online? Behind a mirror, name an index that "
                "has torch: TORCH_INDEX=https://..."
            )
        if large := for_gpus(plan):
            raise Stop(
                f"Your usual package index has a build of torch for NVIDIA's GPUs, with {len(large)} more packages and about 5.5 GB. "
                f"Try again when {index} can be reached, or take that build: set the variable TORCH_INDEX to nothing "
                "(`TORCH_INDEX= make setup`)."
            )
    run([*pip, *exact, *wanted], failed)


def planned(pip: list[str]) -> Mapping[str, Any] | None:
    """Return pip's report of what a command would install; None if it would fail."""
    command = [*pip, "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        report = json.loads(ended.stdout.decode("utf-8", "replace")) if ended.returncode == 0 else None
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def say(number: int, what: str) -> None:
    """Say which step begins."""
    print(f"[{number}/4] {what}", flush=True)


def run(command: list[str], failed: str, variables: Mapping[str, str] | None = None) -> None:
    """Run a command that shows its progress itself.

    Raises:
        Stop: It failed; with the sentence `failed`.
    """
    if subprocess.run(command, env=variables).returncode:  # noqa: S603 -- pip and Python, with arguments from the kit
        raise Stop(failed)


def succeeds(command: list[str]) -> bool:
    """Whether a command works; what it prints is dropped."""
    try:
        nothing = subprocess.DEVNULL
        return subprocess.run(command, stdout=nothing, stderr=nothing).returncode == 0  # noqa: S603
    except OSError:  # another system's environment, in a synchronised folder
        return False


def kit_of(folder: Path) -> Mapping[str, Any]:
    """Return what `contract.json` says of the kit: `packages` to install and `hand_in`, patterns of files to pack.

    Raises:
        Stop: It is not there, or cannot be read.
    """
    try:
        found = json.loads((folder / CONTRACT).read_text(encoding="utf-8"))["kit"]
        return {"packages": list(found["packages"]), "hand_in": list(found["hand_in"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Stop(
            f"{folder / CONTRACT} cannot be used ({type(error).__name__}: {error}): unpack the kit again."
        ) from None


# ----------------------------------------------------------------------------------------------------- check, notebook, zip


def command_of(folder: Path, words: Sequence[str]) -> int:
    """Run Python with these arguments, in the environment that the checks are installed in; return the exit code.

    They begin with `-P`: the student's files do not hide those of libraries.
    """
    python = choose_python(folder, os.name == "nt", sys.executable, lambda p: succeeds([str(p), "-c", _HAVE_CHECKS]))
    with subprocess.Popen([str(python), *words], cwd=str(folder)) as child:  # noqa: S603
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # it had the same Ctrl-C, and says itself where it stopped
                continue


def packed_files(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Return the files to hand in, relative to the folder: those that the patterns name, and the student's own packages."""
    top = sorted(path for path in folder.iterdir() if path.is_file())
    found = [path for pattern in patterns for path in top if fnmatchcase(path.name.lower(), pattern.lower())]
    found += [path for pattern in patterns if "/" in pattern for path in sorted(folder.glob(pattern)) if path.is_file()]
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and any(path.glob("*.py"))):
        if not place.name.startswith("."):
            inside = sorted(place.rglob("*.py"))
            found += [path for path in inside if not _NOT_PACKED & set(path.relative_to(folder).parts)]
    names = [path.relative_to(folder).as_posix() for path in found]
    return [name for name in dict.fromkeys(names) if name not in (Path(__file__).name, SUBMISSION)]


def pack(folder: Path) -> None:
    """Write `submission.zip`.

    Raises:
        Stop: There is nothing to hand in.
    """
    names = packed_files(folder, kit_of(folder)["hand_in"])
    if not names:
        raise Stop(f"There is nothing to hand in in {folder}.")
    # files of the kit are of 1 January 1980, which in another time zone is too early for a zip
    with zipfile.ZipFile(folder / SUBMISSION, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name in names:
            archive.write(folder / name, name)
    print(f"Packed: {SUBMISSION}, with {', '.join(names)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # paths that an old console cannot show
    text = __doc__ or ""
    parser = argparse.ArgumentParser(
        prog="autograder_student.py", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=["setup", "check", "notebook", "zip"])
    parser.add_argument("--tasks", default="", help="check only these tasks, separated by commas")
    options = parser.parse_args(arguments)
    try:
        if options.verb == "setup":
            setup(HERE)
        elif options.verb == "zip":
            pack(HERE)
        elif options.verb == "notebook":
            if "jupyterlab" not in kit_of(HERE)["packages"]:
                raise Stop("This assignment has no notebook.")
            return command_of(HERE, ["-P", "-m", "jupyterlab"])
        else:
            return command_of(HERE, ["-P", "-m", CHECKS, ".", *(["--tasks", options.tasks] if options.tasks else [])])
    except Stop as why:
        print(f"Error: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


# -------------------------------------------------------------------------------------------------------- inside a notebook


def load_ipython_extension(shell: Any) -> None:
    """Make `%check` and `check` known in a notebook: `%load_ext autograder_student`."""
    if (missing := _missing()) is not None:
        print(missing)
        return
    from autograder.cli.in_notebook import load

    load(shell, HERE)


def check(*tasks: str) -> None:
    """Check functions as they are defined in the notebook now: `check("NAME")`; without a name, all of them."""
    if (missing := _missing()) is not None:
        print(missing)
        return
    from autograder.cli.in_notebook import check_here

    check_here(tasks, HERE)


def _missing() -> str | None:
    """Return what to say where the checks are not installed in the notebook's Python; None where they are."""
    needed = ("torch", "numpy", "pytest", "hypothesis", "jaxtyping", "autograder")
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        windows = os.name == "nt"
        return (
            f"The Python of this notebook ({sys.executable}) does not hold what the checks need: there is no {', '.join(missing)}. "
            f"Choose the kernel of {HERE / '.venv'} (made by `{by_hand('setup', windows)}`), or start JupyterLab with "
            f"`{by_hand('notebook', windows)}`. In an online notebook: `%pip install` and the path of the kit's file "
            "autograder_student-*.whl, then start the kernel again."
        )
    return None


if __name__ == "__main__":
    sys.exit(main())
