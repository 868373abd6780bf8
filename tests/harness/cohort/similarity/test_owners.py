"""Whose a submission is."""

from __future__ import annotations

from autograder.cohort.similarity.owners import Owners
from autograder.records import About, Member


def same(*handed_in: tuple[int, About]) -> bool:
    """Whether the first two submissions are one owner's."""
    owners = Owners(handed_in)
    assert (1 in owners.of_the_same(0)) == (0 in owners.of_the_same(1))
    return 1 in owners.of_the_same(0)


def test_a_name_is_no_proof_within_a_class() -> None:
    """Two students may be called the same; a number, a login, an address are one person's."""
    anna = About(name="Wei Wang", id="1")
    assert not same((0, anna), (0, About(name="Wei Wang", id="2")))
    assert not same((0, About(name="Wei Wang")), (0, About(name="Wei Wang")))
    assert same((0, anna), (0, About(name="W. Wang", id="1")))
    by_mail = (
        About(name=name, members=(Member(name=name, email=mail),)) for name, mail in (("A", "x@y"), ("B", "X@Y"))
    )
    assert same(*((0, about) for about in by_mail))


def test_members_of_a_group_are_not_paired() -> None:
    """Each of them may hand in as well."""
    group = About(name="Group 1", members=(Member(name="A", id="1"), Member(name="B", id="2")))
    assert same((0, group), (0, About(name="B", id="2")))
    assert not same((0, group), (0, About(name="C", id="3")))


def test_across_downloads_names_count() -> None:
    """Unless numbers can be compared and differ. Moodle's cannot: it counts participants anew."""
    assert same((0, About(name="Zoë Å")), (1, About(name="zoe\u0308 A\u030a")))
    assert not same((0, About(name="A", id="1")), (1, About(name="A", id="2")))
    assert same((0, About(name="A", id="1")), (1, About(name="B", id="1")))
    moodle = [
        About(name=name, id=number, platform="moodle", platform_id=number) for name, number in (("A", "1"), ("A", "2"))
    ]
    assert same((0, moodle[0]), (1, moodle[1]))
    assert not same((0, moodle[0]), (0, moodle[1]))
    assert not same((0, moodle[0]), (1, About(name="B", id="1", platform="moodle", platform_id="1")))
    assert not same((0, About(name="", id="")), (1, About(name="", id="")))
