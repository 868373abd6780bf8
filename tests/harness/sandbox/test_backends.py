"""Where workers come from, and what is said when there is no isolation."""

# ruff: noqa: E501 -- submissions stand here as one string each

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from make_submission import LIMITS, submission

from autograder.errors import SandboxUnavailable
from autograder.grading import open_backend
from autograder.outcomes import FailureKind
from autograder.sandbox import bubblewrap, seccomp
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.plain import Plain
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal


def test_bubblewrap_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bwrap nothing is run, and the message says what to install."""
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda *_, **__: None)

    with pytest.raises(
        SandboxUnavailable, match=r"bubblewrap \(bwrap\) is not installed.*apt-get install bubblewrap"
    ) as caught:
        open_backend("auto")
    assert caught.value.exit_code == 3


def test_bubblewrap_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a failing bwrap says is passed on, and it does not take the worst case of a start to do so."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(bubblewrap, "find_bubblewrap", lambda: str(fake))

    backend = Bubblewrap()
    with pytest.raises(
        SandboxUnavailable, match="the sandbox did not start: bwrap: No permissions to create new namespace"
    ):
        backend.wait_until_ready()
    backend.close()


def test_bubblewrap_cannot_be_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bwrap that is no program is refused in words."""
    monkeypatch.setattr(bubblewrap, "find_bubblewrap", lambda: str(tmp_path / "nothing"))
    with pytest.raises(SandboxUnavailable, match="the sandbox could not be started"):
        Bubblewrap()


def test_libseccomp_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libseccomp nothing is run, and the message says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(SandboxUnavailable, match=r"libseccomp cannot be used .*apt-get install libseccomp2"):
        seccomp.program.__wrapped__()


def test_uid_backend() -> None:
    """A backend that does not exist yet says so."""
    with pytest.raises(SandboxUnavailable, match="not built yet"):
        open_backend("uid")


def test_bubblewrap_describes_itself(backend: Bubblewrap) -> None:
    """The record says that the submission was isolated."""
    assert backend.describe()["isolated"] is True
    assert backend.describe()["backend"] == "bubblewrap"


def test_plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without isolation questions are answered, limits on time hold, crashes are survived, and no folder is left."""
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = "import os\ndef f(x): return x + 1\ndef hang():\n    while True: pass\ndef die(): os._exit(0)\ndef env(): return sorted(os.environ)\n"
    submitted, names = submission(
        source + "def fork():\n    if os.fork() == 0:\n        while True: pass\n    os._exit(0)\n"
    )
    backend = open_backend("none")
    try:
        assert isinstance(backend, Plain)
        assert backend.describe()["isolated"] is False
        with Sandbox(backend, submitted, names, LIMITS) as sandbox:
            for function, kind in {
                "hang": FailureKind.TIMEOUT,
                "die": FailureKind.CRASH,
                "fork": FailureKind.CRASH,
            }.items():
                refusal = sandbox.call(Question(function))
                assert isinstance(refusal, Refusal)
                assert kind is refusal.kind
                answer = sandbox.call(Question("f", [2]))
                assert isinstance(answer, Answer)
                assert answer.value == 3
            environment = sandbox.call(Question("env"))
            assert isinstance(environment, Answer)
            assert "SECRET_OF_OURS" not in environment.value
            assert len(list(tmp_path.iterdir())) == 1
        assert list(tmp_path.iterdir()) == []
    finally:
        backend.close()
