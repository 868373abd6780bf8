"""Where a record comes from: digests of what decided it, and versions of what computed it."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from autograder.assignment.digests import engine_digest, names_digest
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric
from autograder.records import Submission

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


def provenance_of(submission: Submission, assignment: Assignment, rubric: Rubric) -> dict[str, Any]:
    """Return what results depend on beside the task itself, as it stands in a record."""
    return {
        "submission_sha256": submission.sha256,
        "engine_sha256": engine_digest(),
        "names_sha256": names_digest(assignment.folder),
        "versions": versions(),
        "limits": {
            "functions": rubric.budgets.model_dump(mode="json"),
            "training": rubric.training_budgets.model_dump(mode="json"),
        },
    }
