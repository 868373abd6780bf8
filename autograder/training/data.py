"""The images that models are trained and tested on: MNIST through torchvision, else the digits inside scikit-learn.

The project never writes into a data root that it was given: compressed files are copied to a cache and unpacked there.
"""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from autograder.errors import UsageError

Choice = Literal["auto", "mnist", "digits"]
_DOWNLOAD_SECONDS = 10.0
_DIGITS_TEST = 497


@dataclass(frozen=True)
class Digits:
    """A data set of handwritten digits.

    Attributes:
        name: `"mnist"` or `"digits"`.
        images: Training images in [0, 1], shape (N, 1, 28, 28), float32.
        labels: Their classes, shape (N,), int64.
        test_images: Held-out images.
        test_labels: Their classes; these never enter a sandbox.
    """

    name: str
    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def load_digits(choice: Choice, root: Path | None = None, cache: Path | None = None) -> Digits:
    """Return the data set that `choice` names; `"auto"` takes MNIST where it is or can be fetched, else the digits.

    Raises:
        UsageError: MNIST was asked for by name, or a data root was given, and it is not to be had.
    """
    if choice == "digits":
        return _scikit_learn_digits()
    root = root or (Path(os.environ["AUTOGRADER_DATA"]) if os.environ.get("AUTOGRADER_DATA") else None)
    try:
        return _mnist(root, cache or default_cache())
    except (OSError, RuntimeError, ImportError) as error:
        if choice == "mnist" or root is not None:
            where = f"under {root}" if root else "and could not be downloaded"
            message = f"MNIST was not found {where} ({error}). Expected DATA_ROOT/MNIST/raw/*-ubyte[.gz], as torchvision lays it out."
            raise UsageError(f"{message} Use --data digits for the data set that ships with scikit-learn.") from None
        return _scikit_learn_digits()


def default_cache() -> Path:
    """Return the folder where MNIST is unpacked: `$XDG_CACHE_HOME/ppml-autograder`."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ppml-autograder"


def _mnist(root: Path | None, cache: Path) -> Digits:
    from autograder.training.torchvision_import import import_torchvision

    datasets = import_torchvision()
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
    return Digits("mnist", images, parts[0].targets.clone(), test_images, parts[1].targets.clone())


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


def _scikit_learn_digits() -> Digits:
    from sklearn.datasets import load_digits as load_from_scikit_learn

    bunch = load_from_scikit_learn()
    small = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16  # (1797, 1, 8, 8)
    images = torch.nn.functional.interpolate(small, size=(28, 28), mode="bilinear", align_corners=False)
    labels = torch.tensor(bunch.target, dtype=torch.int64)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    test, train = order[:_DIGITS_TEST], order[_DIGITS_TEST:]
    return Digits("digits", images[train], labels[train], images[test], labels[test])
