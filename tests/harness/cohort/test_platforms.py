"""What Moodle, Canvas and Gradescope hand out becomes a class, whatever the students are called."""

from __future__ import annotations

import os
import re
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from platform_archives import (
    NAMES,
    WORK,
    Files,
    Student,
    canvas,
    canvas_name,
    gradescope,
    moodle,
    moodle_clean,
    students,
    tar_bytes,
    unpacked,
    zip_bytes,
    zipped,
)

from autograder.cohort.entries import Cohort, Entry
from autograder.cohort.platforms import download, read_cohort
from autograder.errors import UsageError
from autograder.intake import take_in
from autograder.records import Member

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
MAKERS: dict[str, tuple[str, Callable[[list[Student]], Files]]] = {
    "Moodle": ("moodle", moodle),
    "Moodle, before 4.1": ("moodle", lambda people: moodle(people, old=True)),
    "Moodle, without folders": ("moodle", lambda people: moodle(people, folders=False, old=True)),
    "Canvas": ("canvas", canvas),
    "Canvas, anonymous": ("canvas", lambda people: canvas(people, anonymous=True)),
    "Gradescope": ("gradescope", gradescope),
}


def read(tmp_path: Path, files: Files, *, packed: bool = True) -> Cohort:
    """Read a class from a zip, or from the same files unpacked."""
    path = zipped(tmp_path / "class.zip", files) if packed else unpacked(tmp_path / "class", files)
    return read_cohort(path, tmp_path / "workspace")


def refusal(path: Path, workspace: Path) -> str:
    """The message of a refusal, after which nothing is in the workspace."""
    with pytest.raises(UsageError) as caught:
        read_cohort(path, workspace)

    assert not workspace.exists() or list(workspace.iterdir()) == []
    assert str(caught.value).isprintable()
    return str(caught.value)


def files_of(entry: Entry) -> dict[str, str]:
    """Path -> text of what was put into an entry's folder."""
    assert entry.path is not None
    found = sorted(path for path in entry.path.rglob("*") if path.is_file())
    return {path.relative_to(entry.path).as_posix(): path.read_text() for path in found}


def by_number(cohort: Cohort) -> dict[str, Entry]:
    """The entries by what the platform calls them."""
    return {entry.about.platform_id: entry for entry in cohort.entries}


# ------------------------------------------------------------------------------------------------------ every platform


@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
@pytest.mark.parametrize("maker", MAKERS)
def test_nobody_is_lost_or_mixed_up(tmp_path: Path, maker: str, packed: bool) -> None:
    """Everyone has an entry, a key and a folder with their own work and nothing else, whatever they are called."""
    platform, make = MAKERS[maker]
    people = students()
    if not packed:
        people = [one for one in people if len(one.name.encode()) < 150]  # what a folder on disk can be called
    cohort = read(tmp_path, make(people), packed=packed)
    keys = [entry.key for entry in cohort.entries]

    assert cohort.platform == platform
    assert cohort.remarks == ()
    assert len(cohort.entries) == len(people)
    assert len({key.lower() for key in keys}) == len(people)
    assert keys == sorted(keys)
    assert all(KEY.fullmatch(key) for key in keys)
    assert {text for entry in cohort.entries for text in files_of(entry).values()} == {
        one.files["work.py"] for one in people
    }
    for entry in cohort.entries:
        assert entry.path == tmp_path / "workspace" / entry.key
        assert entry.problem == ""
        assert [source.path for source in take_in(entry.path).sources] == ["work.py"]
        assert (entry.about.platform, entry.about.submitted_at != "") == (platform, platform == "gradescope")


