"""A plain folder as a class, with `about.csv` or without."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from platform_archives import WORK, Files, unpacked, zip_bytes

from autograder.cohort.entries import Cohort
from autograder.cohort.platforms import read_cohort
from autograder.errors import UsageError
from autograder.intake import take_in
from autograder.records import About, Member

MIXED: Files = {
    "jane.zip": zip_bytes({"hw/work.py": WORK}),
    "joe/src/work.py": WORK,
    "joe/.git/config": "x",
    "Zoë Å.ipynb": "{}",
    "=cmd.py": WORK,
    "JANE/work.py": WORK,
    "nobody/.DS_Store": "x",
    "empty/": "",
}


def read(tmp_path: Path, files: Files) -> Cohort:
    """Read a folder with these files."""
    return read_cohort(unpacked(tmp_path / "class", files), tmp_path / "workspace")


def refusal(tmp_path: Path, files: Files) -> str:
    """The message of a refusal."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, files)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_every_file_and_folder_is_a_submission(tmp_path: Path) -> None:
    """Archives, notebooks, Python files and folders are graded where they lie; empty folders are problems."""
    cohort = read(tmp_path, MIXED)
    named = {entry.about.name: entry for entry in cohort.entries}

    assert cohort.platform == "folder"
    assert sorted(named) == ["=cmd", "JANE", "Zoë Å", "empty", "jane", "joe", "nobody"]
    assert len({entry.key.lower() for entry in cohort.entries}) == 7
    assert named["joe"].key == "joe"
    assert named["joe"].path == tmp_path / "class" / "joe"
    assert [source.path for source in take_in(named["joe"].path).sources] == ["work.py"]
    assert named["jane"].path == tmp_path / "class" / "jane.zip"
    for name in ("empty", "nobody"):
        assert (named[name].path, named[name].problem) == (None, "The folder is empty.")
    assert list((tmp_path / "workspace").iterdir()) == []
    assert cohort == read(tmp_path, {})


def test_folders_with_code_in_an_archive_are_copied(tmp_path: Path) -> None:
    """One archive in a student's folder is what is graded; with a report beside it both are one submission."""
    hw = zip_bytes({"hw/work.py": WORK})
    alone, both = read(
        tmp_path, {"a/sub/hw.zip": hw, "a/.DS_Store": "x", "b/hw.zip": hw, "b/report.pdf": "%PDF"}
    ).entries

    assert alone.path == tmp_path / "workspace" / "a" / "sub" / "hw.zip"
    assert both.path == tmp_path / "workspace" / "b"
    assert sorted(path.name for path in both.path.iterdir()) == ["report.pdf", "work.py"]
    assert (tmp_path / "class" / "b" / "hw.zip").exists()


def test_names_that_are_no_text_are_read(tmp_path: Path) -> None:
    """A name in an old encoding is a student as well."""
    folder = unpacked(tmp_path / "class", {"joe.py": WORK})
    (folder / os.fsdecode(b"Zo\xeb.py")).write_text(WORK)
    entries = read(tmp_path, {}).entries

    assert [entry.about.name for entry in entries] == ["Zo_", "joe"]
    assert all(entry.path and take_in(entry.path) for entry in entries)


def test_other_files_are_remarks_and_hidden_ones_are_not(tmp_path: Path) -> None:
    """A list of the class beside the submissions is named; what a system left behind is ignored."""
    cohort = read(
        tmp_path, {**MIXED, "class.xlsx": "x", ".hidden": "x", ".cache/x.py": "x", "Thumbs.db": "x", "__MACOSX/x": ""}
    )

    assert len(cohort.entries) == 7
    assert cohort.remarks == ("Left out, neither an archive nor a notebook nor a Python file: class.xlsx.",)


def test_links_beside_submissions_are_refused(tmp_path: Path) -> None:
    """A link at the top is named; one inside of a submission is for intake to judge."""
    folder = unpacked(tmp_path / "class", MIXED)
    (folder / "joe" / "link.py").symlink_to("src/work.py")
    assert len(read(tmp_path, {}).entries) == 7

    (folder / "eve").symlink_to("/etc")
    assert "These are links, which are not followed: eve." in refusal(tmp_path, {})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "class holds no submission"),
        ({"notes.txt": "x", ".git/config": "x"}, "class holds no submission"),
        (
            {"work.py": WORK},
            "one file only (work.py). A single submission is graded by make grade SUBMISSION=class/work.py",
        ),
        ({"work.ipynb": "{}", "data.csv": "1"}, "one file only (work.ipynb)"),
        ({"submissions.zip": zip_bytes({"a.py": WORK})}, "a class as a platform has packed it, name the file itself"),
        (
            {"main.py": "from utils import f\nimport net", "utils.py": "", "net.py": "import torch"},
            "a single submission",
        ),
        (
            {"lab.ipynb": '{"source": ["import torch\\n", "from utils import f\\n"]}', "utils.py": WORK},
            "a single submission",
        ),
        ({"main.py": "import src.net", "src/net.py": "", "data/x.csv": ""}, "a single submission (main.py, data, src)"),
    ],
)
def test_what_is_no_class_is_refused(tmp_path: Path, files: Files, words: str) -> None:
    """An empty folder, and what looks like the work of one student."""
    (tmp_path / "class").mkdir()

    assert words in refusal(tmp_path, files)


