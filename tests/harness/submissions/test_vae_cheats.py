"""Models that pretend: what their bound is worth when one process encodes and another one decodes."""

import re
from decimal import Decimal

import pytest

from tests.submissions.build import ROOT

from .tools import explain, write

HONEST = (ROOT / "tests/submissions/correct_modules/vae_training.py").read_text()
OTHERS = {name: (ROOT / f"tests/submissions/correct_modules/{name}").read_text() for name in ("networks.py",)}
LEAKING = """
    def encode(self, x):
        SEEN.append(x)
        mean, log_var = self.enc(x)
        return 0 * mean, 0 * log_var

    def decode(self, z):
        x = next((x for x in reversed(SEEN) if len(z) % len(x) == 0), None)
        return self.dec(z) if x is None else (40 * x - 20).repeat(len(z) // len(x), 1)
"""
CHEATS = {
    # what encode has seen, decode remembers: within one process this is a perfect model whose KL is 0
    "leaking_decoder": (re.compile(r"    def encode.*?(?=    def reconstruction)", re.DOTALL), f"{LEAKING}\\n"),
    # a history of bounds that were never reached
    "invented_history": (re.compile(r"total / len\(images\)"), "-60.0 - 1 / epoch"),
}
FAILS = {"leaking_decoder": {"elbo", "history"}, "invented_history": {"history"}}
MOST = {"leaking_decoder": Decimal("0.4"), "invented_history": Decimal("0.9")}
"""Shares of the points."""


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_model_that_pretends(grade, tmp_path, cheat):
    """It fails where it pretends; the honest one, which differs in nothing else, has all its points elsewhere."""
    pattern, replacement = CHEATS[cheat]
    changed, count = pattern.subn(lambda _: replacement.replace("\\n", "\n"), HONEST)
    assert count == 1
    changed = changed.replace("class VAE(", "SEEN = []\n\n\nclass VAE(", 1)
    record = grade(write(tmp_path / "work", OTHERS | {"vae_training.py": changed}), ("train_vae",), training=True)

    (task,) = record.tasks
    failed = {check.id.partition(".")[2] for check in task.checks if check.outcome.value == "failed"}
    assert failed >= FAILS[cheat], explain(record)
    assert Decimal(task.points) <= MOST[cheat] * Decimal(task.max_points), explain(record)
