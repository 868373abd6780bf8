"""Gradescope's export: a folder per submission, and `submission_metadata.yml`, which says whose it is."""

from __future__ import annotations

import re
from collections import defaultdict

from autograder.cohort.platforms.download import Download, Item, is_hidden
from autograder.cohort.platforms.gradescope_metadata import Metadata, read_metadata
from autograder.cohort.platforms.hand_ins import HandIn, Read, left_out, listed, mostly
from autograder.records import About

NAME = "gradescope"

_METADATA = "submission_metadata.yml"
_NAMED = re.compile(r"submission_(?P<id>\d+)(?:/(?P<path>.+))?", re.DOTALL)


def recognises(download: Download) -> bool:
    """Whether the metadata are there, and most files lie in folders of submissions."""
    names = [item.name for item in download.items if not is_hidden(item.name)]
    inside = sum(_NAMED.fullmatch(name) is not None for name in names)
    return _METADATA in names and (len(names) == 1 or mostly(inside, len(names) - 1))


def hand_ins(download: Download) -> Read:
    """Return every submission of the metadata or of the folders, and remarks.

    Raises:
        UsageError: The metadata cannot be read.
    """
    files: dict[str, list[tuple[str, Item]]] = defaultdict(list)
    strangers: list[str] = []
    for item in download.items:
        found = _NAMED.fullmatch(item.name)
        if found and found["path"]:
            files[found["id"]].extend([] if is_hidden(found["path"]) else [(found["path"], item)])
        elif item.name != _METADATA and not is_hidden(item.name):
            strangers.append(item.name)
    folders = {found["id"] for name in download.folders if (found := _NAMED.fullmatch(name)) and not found["path"]}
    metadata = read_metadata(next(item for item in download.items if item.name == _METADATA))
    numbers = sorted({*files, *folders, *metadata.submissions}, key=lambda number: (int(number), number))
    unknown = [f"submission_{number}" for number in numbers if number not in metadata.submissions]
    remarks = [
        *metadata.remarks,
        f"{_METADATA} does not say whose these are: {listed(unknown)}." if unknown else "",
        left_out(strangers, "in no folder of a submission"),
    ]
    return [_hand_in(number, files[number], metadata) for number in numbers], [remark for remark in remarks if remark]


def _hand_in(number: str, files: list[tuple[str, Item]], metadata: Metadata) -> HandIn:
    about = metadata.submissions.get(number, About()).model_copy(update={"platform": NAME, "platform_id": number})
    return HandIn(about.name, about, tuple(files), problem="" if files else "The export holds no file of it.")