@pytest.mark.parametrize("maker", MAKERS)
def test_reading_again_gives_the_same_and_replaces_the_files(tmp_path: Path, maker: str) -> None:
    """Keys, paths and who is who do not change; what was left or altered under a key is gone."""
    files = MAKERS[maker][1](students())
    first = read(tmp_path, files)
    path = first.entries[3].path
    assert path is not None
    (path / "left_over.py").write_text("x = 1")
    (path / "work.py").write_text("altered")

    assert read(tmp_path, files) == first
    assert list(files_of(first.entries[3])) == ["work.py"]
    assert files_of(first.entries[3])["work.py"].endswith(WORK)
    assert sorted(path.name for path in (tmp_path / "workspace").iterdir()) == [entry.key for entry in first.entries]


@pytest.mark.parametrize("maker", MAKERS)
def test_a_class_of_one(tmp_path: Path, maker: str) -> None:
    """The folder around everything may be a student's own."""
    cohort = read(tmp_path, MAKERS[maker][1]([Student("Jane Doe", 12)]))

    assert [list(files_of(entry)) for entry in cohort.entries] == [["work.py"]]


@pytest.mark.parametrize("maker", MAKERS)
def test_a_folder_around_everything_is_no_part_of_it(tmp_path: Path, maker: str) -> None:
    """Archives that were unpacked and packed again have a folder more."""
    platform, make = MAKERS[maker]
    cohort = read(tmp_path, {f"downloads/hw 1/{name}": data for name, data in make(students()).items()})

    assert (cohort.platform, len(cohort.entries)) == (platform, len(NAMES))


@pytest.mark.parametrize("maker", MAKERS)
def test_left_behind_files_are_ignored(tmp_path: Path, maker: str) -> None:
    """What operating systems leave behind is no submission, and no remark."""
    files = dict(MAKERS[maker][1](students()))
    own = next(name for name in files if name.endswith("work.py"))
    junk = ["__MACOSX/a/b", ".DS_Store", "Thumbs.db", ".hidden", f"__MACOSX/._{own}"]
    if own.endswith("/work.py"):
        junk += [own.replace("work.py", name) for name in (".DS_Store", ".git/config", ".env", "__MACOSX/._work.py")]
    cohort = read(tmp_path, files | dict.fromkeys(junk, "x"))

    assert cohort.remarks == ()
    assert all(list(files_of(entry)) == ["work.py"] for entry in cohort.entries)


@pytest.mark.parametrize("maker", MAKERS)
def test_what_does_not_match_is_a_remark(tmp_path: Path, maker: str) -> None:
    """A stranger among the files is named to the teacher."""
    top = "assignment_4711_export/" if maker == "Gradescope" else ""
    strangers = {f"{top}class list.xlsx": "x", f"{top}readme/notes\x1b.txt": "y"}
    cohort = read(tmp_path, dict(MAKERS[maker][1](students())) | strangers)

    assert len(cohort.entries) == len(NAMES)
    assert len(cohort.remarks) == 1
    assert "class list.xlsx, readme/notes" in cohort.remarks[0]
    assert cohort.remarks[0].isprintable()


@pytest.mark.parametrize("maker", MAKERS)
def test_one_archive_is_what_is_graded(tmp_path: Path, maker: str) -> None:
    """Who hands in one archive is graded by it; it is not unpacked here."""
    people = [Student("Jane Doe", 1, {"hw.zip": zip_bytes({"a.py": WORK})}), Student("Joe", 2), Student("Jim", 3)]
    jane = next(
        entry for entry in read(tmp_path, MAKERS[maker][1](people)).entries if entry.path and entry.path.is_file()
    )

    assert jane.path == tmp_path / "workspace" / jane.key / "hw.zip"
    assert take_in(jane.path).kind == "zip"


@pytest.mark.parametrize("pack", [zip_bytes, tar_bytes])
@pytest.mark.parametrize("maker", MAKERS)
def test_an_archive_beside_other_files_is_unpacked(tmp_path: Path, maker: str, pack: Callable[[Files], bytes]) -> None:
    """Code in an archive and a report beside it are one submission; the folder in the archive is the packing's."""
    name = "hw.zip" if pack is zip_bytes else "hw.tar.gz"
    packed = {name: pack({"hw/work.py": WORK, "hw/src/net.py": "x"}), "report.pdf": "%PDF"}
    people = [Student("Jane Doe", 1, packed), Student("Joe", 2), Student("Jim", 3)]
    jane = next(
        one for one in read(tmp_path, MAKERS[maker][1](people)).entries if one.path and (one.path / "src").exists()
    )

    assert list(files_of(jane)) == ["report.pdf", "src/net.py", "work.py"]


