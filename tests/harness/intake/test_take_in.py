"""Everything that may be handed in, and what is refused as a whole."""

from __future__ import annotations

import gzip
import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import SubmissionRejected
from autograder.intake import DEFAULT, take_in
from autograder.intake.limits import IntakeLimits

NOTEBOOK = json.dumps(
    {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "x = 1"}]}
)


def filled(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with these files."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def packed(folder: Path, archive: Path, prefix: str = "") -> Path:
    """A zip of a folder."""
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted(folder.rglob("*"), reverse=True):
            if file.is_file():
                target.write(file, prefix + file.relative_to(folder).as_posix())
    return archive


def rejected(path: Path, limits: IntakeLimits = DEFAULT) -> str:
    """The message of a rejection."""
    with pytest.raises(SubmissionRejected) as caught:
        take_in(path, limits)
    assert caught.value.exit_code == 2
    assert str(caught.value).isprintable()
    return str(caught.value)


FOREIGN = {
    "PDF": (b"%PDF-1.7 ...", "a.zip is a PDF document, whatever its name says. Hand in a zip"),
    "RAR": (b"Rar!\x1a\x07\x01\x00", "is a RAR archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z archive"),
    "HTML": (b"\n<!DOCTYPE html><html>", "is an HTML page"),
    "xz": (b"\xfd7zXZ\x00aaa", "is an xz archive"),
    "split zip": (b"PK\x07\x08PK\x03\x04", "is a part of a split zip archive"),
    "text": (b"import torch\n", "a.zip is not a zip archive. Hand in a zip"),
    "XML": (b"<?xml version='1.0'?>", "is an XML file"),
    "nothing": (b"", "a.zip is empty (0 bytes). Perhaps the upload was interrupted: upload it again."),
    "a damaged gzip": (b"\x1f\x8b\x08\x00aaa", "a.zip is a damaged gzip file"),
    "a gzip of text": (gzip.compress(b"import torch"), "is a gzip file, but no tar archive is in it"),
    "an empty zip": (b"PK\x05\x06" + bytes(18), "a.zip is empty: it holds no files of yours."),
    "an empty tar": (bytes(10240), "a.zip is empty: it holds no files of yours."),
    "a zip of nothing": (b"PK\x03\x04" + bytes(50), "a.zip is a damaged zip archive (File is not a zip file)"),
}


@pytest.mark.parametrize(("data", "words"), FOREIGN.values(), ids=FOREIGN)
def test_other_formats_are_named(tmp_path: Path, data: bytes, words: str) -> None:
    """A file that is not what its name says is rejected with the name of what it is."""
    (tmp_path / "a.zip").write_bytes(data)

    assert words in rejected(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"[Content_Types].xml": "", "word/document.xml": ""}, "is a Word document (docx)"),
        ({"[Content_Types].xml": "", "other.xml": ""}, "is a Microsoft Office document"),
        ({"mimetype": "", "content.xml": ""}, "is an OpenDocument file"),
        ({"a.txt": "", "b.csv": ""}, "holds no Python file (.py) and no notebook (.ipynb), only a.txt, b.csv."),
        ({"__MACOSX/._a.py": "", ".DS_Store": "", "x/__pycache__/a.pyc": ""}, "is empty: it holds no files of yours."),
    ],
)
def test_zips_without_python_are_rejected(tmp_path: Path, files: dict[str, str | bytes], words: str) -> None:
    """Office documents are zips inside; they are named, and so are the files that were found instead of Python."""
    assert words in rejected(packed(filled(tmp_path / "f", files), tmp_path / "a.zip"))


WANTED = ("answers.yaml", "*.pdf", "README*")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("answers.yaml", b"q1: {a: 1}"),
        ("Answers.YAML", b"q1: {a: 1}"),
        ("report.pdf", b"%PDF-1.7 ..."),
        ("README", b"me"),
        ("report.pdf", b"PK\x03\x04 no archive"),
    ],
)
def test_a_single_wanted_file_is_taken_in(tmp_path: Path, name: str, data: bytes) -> None:
    """Answers or a document are a whole submission where they count as work, in any case, and are data only."""
    submission = take_in(filled(tmp_path, {name: data}) / name, wanted=WANTED)

    assert (submission.kind, submission.sources) == ("file", ())
    assert [(file.path, file.data) for file in submission.files] == [(name, data)]


def test_archives_without_python_are_taken_in_for_wanted_files(tmp_path: Path) -> None:
    """A zip or folder with one such file, in whatever folder, is graded for what it has."""
    folder = filled(tmp_path / "hw1", {"me/answers.yaml": "a: 1", "me/x.txt": "", "me/pictures/a.png": ""})
    submission = take_in(packed(folder, tmp_path / "a.zip"), wanted=WANTED)

    assert (submission.kind, submission.sources) == ("zip", ())
    assert [file.path for file in submission.files] == ["answers.yaml", "pictures/a.png", "x.txt"]
    assert take_in(folder, wanted=WANTED).sha256 == submission.sha256


