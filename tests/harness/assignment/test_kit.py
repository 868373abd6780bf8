"""The student's kit: complete, small, and without answers."""

import io
import shutil
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from autograder.assignment import kit as kit_module
from autograder.assignment.kit import ENTRY, REQUIRES, build_kit, import_closure, imports_of, source_of
from autograder.assignment.loading import Assignment
from autograder.checking.session import check_ids
from autograder.errors import HarnessFault, UsageError
from tests.harness.student_kit import ROOT, reference_statements, statements_of, student_check, write_solution


def kit_of(folder: Path) -> bytes:
    """Build the kit of the assignment in a folder."""
    assignment = Assignment(folder)
    return build_kit(assignment, check_ids(assignment.code, assignment.check_names, ["public"]))


@pytest.fixture(scope="module")
def kit() -> bytes:
    """The kit of this assignment."""
    return kit_of(ROOT)


@pytest.fixture(scope="module")
def unpacked(kit: bytes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The kit's folder and the unpacked wheel."""
    place = tmp_path_factory.mktemp("kit")
    with zipfile.ZipFile(io.BytesIO(kit)) as archive:
        archive.extractall(place)
    [folder] = place.iterdir()
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "engine")
    return folder, place / "engine"


def test_the_kit_is_the_same_every_time(kit: bytes) -> None:
    """Two builds give the same bytes."""
    assert kit_of(ROOT) == kit


def test_what_is_in_the_kit(unpacked: tuple[Path, Path]) -> None:
    """Stubs, data, notebook, contract, README, Makefile, tool, exact versions, public checks and the wheel; nothing else."""
    folder, _ = unpacked
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    checks = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "public").rglob("*.py")}
    template = {path.name for path in (ROOT / "student_template").iterdir() if path.is_file()}
    wheel = {name for name in names if name.endswith(".whl")}
    assert len(wheel) == 1
    assert names == checks | template | {"tests/__init__.py", "constraints.txt"} | wheel
    assert (folder / "constraints.txt").read_bytes() == (ROOT / "constraints.txt").read_bytes()


def test_no_answer_is_in_the_kit(unpacked: tuple[Path, Path]) -> None:
    """No module of the reference or of the hidden checks is inside, and no statement of a function of theirs."""
    places = [path for root in unpacked for path in root.rglob("*") if path.is_file() and path.suffix != ".whl"]
    assert not {"reference", "hidden", "candidates"} & {part for path in places for part in path.parts}
    texts = [path.read_text() for path in places if path.suffix == ".py"]
    assert not reference_statements() & statements_of(texts)
    hidden = [path.read_text() for path in (ROOT / "tests" / "hidden").rglob("*.py")]
    assert not {text for text in hidden if text} & set(texts)


def test_the_wheel_holds_only_what_the_checks_need(unpacked: tuple[Path, Path]) -> None:
    """The wheel is what the student's checks import: no sandbox processes, no rubric, no training, no reports."""
    folder, engine = unpacked
    modules = {path.relative_to(engine).as_posix() for path in engine.rglob("*.py")}
    assert {"autograder/cli/check.py", "autograder/cli/in_notebook.py", "autograder_student.py"} <= modules
    tools = [path.read_bytes() for path in (engine / "autograder_student.py", folder / "autograder_student.py")]
    assert tools[0] == tools[1]
    for word in (
        "bubblewrap",
        "zygote",
        "worker",
        "confine",
        "wire",
        "rubric",
        "grading",
        "training",
        "report/",
        "cli/main",
    ):
        assert not [module for module in modules if word in module]


def test_versions_of_an_installed_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine was installed without its repository, the versions beside it are those that students get."""
    monkeypatch.setattr(kit_module, "ENGINE", tmp_path / "autograder")
    lines = kit_module.constraints().splitlines()

    assert f"torch=={metadata.version('torch').partition('+')[0]}" in lines
    assert f"pytest=={metadata.version('pytest')}" in lines
    assert not [line for line in lines if line.startswith("ppml-autograder")]


def test_the_wheel_is_one(unpacked: tuple[Path, Path]) -> None:
    """Its metadata names what it needs, and every file stands in its record."""
    _, engine = unpacked
    [info] = engine.glob("*.dist-info")
    metadata = (info / "METADATA").read_text().splitlines()
    assert {line for line in metadata if line.startswith("Requires-Dist")} == {f"Requires-Dist: {r}" for r in REQUIRES}
    recorded = {line.split(",")[0] for line in (info / "RECORD").read_text().splitlines()}
    assert recorded == {path.relative_to(engine).as_posix() for path in engine.rglob("*") if path.is_file()}


def test_a_solved_template_does_not_become_a_kit(tmp_path: Path) -> None:
    """A template that somebody worked in is refused: the kit would hold that work."""
    for name in ("reference", "student_template", "tests/public"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "rubric.yaml", tmp_path)
    write_solution(tmp_path / "student_template")
    with pytest.raises(UsageError, match=r"vae\.py differs"):
        kit_of(tmp_path)


def test_a_library_that_students_lack_is_refused() -> None:
    """If a check came to need, say, the statistics module, building the kit says which module imports what."""
    with pytest.raises(HarnessFault, match="scipy"):
        import_closure({"autograder.checking.statistics"})


def test_imports_are_read_as_python_reads_them() -> None:
    """Relative and lazy imports count; those for type checkers do not."""
    text = "from . import a\nfrom ..b import c\ndef f():\n    import d\n"
    text += "if TYPE_CHECKING:\n    import e\nelse:\n    import g\n"
    found = set(imports_of(text, "p.q"))
    assert found == {"p.q", "p.q.a", "p.b", "p.b.c", "d", "g"}


def test_every_module_of_the_closure_exists() -> None:
    """The closure names modules, each with its packages."""
    for module in import_closure({ENTRY}):
        assert source_of(module).is_file()
        assert module == "autograder" or module.rpartition(".")[0]


def public_tasks() -> int:
    """Return the number of tasks of which students get a check."""
    assignment = Assignment(ROOT)
    return len({check.partition(".")[0] for check in check_ids(assignment.code, assignment.check_names, ["public"])})


def test_the_fresh_kit_says_what_is_to_be_done(unpacked: tuple[Path, Path]) -> None:
    """With the wheel alone, the checks of the fresh kit run and list every task as not implemented yet."""
    folder, engine = unpacked
    done = student_check(cwd=folder, path=engine)
    assert f"engine: {engine}" in done.stderr
    assert done.returncode == 1, done.stdout + done.stderr
    tasks = public_tasks()
    assert done.stdout.count("not implemented yet") == tasks
    assert f"0 of {tasks} tasks pass the public checks, {tasks} still to be written." in done.stdout


def test_the_solved_kit_passes(unpacked: tuple[Path, Path], tmp_path: Path) -> None:
    """With the reference's implementations in place of the stubs, every public check passes."""
    folder, engine = unpacked
    shutil.copytree(folder, tmp_path / "work")
    write_solution(tmp_path / "work")
    done = student_check(cwd=tmp_path / "work", path=engine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{public_tasks()} of {public_tasks()} tasks pass the public checks." in done.stdout
