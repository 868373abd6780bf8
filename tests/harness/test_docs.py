"""What the documentation says is what is there."""

import re
from pathlib import Path

from typer.main import get_command

from autograder.assignment.rubric_file import load_rubric
from autograder.cli.main import app
from autograder.outcomes import FailureKind, Outcome
from autograder.records import CheckRecord, GradeRecord

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_make_target_of_the_readme_exists() -> None:
    """Every `make TARGET` in the README and the docs is a target of the Makefile with a line of help."""
    texts = [README, *(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))]
    named = {target for text in texts for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)}

    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    assert {"setup", "grade", "check", "test", "lint", "validate", "template", "kit", "bench"} <= targets
    assert named <= targets


def test_the_makefile_has_no_logic() -> None:
    """It stays under 70 lines: one target per intention."""
    assert len(MAKEFILE.splitlines()) < 70


def test_every_verb_has_help() -> None:
    """Every verb of the console script says what it does."""
    verbs = get_command(app).commands  # type: ignore[attr-defined]

    assert {"grade", "check", "template", "kit", "validate", "bench", "doctor"} <= set(verbs)
    assert all(verb.help for verb in verbs.values())


def test_every_link_of_the_docs_leads_somewhere() -> None:
    """Relative links in README and docs point at files of the repository."""
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_path_of_the_readme_exists() -> None:
    """Submissions that the README grades are in the repository."""
    for path in re.findall(r"tests/submissions/[\w.]+", README):
        assert (ROOT / path).exists()


def test_the_record_is_documented() -> None:
    """docs/record.md names every field of the record, every outcome and every kind of failure."""
    text = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    names = {*CheckRecord.model_fields, *Outcome, *FailureKind, "flags", "provenance", "timing", "training", "notes"}
    names |= {"status", "score", "max_score", "tasks"} & set(GradeRecord.model_fields)

    assert sorted(name for name in names if f"`{name}" not in text) == []


def test_the_readme_counts_right() -> None:
    """The numbers of tasks, misconceptions and variants in the README and CHANGELOG are those of the repository."""
    from autograder.checking.oracle import import_candidates

    rubric = load_rubric(ROOT / "rubric.yaml")
    functions = {task.id for task in rubric.tasks if task.kind == "function"}
    candidates = import_candidates(ROOT)
    wrong = [mistake for task in candidates.tasks() for mistake in candidates.mistakes(task)]
    right = [variant for task in candidates.tasks() for variant in candidates.variants(task)]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"{sum(m.task in functions for m in wrong)} named wrong answers" in README
    assert f"{sum(v.task in functions for v in right)} correct ones" in README
    assert f"{len(rubric.tasks)} tasks" in changelog
    assert f"{len(wrong)} misconceptions, {len(right)} correct variants" in changelog


def test_constraints_pin_every_dependency() -> None:
    """Every package that pyproject.toml asks for is pinned exactly in constraints.txt."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[><=; ]", entry)[0].lower().replace("_", "-") for entry in wanted}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}

    assert names - pinned == set()
