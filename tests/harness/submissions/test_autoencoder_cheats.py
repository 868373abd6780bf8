"""Autoencoders that pretend: what comes out of a bottleneck when one process encodes and another one decodes rounded codes."""

from decimal import Decimal

import pytest

from tests.submissions.build import ROOT

from .tools import explain, write

HONEST = (ROOT / "tests/submissions/correct_modules/autoencoder_training.py").read_text()
ENCODES = "        return self.enc3(F.relu(self.enc2(F.relu(self.enc1(x)))))\n"
DECODES = "        return torch.sigmoid(self.dec3(F.relu(self.dec2(F.relu(self.dec1(z))))))\n"
CHEATS = {
    # what encode has seen, decode remembers
    "leaking_decoder": (
        "        SEEN.append(x)\n        return 0 * self.enc3(F.relu(self.enc2(F.relu(self.enc1(x)))))\n",
        f"        if not self.training and SEEN and len(SEEN[-1]) == len(z):\n            return SEEN[-1]\n{DECODES}",
    ),
    # rows of ten pixels with four levels each, packed into the digits of one number
    "packed_digits": (
        "        small = F.adaptive_avg_pool2d(x.view(-1, 1, 28, 28), (self.enc3.out_features, 10))[:, 0]\n"
        "        return ((3.99 * small).floor() * 4.0 ** torch.arange(10)).sum(-1) + 0 * self.enc3(self.enc2(self.enc1(x)))\n",
        "        small = (z.round()[:, None, :, None] / 4.0 ** torch.arange(10)).floor() % 4 / 3\n"
        "        return F.interpolate(small, (28, 28), mode='bilinear').flatten(1) + 0 * self.dec3(self.dec2(self.dec1(z)))\n",
    ),
}
FAILS = {
    "leaking_decoder": {"weights", "informative", "reconstruction"},
    "packed_digits": {"informative", "reconstruction"},
}
MOST = Decimal("0.6")
"""Of the points."""


@pytest.mark.parametrize("cheat", CHEATS)
def test_an_autoencoder_that_pretends(grade, tmp_path, cheat):
    """It fails where it pretends."""
    encodes, decodes = CHEATS[cheat]
    changed = "SEEN = []\n" + HONEST.replace(ENCODES, encodes).replace(DECODES, decodes)
    assert encodes in changed
    assert decodes in changed
    record = grade(
        write(tmp_path / "work", {"autoencoder_training.py": changed}), ("train_autoencoder",), training=True
    )

    (task,) = record.tasks
    failed = {check.id.partition(".")[2] for check in task.checks if check.outcome.value == "failed"}
    assert failed >= FAILS[cheat], explain(record)
    assert Decimal(task.points) <= MOST * Decimal(task.max_points), explain(record)
