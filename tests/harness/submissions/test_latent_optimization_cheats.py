"""Decoders that pretend: what they are worth where another process decodes."""

from decimal import Decimal

import pytest

from tests.submissions.build import ROOT

from .tools import explain, write

NAME = "latent_optimization_training.py"
HONEST = (ROOT / "tests/submissions/correct_modules" / NAME).read_text()
LEAK = """
        if SEEN and len(z) % len(SEEN[-1]) == 0:
            return SEEN[-1].repeat(len(z) // len(SEEN[-1]), 1)
"""
CHEATS = {
    # what was trained with is remembered: within one process this is a perfect decoder whose KL is 0
    "leaking_decoder": [
        ("        return torch.sigmoid(", f"{LEAK}        return torch.sigmoid("),
        (
            "    return generator, mu.weight.detach(), r.weight.detach()",
            "    SEEN.append(images)\n    return generator, 0 * mu.weight.detach(), 0 * r.weight.detach()",
        ),
        ("class Generator(", "SEEN = []\n\n\nclass Generator("),
    ],
    # a loss that was never reached
    "invented_history": [("total / len(images)", "1.0 / (epoch + 1)")],
}
FAILS = {"leaking_decoder": {"bound", "rows", "history"}, "invented_history": {"history"}}
MOST = {"leaking_decoder": Decimal("0.5"), "invented_history": Decimal("0.95")}
"""Shares of the points."""


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_decoder_that_pretends(grade, tmp_path, cheat):
    """It fails where it pretends; the honest one differs in nothing else."""
    changed = HONEST
    for honest, other in CHEATS[cheat]:
        assert changed.count(honest) == 1
        changed = changed.replace(honest, other)
    record = grade(write(tmp_path / "work", {NAME: changed}), ("train_latent_optimization",), training=True)

    (task,) = record.tasks
    failed = {check.id.partition(".")[2] for check in task.checks if check.outcome.value == "failed"}
    assert failed >= FAILS[cheat], explain(record)
    assert Decimal(task.points) <= MOST[cheat] * Decimal(task.max_points), explain(record)
    if cheat == "invented_history":
        assert failed == FAILS[cheat], explain(record)
    assert record.training[0].grids, "the grader draws its pictures"