def test_what_was_expected_is_named(tmp_path: Path) -> None:
    """Without Python and without any wanted file, the sentence says what would count."""
    folder = filled(tmp_path / "hw1", {"a.txt": "", "answers.yaml.txt": ""})
    expected = "no Python file (.py), no notebook (.ipynb) and none of: answers.yaml, *.pdf, README*"

    def message(path: Path) -> str:
        with pytest.raises(SubmissionRejected) as caught:
            take_in(path, wanted=WANTED)
        return str(caught.value)

    assert message(folder) == f"hw1 holds {expected}; it holds only a.txt, answers.yaml.txt."
    assert message(folder / "a.txt").startswith("a.txt is empty (0 bytes).")
    alone = (
        "Hand in a zip, a tar.gz, a folder, a .py file, a notebook (.ipynb) or one of: answers.yaml, *.pdf, README*."
    )
    assert message(filled(tmp_path, {"b.txt": "x"}) / "b.txt").endswith(
        f"neither an archive nor a Python file. {alone}"
    )
    filled(tmp_path, {"c.zip": b"%PDF-1.7"})
    assert message(tmp_path / "c.zip") == f"c.zip is a PDF document, whatever its name says. {alone}"


def test_unreadable_python_beside_wanted_files_is_a_note(tmp_path: Path) -> None:
    """Whoever hands in answers and a broken notebook is graded for the answers."""
    folder = filled(tmp_path / "hw1", {"nb.ipynb": "{", "answers.yaml": "a: 1"})
    submission = take_in(folder, wanted=WANTED)

    assert [note.code for note in submission.notes] == ["notebook-unreadable"]
    assert [file.path for file in submission.files] == ["answers.yaml"]
    assert "no file of it can be read" in rejected(folder)


def test_wanted_names_do_not_hide_archives_and_python(tmp_path: Path) -> None:
    """`README.zip` is an archive, and `README.py` is Python, whatever pattern they match."""
    packed(filled(tmp_path / "f", {"a.py": ""}), tmp_path / "README.zip")
    filled(tmp_path, {"README.py": "x = 1", "README.ipynb": NOTEBOOK})

    assert take_in(tmp_path / "README.zip", wanted=WANTED).kind == "zip"
    assert len(take_in(tmp_path / "README.py", wanted=WANTED).sources) == 1
    assert take_in(tmp_path / "README.ipynb", wanted=WANTED).kind == "notebook"


def test_missing_and_odd_paths_are_rejected(tmp_path: Path) -> None:
    """What is not there, or is no file, is said in words."""
    os.mkfifo(tmp_path / "pipe")

    assert rejected(tmp_path / "a.zip") == "a.zip does not exist. Check the path."
    assert rejected(tmp_path / "pipe") == "pipe is not a file or a folder (but a pipe or a device)."
    assert "notes.txt is neither an archive nor a Python file." in rejected(
        filled(tmp_path, {"notes.txt": "hi"}) / "notes.txt"
    )


