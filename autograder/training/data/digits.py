"""The handwritten digits inside scikit-learn, enlarged to the size of MNIST."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from autograder.training.data import Images

OFFLINE = True
TITLE = "the 1,797 handwritten digits of scikit-learn, enlarged to 28 × 28 pixels"
_TEST = 497


def load(root: Path | None, cache: Path) -> Images:
    """Return the digits; the same 497 are always held out. They need neither a data root nor a cache."""
    import torch
    from sklearn.datasets import load_digits

    bunch = load_digits()
    small = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16  # (1797, 1, 8, 8)
    images = torch.nn.functional.interpolate(small, size=(28, 28), mode="bilinear", align_corners=False)
    labels = torch.tensor(bunch.target, dtype=torch.int64)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    test, train = order[:_TEST], order[_TEST:]
    return Images("digits", TITLE, images[train], labels[train], images[test], labels[test])


def places(root: Path | None, cache: Path) -> tuple[Path, ...]:
    """Return where they lie: in scikit-learn itself."""
    found = find_spec("sklearn")  # the package itself takes a second to import
    folders = [] if found is None else found.submodule_search_locations or []
    return tuple(Path(folder) / "datasets" / "data" for folder in folders)
