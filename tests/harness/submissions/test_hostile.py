"""Every attack of tests/submissions/hostile.py gains nothing, breaks nothing and leaves nothing behind."""

import os
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest

from autograder.records import Outcome
from autograder.sandbox import cgroups, foreign, uid
from tests.submissions.hostile import ATTACKS, MARKER, Attack, without_namespaces

from .tools import ROOT, Listeners, check, descendants, explain, task, wait_until_gone, write

TASKS = ("kl_standard_normal", "log_mean_exp")
CASES = [pytest.param("bubblewrap", a, id=f"{group}-{a.name}") for group, attacks in ATTACKS.items() for a in attacks]
# attacks on verdicts aim at the runner and at frames, which are the same whoever confines the worker
CASES += [
    pytest.param("uid", without_namespaces(a), id=f"uid-{group}-{a.name}")
    for group in ("resources", "reach")
    for a in ATTACKS[group]
]
NOBODY = (65534,)


@pytest.fixture
def behind(request):
    """Return `behind(kind)`: a backend, how to grade through it, and the users that its workers are."""

    def of(kind: str):
        if kind == "uid":
            backend = request.getfixturevalue("uid_backend")
            return backend, request.getfixturevalue("uid_grade"), backend.users()
        return request.getfixturevalue("backend"), request.getfixturevalue("grade"), NOBODY

    return of


def left_behind(users=NOBODY) -> list[str]:
    """Return what an attack left on this machine: by its mark, and by the users that workers run as."""
    found = [f"process {pid}" for pid in foreign.processes_of(users)] if users is not NOBODY else []
    found += [f"{kind} {number}" for kind, number in foreign.system_v_objects(users)]
    if (parents := cgroups.find()) is not None:
        ours = f"autograder-{os.getpid()}-*"  # a group that stays holds memory
        found += [str(path) for place in (parents.memory, parents.processes) if place for path in place.glob(ours)]
    for folder in (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), ROOT, ROOT / "autograder", Path("/")):
        for entry in os.scandir(folder):
            owner = entry.stat(follow_symlinks=False).st_uid
            if owner not in users and any(owner in block for block in uid._RANGES):
                continue  # of another grader's worker, which may be tried in the same way at this moment
            if (
                MARKER in entry.name
                or entry.name in ("sitecustomize.py", "usercustomize.py")
                or any(entry.name.startswith(f"autograder-scratch-{user}-") for user in users)
                or (folder != Path("/") and owner in users)
            ):
                found.append(entry.path)
    return found


@pytest.fixture(scope="session")
def baseline(small, tmp_path_factory):
    """Return the points that a wrong function earns without its attack, whoever confines it."""
    known: dict[str, Decimal] = {}

    def points(attack: Attack, grade) -> Decimal:
        if attack.honest not in known:
            folder = write(tmp_path_factory.mktemp("honest"), attack.without_attack())
            record = grade(folder, TASKS, rubric=small)
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


@pytest.mark.parametrize(("kind", "attack"), CASES)
def test_attack_comes_to_nothing(kind: str, attack: Attack, behind, limits_for, baseline, listeners, tmp_path):
    """It earns no more than without the attack, fails where it should, is flagged, and leaves nothing behind."""
    backend, grade, users = behind(kind)
    honest = baseline(attack, grade)
    processes = descendants(backend)
    folder = write(tmp_path, aimed(attack.sources(), listeners))
    started = time.monotonic()
    record = grade(folder, TASKS, rubric=limits_for(attack.hangs))
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
    assert not left_behind(users)
    assert seconds < 10 * attack.seconds, "a guard: it hangs"
    assert len(record.to_json()) < 500_000


@pytest.mark.parametrize("kind", ["bubblewrap", "uid"])
def test_honest_submission_after_all_attacks(kind, behind, tmp_path):
    """The same sandbox still grades an honest submission in full, after everything above."""
    _, grade, _ = behind(kind)
    text = "def kl_standard_normal(mean, log_var):\n    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)\n"
    record = grade(write(tmp_path, {"divergences.py": text}), ("kl_standard_normal",))
    assert record.score == record.max_score, explain(record)
    assert record.flags == ()


