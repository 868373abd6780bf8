"""From records to HTML: two pure functions, one page each; `class_page` has that of a whole class.

A page stands alone: no script, no network, no font; a content security policy that allows its own style sheet by hash
and nothing else. Only the page of a class has a script, which is allowed by hash as well. Every string of a record is
hostile until shown: it is escaped, cut, and its invisible characters are made visible by the environment
(`rendering.py`), so that no template can forget to.
"""

from __future__ import annotations

from autograder.records import GradeRecord
from autograder.report import redact, rendering, view

__all__ = ["staff_page", "student_page"]


def student_page(record: GradeRecord) -> str:
    """The page for the student: what was checked, what failed and why, without evidence of hidden checks."""
    return rendering.render(view.page(redact.for_student(record), staff=False))


def staff_page(record: GradeRecord) -> str:
    """The page for staff: the student's page with flags, hidden evidence, output, timings and provenance."""
    return rendering.render(view.page(record, staff=True))
