"""Candidates are collected from their files as they stand there, and what is not clear is refused, with the file's name."""

import importlib.util
import textwrap
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from autograder.assignment.candidates import Candidates, load_candidates
from autograder.assignment.prices import Mistake
from autograder.errors import UsageError

HEAD = "from autograder.authoring.candidates import graded, right, wrong\n"
EVERYTHING = '''
    """Everything there is."""

    EQUIVALENT = {"sign-3": "the term is squared"}

    @wrong("half_missing", "The half is missing.", severity="slip")
    def _half(x):
        return 2 * x

    @wrong("half_missing")
    def _half_in_numpy(x):
        return x + x

    def _helper(x):
        return x

    @wrong("half_missing", rewritten=True)
    def _twice(x):
        return _helper(x) * 2

    @wrong("sign", "The sign is reversed.", severity="gap", credit=0.25)
    class Sign:
        pass

    class Quiet(Sign):
        """Undecorated, so it is no candidate."""

    @wrong()
    def _offset(x):
        return x + 0.1

    @right("sign", "By subtraction.")
    def _by_subtraction(x):
        return x

    @right("loop", "A loop.", second=True)
    def _loop(x):
        return x

    @graded(0.7, "Half of it.")
    def _by_somebody(x):
        return x / 2
'''


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Candidates]:
    """Write files (`topic__task="text"`) and load them, without a trace in `sys.modules`."""

    def import_module(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, tmp_path / f"{name.replace('.', '/')}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def write_and_load(**files: str) -> Candidates:
        for name, text in files.items():
            path = tmp_path / f"reference/candidates/{name.replace('__', '/', 1)}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(HEAD + textwrap.dedent(text), encoding="utf-8")
        return load_candidates(tmp_path, import_module)

    return write_and_load


def test_every_role_is_found_in_the_order_of_the_file(load: Callable[..., Candidates]) -> None:
    """What a candidate is for follows from its decorator; the task is the name of the file."""
    candidates = load(sums__total=EVERYTHING)

    assert candidates.tasks() == ("total",)
    assert {candidate.task for candidate in candidates.everyone} == {"total"}
    assert [c.name for c in candidates.mistakes("total")] == ["half_missing", "sign"]
    assert [c.label for c in candidates.forms("total")] == ["half_missing.half_in_numpy"]
    assert [c.name for c in candidates.named("total")] == ["half_missing", "sign", "half_missing"]
    assert [c.label for c in candidates.rewritten("total")] == ["half_missing.twice"]
    assert [(c.name, c.label) for c in candidates.unnamed("total")] == [("offset", "unnamed.offset")]
    assert [c.name for c in candidates.variants("total")] == ["sign", "loop"]
    assert [c.name for c in candidates.seconds("total")] == ["loop"]
    assert [(c.label, c.share) for c in candidates.graded("total")] == [("by_somebody", 0.7)]
    assert candidates.equivalent("total") == {"sign-3": "the term is squared"}


def test_forms_say_what_the_first_says(load: Callable[..., Candidates]) -> None:
    """Sentence, severity and credit are written once, with the first form; what is no named mistake has none of them."""
    candidates = load(sums__total=EVERYTHING)

    for own in (candidates.mistakes("total")[0], *candidates.forms("total"), *candidates.rewritten("total")):
        assert own.mistake == Mistake("half_missing", "The half is missing.", "slip")
        assert own.text == "The half is missing."
    assert candidates.mistakes("total")[1].mistake == Mistake("sign", "The sign is reversed.", "gap", Decimal("0.25"))
    assert [(c.text, c.mistake) for c in candidates.unnamed("total")] == [("", None)]
    others = (*candidates.variants("total"), *candidates.graded("total"))
    assert {(c.mistake, c.share) for c in others} == {(None, None), (None, 0.7)}


STUBS = '''
    @wrong("sign", "The sign is reversed.", severity="slip")
    def _sign(x):
        # a comment
        raise NotImplementedError

    @wrong("half", "The half is missing.", severity="slip")
    def _half(x):
        """Said by somebody."""
        raise NotImplementedError("write me")

    @wrong("raises", "It raises where x is negative.", severity="slip")
    def _raises(x):
        if x < 0:
            raise NotImplementedError
        return x

    @wrong("other", "It raises.", severity="slip")
    def _other(x):
        raise ValueError("no")
'''


def test_a_mistake_without_a_body_counts_for_nothing(load: Callable[..., Candidates]) -> None:
    """It is a stub until somebody writes it: no failure is held against it, and whoever grades the grader is told."""
    candidates = load(sums__total=STUBS)

    assert [c.name for c in candidates.stubs("total")] == ["sign", "half"]
    assert [c.name for c in candidates.named("total")] == ["raises", "other"]


def test_functions_and_classes_are_what_was_decorated(load: Callable[..., Candidates]) -> None:
    """A candidate is called as if it were not decorated; subclasses of a decorated class are no candidates."""
    half, sign = load(sums__total=EVERYTHING).mistakes("total")

    assert half.function(3) == 6
    assert isinstance(sign.function(), sign.function)


def test_helpers_are_no_tasks_and_belong_to_the_source(load: Callable[..., Candidates]) -> None:
    """Files that begin with `_` are not imported for themselves; a candidate's source holds those that it imports."""
    text = '@wrong("zero", "It is zero.", severity="empty")\ndef _zero(x):\n    from ._shared import other\n    return other(x)'
    files = {"sums___shared": "other = abs", "sums___else": "nothing = 1", "sums__total": text}
    (zero,) = load(**files).mistakes("total")

    assert "other = abs" in zero.source
    assert "It is zero." in zero.source
    assert "nothing = 1" not in zero.source


def test_what_is_imported_or_given_a_second_name_counts_once(load: Callable[..., Candidates]) -> None:
    """Only what is decorated in the file itself is a candidate of its task."""
    text = """
        @wrong("zero", "It is zero.", severity="empty")
        def _zero(x):
            return 0

        alias = _zero

        @wrong("one", "It is one.", severity="empty")
        def _imported(x):
            return 1

        _imported.__module__ = "reference.candidates.sums.other"
    """

    assert [c.name for c in load(sums__total=text).everyone] == ["zero"]


def test_an_assignment_without_candidates_has_none(tmp_path: Path) -> None:
    """No folder, no candidates: nothing is imported."""
    candidates = load_candidates(tmp_path, importlib.import_module)

    assert candidates.everyone == candidates.tasks() == candidates.mistakes("total") == ()
    assert candidates.equivalent("total") == {}


ONE = "@{}\ndef _one(x):\n    return x\n"
TWO = ONE + "\n@{}\ndef _two(x):\n    return x\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TWO.format(*(f'wrong("a", "{text}", severity="slip")' for text in "AB")),
            "two mistakes have the name 'a'. Leave the sentence out",
        ),
        (TWO.format('right("a", "A.")', 'right("a", "B.", second=True)'), "two right answers have the name 'a'"),
        (ONE.format('wrong("a")'), "'a' is a form of no mistake"),
        (ONE.format('wrong("a", rewritten=True)'), "'a' is a form of no mistake"),
        (ONE.format('wrong("a", " ")'), "_one: 'a' has an empty sentence"),
        (ONE.format('right("a", "")'), "_one: 'a' has an empty sentence"),
        (ONE.format('wrong("not a name", "A.")'), "_one: the name 'not a name' is no identifier"),
        (
            ONE.format('wrong("a", "A.")'),
            "_one: 'a' has no severity; say how grave it is, severity= one of form, slip, gap",
        ),
        (ONE.format('wrong("a", "A.", credit=0.5)'), "_one: 'a' has no severity"),
        (ONE.format('wrong("a", "A.", severity="worse")'), "_one: 'a' has the severity 'worse'; say how grave it is"),
        (
            ONE.format('wrong("a", "A.", severity="slip", credit=1.5)'),
            "_one: the credit of 'a' is a share of the task from 0 to 1, not 1.5",
        ),
        (ONE.format('graded(-0.5, "A.")'), "a share of the task from 0 to 1, not -0.5"),
        (ONE.format('graded(0.5, " ")'), "has an empty sentence"),
        (
            ONE.format('wrong("a", "A.")') + ONE.format('wrong("b", "B.")'),
            "_one is defined twice, so the first would be lost",
        ),
        ("EQUIVALENT = ['sign-3']", "EQUIVALENT must map ids of mutants to the reason"),
        ("EQUIVALENT = {'sign-3': ''}", "EQUIVALENT must map ids of mutants to the reason"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        (ONE.format("wrong"), "cannot be imported: UsageError: @wrong needs parentheses"),
    ],
)
def test_what_is_refused(load: Callable[..., Candidates], text: str, message: str) -> None:
    """The message names the file, the function where there is one, and what is wrong."""
    with pytest.raises(UsageError) as raised:
        load(sums__total=text)

    assert str(raised.value).startswith("reference/candidates/sums/total.py")
    assert message in str(raised.value)


def test_a_task_has_one_file(load: Callable[..., Candidates]) -> None:
    """Two files of one name in two topics are refused: neither would hold everything."""
    with pytest.raises(UsageError, match=r"sums/total.py: the candidates of total stand in another folder as well"):
        load(products__total="", sums__total="")
