"""Moodle's "Download all submissions": a folder, or a prefix, per student and plugin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from autograder.cohort.platforms.download import Download, Item, is_hidden
from autograder.cohort.platforms.hand_ins import HandIn, Read, left_out, mostly, told
from autograder.records import About

NAME = "moodle"

_NAMED = re.compile(
    r"(?P<name>[^_/]+)(?:_(?P<id>\d+))?_(?P<type>assignsubmission|assignfeedback)_(?P<plugin>[a-z0-9]+)"
    r"(?P<old>_)?(?:/(?P<path>.+)|(?<=_)(?P<flat>[^/]+))?",
    re.DOTALL,
)
"""`Jane Doe_657737_assignsubmission_file_/work.py`: Moodle replaces `_` in names, so the number is always the participant. Versions
before 4.1 put a `_` at the end of the folder; without folders the file's own name follows it. Work of those who are in no group
of a group assignment has no number."""
_FILE, _TEXT = "file", "onlinetext"


def recognises(download: Download) -> bool:
    """Whether most of the files and folders are named as Moodle names them."""
    names = [*(item.name for item in download.items), *download.folders]
    visible = [name for name in names if _NAMED.fullmatch(name) or not is_hidden(name)]
    return mostly(sum(_NAMED.fullmatch(name) is not None for name in visible), len(visible))


def hand_ins(download: Download) -> Read:
    """Return what every participant, or group, handed in, also those who handed in nothing, and remarks."""
    plugins: dict[tuple[str, str], dict[str, list[tuple[str, Item]]]] = defaultdict(lambda: defaultdict(list))
    strangers: list[str] = []
    feedback: list[str] = []
    for name, item in _everything(download):
        found = _NAMED.fullmatch(name)
        if found is None:
            strangers.extend([name] if item and not is_hidden(name) else [])
            continue
        inside = found["path"] or found["flat"] or ""
        if found["type"] == "assignfeedback":
            feedback.extend([name] if item else [])
        elif not is_hidden(inside):
            of_plugin = plugins[found["name"], found["id"] or ""][found["plugin"]]
            of_plugin.extend([(inside, item)] if item else [])
    texts = [person[0] for person, files in plugins.items() if files[_FILE] and files[_TEXT]]
    others = [
        item.name
        for files in plugins.values()
        for plugin in sorted(files.keys() - {_FILE, _TEXT})
        for _, item in files[plugin]
    ]
    remarks = [
        left_out(strangers, "not named as Moodle names submissions"),
        left_out(feedback, "feedback and no submission"),
        left_out(others, "neither a file nor online text that was handed in"),
        left_out(texts, "online text of those who handed in files too"),
    ]
    return [_hand_in(*person, files) for person, files in sorted(plugins.items())], [
        remark for remark in remarks if remark
    ]


def _everything(download: Download) -> Iterator[tuple[str, Item | None]]:
    """Folders, which may be all that there is of a participant, and files."""
    yield from ((name, None) for name in download.folders)
    yield from ((item.name, item) for item in download.items)


def _hand_in(name: str, number: str, files: dict[str, list[tuple[str, Item]]]) -> HandIn:
    about = About(name=told(name), id=number, platform=NAME, platform_id=number)
    problem = ""
    if not files[_FILE]:
        problem = "Only online text was handed in, and no file." if files[_TEXT] else "No file was handed in."
    return HandIn(name, about, tuple(files[_FILE]), problem=problem)
