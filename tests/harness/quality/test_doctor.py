"""What `autograder doctor` says of a machine on which both ways of isolating work, one does, or none."""

from __future__ import annotations

import pytest

from autograder.errors import SandboxUnavailable
from autograder.quality import doctor
from autograder.sandbox.choice import why_not_bubblewrap, why_not_uid


def refuse() -> object:
    """A backend that cannot be had."""
    raise SandboxUnavailable("namespaces are forbidden")


def test_both_are_tried() -> None:
    """Everything is refused behind every backend that can be had, and the first is the one that is used."""
    if not (why_not_bubblewrap() and why_not_uid()):
        health = doctor.examine()
        text = "\n".join(health.lines)
        usable = [name for name, why in (("bubblewrap", why_not_bubblewrap()), ("uid", why_not_uid())) if not why]
        assert health.ok, text
        assert text.count("  refused: ") == len(doctor.ATTEMPTS) * len(usable)
        assert "NOT REFUSED" not in text
        assert f"{usable[0]}: used" in text
        assert text.count("memory is limited by: a ") == len(usable)
        assert f"with --sandbox {usable[0]}." in text


def test_only_uid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bubblewrap cannot be used, it says why, and what the other is weaker in."""
    if why_not_uid():
        pytest.skip("needs root and Landlock")
    monkeypatch.setattr(doctor, "why_not_bubblewrap", lambda: "namespaces are forbidden")
    health = doctor.examine()
    assert health.ok
    assert "bubblewrap: cannot be used here: namespaces are forbidden" in health.lines
    assert "uid: used" in health.lines
    assert any("weaker than with namespaces" in line for line in health.lines)


@pytest.mark.parametrize("starts", [True, False])
def test_nothing_holds(starts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that isolates nothing, or where a start fails, grades nothing."""
    monkeypatch.setattr(doctor, "why_not_bubblewrap", lambda: "" if starts else "namespaces are forbidden")
    monkeypatch.setattr(doctor, "why_not_uid", lambda: "no Landlock")
    monkeypatch.setattr(doctor, "Bubblewrap", refuse)
    health = doctor.examine()
    assert not health.ok
    expected = "Submissions must NOT be graded here." if starts else "Nothing can be isolated here: grading refuses."
    assert health.lines[-1] == expected
    assert any("namespaces are forbidden" in line for line in health.lines)


def test_a_hole_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without isolation the attempts succeed, and that is said."""
    from autograder.sandbox.plain import Plain

    monkeypatch.setattr(doctor, "why_not_bubblewrap", lambda: "")
    monkeypatch.setattr(doctor, "why_not_uid", lambda: "no Landlock")
    monkeypatch.setattr(doctor, "Bubblewrap", Plain)
    health = doctor.examine()
    assert not health.ok
    for what in ("reach a Unix socket of the grader", "read the grader's own files", "signal the grader"):
        assert f"  NOT REFUSED: {what}" in health.lines
