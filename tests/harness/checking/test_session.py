"""The session: the same on every machine, for assignments side by side, from a folder of any name, with an author's fixtures."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from tiny_assignment import make_assignment

from autograder.assignment.code import AuthorsCode
from autograder.assignment.loading import Assignment
from autograder.checking.oracle import Oracle
from autograder.checking.plugin import ChecksPlugin
from autograder.checking.results import CheckResult, Context
from autograder.checking.session import check_ids, inputs_of, run_checks
from autograder.errors import HarnessFault, RubricError
from autograder.outcomes import Outcome
from autograder.sandbox.inprocess import OneFunction


def results_of(
    folder: Path, function: Callable[..., Any], seeds: dict[str, int] | None = None
) -> dict[str, CheckResult]:
    """Run all checks of an assignment on a function, in this process."""
    assignment = Assignment(folder)
    one = OneFunction("double", function)
    oracle = Oracle(assignment.objects, assignment.contract)
    context = Context(one, one.report, assignment.contract, oracle, seeds=seeds or {})
    plugin = ChecksPlugin(assignment.code, context, assignment.rubric.check_ids(), assignment.check_names)
    run_checks(assignment.code, plugin)
    return plugin.results


def outcomes(results: dict[str, CheckResult]) -> dict[str, Outcome]:
    """How every check ended."""
    return {check_id: result.outcome for check_id, result in results.items()}


BOTH_PASSED = {"double.contract": Outcome.PASSED, "double.value": Outcome.PASSED}
ONE_FAILED = BOTH_PASSED | {"double.value": Outcome.FAILED}


def double(x: Any) -> Any:
    """Right for the tiny assignment."""
    return 2 * x


def triple(x: Any) -> Any:
    """Right for another assignment."""
    return 3 * x


def test_checks_compute_in_one_thread(tmp_path: Path) -> None:
    """A second one costs minutes where the machine does something else; afterwards everything is as it was, as in a notebook."""
    import torch

    seen = set()

    def watched(x: Any) -> Any:
        seen.add(torch.get_num_threads())
        return 2 * x

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert outcomes(results_of(make_assignment(tmp_path), watched)) == BOTH_PASSED
        assert seen == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_session_is_the_same_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither variables for pytest, nor its files of options, nor installed plugins (pytest-xdist) reach the checks' session."""
    folder = make_assignment(tmp_path)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", encoding="utf-8")
    variables = {
        "PYTEST_ADDOPTS": "-n 2 --no-such-option",
        "PYTEST_PLUGINS": "no_such_plugin",
        "PYTEST_XDIST_WORKER": "gw0",
        "PYTEST_XDIST_AUTO_NUM_WORKERS": "2",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)

    class Looks(ChecksPlugin):
        def pytest_sessionstart(self, session: pytest.Session) -> None:
            self.seen = {name for name, plugin in session.config.pluginmanager.list_name_plugin() if plugin is not None}
            self.variables = {name for name in os.environ if name.startswith("PYTEST_")} - {"PYTEST_VERSION"}

    code = AuthorsCode(folder)
    plugin = Looks(code, None, None)
    run_checks(code, plugin, collect_only=True)

    assert set(plugin.collected) == {"double.contract", "double.value"}
    assert "hypothesispytest" in plugin.seen
    assert not [name for name in plugin.seen if "xdist" in name or "timeout" in name]
    assert plugin.variables == {"PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
    assert {name: os.environ.get(name) for name in variables} == variables


def test_the_callers_process_is_left_as_it_was(tmp_path: Path) -> None:
    """Hypothesis' profile, the modules, `sys.path` and the working folder are the caller's again, also when checks failed."""
    settings.register_profile("callers own", max_examples=7)
    before = settings.get_current_profile_name()
    settings.load_profile("callers own")
    try:
        here, paths = os.getcwd(), list(sys.path)
        assert outcomes(results_of(make_assignment(tmp_path), triple)) == ONE_FAILED
        check_ids(AuthorsCode(tmp_path), lambda task: ())
        assert settings.get_current_profile_name() == "callers own"
        assert settings().max_examples == 7
        assert (os.getcwd(), sys.path) == (here, paths)
        assert not [
            name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))
        ]
    finally:
        settings.load_profile(before)


def test_two_assignments_with_the_same_names(tmp_path: Path) -> None:
    """Modules, checks and references of two assignments that are called the same do not meet, in whatever order they run."""
    one, two = make_assignment(tmp_path / "one"), make_assignment(tmp_path / "two")
    path = two / "reference/answers.py"
    path.write_text(path.read_text().replace("2 * x", "3 * x"))

    for folder, function, wanted in (
        (one, double, BOTH_PASSED),
        (two, double, ONE_FAILED),
        (two, triple, BOTH_PASSED),
        (one, triple, ONE_FAILED),
    ):
        assert outcomes(results_of(folder, function)) == wanted