@pytest.mark.parametrize(
    "files",
    [
        {"hw.zip": zip_bytes({"../../a.py": WORK}), "b.pdf": "x"},
        {"hw.zip": b"PK\x03\x04 damaged", "b.pdf": "x"},
        {"hw.zip": zip_bytes({"B.pdf": "y", "b.pdf": "z", "a.py": WORK}), "b.pdf": "x"},
        {"hw.zip": zip_bytes({"data.csv": "1"}), "b.pdf": "x"},
        {"hw.zip": zip_bytes({"a.py": WORK}), "old.zip": zip_bytes({"a.py": WORK})},
        {"hw.zip": zip_bytes({"a.py": WORK}), "a.py": WORK},
        {"hw.rar": "Rar!", "b.pdf": "x"},
    ],
    ids=["unsafe", "damaged", "name taken", "no code", "two", "code beside", "other format"],
)
def test_an_archive_that_cannot_be_unpacked_stays(tmp_path: Path, files: Files) -> None:
    """Intake has the last word on what is no clear submission: one student stops nobody else."""
    jane = by_number(read(tmp_path, moodle([Student("Jane Doe", 1, files), Student("Joe", 2)])))["1"]

    assert jane.path is not None
    assert {path.name: path.read_bytes() for path in jane.path.iterdir()} == {
        name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()
    }


@pytest.mark.parametrize("maker", [maker for maker in MAKERS if "without" not in maker and "Canvas" not in maker])
def test_folders_of_a_student_are_kept(tmp_path: Path, maker: str) -> None:
    """What is in sub-folders stays there, also with names that are too long or cannot be shown."""
    long = "é" * 200
    odd = {
        "src/net.py": WORK,
        "main.py": "x",
        f"data/{long}1.csv": "1",
        f"data/{long}2.csv": "2",
        "data/a\u202eb.csv": "3",
    }
    cohort = read(tmp_path, MAKERS[maker][1]([Student("Jane Doe", 1, odd), Student("Joe", 2)]))
    jane = next(entry for entry in cohort.entries if "main.py" in files_of(entry))

    cut = f"data/{long[:98]}"
    assert sorted(files_of(jane)) == ["data/a_b.csv", f"{cut}.csv", f"{cut}_2.csv", "main.py", "src/net.py"]


# -------------------------------------------------------------------------------------------------------------- Moodle


def test_moodle_says_who(tmp_path: Path) -> None:
    """Name and participant stand in the folder's name, and in the key as far as ASCII goes."""
    entries = by_number(read(tmp_path, moodle(students())))

    for number, (id_, entry) in enumerate(sorted(entries.items())):
        assert (entry.about.id, id_) == (str(657700 + number),) * 2
        assert entry.about.name == moodle_clean(NAMES[number]).replace("\u202e", "\ufffd")[:200]
        assert (entry.about.late, entry.about.members) == (None, ())
    assert [entries[str(657700 + number)].key for number in (0, 1, 3, 8, 9, 10, 13)] == [
        "Jane_Doe-657700",
        "Jane_Doe-657701",
        "Smith_Jr-657703",
        "Zoe_Akesson-657708",
        "Zoe_Akesson-657709",
        "student-657710",
        "Aegir_Thorsson-Los-657713",
    ]


