"""A grader process seen from outside: started, told what to do, waited for, and ended with all of its own.

It ends when the pipe to it closes, so it never outlives the worker that started it, however that ends. What it starts itself (sandboxes) it
starts from its own main thread, which lives as long as it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import IO, Any, cast

_LAST_WORDS = 2000


class GraderDied(Exception):
    """The process ended, or was ended, before it answered; the message says how."""


class GraderProcess:
    """One grader; it does one job at a time."""

    def __init__(self, told: tuple[str, str]) -> None:
        """`told` are the settings as JSON, and the digest of the engine that must grade."""
        self.told = told
        # -P: no file that lies where the batch was started is imported
        command = [sys.executable, "-P", "-m", "autograder.cohort.grader", *told]
        self._process = subprocess.Popen(  # noqa: S603 -- our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._in, self._out, self._err = cast("tuple[IO[bytes], IO[bytes], IO[bytes]]", pipes)
        for stream in (self._out, self._err):
            os.set_blocking(stream.fileno(), False)
        self._said = b""

    def lives(self) -> bool:
        """Whether it can be told something."""
        return self._process.poll() is None

    def do(self, job: str, limit_seconds: float) -> dict[str, Any]:
        """Hand over a job as a line of JSON, and return the answer.

        Raises:
            GraderDied: There is no answer: the process has ended. It is ended if it takes longer than the limit.
        """
        try:
            self._in.write(job.encode() + b"\n")
            self._in.flush()
        except OSError:
            raise GraderDied(self._epitaph()) from None
        answer = self._answer(time.monotonic() + limit_seconds)
        if answer is None:
            self.close()
            raise GraderDied(f"it was not done after {limit_seconds:.0f} seconds")
        return dict(json.loads(answer))

    def _answer(self, deadline: float) -> bytes | None:
        """Return the next line, None where there is none in time; what is said beside it is kept for the epitaph."""
        line = b""
        streams = [self._out, self._err]
        while (left := deadline - time.monotonic()) > 0:
            for stream in select.select(streams, [], [], left)[0]:
                text = stream.read() or b""
                if stream is self._out:
                    line += text
                    if not text:
                        raise GraderDied(self._epitaph())
                else:
                    self._said = (self._said + text)[-_LAST_WORDS:]
                    if not text:
                        streams.remove(stream)
            if line.endswith(b"\n"):
                return line
        return None

    def _epitaph(self) -> str:
        """Wait for the end, and return how it was."""
        self.close()
        self._said = (self._said + (self._err.read() or b""))[-_LAST_WORDS:]
        code = self._process.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        lines = self._said.decode(errors="replace").strip().splitlines()
        return f"the grader process ended with {how}{f': {lines[-1]}' if lines else ''}"

    def close(self) -> None:
        """End it and everything that it started. May be called twice."""
        with contextlib.suppress(OSError):
            self._in.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its session, also what is left of a dead leader's
        self._process.wait()
