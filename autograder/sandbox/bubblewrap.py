"""Isolation by bubblewrap: namespaces of every kind, a file system of read-only system folders, no network.

As root the zygote becomes uid 65534 for good; as another user it gets a user namespace in which it is 65534.
"""

from __future__ import annotations

import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from autograder.errors import SandboxUnavailable
from autograder.sandbox import cgroups, seccomp
from autograder.sandbox.hidden import unseen
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import INSIDE, START, Worker, Zygote

_SCRATCH = "/tmp"  # noqa: S108 -- inside the sandbox, where it is a tmpfs of its own
_ENVIRONMENT = "/python"
INSTALL_HINT = (
    "Install it (Debian, Ubuntu: apt-get install bubblewrap libseccomp2), or grade on a machine where it can be had. "
    "Nothing was run. (--sandbox none runs the submission unprotected and is meant for your own work only.)"
)


def find_bubblewrap() -> str:
    """Return the path of `bwrap`.

    Raises:
        SandboxUnavailable: It is not installed; says how to install it.
    """
    path = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if path is None:
        raise SandboxUnavailable(
            f"bubblewrap (bwrap) is not installed, so a submission cannot be isolated. {INSTALL_HINT}"
        )
    return path


def _mounts(device: str, hidden: Iterable[Path]) -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    # a shared map of /dev/zero is memory that nobody counts, and there are only so many terminals on a machine
    arguments += ["--dev-bind", "/dev/null", "/dev/zero", "--tmpfs", "/dev/pts", "--remount-ro", "/dev/pts"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        place = Path("/") / name
        if place.is_symlink():
            arguments += ["--symlink", os.readlink(place), str(place)]
        elif place.exists():
            arguments += ["--ro-bind", str(place), str(place)]
    arguments += ["--perms", "0755", "--dir", "/etc"]
    for file in ("/etc/ld.so.cache", "/etc/alternatives"):
        arguments += ["--ro-bind-try", file, file]
    base = sys.base_prefix
    if not Path(base).is_relative_to("/usr"):
        arguments += [*_readable_parents(base), "--ro-bind", base, base]
    if sys.prefix != base:
        arguments += ["--perms", "0755", "--dir", _ENVIRONMENT, "--ro-bind", sys.prefix, _ENVIRONMENT]
    packages = [sysconfig.get_path("purelib"), *site.getsitepackages()]
    for folder in sorted(set(packages)):
        if (Path(folder) / "autograder").is_dir():  # the engine, installed as a wheel: not for students to read
            ours = _inside(f"{folder}/autograder")
            arguments += ["--tmpfs", ours, "--remount-ro", ours]
    for place in hidden:
        arguments += _covered(place)
    if device == "cuda":
        for node in sorted(Path("/dev").glob("nvidia*")):
            arguments += ["--dev-bind", str(node), str(node)]
    arguments += ["--perms", "1777", "--tmpfs", _SCRATCH, "--dir", "/run"]
    arguments += ["--perms", "0755", "--dir", "/runner", "--ro-bind", str(INSIDE), "/runner/inside"]
    # where bubblewrap does not start as root these belong to the worker's own user: what one submission wrote, the next would see
    return [*arguments, "--remount-ro", "/dev", "--remount-ro", "/"]


def _covered(place: Path) -> list[str]:
    """Put something empty over a file or a folder wherever it would be seen in the sandbox; nothing where it would not be."""
    mounted = {Path("/usr"): Path("/usr"), Path(sys.base_prefix).resolve(): Path(sys.base_prefix)}
    if sys.prefix != sys.base_prefix:
        mounted[Path(sys.prefix).resolve()] = Path(_ENVIRONMENT)
    place = place.resolve()
    arguments: list[str] = []
    for target in {str(seen / place.relative_to(real)) for real, seen in mounted.items() if place.is_relative_to(real)}:
        if place.is_dir():
            arguments += ["--tmpfs", target, "--remount-ro", target]
        elif place.exists():
            arguments += ["--ro-bind", "/dev/null", target]  # as a device it cannot be opened there
    return arguments


def _inside(path: str) -> str:
    """Return where a path of the virtual environment is seen in the sandbox.

    It is mounted at a fixed place, because it may lie anywhere, also under /tmp, which is a tmpfs in there.
    """
    if sys.prefix != sys.base_prefix and Path(path).is_relative_to(sys.prefix):
        return str(Path(_ENVIRONMENT) / Path(path).relative_to(sys.prefix))
    return path


def _require_reachable_python() -> None:
    """Refuse a Python installation that the sandbox's own folders would cover."""
    covered = [place for place in (_SCRATCH, "/dev", "/proc", "/run") if Path(sys.base_prefix).is_relative_to(place)]
    if covered:
        message = f"Python itself is installed under {covered[0]} ({sys.base_prefix}), which the sandbox replaces."
        raise SandboxUnavailable(
            f"{message} Make the virtual environment from a Python elsewhere: make setup PYTHON=..."
        )


def _readable_parents(folder: str) -> list[str]:
    """Create the folders above a mount: bubblewrap would make them readable by root only."""
    arguments: list[str] = []
    for parent in reversed(Path(folder).parents[:-1]):
        arguments += ["--perms", "0755", "--dir", str(parent)]
    return arguments


def _identity() -> list[str]:
    if os.getuid() == 0:
        return ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-user", "--uid", "65534", "--gid", "65534"]


def environment() -> dict[str, str]:
    """The whole environment of a worker: nothing of ours is passed on."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108
        "TMPDIR": "/tmp",  # noqa: S108
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp",  # noqa: S108
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "OPENBLAS_NUM_THREADS": "1",
        # torch.compile gives back what it was given: g++ works for half a minute, and what was compiled is only faster
        "TORCHDYNAMO_DISABLE": "1",
        "AUTOGRADER_DROP_ROOT": "1" if os.getuid() == 0 else "0",
    }


class Bubblewrap:
    """Workers behind bubblewrap. The zygote starts at once and is waited for when the first worker is needed."""

    name = "bubblewrap"
    shared = True

    def __init__(self, device: str = "cpu", hidden: Sequence[Path] = ()) -> None:
        """`hidden` are further files and folders, beside the data sets of packages, that nobody may see in there."""
        _require_reachable_python()
        self._filter = seccomp.program()
        command = [
            find_bubblewrap(),
            *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
            *("--die-with-parent", "--new-session", "--hostname", "sandbox"),
            *_identity(),
            *_mounts(device, unseen(hidden)),
            *("--chdir", "/"),
            *("--", _inside(sys.executable), "-s", "-P", "-X", "utf8", "-c", START.format(folder="/runner")),
        ]
        self._parents = cgroups.find()
        self._zygote = Zygote(command, environment())

    def spawn(self, limits: Limits) -> Worker:
        """See `Backend.spawn`."""
        folder = Path(_SCRATCH)
        group = cgroups.group_of(self._parents, limits)
        forked = self._zygote.fork(limits, folder, filter_program=self._filter, namespaces=True, group=group)
        return Worker(*forked, limits, group)

    def wait_until_ready(self) -> None:
        """Wait until workers can be forked."""
        self._zygote.wait_until_ready()

    def pid(self) -> int:
        """Return the process id of bubblewrap itself."""
        return self._zygote.pid()

    def describe(self) -> dict[str, Any]:
        """See `Backend.describe`."""
        return {
            "backend": self.name,
            "isolated": True,
            "protects": "files, network, other processes, users and submissions; limits on time, memory, processes, files, output",
            "memory": cgroups.describe(self._parents),
        }

    def close(self) -> None:
        """See `Backend.close`."""
        self._zygote.close()
