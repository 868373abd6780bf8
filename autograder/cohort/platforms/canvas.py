"""Canvas's `submissions.zip`: one flat list of files, whose names say whose they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.cohort.platforms.download import Download, Item, is_hidden
from autograder.cohort.platforms.hand_ins import HandIn, Read, left_out, listed, mostly, told
from autograder.records import About

NAME = "canvas"

_NAMED = re.compile(
    r"(?:(?!LATE_|anon_)(?P<name>[^/]*?)_)?(?:(?P<late>LATE|late)_)?(?P<user>\d+|anon_[0-9A-Za-z]+)_"
    r"(?:(?P<attachment>\d+)_(?P<file>[^/]+)|(?P<entry>text|link)\.html)",
    re.DOTALL,
)
"""`doejane_LATE_1234_56789_work.py`: the sortable name in small letters, of which nothing is left where it has no letters; the user, the
attachment, the name of the file. Where students are anonymous there is no name."""
_AGAIN = re.compile(r"(?P<stem>.+)-\d{1,3}(?P<suffix>\.[^.]*)?", re.DOTALL)
"""What Canvas makes of a name that the user has handed in before: `work-1.py`."""
_NUMBER_FIRST = re.compile(r"\d+_.")


@dataclass(frozen=True)
class _Upload:
    """One file of a user; a greater attachment is newer."""

    attachment: int
    shown: str
    item: Item


@dataclass
class _Person:
    """What one user handed in: files, `"text"` or `"link"`, and whether any of it was late."""

    uploads: list[_Upload] = field(default_factory=list)
    entries: set[str] = field(default_factory=set)
    late: bool = False

    def add(self, found: re.Match[str], item: Item) -> None:
        """Take what is named like `_NAMED`."""
        self.late |= found["late"] is not None
        if found["entry"]:
            self.entries.add(found["entry"])
        else:
            self.uploads.append(_Upload(int(found["attachment"]), found["file"], item))

    def files(self) -> dict[str, _Upload]:
        """The newest upload of every file, by the name that it is graded under."""
        return _given_back(_newest(self.uploads))


def recognises(download: Download) -> bool:
    """Whether most files are named as Canvas names them: every user has one name, every attachment is there once."""
    names = [item.name for item in download.items if not is_hidden(item.name)]
    found = [match for match in map(_NAMED.fullmatch, names) if match]
    people: dict[str, set[str | None]] = defaultdict(set)
    for match in found:
        people[match["user"]].add(match["name"])
    attachments = [match["attachment"] for match in found if match["attachment"]]
    return (
        mostly(len(found), len(names))
        and mostly(sum(len(called) == 1 for called in people.values()), len(people))
        and (not attachments or mostly(len(set(attachments)), len(attachments)))
    )


def hand_ins(download: Download) -> Read:
    """Return what every user handed in, and remarks."""
    people: dict[tuple[str, str], _Person] = defaultdict(_Person)
    strangers: list[str] = []
    for item in download.items:
        match = _NAMED.fullmatch(item.name)
        if match is not None:
            people[match["name"] or "", match["user"]].add(match, item)
        elif not is_hidden(item.name):
            strangers.append(item.name)
    kept = {upload.item.name for person in people.values() for upload in person.files().values()}
    uploaded = [upload.item.name for person in people.values() for upload in person.uploads]
    both = [name or user for (name, user), person in people.items() if person.entries and person.uploads]
    remarks = [
        left_out(strangers, "not named as Canvas names submissions"),
        left_out((name for name in uploaded if name not in kept), "older than another file of the same name"),
        left_out(both, "text and links of those who handed in files too"),
        _doubtful(people.values()),
        _renamed(people.values()),
    ]
    found = [_hand_in(name, user, person) for (name, user), person in sorted(people.items(), key=lambda one: one[0])]
    return found, [remark for remark in remarks if remark]


def _hand_in(name: str, user: str, person: _Person) -> HandIn:
    about = About(name=told(name), id=user, platform=NAME, platform_id=user, late=person.late)
    files = tuple((shown, upload.item) for shown, upload in person.files().items())
    entries = " and ".join(f"a {entry}" for entry in sorted(person.entries))
    return HandIn(name, about, files, problem="" if files else f"Only {entries} was handed in, and no file.")


def _newest(files: Sequence[_Upload]) -> dict[str, _Upload]:
    """The newest upload of every file. `work-1.py` is a newer `work.py` if that is there too; by itself it may be a name."""
    shown = {upload.shown for upload in files}
    newest: dict[str, _Upload] = {}
    for upload in sorted(files, key=lambda upload: upload.attachment):
        newest[_first(upload.shown, shown)] = upload
    return newest


def _first(name: str, shown: set[str]) -> str:
    """What the first upload of a file was called."""
    while (again := _base(name)) in shown:
        name = again
    return name


def _base(name: str) -> str:
    again = _AGAIN.fullmatch(name)
    return f"{again['stem']}{again['suffix'] or ''}" if again else ""


def _given_back(files: Mapping[str, _Upload]) -> dict[str, _Upload]:
    """Files by name; `work-1.py` by itself is `work.py`, since no program could import it under the name that it came with."""
    bases = [_base(name) for name in files]
    unclear = {base for base in bases if bases.count(base) > 1 or not base.endswith(".py")}
    return {
        base if base not in unclear else name: upload for (name, upload), base in zip(files.items(), bases, strict=True)
    }


def _renamed(people: Iterable[_Person]) -> str:
    changed = [
        f"{upload.item.name} as {name}"
        for person in people
        for name, upload in person.files().items()
        if upload.shown != name
    ]
    return f"Graded under the name from before Canvas numbered it: {listed(changed)}." if changed else ""


def _doubtful(people: Iterable[_Person]) -> str:
    """The remark about files beside those of a user that may be another's, whose own name ends like `_1234`."""
    doubtful = [
        upload.item.name
        for person in people
        for upload in person.uploads
        if _NUMBER_FIRST.match(upload.shown) and not all(_NUMBER_FIRST.match(one.shown) for one in person.uploads)
    ]
    if not doubtful:
        return ""
    return f"Look whether these belong to whom they are graded for, since numbers stand in their names: {listed(doubtful)}."
