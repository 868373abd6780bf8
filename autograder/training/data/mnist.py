"""MNIST through torchvision.

The project never writes into a data root that it was given: compressed files are copied to a cache and unpacked there.
"""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from autograder.errors import UsageError
from autograder.training.data import Images

OFFLINE = False
TITLE = "MNIST: 28 × 28 images of handwritten digits"
_DOWNLOAD_SECONDS = 10.0


def load(root: Path | None, cache: Path) -> Images:
    """Return MNIST from a folder in torchvision's layout, or fetch it into the cache.

    Raises:
        UsageError: It is not in the folder, or cannot be downloaded.
    """
    try:
        return _fetched(root, cache)
    except (OSError, RuntimeError, ImportError) as error:
        where = f"under {root}" if root else "and could not be downloaded"
        message = f"MNIST was not found {where} ({error}). Expected DATA_ROOT/MNIST/raw/*-ubyte[.gz], as torchvision lays it out."
        raise UsageError(f"{message} Use --data digits for the data set that ships with scikit-learn.") from None


def places(root: Path | None, cache: Path) -> tuple[Path, ...]:
    """Return where its files may lie, in torchvision's layout."""
    return tuple(folder / "MNIST" for folder in (root, cache) if folder is not None)


def _fetched(root: Path | None, cache: Path) -> Images:
    from autograder.sandbox.inside.torchvision_import import mend

    mend()
    from torchvision import datasets

    place = cache if root is None else root
    if root is not None and not (root / "MNIST" / "raw" / "train-images-idx3-ubyte").exists():
        place = _copied(root, cache)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_SECONDS)
    try:
        # with the .gz files in place torchvision checks their md5 and unpacks them, and needs no network
        parts = [datasets.MNIST(str(place), train=train, download=place != root) for train in (True, False)]
    finally:
        socket.setdefaulttimeout(before)
    images, test_images = (part.data.unsqueeze(1).float() / 255 for part in parts)
    return Images("mnist", TITLE, images, parts[0].targets.clone(), test_images, parts[1].targets.clone())


def _copied(root: Path, cache: Path) -> Path:
    found = sorted((root / "MNIST" / "raw").glob("*-ubyte.gz"))
    if len(found) < 4:
        raise FileNotFoundError(f"{root / 'MNIST' / 'raw'} holds {len(found)} of the 4 files")
    target = cache / "MNIST" / "raw"
    target.mkdir(parents=True, exist_ok=True)
    for path in found:
        if not (target / path.name).exists():
            shutil.copyfile(path, target / path.name)
    return cache