def test_moodle_blind_marking_and_teams(tmp_path: Path) -> None:
    """Participants without a name, groups of both kinds, and those who are in no group."""
    files = moodle([Student("Participant", 1), Student("Participant", 2), Student("Team 1-Anna-Lena Meier", 3)])
    cohort = read(tmp_path, files | {"Default group_assignsubmission_file/work.py": WORK})

    assert [(entry.key, entry.about.name, entry.about.platform_id) for entry in cohort.entries] == [
        ("Default_group-" + cohort.entries[0].key[-8:], "Default group", ""),
        ("Participant-1", "Participant", "1"),
        ("Participant-2", "Participant", "2"),
        ("Team_1-Anna-Lena_Meier-3", "Team 1-Anna-Lena Meier", "3"),
    ]


def test_moodle_who_handed_in_nothing_has_an_entry(tmp_path: Path) -> None:
    """An empty folder and online text alone are problems to look at; online text beside files is a remark, feedback too."""
    people = [Student("Jane Doe", 1), Student("Empty", 2, {}), *(Student(str(one), 10 + one) for one in range(4))]
    texts = moodle(
        [Student("Writer", 3, {"onlinetext.html": "<p>"}), Student("Jane Doe", 1, {"onlinetext.html": "<p>"})],
        plugin="onlinetext",
    )
    others = moodle([Student("Talker", 4, {"talk.mp3": "x"})], plugin="audio")
    feedback = {"Jane Doe_1_assignfeedback_file/comments.pdf": "x"}
    for packed in (True, False):
        cohort = read(tmp_path / str(packed), {**moodle(people), **texts, **others, **feedback}, packed=packed)
        entries = by_number(cohort)

        assert (entries["2"].path, entries["2"].problem) == (None, "No file was handed in.")
        assert (entries["3"].path, entries["3"].problem) == (None, "Only online text was handed in, and no file.")
        assert (entries["4"].path, entries["4"].problem) == (None, "No file was handed in.")
        assert list(files_of(entries["1"])) == ["work.py"]
        assert cohort.remarks == (
            "Left out, feedback and no submission: Jane Doe_1_assignfeedback_file/comments.pdf.",
            "Left out, neither a file nor online text that was handed in: Talker_4_assignsubmission_audio/talk.mp3.",
            "Left out, online text of those who handed in files too: Jane Doe.",
        )


# -------------------------------------------------------------------------------------------------------------- Canvas


def test_canvas_says_who_and_who_was_late(tmp_path: Path) -> None:
    """The sortable name, the user's number and the mark of lateness stand in every file's name."""
    entries = by_number(read(tmp_path, canvas(students(), late=(657702, 657717))))

    for number, (id_, entry) in enumerate(sorted(entries.items())):
        assert (entry.about.id, id_) == (str(657700 + number),) * 2
        assert entry.about.name == canvas_name(NAMES[number])[:200]
        assert entry.about.late == (id_ in ("657702", "657717"))


def test_canvas_anonymous_students_have_no_name(tmp_path: Path) -> None:
    """Only the anonymous number is known, also where files begin with numbers and letters differ only in case."""
    people = [Student("x", 1, {"1_a.py": WORK, "2_b.py": WORK}), Student("x", 2)]
    files = canvas(people, anonymous=True) | {"LATE_anon_1zZ_9000000_c.py": WORK}
    cohort = read(tmp_path, files)

    assert [(one.about.name, one.about.platform_id, one.about.late) for one in cohort.entries] == [
        ("", "anon_1Zz", False),
        ("", "anon_1zZ", True),
        ("", "anon_2Zz", False),
    ]
    assert list(files_of(cohort.entries[0])) == ["1_a.py", "2_b.py"]


def test_canvas_files_of_one_student_come_together(tmp_path: Path) -> None:
    """Several files are one submission, under the names that they were handed in with."""
    cohort = read(
        tmp_path,
        canvas([Student("Jane Doe", 1, {"a.py": WORK, "report.pdf": "%PDF", "b.py": "y = 2"}), Student("Joe", 2)]),
    )

    assert list(files_of(cohort.entries[0])) == ["a.py", "b.py", "report.pdf"]


