"""What the documentation says is what is there."""

import re
from pathlib import Path

from typer.main import get_command

from autograder.cli.main import app
from autograder.outcomes import FailureKind, Outcome
from autograder.records import CheckRecord, GradeRecord

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
KIT = (ROOT / "student_template" / "Makefile").read_text(encoding="utf-8")
KIT_TARGETS = set(re.findall(r"^([a-z]+):$", KIT, re.MULTILINE))
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))


def test_every_make_target_of_the_docs_exists() -> None:
    """Every `make TARGET` in the README and the docs is a target of the Makefile with a line of help, or of the kit's."""
    named = {target for text in PAGES.values() for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)}

    assert named <= TARGETS | KIT_TARGETS


def test_every_make_target_is_documented() -> None:
    """README or docs say what each target is for; `help` lists itself, `setup`, `lint` and the like are run by `.ci/run`."""
    said = "\n".join([*PAGES.values(), (ROOT / ".ci" / "run").read_text(encoding="utf-8")])

    undocumented = {target for target in TARGETS if not re.search(rf"make (?:[a-z]+ )*{target}\b(?!-)", said)}
    assert undocumented <= {"help", "clean", "format"}


def test_the_makefile_has_no_logic() -> None:
    """One target per intention, in a line or three."""
    assert len(MAKEFILE.splitlines()) < 4 * len(TARGETS)


def test_every_verb_has_help() -> None:
    """Every verb of the console script says what it does, and README or docs show a command with it."""
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    text = "\n".join(PAGES.values())

    assert all(verb.help for verb in verbs.values())
    assert sorted(name for name in verbs if not re.search(rf"(autograder|make) {name}\b", text)) == []


def test_options_of_verbs_are_documented() -> None:
    """Each option of the verbs that teachers and graders use every day stands somewhere in README or docs."""
    verbs = get_command(app).commands  # type: ignore[attr-defined]
    text = "\n".join(PAGES.values())
    parameters = [p for name in ("grade", "validate", "new", "kit", "template", "regrade") for p in verbs[name].params]
    options = {tuple(o for o in (*p.opts, *p.secondary_opts) if o.startswith("--")) for p in parameters}

    assert sorted(names for names in options if names and not any(name in text for name in names)) == []


def test_every_link_of_the_docs_leads_somewhere() -> None:
    """Relative links in README and docs point at files of the repository."""
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_path_of_the_docs_exists() -> None:
    """Files of this repository that README and docs name are there; the page about assignments names those of others."""
    roots = (ROOT, ROOT / "autograder", ROOT / "tests" / "harness")
    pages = {page: text for page, text in PAGES.items() if page != "write_an_assignment.md"}
    named = [
        (page, path) for page, text in pages.items() for path in re.findall(r"`([\w.]+/[\w./-]+\.(?:py|zip|sh))`", text)
    ]
    named += [("README.md", path) for path in re.findall(r"tests/submissions/[\w.]+", README)]

    assert [entry for entry in named if not any((root / entry[1]).exists() for root in roots)] == []


def test_the_record_is_documented() -> None:
    """docs/record.md names every field of the record, every outcome and every kind of failure."""
    text = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    names = {*CheckRecord.model_fields, *Outcome, *FailureKind, "flags", "provenance", "timing", "training", "notes"}
    names |= {"status", "score", "max_score", "tasks"} & set(GradeRecord.model_fields)

    assert sorted(name for name in names if f"`{name}" not in text) == []


def test_constraints_pin_every_dependency() -> None:
    """Every package that pyproject.toml asks for is pinned exactly in constraints.txt."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [entry for extra in project["optional-dependencies"].values() for entry in extra]
    names = {
        re.split(r"[\[><=; ]", entry)[0].lower().replace("_", "-") for entry in (*project["dependencies"], *extras)
    }
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}

    assert names - pinned == set()


def test_constraints_suit_the_oldest_python() -> None:
    """No exact version asks for a newer Python than pyproject.toml does: Debian 12 has 3.11.2, and `make setup` must work there."""
    import tomllib
    from importlib.metadata import distributions

    from packaging.specifiers import SpecifierSet

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=") + ".0"
    pinned = {line.strip().lower() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    installed = {
        f"{found.name}=={found.version}".lower(): found.metadata.get("Requires-Python") for found in distributions()
    }
    known = {pin: wanted for pin, wanted in installed.items() if pin in pinned and wanted}

    assert len(known) > 50
    assert {pin: wanted for pin, wanted in known.items() if oldest not in SpecifierSet(wanted)} == {}
