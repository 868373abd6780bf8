"""Judging answers: the fixtures that checks use, the ladder, tolerance, statistics and diagnosis.

Checks import what they need from here::

    from autograder.checking import Case, check
"""

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, Inconclusive
from autograder.authoring.marks import check

__all__ = ["Case", "CheckFailed", "Inconclusive", "check"]