def test_files_of_a_class_may_import_what_others_are_called(tmp_path: Path) -> None:
    """A module of Python's, and a name that two files share by chance, make no single submission of a class."""
    files = {
        "random.py": WORK,
        "jane.py": "import random",
        "joe.py": "import random\nimport jane",
        "eve.py": WORK,
        "adam.py": WORK,
    }

    assert len(read(tmp_path, files).entries) == 5


# ----------------------------------------------------------------------------------------------------------- about.csv


def test_about_csv_says_who_is_who(tmp_path: Path) -> None:
    """Rows are found by the name of a file or folder or by the key, whatever the order of the columns."""
    zoe = next(entry.key for entry in read(tmp_path, MIXED).entries if entry.about.name == "Zoë Å")
    table = (
        "\ufeffid,file,name,email,submitted_at,due\r\n"
        '123,jane.zip,"Doe, Jane",jane@example.org,2026-03-02T00:10:00+01:00,2026-03-01T23:59:00+01:00\r\n'
        f"=1+1,{zoe},<script>,,,\r\n\r\n"
        "9,late.zip,Late,,,\r\n"
    )
    cohort = read(tmp_path, {"about.csv": table})
    named = {entry.about.name: entry for entry in cohort.entries}

    assert named["Doe, Jane"].about == About(
        name="Doe, Jane",
        id="123",
        submitted_at="2026-03-02T00:10:00+01:00",
        due="2026-03-01T23:59:00+01:00",
        members=(Member(name="Doe, Jane", id="123", email="jane@example.org"),),
    )
    assert named["<script>"].about == About(name="<script>", id="=1+1")
    assert named["<script>"].key == zoe
    assert cohort.remarks == (
        "about.csv names these, of whom there is no file or folder: late.zip.",
        "about.csv does not say whose these are: =cmd.py, JANE, empty, joe, nobody.",
    )


def test_about_csv_makes_one_file_a_class(tmp_path: Path) -> None:
    """A teacher who says who is who means a class; accents may be composed in the table and taken apart on the disk."""
    files: Files = {unicodedata.normalize("NFD", "Zoë.py"): WORK, "about.csv": "file,id\nZoë.py,1\n"}

    assert [(entry.about.id, entry.about.name) for entry in read(tmp_path, files).entries] == [("1", "")]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "about.csv is empty. Its first line names the columns: file,name,id,email,submitted_at,due"),
        ("name,id\n", "about.csv:1: the column file is missing"),
        ("file,nmae\n", "about.csv:1, column 2: 'nmae' is not a column"),
        ("file;name\n", "about.csv:1, column 1: 'file;name' is not a column"),
        ("file,id,id\n", "about.csv:1, column 3: 'id' is not a column, or stands twice"),
        ("file,id\njoe,1,2\n", "about.csv:2: there are 3 cells under 2 columns"),
        ("file,id\njoe,1\n,2\n", "about.csv:3, column file: it is empty"),
        ("file,id\njoe,1\njoe,2\n", "about.csv:3, column file: joe stands in line 2 already"),
        ("file,id\njane.zip,1\nJOE,\n", ""),
        (
            "file,due\n\njoe,1 March\n",
            "about.csv:3, column due: '1 March' is no time; write it like 2026-03-01T23:59:00+01:00",
        ),
        ("file,submitted_at\njoe,24:00\n", "about.csv:2, column submitted_at: '24:00' is no time"),
        (
            'file,name\n"joe","a\nb"\n',
            "about.csv:2, column name: it is longer than 200 characters, or holds characters",
        ),
        ('file,name\njane.zip,"a\nb" c\n', "about.csv:2: this is no line of a CSV table"),
        (f"file,id\njoe,{'1' * 201}\n", "about.csv:2, column id: it is longer than 200 characters"),
        (b"file,name\njoe,Zo\xeb\n", "about.csv:2: this is not UTF-8"),
        (b"file\n" + b"x" * 10_000_000, "about.csv has more than 10 MB"),
    ],
)
def test_errors_in_about_csv_name_line_and_column(tmp_path: Path, table: str | bytes, words: str) -> None:
    """Whoever wrote the table is told where to look."""
    if words:
        assert words in refusal(tmp_path, {**MIXED, "about.csv": table})
    else:
        assert read(tmp_path, {**MIXED, "about.csv": table}).entries


def test_one_student_in_two_rows_is_refused(tmp_path: Path) -> None:
    """A file's name and its key are the same student."""
    files: Files = {"jane_d.zip": zip_bytes({"a.py": WORK}), "about.csv": "file,id\njane_d.zip,1\njane_d,2\n"}

    assert "about.csv:3, column file: jane_d stands in two rows" in refusal(tmp_path, files)
