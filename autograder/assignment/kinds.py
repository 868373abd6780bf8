"""The kinds of tasks: what can be handed in, each as an object with the same few methods.

Whoever plans, runs or reports a grading asks these objects and never which kind a task is.

============ ==================================== ==================================================
kind         a submission holds                   how its checks come about
============ ==================================== ==================================================
function     a function                           tests ask it
class        a class                              tests make objects and ask their methods
fitted       a function that returns an object    tests call it and ask the object's methods
training     a function that trains a model       tests ask the trained model
script       a program for the command line       tests run it in the sandbox
answers      values in a YAML file                compared with the sheet in `reference/answers`
document     a file                               present, its pages counted, words looked for
person       whatever the task says               people look at it and give points afterwards
============ ==================================== ==================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ValidationError

from autograder.intake.layout import matches
from autograder.outcomes import Judged
from autograder.records import DataFile

if TYPE_CHECKING:
    from autograder.assignment.answers import AnswerSheet
    from autograder.assignment.contract import Contract
    from autograder.assignment.documents import DocumentRule
    from autograder.assignment.rubric import TaskRule

KindName = Literal["function", "class", "fitted", "training", "script", "answers", "document", "person"]
Complaint = tuple[str, str]
"""The field of the rubric that is wrong, and what is wrong with it."""


@dataclass(frozen=True)
class Work:
    """What a kind that asks no function may look at.

    Attributes:
        files: Every file of the submission that is not Python.
        sheets: The right answers, by task id.
        count_pages: Number of pages of a PDF, or why there is none; it is read in a worker of its own.
    """

    files: Sequence[DataFile]
    sheets: Mapping[str, AnswerSheet]
    count_pages: Callable[[bytes], int | str]

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that a pattern such as `README*` means, those in the outermost folder first."""
        found = [file.path for file in self.files if matches(file.path, pattern)]
        return sorted(found, key=lambda path: (path.count("/"), path))


class Kind:
    """A kind of task. The methods below are all that the engine asks; each kind changes those in which it differs.

    Attributes:
        name: What the rubric calls it.
        asked: Whether its checks are tests that ask the submission.
        asked_by_name: Whether its checks ask for something that a submission defines, and the contract describes.
        stands_in: Whether a right one can be put in the place of the student's while other tasks are checked.
        budget: Which of the rubric's budgets its worker has.
    """

    name: ClassVar[KindName]
    asked: ClassVar[bool] = True
    asked_by_name: ClassVar[bool] = True
    stands_in: ClassVar[bool] = False
    budget: ClassVar[Literal["budgets", "training_budgets"]] = "budgets"

    def complaint(self, task: TaskRule) -> Complaint | None:
        """Return what is wrong with the rubric's entry, or None."""
        return None if task.checks else ("checks", "a task of this kind needs at least 1 check")

    def names(self, task: TaskRule, contract: Contract) -> Mapping[str, str]:
        """Return the names to look for in a submission, each with the module that is looked at first."""
        return {task.object: contract.modules[task.object]}

    def sheet(self, task: TaskRule, reference: Path) -> AnswerSheet | None:
        """Return the right answers that stand below the folder `reference`, where the kind has any."""
        return None

    def own_checks(self, task: TaskRule, sheets: Mapping[str, AnswerSheet]) -> tuple[str, ...]:
        """Return the names of the checks that the kind brings itself."""
        return ()

    def place(self, task: TaskRule, contract: Contract) -> tuple[str, str]:
        """Return the file in which it is expected, and its signature or ""."""
        return f"{contract.modules[task.object]}.py", contract.text_of(task.object)

    def files(self, task: TaskRule) -> tuple[str, ...]:
        """Return patterns of files that are handed in for it, beside Python."""
        return ()

    def judge(self, task: TaskRule, work: Work) -> list[Judged]:
        """Return how the checks of a kind that asks no function ended."""
        return []


class Function(Kind):
    """A function, asked call by call."""

    name = "function"
    stands_in = True


class Class(Kind):
    """A class: its constructor and its methods are asked."""

    name = "class"