def test_unreadable_paths_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is said with the system's reason."""
    folder = filled(tmp_path / "hw1", {"vae.py": "", "a/b.py": ""})
    assert "cannot be read" in rejected(Path("x" * 5000))

    def refuse(path: object, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    words = "vae.py cannot be read (Permission denied). Check the name and the permissions."
    assert words == rejected(folder / "vae.py")
    monkeypatch.setattr(os, "scandir", refuse)
    assert "hw1 cannot be read (Permission denied)." in rejected(folder)


def test_deep_folders_are_rejected(tmp_path: Path) -> None:
    """Folders without end are not walked to their end."""
    (tmp_path / "hw1" / "/".join(["a"] * 60)).mkdir(parents=True)

    assert "is 21 folders deep; the limit is 20. Use fewer folders." in rejected(tmp_path / "hw1")


def test_a_single_python_file_is_taken(tmp_path: Path) -> None:
    """One `.py` file is a whole submission."""
    submission = take_in(filled(tmp_path, {"my-vae (1).PY": b"\xef\xbb\xbfx = 1\r\ny = 2\r"}) / "my-vae (1).PY")

    assert (submission.kind, submission.name) == ("file", "my-vae (1)")
    assert (submission.sources[0].path, submission.sources[0].module) == ("my-vae (1).PY", "my_vae__1_")
    assert submission.sources[0].cells[0].source == "x = 1\ny = 2\n"


def test_a_single_notebook_is_taken(tmp_path: Path) -> None:
    """One notebook is a whole submission, also under a wrong suffix."""
    filled(tmp_path, {"Übung 1.ipynb": NOTEBOOK, "b.py": NOTEBOOK})
    submission, other = take_in(tmp_path / "Übung 1.ipynb"), take_in(tmp_path / "b.py")

    assert (submission.kind, submission.sources[0].module) == ("notebook", "Übung_1")
    assert submission.sources[0].cells[0].label == "cell 1"
    assert (other.kind, other.notes[0].code) == ("notebook", "notebook-named-py")


def test_a_folder_and_its_zip_have_the_same_digest(tmp_path: Path) -> None:
    """Wrapping folders, junk and the order in the archive change nothing."""
    folder = filled(tmp_path / "hw1", {"vae.py": "x = 1", "data/a.csv": "1", "nb.ipynb": NOTEBOOK})
    first = take_in(folder)
    filled(folder, {".DS_Store": "", "__pycache__/vae.pyc": ""})
    second = take_in(packed(folder, tmp_path / "b.zip", "hw1/final/"))

    assert first.sha256 == second.sha256
    assert first.sources == second.sources
    assert first.files == second.files
    assert (first.kind, first.name, second.kind, second.name) == ("folder", "hw1", "zip", "b")
    filled(folder, {"vae.py": "x = 2"})
    assert first.sha256 != take_in(folder).sha256


def test_installed_packages_are_ignored_with_a_note(tmp_path: Path) -> None:
    """A virtual environment is dropped, links in it too."""
    folder = filled(tmp_path / "hw1", {"vae.py": "", ".venv/lib/torch.py": "", ".git/config": ""})
    (folder / ".venv/python").symlink_to("/usr/bin/python3")

    assert [(note.code, note.path) for note in take_in(folder).notes] == [("folder-ignored", ".venv")]


def test_links_in_folders_are_not_followed(tmp_path: Path) -> None:
    """A link inside the folder is ignored with a note, one that leads outside rejects."""
    folder = filled(tmp_path / "hw1", {"vae.py": "", "src/a.py": ""})
    (folder / "copy.py").symlink_to("vae.py")
    (folder / "sub").symlink_to("src")
    (folder / "loop").symlink_to("loop")
    notes = take_in(folder).notes

    assert [("link-ignored", name) for name in ("copy.py", "loop", "sub")] == [(note.code, note.path) for note in notes]
    (folder / "secret").symlink_to("/etc")
    assert "hw1: secret is a link that leads outside the submission." in rejected(folder)


def test_pipes_in_folders_are_rejected(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(filled(tmp_path / "hw1", {"vae.py": ""}) / "p")

    assert rejected(tmp_path / "hw1") == "p is not a file or a folder (but a pipe or a device)."


def test_limits_hold_for_files_and_folders(tmp_path: Path) -> None:
    """Messages name the file, its size and the limit."""
    folder = filled(tmp_path / "hw1", {"vae.py": "x" * 2000, "b.py": ""})

    assert "vae.py has 2 kB; the limit is 1 kB." in rejected(folder / "vae.py", replace(DEFAULT, archive_bytes=1000))
    assert "the limit for one file is 1 kB" in rejected(folder, replace(DEFAULT, file_bytes=1000))
    assert "hw1 holds 2 kB of Python files; the limit is 1 kB." in rejected(folder, replace(DEFAULT, source_bytes=1000))
    assert "hw1 holds more than 1 files" in rejected(folder, replace(DEFAULT, files=1))


def test_unreadable_files_reject_only_if_nothing_else_is_there(tmp_path: Path) -> None:
    """One broken notebook is a note; nothing but broken files is a rejection with the reason."""
    folder = filled(tmp_path / "hw1", {"nb.ipynb": "{", "z.py": b"x = 1\0"})
    message = rejected(folder)
    assert re.match(r"hw1: no file of it can be read\. nb\.ipynb: It is not a notebook: line 1 is not JSON", message)

    submission = take_in(filled(folder, {"vae.py": "x = 1"}))
    assert [note.code for note in submission.notes] == ["notebook-unreadable", "nul-bytes"]
    assert [len(source.cells) for source in submission.sources] == [0, 1, 0]


def test_a_folder_that_imports_name_stays(tmp_path: Path) -> None:
    """With `from src.vae import` in it, `src` is not a wrapping folder."""
    folder = filled(tmp_path / "hw1", {"a/src/vae.py": "", "a/src/main.py": "x = 1\nfrom src.vae import VAE"})
    assert [source.module for source in take_in(folder).sources] == ["src.main", "src.vae"]

    folder = filled(tmp_path / "hw2", {"src/vae.py": "", "src/main.py": "from .vae import VAE"})
    assert [source.module for source in take_in(folder).sources] == ["src.main", "src.vae"]


def test_startup_files_and_compiled_programs_are_dropped(tmp_path: Path) -> None:
    """Staff are told which files Python would have run by itself."""
    files = {"vae.py": "", "a.so": "", "b.so.1": "", "c.pyd": "", "x.pth": "", "sitecustomize.py": "boom"}
    submission = take_in(filled(tmp_path / "hw1", dict(files)))

    assert [source.path for source in submission.sources] == ["vae.py"]
    assert submission.files == ()
    assert [note.path for note in submission.notes] == ["a.so", "b.so.1", "c.pyd", "sitecustomize.py", "x.pth"]
    assert {"staff"} == {note.audience for note in submission.notes}
    assert "left out" in submission.notes[0].message
