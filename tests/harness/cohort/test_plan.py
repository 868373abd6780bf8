"""What is left to do for a class, from files on disk and what is known of each student."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from platform_archives import Files, unpacked

from autograder.cohort.entries import Entry
from autograder.cohort.plan import Plan, Planned, content_digest, plan_of
from autograder.cohort.store import Known, State
from autograder.records import About

WORK: Files = {"work.py": "x = 1\n", "src/net.py": "y = 2\n", "src/deep/data.bin": "\0\1"}
DECIDES = "the assignment as it is"


def folder(tmp_path: Path, name: str = "anna") -> Path:
    """A submission with the files of `WORK`."""
    return unpacked(tmp_path / name, WORK)


def entry(path: Path | None, key: str = "", at: str = "2026-03-01T10:00:00+01:00") -> Entry:
    """One submission; its key is the name of its folder unless said otherwise."""
    return Entry(key or (path.stem if path else "nobody"), About(submitted_at=at), path)


def planned(*entries: Entry, known: Mapping[str, Known] | None = None, retry: bool = False) -> Plan:
    """What there is to do."""
    return plan_of(entries, known or {}, DECIDES, retry=retry)


def known(plan: Plan, state: State = "graded") -> dict[str, Known]:
    """What the store knows after all of a plan was done."""
    return {one.entry.key: Known(one.job, state, one.sha256) for one in plan.todo}


def keys(part: tuple[Planned, ...]) -> list[str]:
    """Whose they are."""
    return [one.entry.key for one in part]


# ------------------------------------------------------------------------------------------------------------- plan


def test_a_new_class_is_all_to_do(tmp_path: Path) -> None:
    """Everybody waits for a first grade; who has nothing to grade is absent."""
    anna, nobody = entry(folder(tmp_path)), entry(None)
    plan = planned(anna, nobody)

    assert keys(plan.todo) == ["anna"]
    assert plan.todo[0].is_new
    assert plan.todo[0].sha256 == content_digest(tmp_path / "anna")
    assert (plan.standing, plan.set_aside, plan.absent) == ((), (), (nobody,))


@pytest.mark.parametrize("state", ["graded", "rejected"])
def test_what_has_not_changed_stands(tmp_path: Path, state: State) -> None:
    """The same files and the same assignment: nothing is done again, also where the submission was rejected."""
    anna = entry(folder(tmp_path))
    again = planned(anna, known=known(planned(anna), state))

    assert (again.todo, keys(again.standing), again.set_aside) == ((), ["anna"], ())
    assert not again.standing[0].is_new


def test_who_left_nothing_this_time_is_absent(tmp_path: Path) -> None:
    """A grade from before is no work."""
    plan = planned(entry(None, "anna"), known=known(planned(entry(folder(tmp_path)))))

    assert (plan.todo, plan.standing, len(plan.absent)) == ((), (), 1)


def test_a_changed_file_is_graded_again_as_new(tmp_path: Path) -> None:
    """It is work that has no grade yet."""
    anna = entry(folder(tmp_path))
    before = known(planned(anna))
    (tmp_path / "anna" / "src" / "net.py").write_text("y = 3\n")
    plan = planned(anna, known=before)

    assert keys(plan.todo) == ["anna"]
    assert plan.todo[0].is_new
    assert plan.todo[0].job != before["anna"].job


@pytest.mark.parametrize("state", ["graded", "rejected", "error", "set_aside"])
def test_another_assignment_is_a_regrading(tmp_path: Path, state: State) -> None:
    """What grades depend on has changed: all are graded again, also what was set aside, and none of it is new."""
    anna = entry(folder(tmp_path))
    plan = plan_of([anna], known(planned(anna), state), "another assignment", retry=False)

    assert keys(plan.todo) == ["anna"]
    assert not plan.todo[0].is_new


def test_an_error_is_tried_again(tmp_path: Path) -> None:
    """It was our fault; the job is the same, so that its row is replaced."""
    anna = entry(folder(tmp_path))
    before = known(planned(anna), "error")
    plan = planned(anna, known=before)

    assert [one.job for one in plan.todo] == [before["anna"].job]
    assert not plan.todo[0].is_new


def test_what_was_set_aside_is_tried_again_on_demand(tmp_path: Path) -> None:
    """Otherwise it is listed as set aside; a change of its files is demand enough."""
    anna = entry(folder(tmp_path))
    before = known(planned(anna), "set_aside")
    left = planned(anna, known=before)
    assert (left.todo, left.standing, keys(left.set_aside)) == ((), (), ["anna"])

    retried = planned(anna, known=before, retry=True)
    assert (keys(retried.todo), retried.set_aside) == (["anna"], ())

    (tmp_path / "anna" / "work.py").write_text("changed")
    assert keys(planned(anna, known=before).todo) == ["anna"]


def test_retrying_leaves_grades_alone(tmp_path: Path) -> None:
    """`retry` is about what was set aside only."""
    anna = entry(folder(tmp_path))

    assert planned(anna, known=known(planned(anna)), retry=True).todo == ()


def test_the_same_content_for_different_students(tmp_path: Path) -> None:
    """Two jobs: their questions and reports differ, and the grade of one is none of the other."""
    anna, bert = entry(folder(tmp_path, "anna")), entry(folder(tmp_path, "bert"))
    plan = planned(anna, bert)
    assert plan.todo[0].sha256 == plan.todo[1].sha256
    assert plan.todo[0].job != plan.todo[1].job

    half = planned(anna, bert, known=known(planned(anna)))
    assert (keys(half.todo), keys(half.standing)) == (["bert"], ["anna"])


def test_new_work_goes_first_and_then_who_was_first(tmp_path: Path) -> None:
    """Times are compared as points in time, whatever their zone; those that are not known come last, and keys decide a draw."""
    times = {
        "early": "2026-03-01T23:30:00+02:00",  # 21:30 UTC
        "later": "2026-03-01T22:00:00Z",
        "plain": "2026-03-01T22:30:00",
        "zoned": "2026-03-01T18:00:00-05:00",  # 23:00 UTC
        "first": "0001-01-01T00:00:00+14:00",
        "a-draw": "2026-03-01T22:00:00+00:00",
        "odd": "soon",
        "none": "",
        "old": "2026-01-01T00:00:00Z",
        "older": "2025-01-01T00:00:00Z",
    }
    entries = [entry(folder(tmp_path, name), at=at) for name, at in times.items()]
    before = known(planned(*(one for one in entries if one.key.startswith("old"))), "error")
    plan = planned(*entries, known=before)

    new = ["first", "early", "a-draw", "later", "plain", "zoned", "none", "odd"]
    assert keys(plan.todo) == [*new, "older", "old"]
    assert [one.is_new for one in plan.todo] == [True] * len(new) + [False] * 2


# ----------------------------------------------------------------------------------------------------------- digest


def test_a_digest_is_that_of_names_and_contents(tmp_path: Path) -> None:
    """The same for the same files elsewhere, in whichever order they were made; times, modes and empty folders do not count."""
    here = folder(tmp_path, "here")
    there = unpacked(tmp_path / "there", dict(reversed(WORK.items())))
    (there / "empty").mkdir()
    (there / "work.py").chmod(0o755)
    os.utime(there / "work.py", (0, 0))

    assert content_digest(here) == content_digest(there)
    assert len(content_digest(here)) == 64


def test_every_change_of_a_folder_changes_its_digest(tmp_path: Path) -> None:
    """A renamed file, a moved one, swapped contents, one more, one less, an empty one."""
    files: list[Files] = [
        WORK,
        {**WORK, "work.py": "x = 2\n"},
        {"work2.py": "x = 1\n", "src/net.py": "y = 2\n", "src/deep/data.bin": "\0\1"},
        {"src/work.py": "x = 1\n", "src/net.py": "y = 2\n", "src/deep/data.bin": "\0\1"},
        {"work.py": "y = 2\n", "src/net.py": "x = 1\n", "src/deep/data.bin": "\0\1"},
        {**WORK, "more.py": ""},
        {"work.py": "x = 1\n"},
        {"work.py": ""},
    ]
    digests = [content_digest(unpacked(tmp_path / str(number), one)) for number, one in enumerate(files)]

    assert len(set(digests)) == len(files)


def test_a_file_cannot_be_written_to_look_like_two(tmp_path: Path) -> None:
    """Where a name ends and a content begins is no matter of what stands in them."""
    two = unpacked(tmp_path / "two", {"a.py": "1", "b.py": "2"})
    contents = ["1b.py2", "1\0b.py\x002", "1\nb.py\n2"]
    others = [content_digest(unpacked(tmp_path / str(n), {"a.py": text})) for n, text in enumerate(contents)]

    assert content_digest(two) not in others


def test_a_file_by_itself(tmp_path: Path) -> None:
    """Its content counts, and its name unless it is an archive's: modules are named after files."""
    work, other, one, two = (tmp_path / name for name in ("work.py", "other.py", "one.zip", "two.ZIP"))
    for path in (work, other, one, two):
        path.write_bytes(b"x = 1\n" * 1_000_000)
    before = content_digest(work)

    assert before != content_digest(other)
    assert content_digest(one) == content_digest(two)
    work.write_bytes(b"x = 1\n" * 999_999 + b"x = 2\n")
    assert content_digest(work) != before


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Where one points counts, not what is there; a folder behind one, or a loop, is not read."""
    outside = unpacked(tmp_path / "outside", {"secret.txt": "1", "deep/file": "1"})
    here = folder(tmp_path)
    (here / "link").symlink_to(outside / "secret.txt")
    (here / "below").symlink_to(outside)
    (here / "loop").symlink_to(here)
    (here / "self").symlink_to("self")
    before = content_digest(here)

    (outside / "secret.txt").write_text("2")
    (outside / "more.txt").write_text("2")
    assert content_digest(here) == before
    (here / "link").unlink()
    (here / "link").symlink_to(outside / "deep" / "file")
    pointed_elsewhere = content_digest(here)
    assert pointed_elsewhere != before
    (here / "link").unlink()
    (here / "link").write_text(str(outside / "deep" / "file"))
    assert content_digest(here) not in (before, pointed_elsewhere)


def test_pipes_are_not_read(tmp_path: Path) -> None:
    """A pipe nobody writes to does not keep the class waiting; a file in its place is a change."""
    here = folder(tmp_path)
    os.mkfifo(here / "pipe")
    before = content_digest(here)
    alone = content_digest(here / "pipe")
    (here / "pipe").unlink()
    (here / "pipe").write_text("not to be read")

    assert content_digest(here) != before
    assert content_digest(here / "pipe") != alone


def test_names_of_any_bytes_and_any_depth(tmp_path: Path) -> None:
    """Names that are no text are names; folders deeper than Python's stack and than a path may be long end nothing."""
    here = folder(tmp_path)
    Path(os.fsdecode(bytes(here) + b"/\xff\xfe.py")).write_text("1")
    before = content_digest(here)
    below = os.open(here, os.O_RDONLY)
    for name in ["d"] * 1100 + ["d" * 200] * 15:
        os.mkdir(name, dir_fd=below)
        opened = os.open(name, os.O_RDONLY, dir_fd=below)
        os.close(below)
        below = opened
    os.close(below)
    try:
        assert content_digest(here) != before  # what lies deeper than can be read is not taken for nothing
    finally:
        subprocess.run(["rm", "-r", here], check=True)  # pytest's own way of removing it would recurse


def test_what_vanishes_is_not_an_error(tmp_path: Path) -> None:
    """A submission that is taken away while the plan is made is told about when it is graded."""
    gone = tmp_path / "gone.zip"
    before = content_digest(gone)
    gone.write_bytes(b"")

    assert content_digest(gone) != before
