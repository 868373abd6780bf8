"""What belongs to a user, told from what belongs to the grader that looks for it."""

import os

import pytest

from autograder.sandbox import foreign

NOBODY_ELSE = 1_999_999_999


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as another user")
def test_who_looks_as_a_user_is_not_that_user() -> None:
    """While the grader looks into a user's files, another thread that ends the user's processes must not end the grader."""
    with foreign.looking_as(NOBODY_ELSE):
        seen = foreign.processes_of((NOBODY_ELSE,))
        own = foreign.of_user(NOBODY_ELSE, [os.getpid()])

    assert seen == []
    assert own == []