def test_canvas_the_newest_of_a_file_counts(tmp_path: Path) -> None:
    """`work-1.py` beside `work.py` is the same file handed in again; older ones are remarks. What is no such chain is kept."""
    again = {"work.py": "1", "other.py": "o", "work-1.py": "2", "work-2.py": "3"}
    parts = {"part-1.py": "1", "part-2.py": "2", "lab-1.ipynb": "{}"}
    people = [Student("a", 1, again), Student("b", 2, parts), Student("c", 3, {"net-3.py": "x"}), Student("d", 4)]
    cohort = read(tmp_path, canvas(people))

    assert [files_of(entry) for entry in cohort.entries[:3]] == [
        {"other.py": "o", "work.py": "3"},
        {"lab-1.ipynb": "{}", "part-1.py": "1", "part-2.py": "2"},
        {"net.py": "x"},
    ]
    assert cohort.remarks == (
        "Left out, older than another file of the same name: a_1_8000001_work.py, a_1_8000003_work-1.py.",
        "Graded under the name from before Canvas numbered it: a_1_8000004_work-2.py as work.py, c_3_8000008_net-3.py as net.py.",
    )


def test_canvas_text_and_links_are_no_files(tmp_path: Path) -> None:
    """Who handed in only a text or a link has an entry that says so."""
    people = [Student("a", 1, {"text.html": "x"}), Student("b", 2, {"link.html": "x"}), Student("c", 3)]
    cohort = read(tmp_path, canvas([*people, Student("d", 4, {"text.html": "x", "e.py": WORK})]))

    assert [(entry.problem, entry.path is None) for entry in cohort.entries] == [
        ("Only a text was handed in, and no file.", True),
        ("Only a link was handed in, and no file.", True),
        ("", False),
        ("", False),
    ]
    assert cohort.remarks == ("Left out, text and links of those who handed in files too: d.",)


def test_canvas_a_name_that_imitates_another_student_is_told(tmp_path: Path) -> None:
    """Who is called `doejane_1` can be read as user 1: beside files of that user the teacher is asked to look."""
    files = canvas([Student("doejane", 1, {"a.py": WORK}), Student("joe", 2)]) | {"doejane_1_99_8000009_b.py": "x = 1"}

    assert read(tmp_path, files).remarks == (
        "Look whether these belong to whom they are graded for, since numbers stand in their names: doejane_1_99_8000009_b.py.",
    )


@pytest.mark.parametrize("name", ["{}_2026_11_hw.py", "{}_2026_1{}_hw.py", "{}_{}_11_hw.py"])
def test_dates_are_no_students_of_canvas(tmp_path: Path, name: str) -> None:
    """One number for everybody is no user, and one for every file no attachment: the folder is a folder."""
    names = ("jane", "joe", "jim", "jill")
    files = {name.format(one, place): WORK for place, one in enumerate(names)}
    cohort = read(tmp_path, files, packed=False)

    assert (cohort.platform, len(cohort.entries)) == ("folder", 4)


# ---------------------------------------------------------------------------------------------------------- Gradescope


def test_gradescope_says_who_and_when(tmp_path: Path) -> None:
    """Submitters and time come from the metadata, and not from what results say."""
    files = gradescope(students(), groups={657700: ["Jane Doe", "=cmd", "יעל"]})
    entries = by_number(read(tmp_path, files))
    group, single = entries["657700"].about, entries["657701"].about

    assert group.members == tuple(
        Member(name=name, id="657701", email="s657700@example.org") for name in ("Jane Doe", "=cmd", "יעל")
    )
    assert (group.name, group.id) == ("Jane Doe, =cmd, יעל", "657701, 657701, 657701")
    assert group.submitted_at == "2026-03-01T22:00:00.113837+00:00"
    assert (single.name, single.id, single.platform_id) == ("Jane Doe", "657702", "657701")
    assert (single.late, single.due) == (None, "")


