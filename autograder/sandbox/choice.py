"""Which isolation is used on this machine. Never a weaker one than was asked for, and never a weaker one unsaid."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from autograder.errors import SandboxUnavailable
from autograder.sandbox.bubblewrap import Bubblewrap, find_bubblewrap
from autograder.sandbox.plain import Plain
from autograder.sandbox.uid import Uid, require

SandboxChoice = Literal["auto", "bubblewrap", "uid", "none"]
_NOT_FOUND = 127
_AS_A_WORKER_DOES = "unshare --user --map-root-user --mount --pid --net --ipc --uts --fork mount -t tmpfs none /tmp"


def open_sandbox(choice: SandboxChoice, device: str = "cpu", hidden: Sequence[Path] = ()) -> Any:
    """Start the isolation that `choice` asks for; `auto` takes bubblewrap where it works, else another user with Landlock.

    Nobody inside sees what is `hidden`, nor a data set of an installed package; `none` isolates nothing, and hides nothing.

    Raises:
        SandboxUnavailable: It cannot be had; says why, and what to do.
    """
    if choice == "none":
        return Plain(device)
    if choice == "uid":
        return Uid(device, hidden=hidden)
    if choice == "bubblewrap":
        return Bubblewrap(device, hidden)
    why = why_not_bubblewrap()
    if not why:
        return Bubblewrap(device, hidden)
    why_not = why_not_uid()
    if why_not:
        raise SandboxUnavailable(f"{why}\nNor can another user and Landlock be used instead: {why_not}")
    return Uid(device, because=why, hidden=hidden)


def why_not_uid() -> str:
    """Return why the uid backend cannot be used here; nothing if it can."""
    try:
        require()
    except SandboxUnavailable as error:
        return str(error)
    return ""


APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
"""1 where users may make namespaces only with a profile."""


def why_not_bubblewrap() -> str:
    """Return why bubblewrap cannot be used here; nothing if a trial did what the zygote and its workers do."""
    try:
        program = find_bubblewrap()
    except SandboxUnavailable as error:
        return str(error)
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups " if os.getuid() == 0 else ""
    command = [program, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    command += ["--tmpfs", "/tmp", "--", "/bin/sh", "-c", f"exec {nobody}{_AS_A_WORKER_DOES}"]  # noqa: S108 -- inside
    try:
        tried = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 -- our own
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be run: {error}"
    if tried.returncode in (0, _NOT_FOUND):  # without these programs nothing is learnt: its own start will tell
        return ""
    said = (tried.stderr.strip().splitlines() or [f"exit code {tried.returncode}"])[-1]
    return f"bubblewrap does not work here, because namespaces or mounts are forbidden ({said[:300]}).{_advice()}"


def _advice() -> str:
    """Return what helps where AppArmor is what forbids namespaces, as on Ubuntu from 23.10 on; "" elsewhere."""
    try:
        restricted = APPARMOR.read_text().strip() == "1"
    except OSError:
        return ""
    if not restricted or os.getuid() == 0:
        return ""
    return (
        " AppArmor keeps users from making namespaces: load its profile for bubblewrap (docs/ci.md says how), "
        "or, on a machine that is thrown away, run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )
