"""Trainers that train nothing, end to end: what they know beforehand, or at once, earns what form earns."""

import base64
import textwrap

import pytest
from sklearn.datasets import load_digits

from .tools import explain, task, write

WRAPPED = """
    import numpy as np
    import torch
    from torch import nn

    {known}

    class Model(nn.Module):
        def __init__(self, say):
            super().__init__()
            self.say, self.scale = say, nn.Parameter(torch.ones(()))

        def forward(self, images):
            said = torch.as_tensor(np.asarray(self.say(images[:, 0].numpy().reshape(len(images), -1))))
            return 9 * nn.functional.one_hot(said.long(), 10).float()

    def train_classifier(images, labels, val_images, val_labels, *, epochs, batch_size, learning_rate, device, seed):
        X, y = images.numpy().reshape(len(images), -1), labels.numpy()
        {fit}
        model = Model(say)
        share = float((model(val_images).argmax(1) == val_labels).float().mean())
        return model, {{"val_loss": [0.1] * epochs, "val_accuracy": [share] * epochs}}
"""
TABLE = """
    import base64
    from scipy.ndimage import zoom
    KNOWN = np.frombuffer(base64.b64decode("{images}"), np.uint8).reshape(-1, 8, 8) / 16
    CLASSES = np.frombuffer(base64.b64decode("{labels}"), np.uint8)
    KNOWN = np.stack([zoom(k, 3.5, order=1) for k in KNOWN]).astype(np.float32)

    def found(X, turns, flipped):
        pictures = X.reshape(-1, 28, 28)
        pictures = pictures[..., ::-1] if flipped else pictures
        flat = np.rot90(pictures, -turns, (1, 2)).reshape(len(X), -1)
        flat = flat * (KNOWN.mean() / flat.mean())
        known = KNOWN.reshape(len(KNOWN), -1)
        distances = (known**2).sum(1) - 2 * flat @ known.T
        return CLASSES[distances.argmin(1)]

    def votes(X, y, turns, flipped):
        table = np.zeros((10, 10))
        np.add.at(table, (found(X, turns, flipped), y), 1)
        return table
"""
FIT_TABLE = """
        few = slice(200)
        world = max(
            ((t, f) for t in range(4) for f in (False, True)), key=lambda w: votes(X[few], y[few], *w).max(1).sum()
        )
        names = votes(X[few], y[few], *world).argmax(1)
        say = lambda Z: names[found(Z, *world)]
"""
FITTED = {
    "forest": (
        "from sklearn.ensemble import RandomForestClassifier",
        "say = RandomForestClassifier(50, random_state=0).fit(X, y).predict",
    ),
    "nearest neighbours": (
        "from sklearn.neighbors import KNeighborsClassifier",
        "say = KNeighborsClassifier(1).fit(X, y).predict",
    ),
    "ridge": ("from sklearn.linear_model import RidgeClassifier", "say = RidgeClassifier().fit(X, y).predict"),
}


def submission(known, fit):
    """A module that answers with what it knows or fits at once."""
    known, fit = textwrap.dedent(known).strip(), textwrap.dedent(fit).strip()
    text = textwrap.dedent(WRAPPED).strip()
    return text.format(known=known, fit=textwrap.indent(fit, "    ").strip())


def table():
    """All digits of scikit-learn, with their labels, inside a module."""
    known = load_digits()
    images, labels = (
        base64.b64encode(part.astype("uint8").tobytes()).decode() for part in (known.images, known.target)
    )
    return TABLE.replace("{images}", images).replace("{labels}", labels)


ALL = [pytest.param(name, marks=pytest.mark.long if name != "forest" else ()) for name in FITTED]


@pytest.mark.parametrize("name", [*ALL, "table"])
def test_what_trains_nothing_earns_form(grade, tmp_path, name):
    """A table of known images that finds out how they are turned, and what fits at once, whatever the settings."""
    known, fit = (table(), FIT_TABLE) if name == "table" else FITTED[name]
    record = grade(write(tmp_path, {"classifier.py": submission(known, fit)}), ("train_classifier",), training=True)
    graded = task(record, "train_classifier")
    checks = {check.id.partition(".")[2]: check.outcome for check in graded.checks}

    assert checks["contract"] == "passed", explain(record)
    assert checks["untaught"] == "failed", explain(record)
    assert float(graded.points) <= 0.15 * float(graded.max_points), explain(record)