# ----------------------------------------------------------------------------------------- one sandbox, many submissions

KL = "def kl_standard_normal(mean, log_var):\n"
LEAVES = f"""
import builtins, os, sys, threading, time, torch
os.environ["LEFT"] = "{MARKER}"
for folder in ("/tmp", "/dev/shm"):
    open(folder + "/{MARKER}", "w").write("answers")
builtins.left = sys.modules["left"] = torch
torch.left = True
torch.manual_seed = torch.randn = None
if os.fork() == 0:
    os.setsid()
    time.sleep(30)
    os._exit(0)
{KL}    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
"""
LOOKS = f"""
import builtins, os, sys, torch
{KL}    seen = [os.environ.get("LEFT"), hasattr(builtins, "left"), "left" in sys.modules, hasattr(torch, "left"), torch.randn is None]
    seen += [os.listdir("/tmp"), os.listdir("/dev/shm")]
    for number in range(2, 300):
        try:
            os.kill(number, 0)
            seen.append(number)
        except OSError:
            pass
    print("SEEN", seen)
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)
"""


def test_submissions_do_not_see_each_other(grade, tmp_path):
    """Files, processes, environment and patched modules of one submission are gone for the next, behind the same sandbox."""
    for number, source in enumerate((LEAVES, LOOKS)):
        record = grade(write(tmp_path / str(number), {"work.py": source}), ("kl_standard_normal",))
        assert record.score == record.max_score, explain(record)
    printed = check(record, "kl_standard_normal.contract").printed
    assert "SEEN [None, False, False, False, False, [], []]" in printed, printed


# ------------------------------------------------------------------------------------------------- those who read reports

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[2J\x1b]0;owned\x07\u202eegasrever"
    "\n::error::owned\n::set-output name=x::y\n##vso[task.setvariable]x"
)
READERS = f"""
import torch
EVIL = {EVIL!r}
print(EVIL)
def kl_standard_normal(mean, log_var):
    {EVIL[:24]!r}
    print(EVIL)
    raise type("<svg onload=alert(3)>", (Exception,), {{}})(EVIL + " javascript:alert(4)")
def log_mean_exp(log_w):
    print(EVIL)
    raise ValueError("\\n::error::owned ##vso[task.complete]" + "\\n::warning::owned" * 9)
def elbo(*arguments):
    return type("<b>Evil</b>\\x1b[31m", (), {{}})()
def train_classifier(images, labels, val_images, val_labels, *, epochs, batch_size, learning_rate, device, seed):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    return model, {{EVIL: [1.0] * epochs, "</svg><script>": [0.5] * epochs, "val_loss": [1.0] * epochs}}
raise ValueError(EVIL)
"""


def test_readers_are_safe(grade, tmp_path, capsys):
    """Nothing of it reaches a page unescaped, nor the terminal as an escape sequence or a command to a CI service."""
    from autograder.cli import main as cli
    from autograder.report import staff_page, student_page

    name = "a<img src=x onerror=alert(5)>.py"
    tasks = ("kl_standard_normal", "log_mean_exp", "elbo", "train_classifier")
    record = grade(write(tmp_path, {name: READERS}), tasks, training=True)
    assert record.status == "graded", explain(record)
    for page in (student_page(record), staff_page(record)):
        for sequence in (
            "<script>alert",
            "<img src=x",
            "<svg onload",
            "<b>Evil",
            "\x1b",
            "\x07",
            "\u202e",
            'href="javascript:',
        ):
            assert sequence not in page, sequence
    assert cli.show_result(record, tmp_path) == 0
    shown = "".join(capsys.readouterr())
    for sequence in ("\x1b]", "\x1b[2J", "\x07", "\u202e"):
        assert sequence not in shown
    for line in shown.splitlines():
        assert not re.match(r"\s*::", line), line
        assert "##vso[" not in line
