"""Trying the isolation of this machine live: a harmless submission attempts what must fail, and says what happened.

Both ways of isolating are tried, so that a machine's owner knows what is left when one of them goes.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from autograder.errors import AutograderError
from autograder.records import Cell, SourceFile, Submission
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.choice import why_not_bubblewrap, why_not_uid
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question
from autograder.sandbox.uid import Uid

_ATTEMPTS = """
import ctypes, os, socket

def attempt(what, folder, grader, name):
    libc = ctypes.CDLL(None, use_errno=True)
    def refused(function):
        try:
            function()
        except OSError as error:
            return type(error).__name__ + ": " + os.strerror(error.errno or 0)
        return ""
    def processes():
        if os.listdir("/proc"):
            return
        raise OSError(2, "nothing is there")
    if what == "open a network connection":
        return refused(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1))
    if what == "reach a Unix socket of the grader":
        return refused(lambda: socket.socket(socket.AF_UNIX).connect("\\0" + name))
    if what == "read /etc/shadow":
        return refused(lambda: open("/etc/shadow").read())
    if what == "read the grader's own files":
        return refused(lambda: open(folder + "/doctor.py").read()) and refused(lambda: os.listdir(folder))
    if what == "write to the Python installation":
        return refused(lambda: open(os.path.dirname(os.__file__) + "/os.py", "a"))
    if what == "make a new user namespace":
        return os.strerror(ctypes.get_errno()) if libc.unshare(0x10000000) else ""
    if what == "trace another process":
        return os.strerror(ctypes.get_errno()) if libc.ptrace(16, 1, 0, 0) else ""
    if what == "signal the grader":
        return refused(lambda: os.kill(grader, 0))
    if what == "see other processes":
        return refused(processes)
    if what == "be root":
        return "uid " + str(os.getuid()) if os.getuid() and os.geteuid() else ""
"""
ATTEMPTS = (
    "open a network connection",
    "reach a Unix socket of the grader",
    "read /etc/shadow",
    "read the grader's own files",
    "write to the Python installation",
    "make a new user namespace",
    "trace another process",
    "signal the grader",
    "see other processes",
    "be root",
)
_EXPLAINED = {
    "weaker": "weaker than with namespaces",
    "memory": "memory is limited by",
    "files": "files lie",
    "python": "Python",
}


@dataclass(frozen=True)
class Health:
    """What was found: lines for a person, and whether submissions can be graded."""

    lines: tuple[str, ...]
    ok: bool


def examine() -> Health:
    """Start every sandbox that can be had, attempt what must fail in it, and report which one is used."""
    lines = [f"torch {torch.__version__}, GPU: {'yes' if torch.cuda.is_available() else 'no'}"]
    used, ok = "", False
    for name, start, why_not in (("bubblewrap", Bubblewrap, why_not_bubblewrap()), ("uid", Uid, why_not_uid())):
        if why_not:
            lines.append(f"{name}: cannot be used here: {why_not}")
            continue
        tried, held = _try(start)
        if not used:
            used, ok = name, held
        lines += [
            f"{name}: {'used' if used == name else 'works too, and is used where the one above does not'}",
            *tried,
        ]
    lines.append(
        "Not protected from: bugs of the kernel and of the GPU driver, timing side channels (docs/security.md)."
    )
    if ok:
        lines.append(f"Submissions can be graded here, with --sandbox {used}.")
    else:
        lines.append(
            "Submissions must NOT be graded here." if used else "Nothing can be isolated here: grading refuses."
        )
    return Health(tuple(lines), ok)


def _try(start: Any) -> tuple[Sequence[str], bool]:
    """Return what happened behind one kind of isolation, line by line, and whether it held."""
    source = SourceFile(path="doctor.py", module="doctor", cells=(Cell(label="", source=_ATTEMPTS),))
    submission = Submission(name="doctor", kind="file", sha256="0" * 64, sources=(source,))
    lines, ok = [], True
    try:
        backend = start()
        with (
            contextlib.closing(backend),
            _listener() as name,
            Sandbox(backend, submission, {"attempt": "doctor"}, Limits()) as sandbox,
        ):
            described = backend.describe()
            lines.append(f"  protects {described['protects']}")
            lines += [f"  {words}: {described[key]}" for key, words in _EXPLAINED.items() if key in described]
            for what in ATTEMPTS:
                answer = sandbox.call(Question("attempt", [what, str(Path(__file__).parent), os.getpid(), name]))
                refused = answer.value if isinstance(answer, Answer) else ""
                ok = ok and bool(refused)
                lines.append(f"  {'refused' if refused else 'NOT REFUSED'}: {what}" + f" ({refused})" * bool(refused))
    except AutograderError as error:
        return (*lines, f"  does not work: {error}"), False
    return lines, ok


@contextlib.contextmanager
def _listener() -> Iterator[str]:
    """A Unix socket of ours with an abstract name, which everybody on this machine could connect to."""
    with socket.socket(socket.AF_UNIX) as server:
        name = f"autograder-doctor-{os.getpid()}"
        server.bind(f"\0{name}")
        server.listen()
        yield name
