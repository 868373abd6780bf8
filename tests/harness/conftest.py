"""What the tests of the engine share: one running bubblewrap, one running uid backend, and submissions made from text.

`make test` runs two files at a time: each process of pytest-xdist has backends of its own, and the tests of a file stay
together, with what they share.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # before torch is imported: several tests run side by side, one on each core

import pytest
from make_submission import LIMITS, submission

from autograder.authoring.inputs import draw_lot
from autograder.errors import SandboxUnavailable
from autograder.sandbox.bubblewrap import Bubblewrap, find_bubblewrap
from autograder.sandbox.choice import why_not_uid
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.uid import Uid
from autograder.sandbox.zygote import Backend

LONG_FIXTURES = frozenset({"whole_matrix", "fresh_seeds"})
"""Whoever needs one of these belongs to `make test-long`: each takes minutes."""


@pytest.hookimpl(tryfirst=True)  # `-m` reads the marks after this
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long."""
    for item in items:
        if LONG_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.long)


@pytest.fixture(autouse=True)
def nobody_in_particular() -> None:
    """Inputs are those of no submission: what an earlier test has graded in this process draws nothing here."""
    draw_lot(0)


@pytest.fixture(scope="session")
def backend() -> Iterator[Bubblewrap]:
    """One zygote behind bubblewrap for the whole session, started from the main thread."""
    try:
        find_bubblewrap()
    except SandboxUnavailable as error:
        pytest.skip(f"needs bubblewrap, which is not installed here: {error}")
    started = Bubblewrap()
    started.wait_until_ready()
    yield started
    started.close()


@pytest.fixture(scope="session")
def uid_backend() -> Iterator[Uid]:
    """One zygote that makes every worker a user of its own, for the whole session."""
    if why := why_not_uid():
        pytest.skip(f"needs root and Landlock: {why}")
    started = Uid()
    started.wait_until_ready()
    yield started
    started.close()


@pytest.fixture
def sandbox_of(backend: Bubblewrap) -> Iterator[Callable[..., Sandbox]]:
    """Make sandboxes from the text of files (see `make_submission.submission`); they are closed after the test."""
    yield from _sandboxes(backend)


@pytest.fixture
def uid_sandbox_of(uid_backend: Uid) -> Iterator[Callable[..., Sandbox]]:
    """Do what `sandbox_of` does on the uid backend."""
    yield from _sandboxes(uid_backend)


def _sandboxes(backend: Backend) -> Iterator[Callable[..., Sandbox]]:
    made: list[Sandbox] = []

    def make(*arguments: str, limits: Limits = LIMITS, names: dict[str, str] | None = None, **files: str) -> Sandbox:
        submitted, found = submission(*arguments, **files)
        made.append(Sandbox(backend, submitted, names or found, limits))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()
