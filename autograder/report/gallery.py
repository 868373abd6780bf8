"""Which pictures stand beside which: what the grader drew for a task, and what was handed in for it. Pure."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from markupsafe import Markup

from autograder.records import Drawing, GradeRecord, Picture

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Exhibit:
    """One task that a person grades, in pictures.

    Attributes:
        anchor: Its id in the page.
        title: What the task is called.
        own: Pictures of the submission that are named for the task.
    """

    anchor: str
    title: str
    drawing: Drawing
    own: tuple[Picture, ...]


def exhibits(record: GradeRecord) -> tuple[Exhibit, ...]:
    """Return the tasks that something was drawn for, in the order of the record."""
    titles = {work.id: work.title for work in record.waiting}
    return tuple(
        Exhibit(
            f"drawing-{number}",
            titles.get(drawing.task, drawing.task),
            drawing,
            tuple(picture for picture in record.pictures if _task_of(picture) == drawing.task),
        )
        for number, drawing in enumerate(record.drawings, start=1)
    )


def others(record: GradeRecord) -> tuple[Picture, ...]:
    """Return the pictures of the submission that are named for no task that something was drawn for."""
    drawn = {drawing.task for drawing in record.drawings}
    return tuple(picture for picture in record.pictures if _task_of(picture) not in drawn)


def _task_of(picture: Picture) -> str:
    """Return the task that a picture is named for: `first_plot.png`, `figures/First plot (2).PNG`."""
    stem = PurePosixPath(picture.path).stem.lower()
    return re.sub(r"[\s-]+", "_", re.sub(r"\W*\d*\W*$", "", stem))


def address(picture: Picture) -> Markup | None:
    """Return a picture as an address inside the page; None where the record holds no PNG of ours."""
    try:
        data = base64.b64decode(picture.encoded, validate=True)
    except ValueError:
        return None
    if not data.startswith(_PNG):
        return None
    return Markup("data:image/png;base64," + base64.b64encode(data).decode())  # noqa: S704 - letters that mean nothing in HTML