def test_a_folder_called_hidden(tmp_path: Path) -> None:
    """What is public is decided inside the assignment, wherever that lies."""
    results = results_of(make_assignment(tmp_path / "hidden" / "tests" / "public"), double)
    assert {check_id: result.visibility for check_id, result in results.items()} == {
        "double.contract": "public",
        "double.value": "hidden",
    }


FIXTURE = """
    import pytest
    from tests.public.sizes import SIZE

    @pytest.fixture
    def size():
        return SIZE
"""
WITH_FIXTURE = """
    import torch
    from autograder.authoring import Case, check

    @check("double", "contract")
    def test_contract(student, size):
        '''`double` exists.'''
        assert student.value(Case("double", {"x": torch.ones(size, dtype=torch.float64)})).shape == (5,)
"""


@pytest.mark.parametrize("place", ["tests/conftest.py", "tests/public/conftest.py"])
def test_an_authors_own_fixtures(place: str, tmp_path: Path) -> None:
    """A `conftest.py` of the assignment gives its checks fixtures, and only this assignment's own."""
    folder = make_assignment(tmp_path / "one", public=WITH_FIXTURE)
    (folder / "tests/public/sizes.py").write_text("SIZE = 5\n")
    (folder / place).write_text(textwrap.dedent(FIXTURE))
    other = make_assignment(tmp_path / "two", public=WITH_FIXTURE)

    assert outcomes(results_of(folder, double)) == BOTH_PASSED
    lacking = results_of(other, double)["double.contract"]
    assert (lacking.outcome, "fixture 'size' not found" in lacking.error) == (Outcome.ERROR, True)


SEEN = """
    import random

    import torch
    from hypothesis import given, settings, strategies as st
    from autograder.authoring import Case, check

    SEEN = []

    @check("double", "contract")
    def test_contract(student):
        '''`double` exists.'''
        SEEN.append(("examples", settings().max_examples, settings().database, settings().deadline))

    @check("double", "value")
    @given(number=st.integers(0, 10**9))
    def test_value(student, number):
        '''`double` doubles.'''
        SEEN.append(number)
"""


def drawn(folder: Path, seed: int, task: str = "double") -> list[Any]:
    """What the checks saw under a seed of a task."""
    assignment = Assignment(folder)
    one = OneFunction("double", double)
    context = Context(one, one.report, assignment.contract, seeds={task: seed}, seed=1)
    plugin = ChecksPlugin(assignment.code, context, assignment.rubric.check_ids(), assignment.check_names)
    run_checks(assignment.code, plugin)
    assert outcomes(plugin.results) == BOTH_PASSED
    return list(assignment.code.module("tests.hidden.test_hidden").SEEN)


def test_settings_and_seeds(tmp_path: Path) -> None:
    """Checks run under our settings; the seed of a task decides what is drawn for it, that of another task does not."""
    folder = make_assignment(tmp_path, public="", hidden=SEEN)
    first = drawn(folder, seed=5)

    assert first[0] == ("examples", 25, None, None)
    assert len(first) == 26
    assert drawn(folder, seed=5) == first
    assert drawn(folder, seed=6) != first
    assert drawn(folder, seed=5, task="other") == drawn(folder, seed=6, task="other") != first


def test_who_asks_about_some_checks_collects_their_files_only(tmp_path: Path) -> None:
    """Once all were collected, and compared with the rubric; a check that is not known has them all collected again."""
    assignment = Assignment(make_assignment(tmp_path))
    one = OneFunction("double", double)
    context = Context(one, one.report, assignment.contract, Oracle(assignment.objects, assignment.contract))
    compared: list[list[str]] = []

    def run(*order: str) -> ChecksPlugin:
        plugin = ChecksPlugin(
            assignment.code,
            context,
            order,
            assignment.check_names,
            on_collected=lambda found: compared.append(sorted(found)),
        )
        run_checks(assignment.code, plugin)
        return plugin

    first, second, third = run("double.value"), run("double.value"), run("double.value", "double.other")

    assert [plugin.collects_some for plugin in (first, second, third)] == [False, True, False]
    assert sorted(second.collected) == ["double.value"]
    assert compared == [["double.contract", "double.value"]] * 2
    assert outcomes(first.results) == outcomes(second.results) == {"double.value": Outcome.PASSED}


