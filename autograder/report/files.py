"""A result's three files, written so that no reader ever sees half of one."""

from __future__ import annotations

import os
from pathlib import Path

from autograder.records import RESULT, GradeRecord
from autograder.report import staff_page, student_page

STUDENT, STAFF = "student.html", "staff.html"
FILES = (STUDENT, STAFF, RESULT)
"""In the order in which they are put in place: what has a record has its pages."""


def write_reports(record: GradeRecord, folder: Path) -> Path:
    """Write record and pages, in place of earlier ones, and return the folder.

    Raises:
        OSError: They cannot be written; what was there before stays.
    """
    texts = {RESULT: record.to_json(), STUDENT: student_page(record), STAFF: staff_page(record)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f".{name}.new").write_text(text, encoding="utf-8")
    for name in FILES:
        os.replace(folder / f".{name}.new", folder / name)
    return folder