def test_gradescope_submissions_that_only_one_side_knows(tmp_path: Path) -> None:
    """A folder without metadata and metadata without a folder are entries, and told."""
    files = dict(gradescope([*students(), Student("Nothing", 5, {})]))
    files["assignment_4711_export/submission_77/work.py"] = WORK
    cohort = read(tmp_path, files)
    entries = by_number(cohort)

    assert (entries["5"].path, entries["5"].problem) == (None, "The export holds no file of it.")
    assert (entries["77"].about.name, entries["77"].key) == ("", "student-77")
    assert cohort.remarks == ("submission_metadata.yml does not say whose these are: submission_77.",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  :submitters:", "  :submitters: !ruby/object:Kernel", ":3: `!name` (a tag) is not used here"),
        ("  :submitters:", "  :submitters: &1", ":3: `&name` and `*name`"),
        ("2026-03-01 22:00", "2026-99-01 22:00", ":7: this is no point in time; this was not read of submission_1."),
        ("2026-03-01 22:00", "[", ":8: expected"),
        (":name: ", ":name: \xff", ":3: it is not UTF-8"),
        ("  - :name", "  - - x\n  - :name", ":4: a submitter has :name, :sid and :email"),
        (":submitters:\n", ":submitters: x\n  :no:\n", ":3: a list of submitters is missing"),
    ],
    ids=["tag", "anchor", "time", "broken", "bytes", "submitter", "submitters"],
)
def test_gradescope_metadata_are_not_trusted(tmp_path: Path, old: str, new: str, words: str) -> None:
    """What cannot be read of one submission is a remark with its line; the submission is graded."""
    files = dict(gradescope([Student("Jane Doe", 1), Student("Joe", 2)]))
    name = next(iter(files))
    text = files[name]
    assert isinstance(text, str)
    cohort = read(tmp_path, files | {name: text.replace(old, new, 1).encode("latin-1")})

    assert len(cohort.entries) == 2
    assert [one for one in cohort.remarks if f"submission_metadata.yml{words}" in one] == list(cohort.remarks[:1])
    assert all(entry.path for entry in cohort.entries)


def test_gradescope_metadata_of_another_form_are_told_once(tmp_path: Path) -> None:
    """Where nothing can be read, the teacher reads five lines and how many more there are."""
    files = dict(gradescope(students()))
    name = next(iter(files))
    cohort = read(tmp_path, files | {name: str(files[name]).replace(" Z\n", " noon\n")})

    assert len(cohort.remarks) == 6
    assert cohort.remarks[5] == f"submission_metadata.yml: {len(NAMES) - 5} more like these."


def test_gradescope_results_are_skipped_whatever_they_hold(tmp_path: Path) -> None:
    """A line of megabytes in the results is not kept, and what stands where it is cut is no field and no submission."""
    files = dict(gradescope([Student("Jane Doe", 1)]))
    name = next(iter(files))
    pieces = ("  :submitters:" + " x" * 100_000, "submission_7:")
    lines = [f"    a: {'x' * (65_536 - 7)}{piece}\n" for piece in pieces]
    text = str(files[name]).replace("    tests:", f"{''.join(lines)}    tests:")
    cohort = read(tmp_path, files | {name: text}, packed=False)

    assert ([entry.about.name for entry in cohort.entries], cohort.remarks) == (["Jane Doe"], ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--- []\n", "names no submission"),
        ("submission_1:\nsubmission_1:\n", "yml:2: submission_1 stands here for the second time"),
    ],
)
def test_gradescope_metadata_that_say_nothing_are_refused(tmp_path: Path, text: str, words: str) -> None:
    """Without metadata nobody knows who is who."""
    files = {"submission_metadata.yml": text, "submission_1/work.py": WORK}

    assert words in refusal(zipped(tmp_path / "export.zip", files), tmp_path / "workspace")


