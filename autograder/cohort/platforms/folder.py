"""A plain folder: one archive, notebook, Python file or folder per student."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from autograder.cohort.platforms import about_csv
from autograder.cohort.platforms.download import Download, Item, is_hidden
from autograder.cohort.platforms.hand_ins import HandIn, Read, left_out, listed, mostly, told
from autograder.cohort.platforms.keys import entry_keys
from autograder.errors import UsageError
from autograder.intake import ARCHIVES, DEFAULT, printable
from autograder.intake.layout import is_reserved, is_source
from autograder.intake.text import submission_name
from autograder.records import About

NAME = "folder"

_IMPORTED = re.compile(rb'(?:^|["\s;])(?:from|import)\s+(\w+)', re.MULTILINE)


def recognises(download: Download) -> bool:
    """Whether it is a folder on disk: a zip that no platform has made is likelier to be one student's."""
    return download.root is not None


def hand_ins(download: Download) -> Read:
    """Return one submission for everything at the top of the folder that may be one, and remarks.

    They are graded where they lie, but for folders that hold an archive and no code beside it: these are copied, as a platform's are.

    Raises:
        UsageError: It is empty or a single submission, something in it is a link, or `about.csv` has an error.
    """
    _require_no_links([name for name in download.links if "/" not in name and not is_hidden(name)])
    inside: dict[str, list[Item]] = {name: [] for name in download.folders if "/" not in name and not is_hidden(name)}
    files: dict[str, Item] = {}
    for item in download.items:
        top, slash, rest = item.name.partition("/")
        if not slash and not is_hidden(top):
            files[top] = item
        elif top in inside and not is_hidden(rest):
            inside[top].append(item)
    work = [name for name in files if _is_work(name)]
    _require_class(download, list(inside), [files[name] for name in work], has_table=about_csv.NAME in files)
    names = sorted([*inside, *work])
    called = [name if name in inside else submission_name(name) for name in names]
    known, remarks = _known(files.get(about_csv.NAME), names, entry_keys([(one, "") for one in called]))
    found = [
        replace(
            _hand_in(download, name, one, known.get(name, About(name=told(one))), inside.get(name)),
            student=known[name].id if name in known else "",
        )
        for name, one in zip(names, called, strict=True)
    ]
    strangers = sorted(set(files) - set(work) - {about_csv.NAME})
    remarks.append(left_out(strangers, "neither an archive nor a notebook nor a Python file"))
    return found, [remark for remark in remarks if remark]


def _is_work(name: str) -> bool:
    return is_source(name) or name.lower().endswith(ARCHIVES)


def _hand_in(download: Download, name: str, called: str, about: About, inside: list[Item] | None) -> HandIn:
    """The submission at the top of the folder; `inside` are its files if it is a folder itself."""
    if inside == []:
        return HandIn(called, about, problem="The folder is empty.")
    work = [item.name for item in inside or () if _is_work(item.name)]
    if inside and work and not any(map(is_source, work)):
        return HandIn(called, about, tuple((item.name.partition("/")[2], item) for item in inside))
    return HandIn(called, about, place=download.root / name if download.root else None)


def _known(table: Item | None, names: Sequence[str], keys: Sequence[str]) -> tuple[dict[str, About], list[str]]:
    """What `about.csv` says: name of a file or folder -> who handed it in; and remarks about what is in only one of the two."""
    if table is None:
        return {}, []
    rows = about_csv.read(table)
    about_csv.require_attempts(table.name, rows)
    meant = {_composed(name): name for name in names}
    meant |= dict(zip(keys, names, strict=True))
    meant |= {name: name for name in names}
    known: dict[str, About] = {}
    nothing: list[str] = []
    for written, row in rows.items():
        name = meant.get(written, meant.get(_composed(written)))
        if name in known:
            raise UsageError(
                f"{table.name}:{row.line}, column {about_csv.FILE}: {printable(written)} stands in two rows."
            )
        if name is None:
            nothing.append(written)
        else:
            known[name] = row.about
    unknown = sorted(set(names) - set(known))
    return known, [
        f"{table.name} names these, of whom there is no file or folder: {listed(nothing)}." if nothing else "",
        f"{table.name} does not say whose these are: {listed(unknown)}." if unknown else "",
    ]


def _composed(name: str) -> str:
    """A name as a table has it, whose accents the file system may have taken apart."""
    return unicodedata.normalize("NFC", name)


def _require_no_links(links: Sequence[str]) -> None:
    if links:
        raise UsageError(
            f"These are links, which are not followed: {listed(links)}. Put the files or folders in their place."
        )


def _require_class(download: Download, folders: Sequence[str], work: Sequence[Item], *, has_table: bool) -> None:
    """Refuse what holds no submission, and what is one: a file alone, or files that import each other."""
    if not folders and not work:
        raise UsageError(
            f"{download.name} holds no submission: no archive, no notebook, no Python file and no folder. Name the folder of a class."
        )
    if len(work) == 1 and not folders and not has_table:
        raise UsageError(
            f"{download.name} holds one file only ({listed([work[0].name])}). A single submission is graded by make grade "
            f"SUBMISSION={download.name}/{printable(work[0].name)}; if that is a class as a platform has packed it, name the file itself."
        )
    if _is_one_program([item for item in work if is_source(item.name)], folders):
        every = listed([*(item.name for item in work), *folders])
        raise UsageError(
            f"{download.name} looks like a single submission ({every}), not a class: make grade SUBMISSION={download.name} grades it. "
            "Of a class, every student's files stand in a folder or an archive of their own."
        )


def _is_one_program(loose: Sequence[Item], folders: Sequence[str]) -> bool:
    """Whether most of the files beside each other import one another, or folders beside them."""
    modules = {item.name.rpartition(".")[0]: item.name for item in loose}
    modules = {name: file for name, file in modules.items() if not is_reserved(name)}
    linked: set[str] = set()
    for item in loose:
        with item.open() as stream:
            imported = {name.decode("ascii", "replace") for name in _IMPORTED.findall(stream.read(DEFAULT.text_bytes))}
        used = {modules[name] for name in imported & modules.keys()} - {item.name}
        linked |= used
        if used or imported & set(folders):
            linked.add(item.name)
    return mostly(len(linked), len(loose))