def test_what_checks_there_are(tmp_path: Path) -> None:
    """Ids are read without running pytest, for public checks alone as well; what cannot be imported is our fault, in words."""
    folder = make_assignment(tmp_path)
    code = AuthorsCode(folder)

    assert check_ids(code, lambda task: ()) == ["double.contract", "double.value"]
    assert check_ids(code, lambda task: (), ["public"]) == ["double.contract"]
    assert inputs_of(code) == {}
    (folder / "tests/public/test_broken.py").write_text("import does_not_exist\n")
    with pytest.raises(
        HarnessFault, match=r"^tests/public/test_broken\.py cannot be imported: ModuleNotFoundError: No module named"
    ):
        check_ids(AuthorsCode(folder), lambda task: ())


YIELDED = """
    import torch
    from autograder.authoring import inputs

    @inputs("double")
    def double(draw):
        return {"x": draw.normal("B")}
"""


def test_checks_of_the_contract_are_yielded(tmp_path: Path) -> None:
    """Inputs of a task bring the checks that the rubric weighs, both where ids are read and where they are run."""
    folder = make_assignment(tmp_path, public=YIELDED)
    assignment = Assignment(folder)

    assert "double.contract" in check_ids(assignment.code, assignment.check_names)
    assert list(inputs_of(assignment.code)) == ["double"]
    assert outcomes(results_of(folder, double)) == BOTH_PASSED
    assert outcomes(results_of(folder, lambda x: "two"))["double.contract"] is Outcome.FAILED


def test_without_checks(tmp_path: Path) -> None:
    """A folder without any is told what is missing; so is one where the part that is asked for has none."""
    code = AuthorsCode(tmp_path)
    plugin = ChecksPlugin(code, None, None)
    with pytest.raises(HarnessFault, match=rf"^{tmp_path / 'tests'} has no checks: expected public or hidden$"):
        run_checks(code, plugin)


def test_what_is_refused_and_what_breaks(tmp_path: Path) -> None:
    """What `on_collected` raises comes out as it is, and nothing is run; a test file that breaks is named."""
    folder = make_assignment(tmp_path)
    assignment = Assignment(folder)

    def refuse(found: Any) -> None:
        raise RubricError("rubric.yaml", 3, "not so")

    plugin = ChecksPlugin(assignment.code, None, None, on_collected=refuse)
    with pytest.raises(RubricError, match=r"^rubric.yaml:3: not so$"):
        run_checks(assignment.code, plugin)
    assert plugin.results == {}

    (folder / "tests/hidden/test_hidden.py").write_text("raise ValueError('broken')\n")
    broken = AuthorsCode(folder)
    with pytest.raises(HarnessFault, match=r"the checks could not be collected:\n.*test_hidden\.py"):
        run_checks(broken, ChecksPlugin(broken, None, None), collect_only=True)


def test_a_check_without_a_submission(tmp_path: Path) -> None:
    """A plugin that was made to collect and is run instead breaks our way: no result is a student's failure."""
    code = AuthorsCode(make_assignment(tmp_path))
    plugin = ChecksPlugin(code, None, None)
    with pytest.raises(HarnessFault, match="checks were run without a submission"):
        run_checks(code, plugin)


def test_checks_that_wait_for_each_other(tmp_path: Path) -> None:
    """A circle of checks that wait is refused, with one of them."""
    text = """
        from autograder.authoring import check

        @check("double", "value", after=["late"])
        def test_value(student):
            '''One.'''

        @check("double", "late", after=["value"])
        def test_late(student):
            '''Two.'''
    """
    code = AuthorsCode(make_assignment(tmp_path, hidden=text))
    with pytest.raises(HarnessFault, match=r"the check double\.\w+ waits for itself"):
        run_checks(code, ChecksPlugin(code, None, None), collect_only=True)


def test_a_test_file_that_cannot_be_imported_is_named_with_its_line(tmp_path: Path) -> None:
    """An author reads which file it is, what went wrong and in which line, also where a helper of theirs is to blame."""
    folder = make_assignment(tmp_path, public="import torch\nfrom tests.public import shared\n")
    (folder / "tests" / "public" / "shared.py").write_text("x = 1\ny = z\n")

    said = (
        r"^tests/public/test_public\.py cannot be imported: NameError: name 'z' is not defined "
        r"\(line 2 of tests/public/shared\.py\)$"
    )
    for ask in (lambda code: inputs_of(code), lambda code: check_ids(code, lambda task: ())):
        with pytest.raises(HarnessFault, match=said):
            ask(AuthorsCode(folder))