class Fitted(Kind):
    """A function that returns an object, whose methods are asked."""

    name = "fitted"


class Training(Kind):
    """A function that trains a model, which is then measured."""

    name = "training"
    budget = "training_budgets"


class Script(Kind):
    """A program that is run with arguments and files."""

    name = "script"
    asked_by_name = False

    def complaint(self, task: TaskRule) -> Complaint | None:
        """See `Kind.complaint`."""
        if not task.file.endswith(".py"):
            return "file", "a script needs `file`, the name of a .py file"
        return super().complaint(task)

    def names(self, task: TaskRule, contract: Contract) -> Mapping[str, str]:
        """See `Kind.names`."""
        return {}

    def place(self, task: TaskRule, contract: Contract) -> tuple[str, str]:
        """See `Kind.place`."""
        return task.file, ""


class _Handed(Kind):
    """What is handed in as a file and asks no function."""

    asked = False
    asked_by_name = False

    def names(self, task: TaskRule, contract: Contract) -> Mapping[str, str]:
        """See `Kind.names`."""
        return {}

    def place(self, task: TaskRule, contract: Contract) -> tuple[str, str]:
        """See `Kind.place`."""
        return task.file, ""

    def files(self, task: TaskRule) -> tuple[str, ...]:
        """See `Kind.files`."""
        return (task.file,) if task.file else ()


class Answers(_Handed):
    """Short answers: one check for every question of the sheet."""

    name = "answers"

    def complaint(self, task: TaskRule) -> Complaint | None:
        """See `Kind.complaint`."""
        return None

    def sheet(self, task: TaskRule, reference: Path) -> AnswerSheet | None:
        """See `Kind.sheet`."""
        from autograder.assignment.answers import load_sheet

        return load_sheet(reference / "answers" / f"{task.id}.yaml")

    def own_checks(self, task: TaskRule, sheets: Mapping[str, AnswerSheet]) -> tuple[str, ...]:
        """See `Kind.own_checks`."""
        return tuple(question.key for question in sheets[task.id].questions)

    def place(self, task: TaskRule, contract: Contract) -> tuple[str, str]:
        """See `Kind.place`."""
        return self.files(task)[0], ""

    def files(self, task: TaskRule) -> tuple[str, ...]:
        """See `Kind.files`."""
        from autograder.assignment.answers import FILE

        return (FILE,)

    def judge(self, task: TaskRule, work: Work) -> list[Judged]:
        """See `Kind.judge`."""
        from autograder.assignment.answers import judge_sheet, read_handed_in

        return list(judge_sheet(work.sheets[task.id], read_handed_in(work.files)))


class Document(_Handed):
    """A file that must be there, with so many pages at most, and may have to hold some words."""

    name = "document"

    def complaint(self, task: TaskRule) -> Complaint | None:
        """See `Kind.complaint`."""
        if not task.file:
            return "file", "a document needs `file`, such as `*.pdf`"
        try:
            self._rule(task)
        except ValidationError as error:
            return "file", error.errors()[0]["msg"]
        return None

    def own_checks(self, task: TaskRule, sheets: Mapping[str, AnswerSheet]) -> tuple[str, ...]:
        """See `Kind.own_checks`."""
        return self._rule(task).checks()

    def judge(self, task: TaskRule, work: Work) -> list[Judged]:
        """See `Kind.judge`."""
        from autograder.assignment.documents import judge_document

        return list(judge_document(self._rule(task), work.files, work.count_pages))

    @staticmethod
    def _rule(task: TaskRule) -> DocumentRule:
        from autograder.assignment.documents import DocumentRule

        return DocumentRule(file=task.file, pages=task.pages, mentions=task.mentions)


class Person(_Handed):
    """Work that a person looks at; its points are given afterwards."""

    name = "person"

    def complaint(self, task: TaskRule) -> Complaint | None:
        """See `Kind.complaint`."""
        return ("checks", "work for a person has no checks") if task.checks else None


KINDS: Mapping[KindName, Kind] = {
    kind.name: kind() for kind in (Function, Class, Fitted, Training, Script, Answers, Document, Person)
}
