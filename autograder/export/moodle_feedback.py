"""Moodle: the zip of feedback files, which puts each student's report beside the grade."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.errors import UsageError
from autograder.export.formats import Export, Format, Result
from autograder.export.results import platform_number, scored, whose
from autograder.report import student_page
from autograder.report.text import visible


def moodle_feedback(results: Sequence[Result]) -> Export:
    """Return `<Full name>_<number>_assignfeedback_file/report.html` for everybody whose number in this assignment is known.

    Raises:
        UsageError: Two results are of one student, none has a score, or no number is known.
    """
    found, remarks = scored(results)
    files = {}
    for result in found:
        number = platform_number(result, "moodle")
        if number.isascii() and number.isdigit():
            name = _without_separators(result.record.about.name)
            files[f"{name}_{number}_assignfeedback_file/report.html"] = student_page(result.record).encode()
        else:
            remarks.append(
                f"{whose(result)}: left out, because Moodle's number of this participant is not known: "
                "it stands in the names of the folders that Moodle hands out, so grade that archive"
            )
    if not files:
        raise UsageError(f"nobody's number in Moodle is known. {remarks[-1]}")
    return Export(files, tuple(remarks))


def _without_separators(name: str) -> str:
    """Return a name as Moodle's importer splits it off: underscores end it, dots and tildes in front hide it."""
    plain = re.sub(r'[_/\\:*?"<>|]+', " ", visible(name))
    return " ".join(plain.split()).lstrip(".~ ")[:60].strip() or "Participant"


FORMAT = Format(
    "moodle-feedback",
    "Moodle: zip of feedback files with each student's report.",
    moodle_feedback,
    writes="zip",
)
