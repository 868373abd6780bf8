"""Trying the isolation of this machine live: a harmless submission attempts what must fail, and says what happened."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from autograder.errors import AutograderError
from autograder.records import Cell, SourceFile, Submission
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question

_ATTEMPTS = """
import ctypes, os, socket

def attempt(what):
    libc = ctypes.CDLL(None, use_errno=True)
    def refused(function):
        try:
            function()
        except OSError as error:
            return type(error).__name__ + ": " + os.strerror(error.errno or 0)
        return ""
    if what == "open a network connection":
        return refused(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1))
    if what == "read /etc/shadow":
        return refused(lambda: open("/etc/shadow").read())
    if what == "write to the Python installation":
        return refused(lambda: open(os.path.dirname(os.__file__) + "/os.py", "a"))
    if what == "make a new user namespace":
        return os.strerror(ctypes.get_errno()) if libc.unshare(0x10000000) else ""
    if what == "trace another process":
        return os.strerror(ctypes.get_errno()) if libc.ptrace(16, 1, 0, 0) else ""
    if what == "see other processes":
        return "" if os.path.exists("/proc/1") else "an empty /proc"
    if what == "be root":
        return "uid " + str(os.getuid()) if os.getuid() else ""
"""
ATTEMPTS = (
    "open a network connection",
    "read /etc/shadow",
    "write to the Python installation",
    "make a new user namespace",
    "trace another process",
    "see other processes",
    "be root",
)


@dataclass(frozen=True)
class Health:
    """What was found: lines for a person, and whether submissions can be graded."""

    lines: tuple[str, ...]
    ok: bool


def examine() -> Health:
    """Start a sandbox, attempt what must fail in it, and report."""
    lines = [f"torch {torch.__version__}, GPU: {'yes' if torch.cuda.is_available() else 'no'}"]
    try:
        backend = Bubblewrap()
    except AutograderError as error:
        return Health((*lines, f"No isolation: {error}"), False)
    source = SourceFile(path="doctor.py", module="doctor", cells=(Cell(label="", source=_ATTEMPTS),))
    submission = Submission(name="doctor", kind="file", sha256="0" * 64, sources=(source,))
    ok = True
    try:
        with Sandbox(backend, submission, {"attempt": "doctor"}, Limits()) as sandbox:
            described = backend.describe()
            lines.append(f"Backend: {described['backend']}. Protects: {described['protects']}.")
            for what in ATTEMPTS:
                answer = sandbox.call(Question("attempt", [what]))
                refused = answer.value if isinstance(answer, Answer) else ""
                ok = ok and bool(refused)
                lines.append(
                    f"  {'refused' if refused else 'NOT REFUSED'}: {what}" + (f" ({refused})" if refused else "")
                )
    except AutograderError as error:
        return Health((*lines, f"No isolation: {error}"), False)
    finally:
        backend.close()
    lines.append(
        "Not protected from: bugs of the kernel and of the GPU driver, and timing side channels (docs/security.md)."
    )
    lines.append("Submissions can be graded here." if ok else "Submissions must NOT be graded here.")
    return Health(tuple(lines), ok)
