"""What classes handed in, as data: this year's and, if there are any, earlier ones'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.cohort.entries import Entry
from autograder.cohort.platforms import read_cohort
from autograder.errors import SubmissionRejected
from autograder.intake import printable, take_in
from autograder.records import SourceFile


@dataclass(frozen=True)
class OneOfAll:
    """A submission of one of the classes.

    Attributes:
        entry: Who, when, where.
        download: Which class: 0 for this one.
        label: What that is called; "" for this one.
    """

    entry: Entry
    download: int
    label: str

    def sources(self) -> tuple[SourceFile, ...]:
        """Take it in, and return its code; nothing is run.

        Raises:
            SubmissionRejected: There is nothing, or it cannot be read; the message says why.
        """
        if self.entry.path is None:
            raise SubmissionRejected(self.entry.problem)
        return take_in(self.entry.path).sources


def read_classes(
    submissions: Path, also: Sequence[Path], workspace: Path
) -> tuple[tuple[OneOfAll, ...], tuple[str, ...]]:
    """Return every submission, those of this class first, and what was left out of the downloads, in sentences.

    Args:
        submissions: What a platform handed out, or a folder; see `platforms.read_cohort`.
        also: The same of earlier classes.
        workspace: A folder for what is unpacked.

    Raises:
        UsageError: One of them is no class, is damaged, or cannot be read.
    """
    found: list[OneOfAll] = []
    remarks: list[str] = []
    labels: list[str] = []
    for download, path in enumerate((submissions, *also)):
        label = printable(path.resolve().name, 60) if download else ""
        label = f"{label} ({download})" if label in labels else label
        labels.append(label)
        cohort = read_cohort(path, workspace / str(download))
        found += [OneOfAll(entry, download, label) for entry in cohort.entries]
        remarks += [f"{label}: {remark}" if label else remark for remark in cohort.remarks]
    return tuple(found), tuple(remarks)
