"""Junk, wrapping folders and module names."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.intake.layout import (
    Junk,
    identifier,
    is_reserved,
    junk_kind,
    kept_prefix,
    matches,
    module_names,
    wrapping_folder,
)
from autograder.intake.text import printable, size, submission_name, without_surrogates

MODULES = {
    "plain": (["vae.py"], {"vae.py": "vae"}),
    "folders": (["src/vae.py", "a-b/1.py"], {"src/vae.py": "src.vae", "a-b/1.py": "a_b._1"}),
    "packages": (["src/__init__.py", "src/vae.py"], {"src/__init__.py": "src", "src/vae.py": "src.vae"}),
    "a package at the top": (["__init__.py"], {"__init__.py": "__init__"}),
    "any script": (["лаба.py", "Übung 1.ipynb"], {"лаба.py": "лаба", "Übung 1.ipynb": "Übung_1"}),
    "decomposed letters": (["U\u0308.py"], {"U\u0308.py": "Ü"}),
    "keywords": (["class.py", "None.py"], {"class.py": "class_", "None.py": "None_"}),
    "no name": ([".py"], {".py": "_"}),
    "a file beats a notebook": (["vae.ipynb", "vae.py"], {"vae.py": "vae", "vae.ipynb": "vae_2"}),
    "an exact name beats a repaired one": (["a-b.py", "a_b.py"], {"a_b.py": "a_b", "a-b.py": "a_b_2"}),
    "a package beats a file": (
        ["m.py", "m/__init__.py", "m/x.py"],
        {"m.py": "m_2", "m/__init__.py": "m", "m/x.py": "m.x"},
    ),
    "a file beats a plain folder": (["m.py", "m/x.py"], {"m.py": "m", "m/x.py": "m_2.x"}),
    "Python's own": (
        ["random.py", "random_.py", "src/random.py"],
        {"random.py": "random_2", "random_.py": "random_", "src/random.py": "src.random"},
    ),
    "installed": (["torch/nn.py"], {"torch/nn.py": "torch_.nn"}),
    "harmless": (["test.py"], {"test.py": "test"}),
}


@pytest.mark.parametrize(("paths", "modules"), MODULES.values(), ids=MODULES)
def test_module_names(paths: list[str], modules: dict[str, str]) -> None:
    """Every source can be imported under one valid name of its own."""
    named = dict(module_names(paths)[0])
    assert modules == named


def test_renamed_modules_are_noted() -> None:
    """The student learns under which name a file was loaded, and why."""
    _, notes = module_names(["random.py", "a.py", "a.ipynb"])

    assert {"module-shadows", "module-renamed"} == {note.code for note in notes}
    messages = {note.path: note.message for note in notes}
    assert "loaded as `random_`, and `import random` means the other one. Rename your file." in messages["random.py"]
    assert "Another file is imported as `a` too; this one was loaded as `a_2`." in messages["a.ipynb"]


@given(
    st.lists(st.text(min_size=1, max_size=8).map(lambda name: name.replace("/", "_") + ".py"), max_size=6, unique=True)
)
def test_any_name_becomes_a_unique_identifier(names: list[str]) -> None:
    """Whatever a file is called, its module can be imported and hides nothing."""
    modules = list(module_names(names)[0].values())

    assert len(modules) == len(set(modules)) == len(names)
    assert all(module.isidentifier() and not keyword.iskeyword(module) for module in modules)
    assert not any(is_reserved(module) for module in modules)
    assert all(identifier(module) == module for module in modules)


@pytest.mark.parametrize(
    ("paths", "prefix"),
    [
        ([], ""),
        (["a.py"], ""),
        (["h/a.py"], "h/"),
        (["h/f/a.py", "h/f/b/c.py"], "h/f/"),
        (["h/a.py", "b.py"], ""),
        (["h/a.py", "hh/b.py"], ""),
    ],
)
def test_wrapping_folders(paths: list[str], prefix: str) -> None:
    """Folders that hold everything are the packing's."""
    assert prefix == wrapping_folder(paths)


def test_kept_prefix() -> None:
    """A folder stays if imports in files or notebooks name it."""
    assert kept_prefix("hw/src/", [b"import torch\nimport srcs"]) == ""
    assert kept_prefix("hw/src/", [b'  "from src.vae import VAE\\n"']) == "src/"
    assert kept_prefix("hw/src/", [b"import hw.src.vae"]) == "hw/src/"
    assert kept_prefix("hw/src/", [b"from . import vae"]) == "src/"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("__MACOSX/a.py", Junk.SILENT),
        ("x/._vae.py", Junk.SILENT),
        ("x/.ipynb_checkpoints/a.ipynb", Junk.SILENT),
        ("a.pyc", Junk.SILENT),
        ("x/autograder_student.py", Junk.SILENT),
        ("venv/lib/a.py", Junk.NOTED),
        ("vae.py", None),
        (".gitignore", None),
    ],
)
def test_junk(path: str, kind: Junk | None) -> None:
    """Leftovers of systems and editors are recognised by their names."""
    assert kind is junk_kind(path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("hw1.tar.gz", "hw1"),
        ("Hw 1.ZIP", "Hw 1"),
        ("-rf.zip", "rf"),
        ("..zip", "submission"),
        (".zip", "submission"),
        ("a\\b:c/d.py", "a_b_c_d"),
        ("\u202egpj.zip", "_gpj"),
        ("x" * 200, "x" * 80),
        ("\U0001f600" * 90, "\U0001f600" * 50),
    ],
)
def test_submission_names(file: str, name: str) -> None:
    """A submission's name is fit for a folder."""
    assert name == submission_name(file)


@given(st.text())
def test_names_and_messages_are_always_printable(text: str) -> None:
    """Nothing a student types reaches a terminal as a control or bidi character."""
    name = submission_name(text)

    assert name.isprintable()
    assert 1 <= len(name) <= 80
    assert name[0] not in ".-"
    assert not set(name) & set("/\\")
    assert printable(text, 20).isprintable()
    assert len(printable(text, 20)) <= 20
    assert without_surrogates(text + "\ud800").encode()


def test_sizes_are_words() -> None:
    """Sizes are rounded to three digits."""
    assert [size(n) for n in (12, 1500, 200_000_000, 10**10)] == ["12 bytes", "1.5 kB", "200 MB", "10 GB"]


@pytest.mark.parametrize(
    ("path", "pattern", "meant"),
    [
        ("answers.yaml", "answers.yaml", True),
        ("me/Answers.YAML", "answers.yaml", True),
        ("answers.yaml.txt", "answers.yaml", False),
        ("a/b/Report.PDF", "*.pdf", True),
        ("README", "README*", True),
        ("readme.md", "README*", True),
        ("doc/report.pdf", "doc/*.pdf", True),
        ("report.pdf", "doc/*.pdf", False),
        ("U\u0308bung.pdf", "\u00dcbung.pdf", True),
    ],
)
def test_patterns_mean_files_in_any_folder_and_case(path: str, pattern: str, meant: bool) -> None:
    """A pattern without `/` looks at the name alone."""
    assert matches(path, pattern) is meant
