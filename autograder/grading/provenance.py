"""Where a record comes from: digests of what decided it, and versions of what computed it."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def digest_of(assignment: Path) -> str:
    """Return a digest of everything that decides points: rubric, reference and checks."""
    digest = hashlib.sha256()
    paths = [assignment / "rubric.yaml", *sorted((assignment / "reference").rglob("*.py"))]
    for folder in ("public", "hidden"):
        paths += sorted((assignment / "tests" / folder).rglob("*.py"))
    for path in paths:
        digest.update(path.relative_to(assignment).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of everything that can decide a number."""
    import torch

    found = {"python": platform.python_version(), "torch": str(torch.__version__)}
    for package in ("numpy", "hypothesis", "pytest", "ppml-autograder"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
