"""Where a record comes from: digests of what decided it, and versions of what computed it."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version

from autograder.assignment.loading import Assignment

_PACKAGES = ("numpy", "scipy", "scikit-learn", "hypothesis", "pytest", "ppml-autograder")


def digest_of(assignment: Assignment) -> str:
    """Return a digest of everything that decides points: the rubric, and what every task is made of."""
    digest = hashlib.sha256(assignment.rubric_path.read_bytes())
    for task, made_of in sorted(assignment.digests.items()):
        digest.update(f"{task} {made_of}\n".encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of everything that can decide a number."""
    import torch

    found = {"python": platform.python_version(), "torch": str(torch.__version__)}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