# ----------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x.py", "leads outside"),
        ("/etc/x.py", "absolute"),
        ("C:\\x.py", "absolute"),
        ("a/..\\..\\x.py", "leads outside"),
        ("Jane Doe_657700_assignsubmission_file/work.py/x", "for a file and for a folder"),
    ],
)
def test_unsafe_names_are_refused(tmp_path: Path, name: str, words: str) -> None:
    """An archive with a name that leads outside is refused as a whole, before anything is written."""
    message = refusal(zipped(tmp_path / "class.zip", dict(moodle(students())) | {name: "x"}), tmp_path / "workspace")

    assert words in message
    assert "Nothing of the class was graded" in message


def test_links_are_refused_by_name(tmp_path: Path) -> None:
    """A symbolic link is not followed, in a zip or on the disk."""
    path = zipped(tmp_path / "class.zip", moodle(students()))
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("Eve_9_assignsubmission_file/secret.py")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    folder = unpacked(tmp_path / "class", moodle([Student("Eve", 9), Student("Joe", 1)]))
    (folder / "Eve_9_assignsubmission_file" / "secret.py").symlink_to("/etc/passwd")

    assert "Eve_9_assignsubmission_file/secret.py is a link" in refusal(path, tmp_path / "workspace")
    assert "Eve_9_assignsubmission_file/secret.py" in refusal(folder, tmp_path / "workspace")


def test_encrypted_members_are_refused_by_name(tmp_path: Path) -> None:
    """A password is asked from nobody."""
    data = bytearray(zipped(tmp_path / "class.zip", canvas(students())).read_bytes())
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 8, 0x1)
    (tmp_path / "class.zip").write_bytes(data)

    assert "is encrypted (janedoe_657700_8000001_work.py)" in refusal(tmp_path / "class.zip", tmp_path / "workspace")


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """Two members that share their bytes are the trick of a zip bomb."""
    data = bytearray(zipped(tmp_path / "class.zip", canvas(students())).read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 0)
    (tmp_path / "class.zip").write_bytes(data)

    assert "overlaps" in refusal(tmp_path / "class.zip", tmp_path / "workspace")


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One member that unpacks to far more than it is packed, and all together beyond the limit of a class."""
    zeros = zipped(
        tmp_path / "zeros.zip", dict(moodle(students())) | {"Eve_9_assignsubmission_file/a.bin": bytes(30_000_000)}
    )
    assert "zip bomb" in refusal(zeros, tmp_path / "workspace")

    monkeypatch.setattr(download, "CLASS", replace(download.CLASS, total_bytes=500))
    path = zipped(tmp_path / "class.zip", moodle(students()))
    assert "the limit is 500 bytes" in refusal(path, tmp_path / "workspace")


def test_damage_is_found_and_changes_nothing(tmp_path: Path) -> None:
    """An archive that is damaged in its middle is refused, and what was read before stays as it was."""
    path = zipped(tmp_path / "class.zip", moodle(students()))
    before = read_cohort(path, tmp_path / "workspace")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x03\x04", len(data) // 3)
    data[at + 90 : at + 94] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="damaged zip archive"):
        read_cohort(path, tmp_path / "workspace")

    assert all(list(files_of(entry)) == ["work.py"] for entry in before.entries)
    assert len(list((tmp_path / "workspace").iterdir())) == len(NAMES)


def test_nothing_is_written_outside_of_the_workspace(tmp_path: Path) -> None:
    """A link in the place of an entry's folder is replaced and not followed."""
    files = moodle(students())
    outside = unpacked(tmp_path / "outside", {"kept.py": "x"})
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "Jane_Doe-657700").symlink_to(outside)
    read(tmp_path, files)

    assert os.listdir(outside) == ["kept.py"]
    assert list(files_of(by_number(read(tmp_path, files))["657700"])) == ["work.py"]


