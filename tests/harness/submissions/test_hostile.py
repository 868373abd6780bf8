"""Every attack of tests/submissions/hostile.py gains nothing, breaks nothing and leaves nothing behind."""

import os
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest

from autograder.records import Outcome

from .tools import ROOT, Listeners, check, descendants, explain, task, wait_until_gone, write
from tests.submissions.hostile import ATTACKS, MARKER, Attack

TASKS = ("kl_standard_normal", "log_mean_exp")
CASES = [pytest.param(attack, id=f"{group}-{attack.name}") for group, attacks in ATTACKS.items() for attack in attacks]


def left_behind() -> list[str]:
    """Return files that an attack left on this machine: by their mark, and by the user that workers run as."""
    found = []
    for folder in (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), ROOT, ROOT / "autograder", Path("/")):
        for entry in os.scandir(folder):
            if MARKER in entry.name or entry.name in ("sitecustomize.py", "usercustomize.py"):
                found.append(entry.path)
            elif folder != Path("/") and entry.stat(follow_symlinks=False).st_uid == 65534:
                found.append(entry.path)
    return found


@pytest.fixture(scope="module")
def baseline(grade, short, tmp_path_factory):
    """Return the points that a wrong function earns without its attack."""
    known: dict[str, Decimal] = {}

    def points(attack: Attack) -> Decimal:
        if attack.honest not in known:
            folder = write(tmp_path_factory.mktemp("honest"), attack.without_attack())
            record = grade(folder, TASKS, rubric=short)
            assert task(record, "log_mean_exp").outcome == Outcome.PASSED, explain(record)
            known[attack.honest] = Decimal(task(record, "kl_standard_normal").points)
        return known[attack.honest]

    return points


def aimed(files, listeners: Listeners):
    """Fill in where the test's listeners are."""
    places = {"@TCP@": str(listeners.tcp), "@UDP@": str(listeners.udp), "@ABSTRACT@": listeners.abstract}
    return {
        name: re.sub("|".join(places), lambda match: places[match[0]], content) if isinstance(content, str) else content
        for name, content in files.items()
    }


@pytest.mark.parametrize("attack", CASES)
def test_attack_comes_to_nothing(attack: Attack, grade, short, baseline, backend, listeners, tmp_path):
    """It earns no more than without the attack, fails where it should, is flagged, and leaves nothing behind."""
    honest = baseline(attack)
    processes = descendants(backend)
    folder = write(tmp_path, aimed(attack.sources(), listeners))
    started = time.monotonic()
    record = grade(folder, TASKS, rubric=short)
    seconds = time.monotonic() - started
    shown = explain(record)
    printed = "\n".join(c.printed for t in record.tasks for c in t.checks)

    assert record.status == "graded", shown
    assert Decimal(task(record, "kl_standard_normal").points) <= honest + Decimal(attack.gains), shown
    if not attack.spoils:
        assert task(record, "log_mean_exp").points == "1.00", shown
    for name, kinds in attack.fails.items():
        found = check(record, f"kl_standard_normal.{name}")
        assert found.outcome == Outcome.FAILED, f"{name}: {found.outcome}\n{shown}\n{printed}"
        assert found.kind in kinds, f"{name}: {found.kind}\n{shown}\n{printed}"
    flagged = any(flag.code == "tampering" for flag in record.flags)
    assert attack.flag is None or flagged == attack.flag, f"{shown}\n{printed}"
    assert "REACHED" not in printed, printed
    assert "TRIED" in printed or not attack.tried, f"{shown}\n{printed}"
    assert not wait_until_gone(backend, processes)
    assert not listeners.contacts
    assert not left_behind()
    assert seconds < attack.seconds
    assert len(record.to_json()) < 500_000


def test_honest_submission_after_all_attacks(grade, tmp_path):
    """The same sandbox still grades an honest submission in full, after everything above."""
    text = "def kl_standard_normal(mean, log_var):\n    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)\n"
    record = grade(write(tmp_path, {"divergences.py": text}), ("kl_standard_normal",))
    assert record.score == record.max_score, explain(record)
    assert record.flags == ()
