"""Accidents of students: what hangs, crashes or eats memory costs its own checks, and everything else is scored."""

import pytest

from autograder.records import FailureKind

from .tools import explain, task, write

GOOD = """
import math, os, sys, ctypes, time
import torch

def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])

def bernoulli_log_density(x, logits):
    return -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
"""
BAD = "def kl_standard_normal(mean, log_var):\n"
ACCIDENTS = {
    "hangs": ("    while True: pass", {FailureKind.TIMEOUT}),
    "exits": ("    os._exit(1)", {FailureKind.CRASH}),
    "sys_exit": ("    sys.exit(0)", {FailureKind.EXCEPTION}),
    "segmentation_fault": ("    ctypes.string_at(0)", {FailureKind.CRASH}),
    "memory_at_once": ("    return torch.ones(10**11)", {FailureKind.MEMORY}),
    "memory_in_steps": (
        "    kept = []\n    while True: kept.append(torch.ones(2**22))",
        {FailureKind.MEMORY, FailureKind.TIMEOUT},
    ),
    "prints_without_end": ("    while True: print('x' * 10000)", {FailureKind.CRASH}),
    "recurses": ("    return kl_standard_normal(mean, log_var)", {FailureKind.EXCEPTION}),
    "asks_for_input": ("    return mean * float(input('beta? '))", {FailureKind.EXCEPTION}),
}
TASKS = ("bernoulli_log_density", "kl_standard_normal", "log_mean_exp")


@pytest.mark.parametrize("name", ACCIDENTS)
def test_accident_costs_its_own_checks(name, grade, small, short, tmp_path):
    """The function earns nothing; its neighbours in the same file keep all of their points."""
    body, kinds = ACCIDENTS[name]
    record = grade(
        write(tmp_path, {"work.py": GOOD + BAD + body + "\n"}),
        TASKS,
        rubric=short if FailureKind.TIMEOUT in kinds else small,
    )
    shown = explain(record)
    assert record.status == "graded", shown
    assert [task(record, other).points for other in TASKS] == ["1.00", "0.00", "1.00"], shown
    failed = [c for c in task(record, "kl_standard_normal").checks if c.outcome == "failed"]
    assert [c.kind for c in failed[:1] if c.kind in kinds], shown
    assert not [flag for flag in record.flags if flag.code == "tampering"], shown


AT_IMPORT = {
    "forty_minute_cell": "history = [time.sleep(10) for _ in range(240)]",
    "forty_minute_function": "def run():\n    for _ in range(240):\n        time.sleep(10)\nrun()",
    "exception_half_way": "result = open('data/train.csv').read()",
    "missing_package": "import pytorch_lightning as pl",
    "exits": "def stop(): os._exit(0)\nstop()",
    "quits": "quit()",
    "deletes_torch": "del torch\nimport torch",
    "plots": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.savefig('a.png')",
}
RIGHT = "\ndef kl_standard_normal(mean, log_var):\n    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)\n"


@pytest.mark.parametrize("name", AT_IMPORT)
def test_accident_at_import_costs_nothing_that_is_defined(name, grade, limits_for, tmp_path):
    """Whatever a top-level statement does, the functions before and after it are graded in full."""
    source = GOOD + AT_IMPORT[name] + "\n" + RIGHT
    limits = limits_for("its import" if name.startswith("forty_minute") else "")
    record = grade(write(tmp_path, {"work.py": source}), TASKS, rubric=limits)
    assert (record.status, record.score) == ("graded", "3.00"), explain(record)
