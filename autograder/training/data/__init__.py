"""The data sets that models are trained on: one module per data set, found by its name.

Each module has `load(root, cache)`, which returns `Images` or raises `UsageError` where the data are not to be had, `places(root, cache)`,
the files and folders that hold them, which no submission may see, and `OFFLINE`, which says whether they come with an installed
package, so that no download and no folder is needed.
"""

from __future__ import annotations

import os
import pkgutil
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.errors import UsageError

if TYPE_CHECKING:  # torch takes seconds to import, and `places` is asked for before anything else is done
    from torch import Tensor

AUTO = "auto"
"""The choice that takes whatever can be had: first what has to be fetched, then what comes with a package."""


@dataclass(frozen=True)
class Images:
    """A data set of labelled images.

    Attributes:
        name: That of its module.
        title: What it is, in words for a reader of the report.
        images: Training images in [0, 1], shape (N, 1, height, width), float32.
        labels: Their classes, shape (N,), int64.
        test_images: Held-out images.
        test_labels: Their classes; these never enter a sandbox.
    """

    name: str
    title: str
    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def load_images(choice: str, root: Path | None = None, cache: Path | None = None) -> Images:
    """Return the data set that `choice` names; `"auto"` takes one that has to be fetched where it can be, else one that need not.

    Args:
        choice: Name of a data set, or `"auto"`.
        root: Folder in which the data lie; the environment's AUTOGRADER_DATA where nothing is said.
        cache: Where data are unpacked, if not among the user's caches.

    Raises:
        UsageError: There is no such data set, or it was asked for by name, or a data root was given, and it is not to be had.
    """
    root = root or _usual_root()
    for name in sorted(names(), key=lambda name: (offline(name), name)) if choice == AUTO else [choice]:
        try:
            found: Images = _module(name).load(root, cache or default_cache())
            return found
        except UsageError:
            if choice != AUTO or root is not None:
                raise
    raise UsageError("there is no data set that needs no download")


def places(root: Path | None = None, cache: Path | None = None) -> tuple[Path, ...]:
    """Return the files and folders that hold a data set, with its labels; arguments are those of `load_images`."""
    root = root or _usual_root()
    return tuple(place for name in names() for place in _module(name).places(root, cache or default_cache()))


def _usual_root() -> Path | None:
    return Path(os.environ["AUTOGRADER_DATA"]) if os.environ.get("AUTOGRADER_DATA") else None


def names() -> tuple[str, ...]:
    """Return the names of all data sets, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def offline(name: str) -> bool:
    """Return whether a data set needs no download and no folder."""
    return bool(_module(name).OFFLINE)


def without_download() -> str:
    """Return the name of the data set that can be had everywhere."""
    return next(name for name in names() if offline(name))


def default_cache() -> Path:
    """Return the folder where data are unpacked: `$XDG_CACHE_HOME/ppml-autograder`."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ppml-autograder"


def _module(name: str) -> Any:
    if name not in names():
        raise UsageError(f"there is no data set {name!r}; there are: {', '.join((AUTO, *names()))}")
    return import_module(f"{__name__}.{name}")