def test_a_workspace_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the workspace should be, as a full disk would, ends with a sentence."""
    (tmp_path / "workspace").write_text("x")
    with pytest.raises(UsageError, match=r"workspace cannot be written \(.*\)\. Make room, or name another folder\."):
        read(tmp_path, moodle(students()))


def test_a_pipe_in_a_folder_is_refused(tmp_path: Path) -> None:
    """What is neither a file nor a folder is not waited for."""
    folder = unpacked(tmp_path / "class", moodle([Student("Eve", 9), Student("Joe", 1)]))
    os.mkfifo(folder / "Eve_9_assignsubmission_file" / "pipe.py")

    assert "pipe.py is not a file or a folder" in refusal(folder, tmp_path / "workspace")


def test_a_folder_of_everything_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names the root of a disk is told before all of it has been listed."""
    monkeypatch.setattr(download, "CLASS", replace(download.CLASS, members=10))
    folder = unpacked(tmp_path / "class", {f"a{one}/work.py": WORK for one in range(20)})

    assert "class holds more than 10 files. Name the folder of one class." in refusal(folder, tmp_path / "workspace")


def test_what_a_killed_reading_left_is_removed(tmp_path: Path) -> None:
    """Half-unpacked files do not pile up; those of a process that lives are left alone."""
    gone = unpacked(tmp_path / "workspace" / ".unpacking-999999999-a", {"x": "1"})
    at_work = unpacked(tmp_path / "workspace" / f".unpacking-{os.getppid()}-b", {"x": "1"})
    read(tmp_path, moodle(students()))

    assert (gone.exists(), at_work.exists()) == (False, True)


TOPS = st.sampled_from(
    (
        "",
        "Jane_1_assignsubmission_file/",
        "Joe_2_assignsubmission_file_",
        "jane_1_2_",
        "LATE_anon_3_4_",
        "submission_1/",
    )
)
PIECES = st.sampled_from(
    (
        *("../", "..", ".", "/", "\\", "C:", "a", "é", "_", "\u202e", "\n", "\x1b", "x" * 260),
        *("submission_metadata.yml", "work.py", "hw.zip", ".git/", "-1.py"),
    )
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TOPS, st.lists(st.lists(PIECES, max_size=4).map("".join), min_size=1, max_size=5, unique=True))
def test_whatever_the_names_nothing_is_written_elsewhere(top: str, names: list[str]) -> None:
    """An archive with any names is a class or is refused, and what is written stays in the entries' folders."""
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{top}{name}": "submission_1:\n" for name in names if top or name}
        path = zipped(Path(folder, "in", "class.zip"), files)
        try:
            keys = {entry.key for entry in read_cohort(path, Path(folder, "in", "workspace")).entries}
        except UsageError:
            keys = set()

        assert os.listdir(folder) == ["in"]
        assert set(os.listdir(path.parent)) <= {"class.zip", "workspace"}
        assert {found.name for found in path.parent.glob("workspace/*")} <= keys


def test_a_workspace_in_the_class_is_refused(tmp_path: Path) -> None:
    """It would be read as a submission the next time."""
    folder = unpacked(tmp_path / "class", moodle(students()[:3]))

    assert "lies in the class itself" in refusal(folder, folder / "workspace")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"hw/work.py": WORK, "hw/utils.py": "x"}, "make grade SUBMISSION=class.zip"),
        ({"jane.zip": zip_bytes({"a.py": WORK})}, "no class that Moodle, Canvas or Gradescope has packed"),
        ({"submission_metadata.yml": "submission_1:\n", "a/x.py": "", "b/x.py": ""}, "no class"),
        ({}, "no class"),
    ],
)
def test_a_zip_that_no_platform_made_is_no_class(tmp_path: Path, files: Files, words: str) -> None:
    """Nothing is guessed from a zip that may be one student's."""
    assert words in refusal(zipped(tmp_path / "class.zip", files), tmp_path / "workspace")


def test_what_is_no_archive_is_no_class(tmp_path: Path) -> None:
    """A file, and a path where nothing is."""
    (tmp_path / "work.py").write_text(WORK)

    assert "make grade SUBMISSION=work.py" in refusal(tmp_path / "work.py", tmp_path / "workspace")
    assert "does not exist" in refusal(tmp_path / "nothing", tmp_path / "workspace")
