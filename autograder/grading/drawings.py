"""Pictures for work that a person grades: those that the grader draws with a submission's functions, and those that were handed in."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from autograder.assignment.code import AuthorsCode
from autograder.assignment.loading import FIGURES
from autograder.records import DataFile, Drawing, Flag, Picture, Submission
from autograder.sandbox.limits import Limits
from autograder.sandbox.readers import Dots, read_pictures

if TYPE_CHECKING:
    from autograder.assignment.contract import Contract
    from autograder.sandbox.questions import Asked, LoadReport
    from autograder.training.data import Images

MOST_PICTURES = 16
_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
_LARGEST, _COLOURS = 90_000, 64
"""Bytes of an encoded picture, and its colours."""


def drawn(
    code: AuthorsCode,
    tasks: tuple[str, ...],
    contract: Contract,
    asked: Asked,
    report: LoadReport,
    runs: Mapping[str, Any],
    load: Callable[[], Images],
    seeds: Mapping[str, int],
) -> tuple[tuple[Drawing, ...], tuple[Flag, ...]]:
    """Draw for every task; return what was drawn, and what staff should know.

    A task for which this grading has nothing to draw with is left out. Our own fault costs the picture and nothing else.

    Args:
        code: Holds the modules that draw.
        tasks: Those that a module of `tests/figures` draws for, with a function `draw(easel)`.
        contract: How functions are called.
        asked: Answers for the submission's functions.
        report: What loading it found.
        runs: The training runs of this grading, by task.
        load: Loads the images that models are trained on.
        seeds: Fixes what is drawn at random, by task.
    """
    from autograder.authoring.failures import CheckFailed, CheckStopped
    from autograder.checking.student import Student
    from autograder.training.easel import Easel, NotDrawn

    drawings, flags = [], []
    once = cache(load)
    for task in tasks:
        salt = seeds[task]

        def make(sandbox: Asked, check: str, salt: int = salt) -> Student:
            return Student(sandbox, report, contract, check, salt)

        try:
            found = code.module(f"{FIGURES.replace('/', '.')}.{task}").draw(Easel(task, salt, asked, make, runs, once))
            drawings.append(Drawing(task=task, **vars(found)))
        except NotDrawn:
            continue
        except (CheckFailed, CheckStopped) as stopped:
            failure = stopped.failure if isinstance(stopped, CheckStopped) else stopped
            drawings.append(Drawing(task=task, why_not=failure.message))
        except Exception as error:
            drawings.append(Drawing(task=task, why_not="the grader itself could not draw it"))
            message = f"The picture for {task} could not be drawn: {type(error).__name__}: {error}"
            flags.append(Flag(code="our-fault", message=message[:1000]))
    return tuple(drawings), tuple(flags)


def handed_in(submission: Submission, backend: Any, limits: Limits) -> tuple[tuple[Picture, ...], tuple[Flag, ...]]:
    """Return the pictures of a submission, in files and in notebooks, encoded anew, the first `MOST_PICTURES` of them; and what staff
    should know. Our own fault costs the pictures and nothing else.

    Args:
        submission: What was handed in.
        backend: Where hostile pictures are read.
        limits: Of a worker there.
    """
    found = [*(file for file in submission.files if file.path.lower().endswith(_KINDS)), *submission.shown]
    if not found:
        return (), ()
    pictures: list[Picture] = []
    try:
        pictures += _redrawn(found[:MOST_PICTURES], backend, limits)
    except Exception as error:
        message = f"Pictures of the submission could not be read: {type(error).__name__}: {error}"
        return tuple(pictures), (Flag(code="our-fault", message=message[:1000]),)
    return tuple(pictures), ()


def _redrawn(files: list[DataFile], backend: Any, limits: Limits) -> Iterator[Picture]:
    for file, dots in zip(files, read_pictures(backend, [file.data for file in files], limits), strict=True):
        if isinstance(dots, str):
            yield Picture(path=file.path, why_not=dots)
        else:
            yield Picture(path=file.path, encoded=_encoded(dots))


def _encoded(dots: Dots) -> str:
    """Return a picture as PNG, in base64; smaller where it would take too much of a page."""
    from PIL import Image

    image = Image.frombytes("RGB", (dots.width, dots.height), dots.data)
    while True:
        buffer = io.BytesIO()
        image.quantize(_COLOURS).save(buffer, "PNG", optimize=True)
        if buffer.tell() <= _LARGEST or max(image.size) < 100:
            return base64.b64encode(buffer.getvalue()).decode()
        image.thumbnail((image.width * 2 // 3, image.height * 2 // 3))
