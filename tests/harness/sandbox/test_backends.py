"""Where workers come from, and what is said when there is no isolation."""

# ruff: noqa: E501 -- submissions stand here as one string each

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from make_submission import BRIEF_CALL, LIMITS, submission
from run_in_python import lines_of

from autograder.errors import SandboxUnavailable
from autograder.grading.run import open_backend
from autograder.outcomes import FailureKind
from autograder.sandbox import bubblewrap, cgroups, choice, seccomp
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.inside import landlock
from autograder.sandbox.plain import Plain
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.uid import Uid

FORBIDS = "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without bwrap."""
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda *_, **__: None)


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine where bwrap is installed, and namespaces are forbidden."""
    fake = tmp_path / "bwrap"
    fake.write_text(FORBIDS)
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    for module in (bubblewrap, choice):
        monkeypatch.setattr(module, "find_bubblewrap", lambda: str(fake))
    return fake


@pytest.mark.usefixtures("no_bubblewrap")
def test_bubblewrap_is_missing() -> None:
    """Without bwrap nothing is run where bubblewrap was asked for, and the message says what to install."""
    with pytest.raises(
        SandboxUnavailable, match=r"bubblewrap \(bwrap\) is not installed.*apt-get install bubblewrap"
    ) as caught:
        open_backend("bubblewrap")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(("absent", "why"), [("landlock", "no Landlock"), ("root", "needs root")])
def test_nothing_can_be_had(absent: str, why: str, forbidden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither bubblewrap nor what the uid backend needs, `auto` runs nothing and says why for both."""
    if absent == "landlock":
        monkeypatch.setattr(landlock, "abi", lambda: 0)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SandboxUnavailable) as caught:
        open_backend("auto")
    assert "bubblewrap does not work here" in str(caught.value)
    assert "No permissions to create new namespace" in str(caught.value)
    assert why in str(caught.value) or "needs root" in str(caught.value)


@pytest.mark.skipif(bool(choice.why_not_uid()), reason="needs root and Landlock")
def test_auto_takes_the_next_best(forbidden: Path) -> None:
    """Where namespaces are forbidden, `auto` takes another user and Landlock, and the record says so and why."""
    backend = open_backend("auto")
    try:
        assert isinstance(backend, Uid)
        assert backend.describe()["backend"] == "uid"
        assert "No permissions to create new namespace" in backend.describe()["because"]
    finally:
        backend.close()


def test_auto_takes_bubblewrap_where_it_works(backend: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a trial of bubblewrap succeeds, or cannot be made for want of a program, `auto` takes bubblewrap."""
    assert choice.why_not_bubblewrap() == ""
    monkeypatch.setattr(choice, "Bubblewrap", lambda device, hidden: ("bubblewrap", device))
    assert open_backend("auto") == ("bubblewrap", "cpu")
    monkeypatch.setattr(choice, "_AS_A_WORKER_DOES", "no-such-program")
    assert open_backend("auto") == ("bubblewrap", "cpu")


def test_trial_of_bubblewrap_makes_what_a_worker_needs(backend: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial fails where a worker could not make its namespaces or mounts, although bwrap itself starts."""
    monkeypatch.setattr(choice, "_AS_A_WORKER_DOES", "mount -t tmpfs none /tmp")
    assert "namespaces or mounts are forbidden" in choice.why_not_bubblewrap()


def test_bubblewrap_fails(forbidden: Path) -> None:
    """What a failing bwrap says is passed on, and it does not take the worst case of a start to do so."""
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


def test_bubblewrap_describes_itself(backend: Bubblewrap) -> None:
    """The record says that the submission was isolated."""
    assert backend.describe()["isolated"] is True
    assert backend.describe()["backend"] == "bubblewrap"
    assert backend.describe()["memory"] == cgroups.describe(cgroups.find())


@pytest.mark.parametrize("choice_of", ["bubblewrap", "uid", "none"])
def test_an_interrupt_of_the_terminal_is_for_the_grader(choice_of: str, tmp_path: Path) -> None:
    """Ctrl-C goes to every process of the terminal's group; a sandbox that died of it was called our own failure, and written down."""
    why_not = {"bubblewrap": choice.why_not_bubblewrap, "uid": choice.why_not_uid}
    if choice_of in why_not and (why := why_not[choice_of]()):
        pytest.skip(why)
    code = f"""
        import os, signal
        from autograder.grading.run import open_backend
        from autograder.sandbox.limits import Limits
        os.setsid()
        interrupted = []
        signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
        backend = open_backend({choice_of!r})
        for _ in ("while it starts", "when it is ready"):
            os.killpg(0, signal.SIGINT)
            backend.spawn(Limits()).kill()
        backend.close()
        print(len(interrupted))
    """

    assert lines_of(code, tmp_path) == ["2"]


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
                sandbox.limits = BRIEF_CALL if kind is FailureKind.TIMEOUT else LIMITS
                refusal = sandbox.call(Question(function))
                sandbox.limits = LIMITS
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
